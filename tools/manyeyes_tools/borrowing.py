"""The tools of other MCP servers as tools of an investigation, alone or beside our own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from manyeyes_tools.chunks import delimited

if TYPE_CHECKING:
    from manyeyes.mcp_servers import Borrowed
    from manyeyes.tool import Bench
    from manyeyes.types import ToolCall, ToolOutput, ToolSpec
    from manyeyes_tools.investigation import Tools


async def borrowed(bench: Bench) -> Borrowed | None:
    """What this run may use of other servers, its outputs marked as data; None when there is nothing to use.

    Servers that are not running yet are started.  What could not be had is in its `problems`.
    """
    return await bench.borrow(delimited)


@dataclass(frozen=True, slots=True)
class Together:
    """Our own tools and borrowed ones in one; a name of ours wins.  See `investigation.Tools`."""

    own: Tools
    lent: Tools

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """Ours first, so that what vendors keep of them stays the same whatever is lent."""
        mine = {spec.name for spec in self.own.specs}
        return (*self.own.specs, *(spec for spec in self.lent.specs if spec.name not in mine))

    async def run(self, call: ToolCall) -> ToolOutput:
        """Run one call where its tool is."""
        mine = {spec.name for spec in self.own.specs}
        return await (self.own if call.name in mine else self.lent).run(call)
