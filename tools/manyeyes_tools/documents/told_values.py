"""Whether a value that somebody tells is the value that the source writes."""

from __future__ import annotations

import ast
import re

_WORDS = {"true": "True", "false": "False", "none": "None", "null": "None", "nothing": "None"}
_CALL_OF_NOTHING = {"[]": "list", "{}": "dict", "()": "tuple", "set()": "set", "dict()": "dict", "list()": "list"}


def same_value(said: str, written: str) -> bool:
    """Whether two texts write the same value: quotes, spaces and digits may differ."""
    said, written = said.strip().strip("`").strip(), written.strip()
    said = _WORDS.get(said, said)
    if said == written or _squeezed(said) == _squeezed(written):
        return True
    one, other = _literal(said), _literal(written)
    if one is not None and other is not None:
        return type(one[0]) is type(other[0]) and one == other
    if other is not None and isinstance(other[0], str):
        return other[0] == said  # a text, told without its quotes
    if one is not None and isinstance(one[0], str) and other is None:
        return one[0] == written
    return False


def within(said: str, written: str) -> bool:
    """Whether a value stands somewhere in a piece of source, on its own."""
    said = said.strip().strip("`").strip()
    said = _WORDS.get(said, said)
    if said in _CALL_OF_NOTHING and re.search(rf"\b{_CALL_OF_NOTHING[said]}\b", written):
        return True
    found = _literal(said)
    forms = {said}
    if found is not None:
        forms |= {repr(found[0]), f'"{found[0]}"'} if isinstance(found[0], str) else {repr(found[0])}
    if isinstance(found[0] if found else None, float | int) and not isinstance(found[0] if found else None, bool):
        numbers = re.findall(r"(?<![\w.])\d[\d_]*(?:\.\d+)?(?![\w.])", written)
        return any(_literal(number) == found for number in numbers)
    return any(re.search(rf"(?<![\w.]){re.escape(form)}(?![\w])", written) for form in forms)


def is_plain(text: str) -> bool:
    """Whether a text is a literal, so that it stands for itself."""
    return _literal(text) is not None


def _literal(text: str) -> tuple[object] | None:
    try:
        value: object = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    return (value,)


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text).replace('"', "'")
