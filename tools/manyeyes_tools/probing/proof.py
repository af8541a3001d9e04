"""What a probe is, what it works with, and what it shows."""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from manyeyes_tools.findings import Severity
    from manyeyes_tools.probing.client import Answer, Client
    from manyeyes_tools.probing.entries import Entry, Point
    from manyeyes_tools.probing.listener import Listener

_CHANGING = re.compile(
    r"\b[0-9a-f]{16,}\b|\b\d{6,}\b|\d{1,2}:\d{2}(?::\d{2})?(?:\.\d+)?|[A-Za-z0-9_-]{40,}(?:\.[\w-]+)*"
)
"""What differs between two answers to one request: tokens, times, digests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weakness:
    """What a probe can prove.  `expects` says what an answer must hold to be the proof; `sample` is a payload."""

    id: str
    title: str
    severity: Severity
    cwe: str
    explanation: str
    remedy: str
    expects: str
    sample: str = ""


@dataclass(frozen=True, slots=True)
class Proof:
    """A weakness that was shown.

    Attributes:
        entry: Where it is.
        parameter: What it goes in by; empty when no value was needed.
        shown: What was seen, in one or two sentences.
        steps: Each request and what came back, in order.
        confidence: How sure, 0 to 1: high, since nothing is reported without a proof.
        also: Other scanners that report the same, as `sources` name them.
    """

    weakness: Weakness
    entry: Entry
    parameter: str
    shown: str
    steps: tuple[tuple[str, str], ...]
    confidence: float = 0.97
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Probe:
    """How one weakness is sought at one point.  `look` gives a proof, or None where there is none."""

    weakness: Weakness
    look: Look


@dataclass(slots=True)
class Lab:
    """What probes work with during a run.

    Attributes:
        client: Sends; its bounds hold.
        listener: Hears what the target itself sends; None where it could not reach one.
        planted: Scripts that were put somewhere, by their call, to be looked for on other pages.
        called: Tokens that were given to the target as an address, and by which point.
    """

    client: Client
    listener: Listener | None = None
    planted: dict[str, tuple[Point, str]] = field(default_factory=dict)
    called: dict[str, tuple[Point, str]] = field(default_factory=dict)
    _baselines: dict[object, Answer] = field(default_factory=dict)
    seen: list[tuple[Entry, str, Answer]] = field(default_factory=list)

    async def ask(self, point: Point, payload: str, *, follow: bool = False) -> Answer:
        """The answer to the point's request with the payload in place."""
        answer = await self.client.ask(point.asked(payload), follow=follow)
        self.look_at(point.entry, point.parameter.name, answer)
        return answer

    async def baseline(self, entry: Entry) -> Answer:
        """The answer to the entry's own request, asked once."""
        known = self._baselines.get(entry.key)
        if known is None:
            known = await self.client.ask(entry.asked(), follow=True)
            self._baselines[entry.key] = known
        return known

    def ordinary(self, entry: Entry) -> Answer | None:
        """The answer to the entry's own request, where it was asked."""
        return self._baselines.get(entry.key)

    def look_at(self, entry: Entry, parameter: str, answer: Answer) -> None:
        """Keep the answers that failed, for those who look for what failures tell."""
        if answer.status >= 500 or "raceback" in answer.body:  # noqa: PLR2004  a server's own failure
            self.seen.append((entry, parameter, answer))
            del self.seen[:-200]


Look: TypeAlias = "Callable[[Point, Lab], Awaitable[Proof | None]]"


def marker() -> str:
    """A word that stands nowhere by chance."""
    return "me" + "".join(secrets.choice("bcdfghjkmnpqrstvwxz") for _ in range(8))


def number() -> int:
    """A number of five digits."""
    return 10_000 + secrets.randbelow(90_000)


def shape(answer: Answer, payload: str) -> tuple[int, str]:
    """An answer without what reflects the payload and without what changes by itself, to compare it with another's."""
    body = answer.body
    escaped = escape(payload)
    forms = {
        payload,
        escaped,
        escape(payload, quote=False),
        quote(payload),
        quote(payload, safe=""),
        quote_plus(payload),
    }
    forms |= {json.dumps(payload)[1:-1], escaped.replace("&#x27;", "&#39;").replace("&quot;", "&#34;")}
    for form in sorted(forms, key=len, reverse=True):
        body = body.replace(form, "")
    return answer.status, _CHANGING.sub("", body)


def around(body: str, text: str) -> str:
    """The found text with a little of what stands around it, in one line."""
    at = body.find(text)
    return " ".join(body[max(0, at - 30) : at + len(text) + 30].split())[:160] if at >= 0 else ""


def told(answer: Answer, found: str = "") -> tuple[str, str]:
    """A step of a proof: the request, and what came back."""
    kind = f"{answer.status}" if answer.status else "no answer"
    return str(answer.asked)[:600], f"{kind}{': ' if found else ''}{found}"
