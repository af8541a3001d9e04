"""Whether a type that somebody tells agrees with the type that the source writes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_ALIASES = {
    "string": "str", "text": "str", "strings": "str", "integer": "int", "integers": "int", "boolean": "bool",
    "booleans": "bool", "bools": "bool", "dictionary": "dict", "dictionaries": "dict", "mapping": "dict",
    "mutablemapping": "dict", "lists": "list", "array": "list", "sequence": "list", "mutablesequence": "list",
    "iterable": "list", "collection": "list", "tuples": "tuple", "sets": "set", "frozenset": "set",
    "abstractset": "set", "callable": "callable", "function": "callable", "floats": "float",
    "ints": "int", "literalstring": "str", "anystr": "str", "bytearray": "bytes",
    "memoryview": "bytes", "double": "float", "type": "type", "nonetype": "None", "none": "None", "null": "None",
    "undefined": "None", "awaitable": "coroutine", "coroutine": "coroutine",
}  # fmt: skip
_BASIC = frozenset(["str", "int", "bool", "dict", "list", "tuple", "set", "bytes", "float", "callable", "complex"])
"""Types that are what they are called everywhere; what is written with others may be an alias of anything."""
_NEAR = (
    {"list", "tuple", "set", "iterator", "generator"},
    {"float", "int"},
    {"int", "bool"},
    {"dict", "typeddict"},
)
"""What passes for one another in prose: a sequence may be called a list, and an integer is a number."""
_WRAPPERS = frozenset(
    """Optional Union Annotated Final ClassVar Required NotRequired ReadOnly Literal Awaitable Coroutine InitVar
    Unpack typing t collections abc builtins types datetime te typing_extensions Promise""".split()  # noqa: SIM905 -- a list of words reads best as words
)
_UNKNOWN = frozenset(["Any", "object", "Self", "T", "unknown", "any"])
_WORD = re.compile(r"[A-Za-z_][\w]*")
_STRINGS = re.compile(r"'[^']*'|\"[^\"]*\"")
PLAIN = r"int|integer|str|string|float|bool|boolean|dict|dictionary|list|tuple|set|bytes|callable|sequence|mapping"
"""Words that mean a type even where they are not quoted."""


def contradicts(said: str, written: str, is_class: Callable[[str], bool]) -> bool:
    """Whether a type as told cannot be what the source writes.

    What cannot be judged, such as an alias, contradicts nothing.

    Args:
        said: The type as told.
        written: The annotation in the source.
        is_class: Whether a name is that of a class in the index, and so no alias.
    """
    if _flat(said) == _flat(written):
        return False
    told = _heads(said)
    there = _heads(written)
    if not told or not there or there & _UNKNOWN or told & _UNKNOWN or there == {"None"}:
        return False
    if "Literal" in written:
        there |= {"str"} if _STRINGS.search(written) else {"int", "bool"}
    for one in told:
        if one in there or any(one in group and there & group for group in _NEAR):
            continue
        if one == "callable" and not there <= _BASIC:
            continue  # a class is called to make one
        if one == "None" and there <= _BASIC:
            return True
        judged = {other for other in there if other in _BASIC or other == "None" or is_class(other)}
        if judged == there and (one in _BASIC or one == "None" or is_class(one) or one[:1].isupper()):
            return True
    return False


def differs(said: str, written: str) -> bool:
    """Whether a type that is told as source differs from the source: spaces and quotes do not count."""
    return _flat(said) != _flat(written)


def is_basic(name: str) -> bool:
    """Whether a word is the name of a type that every reader knows."""
    plain = _ALIASES.get(name.lower(), name)
    return plain in _BASIC or plain == "None"


def _flat(text: str) -> str:
    return re.sub(r"[\s'\"`]|\btyping\.|\bt\.|\bcollections\.abc\.", "", text).removesuffix(",")


def _heads(text: str) -> set[str]:
    """The outermost types of an expression: what brackets hold belongs to them, save for `Optional` and the like."""
    bare = _STRINGS.sub(lambda match: match[0][1:-1] if "Literal" not in text else "", text)
    heads: set[str] = set()
    depth, hidden = 0, list[int]()
    last = ""
    for part in re.findall(r"[A-Za-z_][\w]*|[\[\](){}]|\S", bare):
        if part in "[({":
            depth += 1
            if last not in _WRAPPERS:
                hidden.append(depth)
        elif part in "])}":
            if hidden and hidden[-1] == depth:
                hidden.pop()
            depth -= 1
        elif _WORD.fullmatch(part) and not hidden and part not in _WRAPPERS:
            plain = part.lower()
            heads.add(plain if plain in _BASIC else _ALIASES.get(plain, part))
        last = part
    return heads - {"or", "and", "of", "a", "an", "the", "optional", "None"} | ({"None"} & heads)
