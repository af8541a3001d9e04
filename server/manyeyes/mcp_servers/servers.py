"""The other servers that the operator named, as long as the desk is open."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio

from manyeyes.mcp_servers.connection import Connection, Unusable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anyio.abc import TaskGroup

    from manyeyes.settings import McpServer


@dataclass(slots=True)
class Servers:
    """Starts a server when its tools are first needed, and keeps it for all runs.

    Attributes:
        named: The operator's settings, by name.
        tasks: Where the tasks live that hold connections open.
        local_only: Nothing may leave this machine, so a server elsewhere is not reached.
    """

    named: Mapping[str, McpServer]
    tasks: TaskGroup
    local_only: bool = False
    _open: dict[str, Connection] = field(default_factory=dict)
    _locks: dict[str, anyio.Lock] = field(default_factory=dict)

    async def connection(self, name: str) -> Connection:
        """The connection to a server; opened when there is none, or none any more.

        Raises:
            Unusable: it cannot be had.
        """
        settings = self.named[name]
        if self.local_only and not settings.local:
            raise Unusable("privacy is local-only, and it is not on this machine")
        async with self._locks.setdefault(name, anyio.Lock()):
            known = self._open.get(name)
            if known is not None and not known.gone:
                return known
            made = await Connection.opened(name, settings, self.tasks)
            self._open[name] = made
            return made

    def close(self) -> None:
        """Let all of them end."""
        for one in self._open.values():
            one.close()
