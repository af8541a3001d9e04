"""An OpenAPI 3.1 description of the routes in source code."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from manyeyes_tools.documents.api.describing import Described, read
from manyeyes_tools.documents.docstrings import read_docstring
from manyeyes_tools.documents.prose import Prose

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manyeyes.types import Json
    from manyeyes_tools.documents.api.endpoints import Endpoint, Operation, Schema
    from manyeyes_tools.documents.prose import Told
    from manyeyes_tools.documents.symbols import Module, Symbol


__all__ = ["Described", "Description", "describe", "faults", "handlers", "read"]


@dataclass(frozen=True, slots=True)
class Description:
    """An OpenAPI document as JSON text, and what of the code could not be told in it."""

    document: str
    problems: tuple[str, ...]


def handlers(modules: Sequence[Module], found: Described | None = None) -> tuple[Symbol, ...]:
    """The functions that answer routes, each once.

    Args:
        modules: The files.
        found: What `read` gave for them, when it was called before.
    """
    result: dict[tuple[str, str], Symbol] = {}
    for endpoint, _ in (found or read(modules)).operations:
        symbol = endpoint.module.named(endpoint.name)
        if endpoint.handler is not None and symbol is not None and symbol.line == endpoint.handler.lineno:
            result[endpoint.module.path, symbol.name] = symbol
    return tuple(result.values())


def describe(modules: Sequence[Module], told: Told, found: Described | None = None) -> Description:
    """Describe every route.  Code without routes gives a valid document with no paths and a problem.

    Args:
        modules: The files.
        told: What a model wrote about them.
        found: What `read` gave for them, when it was called before; it is used up.
    """
    found = found or read(modules)
    problems = list(dict.fromkeys(found.problems))
    paths: dict[str, dict[str, Json]] = {}
    templates: dict[str, str] = {}
    for endpoint, operation in found.operations:
        # two paths that differ only in the names of their parameters are one to OpenAPI
        path = templates.setdefault(re.sub(r"\{[^}]*\}", "{}", endpoint.path), endpoint.path)
        item = paths.setdefault(path, {})
        if endpoint.method in item:
            problems.append(
                f"{endpoint.where}: {endpoint.method.upper()} {endpoint.path} is declared twice; the first one counts"
            )
            continue
        if path != endpoint.path:
            _rename(operation, endpoint.path, path)
        item[endpoint.method] = _operation(endpoint, operation, told)
        problems.extend(note for note in operation.notes if note not in problems)
    if not found.operations:
        problems.append("no route of a known framework was found, so the description has no paths")
    _distinct_ids(paths)
    document: dict[str, Json] = {"openapi": "3.1.0", "info": _info(modules, found), "paths": cast("Json", paths)}
    components: dict[str, Json] = {}
    if found.components:
        components["schemas"] = {name: found.components[name] for name in sorted(found.components)}
    if found.schemes:
        components["securitySchemes"] = {name: found.schemes[name] for name in sorted(found.schemes)}
    if components:
        document["components"] = components
    return Description(json.dumps(document, indent=2, ensure_ascii=False) + "\n", tuple(problems))


def faults(document: str) -> list[str]:
    """What is wrong with an OpenAPI 3.1 document; empty when it is valid."""
    # half a second to import, wanted for this format alone
    from openapi_spec_validator import OpenAPIV31SpecValidator

    return [str(error.message) for error in OpenAPIV31SpecValidator(json.loads(document)).iter_errors()]


def _operation(endpoint: Endpoint, found: Operation, told: Told) -> Schema:
    """The OpenAPI operation of an endpoint, its texts from the code or else from a model."""
    docstring = ast.get_docstring(endpoint.handler) or "" if endpoint.handler is not None else ""
    doc = read_docstring(docstring.partition("\f")[0])
    prose = told.get(f"{endpoint.module.path}::{endpoint.name}", Prose())
    options = {name: one.node for name, one in endpoint.options.items()}
    result: Schema = {}
    if endpoint.tags:
        result["tags"] = list(endpoint.tags)
    name = endpoint.name.rpartition(".")[2] or endpoint.method
    result["summary"] = (
        found.summary or _text(options.get("summary")) or doc.summary or prose.summary or name.replace("_", " ").title()
    )
    given = found.description or _text(options.get("description"))
    if details := given or "\n\n".join(filter(None, (doc.details, prose.details))):
        result["description"] = details
    result["operationId"] = _text(options.get("operation_id")) or _operation_id(endpoint)
    deprecated = options.get("deprecated")
    if isinstance(deprecated, ast.Constant) and deprecated.value is True:
        result["deprecated"] = True
    meanings = {**prose.parameters, **doc.parameters}
    parameters: list[Json] = []
    for parameter in found.parameters.values():
        meaning = meanings.get(parameter.name) or meanings.get(parameter.name.replace("-", "_"))
        if meaning and not parameter.description:
            parameter.description = meaning
        parameters.append(parameter.shown())
    if parameters:
        result["parameters"] = parameters
    if found.body:
        body: Schema = {"content": {media: {"schema": schema} for media, schema in found.body.items()}}
        result["requestBody"] = body | ({"required": True} if found.body_required else {})
    result["responses"] = cast("Json", found.responses or {"default": {"description": "Answer"}})
    if found.security:
        result["security"] = [{name: cast("Json", list(scopes))} for name, scopes in found.security.items()]
    return result


def _rename(operation: Operation, own: str, shared: str) -> None:
    """Give path parameters the names that the same path has elsewhere."""
    names = dict(zip(re.findall(r"\{([^}]*)\}", own), re.findall(r"\{([^}]*)\}", shared), strict=True))
    for parameter in operation.parameters.values():
        if parameter.place == "path":
            parameter.name = names.get(parameter.name, parameter.name)


def _info(modules: Sequence[Module], found: Described) -> dict[str, Json]:
    first = next(
        iter((*(one.module.itself for one, _ in found.operations), *(module.itself for module in modules))), None
    )
    info: dict[str, Json] = {
        "title": found.title or (first.name if first else "No code"),
        "version": found.version or "0.1.0",
    }
    about = found.about or (first.docstring if first else "")
    return info | ({"description": about} if about else {})


def _distinct_ids(paths: dict[str, dict[str, Json]]) -> None:
    """Number operation identifiers that occur more than once, since they must be unique."""
    seen: set[str] = set()
    for item in paths.values():
        for entry in item.values():
            if isinstance(entry, dict):
                name = base = str(entry["operationId"])
                number = 2
                while name in seen:
                    name, number = f"{base}_{number}", number + 1
                seen.add(name)
                entry["operationId"] = name


def _operation_id(endpoint: Endpoint) -> str:
    return re.sub(r"\W", "_", f"{endpoint.name.rpartition('.')[2]}{endpoint.path}") + f"_{endpoint.method}"


def _text(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
