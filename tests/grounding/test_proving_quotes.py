"""Which quotes prove what a model says of another one's finding."""

from __future__ import annotations

import pytest

from manyeyes_tools.material import SourceFile
from manyeyes_tools.scrutiny import found

TEXT = "def pay(user):\n    if unchecked(user):\n        return get(url, no_verify=True)\n"


@pytest.mark.parametrize(("quote", "proves"), [
    ("if unchecked(user):", True),
    ("unchecked(user)", True),
    ("(url, no_verify=True)", True),
    ("no_verify", True),
    ("checked(user)", False),
    ("verify=True", False),
    ("unchecked(use", False),
    ("if  unchecked( user ):", True),
    ("if checked(user):", False),
])  # fmt: skip
@pytest.mark.parametrize("path", ["a.py", "other.py"])
def test_a_quote_that_cuts_a_word_proves_nothing(quote: str, path: str, *, proves: bool) -> None:
    file = SourceFile(path="a.py", language="python", text=TEXT, masked=TEXT)
    spaced = quote == "if  unchecked( user ):" and path != "a.py"  # another layout is known in the file alone
    assert found(quote, path, {"a.py": file}, {"a.py": " ".join(TEXT.split())}) is (proves and not spaced)
