"""Pieces are cut where the syntax is, hold every line once, and keep their digest while their code stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manyeyes_tools.chunks import CONTEXT, make_chunks, tokens
from manyeyes_tools.languages import language_of
from manyeyes_tools.material import SourceFile
from manyeyes_tools.syntax.rules import FUNCTIONS, TYPES
from manyeyes_tools.syntax.symbols import outline

SAMPLES = sorted(path.name for path in Path(__file__).with_name("samples").iterdir())


def source(path, text, **more):
    return SourceFile(path=path, language=language_of(path, text), text=text, masked=text, **more)


def shown(chunks):
    """How often each line of each file is shown."""
    return sorted(
        (path, line) for chunk in chunks for path, first, last in chunk.places for line in range(first, last + 1)
    )


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("limit", [150, 250, 400])
def test_what_fits_is_not_split(sample, name, limit):
    text = sample(name)
    file = source(name, text)
    chunks = make_chunks([file], limit)
    lines = text.removesuffix("\n").split("\n")
    assert shown(chunks) == [(name, line) for line in range(1, len(lines) + 1)]
    cuts = {chunk.places[0][1] for chunk in chunks[1:]}
    for one in outline(text, file.language).definitions:
        body = "\n".join(f"{number:>5}  | {lines[number - 1]}" for number in range(one.doc_line, one.end_line + 1))
        split = cuts & set(range(one.doc_line + 1, one.end_line + 1))
        if split and (one.kind in FUNCTIONS or one.kind in TYPES):
            # Larger than the limit, but for what the estimate of each line rounds up, and the file's head.
            estimate = tokens(body) + one.end_line - one.doc_line + 2 + tokens(f"File: {name} ({file.language})")
            assert estimate > limit, (one.qualified, split)


@pytest.mark.parametrize("name", SAMPLES)
def test_pieces_are_numbered_and_within_the_limit(sample, name):
    chunks = make_chunks([source(name, sample(name))], 200)
    assert [chunk.number for chunk in chunks] == list(range(1, len(chunks) + 1))
    assert all(chunk.tokens <= 200 for chunk in chunks)
    assert len({chunk.digest for chunk in chunks}) == len(chunks)


def test_a_digest_tells_code_and_not_lines(sample):
    text = sample("ledger.py")
    (before,) = make_chunks([source("a.py", text, changed=frozenset({70}))], 10_000)
    (moved,) = make_chunks([source("a.py", "\n" * 60 + text, changed=frozenset({130}))], 10_000)
    assert before.places[0][1] + 60 == moved.places[0][1]
    assert before.digest == moved.digest
    (other,) = make_chunks([source("b.py", text, changed=frozenset({70}))], 10_000)
    (marked,) = make_chunks([source("a.py", text, changed=frozenset({69, 70}))], 10_000)
    assert len({before.digest, other.digest, marked.digest}) == 3


def test_plain_text_is_cut_after_blank_lines():
    text = "\n\n".join(f"{number} " + "some words\n" * 5 + "the end" for number in range(12))
    chunks = make_chunks([source("notes.txt", text)], 120)
    lines = text.split("\n")
    for chunk in chunks[1:]:
        assert not lines[chunk.places[0][1] - 2].strip()


def test_steady_pieces_stay_where_they_are(sample):
    functions = [f"def f{n}(x):\n    y = x * {n}\n    return g{n}(y, {n * n})\n" for n in range(400)]
    before = make_chunks([source("a.py", "\n\n".join(functions))], 600, steady=True)
    functions[30] = functions[30].replace("y = x", "z = 1\n    y = z + x")
    after = make_chunks([source("a.py", "\n\n".join(functions))], 600, steady=True)
    kept = {chunk.digest for chunk in before} & {chunk.digest for chunk in after}
    assert len(after) > 15
    assert len(kept) >= 0.8 * len(after)


lines = st.lists(
    st.sampled_from(["", "def f():", "    return 1", "class A:", "    def g(self):", "        x = 2", "# words", "}"])
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), max_size=60),
    max_size=60,
)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["a.py", "b.go", "c.txt", "d.sql"]), lines, st.none() | st.sets(st.integers(1, 70))),
        max_size=4,
        unique_by=lambda item: item[0],
    ),
    st.integers(20, 300),
    st.booleans(),
)
def test_every_line_is_shown_once(given_files, limit, steady):
    files = [
        source(path, "\n".join(body), changed=None if marked is None else frozenset(marked))
        for path, body, marked in given_files
    ]
    chunks = make_chunks(files, limit, steady=steady)
    wanted = []
    for file in files:
        total = len(file.text.removesuffix("\n").split("\n"))
        near = range(1, total + 1)
        if file.changed is not None:
            near = [
                line
                for line in near
                if any(max(1, one - CONTEXT) <= line <= one + CONTEXT for one in file.changed if one - CONTEXT <= total)
            ]
        wanted += [(file.path, line) for line in near]
    assert shown(chunks) == sorted(wanted)
    for chunk in chunks:
        told = [row for row in chunk.text.split("\n") if "| " in row[:12]]
        assert len(told) >= sum(last - first + 1 for _, first, last in chunk.places) or not chunk.places
        assert chunk.tokens <= limit + 1 or sum(last - first + 1 for _, first, last in chunk.places) == 1
