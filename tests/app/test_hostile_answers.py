"""Doubles that answer badly: the reader gets at most what was asked, nothing wrong, and hears what is missing."""

from __future__ import annotations

import json

import pytest

from wire.members import Member, claims
from wire.vendors import KEY, AnthropicWords, ChatWords, GoogleWords

pytestmark = pytest.mark.anyio

LINES = [f"    order.total_{n} = order.price_{n} * order.count_{n}" for n in range(40)]
CODE = "def total(order):\n" + "\n".join(LINES) + "\n    return order\n"
CALL = {"code": CODE, "language": "python"}
VENDORS = {
    "anthropic": (AnthropicWords(), lambda url: {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": url}),
    "openai": (ChatWords(), lambda url: {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": f"{url}/v1"}),
    "google": (
        GoogleWords(),
        lambda url: {"GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": url, "MANYEYES_GOOGLE_API_VERSION": "v1beta"},
    ),
}


def claim(number, **more):
    fields = {
        "path": "code.py", "quote": LINES[number % 40], "line": 1, "title": f"Product {number} overflows",
        "severity": "medium", "category": "logic", "explanation": "It may.", "confidence": 0.5 + number / 100,
    }  # fmt: skip
    return {**fields, **more}


def answer(*found):
    return json.dumps({"summary": "It adds up.", "verdict": "comment", "findings": found, "disputed": []})


async def reviewed(connect, vendor, think, call=CALL, **environ):
    words, settings = VENDORS[vendor]
    with Member(words, lambda texts: "{}" if claims(texts) else think(words, texts)) as member:
        async with connect(**settings(member.url), **environ) as client:
            result = await client.call_tool("code_review", call)
    return result.structured_content, result.content[0].text


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize(
    "think",
    [
        pytest.param(lambda _words, _texts: "Lovely code! I found nothing wrong with it at all.", id="prose"),
        pytest.param(lambda _words, _texts: answer(claim(1))[:-40], id="half JSON"),
        pytest.param(lambda words, _texts: words.refuses("I cannot help with that."), id="refusal"),
        pytest.param(lambda words, _texts: words.cuts(answer(claim(1))[:-40]), id="cut off"),
    ],
)
async def test_what_is_no_answer_is_no_finding_and_no_approval(connect, vendor, think):
    review, text = await reviewed(connect, vendor, think)
    assert review["status"] == "evidence_only"
    assert review["verdict"] is None
    assert not [one for one in review["findings"] if any(vendor in source for source in one["sources"])]
    assert any("Not judged" in problem and vendor in problem for problem in review["problems"])
    assert "Lovely" not in text


@pytest.mark.parametrize("vendor", VENDORS)
async def test_forty_findings_are_the_eight_best_and_the_rest_is_counted(connect, vendor):
    review, text = await reviewed(connect, vendor, lambda *_: answer(*map(claim, range(40))))
    shown = [one["title"] for one in review["findings"]]
    assert shown == [f"Product {number} overflows" for number in range(39, 31, -1)]
    assert review["suppressed"] == {"count": 32, "reasons": {"there are more than 8": 32}}
    assert sum(review["counts"].values()) == 40
    assert "32 findings are not shown" in text


@pytest.mark.parametrize("vendor", VENDORS)
async def test_more_findings_than_the_shape_allows_are_sent_back(connect, vendor):
    def think(_words, texts):
        told = any("That does not hold" in text for text in texts)
        return answer(*map(claim, range(3 if told else 41)))

    review, _ = await reviewed(connect, vendor, think)
    assert len(review["findings"]) == 3
    assert review["status"] == "complete"


@pytest.mark.parametrize("vendor", VENDORS)
async def test_what_is_not_in_the_code_or_not_worth_saying_is_counted_by_reason(connect, vendor):
    found = [
        claim(1),
        claim(2, quote="    os.system(order)"),
        claim(3, quote="    os.remove(order)", path="other.py"),
        claim(4, path="nowhere/else.py", quote="x"),
        claim(5, category="style", title="Names are too short"),
        claim(6, title="Missing docstring", severity="low"),
        claim(7, title="Good use of multiplication", severity="info"),
        claim(8, title="Line too long", severity="low"),
        claim(9),
    ]
    review, _ = await reviewed(connect, vendor, lambda *_: answer(*found))
    assert {one["title"] for one in review["findings"]} == {"Product 1 overflows", "Product 9 overflows"}
    assert review["suppressed"]["reasons"] == {
        "its quote is not in the code": 2,
        "it names a file that was not shown": 1,
        "it is a matter of style, which is for linters": 3,
        "it finds no fault": 1,
    }
    assert all(one["quote"] == LINES[one["start_line"] - 2] for one in review["findings"])


async def test_the_same_fault_told_twice_is_one_finding(connect):
    twice = [claim(1), claim(1, title="Product 1 overflows for large counts")]
    review, _ = await reviewed(connect, "anthropic", lambda *_: answer(*twice))
    assert len(review["findings"]) == 1


async def test_the_limit_is_the_operators_and_a_scan_has_none(connect):
    def think(_words, _texts):
        return answer(*map(claim, range(40)))

    review, _ = await reviewed(connect, "anthropic", think, MANYEYES_LIMITS_FINDINGS="3")
    assert len(review["findings"]) == 3
    words, settings = VENDORS["openai"]
    with Member(words, lambda _: json.dumps({"summary": "s", "findings": [*map(claim, range(40))]})) as member:
        async with connect(**settings(member.url)) as client:
            scan = (await client.call_tool("security_scan", CALL)).structured_content
    assert len(scan["findings"]) == 40


DIFF = (
    "--- a/shop.py\n+++ b/shop.py\n@@ -1,12 +1,12 @@\n def price(item):\n"
    "-    return item.cents\n+    return item.cents / 100\n"
    " \n \n def name(item):\n     return item.name\n \n \n def total(items):\n"
    "     whole = sum(price(item) for item in items)\n     return whole // 1\n \n"
)


async def test_outside_a_change_only_what_the_change_causes_is_told(connect):
    def elsewhere(title, **more):
        quote = "    return whole // 1"
        return claim(1, path="shop.py", quote=quote, title=title, explanation=title, **more)

    found = [
        claim(1, path="shop.py", quote="    return item.cents / 100", title="Float money"),
        claim(2, path="shop.py", quote="    return item.name", title="Name may be none"),
        elsewhere("Cents are lost", caused_by="    return item.cents / 100"),
    ]
    review, _ = await reviewed(connect, "anthropic", lambda *_: answer(*found), {"diff": DIFF})
    assert {one["title"] for one in review["findings"]} == {"Float money", "Cents are lost"}
    assert review["suppressed"]["reasons"] == {"it lies outside the change": 1}
