"""Who asks for a log-in on behalf of handlers in other files: applications, routers, middleware and lists of addresses.

A file by itself does not show it, so that its handlers look open.  What is noted here of each file is laid beside
what was said of all others.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_handlers import REQUIRES, words_of
from manyeyes_tools.evidence.python_names import called, dotted, keyword
from manyeyes_tools.evidence.python_options import entries
from manyeyes_tools.evidence.python_routes import NOBODY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from manyeyes_tools.evidence.python_names import Tree
    from manyeyes_tools.evidence.rules import Hit

ELSEWHERE = 0.5
"""What is left of the confidence where the guard is in another part of the project: it may be of another program."""

_ASKS = re.compile(
    r"(?<![a-z])auth(?!or)|authenticat|authori[sz]|login|jwt|permission|current_(?:\w+_)?(?:super)?user|require_|verify_|get_user|"
    r"api_?key|principal|bearer",
    re.IGNORECASE,
)
_DENIES = re.compile(r"abort|redirect|unauthori[sz]ed|forbidden|denied|HTTPException|40[13]", re.IGNORECASE)
_NO_GUARD = "django.contrib.auth.middleware.AuthenticationMiddleware"
"""It notes who asks, and lets everyone pass."""
_PERMITS_ALL = frozenset({"AllowAny", "IsAuthenticatedOrReadOnly"})
_APPLICATIONS = frozenset({"FastAPI", "Starlette", "Application", "Litestar", "Sanic", "Quart", "Flask"})
_BEFORE = frozenset({"before_app_request", "middleware", "on_request"})


@dataclass(frozen=True, slots=True)
class Guard:
    """Something that asks first.

    Attributes:
        path: The file in which it stands.
        covers: The module, class or function whose handlers it stands before, as it is named there; empty for all.
    """

    path: str
    covers: str = ""


def find_guards(tree: Tree, path: str) -> tuple[Guard, ...]:
    """The guards that stand in a file."""
    guards = [Guard(path, covers) for covers in _covered(tree)]
    if any(
        (name == "MIDDLEWARE" and _required_by_settings(value))
        or (name == "REST_FRAMEWORK" and _required_by_default(value))
        for name, value in _settings(tree)
    ):
        guards.append(Guard(_of_program(path)))
    return tuple(dict.fromkeys(guards))


def _of_program(path: str) -> str:
    """Where settings would stand if they stood above all of their program: `shop` for `shop/project/settings/base.py`.

    Django's settings lie in a package beside the applications that they are for.
    """
    folders = [one for one in PurePosixPath(path).parent.parts if one not in {"settings", "config", "conf"}]
    return str(PurePosixPath(*folders[:-1], PurePosixPath(path).name))


def handler_names(tree: Tree) -> dict[int, str]:
    """The names of functions and methods by their lines, methods behind their class."""
    names: dict[int, str] = {}
    for node in tree.functions():
        names.setdefault(node.lineno, node.name)
    for _, cls in tree.each(ast.ClassDef):
        names[cls.lineno] = cls.name
        for one in cls.body:
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
                names[one.lineno] = f"{cls.name}.{one.name}"
    return names


def asked_elsewhere(
    hits: Sequence[Hit], guards: Sequence[Guard], names: Mapping[str, Mapping[int, str]]
) -> Iterator[Hit]:
    """The hits without those at handlers behind a guard; where it is unsure that they are, with less confidence.

    Args:
        hits: Of all files.
        guards: Of all files.
        names: The handlers' names by file and line.
    """
    for hit in hits:
        if hit.rule.id != NOBODY.id or not guards:
            yield hit
            continue
        path = hit.file.path
        name = names.get(path, {}).get(hit.start_line, "")
        before = [one for one in guards if one.path != path and _stands_before(one, path, name)]
        if any(one.covers or _below(path, one.path) for one in before):
            continue
        if before:
            sure = hit.rule.confidence if hit.confidence is None else hit.confidence
            hit = replace(hit, confidence=round(sure * ELSEWHERE, 3))  # noqa: PLW2901  # the same place, less sure
        yield hit


def _stands_before(guard: Guard, path: str, name: str) -> bool:
    if not guard.covers:
        return True
    module = ".".join(PurePosixPath(path).with_suffix("").parts).removesuffix(".__init__")
    parts = name.split(".") if name else []
    every = [".".join([module, *parts[:count]]) for count in range(len(parts) + 1)]
    near = _below(path, guard.path) or guard.covers.count(".") > 1
    return any(one == guard.covers or (near and one.endswith(f".{guard.covers}")) for one in every)


def _below(path: str, guard: str) -> bool:
    """Whether a file lies in the guard's folder or below it."""
    return PurePosixPath(path).is_relative_to(PurePosixPath(guard).parent)


def _covered(tree: Tree) -> Iterator[str]:  # noqa: C901  # one branch for each kind of guard
    if any(_before_all(node, tree) for node in tree.functions()):
        yield ""
    for _, call, name in tree.calls():
        last = called(call, name)
        if last == "include_router" and call.args:
            given = keyword(call, "dependencies")
            if given is not None and _asks(given):
                yield tree.name_of(call.args[0]).rpartition(".")[0] or tree.name_of(call.args[0])
        elif last in _APPLICATIONS or last == "add_middleware":
            parts = [keyword(call, word) for word in ("dependencies", "middlewares", "middleware", "permissions")]
            if last == "add_middleware":
                parts = [*call.args[:1]]
            if any(part is not None and _asks(part) for part in parts):
                yield ""
        elif last in {"path", "re_path", "url"} and len(call.args) > 1:
            view = call.args[1]
            if isinstance(view, ast.Call) and view.args and _ASKS.search(dotted(view.func)):
                inner = view.args[0].func if isinstance(view.args[0], ast.Call) else view.args[0]
                if covered := tree.name_of(inner).removesuffix(".as_view"):
                    yield covered


def _asks(node: ast.AST) -> bool:
    return any(_ASKS.search(word) for word in words_of(node))


def _before_all(node: ast.FunctionDef | ast.AsyncFunctionDef, tree: Tree) -> bool:
    """Whether a function runs before every handler of an application, and turns away those who may not go on."""
    decorators = [dotted(one.func if isinstance(one, ast.Call) else one) for one in node.decorator_list]
    for name in decorators:
        owner, _, last = name.rpartition(".")
        whole = last in _BEFORE or (last == "before_request" and _is_application(owner, tree))
        if whole:
            words = [word for part in node.body for word in words_of(part)]
            denies = any(map(_ASKS.search, words)) and any(map(_DENIES.search, words))
            return denies or any(map(REQUIRES.search, decorators))
    return False


def _is_application(name: str, tree: Tree) -> bool:
    """Whether a variable is the application and not one of its parts, whose guard is for its own handlers."""
    made = [value for scope in tree.scopes for _, value in scope.assigned.get(name, ())]
    if not made:
        return name.rpartition(".")[2] in {"app", "application"}
    return any(isinstance(one, ast.Call) and dotted(one.func).rpartition(".")[2] in _APPLICATIONS for one in made)


def _settings(tree: Tree) -> Iterator[tuple[str, ast.expr]]:
    """Variables, and what they are given: at once, by `+=`, or by `append`, `extend` and `insert`."""
    for _, node in tree.each(ast.Assign):
        yield from ((target.id, node.value) for target in node.targets if isinstance(target, ast.Name))
    further: list[ast.AnnAssign | ast.AugAssign] = [node for _, node in tree.each(ast.AnnAssign)]
    further += [node for _, node in tree.each(ast.AugAssign)]
    for one in further:
        if isinstance(one.target, ast.Name) and one.value is not None:
            yield one.target.id, one.value
    for _, call, _ in tree.calls():
        variable, _, method = dotted(call.func).rpartition(".")
        if method in {"append", "extend", "insert"} and call.args:
            yield variable, call.args[-1]


def _required_by_settings(value: ast.expr) -> bool:
    """Django's settings: middleware that requires a log-in everywhere."""
    return any(
        re.search(r"Login\w*Required|Require\w*Login|Auth\w*Required", word) and word != _NO_GUARD
        for word in words_of(value)
    )


def _required_by_default(value: ast.expr) -> bool:
    """Django REST framework's settings: who may call whatever does not say so itself; without them, everyone."""
    if not isinstance(value, ast.Dict):
        return False
    defaults = [one.value for one in entries(value) if one.name == "DEFAULT_PERMISSION_CLASSES"]
    classes = {word.rpartition(".")[2] for default in defaults for word in words_of(default)}
    return bool(classes) and not classes & _PERMITS_ALL
