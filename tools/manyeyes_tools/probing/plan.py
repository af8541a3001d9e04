"""What would be asked of a running application: the requests, and what would prove a weakness."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes_tools.findings import Planned
from manyeyes_tools.probing import cross_origin, passive
from manyeyes_tools.probing.entries import points
from manyeyes_tools.probing.probes import PROBES, raw_paths, traversal
from manyeyes_tools.probing.probes.scripts import STORED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manyeyes_tools.probing.entries import Entry
    from manyeyes_tools.probing.proof import Weakness

MOST = 60
"""So many rows are shown: enough to judge by, and they fit into an answer."""


def plan(entries: Sequence[Entry]) -> tuple[list[Planned], int]:
    """The first rows of the plan, and how many there are in all.

    One row stands for a weakness at an entry: its request with a payload in the first value, and the names of all.
    """
    rows: list[Planned] = []
    for entry in entries:
        inputs = list(points(entry))
        if inputs:
            for probe in PROBES:
                weakness = probe.weakness
                asked = inputs[0].asked(weakness.sample)
                rows.append(_row(weakness, str(asked), [one.parameter.name for one in inputs]))
            if entry.method not in {"GET", "HEAD"}:
                rows.append(_row(STORED, str(inputs[0].asked(STORED.sample)), [one.parameter.name for one in inputs]))
        rows.append(_row(cross_origin.WEAKNESS, f"{entry.asked()} ({cross_origin.WEAKNESS.sample})", []))
    if entries:
        whole = "GET / and every page met"
        rows += [_row(one, whole, []) for one in passive.WEAKNESSES]
        rows.append(
            _row(traversal.WEAKNESS, f"GET /static/{raw_paths.SAMPLE}, and so for each folder of the pages", [])
        )
    # Each weakness once before any twice, so that a plan that is cut still shows all that would be tried.
    first: dict[str, Planned] = {}
    for row in rows:
        first.setdefault(row.weakness, row)
    ordered = [*first.values(), *(row for row in rows if first[row.weakness] is not row)]
    return ordered[:MOST], len(rows)


def _row(weakness: Weakness, request: str, parameters: list[str]) -> Planned:
    return Planned(
        weakness=weakness.title,
        cwe=weakness.cwe,
        request=request[:300],
        parameters=parameters,
        expects=weakness.expects,
    )
