"""An OpenAPI 3.1 description of the routes in source code."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from manyeyes_tools.documents.operations import operation
from manyeyes_tools.documents.routes import application, find_routes, text
from manyeyes_tools.documents.schemas import Schemas

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manyeyes.types import Json
    from manyeyes_tools.documents.prose import Told
    from manyeyes_tools.documents.routes import Route
    from manyeyes_tools.documents.symbols import Module, Symbol


@dataclass(frozen=True, slots=True)
class Description:
    """An OpenAPI document as JSON text, and what of the code could not be told in it."""

    document: str
    problems: tuple[str, ...]


def handlers(modules: Sequence[Module]) -> tuple[Symbol, ...]:
    """The functions that answer routes, each once."""
    found = {
        (route.module.path, symbol.name): symbol
        for route in find_routes(modules)[0]
        if (symbol := route.module.named(route.handler.name)) and symbol.line == route.handler.lineno
    }
    return tuple(found.values())


def describe(modules: Sequence[Module], told: Told) -> Description:
    """Describe every route.  Code without routes gives a valid document with no paths and a problem."""
    routes, unread = find_routes(modules)
    problems = list(unread)
    schemas = Schemas(modules)
    paths: dict[str, dict[str, Json]] = {}
    for route in routes:
        item = paths.setdefault(route.path, {})
        if route.method in item:
            where = f"{route.module.path}:{route.handler.lineno}"
            problems.append(f"{where}: {route.method.upper()} {route.path} is declared twice; the first one counts")
            continue
        item[route.method] = operation(route, schemas, told)
    if not routes:
        problems.append("no FastAPI or Flask route was found, so the description has no paths")
    _distinct_ids(paths)
    document: dict[str, Json] = {"openapi": "3.1.0", "info": _info(modules, routes), "paths": cast("Json", paths)}
    if schemas.components:
        document["components"] = {"schemas": {name: schemas.components[name] for name in sorted(schemas.components)}}
    return Description(json.dumps(document, indent=2, ensure_ascii=False) + "\n", tuple(problems))


def faults(document: str) -> list[str]:
    """What is wrong with an OpenAPI 3.1 document; empty when it is valid."""
    # half a second to import, wanted for this format alone
    from openapi_spec_validator import OpenAPIV31SpecValidator

    return [str(error.message) for error in OpenAPIV31SpecValidator(json.loads(document)).iter_errors()]


def _info(modules: Sequence[Module], routes: Sequence[Route]) -> dict[str, Json]:
    options = application(modules)
    titled = text(options.get("title"))
    first = next(iter((*(route.module.itself for route in routes), *(module.itself for module in modules))), None)
    info: dict[str, Json] = {
        "title": titled or (first.name if first else "No code"),
        "version": text(options.get("version")) or "0.1.0",
    }
    about = text(options.get("description")) or (first.docstring if first else "")
    return info | ({"description": about} if about else {})


def _distinct_ids(paths: dict[str, dict[str, Json]]) -> None:
    """Number operation identifiers that occur more than once, since they must be unique."""
    seen: dict[str, int] = {}
    for item in paths.values():
        for entry in item.values():
            if isinstance(entry, dict):
                name = str(entry["operationId"])
                seen[name] = seen.get(name, 0) + 1
                if seen[name] > 1:
                    entry["operationId"] = f"{name}_{seen[name]}"
