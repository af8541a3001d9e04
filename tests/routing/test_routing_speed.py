from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).parents[2] / "bench" / "routing_speed.py"


def test_the_measurement_runs_and_says_what_it_measured():
    """Whether it is fast enough is for the measurement on a quiet machine to say; here it must be well-formed."""
    out = subprocess.run(
        [sys.executable, BENCH, "--json", "--rounds", "50"], check=True, capture_output=True, text=True
    ).stdout
    baseline, *rows = json.loads(out)
    assert baseline["shape"].startswith("baseline")
    assert len(rows) >= 5
    for row in rows:
        assert baseline["p50_us"] < row["p50_us"] <= row["p95_us"]
