"""Every route of a project as one list of operations, whatever the frameworks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from manyeyes_tools.documents.api import aiohttp_routes, express, fastapi_operations, flask_operations
from manyeyes_tools.documents.api.evaluation import Evaluator
from manyeyes_tools.documents.api.fastapi_routes import MAKERS, FastapiRoutes
from manyeyes_tools.documents.api.flask_routes import APPLICATIONS, BLUEPRINTS, FlaskRoutes
from manyeyes_tools.documents.api.schemas import Schemas
from manyeyes_tools.documents.api.scopes import Imported, Project
from manyeyes_tools.documents.api.walking import Walk

if TYPE_CHECKING:
    import ast
    from collections.abc import Mapping, Sequence

    from manyeyes_tools.documents.api.endpoints import Endpoint, Operation, Schema
    from manyeyes_tools.documents.api.evaluation import Expression
    from manyeyes_tools.documents.api.scopes import FunctionNode, Scope
    from manyeyes_tools.documents.api.walking import Visitor
    from manyeyes_tools.documents.symbols import Module


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


def read(modules: Sequence[Module]) -> Described:
    """Find and read every route."""
    result = Described()
    evaluator = Evaluator(Project(modules))
    fastapi = FastapiRoutes(evaluator)
    flask = FlaskRoutes(evaluator)
    aiohttp = aiohttp_routes.AiohttpRoutes(evaluator)
    makers = MAKERS | APPLICATIONS | BLUEPRINTS | aiohttp_routes.MAKERS
    Walk(evaluator, _All(fastapi, flask, aiohttp), makers).run()
    schemas = Schemas(evaluator)
    for endpoint in fastapi.endpoints():
        result.operations.append((endpoint, fastapi_operations.operation(endpoint, schemas, result.schemes)))
    for endpoint in flask.endpoints():
        result.operations.append((endpoint, flask_operations.operation(endpoint, schemas)))
    for endpoint in aiohttp.endpoints():
        result.operations.append((endpoint, aiohttp_routes.operation(endpoint)))
    result.operations.extend(express.operations(modules, evaluator.project, result.problems))
    result.problems.extend(_unread(evaluator.project))
    result.problems.extend([*fastapi.problems, *flask.problems, *aiohttp.problems])
    result.components = schemas.components
    for router in fastapi.applications[:1]:
        result.title = evaluator.text(router.given.words.get("title")) or (
            "FastAPI" if router.kind == "FastAPI" else None
        )
        result.version = evaluator.text(router.given.words.get("version"))
        result.about = evaluator.text(router.given.words.get("description"))
    return result


def _unread(project: Project) -> list[str]:
    """What is seen to declare routes in a way that is not read: never told as if there were none."""
    return [
        f"{module.path}: Django's URL patterns are not read, so the routes declared here are left out"
        for module in project.modules
        if any(
            isinstance(one, Imported) and one.module in {"django.urls", "django.conf.urls", "rest_framework.routers"}
            for bound in project.scope(module).bindings.values()
            for one in bound
        )
    ]
