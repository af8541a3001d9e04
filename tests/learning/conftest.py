from __future__ import annotations

import json
from contextlib import asynccontextmanager

import pytest
from mcp import Client

from manyeyes import settings as operator
from manyeyes.app import build
from manyeyes.desk import Desk

CODE = "def pay(db, user):\n    row = db.get(user)\n    return row.total\n"


@pytest.fixture
def environ(tmp_path):
    """Settings with a state file, and a model `good`, whose claims are so, and `wild`, whose claims are not."""

    def claim(quote):
        return {
            "path": "code.py",
            "quote": quote,
            "line": 3,
            "title": "None is not thought of",
            "severity": "medium",
            "category": "bug",
            "explanation": "It may be none.",
            "confidence": 0.9,
        }

    def says(*quotes):
        answer = {"summary": "Pays.", "verdict": "comment", "findings": [claim(one) for one in quotes], "disputed": []}
        return [{"json": answer, "times": None, "usage": {"input_tokens": 900, "output_tokens": 100}}]

    script = {"good": says("    return row.total"), "wild": says("    return nothing.of_the_kind()")}
    (tmp_path / "script.json").write_text(json.dumps({"models": script}))
    return {
        "HOME": str(tmp_path),
        "MANYEYES_ROOTS": str(tmp_path),
        "MANYEYES_STATE_URL": f"sqlite:///{tmp_path / 'state.db'}",
        "MANYEYES_SCRIPTED_FILE": str(tmp_path / "script.json"),
        "MANYEYES_TOOLSETS": "default,feedback",
    }


@pytest.fixture
def opened(environ, tmp_path):
    """Opens a desk and a client on it, one after the other like one process after another."""

    @asynccontextmanager
    async def open_(**more):
        values = {**environ, **more}
        settings = operator.load(values, cwd=tmp_path)
        async with Desk.open(settings, values) as desk, Client(build(desk)) as client:
            yield desk, client

    return open_


@pytest.fixture
def review():
    """Has a model review the code, with a line of its own so that no answer is there already; gives the result."""

    async def ask(client, model, number=0):
        arguments = {"code": f"{CODE}\n\nN{number} = {number}\n", "language": "python", "model": f"scripted:{model}"}
        return (await client.call_tool("code_review", arguments)).structured_content

    return ask
