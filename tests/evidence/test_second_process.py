"""A second process says what this one would say, and nothing of the project runs in it."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import anyio
import pytest

from manyeyes_tools.evidence import python_tree, second_process
from manyeyes_tools.evidence.python_checks import examine
from manyeyes_tools.fragments import python_fragments
from manyeyes_tools.material import Material, SourceFile

if TYPE_CHECKING:
    from pathlib import Path

    from manyeyes_tools.evidence.rules import Purpose

pytestmark = pytest.mark.anyio

TEXTS = {
    "a.py": "import hashlib\n\n\ndef f(p):\n    return hashlib.md5(p).hexdigest()\n",
    "b.py": "from a import f\n\nDEBUG = True\n\n\ndef g(x, seen=[]):\n    seen.append(x)\n    return eval(x)\n",
    "broken.py": "def f(:\n",
    "deep.py": "x = " + "(" * 5000 + ")" * 5000 + "\n",
    "empty.py": "\n",
}


@pytest.fixture
def given() -> Material:
    files = [
        SourceFile(path=path, language="python", text=text, masked=text.replace("md5", "???"))
        for path, text in TEXTS.items()
    ]
    return Material(files=tuple(files), origin="paths")


@pytest.mark.parametrize("purpose", ["security", "review"])
async def test_it_says_the_same(given: Material, purpose: Purpose) -> None:
    fragments, _ = python_fragments(given)
    apart = await second_process.examined_apart(fragments, purpose)
    assert apart == [examine(fragment, purpose)[0] for fragment in fragments]
    assert apart is not None
    files = {id(file) for file in given.files}
    assert all(id(hit.file) in files for one in apart for hit in one.hits)


@pytest.mark.parametrize("purpose", ["security", "review"])
async def test_the_engine_says_the_same_with_it_and_without(
    given: Material, monkeypatch: pytest.MonkeyPatch, purpose: Purpose
) -> None:
    alone = await python_tree.ENGINE.look(given, purpose)
    monkeypatch.setattr(python_tree, "MUCH", 10)
    together = await python_tree.ENGINE.look(given, purpose)
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    without = await python_tree.ENGINE.look(given, purpose)
    assert alone == together
    assert without == replace(alone, notes=(python_tree.ALONE,))
    assert alone.hits
    assert len(alone.problems) == 2


async def test_it_takes_no_module_from_the_folder_it_is_used_in(
    given: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "executed"
    for name in ("ast", "pickle", "anyio", "manyeyes_tools", "sitecustomize", "a"):
        (tmp_path / f"{name}.py").write_text(f"open({str(mark)!r}, 'w')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert await second_process.examined_apart(python_fragments(given)[0], "security") is not None
    assert not mark.exists()


async def test_one_that_dies_is_told(given: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fragments, _ = python_fragments(given)
    for text in ("exit 1", "exit 0", "echo nonsense"):
        python = tmp_path / "python"
        python.write_text(f"#!/bin/sh\ncat >/dev/null\n{text}\n")
        python.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(python))
        assert await second_process.examined_apart(fragments, "security") is None


async def test_it_is_killed_when_the_scan_ends_early(
    given: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python, number = tmp_path / "python", tmp_path / "number"
    python.write_text(f"#!/bin/sh\necho $$ > {number}.new\nmv {number}.new {number}\nexec sleep 60\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            group.start_soon(second_process.examined_apart, python_fragments(given)[0], "security")
            while not number.exists():
                await anyio.sleep(0.01)
            group.cancel_scope.cancel()
    with pytest.raises(ProcessLookupError):
        os.kill(int(number.read_text()), 0)
