"""What holds once a call has returned and not raised."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_names import dotted
from manyeyes_tools.evidence.taint.calling.callees import bound_arguments, callee_of
from manyeyes_tools.evidence.taint.cleaning import CLEANERS, EXITS
from manyeyes_tools.evidence.taint.evaluation import evaluate
from manyeyes_tools.evidence.taint.facts import Facts, facts_about, unite
from manyeyes_tools.evidence.taint.marks import RESOLVED
from manyeyes_tools.evidence.taint.tables import ALL, PATH

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.frames import Frame


def expression(frame: Frame, node: ast.Expr) -> bool:
    """A call whose result nobody takes: it may end the program, or check something."""
    evaluate(frame, node.value)
    call = node.value.value if isinstance(node.value, ast.Await) else node.value
    if not isinstance(call, ast.Call):
        return False
    name = dotted(call.func)
    full = frame.module.full(name)
    if full in EXITS or name.rpartition(".")[2] in {"abort", "_exit"}:
        return True
    _after_call(frame, call, full)
    return False


def _after_call(frame: Frame, call: ast.Call, full: str) -> None:
    """What holds once a call has returned and not raised: `int(x)`, `path.relative_to(base)`, `check(x)`."""
    mask = CLEANERS.get(full)
    if (
        mask is not None
        and call.args
        and mask == ALL
        and full
        in {
            "int",
            "float",
            "uuid.UUID",
            "ipaddress.ip_address",
            "datetime.datetime.strptime",
            "decimal.Decimal",
            "bson.ObjectId",
        }
    ):
        frame.facts = unite(frame.facts, facts_about(evaluate(frame, call.args[0]).atoms, ALL))
        return
    if isinstance(call.func, ast.Attribute) and call.func.attr == "relative_to":
        atoms = evaluate(frame, call.func.value).atoms
        frame.facts = unite(frame.facts, {o: (PATH, 0) if a.clean & RESOLVED else (0, PATH) for o, a in atoms.items()})
        return
    function = callee_of(frame, call)
    if function is not None:
        if function.summary.after:
            values = bound_arguments(frame, call, function)
            for origin, (clean, doubt) in function.summary.after.items():
                value = values.get(origin.place % 1000)
                if value is not None:
                    frame.facts = unite(frame.facts, facts_about(value.atoms, clean, doubt))
        return
    last = (full or getattr(call.func, "attr", "")).rpartition(".")[2].lower()
    if last.startswith(("validate", "check", "verify", "ensure", "assert", "require")):
        found: Facts = {}
        for argument in call.args:
            if not isinstance(argument, ast.Starred):
                found = unite(found, facts_about(evaluate(frame, argument).atoms, 0, ALL))
        frame.facts = unite(frame.facts, found)
