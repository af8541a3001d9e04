"""A client on a server of its own, in memory."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from mcp import Client

from manyeyes import settings as operator
from manyeyes.app import build
from manyeyes.desk import Desk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path


@asynccontextmanager
async def connected(project: Path, environ: Mapping[str, str], *, mode: str = "auto") -> AsyncIterator[Client]:
    """A client that works on a project; `client.desk` is the desk behind it.

    What `environ` names counts; the state stays in memory and only the project may be read unless it says otherwise.
    """
    environ = {
        "HOME": str(project.parent / "home"),
        "MANYEYES_ROOTS": str(project),
        "MANYEYES_STATE_URL": "sqlite://",
        **environ,
    }
    settings = operator.load(environ, cwd=project)
    async with Desk.open(settings, environ) as desk, Client(build(desk), mode=mode) as client:
        client.desk = desk
        yield client
