"""A call with everything about it that rules ask for."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_names import dotted
from manyeyes_tools.evidence.taint.calling.partials import PARTIAL, see_through
from manyeyes_tools.evidence.taint.evaluation import evaluate
from manyeyes_tools.evidence.taint.values import NOTHING, Value

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.frames import Frame

_MOST = 100
"""Arguments of one call that are looked at."""


@dataclass(slots=True)
class Site:
    """A call with everything about it that conditions and sinks ask for.

    Attributes:
        node: The call.
        full: The full name of what is called; empty when unknown.
        method: The name of the method, for calls of methods.
        receiver: The object whose method it is.
        written: What stands before the method's name, as it is written.
        values: The positional arguments.
        words: The keyword arguments.
        spread: What is given by `**`.
        starred: What is given by `*`.
        partials: The calls of `functools.partial` that made what is called, the nearest first.
    """

    node: ast.Call
    full: str
    method: str
    receiver: Value
    written: str
    values: list[Value]
    words: dict[str, Value]
    spread: list[Value]
    starred: list[Value]
    partials: tuple[ast.expr, ...] = ()

    def argument(self, *names: str) -> Value | None:
        """An argument by its position, written as text, or by its keyword."""
        for name in names:
            if name.isdigit():
                if int(name) < len(self.values):
                    return self.values[int(name)]
            elif name in self.words:
                return self.words[name]
        return None

    def node_of(self, name: str) -> ast.expr | None:
        """The expression of a keyword argument."""
        calls = (self.node, *(one for one in self.partials if isinstance(one, ast.Call)))
        return next((one.value for call in calls for one in call.keywords if one.arg == name), None)


def site_of(frame: Frame, node: ast.Call) -> Site:
    """A call with its arguments evaluated."""
    func = node.func
    site = Site(node, "", "", NOTHING, "", [], {}, [], [])
    if func.__class__ is ast.Attribute:
        site.method = func.attr
        site.receiver = receiver = evaluate(frame, func.value)
        base = func.value
        site.written = written = base.id if base.__class__ is ast.Name else dotted(base)
        if receiver.kind:
            site.full = f"{receiver.kind}.{func.attr}"
        elif written and written.partition(".")[0] not in frame.env:
            site.full = frame.module.full(f"{written}.{func.attr}")
    elif func.__class__ is ast.Name:
        site.full = _full_of_name(frame, func.id)
    else:
        site.receiver = evaluate(frame, func)
        site.full = site.receiver.kind
    if node.args:
        _add_positional(frame, site, node.args)
    if node.keywords:
        _add_keywords(frame, site, node.keywords)
    made = _partial(frame, site)
    if made is not None:
        see_through(site, made)
    return site


def _partial(frame: Frame, site: Site) -> Value | None:
    """What `functools.partial` made, where that is called: here, or by a variable of another module."""
    func, full = site.node.func, site.full
    if full == PARTIAL:
        if func.__class__ is not ast.Name:
            return site.receiver
        return frame.env.get(func.id) or frame.module.globals.get(func.id)
    if full.rpartition(".")[0] not in frame.project.named:
        return None
    found = frame.project.find(full, frame.module)
    value = found[0].globals.get(found[1]) if isinstance(found, tuple) else None
    return value if value is not None and value.kind == PARTIAL else None


def _full_of_name(frame: Frame, name: str) -> str:
    known = frame.env.get(name)
    if known is not None:
        return known.kind
    module = frame.module
    full = module.full(name)
    if full == name and full not in module.functions and full not in module.classes:
        there = module.globals.get(name)
        if there is not None and there.kind:
            return there.kind
    return full


def _add_positional(frame: Frame, site: Site, given: list[ast.expr]) -> None:
    values = site.values
    for one in given[:_MOST]:
        if one.__class__ is not ast.Starred:
            values.append(evaluate(frame, one))
            continue
        value = evaluate(frame, one.value)
        site.starred.append(value)
        if value.fields and value.closed:
            values.extend(value.fields.values())
        else:
            values.append(Value(value.atoms))


def _add_keywords(frame: Frame, site: Site, given: list[ast.keyword]) -> None:
    words = site.words
    for word in given[:_MOST]:
        value = evaluate(frame, word.value)
        if word.arg is not None:
            words[word.arg] = value
            continue
        site.spread.append(value)
        if value.fields:
            words.update({name: one for name, one in value.fields.items() if name not in words})


def first_key(site: Site) -> str:
    """The first argument when it is a constant, as text; empty otherwise."""
    return str(site.values[0].const[0]) if site.values and site.values[0].const else ""
