"""The arguments of the tools that look at code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from manyeyes.tool import Arguments

if TYPE_CHECKING:
    from manyeyes.types import Json

Depth = Literal["quick", "standard", "panel"]
Format = Literal["markdown", "openapi", "html"]


def lean(schema: dict[str, Json]) -> None:
    """Take out of the JSON schema what tells a model nothing: titles, and defaults that are null."""
    schema.pop("title", None)
    schema.pop("description", None)
    properties = schema.get("properties")
    for field in properties.values() if isinstance(properties, dict) else ():
        if isinstance(field, dict):
            field.pop("title", None)
            if field.get("default", ...) is None:
                del field["default"]


def _listed(value: object) -> object:
    """A lone path as a list of one: what callers mean by it is plain."""
    return (value,) if isinstance(value, str) else value


class CodeArguments(Arguments):
    """Code as text or in files, and how to look at it."""

    model_config = ConfigDict(json_schema_extra=lean)

    code: Annotated[str | SkipJsonSchema[None], Field(description="Source text.")] = None
    language: Annotated[str | SkipJsonSchema[None], Field(description="Of `code`.")] = None
    paths: Annotated[
        tuple[str, ...] | SkipJsonSchema[None],
        BeforeValidator(_listed),
        Field(description="Files, folders, globs."),
    ] = None
    model: Annotated[str | SkipJsonSchema[None], Field(description="Ask this model: provider:model or alias.")] = None
    depth: Annotated[Depth, Field(description="quick: cheap; panel: several vendors.")] = "standard"
    cursor: Annotated[str | SkipJsonSchema[None], Field(description="Of a cut result, to read on.")] = None


class MaterialArguments(CodeArguments):
    """As above, and changes too."""

    diff: Annotated[str | SkipJsonSchema[None], Field(description="Unified diff.")] = None
    git: Annotated[str | SkipJsonSchema[None], Field(description="staged, working or main...HEAD.")] = None


class ReviewArguments(MaterialArguments):
    """What `code_review` takes."""

    focus: Annotated[str | None, Field(description="What to look at most.", max_length=500)] = None


class ScanArguments(MaterialArguments):
    """What `security_scan` takes."""

    scan_type: Annotated[
        Literal["sast", "dast", "sca"], Field(description="sast: code; sca: dependencies; dast: a running target.")
    ] = "sast"
    target_url: Annotated[str | None, Field(description="For dast.", max_length=2_000)] = None


class DocArguments(CodeArguments):
    """Code to document, and in which form."""

    format: Annotated[Format, Field(description="openapi: of routes.")] = "markdown"
    check: Annotated[str | SkipJsonSchema[None], Field(description="A document to hold against the code.")] = None


class PipelineArguments(MaterialArguments):
    """What `code_pipeline` takes."""

    mode: Annotated[Literal["sequential", "parallel"], Field(description="parallel: best practices, no documents.")] = (
        "sequential"
    )
