from __future__ import annotations

from contextlib import ExitStack, asynccontextmanager

import pytest
from mcp import Client

from manyeyes import settings as operator
from manyeyes.app import build
from manyeyes.desk import Desk
from wire.members import Member
from wire.vendors import KEY, AnthropicWords, ChatWords, GoogleWords


@pytest.fixture
def project(tmp_path):
    root = tmp_path / "project"
    root.mkdir()
    (root / "pyproject.toml").write_text("[project]\nname = 'shop'\n")
    return root


@pytest.fixture
def connect(project, tmp_path):
    """Opens a client on a server of its own, in memory."""

    @asynccontextmanager
    async def connected(**environ):
        environ = {
            "HOME": str(tmp_path / "home"),
            "MANYEYES_ROOTS": str(project),
            "MANYEYES_STATE_URL": "sqlite://",
            **environ,
        }
        settings = operator.load(environ, cwd=project)
        async with Desk.open(settings, environ) as desk, Client(build(desk)) as client:
            yield client

    return connected


@pytest.fixture
def panel():
    """Starts members: of Anthropic, OpenAI and Google, by what they think."""
    with ExitStack() as stack:

        def start(claude=None, gpt=None, gemini=None):
            environ = {"MANYEYES_GOOGLE_API_VERSION": "v1beta"}
            members = {}
            for name, words, think in (
                ("claude", AnthropicWords(), claude),
                ("gpt", ChatWords(), gpt),
                ("gemini", GoogleWords(), gemini),
            ):
                if think is None:
                    continue
                members[name] = member = stack.enter_context(Member(words, think))
                environ |= {
                    "claude": {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": member.url},
                    "gpt": {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": f"{member.url}/v1"},
                    "gemini": {"GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": member.url},
                }[name]
            return members, environ

        yield start
