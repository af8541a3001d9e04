"""Code made to wear the engines out: it costs little, is read as far as can be, and what was not read is named."""

# ruff: noqa: E501  # a case of a table stays on its line

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from manyeyes_tools.evidence import PER_RULE, gather_evidence, ruff
from manyeyes_tools.evidence.python_names import read_tree
from manyeyes_tools.evidence.python_tree import ENGINE
from manyeyes_tools.evidence.taint.walk import follow_project
from manyeyes_tools.fragments import Fragment, Unparsable, parse
from manyeyes_tools.material import Material, SourceFile

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio
GENEROUS = 4.0
"""How many times longer than aimed at a test machine may take, in CPU time."""


def source(text: str, path: str = "code.py", **more: Any) -> SourceFile:
    return SourceFile(path=path, language="python", text=text, masked=more.pop("masked", text), **more)


def material(*files: SourceFile) -> Material:
    return Material(files=files)


def builder(count: int, line: str) -> str:
    lines = "".join(f"    {line}\n".replace("#", str(n)) for n in range(count))
    return f'import os\ndef f(request, db, b):\n    q = "select * from t where "\n{lines}    db.execute(q)\n'


EVALS = "def f(x):\n" + "    eval(x)\n" * 16_000


@pytest.mark.parametrize(("text", "seconds", "cwe"), [
    (EVALS, 1.5, "CWE-95"),
    ("eval(x);" * 20_000 + "\n", 1.5, "CWE-95"),
    (builder(2_000, "q = q + b#"), 1.0, "CWE-89"),
    (builder(2_000, "q = q + b# + q"), 1.0, "CWE-89"),
    (builder(2_000, 'q = f"{q} and {b#}"'), 1.0, "CWE-89"),
    (builder(2_000, "q = q + b#; db.execute(q)"), 1.0, "CWE-89"),
    (builder(2_000, "q = q + b; os.system(q)"), 1.0, "CWE-78"),
    (builder(0, "") + f"    db.execute('select ' + {' + '.join(['b'] * 2_000)})\n", 1.0, "CWE-89"),
    ('def f(db, x):\n    db.execute(f"' + "update " * 28_000 + '{x} set a = 1")\n', 1.0, "CWE-89"),
    ('def f(db, x):\n    db.execute(f"' + "where " * 33_000 + "x" * 2_000 + ' {x} select")\n', 1.0, "CWE-89"),
    ("x = requests.get(request" + ".a" * 1_500 + ")\n" + "eval(x)\n", 1.0, "CWE-95"),
], ids=["evals", "one line", "q+b", "q+b+q", "f-strings", "executes", "shells", "one sum", "updates", "wheres", "dots"])  # fmt: skip
async def test_what_was_made_to_wear_out_is_read_soon(text: str, seconds: float, cwe: str) -> None:
    started = time.process_time()
    evidence = await gather_evidence(material(source(text)), purpose="security")
    assert time.process_time() - started < seconds * GENEROUS
    assert cwe in {one.cwe for one in evidence.findings}
    assert evidence.engines[:2] == ("ruff", "python tree")


async def test_of_each_rule_a_file_shows_only_so_many_and_the_rest_is_counted() -> None:
    text = "eval(x)\n" * (PER_RULE + 7)
    evidence = await gather_evidence(material(source(text), source(text, "other.py")), purpose="security")
    counts: dict[tuple[str, str], list[int]] = {}
    for one in evidence.findings:
        counts.setdefault((one.path, one.sources[0]), []).append(one.start_line)
    assert {path for path, _ in counts} == {"code.py", "other.py"}
    assert all(lines == list(range(1, PER_RULE + 1)) for lines in counts.values())
    assert evidence.repeated == 7 * len(counts)


async def test_values_are_followed_over_long_ways() -> None:
    text = builder(600, "q = q + b#").replace("q + b300", "q + request.args['x']")
    hits = (await ENGINE.look(material(source(text)), "security")).hits
    (hit,) = [hit for hit in hits if hit.rule.id == "sql-injection"]
    assert (hit.start_line, hit.confidence) == (4, 0.9)  # where the first value was put in
    lines = [step.line for step in hit.trace]
    assert 304 in lines
    assert lines[-1] == 604
    assert len(lines) <= 10


@pytest.mark.parametrize(("text", "constant"), [
    ("q = 'a'\nq = q + 'b'\nq += 'c'\nx = q\n", True), ("q = 'a'\nq = q + b\nx = q\n", False),
    ("while 1:\n    q = q + 'a'\nx = q\n", False), ("while 1:\n    q = p\n    p = q\nx = p\n", False),
    ("x = " + "+".join(["'a'"] * 500), True), ("x = " + "+".join(["'a'"] * 500) + "+ b", False),
    ("T = 't'\ndef f():\n    x = T + 'a'\n", True), ("T = t()\ndef f():\n    x = T + 'a'\n", False),
])  # fmt: skip
def test_constants_are_told_however_long_the_way(text: str, constant: bool) -> None:  # noqa: FBT001  # the case's answer
    tree = read_tree(parse(text))
    scope = tree.scopes[-1]
    (value,) = (value for _, value in scope.assigned["x"])
    assert [scope.constant(value) for _ in range(2)] == [constant] * 2
    assert all(state is not None for state in scope.known.constant[False].values())


@pytest.mark.parametrize("text", [
    "def f(request, db):\n" + "".join(f"{'    ' * n}if a{n}:\n" for n in range(1, 90)) + "    " * 90 + "db.execute('select ' + request.args['x'])\n",
    "def f(request, db):\n    x = request.args['x']\n    if a:\n        pass\n" + "".join(f"    elif x == {n}:\n        y = {n}\n" for n in range(3_000)) + "    db.execute('select ' + x)\n",
    "def f(request, db):\n    db.execute('select ' + request.args['x']" + ".strip()" * 400 + ")\n",
    "def f(request, db):\n    d = {}\n" + "".join(f"    d['k{n}'] = request.args['x{n}']\n" for n in range(2_000)) + "    db.execute('select ' + d['k7'])\n",
    "".join(f"def f{n}(x):\n    return f{n + 1}(x) + f{n + 2}(x)\n" for n in range(500)) + "def g(request, db):\n    db.execute('select ' + f0(request.args['x']))\n",
    "def f(x):\n    return f(x) + g(x)\ndef g(x):\n    return f(x) + x\ndef h(request, db):\n    db.execute('select ' + f(request.args['x']))\n",
], ids=["nested", "elifs", "dots", "keys", "calls", "circles"])  # fmt: skip
async def test_deep_and_wide_code_is_followed_in_bounded_time(text: str) -> None:
    started = time.process_time()
    looked = await ENGINE.look(material(source("import flask\n" + text)), "security")
    assert time.process_time() - started < 2.0 * GENEROUS
    assert "sql-injection" in {hit.rule.id for hit in looked.hits} or looked.problems


async def test_functions_for_which_there_was_no_time_are_named() -> None:
    late = follow_project([("a.py", parse("def f(x):\n    eval(x)\n"))], seconds=-1.0)
    assert late.late == ["a.py"]
    assert not late.flows


POISON = "x = " + "-" * 60_000 + "1"


async def test_one_poisonous_file_does_not_silence_ruff_for_the_others() -> None:
    files = [source(f"import hashlib\nhashlib.md5(x{n})\n", f"m{n}.py") for n in range(6)]
    files.insert(3, source(POISON, "poison.py"))
    evidence = await gather_evidence(material(*files), purpose="security")
    assert {one.path for one in evidence.findings if "ruff:S324" in one.sources} == {f"m{n}.py" for n in range(6)}
    problems = [line for line in evidence.problems if line.startswith("ruff")]
    assert len(problems) == 1
    assert "poison.py" in problems[0]
    assert "m0.py" not in problems[0]


async def test_ruff_fails_where_it_can_read_nothing() -> None:
    evidence = await gather_evidence(material(source(POISON, "a.py"), source(POISON, "b.py")), purpose="security")
    assert "ruff" not in evidence.engines
    assert any(line.startswith("ruff gave no evidence") for line in evidence.problems)


async def test_what_breaks_ruff_alone_is_found_by_halves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that dies of what Python's parser takes."""
    program = tmp_path / "ruff"
    program.write_text(
        f'#!/bin/sh\nif /bin/grep -rq POISON .; then kill -ABRT $$; fi\nexec "{ruff._ruff()[0]}" "$@"\n'
    )  # the real one
    program.chmod(0o755)
    monkeypatch.setattr(ruff, "_ruff", lambda: (str(program),))
    files = [source(f"# {'POISON' if n in {2, 5} else ''}\neval(x)\n", f"m{n}.py") for n in range(8)]
    evidence = await gather_evidence(material(*files), purpose="security")
    read = {one.path for one in evidence.findings if "ruff:S307" in one.sources}
    assert read == {f"m{n}.py" for n in range(8) if n not in {2, 5}}
    (problem,) = evidence.problems
    assert "m2.py, m5.py" in problem


@pytest.mark.parametrize("text", [
    "a = 1\rb = 2\rc = 3\neval(x)\n", "# nothing here\r\na = 1\r\reval(x)\r\n", "# a remark\reval(x)\n", "y = 1\n# a\r# b\r\r\neval(x)\r",
])  # fmt: skip
async def test_a_lone_return_shifts_no_line_and_hides_no_code(text: str) -> None:
    evidence = await gather_evidence(material(source(text)), purpose="security")
    lines = text.split("\n")
    line = next(number for number, one in enumerate(lines, start=1) if "eval" in one)
    assert not evidence.problems
    assert {source for one in evidence.findings for source in one.sources} == {"ruff:S307", "manyeyes:eval-injection"}
    assert {(one.start_line, one.end_line, one.quote) for one in evidence.findings} == {
        (line, line, lines[line - 1].removesuffix("\r"))
    }


async def test_a_fault_behind_a_lone_return_is_told_in_its_line() -> None:
    evidence = await gather_evidence(material(source("a = 1\rb = 2\nc = = 3\n")), purpose="review")
    assert [one.start_line for one in evidence.findings] == [2]
    assert any("code.py:2" in line for line in evidence.problems)


def test_lines_of_a_fragment_are_those_of_its_file() -> None:
    fragment = Fragment.of(source(""), "a\r\nb\rc\r\r\nd\n", offset=10)
    lines = fragment.text.splitlines()
    assert lines == ["a", "b", "c", "", "d"]
    assert [fragment.line(number) for number in range(1, 6)] == [11, 12, 12, 12, 13]


@pytest.mark.parametrize(("text", "deep"), [(POISON, True), ("x = +\n", False)])
def test_depth_is_told_from_other_faults(text: str, deep: bool) -> None:  # noqa: FBT001  # the case's answer
    with pytest.raises(Unparsable) as caught:
        parse(text)
    assert caught.value.too_deep is deep
