from __future__ import annotations

import json
import sys
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from manyeyes.mcp_servers import Borrowed, Servers
from manyeyes.mcp_servers.borrowed import _offered_name
from manyeyes.mcp_servers.schemas import MOST_CHARS, Unfit, fit
from manyeyes.redaction import Redactor
from manyeyes.settings import McpServer
from manyeyes.types import ToolCall

pytestmark = pytest.mark.anyio
LENDER = str(Path(__file__).with_name("lender.py"))


@pytest.fixture
def diary(tmp_path):
    return tmp_path / "diary"


@pytest.fixture
def lent(diary):
    """Opens what one run may use of a lender."""

    @asynccontextmanager
    async def opened(*, local_only=False, more=None, **settings):
        values = {"command": sys.executable, "args": (LENDER, str(diary)), "tools": ("*",), "timeout_s": 20, **settings}
        async with anyio.create_task_group() as tasks:
            named = {"lender": McpServer(**values), **(more or {})}
            servers = Servers(named, tasks, local_only=local_only)
            yield await borrow(servers)
            tasks.cancel_scope.cancel()

    return opened


async def borrow(servers):
    return await Borrowed.of(servers, mask=Redactor(enabled=True).mask, mark=lambda text: f"<data>{text}</data>")


def call(name, **arguments):
    return ToolCall("c1", f"lender__{name}", arguments)


async def test_what_is_not_marked_as_reading_is_not_offered(lent):
    async with lent() as borrowed:
        names = {spec.name for spec in borrowed.specs}
    assert names == {f"lender__{name}" for name in ("look", "environment", "flood", "die", "stall", "fail")}
    assert borrowed.problems == []
    assert borrowed.only_reads


async def test_of_several_responses_to_one_call_the_first_counts(lent, diary):
    said = []
    async with lent(args=(LENDER, str(diary), "again")) as borrowed:
        said += [(await borrowed.run(call("look", what=str(number)))).text for number in range(3)]
        async with anyio.create_task_group() as group:
            for number in range(3, 9):
                group.start_soon(ask, borrowed, str(number), said)
    assert sorted(said) == [f"<data>{number}: seen</data>" for number in range(9)]
    assert borrowed.problems == []


async def ask(borrowed, what, said):
    said.append((await borrowed.run(call("look", what=what))).text)


async def test_a_destructive_tool_is_offered_once_the_operator_allows_it(lent, diary):
    async with lent(tools=("write",), allow_destructive=True) as borrowed:
        assert not borrowed.only_reads
        output = await borrowed.run(call("write", what="all"))
    assert (output.text, output.failed) == ("<data>written</data>", False)
    assert diary.read_text().splitlines() == ["start", "write all"]


async def test_a_destructive_tool_that_is_named_but_not_allowed_is_a_problem(lent, diary):
    async with lent(tools=("write",)) as borrowed:
        output = await borrowed.run(call("write", what="all"))
    assert borrowed.specs == ()
    assert output.failed
    assert "allow_destructive = true" in borrowed.problems[0]
    assert "write" not in diary.read_text()


async def test_without_a_list_no_tool_may_be_used_and_the_problem_names_what_there_is(lent):
    async with lent(tools=()) as borrowed:
        assert borrowed.specs == ()
        assert "look" in borrowed.problems[0]


async def test_a_name_that_the_server_does_not_have_is_a_problem(lent):
    async with lent(tools=("look", "lock")) as borrowed:
        assert [spec.name for spec in borrowed.specs] == ["lender__look"]
    assert borrowed.problems == ["The MCP server lender has no tool 'lock'."]


async def test_what_one_model_fetched_the_others_get_without_asking_again(lent, diary):
    async with lent() as borrowed:
        outputs = []

        async def ask():
            outputs.append(await borrowed.run(call("look", what="it")))

        async with anyio.create_task_group() as models:
            for _ in range(3):
                models.start_soon(ask)
    assert [output.text for output in outputs] == ["<data>it: seen</data>"] * 3
    assert diary.read_text().splitlines() == ["start", "look it"]


async def test_after_a_change_everything_is_looked_up_anew(lent, diary):
    async with lent(allow_destructive=True) as borrowed:
        for name in ("look", "write", "look"):
            await borrowed.run(call(name, what="it"))
    assert diary.read_text().splitlines() == ["start", "look it", "write it", "look it"]


async def test_one_run_does_not_see_what_another_fetched(lent, diary):
    async with lent() as first:
        await first.run(call("look", what="it"))
        second = await borrow(first.servers)
        await second.run(call("look", what="it"))
    assert diary.read_text().splitlines() == ["start", "look it", "look it"]


async def test_outputs_are_bounded_and_secrets_masked(lent):
    async with lent() as borrowed:
        output = await borrowed.run(call("flood"))
    assert "hunter2" not in output.text
    assert len(output.text) < 15_000
    assert "[cut here" in output.text


async def test_a_server_is_given_no_key_and_does_not_start_in_the_project(lent, monkeypatch, tmp_path):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-canary")
    monkeypatch.chdir(tmp_path)
    async with lent(env={"OWN": "value"}) as borrowed:
        output = await borrowed.run(call("environment"))
    assert "OWN" in output.text
    assert "ANTHROPIC" not in output.text
    assert str(tmp_path) not in output.text.partition("]")[2]


async def test_a_tool_that_fails_is_an_output_and_no_problem(lent):
    async with lent() as borrowed:
        output = await borrowed.run(call("fail"))
    assert output.failed
    assert borrowed.problems == []


async def test_a_call_that_takes_too_long_fails_alone(lent):
    async with lent(timeout_s=0.8) as borrowed:
        output = await borrowed.run(call("stall"))
        again = await borrowed.run(call("look", what="it"))
    assert output.failed
    assert not again.failed


async def test_a_server_that_dies_is_started_once_more(lent, diary):
    async with lent() as borrowed:
        output = await borrowed.run(call("die", once="yes"))
    assert output.text == "<data>alive</data>"
    assert borrowed.problems == []
    assert diary.read_text().splitlines() == ["start", "die", "start", "die"]


async def test_a_server_that_dies_twice_is_left_out_by_name_with_its_last_words(lent, diary):
    async with lent() as borrowed:
        output = await borrowed.run(call("die"))
        after = await borrowed.run(call("look", what="it"))
    assert output.failed
    assert after.failed
    assert borrowed.problems == ["The MCP server lender is left out: it ended: the disk is full."]
    assert diary.read_text().count("start") == 2


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"command": "/no/such/program"}, "No such file"),
        ({"command": sys.executable, "args": ("-c", "raise SystemExit('broken')")}, "broken"),
        (
            {"command": sys.executable, "args": ("-c", "print('hello'); import time; time.sleep(60)"), "timeout_s": 1},
            "",
        ),
        ({"command": None, "args": (), "url": "http://127.0.0.1:9/mcp"}, ""),
    ],
)
async def test_a_server_that_cannot_be_had_is_left_out_and_the_others_are_there(lent, diary, settings, why):
    good = McpServer(command=sys.executable, args=(LENDER, str(diary)), tools=("look",))
    async with lent(**settings, more={"other": good}) as borrowed:
        assert [spec.name for spec in borrowed.specs] == ["other__look"]
    (problem,) = borrowed.problems
    assert problem.startswith("The MCP server lender is left out: ")
    assert why in problem


async def test_local_only_reaches_no_server_elsewhere(lent):
    async with lent(local_only=True, command=None, args=(), url="https://tools.example/mcp") as borrowed:
        assert borrowed.specs == ()
    assert "local-only" in borrowed.problems[0]


def hostile(diary, mode):
    return {"args": (LENDER, str(diary), mode)}


async def test_a_schema_that_is_too_long_leaves_its_tool_out_by_name(lent, diary):
    async with lent(**hostile(diary, "long"), tools=("look", "flood")) as borrowed:
        assert [spec.name for spec in borrowed.specs] == ["lender__flood"]
    (problem,) = borrowed.problems
    assert problem.startswith("The tool look of the MCP server lender is not offered: ")


async def test_what_a_server_says_of_its_tools_is_bounded_and_holds_no_secret(lent, diary):
    async with lent(**hostile(diary, "telling"), tools=("look",)) as borrowed:
        (spec,) = borrowed.specs
    assert borrowed.problems == []
    told = json.dumps(spec.parameters) + spec.description
    assert set(spec.parameters["properties"]) == {"what", "token", "dsn"}
    assert spec.parameters["properties"]["token"]["type"] == "string"
    assert len(spec.parameters["properties"]["what"]["description"]) == 500
    for secret in ("a1B2c3D4e5F6", "A1b2C3d4", "hunter2"):
        assert secret not in told


def test_names_of_arguments_that_are_secrets_are_not_shown():
    with pytest.raises(Unfit, match="names"):
        fit({"properties": {"ghp_" + "a1B2c3D4e5F6" * 3: {"type": "string"}}}, Redactor().mask)
    with pytest.raises(Unfit, match="characters"):
        fit({"description": "x" * 10_000_000}, Redactor().mask)
    assert fit({"$schema": "x", "enum": ["y" * (MOST_CHARS - 100)]}, str)["type"] == "object"


@pytest.mark.parametrize("mode", ["turns", "gone"])
async def test_a_tool_that_is_another_after_a_restart_is_not_called(lent, diary, mode):
    async with lent(**hostile(diary, mode)) as borrowed:
        output = await borrowed.run(call("die", once="yes"))
        other = await borrowed.run(call("look", what="it"))
    assert output.failed
    assert "has changed" in output.text
    assert diary.read_text().splitlines() == ["start", "die", "start", "look it"]
    assert other.text == "<data>it: seen</data>"
    assert borrowed.problems == [
        "The tool die of the MCP server lender is no longer what it was when it was offered, and is not called."
    ]


async def test_a_name_that_is_listed_twice_is_offered_once(lent, diary):
    async with lent(**hostile(diary, "twice"), tools=("look",)) as borrowed:
        assert [spec.description for spec in borrowed.specs] == ["look"]
    assert borrowed.problems == ["The tool look of the MCP server lender is not offered: its name is taken."]


async def test_what_a_server_writes_to_standard_error_is_not_kept(lent, diary, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))  # no file can be made
    async with lent(**hostile(diary, "chatters")) as borrowed:
        output = await borrowed.run(call("die"))
    assert output.failed
    assert borrowed.problems == ["The MCP server lender is left out: it ended: the disk is full."]


@pytest.mark.parametrize(
    ("one", "other"), [(("a", "b__c"), ("a__b", "c")), (("a_", "b"), ("a", "_b")), (("a", "b c"), ("a", "b_c"))]
)
def test_no_two_tools_have_one_name(one, other):
    assert _offered_name(*one) != _offered_name(*other)
    assert _offered_name("git", "log__all") == "git__log__all"
