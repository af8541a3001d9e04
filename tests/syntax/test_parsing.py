"""Code that parses is told from code that does not, in fourteen languages, whatever it holds."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from manyeyes_tools.languages import language_of
from manyeyes_tools.syntax.grammars import LANGUAGES
from manyeyes_tools.syntax.parsing import LARGEST, NotParsed, errors, parses, still_parses, syntax_tree

BROKEN = {
    "ledger.py": ("def total(accounts", "def total((accounts"),
    "ledger.ts": ("if (balance > LIMIT) {", "if (balance > LIMIT {"),
    "panel.tsx": ("</section>", "</div"),
    "ledger.js": ("throw new RangeError(", "throw new RangeError(("),
    "ledger.go": ("if balance > Limit {", "if balance > Limit"),
    "Ledger.java": ("return this == SAVINGS;", "return this == ;"),
    "ledger.rs": ("if balance > LIMIT {", "if balance > LIMIT"),
    "ledger.c": ("    return 0;\n}", "    return 0;\n"),
    "ledger.cpp": ("check(balance_);", "check(balance_;"),
    "Ledger.cs": ("Check(balance);\n            await", "Check(balance\n            await"),
    "ledger.rb": ("def empty?\n", "def (empty?\n"),
    "ledger.php": ("if ($balance > LIMIT) {", "if ($balance > LIMIT {"),
    "Ledger.kt": ("if (balance.toInt() > LIMIT) {", "if (balance.toInt() > LIMIT {"),
    "ledger.sh": ("    done <", "    <"),
    "ledger.sql": ("CREATE TABLE entry (", "CREATE TABLE entry (("),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_sample_parses_and_its_broken_copy_does_not(sample, name):
    text = sample(name)
    language = language_of(name, text)
    assert parses(text, language) is True
    assert errors(text, language) == ()
    old, new = BROKEN[name]
    assert text.count(old) == 1
    worse = text.replace(old, new)
    assert parses(worse, language) is False
    found = errors(worse, language)
    assert found
    assert all(1 <= one.line <= worse.count("\n") + 1 and one.column >= 1 and one.message for one in found)
    assert still_parses(text, worse, language) is False
    assert still_parses(worse, text, language) is True
    assert still_parses(worse, worse + "\n", language) is None


def test_every_language_has_a_sample():
    assert {language_of(name) for name in BROKEN} == LANGUAGES
    assert len(LANGUAGES) == 14


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("MOVE A TO B.", "cobol", None),
        ("plain words", "text", None),
        ("int x;\0", "c", None),
        ("x" * (LARGEST + 1), "go", None),
        ("return 1", "python", False),  # parses, and does not compile
        ("x = '\\d'\n", "python", True),
        ("class A { public: int x; };", "c", True),  # a header of C++
        ("const a = <b>{c}</b>;", "typescript", True),
        ("const a = <number>b;", "typescript", True),
        ("function f() { return 1; }", "php", True),  # a piece without its opening tag
        ("", "rust", True),
    ],
)
def test_what_is_told(text, language, expected):
    assert parses(text, language) is expected


def test_an_error_is_where_it_is():
    (found,) = errors('x = "ä" +\n', "ruby")[:1] or [None]
    assert found is not None
    (missing,) = errors("int main(){ return 0 }", "c")
    assert (missing.line, missing.column, missing.message) == (1, 21, "missing ;")
    (wide,) = errors('char *a = "äöü" + ;', "c")
    assert wide.line == 1
    assert wide.column <= len('char *a = "äöü" + ;')


HOSTILE = {
    "angles": "a<" * 300_000,
    "parentheses": "f(" * 300_000,
    "balanced": "f(" * 60_000 + ")" * 60_000,
    "braces": "{" * 400_000,
    "mixed": "({[" * 200_000,
    "comments": "/*" * 100_000,
    "strings": '"${' * 100_000,
    "words": "a b " * 20_000,
    "breaks": "\n" * 400_000,
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("language", ["java", "shell", "c"])
def test_hostile_text_takes_bounded_time(name, language):
    began = time.thread_time()
    with suppress(NotParsed):
        syntax_tree(HOSTILE[name], language, patience_s=0.5)
    assert time.thread_time() - began < 3


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300), st.sampled_from(sorted(LANGUAGES)))
@example("00000000000", "go")  # what is missing there is no node of the tree
def test_no_text_is_too_much(text, language):
    answer = parses(text, language)
    if answer:
        assert errors(text, language) == ()
    elif answer is False:
        assert errors(text, language)


def test_grammars_are_loaded_one_by_one_and_late():
    code = (
        "import sys\n"
        "from manyeyes_tools.syntax import parsing, symbols, project_map, surroundings\n"
        "import manyeyes_tools.chunks\n"
        "assert not [name for name in sys.modules if name.startswith('tree_sitter')]\n"
        "assert parsing.parses('fn main() {}', 'rust')\n"
        "print(sorted(name for name in sys.modules if name.startswith('tree_sitter') and '.' not in name))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.stdout.strip() == "['tree_sitter', 'tree_sitter_rust']", done.stderr
