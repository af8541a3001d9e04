"""Calls: what they give to a function, and what the function then returns."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from manyeyes_tools.documents.api.scopes import FUNCTIONS, Scope, defaults
from manyeyes_tools.documents.api.trees import nodes
from manyeyes_tools.documents.api.values import Closure, Expression, Extra, Given, Made, is_nothing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes_tools.documents.api.evaluation import Evaluator
    from manyeyes_tools.documents.api.scopes import FunctionNode
    from manyeyes_tools.documents.api.values import Value


FRAMES: Final = 20_000
"""How many calls are looked into in one project."""


class Calls:
    """Looks into calls of functions of the project."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._frames = 0
        self._loose: dict[int, Scope] = {}
        self._returns: dict[int, list[ast.expr]] = {}
        self._changed: dict[int, frozenset[str]] = {}

    def given(self, call: ast.Call, scope: Scope) -> Given:  # noqa: C901, PLR0912 -- one case for each way an argument is passed
        """The arguments of a call."""
        words: dict[str, Expression] = {}
        placed: list[Expression] = []
        unknown = False
        for argument in call.args:
            if isinstance(argument, ast.Starred):
                inner = self._evaluator.value(argument.value, scope)
                if isinstance(inner, Expression) and isinstance(inner.node, ast.List | ast.Tuple):
                    placed.extend(Expression(one, inner.scope) for one in inner.node.elts)
                else:
                    unknown = True
                    break
            else:
                placed.append(Expression(argument, scope))
        for word in call.keywords:
            if word.arg:
                words[word.arg] = Expression(word.value, scope)
                continue
            inner = self._evaluator.value(word.value, scope)
            if isinstance(inner, Extra):
                words.update(inner.words)
                unknown = unknown or inner.open
            elif isinstance(inner, Expression) and isinstance(inner.node, ast.Dict):
                for key, value in zip(inner.node.keys, inner.node.values, strict=True):
                    if isinstance(key, ast.Constant) and isinstance(key.value, str):
                        words[key.value] = Expression(value, inner.scope)
                    else:
                        unknown = True
                unknown = unknown or self._changes(word.value, scope)
            elif isinstance(inner, Made) and inner.name == "dict":
                words.update(self.given(inner.call, inner.scope).words)
            else:
                unknown = True
        return Given(tuple(placed), words, unknown)

    def _changes(self, node: ast.expr, scope: Scope) -> bool:
        """Whether the code around puts more into a mapping after it was made."""
        if not isinstance(node, ast.Name):
            return False
        place: Scope | None = scope
        while place is not None and node.id not in place.bindings:
            place = place.parent
        if place is None:
            return False
        around: ast.AST = place.owner if place.owner is not None else place.module.tree
        changed = self._changed.get(id(around))
        if changed is None:
            changed = self._changed[id(around)] = frozenset(_put_into(around))
        return node.id in changed

    def frame(self, closure: Closure, call: ast.Call | None, scope: Scope) -> Scope | None:
        """The scope of one run of a function, its arguments given; None past the limit."""
        node = closure.node
        if not isinstance(node, FUNCTIONS):
            return None
        holder = closure.bound.frames if closure.bound is not None else self._loose
        key = id(node) if closure.bound is not None and call is None else hash((id(node), id(call), id(scope)))
        if closure.bound is not None and node.name == "__init__":
            key = id(node)
        known = holder.get(key)
        if known is not None:
            return known
        if self._frames >= FRAMES:
            return None
        self._frames += 1
        bindings = self._evaluator.project.bindings(node, closure.scope.module)
        frame = Scope(closure.scope.module, bindings, closure.scope, owner=node)
        holder[key] = frame
        self._evaluator.kept.extend((call, scope, frame))
        self._fill(frame, closure, call, scope)
        self._evaluator.entered(closure, frame)
        return frame

    def _fill(self, frame: Scope, closure: Closure, call: ast.Call | None, scope: Scope) -> None:
        node = closure.node
        assert isinstance(node, FUNCTIONS)  # noqa: S101 -- narrows the type; only such nodes are passed in
        given = self.given(call, scope) if call is not None else Given((), {}, open=True)
        names = [(argument.arg, default) for argument, default in defaults(node)]
        count = len(node.args.posonlyargs) + len(node.args.args)
        if closure.bound is not None and names and not any(_last(d) == "classmethod" for d in node.decorator_list):
            frame.given[names[0][0]] = closure.bound
            names, count = names[1:], count - 1
        left = dict(given.words)
        for place, (name, default) in enumerate(names):
            if place < count and place < len(given.placed):
                frame.given[name] = given.placed[place]
            elif name in left:
                frame.given[name] = left.pop(name)
            elif (default is not None and call is not None and not given.open) or (
                default is not None and not is_nothing(default)
            ):
                frame.given[name] = Expression(default, closure.scope)
        if node.args.kwarg is not None:
            frame.given[node.args.kwarg.arg] = Extra(left, given.open)

    def returned(self, node: ast.AST, frame: Scope) -> Value:
        """What a function returns: the last of its `return`s whose value is known.

        What it gives back where it gives up, such as nothing or an empty text, counts only when it gives nothing else.
        """
        known = self.results(node)
        empty: Value = None
        for value in known:
            found = self._evaluator.value(value, frame)
            if isinstance(found, Expression) and isinstance(found.node, ast.Constant) and not found.node.value:
                empty = None if is_nothing(found.node) else found
            elif found is not None:
                return found
        return empty if len(known) == 1 else None

    def results(self, node: ast.AST) -> list[ast.expr]:
        """What stands in the `return`s of a function, the last one first."""
        assert isinstance(node, FUNCTIONS)  # noqa: S101 -- narrows the type; only such nodes are passed in
        known = self._returns.get(id(node))
        if known is None:
            known = self._returns[id(node)] = list(_results(node))[::-1]
        return known


def _put_into(around: ast.AST) -> Iterator[str]:
    """The names of mappings that something is put into."""
    for one in nodes(around):
        match one:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="update" | "setdefault")):
                yield name
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store()):
                yield name
            case _:
                pass


def _results(node: FunctionNode) -> Iterator[ast.expr]:
    """What a function returns, or what it yields once as a context."""
    for statement in _own(node):
        match statement:
            case ast.Return(value=ast.expr() as value) | ast.Expr(value=ast.Yield(value=ast.expr() as value)):
                yield value
            case _:
                pass


def _own(node: FunctionNode) -> Iterator[ast.stmt]:
    """The statements of a function, without those of functions and classes inside."""
    waiting: list[ast.stmt] = [*node.body][::-1]
    while waiting:
        statement = waiting.pop()
        yield statement
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        inner: list[ast.stmt] = []
        for name in ("body", "orelse", "finalbody"):
            inner.extend(getattr(statement, name, None) or [])
        for handler in getattr(statement, "handlers", None) or []:
            inner.extend(handler.body)
        waiting.extend(inner[::-1])


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        node = node.func
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
