"""Code beyond one piece: before one model at once where that is the better way, else in parts; it is said which."""

from __future__ import annotations

import json
import re

import pytest

from manyeyes_tools.chunks import tokens
from wire.doubles import body
from wire.members import Member
from wire.vendors import ChatWords

pytestmark = pytest.mark.anyio

LINE = "value_{0} = compute_the_total_of(entry_{0}, discount_{0}, currency_{0})  # of the order in line {0}\n"
FILES, LINES = 8, 820
FAULT = "charge(card, amount, twice: true)"
CALL = {"code_review": {"paths": ["."]}, "security_scan": {"paths": ["."]}}


def claim(path, quote, line):
    return {
        "path": path,
        "quote": quote,
        "line": line,
        "title": "Charges twice",
        "severity": "medium",
        "category": "logic",
        "explanation": "The card is charged twice.",
        "confidence": 0.9,
    }


def answer(*found, tool="code_review"):
    told = {"summary": "Orders.", "findings": found}
    told |= {"verdict": "comment", "disputed": []} if tool == "code_review" else {"cases": []}
    return json.dumps(told)


def written(project, count):
    """Files of so many lines each, in a language that no engine reads, with one fault in the last; their tokens."""
    for path in project.iterdir():
        path.unlink()
    size = 0
    for number in range(FILES):
        lines = [LINE.format(number * count + line) for line in range(count)]
        if number == FILES - 1:
            lines[60] = f"{FAULT}\n"
        text = "".join(lines)
        size += tokens(text)
        (project / f"orders_{number}.rb").write_text(text)
    return size


@pytest.fixture
def orders(project):
    """200,000 tokens."""
    assert 190_000 < written(project, LINES) < 230_000
    return project


@pytest.fixture
def fewer(project):
    """30,000 tokens, for models with small windows."""
    assert 25_000 < written(project, LINES // 7) < 35_000
    return project


def script(tmp_path, *answers):
    path = tmp_path / "script.json"
    path.write_text(json.dumps({"models": {"scripted": answers}}))
    return {"MANYEYES_SCRIPTED_FILE": str(path)}


async def call(client, tool, **arguments):
    result = await client.call_tool(tool, {**CALL[tool], **arguments})
    assert not result.is_error, result.content[0].text
    return result.structured_content


def told(result):
    (note,) = [note for note in result["notes"] if note.startswith("How the material was read")]
    return note


def reader(tool="code_review"):
    """Finds the fault when it is shown it."""

    def think(texts):
        shown = "\n".join(texts)
        return answer(*([claim("orders_7.rb", FAULT, 1)] if FAULT in shown else []), tool=tool)

    return think


@pytest.mark.parametrize(("tool", "depth"), [("code_review", "standard"), ("security_scan", "quick")])
async def test_200k_tokens_go_whole_to_a_model_whose_window_holds_them(connect, orders, tmp_path, tool, depth):
    said = json.loads(answer(claim("orders_7.rb", FAULT, 9), tool=tool))
    environ = script(tmp_path, {"json": said, "times": None})
    async with connect(**environ) as client:
        result = await call(client, tool, depth=depth)
    assert [use["ref"] for use in result["run"]["models"] if use["role"] != "skeptic"] == ["scripted:scripted"]
    assert "read: whole; whole costs no more, and nothing between the parts is lost" in told(result)
    assert re.search(r"\$0\.0000 whole by scripted:scripted, \$0\.0000 in \d parts by scripted:scripted", told(result))
    (finding,) = [one for one in result["findings"] if one["title"] == "Charges twice"]
    assert (finding["path"], finding["start_line"], finding["quote"]) == ("orders_7.rb", 61, FAULT)


def endpoints(**urls):
    """Settings for endpoints by name: address, window, price."""
    environ = {}
    for name, (url, window, usd) in urls.items():
        key = f"MANYEYES_ENDPOINTS_{name.upper()}"
        environ |= {
            f"{key}_URL": f"{url}/v1",
            f"{key}_MODELS": "m",
            f"{key}_WINDOW": str(window),
            f"{key}_MAX_OUTPUT": "4000",
            f"{key}_USD_PER_MTOK_INPUT": str(usd),
            f"{key}_USD_PER_MTOK_OUTPUT": str(usd),
        }
    return {**environ, "MANYEYES_ROUTING_CODE_REVIEW_VENDORS": ",".join(urls)}


async def test_no_window_holds_it_so_it_is_read_in_parts(connect, fewer):
    with Member(ChatWords(), reader()) as small:
        async with connect(**endpoints(small=(small.url, 14_000, 1))) as client:
            result = await call(client, "code_review", depth="quick")
    assert re.search(r"read: parts; no window holds [\d,]+ tokens, so it is read in \d+ parts by small:m", told(result))
    assert len(small.asked) > 5
    (finding,) = result["findings"]
    assert (finding["path"], finding["start_line"]) == ("orders_7.rb", 61)


@pytest.mark.parametrize(("usd", "way"), [(1.5, "whole"), (30, "parts")])
async def test_what_it_costs_decides_between_a_wide_window_and_a_cheap_one(connect, fewer, usd, way):
    with Member(ChatWords(), reader()) as small, Member(ChatWords(), reader()) as wide:
        environ = endpoints(small=(small.url, 14_000, 1), wide=(wide.url, 400_000, usd))
        async with connect(**environ) as client:
            result = await call(client, "code_review", depth="quick")
    assert f"read: {way};" in told(result)
    assert (bool(small.asked), bool(wide.asked)) == (way == "parts", way == "whole")
    assert [one["start_line"] for one in result["findings"]] == [61]


async def test_where_nobody_can_read_it_whole_after_all_it_is_read_in_parts(connect, orders):
    refusal = {"error": {"message": "This model's maximum context length is 99 tokens", "type": "invalid_request"}}

    def think(texts):
        return body(refusal, 400) if sum(map(tokens, texts)) > 150_000 else reader()(texts)

    with Member(ChatWords(), think) as wide:
        async with connect(**endpoints(wide=(wide.url, 900_000, 1))) as client:
            result = await call(client, "code_review", depth="quick")
    assert result["status"] == "complete"
    assert "read: whole" in told(result)
    assert any(note.startswith("Nobody read it whole, so it was read in parts after all") for note in result["notes"])
    assert [one["start_line"] for one in result["findings"]] == [61]


async def test_a_panel_reads_whole_only_where_each_seat_can(connect, orders):
    with Member(ChatWords(), reader()) as wide:
        async with connect(**endpoints(wide=(wide.url, 900_000, 1))) as client:
            result = await call(client, "code_review", depth="panel")
    assert "read: whole" in told(result)
    assert len(wide.asked) == 1


async def test_more_than_one_answer_can_speak_to_is_read_in_parts(connect, orders, tmp_path):
    (orders / "more.rb").write_text((orders / "orders_0.rb").read_text() * 5)
    environ = script(tmp_path, {"json": json.loads(answer()), "times": None})
    async with connect(**environ) as client:
        result = await call(client, "code_review", depth="quick")
    assert "read: parts; one answer would pass over too much of" in told(result)
    assert len(result["run"]["models"]) > 4


async def test_what_fits_one_piece_is_read_at_once_without_a_word(connect, orders, tmp_path):
    environ = script(tmp_path, {"json": json.loads(answer()), "times": None})
    async with connect(**environ) as client:
        result = await call(client, "code_review", paths=["orders_7.rb"], depth="quick")
    assert not any(note.startswith("How the material") for note in result["notes"])
    assert len(result["run"]["models"]) == 1
