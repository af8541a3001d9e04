"""Replies that say nothing are not sent; those that say something are."""

from __future__ import annotations

import json

import pytest

from manyeyes import settings as operator
from manyeyes.desk import Desk
from manyeyes_tools.support.substance import emptiness
from wire.members import Member
from wire.vendors import ChatWords

MESSAGE = "How much is the business plan for 20 people?"
STEPS = (
    "1. Hold the reset button for ten seconds. 2. Wait until the light is green. 3. If it stays red, hold the reset "
    "button again, and wait until the light is green."
)


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ("The customer's message: How much is the business plan?", "it repeats what it was asked"),
        ("It is 49 dollars.</passages id=", "it repeats what it was asked"),
        ("I'm sorry, " * 20, "it says the same over and over"),
        ("How much is the business plan for 20 people?", "it repeats the customer's words"),
        ("Yes.", ""),
        ("20 people", ""),
        ("The business plan is 49 dollars a month for up to 25 people.", ""),
        ("Guten Tag! Der Tarif kostet 49 Dollar im Monat.", ""),
        (STEPS, ""),
        ("", ""),
    ],
)
def test_what_a_reply_says(reply, why):
    assert emptiness(reply, MESSAGE) == why


def reply_of(text):
    return json.dumps({"reply": text, "citations": [], "confidence": 0.9, "needs_human": False, "reason": ""})


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("message", "handled"), [("How do I get rid of the red light?", "knowledge"), ("Is the sky blue?", "person")]
)
async def test_the_passages_stand_in_for_a_reply_that_says_nothing(tmp_path, knowledge, message, handled):
    with Member(ChatWords(), lambda texts: reply_of("Hello hello hello " * 9)) as box:
        environ = {
            "HOME": str(tmp_path),
            "MANYEYES_STATE_URL": "sqlite://",
            "MANYEYES_TOOLSETS": "support",
            "MANYEYES_SUPPORT_KNOWLEDGE": str(knowledge),
            "MANYEYES_ENDPOINTS_BOX_URL": f"{box.url}/v1",
            "MANYEYES_ENDPOINTS_BOX_MODELS": "small",
        }
        async with Desk.open(operator.load(environ, cwd=tmp_path), environ) as desk:
            result = await desk.call("customer_service", {"message": message})
    assert result.handled_by == handled
    assert "hello hello" not in result.reply.lower()
    assert any("was not sent: it says the same over and over" in problem for problem in result.problems)
    assert result.status == "partial"
    assert result.needs_human is (handled == "person")
