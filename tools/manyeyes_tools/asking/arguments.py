"""What `ask` takes.  The descriptions are read by models that call tools; each costs tokens on every call."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field
from pydantic.json_schema import SkipJsonSchema

from manyeyes.tool import Arguments

Depth: TypeAlias = Literal["quick", "standard", "panel"]
TaskType: TypeAlias = Literal[
    "code_generation",
    "long_context_analysis",
    "real_time_chat",
    "multimodal_fusion",
    "search_augmented",
    "media_processing",
    "analysis",
    "chat",
]
"""Kinds of work; each is a row of the routing table, or takes its default row."""


def _listed(value: object) -> object:
    """A lone item as a list of one: what callers mean by it is plain."""
    return (value,) if isinstance(value, str) else value


class AskArguments(Arguments):
    """A question, and how to answer it."""

    prompt: Annotated[str | SkipJsonSchema[None], Field(description="The question or task.")] = None
    task_type: Annotated[TaskType, Field(description="Decides which model is asked.")] = "chat"
    context: Annotated[str | SkipJsonSchema[None], Field(description="Text the answer should rest on.")] = None
    media: Annotated[
        tuple[str, ...],
        BeforeValidator(_listed),
        Field(description="Images, PDF, audio, video or text files: paths in a root, or data: URLs.", max_length=20),
    ] = ()
    max_tokens: Annotated[int, Field(description="Longest answer.", ge=16, le=128_000)] = 8_000
    model: Annotated[
        str | SkipJsonSchema[None], Field(description="Insist on a model: provider:model, name or alias.")
    ] = None
    depth: Annotated[
        Depth, Field(description="quick: one cheap model; panel: several opinions, a synthesis, the dissent.")
    ] = "standard"
    cursor: Annotated[str | SkipJsonSchema[None], Field(description="From a cut result, to read on.")] = None
