"""What a reviewer sees around the material."""

from __future__ import annotations

import pytest

from manyeyes.redaction import Redactor
from manyeyes_tools.material import Material, SourceFile
from manyeyes_tools.syntax.project_map import ProjectMap
from manyeyes_tools.syntax.remembered import Outlines
from manyeyes_tools.syntax.surroundings import surroundings

LEDGER = '''\
import json
from .rates import convert


class Account:
    """An account."""

    limit = 5

    def __init__(self, owner):
        self.owner = owner

    # Puts money on it.
    def deposit(self, amount):
        value = convert(amount)
        self.check(value)
        return value

    def check(self, value):
        if value > self.limit:
            raise ValueError(value)
'''
RATES = 'def convert(amount):\n    return amount * 2\n\n\nTOKEN = "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"\n'
SHOP = "from bank.ledger import Account\n\n\ndef pay(items):\n    account = Account('x')\n    account.deposit(3)\n"
FILES = {"bank/ledger.py": LEDGER, "bank/rates.py": RATES, "shop.py": SHOP}


@pytest.fixture
def project():
    return ProjectMap.of([(path, "python", text) for path, text in FILES.items()], Outlines())


def changed(*lines, path="bank/ledger.py", text=LEDGER):
    file = SourceFile(path=path, language="python", text=text, masked=text, changed=frozenset(lines) or None)
    return Material(files=(file,))


def around(material, project, budget=2_000):
    return surroundings(material, project, budget, mask=Redactor().mask_all)


def test_a_change_is_shown_with_its_holder_what_it_uses_and_who_uses_it(project):
    assert around(changed(15), project) == (
        "## Imports\n\n"
        "bank/ledger.py:1-2\nimport json\nfrom .rates import convert\n\n"
        "## Around the changes\n\n"
        "bank/ledger.py:13-17\n    # Puts money on it.\n    def deposit(self, amount):\n"
        "        value = convert(amount)\n"
        "        self.check(value)\n        return value\n\n"
        "bank/ledger.py:5-21\nclass Account:\n    def __init__(self, owner):\n    def deposit(self, amount):\n"
        "    def check(self, value):\n\n"
        "## Used by this code\n\n"
        "bank/rates.py:1-2\ndef convert(amount):\n    return amount * 2\n\n"
        "bank/ledger.py:19-21\n    def check(self, value):\n        if value > self.limit:\n"
        "            raise ValueError(value)\n\n"
        "## Who uses this code\n\n"
        "shop.py:6 uses Account.deposit in pay\n    account = Account('x')\n    account.deposit(3)\n"
    )


def test_of_a_whole_file_only_what_lies_elsewhere_is_shown(project):
    told = around(changed(), project)
    assert "bank/rates.py:1-2" in told
    assert "shop.py:6 uses Account.deposit in pay" in told
    assert "bank/ledger.py:" not in told


@pytest.mark.parametrize("budget", [0, 10, 60, 120, 400])
def test_the_budget_holds_and_what_is_left_out_is_counted(project, budget):
    told = around(changed(15), project, budget)
    body, _, last = told.rpartition("\n\n(")
    assert len((body or told).encode()) <= 3 * budget
    if budget in {60, 120}:
        assert "more such parts are not shown" in last


def test_secrets_do_not_come_with_it(project):
    text = "from bank.rates import TOKEN, convert\n\n\ndef use():\n    return convert(1)\n"
    rates = RATES.replace("    return amount * 2\n", '    token = "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"\n')
    mapped = ProjectMap.of([("bank/rates.py", "python", rates), ("use.py", "python", text)], Outlines())
    told = around(changed(5, path="use.py", text=text), mapped)
    assert "bank/rates.py:1-2" in told
    assert "ghp_" not in told


def test_material_that_is_in_no_root_has_surroundings_of_its_own():
    empty = ProjectMap.of([], Outlines())
    told = around(changed(15), empty)
    assert "bank/ledger.py:13-17" in told
    assert "bank/ledger.py:19-21" in told


def test_lines_known_from_a_diff_alone_are_no_obstacle(project):
    lines = LEDGER.split("\n")
    partial = "\n".join([*[""] * 13, *lines[13:17]]) + "\n"
    file = SourceFile(
        path="bank/other.py", language="python", text=partial, masked=partial, changed=frozenset({15}), partial=True,
        parts=((14, 17),),
    )  # fmt: skip
    assert "bank/rates.py:1-2" in around(Material(files=(file,)), project)


def test_a_file_that_changed_meanwhile_is_not_quoted():
    texts = dict(FILES)
    project = ProjectMap.of([(path, "python", text) for path, text in texts.items()], Outlines())
    project.text = lambda path: texts[path] + "# changed\n"
    told = around(changed(15), project)
    assert "    return amount * 2" not in told
    assert "account.deposit(3)" not in told


def test_unknown_languages_have_none_and_do_no_harm(project):
    file = SourceFile(path="a.txt", language="text", text="convert\n", masked="convert\n")
    assert around(Material(files=(file,)), project) == ""
