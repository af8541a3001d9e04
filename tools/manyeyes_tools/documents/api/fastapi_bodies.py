"""The body of a FastAPI request, put together from all that its handler and dependencies read of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

    from manyeyes.types import Json
    from manyeyes_tools.documents.api.annotations import Annotation
    from manyeyes_tools.documents.api.endpoints import Endpoint, Operation, Schema

_JSON: Final = "application/json"
_FORM: Final = "application/x-www-form-urlencoded"
_PARTS: Final = "multipart/form-data"


@dataclass(frozen=True, slots=True)
class Taken:
    """One value read from the body."""

    name: str
    marker: str
    schema: Schema
    required: bool
    model: bool
    embed: bool
    media: str | None
    annotation: Annotation


def add_body(bodies: Mapping[str, Taken], endpoint: Endpoint, operation: Operation) -> None:
    """Put together what an endpoint reads from the body, as the framework does."""
    if not bodies or endpoint.method in {"options", "trace"}:
        return
    markers = {one.marker for one in bodies.values()}
    media = next((one.media for one in bodies.values() if one.media), None)
    kind = _PARTS if "File" in markers else _FORM if "Form" in markers else media or _JSON
    if kind in {_PARTS, _FORM} and media:
        kind = media
    single = next(iter(bodies.values()))
    alone = len(bodies) == 1 and not single.embed
    if alone and (
        single.marker == "Body" or (single.marker in {"Form", "File"} and single.model and single.marker == "Form")
    ):
        schema = single.schema
    else:
        # a form has no fields within fields: those of a model stand beside the others
        inside = [one for one in bodies.values() if one.model and one.marker == "Form"]
        beside = [one for one in bodies.values() if one not in inside]
        schema = {"type": "object", "properties": {one.name: one.schema for one in beside}}
        if names := [one.name for one in beside if one.required]:
            schema["required"] = cast("Json", names)
        if inside:
            parts = [one.schema if one.required else {"anyOf": [one.schema, {}]} for one in inside]
            schema["allOf"] = cast("Json", parts)
    operation.body = {kind: schema}
    operation.body_required = any(one.required for one in bodies.values())
