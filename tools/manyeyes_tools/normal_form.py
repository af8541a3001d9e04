"""Python code without its formatting, and how places in one text of it are found in another.

Two texts have the same form when their syntax trees are equal: they differ in spacing, line breaks, comments,
redundant parentheses and the way literals are spelt, and in nothing that Python would notice.  What strings hold
counts, docstrings included, but for how far a docstring is indented, which Python takes off too.  Since equal trees
have the same statements in the same order, a place in one text is known in the other by the statements it touches.
"""

from __future__ import annotations

import ast
import inspect
import io
import json
import re
import tokenize
from bisect import bisect_right
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256
from itertools import accumulate
from threading import Lock
from typing import TYPE_CHECKING

from manyeyes_tools.fragments import Unparsable, parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SHORTEST = 8
"""A quote that is a part of a line needs so many characters besides formatting to be looked for."""

REMEMBERED = 64
"""How many forms are remembered at most."""
REMEMBERED_LINES = 200_000
"""How many lines they may have together; a longer text's is not remembered."""

_MARK = 8
_FORMATTING = re.compile(r"""[\s(),;'"\\]+""")
_SPACE = re.compile(r"\s+")


_remembering = Lock()
_remembered: OrderedDict[bytes, Form | None] = OrderedDict()


@dataclass(frozen=True, slots=True)
class Form:
    """What is the same in all texts of the same code, and where this text has it.  Holds no code itself.

    Attributes:
        digest: Equal exactly when the syntax trees are.
        statements: First and last line of each simple statement, and of each header of a compound one; in an order
            that depends on the tree alone.  Lines count from 1.
        marks: A short digest of each line without its spacing; empty for a blank one.
    """

    digest: str
    statements: tuple[tuple[int, int], ...]
    marks: tuple[str, ...]

    def note(self) -> str:
        """The form as text, to be kept beside an answer."""
        return json.dumps([self.digest, self.statements, self.marks], separators=(",", ":"))

    @classmethod
    def of_note(cls, note: str) -> Form:
        """The form that was written as text.

        Raises:
            ValueError: it was not.
        """
        try:
            digest, statements, marks = json.loads(note)
            return cls(str(digest), tuple((int(a), int(b)) for a, b in statements), tuple(map(str, marks)))
        except TypeError as error:
            raise ValueError(f"this is no form: {error}") from None


def normal_form(text: str) -> Form | None:
    """The form of Python code; None when it cannot be parsed.

    Blocking, about 10 ms for a thousand lines: to be called in a worker thread.  The last ones are remembered, since
    whoever asks the same again waits for little else; of their code nothing is kept.
    """
    name = sha256(text.encode("utf-8", "surrogatepass")).digest()
    with _remembering:
        if name in _remembered:
            _remembered.move_to_end(name)
            return _remembered[name]
    form = _made(text)
    if _lines_of(form) > REMEMBERED_LINES:
        return form
    with _remembering:
        _remembered[name] = form
        while len(_remembered) > REMEMBERED or sum(map(_lines_of, _remembered.values())) > REMEMBERED_LINES:
            _remembered.popitem(last=False)
    return form


def _lines_of(form: Form | None) -> int:
    return len(form.marks) if form is not None else 0


def _made(text: str) -> Form | None:
    if "\r" in text.replace("\r\n", "") or "\f" in text:
        return None  # Python and everybody else would count lines differently
    try:
        tree = parse(text)
        _level_docstrings(tree)
        dump = ast.dump(tree)
    except (Unparsable, RecursionError):
        return None
    digest = sha256(dump.encode("utf-8", "surrogatepass")).hexdigest()
    return Form(digest, tuple(_statements(tree)), tuple(map(_mark, text.split("\n"))))


def remap(quote: str, old: Form, new: Form, text: str, line: int | None = None) -> tuple[int, int] | None:
    """Where a quote from one text stands in another text of the same form: first and last line, from 1.

    Whole lines are found among the old text's lines, and their statements in the new text.  A part of a line is
    found in the new text, by its characters without formatting, if it stands there exactly once.  None when the
    place is not certain: comments have no counterpart, and of equal places only `line` can choose.

    Args:
        quote: As it was copied from the old text.
        old: The old text's form.
        new: The new text's form.
        text: The new text.
        line: Where the quote begins in the old text, as far as known; believed only where the quote stands there.
    """
    wanted = [mark for mark in map(_mark, quote.split("\n")) if mark]
    places = _places(wanted, old.marks)
    if len(places) > 1 and line is not None:
        places = [place for place in places if place[0] <= line <= place[1]]
    if old.digest != new.digest or len(places) > 1:
        return None
    try:
        stream = _Stream.of(text)
    except (tokenize.TokenError, SyntaxError):
        return None  # it is not the text of `new`
    plain = _plain(quote)
    if places:
        return _by_statements(places[0], wanted, old, new, stream.find(plain))
    found = stream.find(plain) if len(plain) >= SHORTEST else []
    return found[0] if len(found) == 1 else None


def touched(form: Form, first: int, last: int) -> tuple[int, ...]:
    """Which statements, by their numbers, have something on these lines."""
    return tuple(at for at, span in enumerate(form.statements) if _meet(span, (first, last)))


def _by_statements(
    place: tuple[int, int], wanted: list[str], old: Form, new: Form, alike: list[tuple[int, int]]
) -> tuple[int, int] | None:
    """Where the statements of a place stand in the new text, or the very lines where they can be told."""
    statements = touched(old, *place)
    if not statements:
        return None
    before, after = (_around([form.statements[at] for at in statements]) for form in (old, new))
    whole = place[0] <= before[0] and before[1] <= place[1]
    if not whole and len([one for one in _places(wanted, old.marks) if _meet(one, before)]) == 1:
        exact = [one for one in alike if after[0] <= one[0] and one[1] <= after[1]]
        if len(exact) == 1:
            return exact[0]
    return after


def _level_docstrings(tree: ast.Module) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body:
            match node.body[0]:
                case ast.Expr(value=ast.Constant(value=str(said)) as constant):
                    constant.value = "\n".join(line.rstrip() for line in inspect.cleandoc(said).split("\n"))


def _statements(tree: ast.Module) -> Iterator[tuple[int, int]]:
    """The lines of each statement, without those of the statements inside it, and of each decorator."""
    for node in ast.walk(tree):
        for decorator in getattr(node, "decorator_list", ()):
            yield _lines(decorator)
        if isinstance(node, ast.stmt | ast.ExceptHandler):
            compound = hasattr(node, "body") or isinstance(node, ast.Match)
            yield _header(node) if compound else _lines(node)
        elif isinstance(node, ast.match_case):
            yield node.pattern.lineno, (node.guard or node.pattern).end_lineno or node.pattern.lineno


def _header(node: ast.stmt | ast.ExceptHandler) -> tuple[int, int]:
    """From a compound statement's first word to the end of what stands before its body."""
    last = node.lineno
    for name, value in ast.iter_fields(node):
        if name in {"body", "orelse", "finalbody", "handlers", "cases", "decorator_list"}:
            continue
        for part in value if isinstance(value, list) else (value,):
            for one in ast.walk(part) if isinstance(part, ast.AST) else ():
                last = max(last, getattr(one, "end_lineno", None) or 0)
    return node.lineno, last


def _lines(node: ast.stmt | ast.expr | ast.ExceptHandler) -> tuple[int, int]:
    return node.lineno, node.end_lineno or node.lineno


def _mark(line: str) -> str:
    bare = _SPACE.sub("", line)
    return sha256(bare.encode("utf-8", "surrogatepass")).hexdigest()[:_MARK] if bare else ""


def _places(wanted: Sequence[str], marks: Sequence[str]) -> list[tuple[int, int]]:
    """Where lines stand one after the other, blank ones aside."""
    filled = [(number, mark) for number, mark in enumerate(marks, 1) if mark]
    count = len(wanted)
    return [
        (filled[at][0], filled[at + count - 1][0])
        for at in range(len(filled) - count + 1)
        if count and filled[at][1] == wanted[0] and [mark for _, mark in filled[at : at + count]] == list(wanted)
    ]


def _meet(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def _around(spans: Sequence[tuple[int, int]]) -> tuple[int, int]:
    return min(first for first, _ in spans), max(last for _, last in spans)


def _plain(text: str) -> str:
    """The characters that no formatting changes.  Too few to tell all code apart, so equal ones prove nothing."""
    return _FORMATTING.sub("", text).casefold()


@dataclass(frozen=True, slots=True)
class _Stream:
    """All code of a text in one line, without comments and formatting; `starts` says where each line begins."""

    plain: str
    starts: tuple[int, ...]

    @classmethod
    def of(cls, text: str) -> _Stream:
        lines = [_plain(line) for line in _without_comments(text)]
        return cls("".join(lines), tuple(accumulate(map(len, lines), initial=0)))

    def find(self, plain: str) -> list[tuple[int, int]]:
        """The lines of each place, overlapping ones included."""
        found: list[tuple[int, int]] = []
        at = self.plain.find(plain) if plain else -1
        while at >= 0:
            found.append((bisect_right(self.starts, at), bisect_right(self.starts, at + len(plain) - 1)))
            at = self.plain.find(plain, at + 1)
        return found


def _without_comments(text: str) -> list[str]:
    """The lines of code that parses, each cut off where its comment begins."""
    lines = text.split("\n")
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    return lines
