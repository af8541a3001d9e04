"""What is looked for first must never keep a format from being looked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manyeyes import secret_spans
from manyeyes.secret_spans import find

HINTS = [(hint, form) for form in secret_spans._FORMATS for hint in form.hints]


def test_every_hint_of_every_format_is_looked_for():
    looked = {hint: shared for shared, hints in secret_spans._HINTED.items() for hint, _ in hints}
    assert set(looked) == {hint for hint, _ in HINTS}
    assert all(shared in hint for hint, shared in looked.items())
    assert sum(map(len, secret_spans._HINTED.values())) == len(HINTS)


@pytest.mark.parametrize(("hint", "form"), HINTS)
def test_a_text_that_is_a_hint_alone_calls_up_its_format(monkeypatch, hint, form):
    asked = []
    monkeypatch.setattr(secret_spans, "scan", lambda regex, _text: asked.append(regex) or iter(()))
    list(secret_spans._formats(f"x {hint} y"))
    assert form.regex in asked


@given(st.text("keypasworndt =:\"'0A1bC2dE3fG4/+_-", max_size=200))
def test_the_library_is_asked_wherever_one_of_its_words_stands(text):
    words = [word for word in ("key", "pass", "pwd", "pw", "token") if word in text.lower()]
    assert bool(secret_spans._KEY_WORD.search(text.lower())) == bool(words)
    assert any(word in text.lower() for word in secret_spans._KEY_WORDS) == bool(words)


def test_a_key_of_forty_characters_beside_a_name_is_still_found():
    text = 'aws_secret_access_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"'
    assert [text[spot.start : spot.end] for spot in find(text)] == ["wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"]
