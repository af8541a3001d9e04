from __future__ import annotations

import pytest

from wire.connecting import connected


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
def connect(project):
    """Opens a client on a server of its own, in memory."""

    return lambda mode="auto", **environ: connected(project, environ, mode=mode)
