"""What `customer_service` takes and returns.  Wire types: their field names are the contract."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from manyeyes.results import Result, Wire
from manyeyes.tool import Arguments
from manyeyes_tools.arguments import Depth, lean


class SupportArguments(Arguments):
    """A customer's message, and the conversation that it belongs to."""

    model_config = ConfigDict(json_schema_extra=lean)

    message: Annotated[str, Field(description="What the customer wrote.", max_length=20_000)]
    conversation_id: Annotated[
        str | SkipJsonSchema[None],
        Field(description="From the last result, to go on; leave out to begin.", min_length=1, max_length=200),
    ] = None
    model: Annotated[
        str | SkipJsonSchema[None], Field(description="Insist on a model: provider:model, name or alias.")
    ] = None
    depth: Annotated[Depth, Field(description="quick: a cheap model; panel: a second vendor checks.")] = "standard"
    cursor: Annotated[str | SkipJsonSchema[None], Field(description="From a cut result, to read on.")] = None


class Citation(Wire):
    """What the reply rests on: a quote that was found in the operator's knowledge, and where."""

    path: str
    heading: str
    line: int
    quote: str


class SupportResult(Result):
    """What `customer_service` returns.

    `handled_by` is the model that wrote the reply, or `knowledge` where passages are the answer, or `person` where a
    person must write it.  `intent_by` is the model that told the intent, or `classifier`.
    """

    conversation_id: str
    intent: str
    intent_confidence: float
    intent_by: str
    reply: str
    handled_by: str
    needs_human: bool
    human_reason: str | None
    citations: list[Citation] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
