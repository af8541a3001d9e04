"""What `ask` returns.  Wire types: their field names are the contract."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from manyeyes.results import Result, Wire


class Source(Wire):
    """A web page that the answer rests on."""

    url: str
    title: str = ""
    quote: str = ""


class MemberOpinion(Wire):
    """What one model of a panel answered before it saw the others."""

    model: str
    answer: str


class PanelClaim(Wire):
    """Something a member claimed, and what became of it before the others."""

    text: str
    outcome: Literal["confirmed", "held", "disputed", "refuted", "withdrawn"]
    confidence: float
    held_by: list[str]


class AskResult(Result):
    """An answer, and how it came about."""

    answer: str
    citations: list[Source] = Field(default_factory=list)
    opinions: list[MemberOpinion] = Field(default_factory=list)
    claims: list[PanelClaim] = Field(default_factory=list)
    dissent: list[str] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
