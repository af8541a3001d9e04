from __future__ import annotations

from contextlib import asynccontextmanager

import pytest
from mcp import Client

from manyeyes import settings as operator
from manyeyes.app import build
from manyeyes.desk import Desk


@pytest.fixture
def project(tmp_path):
    """A folder with one weak file in it."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "pyproject.toml").write_text("[project]\nname = 'shop'\n")
    (root / "pay.py").write_text(
        'def pay(db, user_id):\n    query = f"SELECT * FROM users WHERE id = {user_id}"\n    return db.execute(query)\n'
    )
    return root


@pytest.fixture
def connect(project, tmp_path):
    """Opens a client on a server of its own, in memory."""

    @asynccontextmanager
    async def connected(mode="auto", **environ):
        environ = {
            "HOME": str(tmp_path / "home"),
            "MANYEYES_ROOTS": str(project),
            "MANYEYES_STATE_URL": "sqlite://",
            **environ,
        }
        settings = operator.load(environ, cwd=project)
        async with Desk.open(settings, environ) as desk, Client(build(desk), mode=mode) as client:
            yield client

    return connected
