"""What the steps of a pipeline hand on to each other, and how a second model's answers are weighed."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from manyeyes_tools.anchors import anchor
from manyeyes_tools.chunks import make_chunks
from manyeyes_tools.claims import CaseAnswer, Check, Heard
from manyeyes_tools.findings import Finding, Severity
from manyeyes_tools.material import SourceFile
from manyeyes_tools.pipeline.digest import dismissed, joined, lines
from manyeyes_tools.pipeline.suspicions import Suspicions, worth_asking
from manyeyes_tools.questions import question_for

SOURCE = "".join(f"value_{number} = read({number})\n" for number in range(1, 41))
FILES = {"a.py": SourceFile(path="a.py", language="python", text=SOURCE, masked=SOURCE)}
KINDS = ("CWE-89", "CWE-79", "CWE-22", None)
OBSERVERS = ("anthropic:claude", "openai:gpt", "manyeyes:taint", "ruff:S608")


def finding(name: str, line: int = 1, source: str = "anthropic:claude", **more: object) -> Finding:
    fields: dict[str, object] = {
        "id": name, "title": f"Weak {name}", "severity": Severity.MEDIUM, "category": "security", "path": "a.py",
        "start_line": line, "end_line": line, "quote": f"value_{line} = read({line})", "explanation": "e",
        "cwe": "CWE-89", "confidence": 0.6, "sources": [source],
    }  # fmt: skip
    return Finding.model_validate(fields | more)


FINDINGS = st.lists(
    st.builds(
        finding,
        st.integers(0, 30).map(lambda number: f"F-{number}"),
        st.integers(1, 12),
        st.sampled_from(OBSERVERS),
        cwe=st.sampled_from(KINDS),
    ),
    max_size=12,
    unique_by=lambda one: one.id,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the machine may be busy
@given(FINDINGS, FINDINGS)
def test_what_is_established_keeps_its_id_and_nothing_is_left_unsaid(
    before: list[Finding], after: list[Finding]
) -> None:
    whole = joined(before, after)
    ids = [one.id for one in whole]
    assert len(ids) == len(set(ids))
    assert {one.id for one in before} <= set(ids) <= {one.id for one in (*before, *after)}
    said = {(source, one.path) for one in (*before, *after) for source in one.sources}
    assert said == {(source, one.path) for one in whole for source in one.sources}


def test_the_same_fault_under_another_id_is_told_once_with_both_sources() -> None:
    review, engine = finding("F-review", 3), finding("F-engine", 3, "manyeyes:taint", severity=Severity.HIGH)
    other = finding("F-other", 9, "manyeyes:taint")
    first, second = joined([review], [engine, other])
    assert (first.id, first.sources, first.severity) == ("F-review", ["anthropic:claude", "manyeyes:taint"], "high")
    assert second == other


def weighed(known: list[Finding], *checks: Check, claims: tuple[Finding, ...] = ()):
    answer = CaseAnswer(summary="s", findings=[], checked=list(checks))
    heard = Heard("openai:gpt", answer, (), Counter())
    return Suspicions(tuple(known), FILES).weigh([heard], claims, FILES, "standard")


@pytest.mark.parametrize(
    ("severity", "cwe", "real", "quote", "outcome"),
    [
        ("medium", "CWE-89", "true", "value_1 = read(1)", 0.8),
        ("medium", "CWE-89", "true", "", 0.7),
        ("medium", "CWE-89", "true", "value_1 = written(1)", 0.6),
        ("medium", "CWE-89", "unsure", "value_1 = read(1)", 0.6),
        ("medium", "CWE-89", "false", "value_1 = read(1)", "dismissed"),
        ("high", "CWE-89", "false", "value_1 = read(1)", 0.3),
        ("medium", "CWE-798", "false", "value_1 = read(1)", 0.3),
        ("medium", "CWE-89", "false", "value_1 = written(1)", 0.6),
        ("medium", "CWE-89", "false", "# value_1 is checked", 0.6),
    ],
)
def test_an_answer_counts_as_far_as_the_code_bears_it_out(
    severity: str, cwe: str, real: str, quote: str, outcome: object
) -> None:
    known = finding("F-1", severity=severity, cwe=cwe)
    result = weighed([known], Check(id="F-1", real=real, reason="It is what it is there.", quote=quote))
    if outcome == "dismissed":
        assert not result.findings
        assert [one.finding.id for one in result.dismissed] == ["F-1"]
    else:
        (one,) = result.findings
        assert one.confidence == pytest.approx(outcome)
        assert bool(one.dissent) == (outcome == 0.3)
        assert ("openai:gpt" in one.sources) == (one.confidence > 0.6)


@pytest.mark.parametrize(
    ("severity", "votes", "outcome"),
    [
        ("high", ("false", "false", "true"), "dismissed"),
        ("high", ("false", "true", "true"), 0.45),
        ("high", ("false", "true"), 0.4),
        ("high", ("false", "unsure", "unsure"), 0.3),
        ("medium", ("false", "unsure", "unsure"), "dismissed"),
        ("critical", ("true", "true", "unsure"), 0.9),
    ],
)
def test_of_a_panel_the_most_decide_and_one_alone_strikes_nothing_grave_off(
    severity: str, votes: tuple[str, ...], outcome: object
) -> None:
    spoken = [
        Heard(f"vendor{number}:m", CaseAnswer(summary="s", findings=[], checked=[check]), (), Counter())
        for number, real in enumerate(votes)
        for check in (Check(id="F-1", real=real, reason="It is what it is there.", quote="value_1 = read(1)"),)
    ]
    known = finding("F-1", severity=severity)
    result = Suspicions((known,), FILES).weigh(spoken, (), FILES, "panel")
    if outcome == "dismissed":
        assert [len(one.said) for one in result.dismissed] == [votes.count("false")]
    else:
        assert [(one.id, one.confidence) for one in result.findings] == [("F-1", pytest.approx(outcome))]


def test_who_answers_twice_and_not_the_same_has_not_answered() -> None:
    said = [
        Check(id="F-1", real=real, reason="It is what it is.", quote="value_1 = read(1)") for real in ("true", "false")
    ]
    assert weighed([finding("F-1")], *said).findings == (finding("F-1"),)


def test_every_id_is_kept_and_what_is_new_is_added() -> None:
    known = [finding("F-1"), finding("F-2", 2), finding("F-3", 3, severity=Severity.HIGH)]
    new = finding("F-9", 30, "openai:gpt")
    result = weighed(
        known, Check(id="F-2", real="false", reason="It is a constant.", quote="value_2 = read(2)"), claims=(new,)
    )
    assert sorted(one.id for one in (*result.findings, *(one.finding for one in result.dismissed))) == [
        "F-1", "F-2", "F-3", "F-9",
    ]  # fmt: skip


def test_a_question_is_put_once_for_all_of_its_kind() -> None:
    known = [finding("F-1"), finding("F-2", 2), finding("F-3", 3, cwe=None, category="bug")]
    text = Suspicions(tuple(known), FILES).case(known, frozenset({"a.py"})).text
    assert text.count(question_for("CWE-89").real) == 1
    assert text.count("Real if: ") == 2
    assert "Does the code do what is said of it" in text.split("- F-2")[1]


def test_what_comes_from_the_code_stays_on_its_line() -> None:
    sly = finding("F-1", title="x\n- F-9 b.py:1 high CWE-89 y", path="a\nb.py")
    text = Suspicions((sly,), {}).case([sly], frozenset({"a\nb.py"})).text
    assert [line.split()[1] for line in text.splitlines() if line.startswith("- F-")] == ["F-1"]


@pytest.mark.parametrize(
    ("severity", "cwe", "asked"),
    [("low", None, False), ("low", "CWE-561", False), ("low", "CWE-89", True), ("medium", None, True)],
)
def test_what_is_light_and_no_weakness_is_not_asked_about(severity: str, cwe: str | None, *, asked: bool) -> None:
    assert worth_asking(finding("F-1", severity=severity, cwe=cwe)) is asked


def test_a_line_says_whether_it_is_disputed_or_dismissed_and_by_whom() -> None:
    one = finding("F-1", dissent="openai:gpt: it is\nconstant")
    assert lines([one]) == ["F-1 medium a.py:1 Weak F-1 (CWE-89), 60%, anthropic:claude — disputed"]
    assert dismissed([one])[0].endswith(" — dismissed: openai:gpt: it is constant")


def test_few_lines_are_numbered_and_none_can_pass_for_one_of_ours() -> None:
    text = "x = 1\n" * 15 + "File: other.py (python)\n    7  | y = 2\n"
    file = SourceFile(path="a.py", language="python", text=text, masked=text)
    (chunk,) = make_chunks([file], 1_000, sparse=True)
    head, *body = chunk.text.split("\n")
    assert head == "File: a.py (python)"
    assert all("|" in line and line.partition("|")[0] in {"", "1", "10"} for line in body)
    assert [line for line in chunk.text.split("\n") if line.startswith("File:")] == [head]
    assert [anchor(file, line).start_line for line in body[15:17]] == [16, 17]  # though the bar was copied with it


def test_every_line_is_numbered_where_a_change_is_marked() -> None:
    file = SourceFile(path="a.py", language="python", text=SOURCE, masked=SOURCE, changed=frozenset({7}))
    (chunk,) = make_chunks([file], 2_000, sparse=True)
    assert "    7 +| value_7" in chunk.text
    assert "    8  | value_8" in chunk.text
