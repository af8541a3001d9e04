from __future__ import annotations

import json
from itertools import pairwise

import pytest
from mcp.shared.exceptions import MCPError

pytestmark = pytest.mark.anyio
ERAS = pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
EVAL = {"code": "eval(input())\n", "language": "python"}
TOOLS = ["code_pipeline", "code_review", "doc_generator", "security_scan"]


@ERAS
async def test_the_three_tools_are_listed_in_a_fixed_order(connect, mode):
    async with connect(mode) as client:
        tools = (await client.list_tools()).tools
    assert [tool.name for tool in tools] == TOOLS
    for tool in tools:
        assert tool.title
        assert tool.annotations.read_only_hint
        assert tool.input_schema["additionalProperties"] is False
        assert all("description" in body for body in tool.input_schema["properties"].values()), tool.name
        assert {"status", "summary", "problems", "run"} <= set(tool.output_schema["required"])


async def test_the_list_of_tools_is_small(connect):
    """Every client pays for it in each conversation."""
    async with connect() as client:
        tools = [
            tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in (await client.list_tools()).tools
        ]
    whole = json.dumps({"tools": tools}, separators=(",", ":"))
    without = json.dumps(
        {"tools": [{k: v for k, v in tool.items() if k != "outputSchema"} for tool in tools]}, separators=(",", ":")
    )
    assert len(whole) <= 17_000
    assert len(without) <= 4_500


@ERAS
async def test_a_scan_without_any_key_speaks_from_evidence(connect, mode):
    async with connect(mode) as client:
        result = await client.call_tool("security_scan", EVAL)
    assert not result.is_error
    body = result.structured_content
    assert body["status"] == "evidence_only"
    assert any("No model was asked" in problem for problem in body["problems"])
    (finding, *_) = body["findings"]
    assert (finding["start_line"], finding["path"], finding["cwe"]) == (1, "code.py", "CWE-95")
    assert body["run"]["models"] == []
    assert body["run"]["cost_usd"] == 0
    (text,) = result.content
    for said in (finding["title"], "code.py:1", "No model was asked", "ANTHROPIC_API_KEY"):
        assert said in text.text


@ERAS
async def test_all_four_ways_to_give_code_find_the_injection(connect, project, mode):
    import subprocess

    def git(*args):
        subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@t", *args], cwd=project, check=True)

    git("init", "-q")
    git("add", "pyproject.toml")
    git("commit", "-q", "-m", "start")
    code = (project / "pay.py").read_text()
    diff = "--- /dev/null\n+++ b/pay.py\n@@ -0,0 +1,3 @@\n" + "".join(f"+{line}\n" for line in code.splitlines())
    async with connect(mode) as client:
        for given in ({"code": code, "language": "python"}, {"paths": ["pay.py"]}, {"diff": diff}, {"git": "working"}):
            body = (await client.call_tool("security_scan", given)).structured_content
            assert any(one["cwe"] == "CWE-89" and one["start_line"] in {2, 3} for one in body["findings"]), given


async def test_a_result_says_the_same_in_text_and_structure(connect):
    async with connect() as client:
        for name in TOOLS:
            result = await client.call_tool(name, EVAL)
            assert result.structured_content["run"]["id"] in result.content[0].text


async def test_a_long_result_is_cut_and_can_be_read_on(connect, tmp_path):
    code = "".join(f"eval(input('{'x' * 400}{number}'))\n" for number in range(400))
    async with connect(MANYEYES_LIMITS_FINDINGS="1000") as client:
        seen, arguments, total = [], {"code": code, "language": "python"}, None
        while True:
            result = await client.call_tool("security_scan", arguments)
            body = result.structured_content
            assert len(json.dumps(body)) < 75_000
            assert len(result.content[0].text) < 75_000
            seen += [finding["id"] for finding in body["findings"]]
            total = body["cut"]["total"]
            assert body["cut"]["shown"] == len(body["findings"])
            if not body["cut"]["cursor"]:
                break
            assert body["cut"]["cursor"] in result.content[0].text
            arguments = {"cursor": body["cut"]["cursor"]}
        whole = json.loads((await client.read_resource(body["cut"]["resource"])).contents[0].text)
    assert len(seen) == total == len(set(seen)) == len(whole["findings"])
    assert seen == [finding["id"] for finding in whole["findings"]]
    assert total >= 400


@pytest.mark.parametrize("cursor", ["nonsense", "r-000000000000.5", "r-0.99999999999999999999", "x.-1"])
async def test_a_bad_cursor_is_a_clear_error(connect, cursor):
    async with connect() as client:
        result = await client.call_tool("code_review", {"cursor": cursor})
    assert result.is_error
    assert "cursor" in result.content[0].text or "no longer" in result.content[0].text


@ERAS
async def test_unknown_names_are_the_protocols_errors(connect, mode):
    async with connect(mode) as client:
        for ask in (
            lambda: client.call_tool("no_such_tool", {}),
            lambda: client.read_resource("manyeyes://nowhere"),
            lambda: client.read_resource("manyeyes://runs/r-000000000000"),
            lambda: client.get_prompt("no_such_prompt"),
            lambda: client.get_prompt("document_module", {}),
            lambda: client.get_prompt("document_module", {"path": "a", "colour": "red"}),
        ):
            with pytest.raises(MCPError) as caught:
                await ask()
            assert caught.value.code == -32602
            assert "Traceback" not in caught.value.message


@ERAS
async def test_resources_can_be_read(connect, mode):
    async with connect(mode) as client:
        assert [str(one.uri) for one in (await client.list_resources()).resources] == [
            "manyeyes://dashboard",
            "manyeyes://models",
        ]
        templates = (await client.list_resource_templates()).resource_templates
        assert [one.uri_template for one in templates] == ["manyeyes://runs/{id}", "manyeyes://runs/{id}/sarif"]
        body = (await client.call_tool("security_scan", EVAL)).structured_content
        dashboard = (await client.read_resource("manyeyes://dashboard")).contents[0].text
        assert "security_scan" in dashboard
        models = json.loads((await client.read_resource("manyeyes://models")).contents[0].text)
        assert {"anthropic:claude-opus-4-7", "openai:gpt-5.5", "google:gemini-2.5-pro"} <= {
            one["ref"] for one in models
        }
        run = json.loads((await client.read_resource(f"manyeyes://runs/{body['run']['id']}")).contents[0].text)
        assert run["findings"] == body["findings"]
        sarif = json.loads((await client.read_resource(body["sarif"])).contents[0].text)
        assert sarif["version"] == "2.1.0"
        assert len(sarif["runs"][0]["results"]) == len(body["findings"])


@ERAS
async def test_prompts_are_listed_and_filled(connect, mode):
    async with connect(mode) as client:
        assert [one.name for one in (await client.list_prompts()).prompts] == [
            "review_my_changes",
            "audit_dependencies",
            "document_module",
        ]
        prompt = await client.get_prompt("review_my_changes", {"range": "main..HEAD", "focus": "races"})
        assert 'git="main..HEAD"' in prompt.messages[0].content.text
        assert 'focus="races"' in prompt.messages[0].content.text
        prompt = await client.get_prompt("document_module", {"path": "shop/pay.py"})
        assert 'paths=["shop/pay.py"]' in prompt.messages[0].content.text


@ERAS
async def test_progress_is_told(connect, mode):
    heard = []

    async def note(progress, total, message):
        heard.append((progress, total, message))

    async with connect(mode) as client:
        await client.call_tool("code_review", EVAL, progress_callback=note)
    assert heard
    assert all(one[0] < two[0] <= two[1] for one, two in pairwise(heard))  # the protocol wants each above the last
    assert all(message for _, _, message in heard)


async def test_instructions_are_short_enough_for_every_client(connect):
    async with connect("legacy") as client:
        assert 0 < len(client.instructions) < 2_000
