from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manyeyes_tools.support.personal import Personal


@pytest.mark.parametrize(
    ("text", "value", "kind"),
    [
        ("write to Ann.Lee+shop@mail.example.co.uk.", "Ann.Lee+shop@mail.example.co.uk", "email"),
        ("card 4111-1111-1111-1111 please", "4111-1111-1111-1111", "card"),
        ("amex 378282246310005", "378282246310005", "card"),
        ("IBAN DE89 3704 0044 0532 0130 00 is mine", "DE89 3704 0044 0532 0130 00", "iban"),
        ("to nl91abna0417164300 now", "nl91abna0417164300", "iban"),
        ("from 192.168.7.40 today", "192.168.7.40", "ip"),
        ("from 2001:db8::8a2e:370:7334 today", "2001:db8::8a2e:370:7334", "ip"),
        ("ring +49 (0)30 901820 after six", "+49 (0)30 901820", "phone"),
        ("ring 0171/2345678", "0171/2345678", "phone"),
        ("ring (415) 555-2671", "(415) 555-2671", "phone"),
        ("my SSN is 078-05-1120", "078-05-1120", "national-id"),
        ("NI number QQ123456C? no: AB 12 34 56 C", "AB 12 34 56 C", "national-id"),
        ("DNI 12345678Z", "12345678Z", "national-id"),
        ("CPF 529.982.247-25", "529.982.247-25", "national-id"),
        ("codice RSSMRA85T10A562S", "RSSMRA85T10A562S", "national-id"),
    ],
)
def test_what_is_told_by_its_form_is_replaced_and_comes_back(text, value, kind):
    personal = Personal()
    masked = personal.mask(text)
    assert value not in masked
    assert f"<{kind}:1>" in masked
    assert personal.restore(masked) == text


@pytest.mark.parametrize(
    "text",
    [
        "order 1234567890123 of 2026-05-17 at 14:30 costs 1,299.00",
        "version 1.2.3.4.5 at line 300, ticket 4711",
        "see page 10:20:30 and the ratio 16:9",
        "card 4111-1111-1111-1112 has a wrong digit",
        "error 0x80070057 in build 22631.3447",
        "it costs 30 dollars for 12 months @ home",
    ],
)
def test_other_figures_are_left_alone(text):
    assert Personal().mask(text) == text


def test_the_same_value_has_the_same_placeholder_also_later():
    first = Personal()
    assert first.mask("a@b.example and c@d.example and a@b.example") == "<email:1> and <email:2> and <email:1>"
    later = Personal(first.known)
    assert later.mask("e@f.example or c@d.example") == "<email:3> or <email:2>"


def test_a_placeholder_that_a_customer_wrote_comes_to_mean_nothing():
    personal = Personal()
    masked = personal.mask("I am <email:1>, reach me at x@y.example")
    assert masked == "I am <email:1>, reach me at <email:2>"
    assert personal.restore("<email:1> <email:9>") == "<email:1> <email:9>"


def test_switched_off_it_replaces_nothing():
    assert Personal(enabled=False).mask("a@b.example") == "a@b.example"


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="ab @.+-0123456789:()/<>email", max_size=120))
def test_what_is_masked_is_restored_and_masked_no_further(text):
    personal = Personal()
    masked = personal.mask(text)
    assert personal.restore(masked) == text
    assert Personal(personal.known).mask(masked) == masked
