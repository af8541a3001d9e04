"""What a model may read, and when it has to stop."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
from pydantic import BaseModel

from manyeyes.providers.scripted import Answer, Call, ScriptedModel
from manyeyes.redaction import Redactor
from manyeyes.settings import Settings
from manyeyes.types import Candidate, Message, ModelRef, Request, Route, Task, ToolCall, Usage
from manyeyes_tools.investigation import Bounds, Library, Looks, Purse, investigate
from manyeyes_tools.investigation.library import NotThere
from manyeyes_tools.material import SourceFile

pytestmark = pytest.mark.anyio
REF = ModelRef("scripted", "m")


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "project"
    (root / "src").mkdir(parents=True)
    (root / "src" / "app.py").write_text("import lib\n\n\ndef main():\n    return lib.work(1)\n")
    (root / "src" / "lib.py").write_text("def work(x):\n    return x\n")
    (root / "notes.txt").write_text("Work is done here.\n")
    (root / "big.txt").write_text("x" * 5_000)
    (root / "data.bin").write_bytes(b"\0\1")
    (root / ".env").write_text("TOKEN=abc\n")
    (root / "left.py").write_text("out = 1\n")
    (root / ".gitignore").write_text("hidden/\n")
    (root / "hidden").mkdir()
    (root / "hidden" / "a.py").write_text("work = 1\n")
    for name in (".env~", "prod.env.bak"):
        (root / name).write_text("TOKEN=abc\n")
    (tmp_path / "outside.txt").write_text("outside work\n")
    (root / "link.txt").symlink_to(tmp_path / "outside.txt")
    return root


@pytest.fixture
def library(root):
    given = SourceFile(path="src/lib.py", language="python", text="GIVEN = 1\n", masked="GIVEN = 1\n")
    return Library(
        roots=(root,), files={"src/lib.py": given}, redactor=Redactor(), file_bytes=4_000, ignore=("left.py",)
    )


def test_the_list_holds_what_may_be_read(library):
    assert set(library.listing()) >= {"src/app.py", "src/lib.py", "notes.txt", "big.txt"}
    assert not {".env", "left.py", "hidden/a.py"} & set(library.listing())


@pytest.mark.parametrize(
    "path",
    [
        "../outside.txt", "/etc/passwd", "link.txt", ".env", "left.py", "big.txt", "data.bin", "src", "nowhere.py", "",
        "src/../../outside.txt", "~/x", "a\0b", "hidden/a.py", "./src/../hidden/a.py", ".env~", "prod.env.bak",
    ],
)  # fmt: skip
def test_what_is_not_to_be_read_is_refused_without_naming_this_machine(library, path, root):
    with pytest.raises(NotThere) as refused:
        library.file(path)
    assert str(root) not in str(refused.value)


def test_the_material_is_as_it_was_given_and_files_are_read_once(library, root):
    assert library.file("src/lib.py").masked == "GIVEN = 1\n"
    assert library.file("./src/app.py") is library.file("src/app.py")
    assert set(library.fetched) == {"src/app.py"}
    secret = "ghp_" + "a1B2c3D4e5F6" * 3
    (root / "keys.py").write_text(f'TOKEN = "{secret}"\n')
    assert secret not in library.file("keys.py").masked


def test_a_file_that_git_ignores_is_not_read_by_its_name_nor_through_a_link(library, root):
    (root / "way.py").symlink_to("hidden/a.py")
    for listed in (False, True):
        for name in ("hidden/a.py", "way.py"):
            with pytest.raises(NotThere, match="git ignores it"):
                library.file(name)
        assert listed or library.listing()
    given = SourceFile(path="hidden/a.py", language="python", text="given = 1\n", masked="given = 1\n")
    library.files["hidden/a.py"] = given
    assert library.file("hidden/a.py") is given


async def said(library, tool, /, **arguments):
    output = await Looks(library).run(ToolCall("t", tool, arguments))
    return output.text, output.failed


async def test_what_the_tools_give(library, root):
    text, failed = await said(library, "read", path="src/app.py", start=4, end=4)
    assert not failed
    assert "lines 4 to 4 of 5" in text
    assert "    4  | def main():" in text
    assert "return" not in text
    assert "src/app.py:5 (in main): return lib.work(1)" in (await said(library, "callers", name="lib.work"))[0]
    assert "4-5 function main | def main():" in (await said(library, "symbols", path="src/app.py"))[0]
    found = (await said(library, "search", text="WORK"))[0]
    assert "notes.txt:1: Work is done here." in found
    assert "src/app.py:5" in found
    assert "hidden" not in found
    assert "outside" not in found
    assert "notes.txt" not in (await said(library, "search", text="work", folder="src"))[0]
    assert (await said(library, "list", folder="src"))[0].split("\n")[1:3] == ["src/app.py", "src/lib.py"]
    assert (await said(library, "read", path="src/app.py", start=99))[1]
    assert (await said(library, "evidence"))[0].count("Nothing was reported.") == 1
    (root / "long.txt").write_text("a line\n" * 500)
    assert "lines 1 to 250 of 500" in (await said(library, "read", path="long.txt"))[0]


class Yes(BaseModel):
    yes: bool


@dataclass
class StubBench:
    """As much of a bench as an investigation needs."""

    model: ScriptedModel
    cost: float = 0.0
    seconds: float = 0.0
    settings: Settings = field(default_factory=Settings)
    steps: list = field(default_factory=list)
    kept: dict = field(default_factory=dict)
    recalls: list = field(default_factory=list)

    def route(self, task):
        return Route((Candidate(REF, taken=True, reason=""),))

    def by_rules(self, task):
        return self.route(task).taken

    async def complete(self, task, request, *, role):
        return await self.model.complete(request, lambda: None)

    def run(self):
        return SimpleNamespace(cost_usd=self.cost, seconds=self.seconds)

    def note(self, *happened):
        self.steps += happened

    def recall(self, key):
        return self.kept.get(key)

    def keep(self, key, text):
        self.kept[key] = text

    def recalled(self, ref, *, role):
        self.recalls.append(ref)


def looks(number: int, **more) -> Answer:
    call = Call(id=f"c{number}", name="read", arguments={"path": "src/app.py", "start": 1 + number % 4})
    return Answer(tool_calls=(call,), **more)


DONE = Answer(json=({"yes": True}), contains="Answer now", times=None)
REQUEST = Request(messages=(Message(role="user", text="well?"),), answer=Yes)


async def looked(bench, library, bounds, purse=None):
    return await investigate(
        Task(kind="x"), REQUEST, Looks(library), bench, role="r", purse=purse or Purse(), bounds=bounds
    )


@pytest.mark.parametrize(
    ("bounds", "more", "turns"),
    [
        (Bounds(steps=3), {}, 3),
        (Bounds(steps=9, calls=2), {}, 2),
        (Bounds(steps=9, tokens=250), {}, 3),
        (Bounds(steps=9, usd=1.0), {"cost": 1.0}, 0),
        (Bounds(steps=9, usd=1.0), {"cost": 0.3, "settings": Settings(budget={"usd_per_call": 0.5})}, 0),
        (Bounds(steps=9), {"seconds": 150.0}, 0),
    ],
)
async def test_it_ends_at_every_bound(library, bounds, more, turns):
    model = ScriptedModel(REF, [DONE, *(looks(n, usage=Usage(input_tokens=100)) for n in range(9))])
    if turns == 0:
        model = ScriptedModel(REF, [Answer(json={"yes": True})])
    bench = StubBench(model, **more)
    completion = await looked(bench, library, bounds)
    assert completion.parsed == Yes(yes=True)
    assert len(bench.steps) == turns
    assert model.asked[-1].tools == ()


async def test_tokens_that_the_vendor_had_cost_a_tenth():
    purse = Purse()
    purse.pay(Usage(input_tokens=1_000, cached_tokens=900))
    assert purse.tokens == pytest.approx(190)


async def test_calls_over_the_bound_in_one_turn_are_refused(library):
    many = tuple(Call(id=f"c{n}", name="read", arguments={"path": "src/app.py"}) for n in range(5))
    bench = StubBench(ScriptedModel(REF, [DONE, Answer(tool_calls=many)]))
    await looked(bench, library, Bounds(calls=3))
    assert len(bench.steps) == 3
    outputs = bench.model.asked[-1].messages[-1].tool_outputs
    assert [one.failed for one in outputs] == [False, False, False, True, True]


async def test_the_conversation_only_grows_at_its_end(library):
    model = ScriptedModel(REF, [looks(0), looks(1), Answer(json={"yes": True})])
    await looked(StubBench(model), library, Bounds())
    for before, after in zip(model.asked, model.asked[1:], strict=False):
        assert (after.system, after.tools, after.answer) == (before.system, before.tools, before.answer)
        assert after.messages[: len(before.messages)] == before.messages


async def test_it_is_remembered_as_long_as_what_was_seen_is_the_same(library, root):
    bench = StubBench(ScriptedModel(REF, [looks(0), Answer(json={"yes": True}), Answer(json={"yes": False})]))
    assert (await looked(bench, library, Bounds())).parsed == Yes(yes=True)
    again = await looked(bench, library, Bounds())
    assert (again.parsed, again.cached) == (Yes(yes=True), True)
    assert bench.recalls == [REF]
    assert len(bench.steps) == 2
    (root / "src" / "app.py").write_text("changed = 1\n")
    fresh = Library(roots=(root,), files={}, redactor=Redactor(), file_bytes=4_000)
    assert (await looked(bench, fresh, Bounds())).parsed == Yes(yes=False)
    (kept,) = bench.kept.values()
    assert json.loads(kept)["calls"] == []
