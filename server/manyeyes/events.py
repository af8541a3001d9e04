"""The records of what happened, and who may listen.  The dashboard, statistics and metrics are folds over them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from manyeyes.types import ModelRef, Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEvent:
    """One wire call to one model ended.

    Attributes:
        at: When it began, seconds since the epoch.
        run_id: The run it belongs to.
        tool: The tool of that run.
        role: The part it played there.
        ref: The model asked.
        error: The error's kind, empty when it answered.
        seconds: From sending to the end.
        first_token_s: From sending to the first sign of an answer, where the call was streamed.
        usage: Tokens used, where the vendor said.
        cost_usd: What that costs, as the account has it; None when the price is not known.
        estimated: No vendor said what was used, so that `cost_usd` is the most that it can have cost.
    """

    at: float
    run_id: str
    tool: str
    role: str
    ref: ModelRef
    error: str
    seconds: float
    first_token_s: float | None = None
    usage: Usage | None = None
    cost_usd: float | None = None
    estimated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AskEvent:
    """One question to the models of a route ended, whatever wire calls it took; none at all for a hit in the cache.

    Attributes:
        at: When it began, seconds since the epoch.
        run_id: The run it belongs to.
        tool: The tool of that run.
        role: The part it played there.
        first: The model that was asked first.
        ref: The model whose answer was used; None when there was none.
        seconds: From the question to its end.
        error: The error's kind, empty when it was answered.
        cached: The answer was there already, or another caller asked and paid for it: it cost nothing.
        hedge: The model that was asked beside a slow one; None when none was.
    """

    at: float
    run_id: str
    tool: str
    role: str
    first: ModelRef
    ref: ModelRef | None
    seconds: float
    error: str = ""
    cached: bool = False
    hedge: ModelRef | None = None

    @property
    def hedge_won(self) -> bool:
        """Whether the second model's answer was the one that was used."""
        return self.hedge is not None and self.ref == self.hedge

    @property
    def fallback(self) -> bool:
        """Whether the answer took the place of one that had failed, and was not just the quicker one."""
        return self.ref is not None and self.ref != self.first and not self.hedge_won


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEvent:
    """One tool call ended.  `status` is a result's status, or `error` when it gave none."""

    at: float
    run_id: str
    tool: str
    status: str
    seconds: float
    cost_usd: float | None = None


Event: TypeAlias = "CallEvent | AskEvent | RunEvent"


class Listener(Protocol):
    """Hears of every event.  It must not raise and must not hold the event loop."""

    def note(self, event: Event) -> None:
        """Take notice of it."""
        ...


@dataclass(frozen=True, slots=True)
class Listeners:
    """Passes every event on to each of them, in order."""

    all: tuple[Listener, ...]

    def note(self, event: Event) -> None:
        """Let all of them take notice of it."""
        for listener in self.all:
            listener.note(event)


@dataclass(slots=True)
class Later:
    """A listener that is made when the first event comes, since making it imports what starting can do without."""

    make: Callable[[], Listener]
    _made: Listener | None = None

    def note(self, event: Event) -> None:
        """Let it take notice."""
        if self._made is None:
            self._made = self.make()
        self._made.note(event)
