"""Models with a small window: they review what fits, are shown nothing beside it, and say when nothing does."""

from __future__ import annotations

import json
from contextlib import ExitStack

import pytest

from manyeyes import settings as operator
from manyeyes.desk import Desk
from wire.members import Member
from wire.vendors import KEY, AnthropicWords, ChatWords

pytestmark = pytest.mark.anyio

CODE = "def find(db, name):\n    return db.execute(f\"SELECT * FROM users WHERE name = '{name}'\")\n"
CALLER = "import shop\n\n\ndef serve(request, db):\n    return shop.find(db, request.args['name'])\n"
ANSWER = json.dumps({"summary": "It finds users.", "verdict": "comment", "findings": [], "checked": []})


@pytest.fixture
def project(tmp_path):
    (tmp_path / "shop.py").write_text(CODE)
    (tmp_path / "serve.py").write_text(CALLER)
    (tmp_path / "AGENTS.md").write_text("Money is in integer cents.\n")
    return tmp_path


def endpoint(url, window, most=600):
    return {
        "MANYEYES_ENDPOINTS_BOX_URL": f"{url}/v1",
        "MANYEYES_ENDPOINTS_BOX_MODELS": "small",
        "MANYEYES_ENDPOINTS_BOX_WINDOW": str(window),
        "MANYEYES_ENDPOINTS_BOX_MAX_OUTPUT": str(most),
    }


async def called(project, environ, tool, **arguments):
    environ = {"HOME": str(project), "MANYEYES_ROOTS": str(project), "MANYEYES_STATE_URL": "sqlite://", **environ}
    async with Desk.open(operator.load(environ, cwd=project), environ) as desk:
        return await desk.call(tool, {"paths": ["shop.py"], **arguments})


@pytest.mark.parametrize("tool", ["code_review", "security_scan"])
@pytest.mark.parametrize("window", [8_192, 5_000])
async def test_a_small_window_is_asked_about_the_code_and_nothing_beside_it(project, tool, window):
    with Member(ChatWords(), lambda texts: ANSWER) as box:
        result = await called(project, endpoint(box.url, window), tool)
    assert [use.ref for use in result.run.models][:1] == ["box:small"]
    asked = json.dumps(box.asked[0].json)
    assert "SELECT * FROM users" in asked
    assert "integer cents" not in asked
    assert "request.args" not in asked
    assert "tools" not in box.asked[0].json
    assert [one.cwe for one in result.findings] == ["CWE-89"]


async def test_a_large_window_is_shown_what_stands_around(project):
    with Member(ChatWords(), lambda texts: ANSWER) as box:
        await called(project, endpoint(box.url, 64_000), "code_review")
    assert "request.args" in json.dumps(box.asked[0].json)
    assert box.asked[0].json["tools"]


async def test_code_beyond_the_window_is_read_in_pieces_and_what_fails_leaves_the_rest(project):
    (project / "shop.py").write_text("\n\n".join(CODE.replace("find", f"find_{n}") for n in range(150)))
    refused = []

    def think(texts):
        if any("find_149" in text for text in texts):
            refused.append(1)
            return "no JSON at all"
        return ANSWER

    with Member(ChatWords(), think) as box:
        result = await called(project, endpoint(box.url, 8_192), "code_review")
    assert refused
    assert len(result.run.models) >= 2
    assert result.status == "partial"
    assert result.findings


async def test_a_window_too_small_for_anything_is_told_with_its_size(project):
    with Member(ChatWords(), lambda texts: ANSWER) as box:
        result = await called(project, endpoint(box.url, 2_048), "code_review")
    assert box.asked == []
    assert result.status == "evidence_only"
    assert "window too small" in result.problems[0]
    assert [one.cwe for one in result.findings] == ["CWE-89"]


async def test_a_small_window_keeps_nobody_from_a_panel(project):
    with ExitStack() as stack:
        box = stack.enter_context(Member(ChatWords(), lambda texts: ANSWER))
        claude = stack.enter_context(Member(AnthropicWords(), lambda texts: ANSWER))
        environ = {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": claude.url, **endpoint(box.url, 8_192)}
        result = await called(project, environ, "code_review", depth="panel")
    assert {use.ref.partition(":")[0] for use in result.run.models} == {"anthropic"}
    assert box.asked == []
