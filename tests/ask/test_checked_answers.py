"""At standard depth an answer that does not hold up is asked for once more, of a more capable model."""

from __future__ import annotations

import json

import pytest

from manyeyes.learning.situation import Situation
from manyeyes_tools.asking.checking import flaw
from manyeyes_tools.asking.question import Question
from wire.doubles import body
from wire.members import Member
from wire.vendors import ChatWords

WRONG = "Version 1.0 came out in 1990, as everybody knows."


def verdict(holds="no", quote="came out in 1990", reason="It was released in 1994, four years later."):
    return json.dumps({"holds": holds, "reason": reason, "quote": quote})


def is_check(texts):
    return any("You check one answer" in text for text in texts)


def answers(text, check=None):
    return lambda texts: (check or verdict("yes", "")) if is_check(texts) else text


async def ask(client, **arguments):
    result = await client.call_tool(
        "ask", {"prompt": "When did it come out?", "task_type": "real_time_chat", **arguments}
    )
    assert not result.is_error, result.content[0].text
    return result.structured_content


def used(result):
    return [(use["ref"], use["role"]) for use in result["run"]["models"]]


def learned(client, kind="real_time_chat"):
    known = client.desk.allocation.posteriors.load().of(Situation(kind))
    return {name: record.mean for name, record in known.items() if record.mean is not None}


@pytest.mark.anyio
async def test_a_fast_answer_that_another_vendor_bears_out_is_given(connect, vendors):
    _members, environ = vendors(answers("", verdict("yes", "")), answers("It came out in 1994."))
    async with connect(**environ) as client:
        result = await ask(client)
        assert learned(client) == {"openai:gpt-6-luna": 1.0}
    assert result["answer"] == "It came out in 1994."
    assert used(result) == [("openai:gpt-6-luna", "answer"), ("anthropic:claude-haiku-5-5", "checker")]
    assert (result["status"], result["notes"]) == ("complete", [])


@pytest.mark.anyio
async def test_a_fast_answer_that_does_not_hold_up_goes_to_a_more_capable_model(connect, vendors):
    def gpt(texts):
        return WRONG if asked["model"] == "gpt-6-luna" else "It came out in 1994."

    members, environ = vendors(answers("", verdict()), gpt)
    asked = _Latest(members["gpt"])
    async with connect(**environ) as client:
        result = await ask(client)
        assert learned(client) == {"openai:gpt-6-luna": 0.0}
    assert result["answer"] == "It came out in 1994."
    assert used(result) == [
        ("openai:gpt-6-luna", "answer"),
        ("anthropic:claude-haiku-5-5", "checker"),
        ("openai:gpt-6.1-terra", "second answer"),
    ]
    (note,) = result["notes"]
    assert "openai:gpt-6-luna did not hold up: anthropic:claude-haiku-5-5 says: It was released in 1994" in note
    assert "openai:gpt-6.1-terra was asked in its place" in note
    assert result["status"] == "complete"


class _Latest:
    def __init__(self, member):
        self.member = member

    def __getitem__(self, name):
        return self.member.asked[-1].json[name]


@pytest.mark.anyio
@pytest.mark.parametrize(
    "check",
    [verdict(quote="came out in 1066"), verdict(quote=""), verdict(reason="No."), verdict("unsure"), "no JSON at all"],
    ids=["a quote that is nowhere", "no quote", "no reason", "unsure", "no verdict"],
)
async def test_an_objection_without_ground_changes_nothing(connect, vendors, check):
    _members, environ = vendors(answers("", check), answers(WRONG))
    async with connect(**environ) as client:
        result = await ask(client)
        assert learned(client).get("openai:gpt-6-luna") is None
    assert result["answer"] == WRONG
    assert [role for _, role in used(result) if role == "second answer"] == []
    assert result["status"] == "complete"


@pytest.mark.anyio
async def test_quick_is_one_call_and_a_model_that_is_insisted_on_the_only_one(connect, vendors):
    _members, environ = vendors(answers("", verdict()), answers(WRONG))
    async with connect(**environ) as client:
        assert len(used(await ask(client, depth="quick"))) == 1
        assert len(used(await ask(client, model="gpt-6-luna"))) == 1


@pytest.mark.anyio
async def test_where_nobody_more_capable_can_be_asked_the_problem_is_told(connect):
    with Member(ChatWords(), answers("")) as other, Member(ChatWords(), answers(WRONG)) as first:
        other.think = answers("", verdict())
        config = "".join(
            f'[endpoints.{name}]\nurl = "{box.url}/v1"\nmodels = ["small"]\ntier = "fast"\n'
            for name, box in (("one", first), ("two", other))
        )
        async with connect(config) as client:
            result = await ask(client)
    assert used(result) == [("one:small", "answer"), ("two:small", "checker")]
    assert result["status"] == "partial"
    assert "did not hold up" in result["problems"][0]
    assert "no more capable model could be asked" in result["problems"][0]


@pytest.mark.anyio
async def test_when_the_more_capable_model_fails_the_first_answer_is_given_with_the_problem(connect, vendors):
    def gpt(texts):
        return WRONG if asked["model"] == "gpt-6-luna" else body({"error": {"message": "no"}}, 400)

    members, environ = vendors(answers("", verdict()), gpt)
    asked = _Latest(members["gpt"])
    async with connect(**environ) as client:
        result = await ask(client)
    assert result["answer"] == WRONG
    assert result["status"] == "partial"
    assert "could not answer" in result["problems"][0]


@pytest.mark.anyio
async def test_code_that_does_not_parse_is_asked_for_again_without_asking_a_second_reader(connect, vendors):
    broken, sound = "```python\ndef f(:\n    pass\n```", "```python\ndef f():\n    pass\n```"

    def gemini(texts):
        return sound

    _members, environ = vendors(answers(broken), gemini=gemini)
    async with connect(**environ) as client:
        result = await ask(client, task_type="code_generation")
        assert learned(client, "code_generation") == {
            "anthropic:claude-opus-5-5": 0.0,
            "google:gemini-4-argon": 1.0,
        }
    assert result["answer"] == sound
    assert [role for _, role in used(result)] == ["answer", "second answer"]
    assert "the Python in block 1 of it does not parse (line 1)" in result["notes"][0]


@pytest.mark.anyio
async def test_what_the_second_reader_says_reveals_no_secret_and_the_answer_is_data_to_it(connect, vendors):
    secret = "ghp_" + "a1B2c3D4e5F6" * 3
    members, environ = vendors(answers("", verdict(reason=f"The token {secret} says otherwise.")), answers(WRONG))
    async with connect(**environ) as client:
        result = await ask(client)
    assert secret not in json.dumps(result)
    sent = json.dumps(members["claude"].asked[0].json)
    assert sent.index("<material id") < sent.index("came out in 1990") < sent.index("</material id")


GIVEN = "The order is kept for ninety days. After that it is deleted for good, and nobody can bring it back again."


@pytest.mark.parametrize(
    ("answer", "why", "shown"),
    [
        ("Ninety days.", "", False),
        ("", "it is empty", True),
        ("It says “the order is kept for **ninety** days.”", "", True),
        ("It says “The order is kept for ninety days.”", "", True),
        ("It says “The order is kept for about thirty days in all.”", "", True),
        (
            "It says “The order is kept for about thirty days in all.”\n> After that nobody knows what becomes of it.",
            "2 of the 2 passages",
            True,
        ),
        ("> After that it is **deleted** for good, and nobody\n\n> The order is kept for a year or so.", "", True),
        ('A "quoted thing" is short.', "", False),
        ("```python\nx = [1,\n```", "block 1", True),
        ("```python\n>>> x = [1,\n```", "", True),
        ("```python\nx = foo(..., bar\n```", "", True),
        ("```python\n    async with a as b:\n        await b\n```", "", True),
        ("```python\ncase 1:\n    pass\n```", "", True),
        ("```python\nx = 1\n```\n\n```python\nprint 'a'\n```", "block 2", True),
        ("```js\nlet x = (\n```", "", False),
    ],
)
def test_what_shows_by_itself(answer, why, shown):
    told, anything = flaw(Question(prompt="How long is the order kept?", material=GIVEN), answer)
    assert (told == "") == (why == "")
    assert why in told
    assert anything is shown


def test_a_block_that_is_never_closed_costs_no_time():
    import time

    began = time.perf_counter()
    assert flaw(Question(prompt="?", material=GIVEN), "```python\nx = (\n" * 60_000) == ("", False)
    assert flaw(Question(prompt="?", material=GIVEN), "“a b c " * 60_000) == ("", False)
    assert time.perf_counter() - began < 5


def test_without_material_nothing_can_be_quoted_from_it():
    text = "It says “The order is kept for about thirty days in all.”"
    assert flaw(Question(prompt="How long?"), text) == ("", False)


@pytest.mark.anyio
async def test_an_endpoint_marked_as_fast_comes_first_where_the_fast_tier_is_asked_for(connect, vendors):
    _members, environ = vendors(answers("from claude"), answers("from gpt"))
    with Member(ChatWords(), answers("from here")) as box:
        config = f'[endpoints.box]\nurl = "{box.url}/v1"\nmodels = ["small"]\ntier = "fast"\n'
        async with connect(config, **environ) as client:
            quick = await ask(client, task_type="chat", depth="quick")
            usual = await ask(client, task_type="chat")
        own = '[routing.chat]\nvendors = ["anthropic"]\n'
        async with connect(config + own, **environ) as client:
            stated = await ask(client, task_type="chat", depth="quick")
        plain = config.replace('"fast"', '"balanced"')
        async with connect(plain, **environ) as client:
            balanced = await ask(client, task_type="chat", depth="quick")
    assert [one["answer"] for one in (quick, usual, stated, balanced)] == [
        "from here",
        "from claude",
        "from claude",
        "from claude",
    ]
    reasons = {one["ref"]: one["reason"] for one in quick["run"]["route"]}
    assert reasons["box:small"] == "marked as fast, and the fast tier is asked for: box, fast"
