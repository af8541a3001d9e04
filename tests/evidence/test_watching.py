"""How far the engines have come is told while they work."""

from __future__ import annotations

import anyio
import pytest

from manyeyes_tools import evidence
from manyeyes_tools.evidence import gather_evidence, watching
from manyeyes_tools.evidence.rules import Engine, Looked
from manyeyes_tools.evidence.watching import Watch, current_watch
from manyeyes_tools.material import Material, SourceFile

pytestmark = pytest.mark.anyio

FILES = tuple(
    SourceFile(path=f"m{number}.py", language="python", text=text, masked=text)
    for number, text in enumerate(["def f(a):\n    return a\n"] * 40)
)


async def test_whoever_waits_hears_how_far_it_is(monkeypatch):
    monkeypatch.setattr(watching, "EVERY_S", 0.01)
    told: list[tuple[str, float]] = []
    enough = anyio.Event()

    async def count(_material, _purpose):
        watch = current_watch()
        watch.begin("read {done} of {total} files", 2_000, before=0.2, share=0.5)
        watch.done = 1_000
        await enough.wait()
        return Looked(hits=(), rules=1)

    async def tell(text: str, part: float) -> None:
        told.append((text, part))
        enough.set()

    engine = Engine(name="slow", prefix="slow", languages=frozenset(), look=count)
    found = await gather_evidence(Material(files=FILES, origin="paths"), purpose="review", engines=(engine,), tell=tell)
    assert found.engines == ("slow",)
    assert told[0] == ("read 1,000 of 2,000 files", pytest.approx(0.45))


async def test_the_rules_for_python_count_files_and_functions(monkeypatch):
    begun: list[str] = []
    begin = Watch.begin

    def noted(self, doing, total, **shares):
        begun.append(doing.format(done=0, total=total))
        begin(self, doing, total, **shares)

    monkeypatch.setattr(Watch, "begin", noted)
    material = Material(files=FILES, origin="paths")
    await gather_evidence(material, purpose="security", engines=(evidence.python_tree.ENGINE,))
    assert begun == ["read 0 of 40 Python files", "followed values through 0 of 40 functions"]


def test_the_share_never_exceeds_the_whole():
    watch = Watch()
    assert watch.part() == 0
    watch.begin("{done} of {total}", 0, before=0.9, share=0.1)
    watch.done = 3
    assert watch.part() == pytest.approx(0.9)
    watch.begin("{done} of {total}", 2, before=0.9, share=0.1)
    watch.done = 3
    assert watch.part() == pytest.approx(1.0)
    assert watch.text() == "2 of 2"
