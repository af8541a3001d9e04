"""Exceptions as texts tell them, against what the source may raise."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from manyeyes_tools.documents.facts import Facts
    from manyeyes_tools.documents.topic import Topic

_EXCEPTION = re.compile(
    r"(?:Error|Exception|Warning|Exit|Interrupt|Failure|Timeout|NotFound|Iteration|Refused|Denied)$"
)


def exception_agrees(name: str, topic: Topic, facts: Facts) -> bool:
    """Whether an exception may be raised there, as far as the source shows; what is no exception's name may."""
    last = name.rstrip(".").rpartition(".")[2]
    known = facts.class_named(last, topic.home)
    if known is None and not _EXCEPTION.search(last):
        return True
    if topic.symbol is None:
        return last in facts.every_word
    allowed = facts.may_raise(topic.symbol)
    if last in allowed or _kin(last, allowed, facts):
        return True
    return topic.lenient and topic.symbol.kind != "function" and last in facts.every_word and last not in _BUILTIN


def _kin(name: str, allowed: frozenset[str], facts: Facts) -> bool:
    """Whether one of the exceptions raised is of that class: `HTTPError` for `ConnectTimeout`."""
    waiting, seen = list(allowed), set(allowed)
    while waiting:
        one = waiting.pop()
        bases = [base for symbol in facts.by_name.get(one, ()) if symbol.kind == "class" for base in symbol.bases]
        builtin = _BUILTIN.get(one)
        if builtin is not None and not facts.by_name.get(one):
            bases += [base.__name__ for base in builtin.__mro__[1:-2] if base not in {Exception, BaseException}]
        for base in bases:
            last = base.rpartition(".")[2]
            if last == name:
                return True
            if last not in seen:
                seen.add(last)
                waiting.append(last)
    return False


_BUILTIN = {
    name: one
    for name, one in vars(__import__("builtins")).items()
    if isinstance(one, type) and issubclass(one, BaseException)
}
