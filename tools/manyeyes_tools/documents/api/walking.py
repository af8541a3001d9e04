"""Goes through a project's code as a run would meet it: module bodies, the calls they make, then what is left."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, Protocol

from manyeyes_tools.documents.api.endpoints import METHODS, last
from manyeyes_tools.documents.api.scopes import FUNCTIONS, Scope
from manyeyes_tools.documents.api.trees import children, nodes
from manyeyes_tools.documents.api.values import Closure, Expression, Instance, Made

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from manyeyes_tools.documents.api.evaluation import Evaluator
    from manyeyes_tools.documents.api.scopes import FunctionNode, Project

TURNS = 200
"""How many turns of one loop are gone through."""
RUNS = 100
"""In how many ways one function is run."""

_CONSTRUCTORS = ("__init__", "__post_init__", "__attrs_post_init__")

_DECORATING = frozenset({*METHODS, "route", "api_route", "websocket", "view", "action", "api_view"})
_CALLING = frozenset({
    "include_router", "register_blueprint", "add_api_route", "add_url_rule", "add_routes", "add_route", "mount",
    "add_get", "add_post", "add_put", "add_patch", "add_delete", "add_view", "add_head", "add_subapp", "add_resource",
    "register_api", "FastAPI", "APIRouter", "Flask", "Blueprint", "Starlette", "Route", "Mount", "APIRoute",
    "APIFlask", "APIBlueprint", "Quart", "add_namespace", "register_api_view", "APIView", "Namespace", "namespace",
    "RouteTableDef", "Application", "OpenAPI",
})  # fmt: skip
"""Calls that declare routes or hold those that do."""
_COMMON = frozenset({"__call__", "__enter__", "__exit__", "__aenter__", "__aexit__", "get", "main", "close", "run"})
"""Names that say nothing about what is called."""


class Visitor(Protocol):
    """Told of every call and every decorated function or class, each with the scope it is met in."""

    def call(self, node: ast.Call, scope: Scope) -> None:
        """A call was met."""

    def decorated(self, node: FunctionNode | ast.ClassDef, decorator: ast.expr, scope: Scope) -> None:
        """A decorator was met."""


class Walk:
    """One walk through a project.

    Args:
        evaluator: Knows what names stand for.
        visitor: Is told what is met.
        makers: The last names of what makes applications and routers: calls that pass one on are followed.
        late: Says when there is no more time; the walk then ends where it is.
    """

    def __init__(
        self, evaluator: Evaluator, visitor: Visitor, makers: frozenset[str], late: Callable[[], bool] = lambda: False
    ) -> None:
        self._late = late
        self._evaluator = evaluator
        self._visitor = visitor
        self._makers = makers
        self._waiting: list[tuple[Closure, Scope]] = []
        self._walked: set[int] = set()
        self._functions: list[Closure] = []
        self._classes: list[Closure] = []
        self._survey = _Survey(evaluator.project)
        self._found: dict[int, list[ast.Call]] = {}
        self._worthy: dict[int, bool] = {}
        self._runs: dict[int, int] = {}
        self._constructed: list[Instance] = []
        evaluator.made = self._constructed.append
        evaluator.entered = lambda closure, frame: self._waiting.append((closure, frame))

    def run(self) -> None:
        """Walk through everything once, called functions with what they are called with."""
        project = self._evaluator.project
        for module in project.modules:
            self._block(module.tree.body, project.scope(module))
        self._drain()
        self._rest()

    def _drain(self) -> None:
        while (self._waiting or self._constructed) and not self._late():
            if self._constructed:
                self._construct(self._constructed.pop(0))
                continue
            closure, frame = self._waiting.pop(0)
            if isinstance(closure.node, FUNCTIONS):
                self._walked.add(id(closure.node))
                runs = self._runs[id(closure.node)] = self._runs.get(id(closure.node), 0) + 1
                if runs <= RUNS and self._tells(closure.node):
                    self._block(closure.node.body, frame)

    def _construct(self, made: Instance) -> None:
        bases = [one for one in self._evaluator.mro(made.cls) if isinstance(one, Closure)]
        if any(self._tells(one.node) for one in bases):
            self._prepare(made)

    def _prepare(self, made: Instance) -> None:
        for name in _CONSTRUCTORS:
            found = self._evaluator.class_attribute(made.cls, name, made)
            if isinstance(found, Closure):
                self._evaluator.frame(found, made.call if name == "__init__" else None, made.scope)

    def _rest(self) -> None:
        """What nobody calls: classes are made and functions are run with nothing known of their arguments."""
        called = self._survey.called
        based = {id(one.node) for cls in self._classes for one in self._bases(cls)}
        seen = 0
        while seen < len(self._classes) + len(self._functions):
            seen = len(self._classes) + len(self._functions)
            functions = sorted(self._functions, key=lambda one: one.node.name in called)
            for closure in functions:
                if id(closure.node) not in self._walked and self._tells(closure.node):
                    self._evaluator.frame(closure, None, closure.scope)
                    self._drain()
            for cls in sorted(self._classes, key=lambda one: id(one.node) in based):
                self._open(cls)

    def _bases(self, cls: Closure) -> Iterator[Closure]:
        bases = self._evaluator.mro(cls)
        next(bases)
        return (one for one in bases if isinstance(one, Closure))

    def _open(self, cls: Closure) -> None:
        """Run the methods of a class that nobody ran, on an object of which nothing is known."""
        if not isinstance(cls.node, ast.ClassDef) or not self._tells(cls.node):
            return
        methods = [one for one in cls.node.body if isinstance(one, FUNCTIONS) and self._tells(one)]
        if not any(id(one) not in self._walked for one in methods):
            return
        made = self._evaluator.instance(cls, None, cls.scope)
        self._prepare(made)
        self._drain()
        for one in methods:
            if id(one) not in self._walked:
                self._evaluator.frame(self._evaluator.closure(one, cls.scope, made), None, cls.scope)
                self._drain()

    def _tells(self, node: ast.AST) -> bool:
        """Whether there is anything in a function or class that may have to do with routes."""
        return id(node) in self._survey.telling or bool(
            self._survey.made.get(id(node), frozenset()) & self._survey.names
        )

    def _calls(self, node: ast.AST) -> list[ast.Call]:
        """The calls in an expression or plain statement that may have to do with routes."""
        known = self._found.get(id(node))
        if known is None:
            known = self._found[id(node)] = [
                one
                for one in nodes(node)
                if isinstance(one, ast.Call) and ((name := last(one.func)) in _CALLING or name in self._survey.names)
            ]
        return known

    def _worth(self, node: ast.stmt) -> bool:
        """Whether a compound statement holds anything that may have to do with routes."""
        known = self._worthy.get(id(node))
        if known is None:
            known = self._worthy[id(node)] = any(
                isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
                or (isinstance(one, ast.Call) and ((name := last(one.func)) in _CALLING or name in self._survey.names))
                for one in nodes(node)
            )
        return known

    def _block(self, body: Sequence[ast.stmt], scope: Scope) -> None:
        for statement in body:
            if self._late():
                return
            self._statement(statement, scope)

    def _statement(self, node: ast.stmt, scope: Scope) -> None:  # noqa: C901 -- one case for each kind of statement
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                self._definition(node, scope)
            case ast.If() | ast.For() | ast.AsyncFor() | ast.While() | ast.With() | ast.AsyncWith() | ast.Try() if (
                not self._worth(node)
            ):
                pass
            case ast.If(test=test, body=body, orelse=orelse):
                taken = self._evaluator.truth(test, scope)
                if taken is not False:
                    self._block(body, scope)
                if taken is not True:
                    self._block(orelse, scope)
            case ast.For(target=target, iter=source, body=body) | ast.AsyncFor(target=target, iter=source, body=body):
                self._expressions(source, scope)
                for turn in self._turns(target, source, scope):
                    self._block(body, turn)
            case ast.While(body=body) | ast.With(body=body) | ast.AsyncWith(body=body):
                self._block(body, scope)
            case ast.Try(body=body, orelse=orelse, finalbody=final):
                self._block([*body, *orelse, *final], scope)
            case ast.Match(cases=cases):
                for case in cases:
                    self._block(case.body, scope)
            case _:
                self._expressions(node, scope)

    def _definition(self, node: FunctionNode | ast.ClassDef, scope: Scope) -> None:
        for decorator in node.decorator_list:
            self._visitor.decorated(node, decorator, scope)
        closure = self._evaluator.closure(node, scope)
        if not isinstance(node, ast.ClassDef):
            self._functions.append(closure)
            return
        self._classes.append(closure)
        inside = self._evaluator.class_scope(closure)
        for statement in node.body:
            if isinstance(statement, FUNCTIONS):
                for decorator in statement.decorator_list:
                    self._visitor.decorated(statement, decorator, inside)
            else:
                self._statement(statement, inside)

    def _expressions(self, node: ast.AST, scope: Scope) -> None:
        for one in self._calls(node):
            self._visitor.call(one, scope)
            self._follow(one, scope)

    def _follow(self, call: ast.Call, scope: Scope) -> None:
        """Look into a call that passes an application on, or that an object makes on itself."""
        if last(call.func) not in self._survey.names:
            return
        above = isinstance(call.func, ast.Attribute) and last(call.func.value) == "super"
        own = above or (
            isinstance(call.func, ast.Attribute)
            and isinstance(self._evaluator.value(call.func.value, scope), Instance)
            and isinstance(call.func.value, ast.Name)
            and call.func.value.id == "self"
        )
        passed = own or any(
            self._holds(self._evaluator.value(one, scope))
            for one in [*call.args, *(word.value for word in call.keywords)]
            if isinstance(one, ast.Name | ast.Attribute)
        )
        if not passed:
            return
        called = self._evaluator.value(call.func, scope)
        if isinstance(called, Closure):
            self._evaluator.value(call, scope)

    def _holds(self, value: object) -> bool:
        if isinstance(value, Made):
            return value.last in self._makers
        return isinstance(value, Instance) and (
            self._tells(value.cls.node) or any(name in self._makers for name in self._evaluator.ancestors(value.cls))
        )

    def _turns(self, target: ast.expr, source: ast.expr, scope: Scope) -> Iterator[Scope]:
        """A scope for each turn of a loop over something known; one in which nothing is known otherwise."""
        elements = self._elements(source, scope)
        if elements is None:
            yield scope
            return
        for element in elements[:TURNS]:
            yield Scope(scope.module, {}, scope, given=dict(self._taken(target, element)))

    def _elements(self, source: ast.expr, scope: Scope) -> list[list[Expression] | Expression] | None:  # noqa: PLR0911 -- one return for each thing that can be looped over
        """What a loop goes over: single values, or several taken together."""
        if isinstance(source, ast.Call) and last(source.func) in {"enumerate", "zip"}:
            return None
        if (
            isinstance(source, ast.Call)
            and isinstance(source.func, ast.Attribute)
            and source.func.attr in {"items", "values"}
        ):
            owner = self._evaluator.value(source.func.value, scope)
            if isinstance(owner, Expression) and isinstance(owner.node, ast.Dict):
                pairs = [(k, v) for k, v in zip(owner.node.keys, owner.node.values, strict=True) if k is not None]
                if source.func.attr == "values":
                    return [Expression(v, owner.scope) for _, v in pairs]
                return [[Expression(k, owner.scope), Expression(v, owner.scope)] for k, v in pairs]
            return None
        found = self._evaluator.value(source, scope)
        if isinstance(found, Expression) and isinstance(found.node, ast.List | ast.Tuple | ast.Set):
            return [Expression(one, found.scope) for one in found.node.elts]
        if isinstance(found, Expression) and isinstance(found.node, ast.Dict):
            return [Expression(key, found.scope) for key in found.node.keys if key is not None]
        return None

    def _taken(self, target: ast.expr, element: list[Expression] | Expression) -> Iterator[tuple[str, object]]:
        if isinstance(target, ast.Name) and isinstance(element, Expression):
            yield target.id, element
        elif isinstance(target, ast.Tuple | ast.List):
            parts = element if isinstance(element, list) else self._parts(element)
            for one, value in zip(target.elts, parts, strict=False):
                yield from self._taken(one, value)

    def _parts(self, element: Expression) -> list[Expression]:
        found = self._evaluator.value(element.node, element.scope)
        if isinstance(found, Expression) and isinstance(found.node, ast.List | ast.Tuple):
            return [Expression(one, found.scope) for one in found.node.elts]
        return []


class _Survey:
    """What each function and class calls, and whether it declares routes: one pass over a project."""

    def __init__(self, project: Project) -> None:
        self.made: dict[int, frozenset[str]] = {}
        self.telling: set[int] = set()
        self._named: dict[str, set[str]] = {}
        self._tell: set[str] = set()
        self.called: set[str] = set()
        for module in project.modules:
            self.called |= self._node(module.tree)[0]
        self.names = self._closed()

    def _node(self, node: ast.AST) -> tuple[set[str], bool]:
        calls: set[str] = set()
        tells = False
        waiting = children(node)
        while waiting:
            one = waiting.pop()
            if isinstance(one, _DEFINITIONS):
                tells = tells or any(last(decorator) in _DECORATING for decorator in one.decorator_list)
                inner, told = self._node(one)
                calls |= inner
                tells = tells or told
                continue
            if isinstance(one, ast.Call):
                name = last(one.func)
                calls.add(name)
                tells = tells or name in _CALLING
            waiting += children(one)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            self.made[id(node)] = frozenset(calls)
            if tells:
                self.telling.add(id(node))
                self._tell.add(node.name)
            self._named.setdefault(node.name, set()).update(calls)
        return calls, tells

    def _closed(self) -> frozenset[str]:
        """The names of functions and classes that declare routes, or call what does; by name, so rather too many."""
        callers: dict[str, set[str]] = {}
        for name, made in self._named.items():
            for one in made:
                callers.setdefault(one, set()).add(name)
        telling = self._tell - _COMMON
        waiting = list(telling)
        while waiting:
            for name in callers.get(waiting.pop(), ()):
                if name not in telling and name not in _COMMON:
                    telling.add(name)
                    waiting.append(name)
        return frozenset(telling)


_DEFINITIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
