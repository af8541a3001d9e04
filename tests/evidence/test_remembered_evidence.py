"""The same material is looked at once; anything else anew."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from manyeyes_tools.evidence import Evidence, gather_evidence
from manyeyes_tools.evidence.remembered import RememberedEvidence
from manyeyes_tools.material import Material, SourceFile

pytestmark = pytest.mark.anyio
FILE = SourceFile(
    path="a.py", language="python", text="import os\neval(input())\n", masked="import os\neval(input())\n"
)
MATERIAL = Material(files=(FILE,))


@dataclass
class Engines:
    problems: tuple[str, ...] = ()
    looked: list = field(default_factory=list)

    async def __call__(self, material, *, purpose, tell=None):
        self.looked.append((material, purpose))
        return Evidence(findings=(), engines=("x",), rules_run=1, problems=self.problems)


async def test_the_same_is_looked_at_once():
    engines = Engines()
    evidence = RememberedEvidence(engines)
    first = await evidence.of(MATERIAL, purpose="review")
    assert await evidence.of(replace(MATERIAL, files=(replace(FILE),)), purpose="review") == first
    assert len(engines.looked) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"path": "b.py"},
        {"language": "text"},
        {"text": "x"},
        {"masked": "x"},
        {"changed": frozenset({1})},
        {"changed": frozenset()},
        {"partial": True},
        {"parts": ((1, 1),)},
    ],
)
async def test_anything_else_is_looked_at_anew(change):
    engines = Engines()
    evidence = RememberedEvidence(engines)
    await evidence.of(MATERIAL, purpose="review")
    await evidence.of(replace(MATERIAL, files=(replace(FILE, **change),)), purpose="review")
    await evidence.of(MATERIAL, purpose="security")
    await evidence.of(replace(MATERIAL, origin="paths"), purpose="review")
    assert len(engines.looked) == 4


async def test_what_failed_is_tried_again():
    engines = Engines(problems=("x gave no evidence",))
    evidence = RememberedEvidence(engines)
    for _ in range(2):
        assert (await evidence.of(MATERIAL, purpose="review")).problems
    assert len(engines.looked) == 2


async def test_only_the_last_are_remembered():
    engines = Engines()
    evidence = RememberedEvidence(engines, entries=2)
    one, two, three = (replace(MATERIAL, files=(replace(FILE, path=f"{name}.py"),)) for name in "abc")
    for material in (one, two, one, three, one, two):
        await evidence.of(material, purpose="review")
    assert [material.files[0].path for material, _ in engines.looked] == ["a.py", "b.py", "c.py", "b.py"]


async def test_real_engines_say_the_same_again():
    evidence = RememberedEvidence()
    first = await evidence.of(MATERIAL, purpose="security")
    assert first.findings
    assert await evidence.of(MATERIAL, purpose="security") is first
    assert await gather_evidence(MATERIAL, purpose="security") == first
