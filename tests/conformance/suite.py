"""The protocol's conformance suite against the fixture build, at each revision."""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from clients.harness import Failed, Place, background, check, free_port, node, tail

if TYPE_CHECKING:
    from collections.abc import Callable

SERVER = Path(__file__).with_name("server.py")
REVISIONS = ("2025-11-25", "2026-07-28")
_SCORED = re.compile(r"^([✓✗]) (\S+): (\d+) passed, (\d+) failed", re.MULTILINE)
_NOT_SCORED = re.compile(r"^  [✓✗] (\S+) \(", re.MULTILINE)
ALSO = {
    "server-session-lifecycle",
    "json-schema-2020-12",
    "http-header-validation",
    "http-custom-header-server-validation",
}
"""Scenarios that a revision runs without scoring them, and that must pass here all the same."""
_LEAST = {"2025-11-25": 32, "2026-07-28": 40}
"""How many scenarios each revision has with those: fewer would mean that the suite did not run them."""


def conform(revision: str, place: Place) -> str:
    """Run the scenarios that a revision requires; each that counts must pass, and none is excused."""
    port = free_port()
    python = place.manyeyes.with_name("python")
    results = place.home / "results"
    with background(
        [python, SERVER, str(port)], f"http://127.0.0.1:{port}/health", cwd=place.home, env=place.environment()
    ):
        output = place.run(
            node(".bin", "node"),
            node("@modelcontextprotocol", "conformance", "dist", "index.js"),
            *("server", "--url", f"http://127.0.0.1:{port}/mcp", "--requirements", revision, "-o", results),
            limit=300,
        )
    excused = set(_NOT_SCORED.findall(output.stdout)) - ALSO
    scored = [found for found in _SCORED.findall(output.stdout) if found[1] not in excused]
    failed = [name for mark, name, _, failures in scored if mark == "✗" or int(failures)]
    failed += [name for name in _weak(results) if name not in excused | set(failed)]
    check(not failed, f"not passed: {', '.join(failed)}")
    check(len(scored) >= _LEAST[revision], f"only {len(scored)} scenarios were run: {tail(output.stdout)}")
    output.expect(0, "conformance")
    return f"{len(scored)} scenarios, {sum(int(passed) for _, _, passed, _ in scored)} checks"


def _weak(results: Path) -> set[str]:
    """Scenarios with a warning: the suite lets it pass, we do not."""
    found = set()
    for file in results.glob("*/checks.json"):
        checks = json.loads(file.read_text())
        if not checks:
            raise Failed(f"{file.parent.name} checked nothing")
        if any(entry["status"] in {"WARNING", "FAILURE"} for entry in checks):
            found.add(re.sub(r"^server-(.*?)-\d{4}-\d\d-\d\dT.*$", r"\1", file.parent.name))
    return found


SCENARIOS: dict[str, Callable[[Place], str]] = {
    f"conformance-{revision}": partial(conform, revision) for revision in REVISIONS
}
