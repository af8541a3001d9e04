"""The functions of a file that handle requests, and what stands in and around them."""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_names import called, dotted, keyword
from manyeyes_tools.evidence.python_walk import walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes_tools.evidence.python_names import Function, Tree

CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
"""The methods of HTTP that change something."""

_FRAMEWORKS = re.compile(
    r"flask|django|fastapi|starlette|aiohttp|tornado|bottle|sanic|quart|rest_framework|litestar|falcon|ninja"
)
_ROUTES = frozenset({"route", "get", "post", "put", "patch", "delete", "api_route"})
_REGISTERING = frozenset({"Route", "add_route", "add_url_rule", "add_api_route", "path", "re_path"})
_VERBS = {
    f"{prefix}{verb}": verb.upper() for prefix in ("", "add_") for verb in ("get", "post", "put", "patch", "delete")
}
_BEFORE = re.compile(r"before_request|middleware|before_app_request")
_DENIES = re.compile(r"abort|redirect|unauthori[sz]ed|forbidden|denied|HTTPException|40[13]", re.IGNORECASE)
REQUIRES = re.compile(r"_required$|^requires?_(?:auth|login|user)", re.IGNORECASE)
"""Decorators that turn requests away by themselves, so that the function below them may be empty."""
_OF_CLASS = frozenset({
    "prepare", "dispatch", "get_queryset", "get_current_user", "initial", "test_func", "check_permissions",
    "get_permissions",
})  # fmt: skip
"""Methods of a class that have a say before its handlers do their work."""
_VIEWS = re.compile(r"View|Handler|Resource|Endpoint|APIView")
_ACTIONS = {"create": "POST", "update": "POST", "partial_update": "POST", "destroy": "POST", "retrieve": "GET"}
_NOT_GIVEN = frozenset({"self", "cls", "request", "req"})
_SESSION = re.compile(r"(?:flask|quart)\.")
_LONGEST_TEXT = 200
"""Names and statements are shorter, pages longer."""
_FORBIDDEN = 403
_BASES = 10
"""Nobody inherits over more."""


@dataclass(frozen=True, slots=True)
class Handler:
    """A function that handles requests.

    Attributes:
        node: It.
        names: All names and short texts in it, its decorators and its class.
        path: The route's path, where it stands at the function.
        methods: The methods of HTTP that it takes; empty when unknown.
        arguments: Its own parameters that come from the path.
        body: The names in its body alone.
        cls: The class that it is a method of.
        around: The names of its module outside of functions.
    """

    node: Function
    names: tuple[str, ...]
    path: str
    methods: frozenset[str]
    arguments: tuple[str, ...]
    body: tuple[str, ...]
    cls: ast.ClassDef | None
    around: tuple[str, ...]


def words_of(node: ast.AST) -> Iterator[str]:
    """All names and short texts in a piece of code."""
    for one in walk(node):
        if isinstance(one, ast.Attribute):
            yield dotted(one) or one.attr
        elif isinstance(one, ast.Name):
            yield one.id
        elif isinstance(one, ast.Constant):
            if isinstance(one.value, str) and len(one.value) < _LONGEST_TEXT:
                yield one.value
            elif one.value == _FORBIDDEN:
                yield str(_FORBIDDEN)
        elif isinstance(one, ast.keyword | ast.arg) and one.arg:
            yield one.arg


def handlers_of(tree: Tree) -> list[Handler]:
    """The functions of a file that handle requests; to be asked for with `tree.once(handlers_of)`."""
    if not _may_serve(tree):
        return []
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    outside = (*functions, ast.ClassDef, ast.Import, ast.ImportFrom)
    around = tuple(word for node in tree.module.body if not isinstance(node, outside) for word in words_of(node))
    before = tuple(
        word for node in tree.module.body if isinstance(node, functions) and _stands_before(node)
        for word in words_of(node)
    )  # fmt: skip
    classes = {id(child): one for _, one in tree.each(ast.ClassDef) for child in one.body}
    registered = _registered(tree)
    django = "django" in str(tree.imports)
    session = _SESSION.match(tree.imports.get("session", ""))
    found = []
    for node in tree.functions():
        cls = classes.get(id(node))
        route = _decorated(node) or (_method(node, cls, tree) if cls else registered.get(node.name))
        if route is None and cls is None and django:
            route = _view(node)
        if route is None:
            continue
        path, methods = route
        inside = tuple(word for one in node.body for word in words_of(one))
        in_class = tuple(_words_of_class(cls)) if cls else ()
        outer = [*node.decorator_list, node.args, *(_head_of_class(cls) if cls else ())]
        names = (*inside, *in_class, *(word for one in outer for word in words_of(one)), *before)
        if session:
            names, inside = _marked(names), _marked(inside)
        given = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
        arguments = tuple(one.arg for one in given if one.arg not in _NOT_GIVEN)
        found.append(Handler(node, names, path, methods, arguments, (*inside, *in_class), cls, around))
    return found


def _may_serve(tree: Tree) -> bool:
    """Whether a file imports something that handlers are made with; `import x` may be any framework."""
    if _FRAMEWORKS.search(str(tree.imports)):
        return True
    whole = [alias.name for _, node in tree.each(ast.Import) for alias in node.names]
    parts = [node.module or "." for _, node in tree.each(ast.ImportFrom)]
    return bool(whole) and any(name.partition(".")[0] not in sys.stdlib_module_names for name in (*whole, *parts))


def _marked(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words with those told apart that read the session of a web framework."""
    return tuple(f"~{word}" if word.partition(".")[0] == "session" else word for word in words)


def _stands_before(node: Function) -> bool:
    """Whether a function runs before the handlers and can turn requests away."""
    decorators = [dotted(one.func if isinstance(one, ast.Call) else one) for one in node.decorator_list]
    if not any(map(_BEFORE.search, decorators)):
        return False
    return any(map(REQUIRES.search, decorators)) or any(map(_DENIES.search, words_of(node)))


def _head_of_class(cls: ast.ClassDef) -> Iterator[ast.AST]:
    yield from cls.decorator_list
    yield from cls.bases
    yield from (one for one in cls.body if isinstance(one, ast.Assign | ast.AnnAssign))


def _words_of_class(cls: ast.ClassDef) -> Iterator[str]:
    for one in cls.body:
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and one.name in _OF_CLASS:
            yield one.name
            yield from words_of(one)


Route = tuple[str, frozenset[str]]
"""Path and methods; empty where they are not known."""


def _registered(tree: Tree) -> dict[str, Route]:
    """Functions that are given to a router by a call, with path and methods."""
    found: dict[str, Route] = {}
    for _, node, name in tree.calls():
        last = called(node, name)
        verb = _VERBS.get(last, "")
        if (last not in _REGISTERING and not verb) or len(node.args) < 2:  # noqa: PLR2004  # a path and a function
            continue
        texts = [one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
        methods = frozenset({verb}) if verb else _texts(keyword(node, "methods"))
        if last == "add_route" and texts and texts[0].upper() in CHANGING | {"GET"}:
            methods, texts = frozenset({texts[0].upper()}), texts[1:]
        for one in (*node.args, *(word.value for word in node.keywords)):
            function = dotted(one)
            if function:
                found[function.rpartition(".")[2]] = (texts[0] if texts else "", methods)
    return found


def _texts(node: ast.expr | None) -> frozenset[str]:
    """The constants in a list or tuple, or the one constant, as upper-case text."""
    parts = node.elts if isinstance(node, ast.List | ast.Tuple) else [node]
    return frozenset(str(one.value).upper() for one in parts if isinstance(one, ast.Constant))


def bases_of(cls: ast.ClassDef, tree: Tree) -> Iterator[str]:
    """The names of a class's bases, and of theirs where they stand in the same file."""
    known = {one.name: one for one in tree.module.body if isinstance(one, ast.ClassDef)}
    pending, seen = [cls], 0
    while pending and seen < _BASES:
        one = pending.pop()
        seen += 1
        for base in one.bases:
            name = tree.name_of(base)
            yield name
            if name in known and known[name] is not one:
                pending.append(known[name])


def _decorated(node: Function) -> Route | None:
    """The route that a decorator says."""
    for one in node.decorator_list:
        call = one if isinstance(one, ast.Call) else None
        function = call.func if call else one
        last = dotted(function).rpartition(".")[2]
        first = call.args[0] if call and call.args else None
        if call and last in _ROUTES and isinstance(function, ast.Attribute):
            path = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""
            if last not in {"route", "api_route"}:
                return path, frozenset({last.upper()})
            return path, _texts(keyword(call, "methods") or keyword(call, "method")) or frozenset({"GET"})
        if call and last == "api_view":
            return "", _texts(first) or frozenset({"GET"})
        if last in {"require_POST", "require_http_methods"}:
            return "", _texts(first) or frozenset({"POST"})
    return None


def _method(node: Function, cls: ast.ClassDef, tree: Tree) -> Route | None:
    """The route that a method's name says in a class of handlers."""
    verb = node.name.upper()
    if verb not in CHANGING | {"GET"} and node.name not in _ACTIONS:
        return None
    bases = " ".join(bases_of(cls, tree))
    if node.name.islower() and verb in CHANGING | {"GET"} and _VIEWS.search(bases):
        return "", frozenset({verb})
    if node.name in _ACTIONS and "ViewSet" in bases:
        return "", frozenset({_ACTIONS[node.name]})
    return None


def _view(node: Function) -> Route | None:
    """The route of a function that Django calls: its first parameter is the request."""
    first = node.args.args[0] if node.args.args else None
    if first is None or first.arg != "request":
        return None
    parts = walk(node)
    posts = any(isinstance(one, ast.Attribute) and dotted(one) in {"request.POST", "request.body"} for one in parts)
    posts = posts or any(isinstance(one, ast.Constant) and one.value in CHANGING for one in parts)
    return "", frozenset({"POST" if posts else "GET"})
