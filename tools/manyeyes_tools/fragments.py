"""Python code in pieces that a parser can read: whole files, or the parts of a file that a diff shows."""

from __future__ import annotations

import gc
import re
import threading
import warnings
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

from manyeyes_tools.python_ast import parse_module

if TYPE_CHECKING:
    import ast

    from manyeyes_tools.material import Material, SourceFile

_EDGE = 4
"""How many lines may be left off at either end of a part before it is given up; diffs show three around a change."""

_WARNINGS = threading.Lock()
_LONE_RETURN = re.compile(r"\r(?!\n)")


class Unparsable(Exception):  # named after what happened, as the tree of errors is
    """Code that Python's own parser does not take; `line` counts from 1, 0 when unknown.

    `too_deep` says that the parser gave up for its depth, which other parsers may not survive.
    """

    def __init__(self, reason: str, line: int = 0, *, too_deep: bool = False) -> None:
        super().__init__(reason)
        self.line = line
        self.too_deep = too_deep


@dataclass(frozen=True, slots=True)
class Fragment:
    """Code that stands by itself; its lines end as Python's do.  `line` tells which line of the file one is.

    A carriage return alone ends a line for Python, and so may end a comment, but not for whoever shows or counts the
    file's lines.  In `text` it is a line break, so that nothing behind it goes unread.
    """

    file: SourceFile
    text: str
    offset: int = 0
    whole: bool = True
    returns: tuple[int, ...] = ()

    @classmethod
    def of(cls, file: SourceFile, text: str, *, offset: int = 0, whole: bool = True) -> Fragment:
        """Code of a file as Python reads it.

        Args:
            file: The file.
            text: The code, in the file's lines.
            offset: What its line numbers are less than the file's.
            whole: Whether it is all of the file.
        """
        if "\r" not in text or not _LONE_RETURN.search(text):
            return cls(file, text, offset, whole)
        # The numbers, in the new text, of the lines that a lone return ended.
        returns: list[int] = []
        number = 0
        for line in text.split("\n"):
            inner = line.removesuffix("\r").count("\r")
            returns.extend(range(number + 1, number + inner + 1))
            number += inner + 1
        return cls(file, _LONE_RETURN.sub("\n", text), offset, whole, tuple(returns))

    def line(self, number: int) -> int:
        """The file's line that holds line `number` of the text; both count from 1."""
        return number + self.offset - bisect_left(self.returns, number)


def parse(text: str) -> ast.Module:
    """The syntax tree, by the running Python's own grammar.

    Blocking, and slow on large files: to be called in a worker thread.

    Raises:
        Unparsable: it is not Python, is for a newer Python, or is nested too deeply.
    """
    with _WARNINGS, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the code's own doubtful escapes are no concern of whoever runs this
        collecting = gc.isenabled()
        gc.disable()  # a tree is all objects and no garbage; to look for some takes longer than parsing, and all wait
        try:
            return parse_module(text)
        except SyntaxError as error:
            raise Unparsable(error.msg or "invalid syntax", error.lineno or 0) from None
        except (RecursionError, MemoryError):
            raise Unparsable("nested too deeply to be parsed", too_deep=True) from None
        except ValueError:
            raise Unparsable("it holds characters that source code cannot have") from None
        finally:
            if collecting:
                gc.enable()


def python_fragments(material: Material) -> tuple[tuple[Fragment, ...], tuple[str, ...]]:
    """The Python code of the material, and a line for each part that cannot be read by itself."""
    fragments: list[Fragment] = []
    unread: list[str] = []
    for file in material.files:
        if file.language != "python" or not file.text.strip():
            continue
        if not file.partial:
            fragments.append(Fragment.of(file, file.text))
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
            return Fragment.of(file, text, offset=start - 1 - len(headers), whole=False)
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
