"""What one tool call works with, and the account of what it used."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import anyio

from manyeyes.calls.observed import Caller, attempt_cost
from manyeyes.errors import AllFailed
from manyeyes.results import FailedAttempt, ModelUse, RouteEntry, Run

if TYPE_CHECKING:
    from pathlib import Path

    from manyeyes.errors import ModelError
    from manyeyes.gateway import Gateway
    from manyeyes.redaction import Redactor
    from manyeyes.routing.router import Router
    from manyeyes.settings import Settings
    from manyeyes.types import Attempt, Completion, Request, Route, Task

Progress: TypeAlias = Callable[[float, float, str], Awaitable[None]]
"""Told how far a tool is: done, total, and what it is doing."""


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
    report: Progress = no_progress
    started: float = field(default_factory=anyio.current_time)
    _models: list[ModelUse] = field(default_factory=list)
    _routes: dict[str, RouteEntry] = field(default_factory=dict)
    _attempts: list[FailedAttempt] = field(default_factory=list)
    _notices: list[str] = field(default_factory=list)
    _done: float = 0.0

    @property
    def roots(self) -> tuple[Path, ...]:
        """The folders that may be read."""
        return self.settings.roots

    def route(self, task: Task) -> Route:
        """Which models would be asked, and why; the run remembers it."""
        route = self.router.choose(task, closed=self.gateway.breakers.closed())
        for candidate in route.candidates:
            entry = RouteEntry(ref=str(candidate.ref), taken=candidate.taken, reason=candidate.reason)
            known = self._routes.get(entry.ref)
            if known is None or (entry.taken and not known.taken):
                self._routes[entry.ref] = entry
        return route

    async def complete(self, task: Task, request: Request, *, role: str) -> Completion:
        """Ask the models of the task's route in turn until one answers."""
        route = self.route(task)
        started = anyio.current_time()
        try:
            completion = await self.gateway.complete(
                route,
                request,
                caller=Caller(run_id=self.run_id, tool=self.tool, role=role),
                redactor=self.redactor,
                deadline=self.started + self.settings.deadline_s,
                failed=self._failed,
            )
        except AllFailed as error:  # its text quotes vendors, who quote what they were sent
            raise AllFailed(self.redactor.mask(str(error)), route=error.route, attempts=error.attempts) from None
        usage = completion.usage
        self._notices += [notice for notice in completion.notices if notice not in self._notices]
        self._models.append(
            ModelUse(
                ref=str(completion.ref),
                role=role,
                input_tokens=usage.input_tokens if usage else 0,
                output_tokens=usage.output_tokens if usage else 0,
                cached_tokens=usage.cached_tokens if usage else 0,
                cost_usd=0.0 if completion.cached else self.gateway.pricing(completion.ref, usage) if usage else None,
                seconds=round(anyio.current_time() - started, 3),
                cache="hit" if completion.cached else "miss",
            )
        )
        return completion

    async def progress(self, message: str, done: float, total: float) -> None:
        """Pass progress on; it never goes back, since parallel work may report out of order."""
        self._done = max(self._done, done)
        await self.report(self._done, total, message)

    def run(self) -> Run:
        """What has been used so far."""
        account = self.gateway.budget.account(self.run_id)  # retries and calls that were stopped are in it too
        return Run(
            id=self.run_id,
            models=list(self._models),
            route=list(self._routes.values()),
            attempts=list(self._attempts),
            cost_usd=None if account.unknown else round(account.cost_usd, 6),
            seconds=round(anyio.current_time() - self.started, 3),
        )

    @property
    def notices(self) -> tuple[str, ...]:
        """What whoever reads the result should know of how answers came about."""
        budget = self.gateway.budget.notice if self._models or self._attempts else ""
        return (*self._notices, *((budget,) if budget else ()))

    def _failed(self, attempt: Attempt, failure: ModelError) -> None:
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
