"""The pipeline with real SDKs and each vendor's wire format, through the whole server."""

from __future__ import annotations

import json
from contextlib import ExitStack

import pytest

from manyeyes_tools.pipeline.practices import PRACTICES
from manyeyes_tools.questions import question_for
from wire.doubles import body
from wire.members import careful, claims, readings, seated, strings

pytestmark = pytest.mark.anyio

FILLER = "\n".join(f"def helper_{n}(value):\n    return value + {n}\n\n" for n in range(120))
CODE = (
    "import os\n\n\n"
    "def pay(db, user_id, amount):\n"
    "    row = db.get(user_id)\n"
    "    db.put(user_id, row.balance - amount)\n"
    "    return True\n\n\n" + FILLER + "\ndef listing(folder):\n    os.system('ls ' + folder)\n"
)
CALL = {"code": CODE, "language": "python"}
QUOTE = "    db.put(user_id, row.balance - amount)"
SUSPICION = {
    "path": "code.py",
    "quote": QUOTE,
    "line": 6,
    "title": "Anybody's balance can be changed",
    "severity": "high",
    "category": "security",
    "cwe": "CWE-862",
    "confidence": 0.5,
    "explanation": "No check of who asks.",
}


def lines_of(texts):
    """What was reported before, a line each."""
    return sorted({line for text in texts for line in text.splitlines() if line.startswith("- F-")})


def listed(texts):
    return [line.split()[1] for line in lines_of(texts)]


def reviewer(texts):
    said = {"summary": "It pays.", "verdict": "request_changes", "findings": [SUSPICION], "disputed": []}
    return json.dumps({**said, "confirmed": listed(texts)})


def engineer(texts, real="true", quote=QUOTE, reason="Nothing before it asks whose balance that is."):
    checked = [{"id": name, "real": real, "reason": reason, "quote": quote} for name in listed(texts)]
    return json.dumps({"summary": "All was looked at.", "findings": [], "checked": checked})


def writer(_texts):
    return json.dumps({"symbols": []})


def down(_texts):
    return body({"error": {"message": "no"}}, 400)


@pytest.fixture
def vendors():
    """Starts the vendors of the three steps, by what they think."""
    with ExitStack() as stack:
        yield lambda claude=reviewer, gpt=engineer, gemini=writer: seated(stack, claude, gpt, gemini)


async def run(connect, environ, **more):
    async with connect(**environ) as client:
        return (await client.call_tool("code_pipeline", {**CALL, **more})).structured_content


def ids(part):
    return {one["id"] for one in part["findings"]}


async def test_each_step_is_another_vendors_and_knows_what_the_earlier_found(connect, vendors):
    members, environ = vendors()
    result = await run(connect, environ)
    used = {use["role"]: use["ref"].partition(":")[0] for use in result["run"]["models"]}
    assert (used["reviewer"], used["security engineer"], used["writer"]) == ("anthropic", "openai", "google")
    first = [result[step]["run"]["route"][0]["ref"] for step in ("review", "security", "documentation")]
    assert [ref.partition(":")[0] for ref in first] == ["anthropic", "openai", "google"]
    costs = [result[step]["run"]["cost_usd"] for step in ("review", "security", "documentation")]
    assert all(cost > 0 for cost in costs)
    assert sum(costs) == pytest.approx(result["run"]["cost_usd"], abs=1e-5)
    suspicion = next(one for one in result["review"]["findings"] if one["cwe"] == "CWE-862")
    told = json.dumps(members["gpt"].asked[0].json)
    assert suspicion["id"] in told
    confirmed = next(one for one in result["security"]["findings"] if one["id"] == suspicion["id"])
    assert confirmed["confidence"] > suspicion["confidence"]
    assert {source.partition(":")[0] for source in confirmed["sources"]} == {"anthropic", "openai"}
    document = result["documentation"]["document"]
    assert "## Known problems" in document
    assert suspicion["id"] in document


def medium(texts):
    said = {"summary": "It pays.", "verdict": "request_changes", "findings": [SUSPICION | {"severity": "medium"}]}
    return json.dumps({**said, "disputed": [], "confirmed": listed(texts)})


async def test_each_suspicion_is_a_question_of_its_kind(connect, vendors):
    members, environ = vendors()
    await run(connect, environ)
    (told,) = [text for text in strings(members["gpt"].asked[0].json) if "Candidates, each to be answered" in text]
    question = question_for("CWE-862")
    asked = told.partition(f"Real if: {question.real}\nSafe if: {question.safe}\n")[2].partition("Real if: ")[0]
    assert "CWE-862 Anybody's balance can be changed" in asked
    injected = told.partition(f"Real if: {question_for('CWE-78').real}")[2].partition("Real if: ")[0]
    assert "os.system" in injected or "CWE-78 " in injected


async def test_what_is_refuted_by_the_code_is_dismissed_and_nobody_is_warned_of_it(connect, vendors):
    _, environ = vendors(claude=medium, gpt=lambda texts: engineer(texts, "false"))
    async with connect(**environ) as client:
        result = (await client.call_tool("code_pipeline", CALL)).structured_content
        sarif = (await client.read_resource(result["security"]["sarif"])).contents[0].text
    (gone,) = [one for one in result["security"]["dismissed"] if one["cwe"] == "CWE-862"]
    assert gone["dissent"].startswith("openai:")
    assert gone["id"] not in ids(result["review"]) | ids(result["security"])
    assert "the security step dismissed it" in result["review"]["suppressed"]["reasons"]
    (line,) = [line for line in result["merged"] if line.startswith(gone["id"])]
    assert "dismissed: openai:" in line
    assert gone["id"] not in result["documentation"]["document"]
    (shown,) = [one for one in json.loads(sarif)["runs"][0]["results"] if gone["id"] in json.dumps(one)]
    assert shown["suppressions"]


async def test_what_is_grave_is_disputed_by_one_model_and_not_struck_off(connect, vendors):
    _, environ = vendors(gpt=lambda texts: engineer(texts, "false"))
    result = await run(connect, environ)
    (kept,) = [one for one in result["security"]["findings"] if one["cwe"] == "CWE-862"]
    assert kept["dissent"].startswith("openai:")
    assert kept["confidence"] == SUSPICION["confidence"] / 2
    assert any(line.startswith(kept["id"]) and line.endswith("disputed") for line in result["merged"])


@pytest.mark.parametrize("quote", ["    check(caller, user_id)", "# the caller was checked before", ""])
async def test_a_refutation_that_the_code_does_not_bear_out_counts_for_nothing(connect, vendors, quote):
    _, environ = vendors(claude=medium, gpt=lambda texts: engineer(texts, "false", quote))
    result = await run(connect, environ)
    assert not result["security"]["dismissed"]
    (kept,) = [one for one in result["security"]["findings"] if one["cwe"] == "CWE-862"]
    assert (kept["dissent"], kept["confidence"]) == (None, SUSPICION["confidence"])


def member(real, later="confirm", *, reports=True):
    """Somebody who sits on every panel: reports, answers the candidates, and judges what was found, `later` anew."""
    asked = []

    def think(texts):
        if claims(texts):
            stand = later if asked else "confirm" if reports else "unsure"
            return readings(texts, lambda block: careful(block, CODE) or (stand, f"So the code says: {stand}.", QUOTE))
        if any("Candidates, each to be answered" in text for text in texts):
            asked.append(True)
            return engineer(texts, real)
        said = json.loads(reviewer([]))
        return json.dumps(said | {"symbols": [], "findings": said["findings"] if reports else []})

    return think


async def test_the_security_step_of_a_panel_asks_every_vendor(connect, vendors):
    _, environ = vendors(member("true"), member("true"), member("unsure"))
    result = await run(connect, environ, depth="panel")
    asked = {use["ref"].partition(":")[0] for use in result["run"]["models"] if use["role"] == "security engineer"}
    assert asked == {"anthropic", "openai", "google"}
    assert any(note.startswith("Read again by a panel's models") for note in result["security"]["notes"])
    (kept,) = [one for one in result["security"]["findings"] if one["cwe"] == "CWE-862"]
    assert {source.partition(":")[0] for source in kept["sources"]} >= {"anthropic", "openai"}


async def test_what_most_of_a_panel_refute_is_dismissed_however_grave(connect, vendors):
    _, environ = vendors(member("true"), member("false", "dispute"), member("false", "dispute"))
    result = await run(connect, environ, depth="panel")
    (gone,) = [one for one in result["security"]["dismissed"] if one["cwe"] == "CWE-862"]
    assert gone["severity"] == "high"
    assert gone["id"] not in ids(result["review"]) | ids(result["security"])


@pytest.mark.parametrize(("author", "said"), [("confirm", "openai:"), ("withdraw", "anthropic:")])
async def test_what_a_panel_gives_up_in_its_exchange_no_other_step_holds_up(connect, vendors, author, said):
    others = "dispute" if author == "confirm" else "confirm"
    _, environ = vendors(member("unsure", author), *(member("unsure", others, reports=False) for _ in range(2)))
    result = await run(connect, environ, depth="panel")
    (gone,) = [one for one in result["security"]["dismissed"] if one["cwe"] == "CWE-862"]
    assert said in gone["dissent"]
    assert gone["id"] not in ids(result["review"]) | ids(result["security"])
    assert [line for line in result["merged"] if line.startswith(gone["id"]) and "— dismissed: " in line]
    assert sum(result["security"]["suppressed"]["reasons"].values()) == result["security"]["suppressed"]["count"]


async def test_no_finding_is_lost_between_the_steps(connect, vendors):
    _, environ = vendors()
    result = await run(connect, environ)
    assert ids(result["review"]) <= ids(result["security"])
    merged = {line.split()[0] for line in result["merged"]}
    assert merged == ids(result["review"]) | ids(result["security"])
    assert len(result["merged"]) == len(merged)


async def test_the_second_reader_is_shown_the_places_named_and_not_all_of_it(connect, vendors):
    members, environ = vendors()
    await run(connect, environ)
    first, second = (sum(map(len, json.dumps(members[name].asked[0].json))) for name in ("claude", "gpt"))
    told = json.dumps(members["gpt"].asked[0].json)
    assert "row.balance - amount" in told
    assert "helper_60" not in told
    assert second < first / 2


@pytest.mark.parametrize(
    ("dead", "left"),
    [
        ("claude", {"security", "documentation"}),
        ("gpt", {"review", "documentation"}),
        ("gemini", {"review", "security"}),
    ],
)
async def test_a_vendor_that_fails_leaves_every_step(connect, vendors, dead, left):
    members, environ = vendors(**{dead: down})
    result = await run(connect, environ)
    assert members[dead].asked
    assert all(result[name] is not None for name in ("review", "security", "documentation"))
    assert all(result[name]["status"] != "evidence_only" for name in left)


async def test_a_step_that_breaks_leaves_the_others_and_says_how_to_resume(connect, vendors, monkeypatch):
    from manyeyes.errors import BadCall
    from manyeyes_tools.pipeline import steps

    async def broken(*_):
        raise BadCall("it broke")

    for step in ("review", "security", "documentation"):
        _, environ = vendors()
        with monkeypatch.context() as patched:
            patched.setattr(steps, step, broken)
            result = await run(connect, environ)
        assert result["status"] == "partial"
        assert result[step] is None
        assert all(result[name] for name in ("review", "security", "documentation") if name != step)
        assert f"{step} could not be done: it broke" in result["problems"]
        assert any("resume" in line for line in result["problems"])


async def test_when_no_step_can_be_done_the_call_says_why(connect, vendors, monkeypatch):
    from manyeyes.errors import BadCall
    from manyeyes_tools.pipeline import steps

    async def broken(*_):
        raise BadCall("it broke")

    _, environ = vendors()
    for step in ("review", "security", "documentation"):
        monkeypatch.setattr(steps, step, broken)
    async with connect(**environ) as client:
        answer = await client.call_tool("code_pipeline", CALL)
    assert answer.is_error
    assert "it broke" in answer.content[0].text


FAULT = {
    **SUSPICION,
    "title": "Is true always",
    "quote": "    return True",
    "line": 7,
    "category": "logic",
    "cwe": None,
}


async def test_a_fault_that_the_security_step_alone_names_is_told_where_there_was_no_review(
    connect, vendors, monkeypatch
):  # fmt: skip
    from manyeyes.errors import BadCall
    from manyeyes_tools.pipeline import steps

    async def broken(*_):
        raise BadCall("it broke")

    named = {**FAULT, "quote": "def listing(folder):", "line": CODE.split("\n").index("def listing(folder):") + 1}
    _, environ = vendors(gpt=lambda texts: json.dumps(json.loads(engineer(texts)) | {"findings": [named]}))
    told = await run(connect, environ)
    monkeypatch.setattr(steps, "review", broken)
    alone = await run(connect, environ)
    assert "Is true always" in {one["title"] for one in told["review"]["findings"]}
    assert "Is true always" in {one["title"] for one in alone["security"]["findings"]}
    for part in (told["review"], told["security"], alone["security"]):
        assert sum(part["counts"].values()) == len(part["findings"])


async def test_disputed_faults_are_counted_though_the_review_tells_them(connect, vendors):
    def reports(texts):
        return json.dumps(json.loads(reviewer(texts)) | {"findings": [FAULT]})

    _, environ = vendors(
        claude=reports, gpt=lambda texts: engineer(texts, "false", "    return True", "Its callers ask for nothing.")
    )
    result = await run(connect, environ)
    (kept,) = [one for one in result["review"]["findings"] if one["title"] == "Is true always"]
    assert kept["dissent"].startswith("openai:")
    every = {one["id"]: one for part in ("review", "security") for one in result[part]["findings"]}
    disputed = sum(bool(one["dissent"]) for one in every.values())
    assert any(f"and {disputed} disputed." in note for note in result["security"]["notes"])


async def test_a_resumed_pipeline_asks_only_what_was_not_answered(connect, vendors):
    members, environ = vendors(gemini=down)
    async with connect(**environ) as client:
        await client.call_tool("code_pipeline", CALL)
        before = len(members["claude"].asked)
        again = (await client.call_tool("code_pipeline", CALL)).structured_content
    hits = {use["role"] for use in again["run"]["models"] if use["cache"] == "hit"}
    assert {"reviewer", "security engineer"} <= hits
    assert not [one for one in members["claude"].asked[before:] if "ReviewAnswer" in json.dumps(one.json)]


async def test_parallel_looks_three_ways_at_once(connect, vendors):
    _, environ = vendors()
    result = await run(connect, environ, mode="parallel")
    assert result["documentation"] is None
    assert result["review"]["findings"]
    assert result["security"]["findings"]
    assert result["best_practices"]["verdict"]
    merged = [line.split()[0] for line in result["merged"]]
    assert len(merged) == len(set(merged))


async def test_what_the_scan_beside_it_dismisses_no_other_part_holds_up_by_engines_alone(connect, vendors):
    call = "    os.system('ls ' + folder)"
    _, environ = vendors(
        gpt=lambda texts: engineer(texts, "false", call, "The folder is a constant where it is called.")
    )
    result = await run(connect, environ, mode="parallel")
    (gone,) = [one for one in result["security"]["dismissed"] if one["cwe"] == "CWE-78"]
    assert gone["id"] not in ids(result["review"]) | ids(result["security"]) | ids(result["best_practices"])
    (line,) = [line for line in result["merged"] if line.startswith(gone["id"])]
    assert "dismissed: openai:" in line


async def test_without_a_key_the_engines_answer_and_it_is_said_once(connect):
    result = await run(connect, {})
    assert result["status"] == "evidence_only"
    assert result["security"]["findings"]
    assert len([line for line in result["problems"] if "No model was asked" in line]) == 1


BUILT = (
    "import os\n\n\ndef run(text, seen=[]):\n    try:\n        seen.append(missing)\n    except:\n        pass\n"
    "    return eval(text)\n"
)


async def test_without_a_key_best_practices_are_what_engines_say_of_how_it_is_built(connect):
    async with connect() as client:
        call = {"code": BUILT, "language": "python", "mode": "parallel"}
        answer = await client.call_tool("code_pipeline", call)
    result, text = answer.structured_content, answer.content[0].text
    built = {source for one in result["best_practices"]["findings"] for source in one["sources"]}
    assert {"ruff:B006", "ruff:F401"} <= built <= PRACTICES
    assert not ids(result["review"]) & ids(result["best_practices"])
    assert {"ruff:F821"} <= {source for one in result["review"]["findings"] for source in one["sources"]}
    every = ids(result["review"]) | ids(result["best_practices"]) | ids(result["security"])
    assert {name: text.count(f"id `{name}`") for name in every} == dict.fromkeys(every, 1)
    assert "\n# Best practices\n" in text
    assert "told under Security" in text


async def test_in_order_each_finding_is_told_once_in_full(connect):
    async with connect() as client:
        answer = await client.call_tool("code_pipeline", {"code": BUILT, "language": "python"})
    result, text = answer.structured_content, answer.content[0].text
    every = ids(result["review"]) | ids(result["security"])
    assert {name: text.count(f"id `{name}`") for name in every} == dict.fromkeys(every, 1)
    assert "told under Security" in text
    faults = [one for one in result["review"]["findings"] if one["id"] not in ids(result["security"])]
    assert faults  # what is no matter of security is told where it belongs
    assert {one["category"] for one in faults}.isdisjoint({"security"})
    for part in ("review", "security"):
        assert sum(result[part]["counts"].values()) == len(result[part]["findings"])


async def test_a_long_result_is_read_page_by_page(connect):
    code = "\n".join(f"def run_{n}(x):\n    eval(x + input())\n    exec(x)\n" for n in range(150))
    seen, document, cursor = [], "", None
    async with connect() as client:
        for _ in range(60):
            arguments = {"code": code, "language": "python"} | ({"cursor": cursor} if cursor else {})
            answer = (await client.call_tool("code_pipeline", arguments)).structured_content
            assert len(json.dumps(answer)) < 90_000
            seen += [one["id"] for part in ("review", "security") for one in answer[part]["findings"]]
            document += answer["documentation"]["document"]
            cursor = (answer["cut"] or {}).get("cursor")
            if not cursor:
                break
    assert not cursor
    assert "run_149" in document
    assert len(seen) > 150
