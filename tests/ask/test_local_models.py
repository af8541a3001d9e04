"""Model servers on this machine: found by the doctor, and used like any other."""

from __future__ import annotations

import json
import re
import socket
import time
import tomllib
from contextlib import ExitStack

import pytest

from manyeyes.cli import doctor, main, models
from manyeyes.local_models import PROBE_S, LocalServer, is_small, look
from wire.doubles import Double, body
from wire.members import Member
from wire.vendors import ChatWords

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("model", "small"),
    [
        ("qwen3:4b", True),
        ("llama-3.1-8B-Instruct", True),
        ("SmolLM2-135M-Instruct", True),
        ("qwen3-coder-30b-a3b", False),
        ("llama3.3:70b", False),
        ("mistral", False),
        ("gpt-oss-20b", False),
    ],
)
def test_a_models_name_tells_whether_it_is_small(model, small):
    assert is_small(model) is small


def test_what_runs_here_is_found_and_its_settings_are_valid(tmp_path):
    with Double() as server:
        port = int(server.url.rpartition(":")[2])
        server.reply(body({"object": "list", "data": [{"id": "qwen3:4b"}, {"id": 'odd"name'}, {"id": "two\nlines"}]}))
        (found,) = look((("LM Studio", port),))
    assert found.models == ("qwen3:4b", 'odd"name')
    assert tomllib.loads(found.settings) == {
        "endpoints": {
            "lmstudio": {
                "url": f"http://127.0.0.1:{port}/v1",
                "models": ["qwen3:4b", 'odd"name'],
                "tier": "fast",
            }
        }
    }


def test_where_nothing_answers_nothing_is_offered():
    assert LocalServer("Ollama", 1, None).settings == ""
    assert [one.models for one in look((("Ollama", 1),))] == [None]
    assert list(look((("Ollama", 1),), but={1})) == []


def test_the_doctor_prints_the_lines_to_paste(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with Double() as server:
        port = int(server.url.rpartition(":")[2])
        monkeypatch.setattr(doctor, "_LOCAL_SERVERS", (("vLLM", port),))
        server.reply(*[body({"data": [{"id": "qwen3:4b"}]})] * 2)
        main(["doctor"])
        text = capsys.readouterr().out
        main(["doctor", "--json"])
        checks = {check["name"]: check for check in json.loads(capsys.readouterr().out)}
    assert "put this into" in text
    assert "[endpoints.vllm]" in text
    assert tomllib.loads(checks["vLLM"]["settings"])["endpoints"]["vllm"]["tier"] == "fast"


async def ask(client, **arguments):
    result = await client.call_tool("ask", arguments)
    assert not result.is_error, result.content[0].text
    return result.structured_content


async def test_local_only_is_answered_by_the_machines_own_model_and_nobody_else(connect, vendors):
    members, environ = vendors(lambda texts: "from afar")
    with Member(ChatWords(), lambda texts: "from here") as box:
        config = f'privacy = "local-only"\n[endpoints.box]\nurl = "{box.url}/v1"\nmodels = ["small"]\ntier = "fast"\n'
        # A double stands on loopback, so Claude's is made to look as if it did not: vendors are never local.
        async with connect(config, **environ) as client:
            result = await ask(client, prompt="Where from?", depth="quick")
    assert result["answer"] == "from here"
    assert members["claude"].asked == []
    assert result["run"]["cost_usd"] == 0.0


async def test_a_rule_puts_a_small_model_before_the_vendors(connect, vendors):
    _members, environ = vendors(lambda texts: "from afar")
    with Member(ChatWords(), lambda texts: "from here") as box:
        config = (
            f'[endpoints.box]\nurl = "{box.url}/v1"\nmodels = ["small"]\ntier = "fast"\n'
            '[routing.real_time_chat]\nvendors = ["box", "anthropic"]\n'
        )
        async with connect(config, **environ) as client:
            chat = await ask(client, prompt="Where from?", task_type="real_time_chat")
            other = await ask(client, prompt="Where from?")
    assert (chat["answer"], other["answer"]) == ("from here", "from afar")


async def test_a_small_model_stands_in_when_no_vendor_of_the_fast_tier_can_be_asked(connect):
    with Member(ChatWords(), lambda texts: "from here") as box:
        config = f'[endpoints.box]\nurl = "{box.url}/v1"\nmodels = ["small"]\ntier = "fast"\n'
        async with connect(config) as client:
            result = await ask(client, prompt="Where from?", depth="quick")
    assert result["answer"] == "from here"


async def test_a_server_that_knows_no_schema_is_asked_in_words(connect, vendors):
    def think(texts):
        if any("Answer with one JSON object" in text for text in texts):
            return json.dumps({"answer": "In words.", "claims": []})
        return body({"error": {"message": "'response_format' of type json_schema is not supported", "type": "x"}}, 400)

    with Member(ChatWords(), think) as box:
        config = f'[endpoints.box]\nurl = "{box.url}/v1"\nmodels = ["small"]\n'
        async with connect(config) as client:
            result = await ask(client, prompt="How?", depth="panel")
    assert result["answer"] == "In words."
    assert "response_format" in box.asked[0].json
    assert not any("response_format" in asked.json for asked in box.asked[1:])
    assert re.search("one model", " ".join(result["notes"]))


@pytest.fixture
def deaf():
    """A port on loopback that takes no connection, nor refuses it: its queue is full."""
    with ExitStack() as open_:
        server = open_.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(3):
            client = open_.enter_context(socket.socket())
            client.settimeout(0)
            client.connect_ex(server.getsockname())
        yield server.getsockname()[1]


def test_all_places_are_looked_at_at_once(deaf):
    with Double() as server:
        port = int(server.url.rpartition(":")[2])
        server.reply(body({"data": [{"id": "qwen3:4b"}]}))
        started = time.monotonic()
        found = look((*((f"deaf {number}", deaf) for number in range(12)), ("vLLM", port)))
        took = time.monotonic() - started
    assert [one.models for one in found] == [None] * 12 + [("qwen3:4b",)]
    assert took < 6 * PROBE_S  # one after the other they take 12


@pytest.mark.parametrize("command", ["doctor", "models"])
def test_a_server_here_that_is_dead_costs_no_time(deaf, command, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(doctor, "_LOCAL_SERVERS", ())
    monkeypatch.setenv("MANYEYES_STATE_URL", "sqlite://")
    monkeypatch.setenv("MANYEYES_ENDPOINTS_BOX_URL", f"http://127.0.0.1:{deaf}/v1")
    monkeypatch.setenv("MANYEYES_ENDPOINTS_BOX_MODELS", "small")
    assert main(["route", "chat"]) == 0  # what is loaded once is loaded
    started = time.monotonic()
    assert main([command]) == 4
    assert time.monotonic() - started < 3  # it would wait ten seconds for an answer
    said = capsys.readouterr()
    assert "nothing answers there: is it running?" in said.out + said.err


def test_a_server_here_that_takes_the_connection_and_says_nothing_is_not_waited_for(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(models, "ASKING_HERE_S", 0.1)
    monkeypatch.setenv("MANYEYES_STATE_URL", "sqlite://")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("MANYEYES_ENDPOINTS_BOX_URL", f"http://127.0.0.1:{silent.getsockname()[1]}/v1")
        monkeypatch.setenv("MANYEYES_ENDPOINTS_BOX_MODELS", "small")
        assert main(["models"]) == 4
    assert "box did not say what it serves: no answer within 0.1 s" in capsys.readouterr().err
