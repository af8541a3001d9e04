"""What every tool's result has in common.  These are wire types: their field names are the contract."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Wire(BaseModel):
    """Base of everything that goes out: unknown fields are a bug, not data."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelUse(Wire):
    """One model's part in a run.  `cost_usd` is null when the price is not known.

    With `estimated` it is the most that it can have cost, since the vendor did not say.
    """

    ref: str
    role: str
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    cost_usd: float | None
    seconds: float
    cache: Literal["hit", "miss"] = "miss"
    estimated: bool = False


class RouteEntry(Wire):
    """A model that the router took or passed over, and why."""

    ref: str
    taken: bool
    reason: str


class FailedAttempt(Wire):
    """A call to a model that failed before, or instead of, the answer.

    With `estimated`, `cost_usd` is the most that it can have cost, since the vendor did not say.
    """

    ref: str
    error: str
    message: str
    seconds: float
    cost_usd: float | None = None
    estimated: bool = False


class Run(Wire):
    """How a result came about.  `cost_usd` sums what is known and is null when a part of it is not."""

    id: str
    models: list[ModelUse]
    route: list[RouteEntry]
    attempts: list[FailedAttempt]
    cost_usd: float | None
    seconds: float


class Step(Wire):
    """A tool that a model called while it looked for itself.  `said` is the beginning of what the tool gave."""

    model: str
    tool: str
    arguments: str
    said: str
    failed: bool = False


class Remark(Wire):
    """What one model said of a claim while models exchanged theirs.

    `borne` says whether the quote it gave was found in the source; null when it gave none.
    """

    round: int
    speaker: str
    claim: str
    where: str
    stand: str
    reason: str
    quote: str
    borne: bool | None = None


class Record(Wire):
    """What went on between models during a run, and is not part of its result: for whoever wants to know how it came.

    `trust` is how far each model's agreement counted in the exchange, 0 to 1.
    """

    steps: list[Step] = Field(default_factory=list)
    exchange: list[Remark] = Field(default_factory=list)
    trust: dict[str, float] = Field(default_factory=dict)


class Cut(Wire):
    """A result too long for one answer: how much of it is here and how to get the rest."""

    shown: int
    total: int
    unit: str = Field(description="what is counted: findings, characters")
    cursor: str = Field(description="call the same tool again with this cursor")
    resource: str = Field(description="resource that holds the whole result")


Status = Literal["complete", "partial", "evidence_only"]


class Result(Wire):
    """What every tool returns at least.

    `status` is `complete` when all was done, `partial` when a part could not be, and `evidence_only` when no
    model was heard, so that deterministic engines alone speak.  `problems` says what could not be done and why.
    """

    status: Status
    summary: str
    problems: list[str]
    run: Run
    cut: Cut | None = None
