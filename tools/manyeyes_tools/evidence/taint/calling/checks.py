"""What the result of a call tells of what it was given."""

from __future__ import annotations

import ast

from manyeyes_tools.evidence.python_names import dotted
from manyeyes_tools.evidence.taint.calling.callees import bound_arguments, callee_of
from manyeyes_tools.evidence.taint.cleaning import GUARDS, HARMLESS_KINDS, METHOD_GUARDS, SOUNDS_LIKE_CHECK, TEXT_KINDS
from manyeyes_tools.evidence.taint.evaluation import Told, evaluate, facts_of
from manyeyes_tools.evidence.taint.facts import Facts, facts_about, unite
from manyeyes_tools.evidence.taint.frames import NESTED, Frame
from manyeyes_tools.evidence.taint.patterns import of_expression
from manyeyes_tools.evidence.taint.prefixes import of_ends, within
from manyeyes_tools.evidence.taint.tables import ALL, NOSQL, PATH
from manyeyes_tools.evidence.taint.values import Atom, Origin, Value

_SILENT = frozenset({
    "bool", "os.path.exists", "os.path.isfile", "len", "hasattr", "callable", "os.path.isdir", "str",
})  # fmt: skip
"""Functions whose result tells nothing of the value."""
_EXPRESSIONS = frozenset({"match", "fullmatch", "search"})


def of_call(frame: Frame, call: ast.Call, depth: int) -> Told:  # noqa: PLR0911  # one for each kind of what is called
    """What holds where a call returned something true, or something false."""
    del depth
    name = dotted(call.func)
    full = frame.module.full(name)
    last = name.rpartition(".")[2] or (call.func.attr if isinstance(call.func, ast.Attribute) else "")
    told = _of_named(frame, call, full)
    if told is not None:
        return told
    if last in _EXPRESSIONS:
        found = of_expression(frame, call, last)
        if found is not None:
            return found, {}
    if isinstance(call.func, ast.Attribute):
        told = _of_method(frame, call, call.func)
        if told is not None:
            return told
    if full == "os.path.isabs":
        return {}, facts_about(_arguments(frame, call), 0, PATH)
    known = _of_project(frame, call)
    if known is not None:
        return known, {}
    lowered = last.lower()
    if any(word in lowered for word in SOUNDS_LIKE_CHECK) or lowered.startswith(("is_", "has_", "can_")):
        return facts_about(_arguments(frame, call), 0, ALL), {}
    return {}, {}


def _of_named(frame: Frame, call: ast.Call, full: str) -> Told | None:
    """The same of a function that is known by its name; None for any other."""
    if full == "isinstance" and len(call.args) == 2:  # noqa: PLR2004  # a value and its class
        return facts_about(evaluate(frame, call.args[0]).atoms, _of_class(frame, call.args[1])), {}
    if full in {"all", "any"} and call.args and isinstance(call.args[0], ast.GeneratorExp | ast.ListComp):
        return (_of_each(frame, call.args[0]), {}) if full == "all" else ({}, {})
    if full in GUARDS:
        return facts_about(_arguments(frame, call), GUARDS[full]), {}
    return ({}, {}) if full in _SILENT else None


def _of_method(frame: Frame, call: ast.Call, func: ast.Attribute) -> Told | None:
    """The same of a method of the value itself; None when its name says nothing."""
    method = func.attr
    receiver = evaluate(frame, func.value)
    if method in {"issubset", "issuperset"}:
        return facts_about(receiver.atoms, ALL), {}
    if method == "is_relative_to":
        return within(receiver.atoms), {}
    if method in METHOD_GUARDS:
        return facts_about(receiver.atoms, METHOD_GUARDS[method]), {}
    if method in {"startswith", "endswith"} and call.args:
        return of_ends(frame, receiver, method, call.args[0])
    if method == "is_absolute":
        return {}, facts_about(receiver.atoms, 0, PATH)
    return None


def _of_project(frame: Frame, call: ast.Call) -> Facts | None:
    """What a function of the project that returned something true tells of its arguments."""
    function = callee_of(frame, call)
    if function is None or not function.summary.when_true:
        return None
    found: Facts = {}
    values = bound_arguments(frame, call, function)
    for origin, (clean, doubt) in function.summary.when_true.items():
        value = values.get(origin.place % NESTED)
        if value is not None:
            found = unite(found, facts_about(value.atoms, clean, doubt))
    return found


def _arguments(frame: Frame, call: ast.Call) -> dict[Origin, Atom]:
    atoms: dict[Origin, Atom] = {}
    for one in (*call.args, *(word.value for word in call.keywords)):
        atoms.update(evaluate(frame, one.value if isinstance(one, ast.Starred) else one).atoms)
    return atoms


def _of_class(frame: Frame, node: ast.expr) -> int:
    names = [dotted(one) for one in (node.elts if isinstance(node, ast.Tuple) else [node])]
    full = [frame.module.full(name) for name in names]
    if all(name in HARMLESS_KINDS for name in full):
        return ALL
    if all(name in HARMLESS_KINDS or name in TEXT_KINDS for name in full):
        return NOSQL
    return 0


def _of_each(frame: Frame, node: ast.GeneratorExp | ast.ListComp) -> Facts:
    """`all(c in SAFE for c in value)`."""
    made = node.generators[0]
    atoms = evaluate(frame, made.iter).atoms
    if not isinstance(made.target, ast.Name):
        return {}
    before = frame.env.get(made.target.id)
    frame.env[made.target.id] = Value(atoms)
    true, _ = facts_of(frame, node.elt)
    if before is None:
        frame.env.pop(made.target.id, None)
    else:
        frame.env[made.target.id] = before
    return {origin: fact for origin, fact in true.items() if origin in atoms}
