"""Customers answered through the whole server: real SDKs against doubles of two vendors, and nobody at all."""

# ruff: noqa: PLR0917  # fixtures

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from manyeyes.errors import BadCall
from manyeyes.state.conversations import NotYours, Turn
from wire.doubles import body

pytestmark = pytest.mark.anyio


ROUTER = "The router shows a red light and the internet connection does not work."
BUY = "How much does the premium plan cost?"
ANGRY = "This is unacceptable, I have been waiting for three weeks and I want to complain."


async def say(client, message, **more):
    result = await client.call_tool("customer_service", {"message": message, **more})
    assert not result.is_error, result.content[0].text
    return result.structured_content


def told(request):
    return json.dumps(request)


def routed(**by_role):
    """Answers by what is asked for: the intent, the rules, a summary, or a reply."""

    def answer(request):
        text = told(request)
        for role, mark in (
            ("intent", "Say which of the listed intents"),
            ("rules", "must never promise. Read a reply"),
        ):
            if mark in text:
                return by_role[role]
        return by_role["summary"] if "Summarise the beginning" in text else by_role["reply"]

    return answer


@pytest.mark.parametrize(
    ("message", "intent", "vendor"),
    [
        (ROUTER, "technical_support", "anthropic"),
        (BUY, "sales_inquiry", "openai"),
        (ANGRY, "complaint", "anthropic"),
    ],
)
async def test_each_intent_has_the_vendor_that_the_article_gives_it(
    connect, keys, claude, gpt, says, message, intent, vendor
):
    for double in (claude, gpt):
        double.answer = routed(intent={"intent": intent, "confidence": 0.8}, reply=says("Here is what to do."))
    async with connect(**keys) as client:
        result = await say(client, message)
    assert result["intent"] == intent
    assert result["handled_by"].startswith(f"{vendor}:")
    assert result["reply"] == "Here is what to do."
    assert (result["status"], result["needs_human"], result["problems"]) == ("complete", False, [])


async def test_a_sure_intent_costs_no_call_and_an_unsure_one_asks_a_fast_model(connect, keys, claude, gpt, says):
    for double in (claude, gpt):
        double.answer = routed(intent={"intent": "complaint", "confidence": 0.7}, reply=says("Yes."))
    async with connect(**keys) as client:
        sure = await say(client, "How much does the premium plan cost, and is there a discount for students?")
        unsure = await say(client, "Bananas, umbrellas and the number seven")
    assert sure["intent_by"] == "classifier"
    assert [use["role"] for use in sure["run"]["models"]] == ["support"]
    assert unsure["intent"] == "complaint"
    assert unsure["intent_by"] != "classifier"
    assert [use["role"] for use in unsure["run"]["models"]] == ["intent", "support"]


async def test_tier_vendor_and_instructions_are_the_operators(connect, keys, claude, gpt, says, config, tmp_path):
    own = tmp_path / "sales.txt"
    own.write_text("Speak like a sailor.")
    claude.answer = routed(intent={"intent": "sales_inquiry", "confidence": 1.0}, reply=says("Ahoy."))
    file = config(
        f'[support]\ncompany = "Ropes & Sails Ltd"\nprompts = {{ sales_inquiry = "{own}" }}\n'
        '[routing.support_sales_inquiry]\nvendors = ["anthropic"]\ntier = "fast"\n'
    )
    async with connect(**keys, **file) as client:
        result = await say(client, BUY)
    assert "haiku" in result["handled_by"]
    assert "Speak like a sailor." in told(claude.asked[-1].json)
    assert "Ropes & Sails Ltd" in told(claude.asked[-1].json)


async def test_quotes_are_found_in_the_knowledge_or_left_out(connect, keys, claude, gpt, says):
    cited = [
        {"passage": 1, "quote": "hold the reset button\n for ten seconds"},
        {"passage": 1, "quote": "throw the router away"},
        {"passage": 9, "quote": "nothing"},
    ]
    for double in (claude, gpt):
        double.answer = routed(
            intent={"intent": "technical_support", "confidence": 0.9}, reply=says("Reset it.", citations=cited)
        )
    async with connect(**keys) as client:
        result = await say(client, ROUTER)
    (one,) = result["citations"]
    assert (one["path"], one["heading"], one["line"]) == ("faq.md", "Router", 7)
    assert any("2 quotes left out" in note for note in result["notes"])


async def test_without_a_model_the_best_passages_are_the_answer(connect):
    async with connect() as client:
        fits = await say(client, ROUTER)
        fits_not = await say(client, "Do you sell helicopters?")
    assert (fits["status"], fits["handled_by"]) == ("evidence_only", "knowledge")
    assert "hold the reset button for ten seconds" in fits["reply"]
    assert "faq.md:7" in fits["reply"]
    assert "Refunds" not in fits["reply"]
    assert (fits_not["handled_by"], fits_not["needs_human"]) == ("person", True)
    assert "No model was asked" in fits_not["problems"][0]


async def test_vendors_that_fail_leave_the_passages_and_are_named(connect, keys, claude, gpt):
    for double in (claude, gpt):
        double.answer = lambda _: body({"error": {"message": "boom", "type": "server_error"}}, 500)
    async with connect(**keys, MANYEYES_RETRY_BACKOFF_S="0.01") as client:
        result = await say(client, ROUTER)
    assert (result["status"], result["handled_by"]) == ("evidence_only", "knowledge")
    assert any("anthropic" in problem for problem in result["problems"])


async def test_personal_data_stays_here_and_is_back_in_the_reply(connect, keys, claude, gpt, says, tmp_path):
    for double in (claude, gpt):
        double.answer = routed(
            intent={"intent": "general", "confidence": 0.9}, reply=says("We write to <email:1> and <email:2>.")
        )
    private = ("ann.lee@example.org", "4111 1111 1111 1111", "GB29 NWBK 6016 1331 9268 19", "+44 20 7946 0958")
    async with connect(**keys) as client:
        first = await say(client, f"My mail is {private[0]}, card {private[1]}, bank {private[2]}, call {private[3]}.")
        second = await say(client, "And bob@example.org too", conversation_id=first["conversation_id"])
    sent = told([asked.json for asked in (*claude.asked, *gpt.asked)])
    for value in (*private, "bob@example.org"):
        assert value not in sent
    assert "<card:1>" in sent
    assert "<iban:1>" in sent
    assert first["reply"] == "We write to ann.lee@example.org and <email:2>."
    assert second["reply"] == "We write to ann.lee@example.org and bob@example.org."


async def test_a_secret_that_a_model_repeats_does_not_come_back(connect, keys, claude, gpt, says):
    token = "ghp_" + "a1B2c3D4e5F6" * 3
    for double in (claude, gpt):
        double.answer = routed(
            intent={"intent": "general", "confidence": 0.9}, reply=says(f"We wrote to <email:1> of {token}.")
        )
    async with connect(**keys) as client:
        result = await say(client, f"My key {token} fails, my mail is ann.lee@example.org.")
        await say(client, "And now?", conversation_id=result["conversation_id"])
    assert result["reply"] == "We wrote to ann.lee@example.org of <secret:github-token:1>."
    assert token not in told([asked.json for asked in (*claude.asked, *gpt.asked)])


async def test_history_is_told_survives_a_restart_and_stays_within_bounds(connect, keys, claude, gpt, says):
    for double in (claude, gpt):
        double.answer = routed(
            intent={"intent": "general", "confidence": 0.9},
            reply=says("Noted."),
            summary={"summary": "The customer counts upwards."},
        )
    more = {**keys, "MANYEYES_SUPPORT_HISTORY_TURNS": "4"}
    async with connect(**more) as client:
        first = await say(client, "message number 0")
        spoken = {"conversation_id": first["conversation_id"]}
    for number in range(1, 9):
        async with connect(**more) as client:
            await say(client, f"message number {number}", **spoken)
            claude.asked.clear()
            gpt.asked.clear()
    async with connect(**more) as client:
        await say(client, "the last one", **spoken)
    sent = told([asked.json for asked in (*claude.asked, *gpt.asked)])
    assert "message number 8" in sent
    assert "message number 1" not in sent
    assert "The customer counts upwards." in sent


async def test_without_a_model_older_turns_are_cut_and_it_is_said(desk):
    async with desk(MANYEYES_SUPPORT_HISTORY_TURNS="2") as one:
        result = await one.call("customer_service", {"message": "the first thing"})
        for number in range(4):
            await one.call(
                "customer_service", {"message": f"thing {number}", "conversation_id": result.conversation_id}
            )
        kept = one.conversations.find(result.conversation_id, "")
    assert len(kept.turns) <= 2
    assert kept.summary.startswith("Not a summary:")
    assert "the first thing" in kept.summary


@pytest.mark.parametrize(
    ("message", "why"),
    [
        ("I want to talk to a real person please", "asks for a person"),
        ("My lawyer will write to you", "legal steps"),
        ("I don't want to live any more", "harming themselves"),
        ("Someone used my card for a payment I did not make", "fraud"),
        ("The charger caught fire", "danger"),
        ("You idiots, this is outrageous and disgusting, a scam!!", "very angry"),
    ],
)
async def test_a_person_is_called_whatever_the_model_says(connect, keys, claude, gpt, says, message, why):
    for double in (claude, gpt):
        double.answer = routed(intent={"intent": "complaint", "confidence": 0.9}, reply=says("All is well."))
    async with connect(**keys) as client:
        result = await say(client, message)
    assert result["needs_human"] is True
    assert why in result["human_reason"]


async def test_an_unsure_model_or_repeated_anger_calls_a_person(connect, keys, claude, gpt, says):
    for double in (claude, gpt):
        double.answer = routed(
            intent={"intent": "complaint", "confidence": 0.9}, reply=says("Perhaps.", confidence=0.2)
        )
    async with connect(**keys) as client:
        unsure = await say(client, "Where is my parcel?")
        for double in (claude, gpt):
            double.answer = routed(intent={"intent": "complaint", "confidence": 0.9}, reply=says("Sorry."))
        first = await say(client, ANGRY)
        again = await say(client, "Still nothing. Ridiculous.", conversation_id=first["conversation_id"])
    assert "unsure" in unsure["human_reason"]
    assert first["needs_human"] is False
    assert again["human_reason"] == "the customer is angry again"


RULE = 'never_promise = ["a refund within one day"]'
BAD = "You will have your refund within one day."


async def test_a_second_vendor_checks_what_was_promised_and_the_reply_is_written_anew(
    connect, keys, claude, gpt, says, config
):
    replies = [says("Your money is back by tomorrow."), says("A colleague will look at it.")]
    claude.answer = lambda _: replies.pop(0)
    found = [{"broken": [{"rule": 1, "words": "money is back by tomorrow"}]}, {"broken": []}]
    gpt.answer = lambda request: (
        found.pop(0) if "Read a reply" in told(request) else {"intent": "complaint", "confidence": 0.9}
    )
    async with connect(**keys, **config(f"[support]\n{RULE}\n")) as client:
        result = await say(client, ANGRY)
    assert result["reply"] == "A colleague will look at it."
    assert result["needs_human"] is False
    assert {use["role"] for use in result["run"]["models"]} >= {"support", "rules"}
    assert any("a refund within one day" in note for note in result["notes"])


async def test_a_promise_that_is_made_twice_is_not_sent(connect, keys, claude, says, config):
    claude.answer = routed(intent={"intent": "complaint", "confidence": 0.9}, reply=says(BAD))
    alone = {name: value for name, value in keys.items() if name.startswith("ANTHROPIC")}
    async with connect(**alone, **config(f"[support]\n{RULE}\n")) as client:
        result = await say(client, ANGRY)
    assert "refund" not in result["reply"]
    assert (result["handled_by"], result["needs_human"]) == ("person", True)
    assert "a refund within one day" in result["human_reason"]


async def test_many_conversations_at_once_read_nothing_of_each_other(desk, keys, gpt, says):
    """The model says back all the names that it was told; `bench/conversations.py` does it with a thousand."""

    def answer(request):
        return says(" ".join(sorted(set(re.findall(r"customer-\d{4}", told(request["messages"]))))))

    gpt.answer = answer
    environ = {name: value for name, value in keys.items() if name.startswith("OPENAI")}
    ids, wrong = {}, []
    async with desk(**environ) as one:

        async def talk(number):
            name = f"customer-{number:04}"
            known = {"conversation_id": ids[number]} if number in ids else {}
            result = await one.call("customer_service", {"message": f"{BUY} I am {name}.", **known})
            ids[number] = result.conversation_id
            if result.reply != name:
                wrong.append((name, result.reply))

        for _ in range(2):
            async with anyio.create_task_group() as group:
                for number in range(30):
                    group.start_soon(talk, number)
        histories = [one.conversations.find(ids[number], "") for number in range(30)]
    assert wrong == []
    assert len(set(ids.values())) == 30
    for number, kept in enumerate(histories):
        assert [turn.message for turn in kept.turns] == [f"{BUY} I am customer-{number:04}."] * 2


async def test_deletion_deletes_from_every_file(connect, environ, tmp_path):
    word = "xylographic"
    async with connect() as client:
        result = await say(client, f"My {word} router, write to {word}@example.org")
        folder = tmp_path / "state"
        assert any(word.encode() in file.read_bytes() for file in folder.iterdir())
    done = subprocess.run(
        [sys.executable, "-m", "manyeyes", "support", "forget", result["conversation_id"]],
        env={**os.environ, **environ},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    for file in folder.iterdir():
        assert word.encode() not in file.read_bytes(), file
    async with connect() as client:
        anew = await say(client, "hello", conversation_id=result["conversation_id"])
        gone = await client.read_resource(f"manyeyes://runs/{anew['run']['id']}")
        assert gone.contents
    assert any("begins here" in note for note in anew["notes"])


async def test_the_id_is_kept_as_a_digest_only(connect, tmp_path):
    async with connect() as client:
        result = await say(client, "hello")
    database = Path(tmp_path / "state" / "state.db")
    connection = sqlite3.connect(database)
    rows = connection.execute("SELECT * FROM conversations").fetchall()
    rows += connection.execute("SELECT * FROM turns").fetchall()
    connection.close()
    assert rows
    assert result["conversation_id"] not in str(rows)


async def test_an_empty_message_and_another_owner_are_refused(desk):
    async with desk() as one:
        with pytest.raises(BadCall, match="empty"):
            await one.call("customer_service", {"message": " \n"})
        one.conversations.add("theirs", "ann", Turn(0.0, "general", "m", "r"), run_id="r", personal={}, upset=False)
        with pytest.raises(NotYours):
            one.conversations.find("theirs", "bob")
        with pytest.raises(BadCall, match="cannot be gone on with"):
            await one.call("customer_service", {"message": "hi", "conversation_id": "theirs"})
