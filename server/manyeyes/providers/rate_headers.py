"""What vendors say of their rate limits in the headers of every answer."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from manyeyes.clock import loop_time
from manyeyes.types import Allowance, RateLimits

if TYPE_CHECKING:
    from collections.abc import Callable


_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


class Said(Protocol):
    """The part of a response that matters here: its headers."""

    def get(self, key: str, /) -> str | None:
        """The header of that name, in any case."""
        ...


def rate_limits(headers: Said, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> RateLimits | None:
    """The limits as Anthropic tells them, or OpenAI and its imitators; None where there are none.

    Of the tokens those of the prompt are taken where they are counted apart.
    """

    def told(limit: str, remaining: str, reset: str) -> Allowance | None:
        whole = headers.get(limit)
        return None if whole is None else _allowance(whole, headers.get(remaining), headers.get(reset), now=now)

    def anthropic(kind: str) -> Allowance | None:
        prefix = f"anthropic-ratelimit-{kind}"
        return told(f"{prefix}-limit", f"{prefix}-remaining", f"{prefix}-reset")

    def openai(kind: str) -> Allowance | None:
        prefix = "x-ratelimit"
        return told(f"{prefix}-limit-{kind}", f"{prefix}-remaining-{kind}", f"{prefix}-reset-{kind}")

    requests = anthropic("requests") or openai("requests")
    tokens = anthropic("input-tokens") or anthropic("tokens") or openai("tokens")
    if requests is None and tokens is None:
        return None
    return RateLimits(requests=requests, tokens=tokens, seen_at=loop_time())


def _allowance(
    limit: str, remaining: str | None, reset: str | None, *, now: Callable[[], datetime]
) -> Allowance | None:
    try:
        allowance = Allowance(int(limit), int(remaining or ""), _seconds(reset or "", now))
    except ValueError:
        return None
    return allowance if 0 <= allowance.remaining <= allowance.limit else None


def _seconds(text: str, now: Callable[[], datetime]) -> float:
    """A time to wait: `6m0s`, `20ms`, plain seconds, or the moment itself.

    Raises:
        ValueError: it is none of these.
    """
    parts = _PART.findall(text)
    if parts and "".join(number + unit for number, unit in parts) == text:
        return sum(float(number) * _SECONDS[unit] for number, unit in parts)
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return max(0.0, (moment - now()).total_seconds())
