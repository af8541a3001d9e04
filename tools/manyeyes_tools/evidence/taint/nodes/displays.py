"""Lists, dictionaries, comprehensions and small functions."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.taint.evaluation import evaluate, facts_of
from manyeyes_tools.evidence.taint.facts import unite, with_facts
from manyeyes_tools.evidence.taint.following import follow_inside
from manyeyes_tools.evidence.taint.nodes.assignments import assign
from manyeyes_tools.evidence.taint.nodes.entries import LONGEST_DISPLAY, element
from manyeyes_tools.evidence.taint.values import NO_ATOMS, NOTHING, Atom, Origin, Value, join, join_atoms

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.frames import Frame


def display(frame: Frame, node: ast.List | ast.Tuple | ast.Set) -> Value:
    """`[a, b]`, `(a, b)`, `{a, b}`."""
    atoms: dict[Origin, Atom] = NO_ATOMS
    fields: dict[str, Value] = {}
    constant = True
    closed = True
    for number, one in enumerate(node.elts[:LONGEST_DISPLAY]):
        if isinstance(one, ast.Starred):
            value = evaluate(frame, one.value)
            closed = False
        else:
            value = evaluate(frame, one)
            if closed:
                fields[str(number)] = value
        constant = constant and value.constant
        atoms = join_atoms(atoms, value.atoms) if value.atoms else atoms
    return Value(atoms, "~list", fields=fields, closed=closed, constant=constant)


def dictionary(frame: Frame, node: ast.Dict) -> Value:
    """`{key: value}`."""
    atoms: dict[Origin, Atom] = NO_ATOMS
    fields: dict[str, Value] = {}
    constant = True
    closed = True
    for key, one in zip(node.keys[:LONGEST_DISPLAY], node.values, strict=False):
        value = evaluate(frame, one)
        if key is None:
            closed = False
            fields.update(value.fields or {})
            constant = constant and value.constant
        else:
            named = evaluate(frame, key)
            if named.const:
                fields[str(named.const[0])] = value
                constant = constant and value.constant
            else:
                closed = False
                constant = constant and named.constant
                atoms = join_atoms(atoms, named.atoms)
        atoms = join_atoms(atoms, value.atoms) if value.atoms else atoms
    return Value(atoms, "~dict", fields=fields, closed=closed, constant=constant)


def comprehension(frame: Frame, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> Value:
    """`[f(x) for x in values if test]`."""
    before, facts = dict(frame.env), frame.facts
    for made in node.generators:
        assign(frame, made.target, element(evaluate(frame, made.iter)), made.iter)
        for test in made.ifs:
            evaluate(frame, test)
            true, _ = facts_of(frame, test)
            frame.facts = unite(frame.facts, true)
    if isinstance(node, ast.DictComp):
        key, value = evaluate(frame, node.key), evaluate(frame, node.value)
        key = with_facts(key, frame.facts)
        value = with_facts(value, frame.facts)
        result = Value(join_atoms(key.atoms, value.atoms), "~dict", fields={"*": value})
        # `{k: v for k, v in data.items() if k in ALLOWED}` has no key that the caller chose.
    else:
        value = with_facts(evaluate(frame, node.elt), frame.facts)
        result = Value(value.atoms, "~list", fields={"*": value}, constant=value.constant, text=value.text)
    frame.env, frame.facts = before, facts
    return result


def small_function(frame: Frame, node: ast.Lambda) -> Value:
    """`lambda x: f(x)`, as if it were called at once; one that has a name is followed like any function."""
    function = frame.project.definitions.get(id(node))
    if function is not None:
        if frame.function is not None:
            return follow_inside(frame, function)
        module = frame.module.name
        return Value(NO_ATOMS, f"{module}.{function.name}" if module else function.name, constant=True)
    before = dict(frame.env)
    given = node.args
    for one in (*given.posonlyargs, *given.args, *given.kwonlyargs):
        frame.env[one.arg] = NOTHING
    value = evaluate(frame, node.body)
    frame.env = before
    return Value(value.atoms, "~lambda")


def walrus(frame: Frame, node: ast.NamedExpr) -> Value:
    """`(name := value)`."""
    value = evaluate(frame, node.value)
    frame.env[node.target.id] = value
    return value


def inner(frame: Frame, node: ast.Await | ast.YieldFrom | ast.Starred | ast.FormattedValue) -> Value:
    """What is only wrapped, such as `await value`."""
    return evaluate(frame, node.value)


def yielded(frame: Frame, node: ast.Yield) -> Value:
    """`yield value`, which whoever goes through the result gets."""
    if node.value is not None:
        value = with_facts(evaluate(frame, node.value), frame.facts)
        frame.returns = join(frame.returns, Value(value.atoms, "~list", fields={"*": value}))
    return NOTHING
