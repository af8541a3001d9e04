"""Whole or in parts: the choice is a pure function of two routes and prices."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manyeyes.routing.reading import choose_reading
from manyeyes.types import Candidate, ModelRef, Route, Task
from manyeyes_tools.asking.long_material import split
from manyeyes_tools.asking.media import sniffed
from manyeyes_tools.chunks import tokens

BIG, SMALL = ModelRef("a", "big"), ModelRef("b", "small")
PART = 10_000


def route(ref):
    return Route((Candidate(ref, True, "first") if ref else Candidate(BIG, False, "no key"),))  # noqa: FBT003


def choose(size, *, whole=BIG, parts=SMALL, big=1.0, small=1.0):
    rates = {BIG: big, SMALL: small}

    def price(ref, question, answer):
        return None if rates[ref] is None else rates[ref] * (question + 5 * answer) * 1e-6

    task = Task(kind="long_context_analysis", input_tokens=size, output_tokens=2_000)
    return choose_reading(task, PART, whole=route(whole), parts=route(parts), price=price)


@pytest.mark.parametrize(
    ("reading", "way", "why"),
    [
        (choose(9_000), "once", "fits one piece"),
        (choose(9_000, whole=None), "none", "fits one piece"),
        (choose(100_000, whole=None), "parts", "no window holds 100,000 tokens"),
        (choose(100_000, whole=None, parts=None), "none", "no key"),
        (choose(100_000), "whole", "whole is cheaper"),
        (choose(100_000, big=4.0), "whole", "less than 2 times"),
        (choose(100_000, big=30.0), "parts", "more than 2 times"),
        (choose(100_000, big=None), "whole", "not known"),
        (choose(100_000, parts=None), "whole", "not known"),
    ],
)
def test_the_choice_and_its_reason(reading, way, why):
    assert reading.way == way
    assert why in reading.reason


@given(st.integers(1, 2_000_000), st.floats(0.01, 100), st.floats(0.01, 100))
def test_whole_never_costs_more_than_it_is_worth(size, big, small):
    reading = choose(size, big=big, small=small)
    if reading.way == "whole":
        assert reading.whole_usd <= 2.0 * reading.parts_usd
        assert reading.ref == BIG
    if reading.way == "parts":
        assert reading.parts == -(-size // PART) > 1
        assert reading.ref == SMALL


@given(st.text(st.characters(codec="utf-8"), max_size=2_000), st.integers(4, 300))
def test_parts_lose_nothing_and_are_no_larger_than_asked(text, limit):
    parts = split(text, limit)
    assert "".join(parts) == text
    assert all(tokens(part) <= limit for part in parts)


def test_parts_end_where_paragraphs_end():
    assert split("a" * 20 + "\n\n" + "b" * 20, 10) == ["a" * 20 + "\n\n", "b" * 20]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\0\0\0\0WAVEfmt ", "audio/wav"),
        (b"XXXX\0\0\0\0WAVEfmt ", ""),
        (b"\0\0\0\x18ftypmp42", "video/mp4"),
        (b"\0\0\0\x18ftypM4A ", "audio/mp4"),
        (b"%PDF-1.7", "application/pdf"),
        (b"hello", ""),
        (b"", ""),
    ],
)
def test_what_data_is_shows_in_how_it_begins(data, kind):
    assert sniffed(data) == kind
