"""`manyeyes serve`: the MCP server over stdio or HTTP."""

from __future__ import annotations

import argparse
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from manyeyes.cli.verbs import Options, Verbs

DEFAULT_PORT = 8000
_HIGHEST_PORT = 65_535


def add(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "serve",
        help="run the MCP server, over stdio unless --http is given",
        description="Run the MCP server over stdio, as MCP clients start it, or over streamable HTTP at /mcp.",
        epilog="examples:\n"
        "  claude mcp add manyeyes -- manyeyes serve   attach it to a client\n"
        "  manyeyes serve --http 127.0.0.1:8000\n\n"
        "Clients that are set up in JSON take:\n"
        '  {"mcpServers": {"manyeyes": {"command": "manyeyes", "args": ["serve"]}}}',
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--http", metavar="HOST:PORT", type=address, help="serve HTTP there; this machine only")
    parser.set_defaults(run=run)


def run(options: Options) -> int:
    """Serve until the client leaves or the process is stopped."""
    return serve(options.http)


def serve(http: tuple[str, int] | None) -> int:
    """Serve over stdio, or over HTTP at that host and port."""
    import anyio  # needed to serve, not to read the command line

    from manyeyes.errors import SettingsError
    from manyeyes.settings import load

    try:
        settings = load()
        if http is None:
            # A thread that waits for stdin cannot be cancelled, so an interrupt ends the process as SIGTERM does.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            from manyeyes.stdio import serve_stdio

            for missing in settings.missing_roots:
                _tell(f"MANYEYES_ROOTS: {missing} is no folder on this machine; calls that need it will say so")
            if sys.stdin is not None and sys.stdin.isatty():
                _tell("waiting for an MCP client on stdin; a client starts this itself, see Attach it in the README")

            anyio.run(serve_stdio, settings)
        else:
            from manyeyes.http import serve_http

            anyio.run(serve_http, settings, *http)
    except SettingsError as error:
        # stdout belongs to the protocol, and clients show their server's stderr.
        _tell(str(error))
        return 2
    return 0


def _tell(message: str) -> None:
    sys.stderr.write(f"manyeyes: {message}\n")
    sys.stderr.flush()


def address(text: str) -> tuple[str, int]:
    """`HOST:PORT`, `:PORT` or `HOST`, IPv6 in brackets."""
    if text.isascii() and text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT; did you mean 127.0.0.1:{text}?")
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        host, port = text, ""
    if port and not (port.isascii() and port.isdecimal() and int(port) <= _HIGHEST_PORT):
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT, such as 127.0.0.1:8000")
    return host.strip("[]") or "127.0.0.1", int(port) if port else DEFAULT_PORT
