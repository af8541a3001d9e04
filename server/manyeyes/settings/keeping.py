"""What is kept between calls, and where."""

from __future__ import annotations

from pydantic import Field

from manyeyes.settings.section import Section


class State(Section):
    """Where runs and statistics are kept: `sqlite:///PATH`; `sqlite://` keeps them in memory."""

    url: str | None = None


class Cache(Section):
    """Answers that are kept, so that the same question is not paid for twice.

    Attributes:
        enabled: Whether answers are kept and looked up.
        ttl_s: How old an answer may be, in seconds.
        max_bytes: How much may be kept; what was not used for longest goes first.
    """

    enabled: bool = True
    ttl_s: float = Field(default=604_800.0, gt=0)
    max_bytes: int = Field(default=67_108_864, gt=0)
