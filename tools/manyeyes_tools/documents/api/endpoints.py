"""One way into an application: a method, a path and the function that answers, whatever the framework."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from manyeyes.types import Json
    from manyeyes_tools.documents.api.scopes import FunctionNode, Scope
    from manyeyes_tools.documents.api.values import Expression
    from manyeyes_tools.documents.symbols import Module

Framework: TypeAlias = Literal["fastapi", "starlette", "flask", "django", "aiohttp", "express"]
Place: TypeAlias = Literal["path", "query", "header", "cookie"]
Schema: TypeAlias = "dict[str, Json]"

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
"""The methods that OpenAPI 3.1 knows."""
BODILESS = frozenset({"get", "head", "options", "trace"})

CONVERTERS: Mapping[str, Schema] = {
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "uuid": {"type": "string", "format": "uuid"},
}
"""What the converters of a path give that are not plain text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One method of one path.

    Attributes:
        path: As OpenAPI writes it, with all prefixes.
        parts: The parameters in the path and the schema that their converters give them.
        module: Where it is declared.
        line: Where its handler, or else its declaration, begins.
        name: The handler's dotted name in its module.
        handler: The function that answers; None when it is not in the files.
        scope: Where the handler's annotations and defaults are looked up.
        bound: Whether the handler's first argument is the object it belongs to.
        options: What the declaration gives by name.
        tags: Those of the routers that hold it and its own.
        dependencies: What routers and the declaration add to the handler's own dependencies.
        responses: Mappings from status to answer, the farthest router's first.
    """

    method: str
    path: str
    parts: Mapping[str, Schema]
    framework: Framework
    module: Module
    line: int
    name: str
    handler: FunctionNode | None = None
    scope: Scope
    bound: bool = False
    options: Mapping[str, Expression] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    dependencies: tuple[Expression, ...] = ()
    responses: tuple[Expression, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """What makes it one of a kind."""
        return self.path, self.method

    @property
    def where(self) -> str:
        """Its place, for people."""
        return f"{self.module.path}:{self.line}"


@dataclass(slots=True)
class Parameter:
    """A value that an operation takes from path, query, header or cookie."""

    name: str
    place: Place
    schema: Schema
    required: bool
    description: str = ""
    deprecated: bool = False

    def shown(self) -> Schema:
        """As OpenAPI writes it."""
        result: Schema = {"name": self.name, "in": self.place, "required": self.required or self.place == "path"}
        if self.deprecated:
            result["deprecated"] = True
        result["schema"] = self.schema
        if self.description:
            result["description"] = self.description
        return result


@dataclass(slots=True)
class Operation:
    """What an endpoint takes and gives.

    Attributes:
        parameters: By place and name.
        body: The schema of each media type of the body; empty without a body.
        body_required: Whether a request must have it.
        responses: By status; a key `default` stands for one that is not told.
        security: Names of security schemes, with scopes, as the framework lists them.
        notes: What could not be told, for people.
        summary, description: What the code itself says of it.
    """

    parameters: dict[tuple[Place, str], Parameter] = field(default_factory=dict)
    body: dict[str, Schema] = field(default_factory=dict)
    body_required: bool = False
    responses: dict[str, Schema] = field(default_factory=dict)
    security: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    summary: str = ""
    description: str = ""

    def add(self, parameter: Parameter) -> None:
        """Add a parameter; of two of one name the one that is required stays."""
        key = (parameter.place, parameter.name)
        known = self.parameters.get(key)
        if known is None or (parameter.required and not known.required):
            self.parameters[key] = parameter


def last(node: ast.expr | None) -> str:
    """The last name in `a.b.c`, the called one's in a call; empty for anything else."""
    if isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Subscript):
        node = node.value
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
