"""Through the whole tool: who is asked again, who is not, and on which lines the old answer then stands."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.anyio
BEFORE = "def pay(db, user):\n    # look up\n    row = db.get(user)\n    return row.total\n"
AFTER = "def pay(\n  db, user\n):\n\n\n  row = db.get(user)  # may be none\n  return row.total\n"


@pytest.fixture
def reviewer(tmp_path):
    """Writes a script: what a scripted reviewer claims, by quote and line."""

    def write(*claims, **more):
        findings = [
            {
                "path": "code.py",
                "quote": quote,
                "line": line,
                "title": "None is not thought of",
                "severity": "high",
                "category": "bug",
                "explanation": "It may be none.",
                "confidence": 0.9,
                **more,
            }
            for quote, line in claims
        ]
        answer = {"summary": "Pays.", "verdict": "comment", "findings": findings, "disputed": []}
        path = tmp_path / "script.json"
        path.write_text(json.dumps({"models": {"scripted": [{"json": answer, "times": None}]}}))
        return {"MANYEYES_SCRIPTED_FILE": str(path)}

    return write


async def reviewed(client, code):
    result = await client.call_tool("code_review", {"code": code, "language": "python", "model": "scripted:scripted"})
    content = result.structured_content
    lines = [one["start_line"] for one in content["findings"] if "scripted" in one["sources"][0]]
    return [used["cache"] for used in content["run"]["models"]], lines


async def test_another_layout_hits_with_todays_lines(connect, reviewer):
    async with connect(**reviewer(("    return row.total", 4))) as client:
        assert await reviewed(client, BEFORE) == (["miss"], [4])
        assert await reviewed(client, BEFORE) == (["hit"], [4])
        assert await reviewed(client, AFTER) == (["hit"], [7])
        assert await reviewed(client, AFTER.replace("total", "sum")) == (["miss"], [])


async def test_what_cannot_be_told_of_the_new_layout_is_asked_anew(connect, reviewer):
    async with connect(**reviewer(("    # look up", 2))) as client:
        assert await reviewed(client, BEFORE) == (["miss"], [2])
        assert await reviewed(client, AFTER) == (["hit", "miss"], [])
        assert await reviewed(client, AFTER) == (["hit", "hit"], [])


async def test_without_a_cache_everybody_is_asked(connect, reviewer):
    async with connect(**reviewer(("    return row.total", 4)), MANYEYES_CACHE_ENABLED="false") as client:
        for _ in range(2):
            assert await reviewed(client, BEFORE) == (["miss"], [4])
