"""The tools of other servers that one run may use, in the form in which every vendor's model is offered tools."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import TYPE_CHECKING, cast

import anyio

from manyeyes.cores import compute
from manyeyes.mcp_servers.connection import Unusable
from manyeyes.mcp_servers.said import Said, bounded
from manyeyes.types import ToolOutput, ToolSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from mcp_types import Tool

    from manyeyes.mcp_servers.servers import Servers
    from manyeyes.settings import McpServer
    from manyeyes.types import Json, ToolCall

NAME_CHARS = 64
"""The longest name of a tool that all vendors take."""
DESCRIPTION_CHARS = 1_000
"""What is shown of a tool's description; a model pays for each."""
MOST = 60
"""Tools that are offered at most."""
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]")


@dataclass(frozen=True, slots=True)
class Lent:
    """A tool as it is offered, and where it comes from.  `reads` says that it changes nothing."""

    spec: ToolSpec
    server: str
    tool: str
    reads: bool


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
            made._take(name, servers.named[name], offers[name])
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

    def _take(self, name: str, settings: McpServer, tools: tuple[Tool, ...]) -> None:
        if not settings.tools:
            there = ", ".join(sorted(tool.name for tool in tools)[:20]) or "none"
            self.problems.append(
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
                    self.problems.append(
                        f"The tool {tool.name} of the MCP server {name} may change things and is not offered: set "
                        f"allow_destructive = true in [mcp_servers.{name}] to allow it."
                    )
                continue
            if len(self._lent) >= MOST:
                self.problems.append(f"More than {MOST} tools are too many to offer; {tool.name} of {name} is not.")
                continue
            lent = Lent(_spec(name, tool), name, tool.name, reads)
            self._lent[lent.spec.name] = lent


def only_reads(tool: Tool) -> bool:
    """Whether a tool's own annotations say that it changes nothing; what says nothing may change anything."""
    notes = tool.annotations
    return notes is not None and notes.read_only_hint is True and notes.destructive_hint is not True


def _spec(server: str, tool: Tool) -> ToolSpec:
    schema = cast("dict[str, Json]", dict(tool.input_schema))
    schema.pop("$schema", None)  # vendors refuse keywords about the schema itself
    schema.setdefault("type", "object")
    schema.setdefault("properties", {})
    text = " ".join((tool.description or tool.title or "").split())
    return ToolSpec(
        name=_offered_name(server, tool.name),
        description=text if len(text) <= DESCRIPTION_CHARS else f"{text[: DESCRIPTION_CHARS - 1]}…",
        parameters=schema,
    )


def _offered_name(server: str, tool: str) -> str:
    """A name that all vendors take and no other tool has: a changed one ends with a digest of what it was."""
    name = f"{server}__{tool}"
    plain = _NOT_IN_NAMES.sub("_", name)
    if plain == name and len(name) <= NAME_CHARS:
        return name
    return f"{plain[: NAME_CHARS - 9]}_{sha256(name.encode()).hexdigest()[:8]}"
