"""The state of following one function, and what is found on the way."""

# ruff: noqa: PLR0917, PLR2004  # a flow has as many parts; numbers explained beside them

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.taint.marks import JOINED, OBJECT
from manyeyes_tools.evidence.taint.tables import BITS, NOT_FROM_SETS, ORIGINS, RULES, WEAK
from manyeyes_tools.evidence.taint.values import NOTHING, Atom, Origin, Value, Way, join

if TYPE_CHECKING:
    import ast

    from manyeyes_tools.evidence.taint.project import Class, Function, Module, Project
    from manyeyes_tools.evidence.taint.sinks import Sink

    Facts = dict[Origin, tuple[int, int]]

STEPS = 10
"""Steps of a trace that are shown at most."""
NESTED = 1000
"""Parameters of a function within a function count from here, and so on."""
_DOUBTED = 0.5
_HOP = 0.88
UNKNOWN_ORIGIN = Origin("unknown", "a value")
UNKNOWN = Value({UNKNOWN_ORIGIN: Atom(0, 0, 0, None)})
"""A value that nothing is known of."""
UNSURE_TOO = frozenset({"eval-injection", "unsafe-deserialisation", "unsafe-yaml"})
"""Weaknesses told of values that nothing is known of: such calls are rare, and seldom right."""
PIECED = frozenset({"sql-injection", "xpath-injection", "ldap-injection", "command-injection"})


@dataclass(frozen=True, slots=True)
class Flow:
    """A weakness that was found: a value from outside reaches a place where it does harm.

    Attributes:
        rule: The weakness.
        module: The file of the place.
        node: The place.
        run: Where the value is used, when the place is where it was put together.
        confidence: How sure it is.
        origin: Where the value comes from.
        way: The steps up to the place.
    """

    rule: str
    module: Module
    node: ast.AST
    run: ast.AST | None
    confidence: float
    origin: Origin
    way: Way | None


@dataclass(slots=True, eq=False)
class Frame:
    """One function, or a module's own code, while it is followed."""

    project: Project
    module: Module
    function: Function | None
    cls: Class | None
    env: dict[str, Value]
    facts: Facts
    flows: dict[tuple[str, str, int], Flow]
    depth: int
    """How many of Python's own calls this one stands in, about."""
    level: int = 0
    """In how many functions this one lies."""
    returns: Value = NOTHING
    returned_facts: Facts | None = None
    true_facts: Facts | None = None
    loops: int = 0
    handler: str = ""
    stale: bool = False
    exits: bool = False
    global_names: frozenset[str] = frozenset()
    changed_globals: bool = False
    html: bool = False
    raising: list[Facts] = field(default_factory=list)
    budget: list[int] = field(default_factory=lambda: [0])

    def way(self, before: Way | None, node: ast.AST, note: str) -> Way:
        """One more step."""
        return Way(before, self.module.path, getattr(node, "lineno", 0), note)

    def source(self, kind: str, what: str, node: ast.AST, key: str = "") -> Value:
        """A value that comes in here."""
        origin = Origin(kind, what, (key,) if key else ())
        said = f"`{what}` {ORIGINS[kind][0]}"
        return Value({origin: Atom(0, 0, 0, self.way(None, node, said))})

    def reach(self, sink: Sink, value: Value, node: ast.AST, *, built: ast.expr | None = None) -> None:
        """Note that a value comes to where it may do harm."""
        bit = BITS[sink.rule]
        excluded = NOT_FROM_SETS.get(sink.rule, frozenset())
        for origin, atom in value.atoms.items():
            clean, doubt = atom.clean, atom.doubt
            fact = self.facts.get(origin)
            if fact is not None:
                clean |= fact[0]
                doubt |= fact[1]
            if clean & bit:
                continue
            if origin.kind == "param":
                self._reach_of_parameter(
                    sink, origin, atom, (clean, doubt), node, built, pieced=value.built is not None
                )
            elif origin.kind not in excluded and not ruled_out(sink.rule, origin, clean):
                if origin.kind == "unknown" and built is None and sink.rule not in UNSURE_TOO:
                    continue
                sure = RULES[sink.rule].confidence * sink.factor * ORIGINS[origin.kind][1] * _HOP**atom.hops
                if doubt & bit:
                    sure *= _DOUBTED
                place = built if built is not None and sink.rule == "sql-injection" else node
                self.tell(sink.rule, self.module, place, node if built is not None else None, sure, origin,
                          self.way(atom.way, node, "it does harm here"))  # fmt: skip

    def _reach_of_parameter(
        self, sink: Sink, origin: Origin, atom: Atom, state: tuple[int, int], node: ast.AST, built: ast.expr | None,
        *, pieced: bool,
    ) -> None:  # fmt: skip
        from manyeyes_tools.evidence.taint.project import Reach

        owner = self.owner(origin)
        if owner is None:
            return
        place = built if built is not None and sink.rule == "sql-injection" else node
        key = (origin, sink.rule, getattr(place, "lineno", 0), getattr(place, "col_offset", 0))
        reaches = owner.summary.reaches
        before = reaches.get(key)
        clean, doubt = state
        if before is not None:
            before.clean &= clean
            before.doubt &= doubt
            return
        if len(reaches) > 200:  # nobody reads more, and code that was made to would make many
            return
        reaches[key] = Reach(
            sink.rule, clean, doubt, atom.hops, sink.factor, self.module, place, node if built is not None else None,
            self.way(atom.way, node, "it does harm here"), pieced,
        )  # fmt: skip

    def owner(self, origin: Origin) -> Function | None:
        """The function whose parameter an origin is."""
        function = self.function
        level = self.level
        while function is not None and level > origin.place // NESTED:
            function, level = function.parent, level - 1
        return function

    def tell(
        self,
        rule: str,
        module: Module,
        node: ast.AST,
        run: ast.AST | None,
        sure: float,
        origin: Origin,
        way: Way | None,
    ) -> None:
        """Note a flow; of several to one place the surest stays."""
        key = (rule, module.path, getattr(node, "lineno", 0))
        sure = round(min(sure, 0.97), 3)
        before = self.flows.get(key)
        if before is None or before.confidence < sure:
            self.flows[key] = Flow(rule, module, node, run, sure, origin, way)


_TABLE_LIKE = re.compile(
    r"table|column|schema|field|order|placeholder|clause|dialect|ident|database|savepoint|sequence|index|constraint|db_name|cols?$|quoted",
    re.IGNORECASE,
)
"""Names of what a statement names itself, and seldom takes from outside."""


def ruled_out(rule: str, origin: Origin, clean: int) -> bool:
    """Whether a value of this origin means nothing for a weakness, for what it is or was made into."""
    if rule == "nosql-injection":
        return not clean & OBJECT and "json" not in origin.what and "$where" not in origin.path
    if rule == "mass-assignment" and origin.what.startswith("**"):
        return True  # a route's path names these
    return rule == "path-traversal" and origin.kind == "cli" and not clean & JOINED


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
        sure = RULES[rule].confidence * reach.factor * factor * _HOP**reach.hops
        if origin.path and origin.place % NESTED == 0 and function.owner is not None:
            sure *= 0.75  # what the object itself holds
        if rule == "sql-injection" and _TABLE_LIKE.search((origin.path or (origin.what,))[-1]):
            sure *= 0.55
        if reach.doubt & BITS[rule]:
            sure *= _DOUBTED
        frame.tell(rule, reach.module, reach.node, reach.run, sure, origin, reach.way)


def meet(one: Facts | None, other: Facts) -> Facts:
    """What holds either way."""
    if one is None:
        return dict(other)
    if not one or not other:
        return {}
    met: Facts = {}
    for origin, (clean, doubt) in one.items():
        there = other.get(origin)
        if there is not None:
            met[origin] = (clean & there[0], (doubt | clean) & (there[1] | there[0]))
        # A check on one way alone lowers no doubt on the other.
    return met


def unite(one: Facts, other: Facts) -> Facts:
    """What holds where both hold."""
    if not other:
        return one
    if not one:
        return other
    both = dict(one)
    for origin, (clean, doubt) in other.items():
        there = both.get(origin, (0, 0))
        both[origin] = (there[0] | clean, there[1] | doubt)
    return both


def merged(one: dict[str, Value], other: dict[str, Value]) -> dict[str, Value]:
    """The variables after either way."""
    if one is other:
        return one
    joined = dict(one)
    for name, value in other.items():
        there = joined.get(name)
        if there is None:
            joined[name] = value
        elif there is not value:
            joined[name] = join(there, value)
    return joined
