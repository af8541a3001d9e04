"""Whether two texts that are much alike say the same: what a model copied badly is told from what says another thing.

`verify=False` is as like `verify=True` as a misspelt word is like the right one.  So only what is known to decide
nothing may differ: comments, letters in longer words, the quotes around a text and single words within a long one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from manyeyes_tools.copied_text import straight
from manyeyes_tools.languages import TEXT, comment_mark

if TYPE_CHECKING:
    from collections.abc import Iterator

WORD = re.compile(r"\w+|[^\w\s]")
"""What a line is made of: words and marks."""

_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W_A-Za-z]+")
"""What a name is made of: `user_id` and `userId` of two parts."""
_SHORT_WORD = 4
_WORDS_OF_CODE = frozenset(
    {
        "none", "null", "true", "false", "else", "elif", "then", "when", "with", "from", "assert", "import",
        "return", "raise", "async", "await", "yield", "break", "continue", "http", "https", "load", "loads",
        "dump", "dumps", "read", "write", "safe", "unsafe", "open", "close", "call", "calls", "post", "patch",
        "head", "eval", "exec", "hash", "user", "users", "admin", "allow", "deny", "equal", "equals", "first",
        "last", "lower", "upper", "less", "more", "send", "seed", "sign", "exist", "exists", "escape",
        "unescape", "verified", "unverified", "authenticated", "unauthenticated", "encrypted", "unencrypted",
        "escaped", "unescaped", "signed", "unsigned",
        "strcpy", "strncpy", "strcat", "strncat", "strcmp", "strncmp", "printf", "fprintf", "sprintf", "snprintf",
        "vsprintf", "vsnprintf", "gets", "fgets", "scanf", "fscanf", "sscanf", "malloc", "calloc", "execv", "execve",
        "rand", "srand", "random", "urandom", "lock", "block", "union", "public", "private", "left", "right",
        "and", "or", "not", "no", "in", "is", "any", "all", "asc", "desc",
        "select", "insert", "update", "delete", "drop", "grant", "where", "like", "javascript", "data", "file",
    }
)  # fmt: skip
"""Words of their own, which are no other ones misspelt and decide something in a text too."""
_LONG_TEXT = 4
_QUOTES = frozenset({"'", '"'})
_OPPOSITES = {"get", "set"}
"""What words begin with that are one letter apart and no misspelt ones of each other."""
_NO_TEXTS = frozenset(
    {"c", "cpp", "csharp", "go", "haskell", "java", "kotlin", "ocaml", "rust", "scala", "swift", "zig"}
)
"""Languages in which a single quote stands before one character, or a lifetime, and opens no text."""
_COMMENTS = {
    mark: re.compile(rf"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(?:^|(?<=\s)){mark}.*""") for mark in ("#", "//", "--")
}
"""A text, which is kept, or a comment, by the mark that begins one."""


def same_sense(quote: list[str], place: list[str], words: set[str], language: str) -> bool:
    """Whether what makes them differ decides nothing, comments aside: misspelt words, and the words of a long text.

    Args:
        quote: What the model copied.
        place: The lines of the file.
        words: The file's, in small letters: what is one of them is not another one misspelt.
        language: The file's, which says what a comment is, and a text.
    """
    ones, others = ([*_words(lines, language)] for lines in (quote, place))
    if len(ones) != len(others):
        return False
    texts = _long_texts(others, _QUOTES - {"'"} if language in _NO_TEXTS else _QUOTES)
    return all(
        one.casefold() == other.casefold()
        or {one, other} <= _QUOTES
        or (one.casefold() not in words and _misspelt(one, other))
        or (at in texts and (one + other).isalpha() and _WORDS_OF_CODE.isdisjoint({one.casefold(), other.casefold()}))
        for at, (one, other) in enumerate(zip(ones, others, strict=True))
    )


def _words(lines: list[str], language: str) -> Iterator[str]:
    for line in _uncommented(lines, language):
        yield from WORD.findall(straight(line))


def _uncommented(lines: list[str], language: str) -> list[str]:
    comment = _COMMENTS.get(comment_mark(language)) if language != TEXT else None
    return [comment.sub(lambda found: found[1] or "", line) for line in lines] if comment else lines


def _long_texts(tokens: list[str], quotes: frozenset[str]) -> set[int]:
    """The places of the tokens that stand in quotes with so many others that they are prose, or a query."""
    found: set[int] = set()
    opened: int | None = None
    for at, token in enumerate(tokens):
        if opened is None:
            opened = at if token in quotes else None
        elif token == tokens[opened]:
            if sum(one.isalpha() for one in tokens[opened:at]) >= _LONG_TEXT:
                found.update(range(opened + 1, at))
            opened = None
    return found


def _misspelt(one: str, other: str) -> bool:
    """Whether a name is another but for a letter in one of its parts; and that part not a word of its own."""
    if not (one.isidentifier() and other.isidentifier()):
        return False
    parts, others = ([part.casefold() for part in _PART.findall(name)] for name in (one, other))
    if len(parts) != len(others):  # a mark between them is left out, or is too much
        parts, others = [one.casefold()], [other.casefold()]
    differing = [pair for pair in zip(parts, others, strict=True) if pair[0] != pair[1]]
    return len(differing) <= 1 and all(_slip(*pair) for pair in differing)


def _slip(one: str, other: str) -> bool:
    from rapidfuzz.distance import DamerauLevenshtein  # only needed for quotes that were not copied well

    if one in _WORDS_OF_CODE or {one[:3], other[:3]} == _OPPOSITES or min(len(one), len(other)) < _SHORT_WORD:
        return False
    digits = [char for char in one if char.isdigit()] != [char for char in other if char.isdigit()]
    return not digits and DamerauLevenshtein.distance(one, other) == 1
