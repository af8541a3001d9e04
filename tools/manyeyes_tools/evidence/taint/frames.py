"""The state of following one function, and what is found on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.taint.definitions import Class, Function, Module, Reach
from manyeyes_tools.evidence.taint.marks import JOINED, OBJECT
from manyeyes_tools.evidence.taint.tables import BITS, NOT_FROM_SETS, ORIGINS, RULES
from manyeyes_tools.evidence.taint.values import NOTHING, Atom, Origin, Value, Way

if TYPE_CHECKING:
    import ast

    from manyeyes_tools.evidence.taint.facts import Facts
    from manyeyes_tools.evidence.taint.project import Project
    from manyeyes_tools.evidence.taint.sinks import Sink

STEPS = 10
"""Steps of a trace that are shown at most."""
MOST_REACHES = 200
"""No more ways of its parameters to harm are kept of a function; code that was made to would have many."""
NESTED = 1000
"""Parameters of a function within a function count from here, and so on."""
DOUBTED = 0.5
HOP = 0.88
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
    global_names: frozenset[str] = frozenset()
    changed_globals: bool = False

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
                sure = RULES[sink.rule].confidence * sink.factor * ORIGINS[origin.kind][1] * HOP**atom.hops
                if doubt & bit:
                    sure *= DOUBTED
                place = built if built is not None and sink.rule == "sql-injection" else node
                self.tell(sink.rule, self.module, place, node if built is not None else None, sure, origin,
                          self.way(atom.way, node, "it does harm here"))  # fmt: skip

    def _reach_of_parameter(  # noqa: PLR0917  # what reaches what, and where
        self, sink: Sink, origin: Origin, atom: Atom, state: tuple[int, int], node: ast.AST, built: ast.expr | None,
        *, pieced: bool,
    ) -> None:  # fmt: skip
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
        if len(reaches) > MOST_REACHES:
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

    def tell(  # noqa: PLR0917  # a flow has as many parts
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


def ruled_out(rule: str, origin: Origin, clean: int) -> bool:
    """Whether a value of this origin means nothing for a weakness, for what it is or was made into."""
    if rule == "nosql-injection":
        return not clean & OBJECT and "json" not in origin.what and "$where" not in origin.path
    if rule == "mass-assignment" and origin.what.startswith("**"):
        return True  # a route's path names these
    return rule == "path-traversal" and origin.kind == "cli" and not clean & JOINED
