"""What lives as long as the server, and how one tool call is run, for MCP and the command line alike."""

from __future__ import annotations

import json
import secrets
import sys
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from manyeyes.arguments import parse_arguments
from manyeyes.bench import RunBench, no_progress
from manyeyes.catalog import Catalog
from manyeyes.errors import BadCall, ModelError
from manyeyes.events import Later, Listeners, RunEvent
from manyeyes.garbage import settle
from manyeyes.gateway import Gateway
from manyeyes.plugins import configured_providers, installed_tools
from manyeyes.prices import Prices
from manyeyes.results import Record
from manyeyes.routing.allocation import OFF
from manyeyes.routing.router import Router
from manyeyes.types import Task

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from anyio.abc import TaskGroup

    from manyeyes.bench import Progress
    from manyeyes.events import Listener
    from manyeyes.mcp_servers import Servers
    from manyeyes.model import Provider
    from manyeyes.monitor.prometheus import Metrics
    from manyeyes.redaction import Redactor
    from manyeyes.results import Result
    from manyeyes.routing.allocation import Allocation
    from manyeyes.settings import Settings
    from manyeyes.state.conversations import Conversations
    from manyeyes.state.store import Store
    from manyeyes.tool import Arguments, Tool
    from manyeyes.types import Json, ModelRef


_RECORD = "record"
"""Where a kept result holds what went on between models; no result has a field of that name."""


_SHORTEST_SECRET = 12
"""Shorter values given to other MCP servers are taken for switches and names."""


class UnknownTool(BadCall):
    """There is no tool of that name, or its toolset is off."""


@dataclass(slots=True, kw_only=True)
class Desk:
    """Tools, models and state behind one server or one command.

    Attributes:
        settings: The operator's.
        tools: The tools that are switched on, by name.
        providers: The providers that have what they need, by name.
        catalog: The models known.
        router: Chooses among them.
        gateway: Asks them.
        store: Keeps runs and events.
        conversations: Keeps what customers said.
        prices: What tokens cost.
        metrics: Counts calls and runs of this process.
        servers: Other MCP servers whose tools models may use; None when the operator named none.
        allocation: What was learned of models; None when nothing is to be.
    """

    settings: Settings
    tools: Mapping[str, Tool[Arguments, Result]]
    providers: Mapping[str, Provider]
    catalog: Catalog
    router: Router
    gateway: Gateway
    store: Store
    conversations: Conversations
    prices: Prices
    metrics: Metrics
    servers: Servers | None = None
    allocation: Allocation | None = None
    _keeping: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(1))
    _tasks: TaskGroup | None = None
    _warm: bool = field(default=False)
    _secrets: tuple[str, ...] | None = field(default=None, repr=False)

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: Settings, environ: Mapping[str, str]) -> AsyncIterator[Desk]:
        """Set everything up; imports no SDK, opens no file and makes no connection yet."""
        from manyeyes.calls.cached import edition
        from manyeyes.calls.flights import Flights
        from manyeyes.calls.hedge import Hedges
        from manyeyes.calls.lane import Lanes
        from manyeyes.monitor.logs import Logs
        from manyeyes.monitor.prometheus import Metrics
        from manyeyes.state.answers import Answers
        from manyeyes.state.breakers import Breakers
        from manyeyes.state.budget import Budget
        from manyeyes.state.conversations import Conversations
        from manyeyes.state.store import Store

        catalog = Catalog.load().with_settings(settings)
        providers = configured_providers(settings)
        store = Store.open(settings, environ)
        prices = Prices.of(settings)
        budget = Budget.of(settings, store.database, prices)
        hedges = Hedges(settings.hedge, tight=lambda: budget.limited)
        metrics = Metrics()
        kept = Answers(store.database, ttl_s=settings.cache.ttl_s, max_bytes=settings.cache.max_bytes)
        try:
            async with anyio.create_task_group() as tasks:
                yield cls(
                    settings=settings,
                    tools=installed_tools(settings),
                    providers=providers,
                    catalog=catalog,
                    router=Router.build(
                        catalog, {name: one.local for name, one in providers.items()}, settings, prices
                    ),
                    gateway=Gateway(
                        settings=settings,
                        providers=providers,
                        catalog=catalog,
                        pricing=prices.cost_usd,
                        listener=Listeners((store, hedges, metrics, Later(_telemetry), Logs())),
                        breakers=Breakers(settings.breaker, store.database),
                        lanes=Lanes(settings.rates),
                        budget=budget,
                        hedges=hedges,
                        flights=Flights(tasks),
                        answers=kept if settings.cache.enabled else None,
                        editions={name: edition(settings, name) for name in providers},
                    ),
                    store=store,
                    conversations=Conversations(store.database, keep_s=settings.support.keep_days * 86_400),
                    prices=prices,
                    metrics=metrics,
                    servers=_servers(settings, tasks),
                    allocation=_allocation(settings, store, prices),
                    _tasks=tasks,
                )
                tasks.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                for provider in providers.values():
                    await provider.aclose()
                kept.mark()
                store.close()

    def redactor(self) -> Redactor:
        """A new redactor that knows the operator's keys."""
        from manyeyes.redaction import Redactor

        if self._secrets is None:
            self._secrets = operator_secrets(self.settings)
        return Redactor(enabled=self.settings.privacy != "off", known=self._secrets)

    def tool(self, name: str) -> Tool[Arguments, Result]:
        """The tool of that name.

        Raises:
            UnknownTool: there is none.
        """
        try:
            return self.tools[name]
        except KeyError:
            raise UnknownTool(f"There is no tool `{name[:60]}`. There are: {', '.join(self.tools)}.") from None

    async def call(self, name: str, values: Mapping[str, Json], progress: Progress = no_progress) -> Result:
        """Run a tool and keep what it returned.

        Raises:
            BadCall: it cannot be done as asked.
            NoAnswer: no model answered and evidence alone cannot serve.
        """
        tool = self.tool(name)
        arguments = parse_arguments(tool, values)
        if model := getattr(arguments, "model", None):
            self.router.choose(Task(kind=name, model=model))  # an unknown one is refused before anything is read
        bench = RunBench(
            run_id=f"r-{secrets.token_hex(6)}",
            tool=name,
            settings=self.settings,
            redactor=self.redactor(),
            router=self.router,
            gateway=self.gateway,
            conversations=self.conversations,
            principal=_principal(),
            servers=self.servers,
            report=progress,
        )
        await self._warm_up(tool)
        if self.allocation is not None:
            if self.providers and self.allocation.stale:
                await anyio.to_thread.run_sync(self.allocation.refresh)
            bench.lesson = self.allocation.lesson()
        at = time.time()
        result: Result | None = None
        wrong = False
        try:
            result = await tool.run(arguments, bench)
        except BadCall:
            wrong = True
            raise
        finally:
            run = bench.run()
            status = result.status if result else "error"
            # A call that was wrong in itself, before any model was asked, says nothing of how well the tool works.
            if not wrong or run.models or run.attempts:
                self.gateway.listener.note(
                    RunEvent(at=at, run_id=run.id, tool=name, status=status, seconds=run.seconds, cost_usd=run.cost_usd)
                )
        text = _with_record(result, bench.record)
        save = partial(self.store.save_run, tool=name, at=at, status=status, seconds=run.seconds, cost=run.cost_usd)
        allocation, lesson = self.allocation, bench.lesson

        def keep() -> None:
            save(run.id, result_json=text)
            if allocation is not None and lesson is not None and lesson.told:
                allocation.keep(run.id, lesson)

        await anyio.to_thread.run_sync(keep, limiter=self._keeping)
        settle()
        return result

    async def feedback(self, run_id: str, *, good: bool) -> tuple[str, ...]:
        """Keep what somebody says of a run, in place of what was said of it before; the models that it is about.

        Raises:
            BadCall: learning is off, no model is known to have worked in it, or it cannot be kept at the moment.
        """
        if self.allocation is None:
            raise BadCall(OFF)
        return await self.allocation.feedback(run_id, good=good)

    async def stored(self, run_id: str) -> tuple[Tool[Arguments, Result], Result]:
        """The whole result of an earlier run, and the tool it came from.

        Raises:
            BadCall: it is not kept, or no longer.
        """
        run = await anyio.to_thread.run_sync(self.store.load_run, run_id)
        if run is None or run.tool not in self.tools:
            raise BadCall(f"Run {run_id[:60]} is not kept, or no longer. Call the tool again.")
        tool = self.tools[run.tool]
        values = json.loads(run.result)
        values.pop(_RECORD, None)
        return tool, tool.result.model_validate_json(json.dumps(values))

    async def record(self, run_id: str) -> Record | None:
        """What went on between models during an earlier run; None when nothing did, or the run is not kept."""
        run = await anyio.to_thread.run_sync(self.store.load_run, run_id)
        values = json.loads(run.result) if run is not None else {}
        return Record.model_validate(values[_RECORD]) if _RECORD in values else None

    async def _warm_up(self, tool: Tool[Arguments, Result]) -> None:
        """On the first call only, so that starting costs nothing: import the first choice's SDK meanwhile."""
        if self._warm or self._tasks is None:
            return
        self._warm = True
        if self.settings.budget.usd_per_call is not None:
            await anyio.to_thread.run_sync(self.prices.warm)  # the router needs prices at once to keep to a budget
        taken = self.router.choose(Task(kind=tool.name, structured=True)).taken
        if taken:
            self._tasks.start_soon(self._import, taken[0])

    async def _import(self, ref: ModelRef) -> None:
        try:
            await self.providers[ref.provider].warm()
        except ModelError:
            return  # the call itself reports it, with the route to go on with
        await anyio.to_thread.run_sync(self.prices.warm)  # the price list is slow to import as well


def _principal() -> str:
    """Who calls, where the transport has made sure of it; empty where it asks nobody."""
    auth = sys.modules.get("mcp.server.auth.middleware.auth_context")  # loaded by a transport that asks
    token = auth.get_access_token() if auth is not None else None
    return "" if token is None else f"{token.client_id}\n{token.subject or ''}"


def _with_record(result: Result, record: Record | None) -> str:
    """A result as it is kept: as JSON, with the record beside its own fields."""
    if record is None:
        return result.model_dump_json()
    return json.dumps({**result.model_dump(mode="json"), _RECORD: record.model_dump(mode="json")})


def log_masked(settings: Settings) -> None:
    """Write this process's logs to stderr with secrets masked; the redactor is made when something is logged."""
    from manyeyes.monitor.logs import log_to_stderr

    @cache
    def redactor() -> Redactor:
        from manyeyes.redaction import Redactor

        return Redactor(enabled=settings.privacy != "off", known=operator_secrets(settings))

    log_to_stderr(settings.log_level, lambda text: redactor().mask(text))


def _telemetry() -> Listener:
    from manyeyes.monitor.telemetry import Telemetry

    return Telemetry.open()


def _servers(settings: Settings, tasks: TaskGroup) -> Servers | None:
    """The operator's other MCP servers; none of them is started yet."""
    if not settings.mcp_servers:
        return None
    from manyeyes.mcp_servers import Servers

    return Servers(settings.mcp_servers, tasks, local_only=settings.privacy == "local-only")


def _allocation(settings: Settings, store: Store, prices: Prices) -> Allocation | None:
    """What is learned of models; reads nothing yet."""
    if not settings.learning.enabled:
        return None
    from manyeyes.routing.allocation import Allocation
    from manyeyes.state.posteriors import Posteriors

    return Allocation(settings.learning, Posteriors(store.database), prices)


def operator_secrets(settings: Settings) -> tuple[str, ...]:
    """The operator's own keys, which must appear nowhere."""
    keys = [settings.anthropic.key, settings.openai.key, settings.google.key]
    keys += [endpoint.key for endpoint in settings.endpoints.values()]
    given = [value for one in settings.mcp_servers.values() for value in (*one.env.values(), *one.headers.values())]
    # A variable such as `DEBUG=1` is no secret, and masking it would spoil every text.
    keys += [value for value in given if len(value.get_secret_value()) >= _SHORTEST_SECRET]
    return (*(key.get_secret_value() for key in keys if key is not None), *settings.dast.secrets)
