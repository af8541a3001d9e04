"""The server over streamable HTTP, for clients on this machine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from manyeyes import __version__
from manyeyes.app import build
from manyeyes.desk import Desk
from manyeyes.errors import SettingsError
from manyeyes.settings import is_loopback

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from manyeyes.settings import Settings


async def serve_http(settings: Settings, host: str, port: int) -> None:
    """Serve `/mcp` and `/health` until stopped.

    Raises:
        SettingsError: the address is not this machine's loopback.
    """
    import uvicorn
    from mcp.server.transport_security import TransportSecuritySettings  # slow to import, and only needed here
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    if not is_loopback(host):
        raise SettingsError(
            f"Binding to {host} is refused: there is no authentication yet, and whoever reaches the server could read "
            "the code in its roots and spend your keys. Bind to 127.0.0.1, and use an authenticating proxy beyond."
        )

    async def health(_request: Request) -> Response:
        return JSONResponse({"status": "ok", "version": __version__})

    shown = f"[{host}]" if ":" in host else host
    names = {shown, "localhost", "127.0.0.1", "[::1]"}
    # A page in a browser may resolve its own name to this machine; only these names are answered to.
    guard = TransportSecuritySettings(
        enable_dns_rebinding_protection=True,
        allowed_hosts=[f"{name}:*" for name in sorted(names)],
        allowed_origins=[f"http://{name}:*" for name in sorted(names)],
    )

    async with Desk.open(settings, os.environ) as desk:
        app = build(desk).streamable_http_app(
            host=host, transport_security=guard, custom_starlette_routes=[Route("/health", health)]
        )
        level = {"debug": "debug", "info": "info"}.get(settings.log_level, "warning")
        # h11, not httptools where that happens to be installed: it leaves blanks at the end of header values, and the
        # protocol compares some of them with the body.
        config = uvicorn.Config(app, host=host, port=port, log_level=level, http="h11")
        await uvicorn.Server(config).serve()
