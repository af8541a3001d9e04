"""A call with everything about it that rules ask for."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_names import dotted
from manyeyes_tools.evidence.taint.expressions import evaluate
from manyeyes_tools.evidence.taint.values import NOTHING, Value

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.frames import Frame


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
        return next((one.value for one in self.node.keywords if one.arg == name), None)


def site_of(frame: Frame, node: ast.Call) -> Site:  # noqa: C901, PLR0912  # one branch for each kind of callee and argument
    """A call with its arguments evaluated."""
    func = node.func
    receiver, method, written, full = NOTHING, "", "", ""
    if isinstance(func, ast.Attribute):
        method = func.attr
        receiver = evaluate(frame, func.value)
        written = dotted(func.value)
        if receiver.kind:
            full = f"{receiver.kind}.{method}"
        elif written and written.split(".")[0] not in frame.env:
            full = frame.module.full(f"{written}.{method}")
    elif isinstance(func, ast.Name):
        known = frame.env.get(func.id)
        if known is not None:
            full = known.kind
        else:
            full = frame.module.full(func.id)
            if full == func.id and full not in frame.module.functions and full not in frame.module.classes:
                there = frame.module.globals.get(func.id)
                if there is not None and there.kind:
                    full = there.kind
    else:
        receiver = evaluate(frame, func)
        full = receiver.kind
    values: list[Value] = []
    starred: list[Value] = []
    for one in node.args[:100]:
        if isinstance(one, ast.Starred):
            value = evaluate(frame, one.value)
            starred.append(value)
            if value.fields and value.closed:
                values.extend(value.fields.values())
            else:
                values.append(Value(value.atoms))
        else:
            values.append(evaluate(frame, one))
    words: dict[str, Value] = {}
    spread: list[Value] = []
    for word in node.keywords[:100]:
        value = evaluate(frame, word.value)
        if word.arg is None:
            spread.append(value)
            if value.fields:
                words.update({name: one for name, one in value.fields.items() if name not in words})
        else:
            words[word.arg] = value
    return Site(node, full, method, receiver, written, values, words, spread, starred)


def first_key(site: Site) -> str:
    """The first argument when it is a constant, as text; empty otherwise."""
    return str(site.values[0].const[0]) if site.values and site.values[0].const else ""
