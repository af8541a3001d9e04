"""Merging, ranking and names of findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manyeyes_tools.findings import Finding, Severity, Suggestion
from manyeyes_tools.identity import context_of, finding_id, identify
from manyeyes_tools.material import Material, SourceFile
from manyeyes_tools.merging import merge, rank, worth

if TYPE_CHECKING:
    import random


def finding(start: int = 10, end: int | None = None, source: str = "anthropic:claude", **more: object) -> Finding:
    fields: dict[str, object] = {
        "id": f"F-{start}{source[:2]}", "title": "SQL injection", "severity": Severity.HIGH, "category": "security",
        "path": "a.py", "start_line": start, "end_line": end or start, "quote": "q", "explanation": f"says {source}",
        "cwe": "CWE-89", "confidence": 0.5, "sources": [source],
    }  # fmt: skip
    return Finding.model_validate(fields | more)


def test_engine_and_models_become_one() -> None:
    patch = Suggestion(explanation="e", patch="p", applies=True)
    engine = finding(10, source="ruff:S608", confidence=0.6, suggestion=Suggestion(explanation="Use parameters."))
    claude = finding(9, 11, "anthropic:claude", confidence=0.8, severity=Severity.CRITICAL)
    gpt = finding(11, 11, "openai:gpt", confidence=0.5, severity=Severity.LOW, cwe="CWE-943", suggestion=patch)
    (merged,) = merge([gpt, claude, engine])
    assert merged.sources == ["anthropic:claude", "openai:gpt", "ruff:S608"]
    assert (merged.start_line, merged.end_line) == (10, 10)
    assert merged.severity is Severity.CRITICAL
    assert merged.confidence == pytest.approx(1 - 0.4 * 0.2 * 0.5)
    assert (merged.explanation, merged.suggestion, merged.id, merged.cwe) == (
        "says anthropic:claude",
        patch,
        engine.id,
        "CWE-89",
    )


@pytest.mark.parametrize("others", [
    [finding(12)], [finding(11)], [finding(10, cwe="CWE-79", source="b:c")], [finding(10, path="b.py", source="b:c")],
    [finding(10, cwe=None, category="bug", title="Off by one", source="b:c")],
])  # fmt: skip
def test_what_differs_stays_apart(others: list[Finding]) -> None:
    assert len(merge([finding(10), *others])) == 2


def test_secrets_on_neighbouring_lines_stay_apart_though_two_observers_see_each() -> None:
    seen = [finding(line, source=source) for line in (10, 11, 12) for source in ("manyeyes:secret", "openai:gpt")]
    assert [(one.start_line, len(one.sources)) for one in merge(seen)] == [(10, 2), (11, 2), (12, 2)]


def test_engines_together_are_one_voice() -> None:
    (merged,) = merge(
        [finding(10, source="ruff:S608", confidence=0.6), finding(10, source="manyeyes:sql-injection", confidence=0.9)]
    )
    assert merged.confidence == 0.9


def test_titles_decide_where_there_is_no_number() -> None:
    one = finding(10, cwe=None, category="bug", title="Division by zero when the list is empty")
    other = finding(10, 12, source="b:c", cwe=None, category="Bug", title="Empty list leads to division by zero")
    assert len(merge([one, other])) == 1


FINDINGS = st.lists(
    st.builds(
        lambda start, size, source, cwe, severity, confidence, title: finding(
            start, start + size, source, cwe=cwe, severity=severity, confidence=confidence, title=title
        ),
        st.integers(1, 12), st.integers(0, 4), st.sampled_from(["ruff:S1", "manyeyes:x", "a:b", "c:d"]),
        st.sampled_from(["CWE-89", "CWE-943", "CWE-79", None]), st.sampled_from(list(Severity)),
        st.sampled_from([0.1, 0.5, 0.9]), st.sampled_from(["Bad query", "Query built badly", "Leak of a file"]),
    ),
    max_size=14,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(FINDINGS, st.randoms(use_true_random=False))
def test_the_order_given_does_not_matter(findings: list[Finding], rng: random.Random) -> None:
    shuffled = list(findings)
    rng.shuffle(shuffled)
    assert merge(shuffled) == merge(findings)


@settings(max_examples=200, deadline=None)
@given(FINDINGS)
def test_nothing_is_lost_or_made_up(findings: list[Finding]) -> None:
    merged = merge(findings)
    assert len(merged) <= len(findings)
    assert {s for one in merged for s in one.sources} == {s for one in findings for s in one.sources}
    assert {one.cwe for one in merged} <= {one.cwe for one in findings}
    assert len({one.id for one in merged}) == len(merged)
    lines = {line for one in findings for line in range(one.start_line, one.end_line + 1)}
    assert {line for one in merged for line in range(one.start_line, one.end_line + 1)} <= lines
    assert max((one.confidence for one in merged), default=0) >= max((one.confidence for one in findings), default=0)
    assert all(one.confidence <= 0.99 for one in merged)


@settings(max_examples=100, deadline=None)
@given(FINDINGS, st.integers(1, 5))
def test_the_worst_are_shown_and_the_rest_is_counted(findings: list[Finding], limit: int) -> None:
    merged = merge(findings)
    shown, reasons = rank(merged, limit)
    assert len(shown) == min(limit, len(merged))
    assert len(shown) + sum(reasons.values()) == len(merged)
    rest = [one for one in merged if one not in shown]
    assert max(map(worth, rest), default=0) <= min(map(worth, shown), default=1)


def test_the_unsure_can_be_left_out() -> None:
    assert rank([finding(1, confidence=0.1), finding(2)], 5, floor=0.3) == ((finding(2),), {"it is too unsure": 1})


def test_ids_do_not_depend_on_lines_numbers_of_placeholders_or_spacing() -> None:
    first = finding_id("a.py", "CWE-89", "  q = f'{x}' # <secret:key:1>", "def f():")
    assert first == finding_id("a.py", "CWE-943", "q  =  f'{x}' # <secret:key:7>\nmore", "def f():")
    others = {
        finding_id("b.py", "CWE-89", "q", ""),
        finding_id("a.py", "CWE-79", "q", ""),
        finding_id("a.py", "CWE-89", "r", ""),
        finding_id("a.py", "CWE-89", "q", "def g():"),
        finding_id("a.py", "CWE-89", "q", "", 1),
        first,
    }
    assert len(others) == 6
    assert len(first) == 10
    assert first.startswith("F-")


def test_context_is_what_a_line_lies_in() -> None:
    lines = ["class A:", "    x = 1", "", "    def f(self):", "        if y:", "            z()", "w()"]
    assert context_of(lines, 6) == "class A:\ndef f(self):\nif y:"
    assert (context_of(lines, 7), context_of(lines, 0), context_of(lines, 99)) == ("", "", "")


def _identified(text: str, lines: list[int], title: str = "t") -> list[str]:
    material = Material(files=(SourceFile(path="a.py", language="python", text=text, masked=text),))
    quotes = text.split("\n")
    return [one.id for one in identify([finding(at, quote=quotes[at - 1], title=title) for at in lines], material)]


def test_ids_survive_shifted_lines_and_other_words_and_tell_equal_faults_apart() -> None:
    text = "def f():\n    q(x)\n    y\n    q(x)\ndef g():\n    q(x)\n"
    ids = _identified(text, [2, 4, 6])
    assert len(set(ids)) == 3
    assert _identified("# more\n\n" + text, [4, 6, 8], title="in other words") == ids
    assert _identified(text, [6, 4, 2, 2])[0] == ids[0]


def test_a_grave_suspicion_stands_above_a_sure_fault_and_goes_before_it() -> None:
    grave = finding(1, severity=Severity.CRITICAL, confidence=0.51)
    sure = finding(2, severity=Severity.HIGH, confidence=0.95)
    less = finding(3, severity=Severity.HIGH, confidence=0.6)
    assert rank([less, sure, grave], None)[0] == (grave, sure, less)
    assert rank([less, sure, grave], 1)[0] == (sure,)  # where one alone is shown, the sure fault is worth more
