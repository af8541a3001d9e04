"""What a tool is, and what it may use while it works."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from manyeyes.results import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from manyeyes.learning.account import Resolved, Signal
    from manyeyes.mcp_servers import Borrowed
    from manyeyes.redaction import Redactor
    from manyeyes.results import Remark, Run, Step
    from manyeyes.routing.reading import Reading
    from manyeyes.settings import Settings
    from manyeyes.state.conversations import Conversations
    from manyeyes.types import Completion, ModelRef, Request, Route, Task, Usage


class Arguments(BaseModel):
    """Base of every tool's arguments: an unknown one is refused, not ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


ArgumentsT = TypeVar("ArgumentsT", bound=Arguments)
ResultT = TypeVar("ResultT", bound=Result)


class Bench(Protocol):
    """What a tool works with during one call.  A new one is made for every call."""

    @property
    def run_id(self) -> str:
        """The run's id, as in `manyeyes://runs/{id}`."""
        ...

    @property
    def settings(self) -> Settings:
        """The operator's settings: roots, limits, privacy."""
        ...

    @property
    def roots(self) -> tuple[Path, ...]:
        """The folders that may be read, resolved; empty when there are none."""
        ...

    @property
    def redactor(self) -> Redactor:
        """Turns secrets into placeholders; the same secret into the same placeholder during one run."""
        ...

    def route(self, task: Task) -> Route:
        """Which models would be asked, and why.  Asks nobody; the run remembers it."""
        ...

    def by_rules(self, task: Task) -> tuple[ModelRef, ...]:
        """The models that would be asked by the rules alone, whatever was learned and whoever fails at the moment.

        Equal for equal questions as long as the operator's settings are, so that it may be a part of their names.
        """
        ...

    async def complete(self, task: Task, request: Request, *, role: str) -> Completion:
        """Ask the models of the task's route in turn until one answers.

        `role` names the part it plays in the run (`reviewer`, `writer`, …).  With `request.answer` set, the
        completion's `parsed` is an instance of it.

        Raises:
            NoModel: the route is empty.
            AllFailed: every model of it failed.
        """
        ...

    async def borrow(self, mark: Callable[[str], str]) -> Borrowed | None:
        """The tools of other MCP servers that this run may use; None when the operator named no server.

        Servers that are not running yet are started.  All models of a run share it, and what it fetched.

        Args:
            mark: Puts the marks around an output that tell a model that it is data.
        """
        ...

    def ceiling_usd(self, task: Task) -> float | None:
        """The most that one answer of the first model of the task's route can cost; None when that is not known."""
        ...

    def cost_usd(self, ref: ModelRef, usage: Usage) -> float | None:
        """What so much of a model's work costs, searches included; None when a price of it is not known."""
        ...

    async def reading(
        self, task: Task, part_tokens: int, *, each_tokens: int | None = None, parts: int | None = None
    ) -> Reading:
        """How material of `task.input_tokens` is best read: whole by one model, or in parts of `part_tokens`.

        Args:
            task: What is to be done, with the tokens of all of the material.
            part_tokens: The size of a part, with what stands around it.
            each_tokens: The longest answer to a part, where those answers stand by themselves; None where notes are
                made of each part, and one more call answers from them.
            parts: How many there are; None for as many as it takes.
        """
        ...

    async def progress(self, message: str, done: float, total: float) -> None:
        """Tell whoever waits what is being done: `done` of `total`, and never less than before."""
        ...

    @property
    def notices(self) -> tuple[str, ...]:
        """What whoever reads the result should know of how the answers came about, one line each."""
        ...

    def note(self, *happened: Step | Remark) -> None:
        """Keep with the run what a model did or said on the way, for `manyeyes://runs/{id}`.  Secrets are masked."""
        ...

    def outcome(self, model: str, kind: str, signal: Signal, quality: float) -> None:
        """Take in how good a model's answers turned out to be, so that the router learns of it.

        Args:
            model: Its reference.
            kind: The kind of work, as in the task that it was asked with.
            signal: What told.
            quality: How good, 0 to 1.
        """
        ...

    def resolved(self, one: Resolved) -> None:
        """Take in that a finding of an earlier run is gone since the code there was changed; it counts once."""
        ...

    async def feedback(self, run_id: str, *, good: bool) -> tuple[str, ...]:
        """Keep what somebody says of an earlier run, in place of what was said before; the models it is about.

        Raises:
            BadCall: no model is known to have worked in it, or nothing is learned here.
        """
        ...

    def trust(self, levels: Mapping[str, float]) -> None:
        """Keep with the run how far each model's agreement counted, 0 to 1."""
        ...

    def recall(self, key: str) -> str | None:
        """What was kept under a key by an earlier call; None when there is nothing, or no more, or no cache."""
        ...

    def recalled(self, ref: ModelRef, *, role: str) -> None:
        """Account for an answer of that model that was recalled and cost nothing."""
        ...

    def keep(self, key: str, text: str) -> None:
        """Keep a text for later calls, as long as answers are kept.  It must hold no secret."""
        ...

    @property
    def conversations(self) -> Conversations:
        """Conversations with customers, kept from one call to the next."""
        ...

    @property
    def principal(self) -> str:
        """Who calls, as far as the transport knows: a client that has proved who it is; else empty."""
        ...

    def run(self) -> Run:
        """What has been used so far: models, tokens, cost, failed attempts."""
        ...


class Tool(Protocol[ArgumentsT, ResultT]):
    """A tool.  The app and the command line reach every tool through these members alone."""

    @property
    def name(self) -> str:
        """As MCP lists it."""
        ...

    @property
    def title(self) -> str:
        """For people."""
        ...

    @property
    def description(self) -> str:
        """For the model that chooses among tools: what it does and when to call it."""
        ...

    @property
    def toolset(self) -> str:
        """The group that switches it on: `default`, `support`, `chat` and the like."""
        ...

    @property
    def open_world(self) -> bool:
        """Whether it may reach beyond this machine."""
        ...

    @property
    def read_only(self) -> bool:
        """Whether it leaves everything as it was, but for the account of what was used."""
        ...

    @property
    def arguments(self) -> type[ArgumentsT]:
        """The type of its arguments."""
        ...

    @property
    def result(self) -> type[ResultT]:
        """The type of its result."""
        ...

    async def run(self, arguments: ArgumentsT, bench: Bench) -> ResultT:
        """Do the work.

        Raises:
            BadCall: it cannot be done as asked.
            NoAnswer: no model answered and evidence alone cannot serve.
        """
        ...

    def report(self, result: ResultT) -> str:
        """The result as Markdown for people and for clients that read text only."""
        ...

    @property
    def exports(self) -> tuple[str, ...]:
        """The further forms `export` knows: `terminal` for all, `sarif` for findings."""
        ...

    def export(self, result: ResultT, form: str) -> str:
        """The result in one of `exports`; `terminal` is coloured with ANSI codes, everything else is plain."""
        ...

    def pages(self, result: ResultT, start: int, room: int) -> tuple[ResultT, int, int]:
        """The part of a result that begins at item `start` and takes at most about `room` bytes as JSON.

        Returns the part, the index of the first item left out (equal to the total when none is), and the total.
        At least one item is taken, so that reading on always ends.
        """
        ...


class ToolRegistry(Protocol):
    """Where the app finds its tools."""

    def __call__(self) -> Sequence[Tool[Arguments, Result]]:
        """All installed tools, in the order they are listed."""
        ...
