"""What one tool call works with, and the account of what it used."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import anyio
import anyio.to_thread

from manyeyes.calls.cached import can_be_kept, key_of
from manyeyes.calls.observed import Caller, attempt_cost
from manyeyes.clock import loop_time
from manyeyes.errors import AllFailed, BadCall
from manyeyes.events import AskEvent
from manyeyes.results import FailedAttempt, ModelUse, Record, Remark, RouteEntry, Run, Step
from manyeyes.routing.allocation import OFF
from manyeyes.routing.reading import choose_reading
from manyeyes.state.answers import StoredAnswer
from manyeyes.types import ModelRef

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from manyeyes.errors import ModelError
    from manyeyes.gateway import Gateway
    from manyeyes.learning.account import Resolved, Signal
    from manyeyes.mcp_servers import Borrowed, Servers
    from manyeyes.redaction import Redactor
    from manyeyes.routing.allocation import Lesson
    from manyeyes.routing.reading import Reading
    from manyeyes.routing.router import Router
    from manyeyes.settings import Settings
    from manyeyes.state.conversations import Conversations
    from manyeyes.types import Attempt, Completion, Request, Route, Task, Usage

Progress: TypeAlias = Callable[[float, float, str], Awaitable[None]]
"""Told how far a tool is: done, total, and what it is doing."""

_USELESS = frozenset({"invalid_answer", "truncated", "refused"})
"""Errors that say how well a model does the work; that a vendor cannot be reached says nothing of that."""

_STEP = 0.0001
"""How much progress is told at least, for news that bring the work no further."""


async def no_progress(_done: float, _total: float, _message: str) -> None:
    """The progress nobody waits for."""


@dataclass(slots=True, kw_only=True)
class RunBench:
    """The bench of one run.  It lives as long as the tool call does; see `manyeyes.tool.Bench` for its members."""

    run_id: str
    tool: str
    settings: Settings
    redactor: Redactor
    router: Router
    gateway: Gateway
    conversations: Conversations
    principal: str = ""
    servers: Servers | None = None
    lesson: Lesson | None = None
    report: Progress = no_progress
    started: float = field(default_factory=loop_time)
    _models: list[ModelUse] = field(default_factory=list)
    _routes: dict[str, RouteEntry] = field(default_factory=dict)
    _attempts: list[FailedAttempt] = field(default_factory=list)
    _notices: list[str] = field(default_factory=list)
    _steps: list[Step] = field(default_factory=list)
    _remarks: list[Remark] = field(default_factory=list)
    _trust: dict[str, float] = field(default_factory=dict)
    _done: float = -_STEP
    _borrowed: Borrowed | None = None
    _borrowing: anyio.Lock = field(default_factory=anyio.Lock)

    @property
    def roots(self) -> tuple[Path, ...]:
        """The folders that may be read."""
        return self.settings.roots

    def route(self, task: Task) -> Route:
        """Which models would be asked, and why; the run remembers it."""
        route = self.router.choose(task, closed=self.gateway.breakers.closed(), learned=self.lesson)
        for candidate in route.candidates:
            entry = RouteEntry(ref=str(candidate.ref), taken=candidate.taken, reason=candidate.reason)
            known = self._routes.get(entry.ref)
            if known is None or (entry.taken and not known.taken):
                self._routes[entry.ref] = entry
        return route

    def by_rules(self, task: Task) -> tuple[ModelRef, ...]:
        """The models that would be asked by the rules alone; see `manyeyes.tool.Bench`."""
        return self.router.choose(task).taken

    async def complete(self, task: Task, request: Request, *, role: str) -> Completion:
        """Ask the models of the task's route in turn until one answers."""
        route = self.route(task)
        asked_before = self._asked_before(task, request)
        said = self.recall(asked_before) if asked_before else None
        before = next((ref for ref in route.taken if str(ref) == said), None)
        if before is not None:
            # What was learned since, or a turn to try out another, is no reason to pay for the same answer again.
            route = route.led_by(before)
        elif self.lesson is not None and self.lesson.ask(task, self.router.wanted(task)):
            route = self.route(task)
        at, started = time.time(), loop_time()
        hedges: list[ModelRef] = []
        error, completion = "cancelled", None
        try:
            completion = await self.gateway.complete(
                route,
                request,
                caller=Caller(run_id=self.run_id, tool=self.tool, role=role),
                redactor=self.redactor,
                deadline=self.started + self.settings.deadline_s,
                failed=partial(self._failed, task),
                hedged=hedges.append,
            )
            error = ""
        except AllFailed as failure:  # its text quotes vendors, who quote what they were sent
            error = failure.attempts[-1].error if failure.attempts else "all_failed"
            raise AllFailed(self.redactor.mask(str(failure)), route=failure.route, attempts=failure.attempts) from None
        finally:
            if route.taken:  # with nobody to ask there was no question
                self.gateway.listener.note(
                    AskEvent(
                        at=at,
                        run_id=self.run_id,
                        tool=self.tool,
                        role=role,
                        first=route.taken[0],
                        ref=completion.ref if completion else None,
                        seconds=loop_time() - started,
                        error=error,
                        cached=completion is not None and completion.cached,
                        hedge=hedges[0] if hedges else None,
                    )
                )
        if asked_before and completion.ref == route.taken[0] and not completion.cached:
            self.keep(asked_before, str(completion.ref))  # not where it stood in for a better one
        usage = completion.usage
        cost = 0.0 if completion.cached else self.gateway.pricing(completion.ref, usage) if usage else None
        seconds = round(loop_time() - started, 3)
        if self.lesson is not None:
            self.lesson.answered(task, completion, cost_usd=cost, seconds=seconds)
        self._notices += [notice for notice in completion.notices if notice not in self._notices]
        self._models.append(
            ModelUse(
                ref=str(completion.ref),
                role=role,
                input_tokens=usage.input_tokens if usage else 0,
                output_tokens=usage.output_tokens if usage else 0,
                cached_tokens=usage.cached_tokens if usage else 0,
                cost_usd=cost,
                seconds=seconds,
                cache="hit" if completion.cached else "miss",
            )
        )
        return completion

    async def borrow(self, mark: Callable[[str], str]) -> Borrowed | None:
        """The tools of other MCP servers; the same for all models of this run."""
        if self.servers is None:
            return None
        from manyeyes.mcp_servers import Borrowed

        async with self._borrowing:
            if self._borrowed is None:
                self._borrowed = await Borrowed.of(self.servers, mask=self.redactor.mask, mark=mark)
        return self._borrowed

    def ceiling_usd(self, task: Task) -> float | None:
        """The most that the first model of the task's route can cost."""
        taken = self.route(task).taken
        return self.router.prices.ceiling_usd(taken[0], task.input_tokens, task.output_tokens) if taken else None

    def cost_usd(self, ref: ModelRef, usage: Usage) -> float | None:
        """What so much of a model's work costs."""
        return self.gateway.pricing(ref, usage)

    async def reading(
        self, task: Task, part_tokens: int, *, each_tokens: int | None = None, parts: int | None = None
    ) -> Reading:
        """How long material is best read."""
        await anyio.to_thread.run_sync(self.router.prices.warm)  # the price list is slow to import
        part = replace(task, input_tokens=part_tokens, output_tokens=each_tokens or task.output_tokens)
        return choose_reading(
            task,
            part_tokens,
            whole=self.route(task),
            parts=self.route(part),
            price=self.router.prices.ceiling_usd,
            each_tokens=each_tokens,
            count=parts,
        )

    async def progress(self, message: str, done: float, total: float) -> None:
        """Pass progress on, each figure above the one before, as the protocol wants it, and none above the whole.

        Parallel work may report out of order, and news need not bring it further.
        """
        told = min(max(self._done + _STEP, done), total)
        if told > self._done:
            self._done = told
            await self.report(told, total, message)

    def run(self) -> Run:
        """What has been used so far."""
        account = self.gateway.budget.account(self.run_id)  # retries and calls that were stopped are in it too
        return Run(
            id=self.run_id,
            models=list(self._models),
            route=list(self._routes.values()),
            attempts=list(self._attempts),
            cost_usd=None if account.unknown else round(account.cost_usd, 6),
            seconds=round(loop_time() - self.started, 3),
        )

    @property
    def notices(self) -> tuple[str, ...]:
        """What whoever reads the result should know of how answers came about."""
        budget = self.gateway.budget.notice if self._models or self._attempts else ""
        return (*self._notices, *((budget,) if budget else ()))

    def note(self, *happened: Step | Remark) -> None:
        """Keep with the run what a model did or said on the way."""
        mask = self.redactor.mask_values
        for one in happened:
            if isinstance(one, Step):
                masked = {"arguments": mask(one.arguments), "said": mask(one.said)}
                self._steps.append(one.model_copy(update=masked))
            else:
                masked = {"reason": mask(one.reason), "quote": mask(one.quote), "claim": mask(one.claim)}
                self._remarks.append(one.model_copy(update=masked))

    def outcome(self, model: str, kind: str, signal: Signal, quality: float) -> None:
        """Take in how good a model's answers turned out to be."""
        if self.lesson is not None:
            self.lesson.signal(kind, model, signal, quality)

    def resolved(self, one: Resolved) -> None:
        """Take in that a finding of an earlier run is gone since the code there was changed."""
        if self.lesson is not None:
            self.lesson.resolved(one)

    async def feedback(self, run_id: str, *, good: bool) -> tuple[str, ...]:
        """Keep what somebody says of an earlier run; the models it is about."""
        if self.lesson is None:
            raise BadCall(OFF)
        return await self.lesson.allocation.feedback(run_id, good=good)

    def trust(self, levels: Mapping[str, float]) -> None:
        """Keep with the run how far each model's agreement counted."""
        self._trust.update(levels)

    @property
    def record(self) -> Record | None:
        """What went on between models so far; None when nothing did."""
        if not self._steps and not self._remarks:
            return None
        return Record(steps=list(self._steps), exchange=list(self._remarks), trust=dict(self._trust))

    def recall(self, key: str) -> str | None:
        """What an earlier call kept under the key."""
        kept = self.gateway.answers.get(f"tool {key}") if self.gateway.answers is not None else None
        return kept.text if kept is not None else None

    def recalled(self, ref: ModelRef, *, role: str) -> None:
        """Account for an answer of that model that was recalled and cost nothing."""
        use = ModelUse(
            ref=str(ref),
            role=role,
            input_tokens=0,
            output_tokens=0,
            cached_tokens=0,
            cost_usd=0.0,
            seconds=0.0,
            cache="hit",
        )
        self._models.append(use)
        if self.lesson is not None:
            self.lesson.recalled(self.tool, ref)
        self.gateway.listener.note(
            AskEvent(
                at=time.time(),
                run_id=self.run_id,
                tool=self.tool,
                role=role,
                first=ref,
                ref=ref,
                seconds=0.0,
                cached=True,
            )
        )

    def keep(self, key: str, text: str) -> None:
        """Keep a text for later calls."""
        if self.gateway.answers is not None:
            self.gateway.answers.put(f"tool {key}", StoredAnswer(text=text, served=""))

    def _asked_before(self, task: Task, request: Request) -> str:
        """Under which name it is kept who answered such a question; empty where nothing learned can change that."""
        if self.lesson is None or self.gateway.answers is None or task.model is not None or not can_be_kept(request):
            return ""
        # By a tier or vendors named the rules may come to the same models as without, but bind what was learned.
        named = (str(self.router.wanted(task)), *sorted(task.providers or ()))
        wishes = " ".join((*named, *map(str, self.by_rules(task))))
        return f"asked {key_of(ModelRef('any', task.kind), request, wishes)}"

    def _failed(self, task: Task, attempt: Attempt, failure: ModelError) -> None:
        if self.lesson is not None and attempt.error in _USELESS:
            self.lesson.failed(task, attempt.ref)
        cost = attempt_cost(failure, self.gateway.pricing)
        self._attempts.append(
            FailedAttempt(
                ref=str(attempt.ref),
                error=attempt.error,
                message=self.redactor.mask(attempt.message),  # vendors quote what they were sent
                seconds=round(attempt.seconds, 3),
                cost_usd=cost if failure.estimated_usd is None else failure.estimated_usd,
                estimated=failure.estimated_usd is not None,
            )
        )
