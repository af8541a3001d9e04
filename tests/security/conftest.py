from __future__ import annotations

from contextlib import ExitStack
from functools import partial

import pytest

from wire.connecting import connected
from wire.members import seated


@pytest.fixture
def project(tmp_path):
    root = tmp_path / "project"
    root.mkdir()
    (root / "pyproject.toml").write_text("[project]\nname = 'shop'\n")
    return root


@pytest.fixture
def connect(project):
    """Opens a client on a server of its own, in memory."""

    return lambda **environ: connected(project, environ)


@pytest.fixture
def panel():
    """Starts members: of Anthropic, OpenAI and Google, by what they think."""
    with ExitStack() as stack:
        yield partial(seated, stack)
