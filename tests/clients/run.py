"""Try the server with real MCP clients: `python tests/clients/run.py [--only NAME …]`.

Prints a line for each scenario and a count; ends with 1 when one failed.  The Node packages are installed on the
first run, at the versions of `package-lock.json`; without npm their scenarios are skipped, and the line says so.
`demo-small` loads a model and computes for minutes, so it is run only where it is named.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from clients import agents, demo_models, inspector, sdks
from clients.harness import Failed, Place, Skipped, default_command, ensure_node
from conformance import suite

Scenario = Callable[[Place], str]

SCENARIOS: dict[str, Scenario] = {
    **inspector.SCENARIOS,
    **sdks.SCENARIOS,
    **agents.SCENARIOS,
    **suite.SCENARIOS,
    **demo_models.SCENARIOS,
}
OWN_NODE = set(demo_models.SCENARIOS)
"""These bring what they need of Node."""
ONLY_NAMED = {"demo-small"}
WITHOUT_NODE = {name for name in SCENARIOS if name.startswith("python-")} | OWN_NODE


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", metavar="NAME", default=[], help="scenarios, or how their names begin")
    parser.add_argument("--list", action="store_true", help="print the names of the scenarios")
    parser.add_argument("--manyeyes", type=Path, default=default_command(), help="the command to try")
    options = parser.parse_args()
    chosen = {
        name: run
        for name, run in SCENARIOS.items()
        if (name.startswith(tuple(options.only)) if options.only else name not in ONLY_NAMED)
    }
    if options.list:
        print("\n".join(chosen))  # noqa: T201  # what this script is for
        return 0
    if not chosen:
        parser.error(f"no scenario begins with {' or '.join(options.only)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that what was started is ended
    counts = {"PASS": 0, "FAIL": 0, "SKIP": 0}
    for name, scenario in chosen.items():
        began = time.monotonic()
        verdict, reason = attempt(name, scenario, options.manyeyes.absolute())
        counts[verdict] += 1
        seconds = time.monotonic() - began
        print(f"{verdict} {name} ({seconds:.1f} s): {' '.join(reason.split())}", flush=True)  # noqa: T201  # as above
    skipped = f", {counts['SKIP']} skipped" if counts["SKIP"] else ""
    print(f"{counts['PASS']} passed, {counts['FAIL']} failed{skipped}")  # noqa: T201  # as above
    return 1 if counts["FAIL"] else 0


def attempt(name: str, scenario: Scenario, manyeyes: Path) -> tuple[str, str]:
    """Run one scenario in a folder of its own."""
    try:
        if name not in WITHOUT_NODE:
            ensure_node()
        with tempfile.TemporaryDirectory(prefix="manyeyes-", ignore_cleanup_errors=True) as folder:
            home, work = Path(folder) / "home", Path(folder) / "work"
            home.mkdir()
            work.mkdir()
            return "PASS", scenario(Place(home, work, manyeyes))
    except Skipped as reason:
        return "SKIP", str(reason)
    except Failed as reason:
        return "FAIL", str(reason)
    except Exception as error:  # noqa: BLE001  # one broken scenario must not hide the verdict on the others
        return "FAIL", f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    raise SystemExit(main())
