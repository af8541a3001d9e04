"""Equal calls at the same time are one call, whoever of the callers stays to hear the answer."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

import anyio

from manyeyes.errors import DeadlinePassed, ModelError, OverBudget, Unreachable
from manyeyes.types import Usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from anyio.abc import TaskGroup

    from manyeyes.model import Model, Pulse
    from manyeyes.types import Completion, Request

    Landed: TypeAlias = Callable[[Completion], Completion]
    """Given an answer before anybody else can ask the same again; what it returns is handed out.  It must be quick."""

_OWN = (DeadlinePassed, OverBudget)
"""Faults that are those of whoever started the call: its time was up, or its money spent."""


@dataclass(slots=True, eq=False)
class Flight:
    """A call under way.  Its outcome is handed in full to the first who takes it: one caller accounts for its cost."""

    listening: list[Pulse] = field(default_factory=list)
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    over: anyio.Event = field(default_factory=anyio.Event)
    begun: bool = False
    answer: Completion | None = None
    fault: BaseException | None = None
    accounted: bool = False

    def pulse(self) -> None:
        """A piece has come: everybody who waits hears of it."""
        self.begun = True
        for listener in tuple(self.listening):
            listener()


@dataclass(frozen=True, slots=True)
class Flights:
    """The calls under way in this process, by key.

    They run in a task group that outlives each caller, so that a caller who is cancelled does not take the answer
    from the others.  A call that nobody waits for any more is cancelled.
    """

    tasks: TaskGroup
    _flights: dict[str, Flight] = field(default_factory=dict)

    def under_way(self, key: str) -> bool:
        """Whether such a call is being made."""
        return key in self._flights

    async def join(self, key: str, inner: Model, request: Request, pulse: Pulse, landed: Landed) -> Completion:
        """Wait for the call of that key; start it when nobody has.

        The model and request of whoever starts it are used, so equal keys must mean equal questions.  When it fails
        everybody gets the error, since asking again at once would fail again, as many times as callers wait; only
        where the starter's own time was up or money spent does the next caller start anew, with its own.

        Raises:
            ModelError: the call failed.
        """
        while True:
            flight = self._flights.get(key)
            joined = flight is not None
            if flight is None:
                flight = Flight()
                self.tasks.start_soon(self._fly, key, flight, inner, request, landed)
                self._flights[key] = flight
            await self._wait(key, flight, pulse)
            if joined and isinstance(flight.fault, _OWN):
                continue
            return _outcome(flight, inner)

    async def _wait(self, key: str, flight: Flight, pulse: Pulse) -> None:
        flight.listening.append(pulse)
        if flight.begun:
            pulse()
        try:
            await flight.over.wait()
        finally:
            flight.listening.remove(pulse)
            if not flight.listening and not flight.over.is_set():
                self._leave(key, flight)
                flight.scope.cancel()

    async def _fly(self, key: str, flight: Flight, inner: Model, request: Request, landed: Landed) -> None:
        try:
            with flight.scope:
                flight.answer = landed(await inner.complete(request, flight.pulse))
        except anyio.get_cancelled_exc_class():
            raise
        except BaseException as error:  # noqa: BLE001  # raised again where somebody waits: `_outcome`
            flight.fault = error
        finally:
            self._leave(key, flight)
            flight.over.set()

    def _leave(self, key: str, flight: Flight) -> None:
        """Make room for a new call of that key, unless one is under way already."""
        if self._flights.get(key) is flight:
            del self._flights[key]


def _outcome(flight: Flight, inner: Model) -> Completion:
    first, flight.accounted = not flight.accounted, True
    if flight.fault is not None:
        raise flight.fault if first else _again(flight.fault)
    if flight.answer is None:
        raise Unreachable(inner.ref, "the call was given up, since the server is stopping")
    return flight.answer if first else replace(flight.answer, usage=Usage(), cached=True)


def _again(fault: BaseException) -> BaseException:
    """The same error for another caller: an error of its own, since raising writes into it, and one without cost."""
    copy = type(fault).__new__(type(fault), *fault.args)
    copy.__dict__.update(fault.__dict__)
    copy.args = fault.args
    if isinstance(copy, ModelError):
        copy.usage = Usage()
    return copy.with_traceback(fault.__traceback__)
