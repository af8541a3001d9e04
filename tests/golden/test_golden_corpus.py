from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench" / "golden.py"


@pytest.fixture(scope="module")
def golden():
    spec = importlib.util.spec_from_file_location("bench_golden", BENCH)
    module = importlib.util.module_from_spec(spec)
    sys.modules["bench_golden"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules["bench_golden"]


def test_the_corpus_is_sound_large_and_half_safe(golden):
    cases = golden.read(golden.CORPUS)  # checks that places hold code and that Python parses
    assert len(cases) >= 250
    assert sum(case.safe for case in cases) == len(cases) // 2
    assert max(Counter((case.weakness, case.name, case.safe) for case in cases).values()) == 1
    assert {"flask", "django", "drf", "fastapi", "starlette", "aiohttp", "tornado", "cli"} <= {
        case.framework for case in cases
    }


def test_a_twin_differs_from_its_program(golden):
    pairs: dict[tuple[str, str], list] = {}
    for case in golden.read(golden.CORPUS):
        pairs.setdefault((case.weakness, case.name), []).append(case.files)
    assert all(unsafe != safe for unsafe, safe in pairs.values())


@pytest.mark.parametrize(
    ("said", "planted", "same"),
    [(95, 94, True), (1336, 94, True), (943, 89, True), (89, 90, False), (306, 307, False), (78, 94, False)],
)
def test_a_parent_or_child_says_the_same_and_a_sibling_does_not(golden, said, planted, same):
    assert (said in golden.related({planted})) is same


def test_a_place_reaches_two_lines_further(golden):
    place = golden.Place("app.py", 10, 12)
    lines = [n for n in range(1, 30) if golden.near(golden.Found("app.py", n, n, 89, 1.0, ""), [place])]
    assert lines == list(range(8, 15))
    assert not golden.near(golden.Found("other.py", 10, 10, 89, 1.0, ""), [place])


def test_a_corpus_with_a_blank_place_is_refused(golden, tmp_path):
    corpus = """
weakness = "code-injection"
[[pair]]
name = "one"
framework = "cli"
cwe = [95]
vulnerable = "x"
safe = "y"
sinks = [["a.py", 2, 2]]
twin_sinks = [["a.py", 1, 1]]
[[pair.file]]
path = "a.py"
text = "eval(input())\\n\\n"
[[pair.change]]
path = "a.py"
old = "eval(input())\\n"
new = "int(input())\\n"
"""
    (tmp_path / "code-injection.toml").write_text(corpus)
    with pytest.raises(ValueError, match="blank"):
        golden.read(tmp_path)
    (tmp_path / "code-injection.toml").write_text(corpus.replace('["a.py", 2, 2]', '["a.py", 1, 1]'))
    unsafe, twin = golden.read(tmp_path)
    assert (unsafe.files, twin.files) == ({"a.py": "eval(input())\n\n"}, {"a.py": "int(input())\n\n"})
    with pytest.raises(FileNotFoundError):
        golden.read(tmp_path / "nothing")


def test_intervals_of_wilson(golden):
    assert golden.wilson(0, 10) == (0.0, pytest.approx(0.278, abs=0.001))
    assert golden.wilson(50, 100) == (pytest.approx(0.404, abs=0.001), pytest.approx(0.596, abs=0.001))
