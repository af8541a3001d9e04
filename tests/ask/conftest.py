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
def connect(project, tmp_path):
    """Opens a client on a server of its own, in memory, with the toolset of `ask`."""

    def start(config="", **environ):
        if config:
            (tmp_path / "manyeyes.toml").write_text(config)
            environ["MANYEYES_CONFIG"] = str(tmp_path / "manyeyes.toml")
        return connected(project, {"MANYEYES_TOOLSETS": "chat", **environ})

    return start


@pytest.fixture
def vendors():
    """Starts vendors' doubles by what they think, and gives the variables that lead to them."""
    with ExitStack() as stack:
        yield partial(seated, stack)
