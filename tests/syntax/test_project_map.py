"""Who uses what across the files of a project, in what order it matters, and nothing from outside the roots."""

from __future__ import annotations

import os
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manyeyes_tools.syntax.guidance import guidance
from manyeyes_tools.syntax.import_paths import ImportPaths
from manyeyes_tools.syntax.outline import Import
from manyeyes_tools.syntax.project_map import ProjectMap
from manyeyes_tools.syntax.ranking import page_rank
from manyeyes_tools.syntax.remembered import Outlines

BANK = {
    "bank/__init__.py": "from .ledger import total\n",
    "bank/ledger.py": (
        "import json\nfrom .rates import convert\n\nclass Account:\n    def deposit(self, amount):\n"
        "        self.balance = convert(amount)\n        self.check()\n\n    def check(self):\n        pass\n\n\n"
        "def total(accounts):\n    return sum(account.deposit(1) for account in accounts)\n"
    ),
    "bank/rates.py": "def convert(amount):\n    return amount * rate()\n\n\ndef rate():\n    return 2\n",
    "shop/cart.py": (
        "from bank.ledger import Account, total\nimport json\n\n\ndef convert(item):\n    return item\n\n\n"
        "def pay(items):\n    convert(items)\n    json.load(items)\n    return total([Account()])\n"
    ),
    "web/app.ts": 'import { pay } from "./pay.js";\nexport function main() { pay(1); }\n',
    "web/pay.ts": "export function pay(x: number) { return convert(x); }\nfunction convert(x: number) { return x; }\n",
    "shop/bill.py": "from bank.rates import convert as exchange\n\n\ndef bill(x):\n    return exchange(x)\n",
    "loader.py": "def load(path):\n    return path\n",
}


def language(path):
    return "typescript" if path.endswith(".ts") else "python"


@pytest.fixture
def bank():
    return ProjectMap.of([(path, language(path), text) for path, text in BANK.items()], Outlines())


def uses(found):
    return {(use.path, use.reference.within) for use in found}


def test_callers_are_those_that_mean_this_definition(bank):
    assert uses(bank.callers("convert", "bank/rates.py")) == {
        ("bank/ledger.py", "Account.deposit"), ("shop/bill.py", "bill"),
    }  # fmt: skip
    assert uses(bank.callers("convert", "shop/cart.py")) == {("shop/cart.py", "pay")}
    assert uses(bank.callers("convert", "web/pay.ts")) == {("web/pay.ts", "pay")}
    assert len(bank.callers("convert")) == 4
    assert uses(bank.callers("total", "bank/ledger.py")) == {("shop/cart.py", "pay")}
    assert uses(bank.callers("Account.check", "bank/ledger.py")) == {("bank/ledger.py", "Account.deposit")}
    assert bank.callers("load", "loader.py") == ()  # `json.load` is somebody else's


def test_callees_are_found_where_they_are(bank):
    (pay,) = [site.definition for site in bank.definitions("pay") if site.path == "shop/cart.py"]
    called = {(site.path, site.definition.qualified) for site in bank.callees("shop/cart.py", pay)}
    assert called == {
        ("shop/cart.py", "convert"), ("bank/ledger.py", "total"), ("bank/ledger.py", "Account"),
    }  # fmt: skip


def test_definitions_by_the_end_of_their_name(bank):
    assert [site.path for site in bank.definitions("Account.deposit")] == ["bank/ledger.py"]
    assert bank.definitions("Other.deposit") == ()
    assert len(bank.definitions("convert")) == 3


def test_dependants_follow_imports(bank):
    assert bank.dependants("bank/rates.py") == ("bank/ledger.py", "shop/bill.py")
    assert bank.dependants("bank/rates.py", all_of_them=True) == (
        "bank/__init__.py", "bank/ledger.py", "shop/bill.py", "shop/cart.py",
    )  # fmt: skip
    assert bank.dependants("web/pay.ts") == ("web/app.ts",)
    assert bank.imported("shop/cart.py") == ("bank/ledger.py",)


def test_the_map_begins_with_what_the_seeds_use(bank):
    told = bank.ranked(["bank/ledger.py"], 300)
    assert told.startswith("bank/rates.py\n")
    assert "bank/ledger.py" not in told
    assert "  1: def convert(amount)" in told
    assert told == bank.ranked(["bank/ledger.py"], 300)


@pytest.mark.parametrize("budget", [0, 5, 20, 60, 1_000])
def test_the_map_keeps_to_its_budget(bank, budget):
    assert len(bank.ranked([], budget).encode()) <= 3 * budget


def test_a_second_map_makes_only_what_changed():
    known = Outlines()
    files = [(path, language(path), text) for path, text in BANK.items()]
    ProjectMap.of(files, known)
    assert known.made == len(BANK)
    files[1] = (*files[1][:2], files[1][2] + "\n\ndef more():\n    return total([])\n")
    again = ProjectMap.of(files, known)
    assert known.made == len(BANK) + 1
    assert uses(again.callers("total", "bank/ledger.py")) == {("shop/cart.py", "pay"), ("bank/ledger.py", "more")}


def test_outlines_outlast_the_process_where_there_is_a_store():
    class Store(dict):
        def put(self, key, value):
            self[key] = value

    store = Store()
    first, second = Outlines(store), Outlines(store)
    text = BANK["bank/ledger.py"]
    assert first.of(text, "python") == second.of(text, "python")
    assert (first.made, second.made) == (1, 0)
    store.update(dict.fromkeys(store, "damaged"))
    assert Outlines(store).of(text, "python") == first.of(text, "python")


def test_only_what_may_be_read_is_mapped(tmp_path):
    root, outside = tmp_path / "root", tmp_path / "outside.py"
    for path, text in BANK.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    outside.write_text("def stolen(): pass\n")
    (root / "link.py").symlink_to(outside)
    (root / ".gitignore").write_text("built/\n")
    (root / "manyeyes.toml").write_text('ignore = ["vendor"]\n')
    for folder in ("built", "vendor", "node_modules", ".ssh"):
        (root / folder).mkdir()
        (root / folder / "left_out.py").write_text("def left_out(): pass\n")
    (root / "notes.txt").write_text("def left_out(): pass\n")
    os.mkfifo(root / "pipe.py")
    project = ProjectMap.under([root], known=Outlines())
    assert set(project.files) == set(BANK)
    assert project.missing == ()
    assert project.text("bank/rates.py") == BANK["bank/rates.py"]
    assert project.text("link.py") is None
    assert project.text("../outside.py") is None


def test_what_takes_too_long_is_named(tmp_path):
    (tmp_path / "a.py").write_text("x = 1\n")
    told = []
    project = ProjectMap.under([tmp_path], known=Outlines(), patience_s=-1, progress=lambda *at: told.append(at))
    assert project.files == {}
    assert "1 files are not in the map" in project.missing[0]


@pytest.mark.parametrize(
    ("path", "spoken", "module", "names", "expected"),
    [
        ("a/b/c.py", "python", "..d", ("e",), ["a/d.py"]),
        ("a/b/c.py", "python", ".", ("x",), ["a/b/x.py"]),
        ("a/b/c.py", "python", "....too.far", (), []),
        ("z.py", "python", "a.d", (), ["a/d.py"]),
        ("z.py", "python", "json", (), []),
        ("w/app.ts", "typescript", "./pay.js", (), ["w/pay.ts"]),
        ("w/app.ts", "typescript", "./parts", (), ["w/parts/index.tsx"]),
        ("w/app.ts", "typescript", "react", (), []),
        ("cmd/main.go", "go", "example.org/bank/rates", ("rates",), ["rates/rates.go"]),
        ("src/main.rs", "rust", "crate::bank::ledger::Account", ("Account",), ["src/bank/ledger.rs"]),
        ("src/bank/ledger.rs", "rust", "super::rates", (), ["src/bank/rates.rs"]),
        ("src/main.rs", "rust", "self::bank", (), ["src/bank/mod.rs"]),
        ("src/main.rs", "rust", "std::fmt", (), []),
        ("m/A.java", "java", "org.bank.Ledger", ("Ledger",), ["m/org/bank/Ledger.java"]),
        ("m/A.java", "java", "org.bank.Ledger.LIMIT", ("LIMIT",), ["m/org/bank/Ledger.java"]),
        ("c/main.c", "c", "rates.h", (), ["c/rates.h"]),
        ("c/main.c", "c", "stdio.h", (), []),
        ("lib/x.rb", "ruby", "./rates", (), ["lib/rates.rb"]),
        ("lib/x.rb", "ruby", "json", (), []),
        ("app/x.php", "php", "Bank\\Rates", ("Rates",), ["app/Bank/Rates.php"]),
        ("bin/x.sh", "shell", "./rates.sh", (), ["bin/rates.sh"]),
    ],
)
def test_imports_lead_to_files(path, spoken, module, names, expected):
    paths = ImportPaths.of(
        """a/b/c.py a/d.py a/b/x.py z.py w/app.ts w/pay.ts w/parts/index.tsx cmd/main.go rates/rates.go src/main.rs
        src/bank/mod.rs src/bank/ledger.rs src/bank/rates.rs m/A.java m/org/bank/Ledger.java c/main.c c/rates.h
        lib/x.rb lib/rates.rb app/x.php app/Bank/Rates.php bin/x.sh bin/rates.sh""".split()  # noqa: SIM905 -- a list
    )
    assert list(paths.meant(path, spoken, Import(module, names, 1))) == expected


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.sampled_from("abcdef"), st.dictionaries(st.sampled_from("abcdef"), st.floats(0.1, 5))))
def test_ranks_add_up_to_one(edges):
    closed = {node: dict(edges.get(node, {})) for node in "abcdef"}
    for seeds in ({}, {"a": 1.0}, {"unknown": 1.0}):
        ranks = page_rank(closed, seeds)
        assert sum(ranks.values()) == pytest.approx(1)
        assert all(value >= 0 for value in ranks.values())


def test_what_is_used_by_more_ranks_higher():
    ranks = page_rank({"a": {"c": 1}, "b": {"c": 1}, "c": {}, "d": {"a": 1}}, {})
    assert max(ranks, key=ranks.__getitem__) == "c"
    assert page_rank({}, {}) == {}


def test_guidance_is_what_the_papers_say_within_bounds(tmp_path):
    assert guidance([tmp_path]) == ""
    (tmp_path / "AGENTS.md").write_text("Use tabs.\n")
    (tmp_path / "CLAUDE.md").write_text("Use tabs.\n")  # the same again
    (tmp_path / "CONTRIBUTING.md").write_text("x" * 50_000)
    told = guidance([tmp_path])
    assert told.startswith("AGENTS.md:\nUse tabs.\n\nCONTRIBUTING.md:\nxxx")
    assert "CLAUDE.md" not in told
    assert "[44,000 more characters are not shown]" in told
    assert len(told) < 6_200


def test_guidance_that_leads_outside_is_not_read(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "secret").write_text("secret words")
    (root / "AGENTS.md").symlink_to(tmp_path / "secret")
    assert guidance([root]) == "AGENTS.md was not read: a link that leaves the root."
