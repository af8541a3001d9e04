from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench" / "outage.py"


@pytest.mark.parametrize("story", [("--seed", "2"), ("--seed", "2", "--hangs-first")])
def test_calls_are_answered_through_an_outage(story):
    """The wrappers together: who calls gets an answer in time, and the breaker opens and closes as it should."""
    done = subprocess.run(
        [sys.executable, BENCH, "--json", *story], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    path, plain = (json.loads(done.stdout)[name] for name in ("call path", "plain fallback"))
    assert path["answered_share"] >= 0.999
    assert path["past_deadline"] == 0
    assert 0 < path["failures_until_open"] <= 5
    assert path["probes_until_closed"] == 1
    assert plain["answered_share"] < 0.95  # else the story would show nothing
