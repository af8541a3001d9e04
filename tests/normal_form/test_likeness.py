"""An answer about code in one layout, carried over to another: all of it on the right lines, or none of it."""

from __future__ import annotations

import dataclasses
import json

import pytest

from manyeyes_tools.chunks import make_chunks
from manyeyes_tools.findings import Finding, Severity
from manyeyes_tools.identity import identify
from manyeyes_tools.judgement import Claim, Dispute, ReviewAnswer
from manyeyes_tools.likeness import Likeness
from manyeyes_tools.material import Material, SourceFile

BEFORE = """\
def pay(db, user):
    # look the user up
    query = f"SELECT * FROM t WHERE id = {user}"
    return db.execute(query, limit=1)


def other(db):
    return None
"""
AFTER = """\
def pay(
    db,
    user,
):
    query = f"SELECT * FROM t WHERE id = {user}"

    return db.execute(
        query,
        limit=1,
    )
def other(db): return None
"""
CHANGED = AFTER.replace("limit=1", "limit=2")


def source(text: str, path: str = "pay.py", language: str = "python", **more) -> SourceFile:
    return SourceFile(path=path, language=language, text=text, masked=text, **more)


def like(*files: SourceFile, evidence=(), rest: str = "", limit: int = 10_000) -> Likeness | None:
    (chunk, *_) = make_chunks(files, limit)
    return Likeness.of(chunk, {file.path: file for file in files}, evidence, rest)


def found(text: str, *lines: tuple[int, int], **more) -> list[Finding]:
    """Findings of an engine on these lines, named as engines' findings are."""
    all_lines = text.split("\n")
    findings = [
        Finding(
            id="",
            title="SQL from parts",
            severity=Severity.HIGH,
            category="injection",
            path="pay.py",
            start_line=first,
            end_line=last,
            quote="\n".join(all_lines[first - 1 : last]),
            explanation="It is.",
            confidence=0.9,
            sources=["rules"],
            **more,
        )
        for first, last in lines
    ]
    return list(identify(findings, Material(files=(source(text),))))


def claim(quote: str, line: int, **more) -> Claim:
    values = {"path": "pay.py", "title": "A fault", "severity": "high", "category": "bug", "explanation": "It is so."}
    return Claim(**{**values, "quote": quote, "line": line, "confidence": 0.8, **more})


def answer(*claims: Claim, disputed=(), summary: str = "Pays.") -> ReviewAnswer:
    return ReviewAnswer(summary=summary, verdict="comment", findings=list(claims), disputed=list(disputed))


def test_the_layout_of_a_whole_python_file_does_not_count() -> None:
    old, new = like(source(BEFORE)), like(source(AFTER))
    assert old.key == new.key
    assert old.note != new.note
    assert like(source(CHANGED)).key != old.key
    assert "SELECT" not in old.note


@pytest.mark.parametrize(
    "other",
    [
        {"path": "pay2.py"},
        {"changed": frozenset({3})},
        {"partial": True, "parts": ((1, 4),)},
        {"language": "text"},
    ],
)
def test_where_the_layout_counts(other) -> None:
    kept, moved = like(source(BEFORE, **other)), like(source(AFTER, **other))
    if other == {"path": "pay2.py"}:
        assert kept.key == moved.key != like(source(BEFORE)).key
    else:
        assert kept is None
        assert moved is None


def test_beside_a_python_file_others_count_to_the_letter() -> None:
    page, edited = source("hello\n", "a.txt", "text"), source("hello \n", "a.txt", "text")
    assert like(page, source(BEFORE)).key == like(page, source(AFTER)).key
    assert like(page, source(BEFORE)).key != like(edited, source(BEFORE)).key
    diffed, rediffed = (dataclasses.replace(page, changed=frozenset(marks)) for marks in ({1}, set()))
    assert like(diffed, source(BEFORE)).key != like(rediffed, source(BEFORE)).key


def test_a_file_that_is_cut_counts_to_the_letter() -> None:
    long = "".join(f"value_{number} = {number}\n" for number in range(400))
    assert like(source(long), limit=1_000) is None


def test_evidence_counts_by_statement_and_focus_to_the_letter() -> None:
    plain = like(source(BEFORE)).key
    old = like(source(BEFORE), evidence=found(BEFORE, (3, 3), (4, 4)))
    new = like(source(AFTER), evidence=found(AFTER, (5, 5), (7, 10)))
    assert old.key == new.key != plain
    assert like(source(AFTER), evidence=found(AFTER, (5, 5), (10, 11))).key != old.key
    assert like(source(AFTER), evidence=found(AFTER, (5, 5))).key != old.key
    assert like(source(BEFORE), evidence=found(BEFORE, (2, 2))).key != plain  # in a comment: by its line
    assert like(source(BEFORE), rest="races").key != plain


def test_claims_move_with_their_statements() -> None:
    old, new = like(source(BEFORE)), like(source(AFTER))
    said = answer(
        claim(
            '    query = f"SELECT * FROM t WHERE id = {user}"',
            3,
            search='f"SELECT * FROM t WHERE id = {user}"',
            replace="Q",
        ),
        claim("    return db.execute(query, limit=1)", 4, search="    return db.execute(query, limit=1)", replace="x"),
        claim("return None", 99, path="./pay.py"),
    )
    moved = new.carried(said, old.note)
    lines = AFTER.split("\n")
    assert [(one.line, one.quote) for one in moved.findings] == [
        (5, lines[4]),
        (7, "\n".join(lines[6:10])),
        (11, lines[10]),
    ]
    # A mend is kept where its text stands as it did, and given up where it does not.
    assert [bool(one.search) for one in moved.findings] == [True, False, False]
    assert moved.summary == said.summary
    assert new.carried(said, new.note) is said


@pytest.mark.parametrize(
    "said",
    [
        answer(claim("    # look the user up", 2)),
        answer(claim("not there at all", 2)),
        answer(claim("return None", 8, path="elsewhere.py")),
        answer(claim("return None", 8, explanation="See line 3.")),
        answer(claim("return None", 8, title="As on L4")),
        answer(claim("return None", 8, remedy="Drop lines 3-4.")),
        answer(summary="Line 3 is wrong."),
        answer(disputed=[Dispute(id="F-1", reason="line 3 escapes it")]),
    ],
)
def test_what_cannot_be_carried_over_is_not_carried_in_part(said: ReviewAnswer) -> None:
    fine = claim("    return db.execute(query, limit=1)", 4)
    whole = said.model_copy(update={"findings": [fine, *said.findings]})
    assert like(source(AFTER)).carried(whole, like(source(BEFORE)).note) is None


def test_disputes_name_todays_findings() -> None:
    before, after = found(BEFORE, (3, 3), (4, 4)), found(AFTER, (5, 5), (7, 10))
    assert [one.id for one in before] != [one.id for one in after]
    old, new = like(source(BEFORE), evidence=before), like(source(AFTER), evidence=after)
    said = answer(disputed=[Dispute(id=before[1].id, reason="It is not."), Dispute(id="F-unknown", reason="No.")])
    assert [one.id for one in new.carried(said, old.note).disputed] == [after[1].id, "F-unknown"]


def test_claims_on_files_that_are_the_same_stay() -> None:
    page = source("hello\n", "a.txt", "text")
    said = answer(claim("hello", 1, path="a.txt"))
    assert like(page, source(AFTER)).carried(said, like(page, source(BEFORE)).note) == said


def test_a_place_too_long_to_look_at_is_none() -> None:
    before = f"x = [{', '.join(map(str, range(100)))}]\n"
    after = "x = [\n" + "".join(f"    {number},\n" for number in range(100)) + "]\n"
    old, new = like(source(before)), like(source(after))
    assert old.key == new.key
    assert new.carried(answer(claim(before.strip(), 1)), old.note) is None


@pytest.mark.parametrize(
    "note",
    ["", "7", "[]", "{}", json.dumps({"forms": {"pay.py": "?"}, "ids": []}), json.dumps({"forms": {}, "ids": ["F-1"]})],
)
def test_a_note_that_cannot_be_read_carries_nothing(note: str) -> None:
    assert like(source(AFTER)).carried(answer(), note) is None


def test_a_file_the_note_does_not_know_carries_nothing() -> None:
    note = json.dumps({"forms": {}, "ids": []})
    assert like(source(AFTER)).carried(answer(claim("return None", 8)), note) is None
