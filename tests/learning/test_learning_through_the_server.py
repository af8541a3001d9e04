"""What tool calls show is learned, what people say counts, and all of it can be seen and switched off."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import ClassVar

import pytest

from manyeyes.bench import RunBench
from manyeyes.cli import main
from manyeyes.learning.account import Outcome
from manyeyes.learning.situation import Situation
from manyeyes.types import Message, Request, Task
from wire.answering import Quiet, answering

HERE = Situation("code_review", "python", "short")
KIND = HERE.broader


def known(desk, situation=KIND):
    return desk.allocation.posteriors.load().of(situation)


@pytest.mark.anyio
async def test_claims_that_are_in_the_code_speak_for_a_model_and_those_that_are_not_against(opened, review):
    async with opened() as (desk, client):
        await review(client, "good")
        await review(client, "wild")
        records = known(desk)
        assert records["scripted:good"].mean == 1.0
        assert records["scripted:wild"].mean == 0.0
        assert records["scripted:good"].trials == pytest.approx(0.8)  # anchored and held up
        assert (records["scripted:good"].calls, records["scripted:good"].cost_usd) == (1.0, 0.0)
        assert [one.size for one in desk.allocation.posteriors.load().records if one.language == "python"] == ["short"]
    async with opened() as (desk, _):
        assert known(desk)["scripted:good"].mean == 1.0  # after a restart


@pytest.mark.anyio
async def test_the_same_answer_again_shows_nothing_new(opened, review):
    async with opened() as (desk, client):
        first = await review(client, "good")
        again = await review(client, "good")
        assert [one["run"]["models"][0]["cache"] for one in (first, again)] == ["miss", "hit"]
        assert known(desk)["scripted:good"].trials == pytest.approx(0.8)


@pytest.mark.anyio
async def test_feedback_over_mcp_counts_once_and_the_last_word_wins(opened, review):
    async with opened() as (desk, client):
        run_id = (await review(client, "good"))["run"]["id"]
        before = known(desk)["scripted:good"].trials
        for verdict in ("good", "bad", "bad"):
            told = await client.call_tool("feedback", {"run_id": run_id, "verdict": verdict})
            assert told.structured_content["models"] == ["scripted:good"]
        after = known(desk)["scripted:good"]
        assert after.trials == pytest.approx(before + 1)
        assert after.quality == pytest.approx(before)
        wrong = await client.call_tool("feedback", {"run_id": "r-none", "verdict": "good"})
        assert wrong.is_error
        assert "'r-none'" in wrong.content[0].text
        assert "run.id" in wrong.content[0].text


@pytest.mark.anyio
async def test_the_tool_is_offered_only_where_it_is_wanted(opened):
    async with opened(MANYEYES_TOOLSETS="default") as (_, client):
        assert "feedback" not in [one.name for one in (await client.list_tools()).tools]


@pytest.mark.anyio
async def test_switched_off_nothing_is_kept_and_feedback_says_so(opened, review):
    async with opened(MANYEYES_LEARNING_ENABLED="false") as (desk, client):
        run_id = (await review(client, "good"))["run"]["id"]
        assert desk.allocation is None
        refused = await client.call_tool("feedback", {"run_id": run_id, "verdict": "good"})
        assert "MANYEYES_LEARNING_ENABLED=true" in refused.content[0].text
        assert desk.store.database.read("SELECT * FROM outcomes") == []


@pytest.mark.anyio
async def test_enough_outcomes_change_whom_the_next_call_asks(opened, review):
    """Two local models that the operator lists in the wrong order."""
    values = {"MANYEYES_LEARNING_LEAST": "2", "MANYEYES_ROUTING_CODE_REVIEW_VENDORS": "box"}
    async with opened(
        MANYEYES_ENDPOINTS_BOX_URL="http://127.0.0.1:9/v1", MANYEYES_ENDPOINTS_BOX_MODELS="wild,good", **values
    ) as (desk, client):
        task = Task(kind="code_review", input_tokens=100, language="python")
        assert str(desk.router.choose(task, learned=desk.allocation.lesson()).taken[0]) == "box:wild"
        for number in range(6):
            told = [
                Outcome(situation=HERE, model=f"box:{name}", quality=float(name == "good"), weight=1.0, answers=1)
                for name in ("wild", "good")
            ]
            desk.allocation.posteriors.add(f"r-{number}", told)
        result = (await client.call_tool("code_review", {"code": "x = 1\n", "language": "python"})).structured_content
        asked = [one["ref"] for one in result["run"]["attempts"]]
        assert asked[0] == "box:good"
        reason = next(one["reason"] for one in result["run"]["route"] if one["ref"] == "box:good")
        assert "learned to be worth most: expected quality" in reason


class TwoModels(Quiet):
    """Chat Completions, by two models that find nothing; those in `gone` are not served."""

    protocol_version = "HTTP/1.1"
    gone: ClassVar[set[str]] = set()

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        said = {"summary": "Gets.", "verdict": "approve", "findings": [], "disputed": []}
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": json.dumps(said)}}
        usage = {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}
        body = {"id": "c", "object": "chat.completion", "created": 1, "model": asked["model"], "choices": [choice]}
        gone = asked["model"] in self.gone
        data = json.dumps({"error": {"message": "no such model"}} if gone else {**body, "usage": usage}).encode()
        self.send_response(404 if gone else 200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def two_models():
    """The settings under which the router chooses between two models."""
    TwoModels.gone.clear()
    with answering(TwoModels) as origin:
        yield {
            "MANYEYES_ENDPOINTS_BOX_URL": f"{origin}/v1",
            "MANYEYES_ENDPOINTS_BOX_MODELS": "one,two",
            "MANYEYES_SCRIPTED_FILE": "",
            "MANYEYES_ROUTING_CODE_REVIEW_VENDORS": "box",
        }


@pytest.mark.anyio
@pytest.mark.parametrize("given", ["code", "paths"])
async def test_trying_out_models_never_pays_for_the_same_answer_twice(opened, two_models, tmp_path, given):
    trying = {"MANYEYES_LEARNING_LEAST": "2", "MANYEYES_LEARNING_EXPLORE_SHARE": "0.5"}
    async with opened(**two_models, **trying) as (desk, client):

        async def ask(number):
            text = f"def pay(db, user):\n    return db.get(user)[{number}]\n"
            (tmp_path / f"pay_{number}.py").write_text(text)
            named = {"code": text, "language": "python"} if given == "code" else {"paths": [f"pay_{number}.py"]}
            result = (await client.call_tool("code_review", named)).structured_content
            return [(one["ref"], one["cache"]) for one in result["run"]["models"]]

        for number in range(4):
            told = [
                Outcome(situation=HERE, model=f"box:{name}", quality=number % 2, weight=1.0, answers=1)
                for name in ("one", "two")
            ]
            desk.allocation.posteriors.add(f"r-{number}", told)
        first = [await ask(number) for number in range(20)]
        chosen = desk.allocation.posteriors.load().explored.choices
        again = [await ask(number) for number in range(20)]
        assert len({said[-1][0] for said in first}) == 2  # both were tried
        assert {cache for said in first for _, cache in said} == {"miss"}
        if given == "code":
            assert [[(said[-1][0], "hit")] for said in first] == again
        else:  # of files it is known that nothing has changed, so that nobody is asked at all
            assert not any(again)
        assert desk.allocation.posteriors.load().explored.choices == chosen > 0  # there was nothing to choose


async def asked(desk, task):
    """Whom a run of its own asks one and the same question."""
    bench = RunBench(
        run_id="r-1",
        tool="code_review",
        settings=desk.settings,
        redactor=desk.redactor(),
        router=desk.router,
        gateway=desk.gateway,
        conversations=desk.conversations,
        lesson=desk.allocation.lesson(),
    )
    request = Request(system="Review.", messages=(Message(role="user", text="x = 1"),))
    return str((await bench.complete(task, request, role="reviewer")).ref)


TRIED = [
    Outcome(situation=HERE, model=f"box:{name}", quality=float(name == "two"), weight=1.0, answers=1)
    for name in ("one", "two")
]


@pytest.mark.anyio
async def test_whoever_answered_does_not_lead_where_a_tier_or_vendor_is_named(opened, two_models):
    """The rules come to the same models then; but what was learned does not bind."""
    async with opened(**two_models, MANYEYES_LEARNING_LEAST="2", MANYEYES_LEARNING_EXPLORE_SHARE="0") as (desk, _):
        for number in range(6):
            desk.allocation.posteriors.add(f"r-{number}", TRIED)
        desk.allocation.refresh()
        task = Task(kind="code_review", input_tokens=100, language="python")
        assert await asked(desk, task) == "box:two"  # as was learned
        assert await asked(desk, replace(task, tier=desk.router.rules["code_review"].tier)) == "box:one"
        assert await asked(desk, replace(task, providers=frozenset({"box"}))) == "box:one"
        assert await asked(desk, task) == "box:two"


@pytest.mark.anyio
async def test_where_whoever_answered_is_out_trying_out_another_is_counted(opened, two_models, monkeypatch):
    async with opened(**two_models, MANYEYES_LEARNING_LEAST="2") as (desk, _):
        for number in range(6):
            desk.allocation.posteriors.add(f"r-{number}", TRIED)
        desk.allocation.refresh()
        monkeypatch.setattr(RunBench, "recall", lambda *_: "box:three")
        await asked(desk, Task(kind="code_review", input_tokens=100, language="python"))
        assert desk.allocation.posteriors.load().explored.choices == 1


@pytest.mark.anyio
async def test_an_answer_that_stood_in_for_another_models_does_not_lead(opened, two_models):
    asked = []
    for gone in ({"one"}, set()):
        TwoModels.gone.update(gone)
        async with opened(**two_models) as (_, client):
            result = await client.call_tool("code_review", {"code": "x = 1\n", "language": "python"})
            asked.append([(one["ref"], one["cache"]) for one in result.structured_content["run"]["models"]])
        TwoModels.gone.clear()
    assert asked == [[("box:two", "miss")], [("box:one", "miss")]]


def command(capsys, *argv):
    code = main(list(argv))
    out = capsys.readouterr()
    return code, out.out, out.err


@pytest.fixture
def shell(environ, monkeypatch, tmp_path, capsys):
    """Runs a command in a process's environment of its own."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)

    def run(*argv):
        return command(capsys, *argv)

    return run


def test_feedback_stats_and_route_show_what_was_learned(shell, tmp_path):
    (tmp_path / "code.py").write_text("def pay(db, user):\n    row = db.get(user)\n    return row.total\n")
    code, out, _ = shell("review", "code.py", "--model", "scripted:good", "--json")
    run_id = json.loads(out)["run"]["id"]
    code, out, _ = shell("feedback", run_id, "bad", "--json")
    assert (code, json.loads(out)) == (0, {"run_id": run_id, "verdict": "bad", "models": ["scripted:good"]})
    code, out, _ = shell("stats", "--routing", "--json")
    rows = json.loads(out)["learned"]
    assert code == 0
    assert {row["language"] for row in rows} == {None, "python"}
    assert rows[0]["outcomes"] == pytest.approx(1.8)
    assert rows[0]["quality"] == pytest.approx(0.8 / 1.8, abs=1e-3)
    code, out, _ = shell("stats", "--routing")
    assert "scripted:good" in out
    assert "No model has been seen often enough" in out
    code, out, _ = shell("route", "code_review", "--language", "python", "--model", "scripted:good", "--explain")
    assert code == 0
    assert "Posterior for code_review, python, short" in out
    assert "1.8" in out


def test_route_explains_what_was_resolved_and_shows_the_steps_of_a_pipeline(shell, tmp_path, environ):
    from manyeyes.learning.account import Outcome, Resolved
    from manyeyes.state.database import Database
    from manyeyes.state.posteriors import Posteriors

    database = Database(tmp_path / "state.db")
    posteriors = Posteriors(database)
    posteriors.add("r-1", [Outcome(situation=HERE, model="scripted:good", answers=1)])
    posteriors.add("r-2", [], [Resolved("r-1", "code_review", "scripted:good", one) for one in ("F-1", "F-2")])
    database.close()
    options = ("--language", "python", "--explain", "--model", "scripted:good")
    code, out, _ = shell("route", "code_review", *options, "--json")
    (row,) = json.loads(out)["posterior"]
    assert (code, row["resolved"], row["trials"]) == (0, 2, 0.5)
    code, out, _ = shell("route", "pipeline", *options)
    assert (code, out.count("would be asked.")) == (0, 3)
    assert "2\n\nsecurity_scan: " in out
    code, out, _ = shell("route", "pipeline", "--json")
    assert [one["task_type"] for one in json.loads(out)["steps"]] == ["code_review", "security_scan", "doc_generator"]


@pytest.mark.parametrize(
    "kind", ["support_intent", "support_rules", "support_summary", "support_general", "support_own"]
)
def test_kinds_that_the_help_names_are_known(shell, kind):
    code, _, err = shell("route", kind)
    assert (code, err) == (0, "")


def test_help_names_every_kind_that_is_asked_for(shell):
    from manyeyes.routing.rules import rules

    _, out, _ = shell("route", "--help")
    kinds = {*rules({}), "support_general", "support_intent", "support_rules", "support_summary", "pipeline"}
    assert not {kind for kind in kinds - {"default"} if kind not in out}
    _, out, _ = shell("stats", "--help")
    assert "manyeyes stats --routing" in out


def test_feedback_on_an_unknown_run_is_wrong_use(shell):
    code, out, err = shell("feedback", "r-none", "good")
    assert (code, out) == (2, "")
    assert "'r-none'" in err


def test_switched_off_commands_say_so(shell, monkeypatch):
    monkeypatch.setenv("MANYEYES_LEARNING_ENABLED", "false")
    assert shell("stats", "--routing")[0] == 3
    assert shell("feedback", "r-1", "good")[0] == 2
    code, out, _ = shell("route", "code_review", "--explain")
    assert code == 0
    assert "switched off" in out
