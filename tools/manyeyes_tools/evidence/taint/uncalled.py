"""What is told of functions that nobody calls here: what they would do with values from outside."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.taint.frames import DOUBTED, HOP, NESTED, Frame
from manyeyes_tools.evidence.taint.marks import JOINED
from manyeyes_tools.evidence.taint.tables import BITS, RULES, WEAK

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.definitions import Function

_TABLE_LIKE = re.compile(
    r"table|column|schema|field|order|placeholder|clause|dialect|ident|database|savepoint|sequence|index|constraint|db_name|cols?$|quoted",
    re.IGNORECASE,
)
"""Names of what a statement names itself, and seldom takes from outside."""


def weakly(frame: Frame, function: Function) -> None:
    """Tell of the parameters of a function that nobody here calls what they would do if they came from outside."""
    for (origin, rule, _, _), reach in function.summary.reaches.items():
        factor = WEAK.get(rule)
        if factor is None or reach.clean & BITS[rule]:
            continue
        if reach.run is None and rule in {"sql-injection", "xpath-injection"}:
            continue
        if rule == "path-traversal" and not reach.clean & JOINED:
            continue
        if rule == "unescaped-markup" and not reach.pieced:
            continue
        if rule in {"archive-traversal", "xml-entities", "template-injection"} and function.called:
            continue
        sure = RULES[rule].confidence * reach.factor * factor * HOP**reach.hops
        if origin.path and origin.place % NESTED == 0 and function.owner is not None:
            sure *= 0.75  # what the object itself holds
        if rule == "sql-injection" and _TABLE_LIKE.search((origin.path or (origin.what,))[-1]):
            sure *= 0.55
        if reach.doubt & BITS[rule]:
            sure *= DOUBTED
        frame.tell(rule, reach.module, reach.node, reach.run, sure, origin, reach.way)
