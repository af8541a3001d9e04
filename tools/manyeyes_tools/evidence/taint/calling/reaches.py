"""What a call's arguments reach inside the function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes_tools.evidence.taint.calling.substitution import at_path
from manyeyes_tools.evidence.taint.conditions.of_queries import is_statement
from manyeyes_tools.evidence.taint.definitions import Function, Reach
from manyeyes_tools.evidence.taint.frames import MOST_REACHES, NESTED, PIECED, Frame, ruled_out
from manyeyes_tools.evidence.taint.tables import BITS, NOT_FROM_SETS, ORIGINS, RULES
from manyeyes_tools.evidence.taint.values import Value, Way

if TYPE_CHECKING:
    import ast

_SURE_AFTER = 0.5


def tell_reaches(frame: Frame, function: Function, given: dict[int, Value], node: ast.AST, level: int) -> None:  # noqa: C901, PLR0912  # each reason why a value does no harm in there
    """Tell what the arguments reach inside the function."""
    for (origin, rule, _, _), reach in list(function.summary.reaches.items()):
        if origin.place // NESTED != level:
            continue
        value = given.get(origin.place % NESTED)
        if value is None:
            continue
        value = at_path(frame, value, origin.path)
        if not value.atoms:
            continue
        bit = BITS[rule]
        excluded = NOT_FROM_SETS.get(rule, frozenset())
        built = None
        module, place = reach.module, reach.node
        run: ast.AST | None = reach.run
        if reach.run is None and rule in PIECED:
            built = value.built
            if (
                rule != "ldap-injection"
                and built is None
                and not any(o.kind in {"request", "param", "cli"} for o in value.atoms)
            ):
                continue
            if built is not None:
                if rule == "sql-injection" and not is_statement(value.text):
                    continue
                if rule == "sql-injection":
                    module, place, run = frame.module, built, reach.node
        for source, atom in value.atoms.items():
            clean, doubt = atom.clean | reach.clean, atom.doubt | reach.doubt
            fact = frame.facts.get(source)
            if fact is not None:
                clean |= fact[0]
                doubt |= fact[1]
            if clean & bit or (source.kind != "param" and ruled_out(rule, source, clean)):
                continue
            way = Way(atom.way, frame.module.path, getattr(node, "lineno", 0), f"it is given to `{function.name}`")
            way = _continued(way, reach.way)
            if source.kind == "param":
                owner = frame.owner(source)
                if owner is None or owner is function:
                    continue
                key = (source, rule, getattr(place, "lineno", 0), getattr(place, "col_offset", 0))
                if key not in owner.summary.reaches and len(owner.summary.reaches) <= MOST_REACHES:
                    owner.summary.reaches[key] = Reach(
                        rule, clean, doubt, atom.hops + reach.hops, reach.factor, module, place, run, way
                    )
                continue
            if source.kind in excluded or (source.kind == "unknown" and built is None and reach.run is None):
                continue
            sure = RULES[rule].confidence * reach.factor * ORIGINS[source.kind][1] * 0.88 ** (atom.hops + reach.hops)
            if doubt & bit:
                sure *= _SURE_AFTER
            frame.tell(rule, module, place, run, sure, source, way)


def _continued(way: Way, inner: Way | None) -> Way:
    if inner is None:
        return way
    steps = inner.steps(8)
    for one in steps:
        way = Way(way, one.path, one.line, one.note)
    return way
