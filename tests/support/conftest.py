from __future__ import annotations

import json
from contextlib import asynccontextmanager

import pytest
from mcp import Client

from manyeyes import settings as operator
from manyeyes.app import build
from manyeyes.desk import Desk
from wire.doubles import Double
from wire.vendors import KEY, AnthropicWords, ChatWords

FAQ = """\
# Returns

You can send goods back within 30 days. Refunds take five working days.

# Router

If the router shows a red light, hold the reset button for ten seconds.
Then wait until the light is green.
"""


class Talking(Double):
    """A vendor whose words depend on what it is asked; `answer` is given the request's JSON."""

    def __init__(self, words, answer):
        super().__init__()
        self.words = words
        self.answer = answer

    async def _answer(self, request):
        await super()._answer(request)
        said = self.answer(self.asked[-1].json)
        return said if not isinstance(said, dict) else self.words.says(json.dumps(said))


@pytest.fixture
def knowledge(tmp_path):
    folder = tmp_path / "knowledge"
    folder.mkdir()
    (folder / "faq.md").write_text(FAQ)
    return folder


@pytest.fixture
def config(tmp_path):
    """Writes the operator's file and returns the variable that names it."""

    def write(text):
        path = tmp_path / "manyeyes.toml"
        path.write_text(text)
        return {"MANYEYES_CONFIG": str(path)}

    return write


@pytest.fixture
def environ(tmp_path, knowledge):
    return {
        "HOME": str(tmp_path / "home"),
        "MANYEYES_TOOLSETS": "support",
        "MANYEYES_STATE_URL": f"sqlite:///{tmp_path}/state/state.db",
        "MANYEYES_SUPPORT_KNOWLEDGE": str(knowledge),
    }


@pytest.fixture
def desk(environ, tmp_path):
    """Opens a desk of its own on the same state."""

    @asynccontextmanager
    async def opened(**more):
        settings = operator.load({**environ, **more}, cwd=tmp_path)
        async with Desk.open(settings, {**environ, **more}) as one:
            yield one

    return opened


@pytest.fixture
def connect(desk):
    """Opens a client on a server of its own, in memory."""

    @asynccontextmanager
    async def connected(**more):
        async with desk(**more) as one, Client(build(one)) as client:
            yield client

    return connected


def _silent(_request):
    return reply("Nothing was scripted.")


@pytest.fixture(scope="module")
def vendors():
    with Talking(AnthropicWords(), _silent) as claude, Talking(ChatWords(), _silent) as gpt:
        yield claude, gpt


@pytest.fixture
def claude(vendors):
    vendors[0].reset()
    vendors[0].answer = _silent
    return vendors[0]


@pytest.fixture
def gpt(vendors):
    vendors[1].reset()
    vendors[1].answer = _silent
    return vendors[1]


@pytest.fixture
def keys(claude, gpt):
    return {
        "ANTHROPIC_API_KEY": KEY,
        "ANTHROPIC_BASE_URL": claude.url,
        "OPENAI_API_KEY": KEY,
        "OPENAI_BASE_URL": f"{gpt.url}/v1",
    }


def reply(text, **more):
    return {"reply": text, "citations": [], "confidence": 0.9, "needs_human": False, "reason": "", **more}


@pytest.fixture
def says():
    """A reply as a model gives it."""
    return reply
