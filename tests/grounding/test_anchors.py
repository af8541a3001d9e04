"""A quote finds its lines, or none; hardly ever wrong ones."""

# ruff: noqa: E501, T201  # a case of a table stays on its line; what was measured is printed

from __future__ import annotations

import argparse
import email.message
import random
import subprocess
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manyeyes_tools.anchors import anchor
from manyeyes_tools.material import SourceFile

TEXT = textwrap.dedent(
    """
    def first(db, user_id):
        query = f"SELECT * FROM users WHERE id = {user_id}"
        if not user_id:
            return None

        return db.execute(query)


    def second(db, other_id):
        if not other_id:
            return None
        rows = db.execute("SELECT 1")
        for row in rows:
            yield row
        token = "<secret:password:1>"
    """
).lstrip()


def source(text: str = TEXT, language: str = "python", **more: Any) -> SourceFile:
    return SourceFile(path="a.py", language=language, text=text, masked=text, **more)


SAFE = """\
import requests, yaml

def load(path, owner, account, session):
    page = requests.get(f"https://host.example/{path}", timeout=10, verify=True)
    settings = yaml.safe_load(page.text)  # of this user
    if account.owner == owner and session.is_signed_in():
        return settings["retries"]
"""


@pytest.mark.parametrize(("quote", "line"), [
    ('page = requests.get(f"https://host.example/{path}", timeout=10, verify=False)', None),
    ('page = requests.get(f"http://host.example/{path}", timeout=10, verify=True)', None),
    ('page = requests.get(f"https://host.example/{path}", timeout=100, verify=True)', None),
    ("settings = yaml.load(page.text)  # of this user", None),
    ("settings = yaml.unsafe_load(page.text)  # of this user", None),
    ("if account.owner != owner and session.is_signed_in():", None),
    ("if account.owner == owner or session.is_signed_in():", None),
    ("if account.owner == owner and not session.is_signed_in():", None),
    ("if account.owner == account and session.is_signed_in():", None),
    ("if account.owner == owner and session.is_signd_in():", 6),
    ("if acount.owner == owner and sesion.is_signed_in():", 6),
    ("settings = yaml.safe_load(page.text)  # of every user", 5),
    ("page = requests.get(f'https://host.example/{path}', timeout=10, verify=True)", 4),
    ("IF account.owner == owner and session.is_signed_in():", 6),
])  # fmt: skip
def test_what_says_another_thing_is_no_quote(quote: str, line: int | None) -> None:
    place = anchor(source(SAFE), quote)
    assert (place and place.start_line) == line
    assert place is None or not place.copied
    kept = anchor(source(SAFE), SAFE.split("\n")[5])
    assert kept is not None
    assert kept.copied


@pytest.mark.parametrize(("language", "line", "quote", "same"), [
    ("python", "if notready(user) or isnot(user, other_user):", ("notready", "not ready"), False),
    ("python", "if not ready( user ) or isnot(user,other_user) :", ("( user )", "(user)"), True),
    ("python", "mean = total(values, weights) // countofrows", ("rows", "cols"), False),
    ("python", "colour = choose('a # b of this', limits=10, asked=owner)", ("limits=10", "limits=90"), False),
    ("python", "data = base64.urlsafe_b64decode(token_of_user)", ("b64decode", "b64encode"), False),
    ("python", "settings.set_userid(account.identifier, request.form)", ("set_", "get_"), False),
    ("python", "setattr(account.settings, name, request.form)", ("setattr", "getattr"), False),
    ("python", "if check_max_length_of_password(password, account):", ("max", "min"), False),
    ("python", "if is_unauthorized_for(account, request.document):", ("unauth", "auth"), False),
    ("python", "if account.matches(user_id, request.document, now):", ("user_id", "user_ip"), False),
    ("typescript", "if (account.matches(userId, request.document, now)) {", ("userId", "userIp"), False),
    ("python", "run('SELECT a FROM b WHERE owner = ? AND tenant = ?', (x, y))", ("AND", "OR"), False),
    ("c", "#define CHECK_CERTIFICATES_OF_EVERY_PEER 1", ("1", "0"), False),
    ("c", "strncpy(destination, source, length_of_it);", ("strncpy", "strcpy"), False),
    ("rust", "fn f<'a>(user: User, now: Session, by: Token, of: &'a str) {", ("Token", "Owner"), False),
    ("text", "# of every user that is not known to anybody here", ("every", "some"), False),
    ("javascript", "const total = price * 2; // of the user here, always", ("the", "each"), True),
    ("go", "return account.Balance(request.Context(), identifier)", ("Balance", "Balence"), True),
    ("sql", "select a, b, c from accounts where owner = 3 -- of the user", ("the", "each"), True),
])  # fmt: skip
def test_what_decides_is_another_thing_in_each_language(
    language: str, line: str, quote: tuple[str, str], *, same: bool
) -> None:  # fmt: skip
    place = anchor(source(f"first\n{line}\nlast\n", language), line.replace(*quote))
    assert (place is not None) is same
    assert anchor(source(f"first\n{line}\nlast\n", language), line) is not None


def test_a_long_quote_that_was_not_copied_is_not_looked_for_in_a_long_file() -> None:
    rows = [f"    value_{number} = total(weights_{number}) + offset" for number in range(25_000)]
    began = time.monotonic()
    assert anchor(source("\n".join(rows)), "\n".join(row.replace("weights", "weight") for row in rows[40:99])) is None
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(("quote", "hint", "lines"), [
    ('    query = f"SELECT * FROM users WHERE id = {user_id}"', None, (2, 2)),
    ('query = f"SELECT * FROM users WHERE id = {user_id}"', 99, (2, 2)),
    ('```python\nquery = f"SELECT * FROM users WHERE id = {user_id}"\n```', None, (2, 2)),
    ('12 |     rows = db.execute("SELECT 1")\n13 |     for row in rows:', None, (12, 13)),
    ('+    rows = db.execute("SELECT 1")\n+    for row in rows:', None, (12, 13)),
    ("def first(db, user_id):\n    ...\n    return db.execute(query)", None, (1, 6)),
    ("def first(db, user_id):\n    # ...\n    return db.execute(query)", None, (1, 6)),
    ("return None", None, None), ("return None", 4, (4, 4)), ("return None", 10, (11, 11)), ("return None", 7, None),
    ("    4 | return None", None, (4, 4)),
    ("SELECT * FROM users WHERE", None, (2, 2)), ("ELECT * FROM use", None, None),
    ("if not user_id: return None", None, (3, 4)),
    ("return db.execute( query )", None, (6, 6)),
    ("ROWS = DB.execute('SELECT 1')", None, (12, 12)),
    ('query = f"SELECT * FROM users WHERE name = {user_id}"', None, (2, 2)),
    ("if not third_id:", None, None), ("os.system(command)", None, None), ("", 3, None), ("\n\n", 3, None), ("...", 3, None),
    ('token = "<secret:password:1>"', None, (15, 15)), ("x" * 5000, 1, None), ("def first\n...\nnowhere_at_all()", None, None),
])  # fmt: skip
def test_quotes_and_their_lines(quote: str, hint: int | None, lines: tuple[int, int] | None) -> None:
    place = anchor(source(), quote, hint)
    assert (place and (place.start_line, place.end_line)) == lines
    if place:
        assert place.quote == "\n".join(TEXT.split("\n")[place.start_line - 1 : place.end_line])
        assert 0 < place.exactness <= 1


def test_only_known_lines_count() -> None:
    text = "a_call(1)\n\n\nother(2)\n"
    file = source(text, partial=True, parts=((4, 4),))
    assert anchor(file, "a_call(1)") is None
    assert anchor(file, "other(2)")


def test_windows_line_ends_do_no_harm() -> None:
    place = anchor(source("one = 1\r\ntwo = 2\r\n"), "one = 1\ntwo = 2")
    assert place
    assert (place.start_line, place.end_line, place.quote, place.exactness) == (1, 2, "one = 1\ntwo = 2", 1.0)


FILES = [Path(str(module.__file__)) for module in (argparse, subprocess, email.message, textwrap, random)]


def _perturbed(rng: random.Random, lines: list[str], at: int, size: int) -> tuple[str, int | None]:
    quote = lines[at : at + size]
    kind = rng.choice(("none", "spacing", "case", "dropped", "typo", "numbers", "dedent"))
    if kind == "spacing":
        quote = [line.replace(" = ", "=").replace(", ", ",  ") for line in quote]
    elif kind == "case":
        quote = [line.upper() if rng.random() < 0.3 else line for line in quote]
    elif kind == "dropped" and size > 2:
        del quote[rng.randrange(1, size - 1)]
    elif kind == "typo":
        line = quote[0]
        where = rng.randrange(len(line))
        quote[0] = line[:where] + rng.choice("abcxyz_(") + line[where + 1 :]
    elif kind == "numbers":
        quote = [f"{at + 1 + number} | {line}" for number, line in enumerate(quote)]
    elif kind == "dedent":
        quote = textwrap.dedent("\n".join(quote)).split("\n")
    hint = rng.choice((None, at + 1, at + 1, at + 1 + rng.randint(-5, 5)))
    return "\n".join(quote), hint


def test_perturbed_quotes_of_real_files_hardly_ever_get_wrong_lines() -> None:
    rng = random.Random(20250101)
    found = wrong = total = 0
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        lines = text.split("\n")
        file = source(text)
        for _ in range(60):
            at, size = rng.randrange(len(lines) - 8), rng.randint(1, 6)
            if not lines[at].strip() or not lines[at + size - 1].strip():
                continue
            quote, hint = _perturbed(rng, lines, at, size)
            total += 1
            place = anchor(file, quote, hint)
            if place is None:
                continue
            found += 1
            if place.start_line > at + size or place.end_line < at + 1:
                wrong += 1
                print(f"WRONG {path.name}:{at + 1} hint {hint} got {place.start_line}: {quote!r}")
    print(f"anchors: {total} quotes, {found / total:.1%} found, {wrong} wrong ({wrong / total:.2%})")
    assert wrong <= total * 0.001
    assert found / total > 0.85


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.text("ab =()\t", max_size=12), max_size=12), st.text("ab =()\n|.1`", max_size=40), st.integers(-3, 20)
)
def test_a_place_always_lies_in_the_file(lines: list[str], quote: str, hint: int) -> None:
    file = source("\n".join(lines))
    place = anchor(file, quote, hint)
    if place:
        assert 1 <= place.start_line <= place.end_line <= max(len(lines), 1)
