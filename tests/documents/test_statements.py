from __future__ import annotations

import pytest

from manyeyes_tools.documents.checking import check_markdown
from manyeyes_tools.documents.checking_docstrings import check_docstrings
from manyeyes_tools.documents.comparing import disagreements
from manyeyes_tools.documents.entries import chapters
from manyeyes_tools.documents.facts import Facts
from manyeyes_tools.documents.markdown import render_markdown
from manyeyes_tools.documents.prose import NamedDraft, SymbolDraft, ground
from manyeyes_tools.documents.python_symbols import read_module
from manyeyes_tools.documents.statements import corrected, faults
from manyeyes_tools.documents.topic import Topic

CODE = '''\
"""Money."""
from fastapi import FastAPI

app = FastAPI()

class NotPaid(ValueError):
    """It was not."""

class Account:
    """An account."""

    def add(self, amount: int, note: str = "none") -> int:
        """Adds.

        Args:
            amount: How much.
        """
        return check(amount)

def check(amount: int, limit: int = 5, *, names: list[str] | None = None, mode: str | None = None) -> int:
    """Checks.

    Raises:
        NotPaid: too much.
    """
    mode = mode or "strict"
    if amount > limit:
        raise NotPaid
    return amount

@app.get("/accounts/{name}")
def read(name: str) -> Account:
    """Reads one."""
'''
HOME = read_module("money.py", CODE)
FACTS = Facts([HOME])


def wrong(text: str, name: str = "check", parameter: str = "") -> list[tuple[str, str]]:
    symbol = HOME.named(name)
    assert symbol
    about = FACTS.named(symbol, parameter) if parameter else None
    return [(one.what, one.said) for one in faults(text, Topic(symbol, HOME, about), FACTS)]


@pytest.mark.parametrize(
    "text",
    [
        "Returns an `int`.", "`limit` defaults to `5`.", "`mode` defaults to `strict`.", "Raises `NotPaid`.",
        "Raises `ValueError` for it.", "The `amount` parameter counts.", "Call `check(3, limit=4)`.",
        "Use `Account.add` or `Account.add()`.", "Call GET /accounts/{id} first.", "`names` is a list of `str`.",
        "The value is `'EUR'` or `3`.", "`names` defaults to `None`.", "Ask `GET /accounts/{name}`.",
    ],
)  # fmt: skip
def test_the_truth_is_left_alone(text: str) -> None:
    assert wrong(text) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("Returns a `str`.", ("return type", "str")),
        ("It returns a list.", ("return type", "list")),
        ("`limit` defaults to `6`.", ("default", "limit = 6")),
        ("`amount` has a default of `1`.", ("default", "amount = 1")),
        ("`mode` defaults to `lax`.", ("name", "lax")),
        ("`amount` is a `str`.", ("type", "str")),
        ("Raises `KeyError`.", ("exception", "KeyError")),
        ("`OSError` is raised.", ("exception", "OSError")),
        ("The `note` parameter counts.", ("parameter", "note")),
        ("Call `check(3, most=4)`.", ("name", "most")),
        ("Call `check(3, note=4)`.", ("call", "gives a parameter that does not exist")),
        ("Use `Account.check`.", ("member", "Account.check")),
        ("See `refund_all`.", ("name", "refund_all")),
        ("Call refund_all() first.", ("name", "refund_all")),
        ("Call GET /people first.", ("route", "GET /people")),
        ("Call POST /accounts/{name} first.", ("route", "POST /accounts/{name}")),
    ],
)
def test_lies_are_found(text: str, fault: tuple[str, str]) -> None:
    assert fault in wrong(text)


@pytest.mark.parametrize(
    ("text", "parameter", "right"),
    [
        ("The most; defaults to `6`.", "limit", "The most; defaults to `5`."),
        ("A `str` that counts.", "limit", "A `int` that counts."),
        ("A `list`, or defaults to `x`.", "limit", ""),
    ],
)
def test_what_the_source_has_is_put_in_its_place(text: str, parameter: str, right: str) -> None:
    symbol = HOME.named("check")
    assert symbol
    topic = Topic(symbol, HOME, FACTS.named(symbol, parameter))
    assert corrected(text, faults(text, topic, FACTS)) == right


def test_drafts_are_corrected_and_counted() -> None:
    symbol = HOME.named("check")
    assert symbol
    draft = SymbolDraft(
        symbol="money.py::check",
        summary="Checks.",
        details="",
        parameters=[NamedDraft(name="limit", description="Defaults to `7`.")],
        returns="A `str` that was checked.",
        raises=[],
        example="",
    )
    kept, removed = ground([draft], [symbol], FACTS)
    assert kept["money.py::check"].parameters == {"limit": "Defaults to `5`."}
    assert kept["money.py::check"].returns == "A `int` that was checked."
    assert dict(removed) == {"corrected: wrong default": 1, "corrected: wrong return type": 1}


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("`limit` | `int` | `5`", "`limit` | `int` | `6`", "limit = 6"),
        ("| `amount` | `int` |", "| `amount` | `str` |", "amount: str"),
        ("| `limit` |", "| `most` |", "check: most"),
        ("Function `check`", "Function `checked`", "Function `checked`"),
        ("- `NotPaid`: too much.", "- `KeyError`: too much.", "raises KeyError"),
        ("**Returns** `int`", "**Returns** `str`", "check returns str"),
        ("    limit: int = 5,", "    limit: int = 7,", "limit = 7"),
        ("Source: `money.py:9`", "Source: `money.py:99`", "Account is in money.py:99"),
        ("Reads one.\n\n**", "Reads two.\n\n**", "Reads two."),
    ],
)
def test_a_changed_reference_is_found_out(before: str, after: str, told: str) -> None:
    document = render_markdown(chapters([HOME], {}), by_model=False)
    assert check_markdown("api.md", document, FACTS) == []
    if before not in document:
        before, after = (
            before.replace("    limit: int = 5,", "limit: int = 5"),
            after.replace("    limit: int = 7,", "limit: int = 7"),
        )
    assert before in document
    found = check_markdown("api.md", document.replace(before, after), FACTS)
    assert told in [one.said for one in found], found


def test_code_that_went_on_is_found_out() -> None:
    document = render_markdown(chapters([HOME], {}), by_model=True)
    newer = read_module("money.py", CODE + "\ndef refund(amount: int) -> None: ...\n")
    found = check_markdown("api.md", document, Facts([newer]))
    assert [one.said for one in found] == ["nothing of refund"]


GUIDE = """\
# Guide

Install it. Call `asyncio.run(main())`, then `check(3, limit=4)`.

## `check(amount, limit=9)`

Raises `KeyError` when `amount` is a `str`. Previously the `old` parameter did it.

```python
from money import Account, pay
Account().add(1, much=2)
```

- `Account.remove` takes it back.
"""


def test_a_guide_is_held_against_the_code() -> None:
    found = [(one.line, one.said) for one in check_markdown("guide.md", GUIDE, FACTS)]
    assert found == [
        (5, "limit = 9"),
        (7, "Raises `KeyError` when `amount` is a `str`."),
        (9, "example that imports a name that does not exist: pay from money"),
        (14, "`Account.remove` takes it back."),
    ]


def test_docstrings_are_held_against_the_signatures() -> None:
    code = 'def f(a: int = 1):\n    """Does.\n\n    Args:\n        a: Much. Defaults to 2.\n        b: Gone.\n    """\n'
    found = check_docstrings(Facts([read_module("m.py", code)]))
    assert [(one.line, one.said, one.instead) for one in found] == [
        (1, "f: Defaults to 2.", "a: int = 1"),
        (1, "f: the documentation describes the parameter b", "f(a)"),
    ]


def test_other_formats_are_compared_by_what_they_define() -> None:
    from manyeyes_tools.documents.html import render_html

    page = render_html(chapters([HOME], {}), by_model=True)
    told = render_html(chapters([HOME], {}), by_model=True).replace("Checks.", "Looks whether it is too much.")
    assert disagreements([HOME], (), told, page, "html") == []
    found = disagreements([HOME], (), page.replace(">limit</code>", ">most</code>"), page, "html")
    assert [one.said.partition(":")[0] for one in found] == ["money.check"]
    api = '{"paths": {"/a": {"get": {"summary": "x", "operationId": "a"}}}}'
    other = api.replace('"x"', '"y"')
    assert disagreements([HOME], (), api, other, "openapi") == []
    found = disagreements([HOME], (), api, other.replace('"/a"', '"/b"'), "openapi")
    assert [(one.line, one.said, one.instead) for one in found][1] == (
        1,
        "/paths//b: missing",
        '{"get": {"summary": "y", "operationId": "a"}}',
    )
