"""The candidates of a route are asked in turn until one answers; a slow one gets company."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import anyio

from manyeyes.clock import loop_time
from manyeyes.errors import AllFailed, Cancelled, ContextTooLong, ModelError, ModelGone
from manyeyes.types import Attempt

if TYPE_CHECKING:
    from collections.abc import Callable

    from manyeyes.calls.hedge import Hedges
    from manyeyes.model import Model, Pulse
    from manyeyes.types import Completion, ModelRef, Request, Route


def unknown_window(_ref: ModelRef) -> int | None:
    """The window of models nobody knows."""
    return None


def no_successor(_ref: ModelRef) -> Model | None:
    """The successor of models that have none."""
    return None


def nobody(_ref: ModelRef) -> None:
    """The listener where nobody listens."""


@dataclass(frozen=True, slots=True)
class Fallback:
    """Asks each model in turn.  What is passed over after a failure is written on the error's class.

    Beyond that, after a prompt that was too long no model is asked whose window is known to be no larger, and a
    model that is gone is followed by its successor, with a notice in the completion.

    Attributes:
        models: The candidates, at least one.
        route: The route they come from, for the error when all of them fail.
        failed: Told of every attempt that failed, and of every one that was stopped because another was faster.
        window_of: How many tokens a model takes; None when that is not known.
        successor_of: The model that took a retired one's place, ready to be asked; None when there is none.
        hedges: Decides on second calls; None starts none.
        hedged: Told of every model that is asked beside a slow one.
    """

    models: tuple[Model, ...]
    route: Route
    failed: Callable[[Attempt, ModelError], None]
    window_of: Callable[[ModelRef], int | None] = unknown_window
    successor_of: Callable[[ModelRef], Model | None] = no_successor
    hedges: Hedges | None = None
    hedged: Callable[[ModelRef], None] = nobody

    @property
    def ref(self) -> ModelRef:
        """The first choice."""
        return self.models[0].ref

    async def complete(self, request: Request, pulse: Pulse) -> Completion:
        """The first answer that comes.

        Raises:
            AllFailed: none came; it lists every attempt.
        """
        line = _Line(self, list(self.models))
        while (model := line.next()) is not None:
            wait = self.hedges.wait_s(model.ref) if self.hedges else None
            if self.hedges is None or wait is None or line.second(self.hedges) is None:
                completion = await line.ask(model, request, pulse)
            else:
                completion = await _race(line, self.hedges, wait, request, pulse)
            if completion is not None:
                return replace(completion, notices=(*line.notices, *completion.notices)) if line.notices else completion
        raise AllFailed(line.told(), route=self.route, attempts=tuple(line.attempts))


@dataclass(slots=True)
class _Line:
    """Who of one request is still to be asked, and how those did who were."""

    chain: Fallback
    waiting: list[Model]
    asked: list[Model] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    too_small: list[ModelRef] = field(default_factory=list)
    out: set[str] = field(default_factory=set)
    over: bool = False

    def next(self) -> Model | None:
        """The next to be asked, taken out of the line."""
        self.waiting = [] if self.over else [one for one in self.waiting if one.ref.provider not in self.out]
        return self.take(self.waiting[0]) if self.waiting else None

    def take(self, model: Model) -> Model:
        """Have this one asked."""
        self.waiting.remove(model)
        self.asked.append(model)
        return model

    def second(self, hedges: Hedges) -> Model | None:
        """Who may be asked beside the model asked last: the next of another vendor that can take a call."""
        first = self.asked[-1].ref.provider
        for model in self.waiting:
            if model.ref.provider != first and not hedges.limited(model.ref):
                return model
        return None

    async def ask(self, model: Model, request: Request, pulse: Pulse) -> Completion | None:
        """The answer; None after a failure, which is told and shapes the line."""
        started = loop_time()
        try:
            return await model.complete(request, pulse)
        except ModelError as failure:
            self.tell(failure, model.ref, loop_time() - started)
            self.over = self.over or failure.skips == "route"
            if failure.skips == "provider":
                self.out.add(model.ref.provider)
            if isinstance(failure, ContextTooLong):
                self._pass_small_windows(model.ref)
            if isinstance(failure, ModelGone):
                self._ask_successor(model.ref)
            return None

    def tell(self, failure: ModelError, ref: ModelRef, seconds: float) -> None:
        """Have an attempt known that gave no answer, or none that was used."""
        attempt = Attempt(ref=ref, error=failure.kind, message=str(failure), seconds=seconds, usage=failure.usage)
        self.attempts.append(attempt)
        self.chain.failed(attempt, failure)

    def told(self) -> str:
        """All attempts in one line for people, and who was not asked after them."""
        if not self.too_small:
            return describe(self.attempts)
        passed = ", ".join(map(str, self.too_small))
        return f"{describe(self.attempts)}; not asked, since the window is no larger: {passed}"

    def _pass_small_windows(self, ref: ModelRef) -> None:
        """Keep those with a larger window, and those whose window nobody knows: they may fit, and asking is free."""
        window = self.chain.window_of(ref)
        if window is None:
            return
        small = [one for one in self.waiting if (its := self.chain.window_of(one.ref)) is not None and its <= window]
        self.waiting = [one for one in self.waiting if one not in small]
        self.too_small += [one.ref for one in small]

    def _ask_successor(self, ref: ModelRef) -> None:
        """Put the successor of a model that is gone first in the line, unless it was asked already."""
        successor = self.chain.successor_of(ref)
        if successor is None or any(one.ref == successor.ref for one in self.asked):
            return
        self.waiting = [successor, *(one for one in self.waiting if one.ref != successor.ref)]
        self.notices.append(f"{ref} is not served, or no longer; its successor {successor.ref} was asked.")


async def _race(line: _Line, hedges: Hedges, wait: float, request: Request, pulse: Pulse) -> Completion | None:
    """Ask the last model taken and, when nothing has come from it for `wait` seconds, a second one beside it.

    The first answer wins and the other call is cancelled.  None when nobody asked had an answer.
    """
    first = line.asked[-1]
    running: dict[ModelRef, float] = {}
    won: list[Completion] = []
    sign = anyio.Event()
    begun = False

    def begin() -> None:
        nonlocal begun
        if not begun:
            begun = True
            hedges.earn()
            sign.set()
        pulse()

    async def run(model: Model) -> None:
        running[model.ref] = loop_time()
        completion = await line.ask(model, request, begin)
        started = running.pop(model.ref)
        if completion is None:
            sign.set()
        elif won:
            _tell_beaten(line, model.ref, started, completion)
        else:
            won.append(completion)
            group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        group.start_soon(run, first)
        with anyio.move_on_after(wait):
            await sign.wait()
        if not sign.is_set() and (second := line.second(hedges)) and hedges.take(first.ref, second.ref):
            line.chain.hedged(second.ref)
            group.start_soon(run, line.take(second))
    for ref, started in running.items() if won else ():
        _tell_beaten(line, ref, started, None)
    return won[0] if won else None


def _tell_beaten(line: _Line, ref: ModelRef, started: float, completion: Completion | None) -> None:
    """Have it known that a call was made for nothing; what it cost is known only when it came to its end."""
    usage = completion.usage if completion else None
    line.tell(Cancelled(ref, "another model answered first", usage=usage), ref, loop_time() - started)


def describe(attempts: list[Attempt]) -> str:
    """All attempts in one line for people."""
    tried = "; ".join(f"{attempt.ref} {attempt.error.replace('_', ' ')} ({attempt.message})" for attempt in attempts)
    return f"No model answered: {tried}"
