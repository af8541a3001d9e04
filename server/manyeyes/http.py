"""The server over streamable HTTP, for clients on this machine."""

from __future__ import annotations

import errno
import os
import socket
import sys
from contextlib import closing
from typing import TYPE_CHECKING

from manyeyes import __version__
from manyeyes.app import build
from manyeyes.desk import Desk, log_masked
from manyeyes.errors import SettingsError
from manyeyes.settings import is_loopback

if TYPE_CHECKING:
    from starlette.requests import Request

    from manyeyes.settings import Settings

_HIGHEST_PORT = 65_535


async def serve_http(settings: Settings, host: str, port: int) -> None:
    """Serve `/mcp` and `/health` until stopped.

    Raises:
        SettingsError: the address is not this machine's loopback, or cannot be had.
    """
    import uvicorn
    from mcp.server.transport_security import TransportSecuritySettings  # slow to import, and only needed here
    from starlette.responses import JSONResponse, Response
    from starlette.routing import Route

    from manyeyes.monitor.prometheus import CONTENT_TYPE

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

    # Bound before anything is opened, so that an address that cannot be had is told in one line.
    with closing(_bound(host, port)) as listener:
        log_masked(settings)
        async with Desk.open(settings, os.environ) as desk:

            def metrics(_request: Request) -> Response:  # not async: Starlette then runs it in a thread
                return Response(desk.metrics.text(desk.gateway.breakers.reasons()), media_type=CONTENT_TYPE)

            app = build(desk).streamable_http_app(
                host=host,
                transport_security=guard,
                custom_starlette_routes=[Route("/health", health), Route("/metrics", metrics)],
            )
            level = {"debug": "debug", "info": "info"}.get(settings.log_level, "warning")
            # h11, not httptools where that happens to be installed: it leaves blanks at the end of header values, and
            # the protocol compares some of them with the body.
            config = uvicorn.Config(app, log_level=level, http="h11", log_config=None)
            _tell(f"http://{shown}:{listener.getsockname()[1]}/mcp", settings)
            await uvicorn.Server(config).serve(sockets=[listener])


def _bound(host: str, port: int) -> socket.socket:
    """A socket that listens there."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            other = port + 1 if port < _HIGHEST_PORT else port - 1
            shown = f"[{host}]" if ":" in host else host
            raise SettingsError(f"Port {port} is in use; choose another: --http {shown}:{other}") from None
        reason = (error.strerror or str(error)).lower()
        raise SettingsError(f"{host} port {port} cannot be used: {reason}. Choose another: --http HOST:PORT") from None


def _tell(address: str, settings: Settings) -> None:
    """Say on stderr where the server listens and what it may read."""
    roots = ", ".join(map(str, settings.roots)) or "none, set MANYEYES_ROOTS"
    missing = f"; not there: {', '.join(settings.missing_roots)}" if settings.missing_roots else ""
    sys.stderr.write(f"manyeyes: listening on {address}, roots: {roots}{missing}\n")
    sys.stderr.flush()
