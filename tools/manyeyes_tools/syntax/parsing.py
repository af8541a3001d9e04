"""Whether code parses, and its syntax tree, in bounded time and without holding up other threads.

Everything here blocks: it is to be called in a worker thread.
"""

from __future__ import annotations

import re
import time
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from manyeyes_tools.fragments import Unparsable, parse
from manyeyes_tools.syntax.grammars import grammars_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node, Parser, Tree

LARGEST = 2_000_000
"""Bytes of a text that is parsed at most."""
PATIENCE_S = 2.0
"""Seconds of processor time that the largest text may take; a smaller one has less, in proportion."""
_AT_LEAST_S = 0.5
"""Any text may take as much as this.  A parser that is led astray takes half a gigabyte of memory in a second."""
_PIECE = 1 << 12
"""Bytes that are copied for each reading, also for each word that is taken from a tree."""
_NOT_BRACKETS = bytes(set(range(256)) - set(b"()[]{}"))
_ROUNDS = 100
_MOST_OPEN = 20_000
"""Brackets without a partner, which may stand in texts and comments, or those deeper than all rounds take away."""
_ENDS = re.compile(rb"[;{}>)]")
_MOST_ANGLES = 500
"""Opening angle brackets in a row: what may be a type argument inside another costs the square of them in memory."""
_MOST_ERRORS = 20
_QUOTED = 40


class NotParsed(Exception):  # named after what happened
    """A text has no syntax tree: its language has no grammar, it is too large, or it took too long."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A syntax tree, which may hold errors, the bytes it was made from, and the name of the grammar."""

    tree: Tree
    source: bytes
    grammar: str

    @property
    def sound(self) -> bool:
        """Whether no part of the text was left over or missing."""
        return not self.tree.root_node.has_error


@dataclass(frozen=True, slots=True)
class SyntaxProblem:
    """A place where a text leaves the grammar; line and column count from 1, the column in characters."""

    line: int
    column: int
    message: str


def syntax_tree(text: str, language: str, *, patience_s: float = PATIENCE_S) -> Parsed:
    """The tree of a text, by the grammar that fits it best.

    Args:
        text: The source.
        language: As `languages.language_of` names it.
        patience_s: Processor time that a text of the largest size may take.

    Raises:
        NotParsed: there is no tree, and why.
    """
    grammars = grammars_for(text, language)
    if not grammars:
        raise NotParsed(f"there is no grammar for {language}")
    source = text.encode("utf-8", "replace")
    if len(source) > LARGEST:
        raise NotParsed(f"it is larger than {LARGEST:,} bytes")
    _refuse_traps(source)
    from tree_sitter import Parser

    first: Parsed | None = None
    for grammar in grammars:
        tree = _parse(Parser(grammar.load()), source, patience_s)
        parsed = Parsed(tree, source, grammar.name)
        if parsed.sound:
            return parsed
        first = first or parsed
    assert first is not None  # noqa: S101 -- there is at least one grammar
    return first


def parses(text: str, language: str) -> bool | None:
    """Whether a whole file is right in its language; None when that cannot be told.

    Python is judged by the running Python's own parser and compiler, which catch more than a grammar does; nothing is
    executed.  Other grammars may reject rare right code (macros of C, dialects of SQL): a patch is better judged by
    `still_parses`.

    Args:
        text: All of a file; a part of one seldom parses.
        language: As `languages.language_of` names it.
    """
    if language == "python":
        return not _python_errors(text)
    try:
        return syntax_tree(text, language).sound
    except NotParsed:
        return None


def still_parses(before: str, after: str, language: str) -> bool | None:
    """Whether a change leaves a file right: None when the file was not right by the grammar before it, or no one knows.

    Args:
        before: The whole file as it was.
        after: The whole file as it would be.
        language: As `languages.language_of` names it.
    """
    right = parses(after, language)
    if right is False and parses(before, language) is not True:
        return None
    return right


def errors(text: str, language: str) -> tuple[SyntaxProblem, ...]:
    """The first places where a whole file is wrong, in order; none also when that cannot be told (see `parses`)."""
    if language == "python":
        return _python_errors(text)
    try:
        parsed = syntax_tree(text, language)
    except NotParsed:
        return ()
    found = tuple(_problems(parsed))
    if found or parsed.sound:
        return found
    # What is missing may be a line's end, which no node stands for.
    return (SyntaxProblem(text.count("\n") + 1, 1, "something is missing before the end"),)


def _refuse_traps(source: bytes) -> None:
    """Raise `NotParsed` for what would take a parser's memory, or hang it between two looks at the clock."""
    if b"\0" in source:
        raise NotParsed("it holds NUL bytes")
    if source.count(b"<") > _MOST_ANGLES and max(part.count(b"<") for part in _ENDS.split(source)) > _MOST_ANGLES:
        raise NotParsed("its angle brackets are nested too deeply")
    brackets = source.translate(None, _NOT_BRACKETS)
    for _ in range(_ROUNDS):
        if len(brackets) <= _MOST_OPEN:
            return
        fewer = brackets.replace(b"()", b"").replace(b"[]", b"").replace(b"{}", b"")
        if len(fewer) == len(brackets):
            break
        brackets = fewer
    raise NotParsed("its brackets are nested too deeply")


def _parse(parser: Parser, source: bytes, patience_s: float) -> Tree:
    # Processor time, so that a busy machine does not make good code unreadable.
    deadline = time.thread_time() + max(_AT_LEAST_S, patience_s * len(source) / LARGEST)

    def late(_offset: int, _error: bool) -> bool:  # noqa: FBT001 -- the parser's own signature
        return time.thread_time() > deadline

    try:
        # Read in pieces with a callback: between its steps, other threads get their turn.
        return parser.parse(lambda offset, _: source[offset : offset + _PIECE], progress_callback=late)
    except ValueError:
        raise NotParsed("it takes too long") from None


def _python_errors(text: str) -> tuple[SyntaxProblem, ...]:
    try:
        parse(text)
    except Unparsable as error:
        return (SyntaxProblem(max(error.line, 1), 1, str(error)),)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            # `return` outside a function parses and does not compile.  Nothing of it is run.
            compile(text, "<code>", "exec", dont_inherit=True)
        except SyntaxError as error:
            return (SyntaxProblem(error.lineno or 1, error.offset or 1, error.msg),)
        except (ValueError, RecursionError, MemoryError, OverflowError):
            return (SyntaxProblem(1, 1, "it cannot be compiled"),)
    return ()


def _problems(parsed: Parsed) -> Iterator[SyntaxProblem]:
    """The outermost wrong places, in order, by a cursor: a tree may be deeper than Python's stack."""
    cursor = parsed.tree.walk()
    found = 0
    while found < _MOST_ERRORS:
        node = cursor.node
        if node is None:
            return
        wrong = node.is_error or node.is_missing
        if wrong:
            yield _problem(node, parsed.source)
            found += 1
        if not wrong and node.has_error and cursor.goto_first_child():
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return


def _problem(node: Node, source: bytes) -> SyntaxProblem:
    row, column = node.start_point
    before = source[node.start_byte - column : node.start_byte].decode("utf-8", "replace")
    if node.is_missing:
        message = f"missing {node.type}"
    else:
        said = source[node.start_byte : min(node.end_byte, node.start_byte + 4 * _QUOTED)].decode("utf-8", "replace")
        message = f"unexpected {' '.join(said.split())[:_QUOTED] or 'end'}"
    return SyntaxProblem(row + 1, len(before) + 1, message)
