"""What the samples define, call and import."""

# ruff: noqa: ISC004 -- the long tables below are one text each

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manyeyes_tools.languages import language_of
from manyeyes_tools.syntax.grammars import LANGUAGES
from manyeyes_tools.syntax.remembered import from_json, to_json
from manyeyes_tools.syntax.symbols import outline

if TYPE_CHECKING:
    from manyeyes_tools.syntax.outline import Outline

# For each sample: definitions as kind, full name, first and last line; some calls as name and holder; some imports.
EXPECTED = {
    "ledger.py": (
        "constant LIMIT 12 12|class Store 16 19|method Store.load 19 19|class Account 22 47|"
        "method Account.__init__ 30 32|method Account.empty 34 36|method Account.deposit 38 47|class Savings 50 55|"
        "method Savings.yearly 51 55|function Savings.yearly.rounded 52 53|function check 59 61|function total 64 68|"
        "function read 71 74",
        [("exchange", "Account.deposit"), ("check", "total"), ("load", "read"), ("rounded", "Savings.yearly")],
        [("os.path", ()), (".rates", ("convert", "latest")), ("__future__", ("annotations",))],
    ),
    "ledger.ts": (
        "constant LIMIT 7 7|type Currency 9 9|interface Store 12 15|method Store.load 13 13|enum Kind 17 20|"
        "class Account 25 49|method Account.constructor 29 32|method Account.empty 34 36|method Account.deposit 39 43|"
        "method Account.load 45 48|class Base 51 53|method Base.total 52 52|function check 56 60|function total 62 65|"
        "module Report 67 71|function Report.print 68 70",
        [("check", "total"), ("Account", "Account.load"), ("total", "Report.print")],
        [("./rates", ("Rate",)), ("./money", ("*",)), ("../lib/exchange", ("default", "convert"))],
    ),
    "panel.tsx": (
        "interface Props 4 7|function Panel 10 20|function Balance 22 22|function format 24 26",
        [("Balance", "Panel"), ("format", "Balance")],
        [("./ledger", ("Account",))],
    ),
    "ledger.js": (
        "constant LIMIT 9 9|class Account 12 35|method Account.constructor 16 19|method Account.deposit 22 26|"
        "method Account.empty 28 30|method Account.handle 32 34|function check 39 43|function total 45 48|"
        "function walk 50 53|constant api 55 59|method load 56 58|function open 61 63",
        [("deposit", "Account.handle"), ("walk", "walk"), ("Account", "open")],
        [("fs", ()), ("./rates", ()), ("./defaults.js", ("default",))],
    ),
    "ledger.go": (
        "constant Limit 11 11|constant Current 14 14|constant Savings 15 15|type Kind 21 21|interface Store 24 26|"
        "method Store.Load 25 25|struct Account 29 33|function New 36 38|method Account.Deposit 41 47|"
        "method List.Total 49 55|struct List 57 59|function check 61 66|function run 68 74",
        [("Convert", "Account.Deposit"), ("Deposit", "run"), ("New", "run")],
        [("fmt", ("fmt",)), ("example.org/bank/rates", ("rates",))],
    ),
    "Ledger.java": (
        "interface Store 10 16|method Store.load 11 11|method Store.size 13 15|enum Kind 18 24|method Kind.pays 21 23|"
        "class Entry 26 26|interface Audited 28 28|class Ledger 33 72|constant Ledger.LIMIT 35 35|"
        "method Ledger.Ledger 38 41|method Ledger.deposit 44 49|method Ledger.load 51 56|method Ledger.check 59 63|"
        "class Ledger.Account 65 71|method Ledger.Account.Account 68 70",
        [("convert", "Ledger.deposit"), ("Entry", "Ledger.load"), ("write", "Ledger.load")],
        [("java.util.*", ("*",)), ("org.example.bank.Rates.convert", ("convert",))],
    ),
    "ledger.rs": (
        "constant LIMIT 9 9|constant NAME 10 10|type Money 12 12|interface Store 15 21|method Store.load 16 16|"
        "method Store.size 18 20|enum Kind 23 27|struct Account 30 34|method Account.new 38 40|"
        "method Account.deposit 43 47|method Account.fmt 51 53|function check 57 62|macro total 64 66|"
        "module report 68 73|function report.print 69 72",
        [("convert", "Account.deposit"), ("format", "check"), ("new", "report.print")],
        [("crate::rates", ("convert", "latest")), ("self::journal", ()), ("std::fmt", ("self", "Display"))],
    ),
    "ledger.c": (
        "constant LIMIT 6 6|macro SQUARE 7 7|type money_t 9 9|enum kind 11 11|struct account 14 18|type ledger_t 20 23|"
        "struct word 25 28|constant STEP 30 30|function check 35 42|function deposit 45 51|"
        "function open_account 53 59|function total 61 67",
        [("convert", "deposit"), ("check", "deposit"), ("SQUARE", "open_account")],
        [("stdio.h", ()), ("rates.h", ())],
    ),
    "ledger.cpp": (
        "constant LIMIT 8 8|module bank 10 76|constant bank.step 12 12|enum bank.Kind 14 14|class bank.Account 17 36|"
        "method bank.Account.Account 19 19|method bank.Account.~Account 20 20|method bank.Account.empty 25 25|"
        "method bank.Account.operator+= 27 31|struct bank.Box 38 42|method bank.Box.get 41 41|"
        "function bank.check 45 49|function bank.Account.deposit 51 56|function bank.total 58 65|"
        "module bank.report 67 74|function bank.report.print 68 73",
        [("check", "bank.Account.deposit"), ("Account", "bank.report.print"), ("total", "bank.report.print")],
        [("vector", ()), ("rates.hpp", ())],
    ),
    "Ledger.cs": (
        "module Bank 7 64|interface Bank.IStore 10 13|method Bank.IStore.Load 12 12|enum Bank.Kind 15 15|"
        "class Bank.Entry 17 17|struct Bank.Point 19 22|type Bank.Changed 24 24|class Bank.Account 27 63|"
        "constant Bank.Account.Limit 30 30|method Bank.Account.Account 33 36|property Bank.Account.Empty 38 38|"
        "method Bank.Account.Deposit 41 47|method Bank.Account.Load 49 54|method Bank.Account.Check 57 62|"
        "function Bank.Account.Check.Rounded 59 59",
        [("Convert", "Bank.Account.Deposit"), ("Entry", "Bank.Account.Load"), ("Rounded", "Bank.Account.Check")],
        [("Bank.Rates", ("Rates",)), ("Bank.Audit.Journal", ("Journal",))],
    ),
    "ledger.rb": (
        "module Bank 6 59|constant Bank.LIMIT 7 7|module Bank.Store 10 14|method Bank.Store.load 11 13|"
        "class Bank.Account 17 56|constant Bank.Account.CURRENCIES 21 21|method Bank.Account.initialize 23 27|"
        "method Bank.Account.deposit 30 34|method Bank.Account.empty? 36 38|method Bank.Account.open 40 42|"
        "method Bank.Account.count 45 47|method Bank.Account.check 53 55|class Bank.Savings 58 58|method total 61 64",
        [("convert", "Bank.Account.deposit"), ("total", "Bank.Account.count"), ("each", "total")],
        [("json", ()), ("./rates", ()), ("./lib/journal", ())],
    ),
    "ledger.php": (
        "constant LIMIT 15 15|interface Store 18 21|method Store.load 20 20|class Logs 23 29|method Logs.log 25 28|"
        "enum Kind 31 35|class Account 40 66|constant Account.STEP 45 45|method Account.__construct 48 51|"
        "method Account.deposit 54 60|method Account.load 62 65|function check 69 74|function total 76 79",
        [("convert", "Account.deposit"), ("log", "Account.deposit"), ("Account", "Account.load")],
        [("Bank\\Rates", ("Rates",)), ("Bank\\Tools", ("convert", "latest")), ("config.php", ())],
    ),
    "Ledger.kt": (
        "constant LIMIT 8 8|type Money 10 10|interface Store 13 15|method Store.load 14 14|enum Kind 17 17|"
        "class Entry 19 19|class Account 24 46|method Account.deposit 32 37|method Account.load 39 39|"
        "class Account.Companion 41 45|constant Account.Companion.STEP 42 42|method Account.Companion.open 44 44|"
        "class Registry 48 50|method Registry.size 49 49|function check 53 57|function total 59 62",
        [("convert", "Account.deposit"), ("Account", "Account.load"), ("size", "total")],
        [("org.example.bank.rates.convert", ("convert",)), ("org.example.bank.audit.Journal", ("Journal",))],
    ),
    "ledger.sh": (
        "constant LIMIT 9 9|constant STEP 10 10|constant LEDGER 11 11|function check 14 20|function deposit 23 33|"
        "function balance_of 35 37|function total 39 45|function main 47 53",
        [("check", "deposit"), ("balance_of", "deposit"), ("deposit", "main"), ("main", "")],
        [("rates.sh", ()), ("./lib/journal.sh", ())],
    ),
    "ledger.sql": (
        "module bank 3 3|type kind 5 5|table account 8 13|table entry 15 19|index entry_account 21 21|view total 24 28|"
        "function deposit 31 33|function check_balance 35 37|trigger entry_added 39 40",
        [("check_balance", "deposit"), ("SUM", "total")],
        [],
    ),
}
DOCUMENTED = {
    "ledger.py": "Account.deposit", "ledger.ts": "Account.deposit", "ledger.js": "Account.deposit",
    "ledger.go": "Account.Deposit", "Ledger.java": "Ledger.deposit", "ledger.rs": "Account.deposit",
    "ledger.c": "deposit", "Ledger.cs": "Bank.Account.Deposit", "ledger.rb": "Bank.Account.deposit",
    "ledger.php": "Account.deposit", "Ledger.kt": "Account.deposit", "ledger.sh": "deposit", "ledger.sql": "deposit",
}  # fmt: skip
SIGNATURES = {
    "ledger.py": ("total", "def total(accounts: Iterable[Account]) -> Decimal"),
    "ledger.ts": ("total", "export const total = (accounts: Account[], rate: Rate): number"),
    "ledger.js": ("walk", "function* walk(tree)"),
    "ledger.go": ("Account.Deposit", "func (a *Account) Deposit(amount int64, currency string) (int64, error)"),
    "Ledger.java": ("Ledger.check", "static void check(BigDecimal balance)"),
    "ledger.rs": ("check", "fn check(balance: Money) -> Result<(), String>"),
    "ledger.c": ("open_account", "struct account *open_account(const char *owner)"),
    "ledger.cpp": ("bank.total", "template <typename T> T total(const std::vector<T> &items)"),
    "Ledger.cs": ("Bank.Account.Load", "public Account Load(string name)"),
    "ledger.rb": ("Bank.Account.open", "def self.open(name)"),
    "ledger.php": ("Account.load", "public function load(string $name): Account"),
    "Ledger.kt": ("Account.load", "override fun load(name: String): Account"),
    "ledger.sh": ("total", "total()"),
    "ledger.sql": ("deposit", "CREATE FUNCTION deposit(who bigint, amount numeric) RETURNS numeric"),
}


def outlined(sample, name) -> Outline:
    text = sample(name)
    return outline(text, language_of(name, text))


@pytest.mark.parametrize("name", EXPECTED)
def test_definitions_calls_and_imports(sample, name):
    found = outlined(sample, name)
    definitions, calls, imports = EXPECTED[name]
    told = [f"{one.kind} {one.qualified} {one.start_line} {one.end_line}" for one in found.definitions]
    assert told == definitions.split("|")
    assert not found.incomplete
    assert found.sound
    assert set(calls) <= {(one.name, one.within) for one in found.calls}
    assert set(imports) <= {(one.module, one.names) for one in found.imports}


@pytest.mark.parametrize("name", DOCUMENTED)
def test_what_is_said_above_belongs_to_it(sample, name):
    (one,) = [one for one in outlined(sample, name).definitions if one.qualified == DOCUMENTED[name]]
    assert "money on it." in one.doc
    assert not one.doc.startswith(("/", "#", "*", "-", "<"))
    assert one.doc_line <= one.start_line <= one.line <= one.end_line


@pytest.mark.parametrize("name", SIGNATURES)
def test_signatures_are_heads_in_one_line(sample, name):
    qualified, signature = SIGNATURES[name]
    assert {one.signature for one in outlined(sample, name).definitions if one.qualified == qualified} == {signature}


@pytest.mark.parametrize(
    ("name", "line", "holder"),
    [
        ("ledger.py", 53, "Savings.yearly.rounded"),
        ("ledger.py", 55, "Savings.yearly"),
        ("ledger.py", 34, "Account.empty"),
        ("ledger.py", 28, "Account"),
        ("ledger.py", 12, None),
        ("ledger.go", 44, "Account.Deposit"),
        ("ledger.rs", 44, "Account.deposit"),
        ("Ledger.java", 61, "Ledger.check"),
        ("ledger.sql", 10, "account"),
        ("ledger.sh", 30, "deposit"),
    ],
)
def test_a_line_is_held_by_the_innermost(sample, name, line, holder):
    found = outlined(sample, name).enclosing(line)
    assert (found and found.qualified) == holder


def test_an_unknown_language_says_so():
    found = outline("MOVE A TO B.", "cobol")
    assert found.definitions == ()
    assert "grammar" in found.incomplete


def test_around_an_error_all_else_is_found(sample):
    broken = sample("ledger.go").replace("return a.balance, nil", "return a.balance, nil +")
    found = outline(broken, "go")
    assert not found.sound
    assert {"Account", "New", "check"} <= {one.name for one in found.definitions}


def test_depth_does_not_matter():
    deep = "def f():\n" + "".join(f"{' ' * (level + 1)}if x:\n" for level in range(80)) + " " * 81 + "g()\n"
    assert [one.name for one in outline(deep, "python").calls] == ["g"]
    nested = "x = " + "f(" * 900 + ")" * 900
    assert len(outline(nested, "javascript").calls) == 900


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(EXPECTED)), st.data())
def test_no_damage_breaks_it(name, data):
    text = (Path(__file__).with_name("samples") / name).read_text(encoding="utf-8")
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 200)))
    damaged = text[:start] + data.draw(st.text(max_size=20)) + text[end:]
    found = outline(damaged, language_of(name, text))
    lines = damaged.count("\n") + 1
    for one in found.definitions:
        assert 1 <= one.doc_line <= one.start_line <= one.line <= one.end_line <= lines
        assert one.name
        assert "\n" not in one.signature
    assert all(1 <= one.line <= lines and one.name for one in found.references)
    assert from_json(to_json(found)) == found


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200), st.sampled_from(sorted(LANGUAGES)))
def test_any_text_has_an_outline(text, language):
    found = outline(text, language)
    assert all(one.end_line <= text.count("\n") + 1 for one in found.definitions)


@pytest.mark.parametrize("text", ["", "[]", "[1,2,3,4,5]", "{", "[[[1]],[],[],'',true]", "null"])
def test_what_is_no_outline_is_not_read_as_one(text):
    assert from_json(text) is None
