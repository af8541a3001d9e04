"""Every route of a project as one list of operations, whatever the frameworks."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from manyeyes_tools.documents.api import (
    aiohttp_routes,
    django_operations,
    express,
    fastapi_operations,
    flask_operations,
)
from manyeyes_tools.documents.api.evaluation import Evaluator
from manyeyes_tools.documents.api.fastapi_routes import MAKERS, FastapiRoutes
from manyeyes_tools.documents.api.flask_routes import APPLICATIONS, BLUEPRINTS, FlaskRoutes
from manyeyes_tools.documents.api.schemas import Schemas
from manyeyes_tools.documents.api.scopes import Project
from manyeyes_tools.documents.api.walking import Walk

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from manyeyes_tools.documents.api.endpoints import Endpoint, Operation, Schema
    from manyeyes_tools.documents.api.scopes import FunctionNode, Scope
    from manyeyes_tools.documents.api.values import Expression
    from manyeyes_tools.documents.api.walking import Visitor
    from manyeyes_tools.documents.symbols import Module

_NO_PATH: Final = re.compile(r"^(.+?:\d+): the path of \S+ is not a literal")
SECONDS: Final = 60.0
"""How long the routes of a project are looked for."""


@dataclass(slots=True)
class Described:
    """All that was found.

    Attributes:
        operations: Each endpoint with what it takes and gives, in the order they are declared.
        components: The schemas that they refer to.
        schemes: The security schemes that they ask for.
        problems: What could not be told, for people.
        options: What the application itself was made with.
    """

    operations: list[tuple[Endpoint, Operation]] = field(default_factory=list)
    components: dict[str, Schema] = field(default_factory=dict)
    schemes: dict[str, Schema] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    title: str | None = None
    version: str | None = None
    about: str | None = None
    options: Mapping[str, Expression] = field(default_factory=dict)


class _All:
    """Tells several visitors of what a walk meets."""

    def __init__(self, *visitors: Visitor) -> None:
        self._visitors = visitors

    def call(self, node: ast.Call, scope: Scope) -> None:
        for one in self._visitors:
            one.call(node, scope)

    def decorated(self, node: FunctionNode | ast.ClassDef, decorator: ast.expr, scope: Scope) -> None:
        for one in self._visitors:
            one.decorated(node, decorator, scope)


def read(modules: Sequence[Module], seconds: float = SECONDS) -> Described:
    """Find and read every route.

    Args:
        modules: The files.
        seconds: When the time is over, what was read so far is told, with a problem that says so.
    """
    result = Described()
    if not modules:
        return result
    end = time.monotonic() + seconds

    def late() -> bool:
        return time.monotonic() > end

    evaluator = Evaluator(Project(modules))
    schemas = Schemas(evaluator)
    for one in _operations(modules, evaluator, schemas, result, late):
        result.operations.append(one)
        if late():
            break
    if late():
        result.problems.insert(
            0, f"reading routes took more than {seconds:g} s and was stopped, so routes are missing; give fewer files"
        )
    result.components = schemas.components
    result.problems = list(_still_missing(result))
    return result


def _still_missing(result: Described) -> Iterator[str]:
    """The problems, but for routes that were described after all: a router may be included in several ways."""
    there = {endpoint.where for endpoint, _ in result.operations}
    for problem in result.problems:
        found = _NO_PATH.match(problem)
        if found is None or found[1] not in there:
            yield problem


def _operations(
    modules: Sequence[Module], evaluator: Evaluator, schemas: Schemas, result: Described, late: Callable[[], bool]
) -> Iterator[tuple[Endpoint, Operation]]:
    fastapi = FastapiRoutes(evaluator)
    flask = FlaskRoutes(evaluator)
    aiohttp = aiohttp_routes.AiohttpRoutes(evaluator)
    makers = MAKERS | APPLICATIONS | BLUEPRINTS | aiohttp_routes.MAKERS
    Walk(evaluator, _All(fastapi, flask, aiohttp), makers, late).run()
    for router in fastapi.applications[:1]:
        result.title = evaluator.text(router.given.words.get("title")) or (
            "FastAPI" if router.kind == "FastAPI" else None
        )
        result.version = evaluator.text(router.given.words.get("version"))
        result.about = evaluator.text(router.given.words.get("description"))
    for endpoint in fastapi.endpoints():
        yield endpoint, fastapi_operations.operation(endpoint, schemas, result.schemes)
    for endpoint in flask.endpoints():
        yield endpoint, flask_operations.operation(endpoint, schemas, result.schemes)
    for endpoint in aiohttp.endpoints():
        yield endpoint, aiohttp_routes.operation(endpoint)
    yield from express.operations(modules, evaluator.project, result.problems)
    yield from django_operations.operations(evaluator, schemas, result.schemes, result.problems)
    result.problems.extend([*fastapi.problems, *flask.problems, *aiohttp.problems])
