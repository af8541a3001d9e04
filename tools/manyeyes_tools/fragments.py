"""Python code in pieces that a parser can read: whole files, or the parts of a file that a diff shows."""

from __future__ import annotations

import ast
import threading
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from manyeyes_tools.material import Material, SourceFile

_EDGE = 4
"""How many lines may be left off at either end of a part before it is given up; diffs show three around a change."""

_WARNINGS = threading.Lock()


class Unparsable(Exception):  # named after what happened, as the tree of errors is
    """Code that Python's own parser does not take; `line` counts from 1, 0 when unknown."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.line = line


@dataclass(frozen=True, slots=True)
class Fragment:
    """Code that stands by itself.  Its line `n` is the file's line `n + offset`."""

    file: SourceFile
    text: str
    offset: int = 0
    whole: bool = True


def parse(text: str) -> ast.Module:
    """The syntax tree, by the running Python's own grammar.

    Blocking, and slow on large files: to be called in a worker thread.

    Raises:
        Unparsable: it is not Python, is for a newer Python, or is nested too deeply.
    """
    with _WARNINGS, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the code's own doubtful escapes are no concern of whoever runs this
        try:
            return ast.parse(text)
        except SyntaxError as error:
            raise Unparsable(error.msg or "invalid syntax", error.lineno or 0) from None
        except (RecursionError, MemoryError):
            raise Unparsable("nested too deeply to be parsed") from None
        except ValueError:
            raise Unparsable("it holds characters that source code cannot have") from None


def python_fragments(material: Material) -> tuple[tuple[Fragment, ...], tuple[str, ...]]:
    """The Python code of the material, and a line for each part that cannot be read by itself."""
    fragments: list[Fragment] = []
    unread: list[str] = []
    for file in material.files:
        if file.language != "python" or not file.text.strip():
            continue
        if not file.partial:
            fragments.append(Fragment(file, file.text))
            continue
        for first, last in file.parts:
            fragment = _part(file, first, last)
            if fragment is not None:
                fragments.append(fragment)
            elif file.changed is None or not file.changed.isdisjoint(range(first, last + 1)):
                unread.append(
                    f"{file.path}:{first}-{last} could not be checked by rules: the diff shows too little around it."
                )
    return tuple(fragments), tuple(unread)


def parses_alone(lines: list[str]) -> bool:
    """Whether lines cut out of a file parse once their indentation is given the blocks it needs."""
    headers, body = _framed(lines)
    try:
        parse("\n".join((*headers, *body)) + "\n")
    except Unparsable:
        return False
    return True


def _part(file: SourceFile, first: int, last: int) -> Fragment | None:
    """The largest stretch of a part that parses, without giving up changed lines."""
    lines = file.text.split("\n")[first - 1 : last]
    for left_off in range(2 * _EDGE + 1):
        for top in range(min(left_off, _EDGE) + 1):
            bottom = left_off - top
            if bottom > _EDGE or top + bottom >= len(lines):
                continue
            start, end = first + top, last - bottom
            if file.changed is not None and any(first <= line < start or end < line <= last for line in file.changed):
                continue
            headers, body = _framed(lines[top : len(lines) - bottom])
            text = "\n".join((*headers, *body)) + "\n"
            try:
                parse(text)
            except Unparsable:
                continue
            return Fragment(file, text, offset=start - 1 - len(headers), whole=False)
    return None


def _framed(lines: list[str]) -> tuple[list[str], list[str]]:
    """The lines below as many `if 1:` as their indentation needs, and with a body for a header that ends them."""
    code = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not code:
        return [], lines
    depths = [len(line) - len(line.lstrip()) for line in code]
    levels: list[int] = []
    lowest = depths[0]
    for depth in depths:
        if depth < lowest:
            levels.append(depth)
            lowest = depth
    headers = [f"{' ' * depth}if 1:" for depth in sorted(levels)]
    if not headers and depths[0] > 0:
        headers = ["if 1:"]
    if headers and min(depths) > 0 and headers[0].startswith(" "):
        headers.insert(0, "if 1:")
    if code[-1].rstrip().endswith(":"):
        return headers, [*lines, f"{' ' * (depths[-1] + 4)}pass"]
    return headers, lines
