"""The server over standard input and output."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from manyeyes.app import build
from manyeyes.desk import Desk, log_masked

if TYPE_CHECKING:
    from manyeyes.settings import Settings


async def serve_stdio(settings: Settings) -> None:
    """Serve one client until it closes its end."""
    from mcp.server.stdio import stdio_server  # only here

    log_masked(settings)
    async with Desk.open(settings, os.environ) as desk:
        server = build(desk)
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())
