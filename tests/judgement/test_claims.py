"""What of a claim the code bears out, and whether an answer holds up."""

from __future__ import annotations

from collections import Counter

import pytest

from manyeyes.types import Candidate, Completion, ModelRef, Route, Tier
from manyeyes_tools import claims
from manyeyes_tools.chunks import Chunk
from manyeyes_tools.claims import Heard, ReviewAnswer, Scope, ground_all, is_style
from manyeyes_tools.findings import Finding, Severity
from manyeyes_tools.holding import flaw, next_tier
from manyeyes_tools.material import SourceFile

REF = ModelRef("anthropic", "claude")
TEXT = "".join(f"value_{n} = compute({n})\n" for n in range(1, 41))


def file(path="a.py", changed=None, text=TEXT):
    return SourceFile(path=path, language="python", text=text, masked=text, changed=changed)


def claim(number=20, **more):
    fields = {
        "path": "a.py", "quote": f"value_{number} = compute({number})", "line": number, "title": "It is wrong",
        "severity": "medium", "category": "bug", "explanation": "e", "confidence": 0.8,
    }  # fmt: skip
    return {**fields, **more}


def answer(*found, **more):
    return ReviewAnswer.model_validate({"summary": "s", "verdict": "comment", "findings": found, **more})


def grounded(found, files, seen=()):
    scope = Scope({one.path: one for one in files}, {one.path: one for one in seen})
    heard = ground_all(Completion(ref=REF, text="", parsed=answer(found)), scope)
    return heard.findings[0].start_line if heard.findings else next(iter(heard.ungrounded))


@pytest.mark.parametrize(
    ("found", "changed", "came"),
    [
        (claim(20), None, 20),
        (claim(20), {20}, 20),
        (claim(20), {23}, 20),
        (claim(20), {24}, claims.OUTSIDE),
        (claim(20), set(), claims.OUTSIDE),
        (claim(20, caused_by="value_30 = compute(30)"), {30}, 20),
        (claim(20, caused_by="   30 +| value_30  =  compute(30)"), {30}, 20),
        (claim(20, caused_by="   30 +| value_30 = compute(30)"), {30}, 20),
        (claim(20, caused_by="+value_30 = compute(30)"), {30}, 20),
        (claim(20, caused_by="value_31 = compute(31)"), {30}, claims.OUTSIDE),
        (claim(20, caused_by=")"), {30}, claims.OUTSIDE),
        (claim(20, quote="value_99 = compute(99)"), None, claims.NOWHERE),
        (claim(20, path="x/c.py"), None, claims.UNSHOWN),
        (claim(20, title="Great naming throughout"), None, claims.NO_FAULT),
        (claim(20, title="Unused variable `x`"), None, claims.LINTING),
    ],
)
def test_where_a_claim_comes_to_stand(found, changed, came):
    assert grounded(found, [file(changed=None if changed is None else frozenset(changed))]) == came


@pytest.mark.parametrize(
    ("changed", "caused_by", "came"),
    [
        (None, "", claims.UNASKED),
        (None, "value_3 = compute(3)", 20),
        (frozenset({3}), "", claims.OUTSIDE),
        (frozenset({3}), "value_3 = compute(3)", 20),
        (frozenset({3}), "value_4 = compute(4)", claims.OUTSIDE),
    ],
)
def test_a_file_that_was_only_read_needs_a_cause_in_what_was_asked_about(changed, caused_by, came):
    found = claim(20, path="other.py", caused_by=caused_by)
    assert grounded(found, [file(changed=changed), file("z.py")][:1], [file("other.py")]) == came


@pytest.mark.parametrize(
    ("title", "category", "severity", "style"),
    [
        ("Missing docstring in `pay`", "quality", "low", True),
        ("Missing type hints", "bug", "medium", True),
        ("Line too long", "bug", "info", True),
        ("Inconsistent naming of ids", "maintainability", "low", True),
        ("Anything", "Code Style", "low", True),
        ("Missing docstring in `pay`", "style", "high", False),
        ("Missing check of the amount", "bug", "medium", False),
        ("The unused import is executed and deletes files", "bug", "high", False),
        ("Comment is wrong about units, and callers rely on it", "bug", "medium", False),
        ("No documentation of the format is checked before parsing", "bug", "high", False),
        ("Cleanup is skipped when the write fails", "bug", "medium", False),
        ("Goods are shipped before payment", "logic", "medium", False),
    ],
)
def test_what_a_linter_would_say(title, category, severity, style):
    assert is_style(title, category, Severity(severity)) is style


@pytest.mark.parametrize("title", ["Cleanup is skipped", "Goods are shipped before payment", "No problem is reported"])
def test_what_only_begins_like_praise_is_a_finding(title):
    assert grounded(claim(20, title=title), [file()]) == 20


def heard(*found, lost=0, **more):
    made = [claim(n) for n in range(len(found) + lost)]
    return Heard("m:m", answer(*made, **more), tuple(found), Counter({claims.NOWHERE: lost} if lost else {}))


def finding(start=10, source="manyeyes:x", severity=Severity.HIGH, confidence=0.9, **more):
    fields = {
        "id": f"F-{start}", "title": "t", "severity": severity, "category": "c", "path": "a.py", "start_line": start,
        "end_line": start, "quote": "q", "explanation": "e", "confidence": confidence, "sources": [source],
    }  # fmt: skip
    return Finding.model_validate(fields | more)


CHUNK = Chunk("text", (("a.py", 1, 40),))


@pytest.mark.parametrize(
    ("said", "evidence", "flawed"),
    [
        (heard(), [], ""),
        (heard(finding(1)), [], ""),
        (heard(finding(1), lost=1), [], ""),
        (heard(finding(1), lost=2), [], "2 of its 3 quotes are"),
        (heard(lost=1), [], "1 of its 1 quotes is"),
        (heard(), [finding(10)], "passes over 1 of 1"),
        (heard(confirmed=["F-10"]), [finding(10)], ""),
        (heard(disputed=[{"id": "F-10", "reason": "no"}]), [finding(10)], ""),
        (heard(finding(12)), [finding(10)], ""),
        (heard(finding(13)), [finding(10)], "passes over"),
        (heard(confirmed=["F-10"]), [finding(10), finding(20)], ""),
        (heard(), [finding(10, severity=Severity.MEDIUM)], ""),
        (heard(), [finding(10, confidence=0.6)], ""),
        (heard(), [finding(10, path="b.py")], ""),
    ],
)
def test_whether_an_answer_holds_up(said, evidence, flawed):
    why = flaw(said, CHUNK, evidence)
    assert flawed in why
    assert bool(why) is bool(flawed)


def ref(text):
    return ModelRef.parse(text)


ROUTE = Route(
    (
        Candidate(ref("a:opus"), taken=True, reason="", tier=Tier.FLAGSHIP),
        Candidate(ref("b:gpt"), taken=True, reason="", tier=Tier.FLAGSHIP),
        Candidate(ref("a:sonnet"), taken=True, reason="", tier=Tier.BALANCED),
        Candidate(ref("c:pro"), taken=False, reason="no key", tier=Tier.FLAGSHIP),
    )
)


@pytest.mark.parametrize(
    ("asked", "following"),
    [({"a:sonnet"}, "a:opus"), ({"a:opus"}, "b:gpt"), ({"b:gpt"}, "a:opus"), ({"a:opus", "b:gpt"}, None)],
)
def test_who_is_asked_when_it_does_not(asked, following):
    assert next_tier(ROUTE, asked) == (ref(following) if following else None)
