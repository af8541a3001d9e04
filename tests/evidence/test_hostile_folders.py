"""Repositories made to harm: scanned by the command line in a process of its own."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench" / "hostile.py"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="memory of processes is told on POSIX alone")


def _bench():
    spec = importlib.util.spec_from_file_location("hostile_bench", BENCH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("name", "said"), [
    ("links in circles", "a link in a circle"),
    ("code to be executed", "`security` is not for a project to set"),
    ("50 MB files", "larger than 2,000,000 bytes"),
])  # fmt: skip
def test_it_is_scanned_in_bounds_and_nothing_runs(name: str, said: str) -> None:
    bench = _bench()
    row = bench.scanned(name, bench.REPOSITORIES[name])
    assert row.found
    assert not row.executed
    assert row.seconds < bench.MOST_S
    assert row.megabytes < bench.MOST_MB
    assert any(said in line for line in row.said), row.said
