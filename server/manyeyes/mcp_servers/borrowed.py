"""The tools of other servers that one run may use, in the form in which every vendor's model is offered tools."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import TYPE_CHECKING

import anyio

from manyeyes.cores import compute
from manyeyes.mcp_servers.connection import Unusable
from manyeyes.mcp_servers.said import Said, bounded
from manyeyes.mcp_servers.schemas import Unfit, fit, words
from manyeyes.types import ToolOutput, ToolSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from mcp_types import Tool

    from manyeyes.mcp_servers.servers import Servers
    from manyeyes.settings import McpServer
    from manyeyes.types import ToolCall

NAME_CHARS = 64
"""The longest name of a tool that all vendors take."""
DESCRIPTION_CHARS = 1_000
"""What is shown of a tool's description; a model pays for each."""
MOST = 60
"""Tools that are offered at most."""
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]")


@dataclass(frozen=True, slots=True)
class Lent:
    """A tool as it is offered, and where it comes from.

    Attributes:
        spec: What models are shown.
        server: The operator's name for its server.
        told: What the server said of it when it was offered.
        reads: It changes nothing.
    """

    spec: ToolSpec
    server: str
    told: Tool
    reads: bool

    @property
    def tool(self) -> str:
        """Its name at the server."""
        return self.told.name


@dataclass(slots=True)
class Borrowed:
    """One for each run, shared by all models of it.  Made by `of`.

    What one model fetched is given to the others without asking again, as long as no tool of that server was used
    that may have changed something.  A server that dies is started once more; dies it again, it is left out for the
    rest of the run.

    Attributes:
        servers: Where the tools are.
        mask: Replaces secrets in what tools give.
        mark: Puts the marks around it that tell data from instructions.
        problems: What could not be had, and why.
    """

    servers: Servers
    mask: Callable[[str], str]
    mark: Callable[[str], str]
    problems: list[str] = field(default_factory=list)
    _lent: dict[str, Lent] = field(default_factory=dict)
    _restarted: set[str] = field(default_factory=set)
    _left_out: set[str] = field(default_factory=set)
    _known: dict[tuple[str, str, str], Said] = field(default_factory=dict)
    _locks: dict[tuple[str, str, str], anyio.Lock] = field(default_factory=dict)

    @classmethod
    async def of(cls, servers: Servers, *, mask: Callable[[str], str], mark: Callable[[str], str]) -> Borrowed:
        """What may be used of all servers; those that are not running yet are started, all at the same time."""
        made = cls(servers, mask, mark)
        offers: dict[str, tuple[Tool, ...]] = {}

        async def ask(name: str) -> None:
            try:
                offers[name] = (await servers.connection(name)).tools
            except Unusable as why:
                made._leave_out(name, str(why))

        async with anyio.create_task_group() as group:
            for name in servers.named:
                group.start_soon(ask, name)
        for name in sorted(offers):
            await compute(made._take, name, servers.named[name], offers[name])
        made.problems.sort()
        return made

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """The tools, always in the same order."""
        return tuple(one.spec for _, one in sorted(self._lent.items()))

    def tools_of(self, server: str) -> tuple[str, ...]:
        """The names of a server's tools that may be used, as it calls them."""
        return tuple(one.tool for _, one in sorted(self._lent.items()) if one.server == server)

    @property
    def only_reads(self) -> bool:
        """Whether nothing that is offered can change anything, so that a call may be made again at any time."""
        return all(one.reads for one in self._lent.values())

    async def run(self, call: ToolCall) -> ToolOutput:
        """Run one call: its output is bounded, masked and marked as data.  A failure is an output too."""
        lent = self._lent.get(call.name)
        if lent is None:
            return ToolOutput(call.id, call.name, f"There is no tool {call.name!r}.", failed=True)
        if lent.server in self._left_out:
            return ToolOutput(call.id, call.name, f"The server {lent.server} is gone. Go on without it.", failed=True)
        arguments = json.dumps(dict(call.arguments), sort_keys=True, ensure_ascii=False)
        key = (lent.server, lent.tool, arguments)
        if not lent.reads:
            output = await self._call(lent, call)
            self._forget(lent.server)
        else:
            async with self._locks.setdefault(key, anyio.Lock()):  # who asks the same meanwhile gets the same
                known = self._known.get(key)
                output = known or await self._call(lent, call)
                if not output.failed:
                    self._known[key] = output
        return ToolOutput(call.id, call.name, self.mark(output.text), failed=output.failed)

    async def _call(self, lent: Lent, call: ToolCall) -> Said:
        while True:
            try:
                connection = await self.servers.connection(lent.server)
                if not any(_as_told(lent.told, tool) for tool in connection.tools):
                    # Started anew it may say something else of itself; what was allowed was what it said at first.
                    self._complain(
                        f"The tool {_shown(lent.tool)} of the MCP server {lent.server} is no longer what "
                        "it was when it was offered, and is not called."
                    )
                    return Said(f"The tool {_shown(lent.tool)} has changed. Go on without it.", failed=True)
                said = await connection.call(lent.tool, call.arguments)
            except Unusable as why:
                if lent.server in self._restarted:
                    self._leave_out(lent.server, str(why))
                    return Said(f"The server {lent.server} is gone. Go on without it.", failed=True)
                self._restarted.add(lent.server)
                if not lent.reads:
                    # Whether it was carried out nobody knows, and twice may be worse than not at all.
                    return Said(f"The server {lent.server} ended during the call; it may or may not be done.", True)  # noqa: FBT003  # a field, not a switch
            else:
                # Masked before it is bounded: a secret that is cut in two would no longer be known as one.
                return Said(bounded(await compute(self.mask, said.text)), said.failed)

    def _forget(self, server: str) -> None:
        for key in [key for key in self._known if key[0] == server]:
            del self._known[key]

    def _leave_out(self, name: str, why: str) -> None:
        if name not in self._left_out:
            self._left_out.add(name)
            self.problems.append(self.mask(f"The MCP server {name} is left out: {why}."))

    def _complain(self, problem: str) -> None:
        masked = self.mask(problem)
        if masked not in self.problems:
            self.problems.append(masked)

    def _take(self, name: str, settings: McpServer, tools: tuple[Tool, ...]) -> None:
        if not settings.tools:
            there = ", ".join(_shown(one) for one in sorted(tool.name for tool in tools)[:20]) or "none"
            self._complain(
                f"No tool of the MCP server {name} may be used: name some in `tools` of [mcp_servers.{name}]. "
                f"It has: {there}."
            )
        for pattern in settings.tools:
            if not any(fnmatchcase(tool.name, pattern) for tool in tools):
                self.problems.append(f"The MCP server {name} has no tool {pattern!r}.")
        for tool in sorted(tools, key=lambda one: one.name):
            if not any(fnmatchcase(tool.name, pattern) for pattern in settings.tools):
                continue
            reads = only_reads(tool)
            if not reads and not settings.allow_destructive:
                if tool.name in settings.tools:
                    self._complain(
                        f"The tool {_shown(tool.name)} of the MCP server {name} may change things and is not offered: "
                        f"set allow_destructive = true in [mcp_servers.{name}] to allow it."
                    )
                continue
            if len(self._lent) >= MOST:
                self._complain(f"More than {MOST} tools are too many to offer; {_shown(tool.name)} of {name} is not.")
                continue
            self._lend(name, tool, reads=reads)

    def _lend(self, name: str, tool: Tool, *, reads: bool) -> None:
        """Offer a tool; one that cannot be is a problem by its name."""
        try:
            spec = _spec(name, tool, self.mask)
        except Unfit as why:
            self._complain(f"The tool {_shown(tool.name)} of the MCP server {name} is not offered: {why}.")
            return
        if spec.name in self._lent:
            self._complain(f"The tool {_shown(tool.name)} of the MCP server {name} is not offered: its name is taken.")
            return
        self._lent[spec.name] = Lent(spec, name, tool, reads)


def only_reads(tool: Tool) -> bool:
    """Whether a tool's own annotations say that it changes nothing; what says nothing may change anything."""
    notes = tool.annotations
    return notes is not None and notes.read_only_hint is True and notes.destructive_hint is not True


def _spec(server: str, tool: Tool, mask: Callable[[str], str]) -> ToolSpec:
    """The tool as models are shown it.

    Raises:
        Unfit: what it says of its arguments cannot be shown.
    """
    return ToolSpec(
        name=_offered_name(server, tool.name),
        description=words(tool.description or tool.title or "", mask, DESCRIPTION_CHARS),
        parameters=fit(tool.input_schema, mask),
    )


def _as_told(one: Tool, other: Tool) -> bool:
    """Whether a server says of a tool what it said before."""
    return (one.name, one.description, one.title, one.input_schema, one.annotations) == (
        other.name,
        other.description,
        other.title,
        other.input_schema,
        other.annotations,
    )


def _shown(name: str) -> str:
    """A tool's name in a sentence; a server may call it anything."""
    line = " ".join(name.split())
    return line if len(line) <= NAME_CHARS else f"{line[: NAME_CHARS - 1]}…"


def _offered_name(server: str, tool: str) -> str:
    """A name that all vendors take and no other tool has: a changed one ends with a digest of what it was.

    A plain one is the server's up to the first `__`, so that it says of itself what belongs to whom.
    """
    name = f"{server}__{tool}"
    plain = _NOT_IN_NAMES.sub("_", name)
    if plain == name and len(name) <= NAME_CHARS and name.partition("__")[0] == server:
        return name
    digest = sha256(f"{server}/{tool}".encode(errors="replace")).hexdigest()  # no server's name has a slash
    return f"{plain[: NAME_CHARS - 9]}_{digest[:8]}"
