"""What a sentence claims of code, and which of it the code does not bear out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from manyeyes_tools.documents.facts import WORD, template
from manyeyes_tools.documents.told_defaults import default_agrees
from manyeyes_tools.documents.told_exceptions import exception_agrees
from manyeyes_tools.documents.told_types import PLAIN, contradicts, is_basic
from manyeyes_tools.documents.told_values import is_plain
from manyeyes_tools.documents.topic import Fault
from manyeyes_tools.python_ast import parse_module

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes_tools.documents.facts import Facts
    from manyeyes_tools.documents.symbols import Parameter, Symbol
    from manyeyes_tools.documents.topic import Topic

SENTENCE = re.compile(r"(?<=[.!?])\s+")
QUOTED = re.compile(r"`+([^`\n]+)`+")
_NAME_LIKE = re.compile(r"\b[A-Za-z]\w*_\w+\b|\b[A-Za-z_][\w.]*(?=\(\))")
"""Words that read as identifiers without being quoted: `snake_case` and `call()`."""
_STRINGS = re.compile(r"'[^']*'|\"[^\"]*\"")
_DOTTED = re.compile(r"^([A-Za-z_][\w.]*)\.([A-Za-z_]\w*)(?:\(.*\))?$", re.DOTALL)
_TYPE = r"(?P<type>[A-Za-z_][\w.\[\], |]*)"
_KIND_WORD = r"(?:parameters?|arguments?|params?|args?|keywords?|options?)"
_PARAMETER = re.compile(
    rf"(?:\b{_KIND_WORD}\s+(?:named\s+|called\s+)?`\*{{0,2}}(\w+)`"
    rf"|`\*{{0,2}}(\w+)`\s+(?:keyword\s+|optional\s+)?{_KIND_WORD}\b)",
    re.IGNORECASE,
)
_VALUE = (
    r"(?:`+(?P<code{n}>[^`]+)`+|(?P<quoted{n}>\"[^\"]*\"|'[^']*')"
    r"|(?P<bare{n}>-?\d[\d_]*(?:\.\d+)?(?![\w.]*\w)|(?:True|False|None)\b))"
)
_DEFAULT = re.compile(
    r"(?:`(?P<name>\w+)`[^.;:`]{0,40}?|\A|[(,;:.]\s*|\b(?:it|this|which|that|value|and)\s+)(?:the\s+|its\s+)?"
    r"\b(?:defaults?\s+to|default\s+(?:value\s+)?(?:is|of)|default\s*[:=]|(?<=[(,;] )default|(?<=[(,;])default)\s+"
    + _VALUE.format(n=1),
    re.IGNORECASE,
)
_BY_DEFAULT = re.compile(
    r"`(?P<name>\w+)`\s+is\s+" + _VALUE.format(n=1) + r"\s+(?:by default|unless given)", re.IGNORECASE
)
_TYPED = re.compile(
    r"`(?P<name>\w+)`\s+(?:is|must be|should be|has to be|takes|expects|accepts)\s+"
    rf"(?:(?:an?\s+|of type\s+)?`{_TYPE}`|(?:an?|of type)\s+(?P<plain>{PLAIN})\b"
    r"(?!\s+(?:of\s+)?(?:index|key|name|literal|size|length|value)))"
)
_OF_TYPE = re.compile(
    rf"\A(?:(?P<article>an?\s+)?`{_TYPE}`|(?:an?|the)\s+(?P<plain>{PLAIN})\b)"
    r"(?=[,.:;]|$| (?:of|or|that|with|which|containing|to|in)\b)",
    re.IGNORECASE,
)
_RETURNS = re.compile(
    r"\b(?:[Rr]eturns?|[Yy]ields?|[Gg]ives back)\s+(?:[Aa]n?\s+|[Tt]he\s+)?"
    rf"(?:`{_TYPE}`|(?P<plain>{PLAIN})\b(?=[\s,.;:]|$))"
)
_RAISES = re.compile(
    r"\b(?:[Rr]aises?|[Tt]hrows?|[Rr]aising)\s+(?:an?\s+|the\s+)?`?(?P<name>[A-Z][\w.]*)`?"
    r"|`(?P<other>[A-Z][\w.]*)`\s+(?:is|are|will be|gets)\s+(?:raised|thrown)"
)
_ALSO = re.compile(r"(?:,\s*|\s+or\s+|\s+and\s+)(?:an?\s+)?`([A-Z][\w.]*)`")
_ROUTE = re.compile(r"\b(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)\b`?\s+(?:on\s+|to\s+)?`?(/[\w{}<>:/.-]*)")
_PATH = re.compile(r"(?:(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)\s+)?/[\w{}<>:/.-]*")
_QUOTED_ROUTE = re.compile(
    r"(?:\b(?:routes?|endpoints?|paths?)\s+`(/[\w{}<>:/.-]*)`|`(/[\w{}<>:/.-]*)`\s+(?:route|endpoint)\b)"
)


def faults(text: str, topic: Topic, facts: Facts) -> list[Fault]:
    """What a sentence claims and the code does not bear out, in the order of the text."""
    found = [
        *_names(text, topic, facts),
        *_parameters(text, topic, facts),
        *_defaults(text, topic, facts),
        *_types(text, topic, facts),
        *_returned(text, topic, facts),
        *_raised(text, topic, facts),
        *_routes(text, facts),
    ]
    return sorted(found, key=lambda one: one.start)


def corrected(text: str, found: list[Fault]) -> str:
    """The text with what the code has where it was told otherwise; empty when nothing can stand for one claim."""
    if any(not one.instead or one.start < 0 for one in found):
        return ""
    for one in sorted(found, key=lambda each: each.start, reverse=True):
        text = text[: one.start] + one.instead + text[one.end :]
    return text


def _names(text: str, topic: Topic, facts: Facts) -> Iterator[Fault]:
    known = facts.every_word if topic.home is None else facts.words(topic.home)
    known |= topic.known
    for match in QUOTED.finditer(text):
        quoted = match[1].strip()
        plain = _STRINGS.sub(" ", quoted)
        if is_plain(quoted) or _PATH.fullmatch(quoted):
            continue  # a literal or a route, which names nothing
        if member := _no_member(quoted, topic, facts):
            yield Fault("member", member, start=match.start(), end=match.end())
        elif unknown := next((word for word in WORD.findall(plain) if word not in known), ""):
            if not topic.lenient or _is_claimed(quoted, unknown, topic, facts, quoted=True):
                yield Fault("name", unknown, start=match.start(), end=match.end())
        elif not topic.lenient and (wrong := _wrong_call(quoted, topic, facts)):
            yield Fault("call", wrong, start=match.start(), end=match.end())
    bare = QUOTED.sub(lambda match: " " * len(match[0]), text)
    for match in _NAME_LIKE.finditer(bare):
        unknown = next((word for word in WORD.findall(match[0]) if word not in known), "")
        if unknown and (not topic.lenient or _is_claimed(match[0], unknown, topic, facts, quoted=False)):
            yield Fault("name", unknown, start=match.start(), end=match.end())


def _is_claimed(said: str, unknown: str, topic: Topic, facts: Facts, *, quoted: bool) -> bool:
    """Whether a guide speaks of a name as one of this code, going by what stands around it.

    A name that stands alone, neither called nor under a heading of this code, may be anybody's: it is one of this code
    when it is like one, as after a renaming.
    """
    head = said.partition(".")[0].partition("(")[0]
    if head in facts.foreign and head not in facts.module_names:
        return False
    if "." in said.partition("(")[0]:
        return head in facts.module_names or facts.class_named(head, topic.home) is not None
    if not re.fullmatch(r"[A-Za-z_]\w*(?:\(.*\))?", said, re.DOTALL):
        return False
    if (topic.symbol is not None and quoted) or said.endswith(")"):
        return True
    return "_" in unknown.strip("_") and bool(facts.nearest(unknown))


def _no_member(quoted: str, topic: Topic, facts: Facts) -> str:
    """The dotted name, when its head is a class or module that has no such member."""
    found = _DOTTED.match(quoted)
    if not found:
        return ""
    head, name = found[1], found[2]
    if topic.symbol is not None and head in {"self", "cls"}:
        owner = topic.symbol if topic.symbol.kind == "class" else None
        if owner is None and "." in topic.symbol.name:
            owner = facts.class_named(topic.symbol.name.rpartition(".")[0], topic.home)
    else:
        owner = facts.class_named(head, topic.home)
    if owner is not None and facts.member(owner, name) is False:
        return f"{head}.{name}"
    module = facts.module_names.get(head) if "." in head else None
    if module is not None and name not in facts.words(module):
        return f"{head}.{name}"
    return ""


def _wrong_call(quoted: str, topic: Topic, facts: Facts) -> str:
    """What is wrong with a call written in a sentence; a call that leaves arguments out only names the function."""
    if topic.home is None or "(" not in quoted or quoted.endswith("()") or "..." in quoted:
        return ""
    from manyeyes_tools.documents.examples import call_faults

    return next(iter(call_faults(quoted, topic.home, facts)), "")


def _parameters(text: str, topic: Topic, facts: Facts) -> Iterator[Fault]:
    if topic.symbol is None:
        return
    mentioned = [topic.symbol, *_mentioned(text, topic, facts)]
    sets = [facts.parameters(one) for one in mentioned]
    if any(one is None for one in sets) or topic.symbol.kind == "module":
        return
    names = {parameter.name.lstrip("$&") for one in sets for parameter in one or ()}
    for one in mentioned:
        if one.kind == "class":
            names |= facts.members.get((one.path, one.name), set())
    for match in _PARAMETER.finditer(text):
        name = match[1] or match[2]
        if name not in names and name.islower() and name not in {"self", "cls"}:
            yield Fault("parameter", name, start=match.start(), end=match.end())


def _mentioned(text: str, topic: Topic, facts: Facts) -> Iterator[Symbol]:
    """Other things to call that a sentence names."""
    for quoted in QUOTED.findall(text):
        name = quoted.partition("(")[0].rpartition(".")[2].strip()
        for symbol in facts.by_name.get(name, ())[:8]:
            if symbol.callable and symbol is not topic.symbol:
                yield symbol


def _defaults(text: str, topic: Topic, facts: Facts) -> Iterator[Fault]:
    for pattern in (_DEFAULT, _BY_DEFAULT):
        for match in pattern.finditer(text):
            parameter = _spoken_of(match["name"], topic, facts)
            if parameter is None:
                continue
            group = next(name for name in ("code1", "quoted1", "bare1") if match[name] is not None)
            said = match[group]
            if group == "code1" and not (is_plain(said) or WORD.fullmatch(said.replace(".", ""))):
                continue
            if default_agrees(said, parameter, topic, facts):
                continue
            written = parameter.default or ""
            instead = written if is_plain(written) and "`" not in written else ""
            yield Fault("default", f"{parameter.name} = {said}", instead, match.start(group), match.end(group))


def _spoken_of(name: str | None, topic: Topic, facts: Facts) -> Parameter | None:
    if name is None:
        return topic.parameter
    if topic.symbol is None:
        return None
    found = facts.named(topic.symbol, name)
    if found is None and topic.symbol.kind == "class":
        home = facts.homes[topic.symbol.path]
        member = home.named(f"{topic.symbol.name}.{name}")
        if member is not None and member.kind == "attribute" and member.value:
            from manyeyes_tools.documents.symbols import Parameter as Field

            return Field(name=name, annotation=member.annotation, default=member.value)
    return found


def _types(text: str, topic: Topic, facts: Facts) -> Iterator[Fault]:
    for match in _TYPED.finditer(text):
        parameter = _spoken_of(match["name"], topic, facts)
        if (
            parameter is not None
            and parameter.annotation
            and parameter.kind not in _MANY
            and not is_plain(match["type"] or "")
        ):
            yield from _contradicted("type", match, parameter.annotation, topic, facts)
    told = topic.parameter
    first = _OF_TYPE.match(text)
    if (
        told is not None
        and told.annotation
        and told.kind not in _MANY
        and first
        and (first["plain"] or "a").islower()
        and (first["plain"] or first["article"] or is_basic(first["type"]))
    ):
        yield from _contradicted("type", first, told.annotation, topic, facts)


_MANY = frozenset({"variadic", "keywords"})
"""Kinds of parameters whose annotation is that of each value."""


def _returned(text: str, topic: Topic, facts: Facts) -> Iterator[Fault]:
    symbol = topic.symbol
    if symbol is None or topic.parameter is not None or symbol.kind not in {"function", "method"} or not symbol.returns:
        return
    if any(one is not symbol and one.kind in {"function", "method"} for one in _mentioned(text, topic, facts)):
        return
    for match in _RETURNS.finditer(text):
        written = (
            _inner(symbol.returns)
            if symbol.yields or "contextmanager" in " ".join(symbol.decorators)
            else symbol.returns
        )
        said = match["type"] or match["plain"]
        if said in {"True", "False"}:
            if contradicts("bool", written, lambda name: facts.class_named(name, topic.home) is not None):
                yield Fault("return type", said, start=match.start(), end=match.end())
        elif (
            match["plain"]
            or is_basic(said)
            or said == "None"
            or (said[:1].isupper() and facts.class_named(said, topic.home))
        ):
            yield from _contradicted("return type", match, written, topic, facts)


def _inner(annotation: str) -> str:
    """What a generator gives: the first of the types in its brackets."""
    inside = annotation.partition("[")[2].rpartition("]")[0]
    depth = 0
    for place, character in enumerate(inside):
        depth += (character in "[(") - (character in "])")
        if character == "," and not depth:
            return inside[:place]
    return inside or annotation


def _contradicted(what: str, match: re.Match[str], written: str, topic: Topic, facts: Facts) -> Iterator[Fault]:
    group = "type" if match["type"] is not None else "plain"
    said = match[group]

    def is_class(name: str) -> bool:
        found = facts.class_named(name, topic.home)
        return found is not None and found.kind == "class"

    if contradicts(said, written, is_class):
        short = " ".join(written.split())
        instead = short if group == "type" else f"`{short}`"
        yield Fault(what, said, "" if "`" in short else instead, match.start(group), match.end(group))


def _raised(text: str, topic: Topic, facts: Facts) -> Iterator[Fault]:
    for match in _RAISES.finditer(text):
        names = [match["name"] or match["other"]]
        if match["name"]:
            at = match.end()
            while more := _ALSO.match(text, at):
                names.append(more[1])
                at = more.end()
        for name in names:
            if not exception_agrees(name, topic, facts):
                yield Fault("exception", name, start=match.start(), end=match.end())


def _routes(text: str, facts: Facts) -> Iterator[Fault]:
    for match in _ROUTE.finditer(text):
        if facts.routes and (match[1], template(match[2].rstrip(".,"))) not in facts.routes:
            yield Fault("route", f"{match[1]} {match[2]}", start=match.start(), end=match.end())
    for match in _QUOTED_ROUTE.finditer(text):
        path = template(match[1] or match[2])
        if facts.routes and path not in {route for _, route in facts.routes}:
            yield Fault("route", path, start=match.start(), end=match.end())


def parses(code: str) -> bool:
    """Whether a piece of code is Python."""
    try:
        parse_module(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
