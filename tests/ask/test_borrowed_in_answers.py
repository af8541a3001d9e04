"""Models of all three vendors use the tools of other MCP servers while they answer."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from wire.vendors import AnthropicWords, ChatWords, GoogleWords, ResponsesWords

pytestmark = pytest.mark.anyio

HERE = Path(__file__).parent
LENDER = HERE.parent / "mcp_servers" / "lender.py"
MODULES = HERE.parent / "clients" / "node_modules"
NODE = MODULES / ".bin" / "node"


def looker(words, name, arguments, *, until):
    """A model that calls a tool first and answers with what it gave."""

    def think(texts):
        given = next((text for text in texts if until in text and "<material" in text), "")
        return f"Told: {until}" if given else words.asks(("call_1", name, arguments))

    return think


def config(*sections):
    return "\n".join(sections)


def lender(diary, *, tools=("look",), name="lender", more=""):
    listed = ", ".join(json.dumps(tool) for tool in tools)
    return (
        f"[mcp_servers.{name}]\ncommand = {json.dumps(sys.executable)}\n"
        f"args = [{json.dumps(str(LENDER))}, {json.dumps(str(diary))}]\ntools = [{listed}]\n{more}\n"
    )


async def ask(client, **arguments):
    result = await client.call_tool("ask", arguments)
    assert not result.is_error, result.content[0].text
    return result.structured_content


def thinker(words):
    return looker(words, "lender__look", {"what": "the vault"}, until="the vault: seen")


async def test_models_of_all_vendors_may_use_the_tools(connect, vendors, tmp_path):
    _members, environ = vendors(
        thinker(AnthropicWords()), thinker(ResponsesWords()), thinker(GoogleWords()), responses=True
    )
    diary = tmp_path / "diary"
    async with connect(lender(diary), **environ) as client:
        for model in ("anthropic:claude-opus-4-7", "openai:gpt-5.5", "google:gemini-2.5-pro"):
            result = await ask(client, prompt="What is in the vault?", model=model)
            assert result["answer"] == "Told: the vault: seen"
            assert result["status"] == "complete"
            record = await client.desk.record(result["run"]["id"])
            assert [step.tool for step in record.steps] == ["lender__look"]
    # Started once for all three, and asked anew in each run.
    assert diary.read_text().splitlines() == ["start", *["look the vault"] * 3]


async def test_what_one_member_of_a_panel_fetched_the_others_are_given(connect, vendors, tmp_path):
    def member(words):
        inner = thinker(words)

        def think(texts):
            if any("What became of the claims" in text for text in texts):
                return "Seen."
            if any("Claims to judge:" in text for text in texts):
                return json.dumps({"readings": []})
            said = inner(texts)
            return said if not isinstance(said, str) else json.dumps({"answer": said, "claims": []})

        return think

    _members, environ = vendors(member(AnthropicWords()), member(ChatWords()), member(GoogleWords()))
    diary = tmp_path / "diary"
    async with connect(lender(diary), **environ) as client:
        result = await ask(client, prompt="What is in the vault?", depth="panel")
        record = await client.desk.record(result["run"]["id"])
    assert len(result["opinions"]) == 3
    assert len(record.steps) == 3
    assert diary.read_text().splitlines() == ["start", "look the vault"]


async def test_a_server_that_keeps_dying_is_named_and_the_answer_comes_without_it(connect, vendors, tmp_path):
    def think(texts):
        gone = any("is gone" in text for text in texts)
        return "Without it." if gone else AnthropicWords().asks(("call_1", "lender__die", {}))

    _members, environ = vendors(think)
    async with connect(lender(tmp_path / "diary", tools=("die",)), **environ) as client:
        result = await ask(client, prompt="What is in the vault?")
    assert result["answer"] == "Without it."
    assert result["status"] == "partial"
    assert result["problems"] == ["The MCP server lender is left out: it ended: the disk is full."]


async def test_quick_starts_no_server(connect, vendors, tmp_path):
    _members, environ = vendors(lambda texts: "yes")
    diary = tmp_path / "diary"
    async with connect(lender(diary), **environ) as client:
        await ask(client, prompt="Yes?", depth="quick")
    assert not diary.exists()


async def test_a_projects_own_file_names_no_server(connect, vendors, project, tmp_path):
    diary = tmp_path / "diary"
    (project / "manyeyes.toml").write_text(lender(diary))
    _members, environ = vendors(lambda texts: "yes")
    async with connect(**environ) as client:
        result = await ask(client, prompt="Yes?", context="print(1)")
    assert client.desk.servers is None
    assert not diary.exists()
    assert result["answer"] == "yes"


async def test_a_token_given_to_a_server_is_masked_wherever_it_shows_up(connect, vendors, tmp_path):
    token = "tok_live_0123456789"
    _members, environ = vendors(lambda texts: f"It is {token}." if token in str(texts) else "Masked.")
    section = lender(tmp_path / "diary", more=f'env = {{ SHOP_TOKEN = "{token}" }}')
    async with connect(section, **environ) as client:
        result = await ask(client, prompt="What is it?", context=f"the token is {token}")
    assert result["answer"] == "Masked."


async def test_a_review_may_use_them_beside_our_own_tools(connect, vendors, project, tmp_path):
    (project / "pay.py").write_text("def pay(amount):\n    return amount * rate()\n")
    words = AnthropicWords()

    def think(texts):
        if any("the rate: seen" in text and "<material" in text for text in texts):
            return json.dumps({"summary": "The rate is known.", "verdict": "approve", "findings": [], "disputed": []})
        return words.asks(("call_1", "lender__look", {"what": "the rate"}), ("call_2", "read", {"path": "pay.py"}))

    members, environ = vendors(think)
    diary = tmp_path / "diary"
    async with connect(lender(diary), **{**environ, "MANYEYES_TOOLSETS": "default"}) as client:
        result = await client.call_tool("code_review", {"paths": ["pay.py"]})
        record = await client.desk.record(result.structured_content["run"]["id"])
    assert "The rate is known." in result.structured_content["summary"]
    assert [(step.tool, step.failed) for step in record.steps] == [("lender__look", False), ("read", False)]
    assert diary.read_text().splitlines() == ["start", "look the rate"]
    assert {tool["name"] for tool in members["claude"].asked[0].json["tools"]} > {"read", "search", "lender__look"}


# --- servers that others wrote


@pytest.fixture
def reference():
    if not NODE.exists() or shutil.which("npm") is None:
        pytest.skip("the packages of tests/clients are not installed")
    said = subprocess.run([str(NODE), "--version"], capture_output=True, text=True, check=True)
    assert said.stdout.startswith("v")

    def section(name, *args, tools, more=""):
        script = MODULES / "@modelcontextprotocol" / f"server-{name}" / "dist" / "index.js"
        listed = ", ".join(json.dumps(tool) for tool in tools)
        return (
            f"[mcp_servers.{name}]\ncommand = {json.dumps(str(NODE))}\n"
            f"args = {json.dumps([str(script), *args])}\ntools = [{listed}]\n{more}\n"
        )

    return section


@pytest.mark.node
@pytest.mark.parametrize("vendor", ["claude", "gpt", "gemini"])
async def test_the_reference_filesystem_server_is_read_and_cannot_write(connect, vendors, reference, tmp_path, vendor):
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "plan.txt").write_text("The vault holds nine emeralds.")
    words = {"claude": AnthropicWords(), "gpt": ResponsesWords(), "gemini": GoogleWords()}[vendor]
    arguments = {"path": str(shared / "plan.txt")}
    think = looker(words, "filesystem__read_text_file", arguments, until="nine emeralds")
    members, environ = vendors(**{vendor: think}, responses=True)
    async with connect(reference("filesystem", str(shared), tools=["*"]), **environ) as client:
        result = await ask(client, prompt="What does the vault hold?")
    assert result["answer"] == "Told: nine emeralds"
    assert result["status"] == "complete"
    offered = json.dumps(members[vendor].asked[0].json["tools"])
    assert "filesystem__read_text_file" in offered
    assert "filesystem__write_file" not in offered
    assert "filesystem__edit_file" not in offered
    assert sorted(path.name for path in shared.iterdir()) == ["plan.txt"]


@pytest.mark.node
async def test_the_reference_memory_server_remembers_what_it_may_be_told(connect, vendors, reference, tmp_path):
    memory = tmp_path / "memory.jsonl"
    entity = {"name": "vault", "entityType": "place", "observations": ["holds nine emeralds"]}
    words = AnthropicWords()

    def think(texts):
        if any("nine emeralds" in text and "<material" in text and "knowledge" not in text for text in texts):
            return "Told: nine emeralds"
        if not memory.exists():
            return words.asks(("call_1", "memory__create_entities", {"entities": [entity]}))
        return words.asks(("call_2", "memory__search_nodes", {"query": "vault"}))

    _members, environ = vendors(think)
    more = f'allow_destructive = true\nenv = {{ MEMORY_FILE_PATH = "{memory}" }}'
    section = reference("memory", tools=["create_entities", "search_nodes"], more=more)
    async with connect(section, **environ) as client:
        result = await ask(client, prompt="Remember the vault.")
    assert result["answer"] == "Told: nine emeralds"
    assert "nine emeralds" in memory.read_text()


@pytest.mark.node
async def test_the_reference_memory_server_is_told_nothing_unless_allowed(connect, vendors, reference, tmp_path):
    members, environ = vendors(lambda texts: "fine")
    section = reference("memory", tools=["create_entities", "read_graph"])
    async with connect(section, **environ) as client:
        result = await ask(client, prompt="Remember the vault.")
    assert "create_entities" in result["problems"][0]
    assert "create_entities" not in json.dumps(members["claude"].asked[0].json.get("tools", []))
