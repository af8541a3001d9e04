"""Views of Django and of Django REST framework: which methods they answer, and by which of their functions."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from manyeyes_tools.documents.api.django_paths import matched
from manyeyes_tools.documents.api.endpoints import METHODS, last
from manyeyes_tools.documents.api.scopes import FUNCTIONS
from manyeyes_tools.documents.api.values import Closure, Expression

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from manyeyes_tools.documents.api.endpoints import Schema
    from manyeyes_tools.documents.api.evaluation import Evaluator
    from manyeyes_tools.documents.api.scopes import FunctionNode
    from manyeyes_tools.documents.api.values import Value

_MIXED: Final[Mapping[str, tuple[str, ...]]] = {
    "CreateModelMixin": ("create",),
    "ListModelMixin": ("list",),
    "RetrieveModelMixin": ("retrieve",),
    "UpdateModelMixin": ("update", "partial_update"),
    "DestroyModelMixin": ("destroy",),
    "ReadOnlyModelViewSet": ("list", "retrieve"),
    "ModelViewSet": ("list", "create", "retrieve", "update", "partial_update", "destroy"),
}
"""The actions that the framework's own classes bring."""
_GENERIC: Final[Mapping[str, Mapping[str, str]]] = {
    "CreateAPIView": {"post": "create"},
    "ListAPIView": {"get": "list"},
    "RetrieveAPIView": {"get": "retrieve"},
    "DestroyAPIView": {"delete": "destroy"},
    "UpdateAPIView": {"put": "update", "patch": "partial_update"},
    "ListCreateAPIView": {"get": "list", "post": "create"},
    "RetrieveUpdateAPIView": {"get": "retrieve", "put": "update", "patch": "partial_update"},
    "RetrieveDestroyAPIView": {"get": "retrieve", "delete": "destroy"},
    "RetrieveUpdateDestroyAPIView": {
        "get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy",
    },
}  # fmt: skip
"""What the framework's generic views answer, and what each is called."""
_PAGES: Final[Mapping[str, tuple[str, ...]]] = {
    "TemplateView": ("get",), "RedirectView": ("get",), "ListView": ("get",), "DetailView": ("get",),
    "ArchiveIndexView": ("get",), "FormView": ("get", "post"), "CreateView": ("get", "post"),
    "UpdateView": ("get", "post"), "DeleteView": ("get", "post", "delete"), "LoginView": ("get", "post"),
    "LogoutView": ("post",),
}  # fmt: skip
"""What the pages of Django itself answer."""
_FRAMEWORK: Final = ("APIView", "ViewSet", "ViewSetMixin", *_MIXED)
_ANSWERING: Final = {"require_GET": ("get",), "require_POST": ("post",), "require_safe": ("get", "head")}


@dataclass(frozen=True, slots=True)
class ExtraAction:
    """A method of a view set that is a route by itself, made so by `@action`."""

    path: str
    detail: bool
    methods: Mapping[str, str]
    parts: Mapping[str, Schema]
    options: Mapping[str, ast.expr] = field(default_factory=dict)


def of_framework(view: Closure, evaluator: Evaluator) -> bool:
    """Whether a class is a view of Django REST framework."""
    return any(name.endswith(_FRAMEWORK) for name in evaluator.ancestors(view))


def has_action(view: Closure, name: str, evaluator: Evaluator) -> bool:
    """Whether a view set has an action, its own or the framework's."""
    if isinstance(evaluator.class_attribute(view, name), Closure):
        return True
    return any(name in _MIXED.get(base, ()) for base in evaluator.ancestors(view))


def view_value(view: Closure, name: str, evaluator: Evaluator) -> Value:
    """What a view's class says under a name."""
    return evaluator.class_attribute(view, name)


def view_node(view: Closure, name: str, evaluator: Evaluator) -> Expression | None:
    """The expression that a view's class, or its nearest base, sets a name to."""
    for one in evaluator.mro(view):
        if isinstance(one, Closure) and isinstance(one.node, ast.ClassDef):
            scope = evaluator.class_scope(one)
            for item in reversed(scope.bindings.get(name, [])):
                if isinstance(item, ast.expr):
                    return Expression(item, scope)
    return None


def view_text(view: Closure, name: str, evaluator: Evaluator) -> str | None:
    """The text that a view's class sets a name to."""
    return evaluator.text(view_node(view, name, evaluator))


def extra_actions(view: Closure, evaluator: Evaluator) -> Iterator[ExtraAction]:
    """The actions that a view set adds to the usual ones, in the order of their names in its classes."""
    seen: set[str] = set()
    for one in evaluator.mro(view):
        if not isinstance(one, Closure) or not isinstance(one.node, ast.ClassDef):
            continue
        mapped = _mapped(one.node)
        for node in one.node.body:
            if not isinstance(node, FUNCTIONS) or node.name in seen:
                continue
            seen.add(node.name)
            made = next((d for d in node.decorator_list if isinstance(d, ast.Call) and last(d) in _ACTIONS), None)
            if made is not None:
                yield from _extra(one, node, made, mapped.get(node.name, {}), evaluator)


_ACTIONS: Final = {"action": None, "detail_route": True, "list_route": False}


def _mapped(cls: ast.ClassDef) -> dict[str, dict[str, str]]:
    """What `@first.mapping.delete` adds to other actions."""
    found: dict[str, dict[str, str]] = {}
    for node in (one for one in cls.body if isinstance(one, FUNCTIONS)):
        for decorator in node.decorator_list:
            match decorator:
                case ast.Attribute(value=ast.Attribute(value=ast.Name(id=first), attr="mapping"), attr=verb):
                    found.setdefault(first, {})[verb] = node.name
                case _:
                    pass
    return found


def _extra(
    cls: Closure, node: FunctionNode, made: ast.Call, more: Mapping[str, str], evaluator: Evaluator
) -> Iterator[ExtraAction]:
    scope = evaluator.class_scope(cls)
    given = evaluator.given(made, scope)
    detail = _ACTIONS[last(made)]
    if detail is None:
        detail = evaluator.literal(given.get("detail", 1)) is True
    told = evaluator.literal(given.get("methods", 0))
    verbs = [str(one).lower() for one in told] if isinstance(told, list) else ["get"]
    path = evaluator.text(given.words.get("url_path")) or node.name
    found = matched(path)
    if found is None:
        return
    methods = dict.fromkeys(verbs, node.name) | dict(more)
    options = {name: one.node for name, one in given.words.items()}
    yield ExtraAction(found[0], detail, methods, found[1], options)


def answers(view: Closure, evaluator: Evaluator) -> dict[str, str]:
    """The methods that a class-based view answers, each with the function or action that does."""
    found: dict[str, str] = {}
    for name in evaluator.ancestors(view):
        for verb, action in _GENERIC.get(name, {}).items():
            found.setdefault(verb, action)
        for verb in _PAGES.get(name, ()):
            found.setdefault(verb, verb)
    for verb in METHODS:
        if verb in {"options", "head"}:
            continue  # every view answers these by itself
        if isinstance(evaluator.class_attribute(view, verb), Closure):
            found[verb] = found.get(verb, verb)
    return found


def allowed(view: Closure, evaluator: Evaluator) -> frozenset[str] | None:
    """The methods that `http_method_names` leaves; None when a view does not restrict them."""
    told = evaluator.literal(view_node(view, "http_method_names", evaluator))
    return frozenset(str(one).lower() for one in told) if isinstance(told, list) else None


def answered(node: FunctionNode, view: Closure, evaluator: Evaluator) -> tuple[tuple[str, ...], bool]:
    """The methods that a view function answers, and whether it is one of Django REST framework's."""
    for decorator in node.decorator_list:
        name = last(decorator)
        if name in {"api_view", "require_http_methods"}:
            given = evaluator.given(decorator, view.scope) if isinstance(decorator, ast.Call) else None
            told = (
                evaluator.literal(given.get("http_method_names", 0) or given.get("request_method_list"))
                if given
                else None
            )
            verbs = tuple(str(one).lower() for one in told) if isinstance(told, list) else ("get",)
            return tuple(one for one in METHODS if one in verbs), name == "api_view"
        if name in _ANSWERING:
            return _ANSWERING[name], False
    asked = {"get"}
    for one in ast.walk(node):
        match one:
            case ast.Compare(left=ast.Attribute(attr="method"), comparators=[ast.Constant(value=str() as verb)]):
                asked.add(verb.lower())
            case _:
                pass
    return tuple(one for one in METHODS if one in asked), False
