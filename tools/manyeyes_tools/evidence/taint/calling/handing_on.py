"""Functions that are given to a call to be called, and containers that it fills."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.taint.cleaning import FILLS
from manyeyes_tools.evidence.taint.definitions import Function
from manyeyes_tools.evidence.taint.facts import with_facts
from manyeyes_tools.evidence.taint.following import call_function
from manyeyes_tools.evidence.taint.nodes.stores import store
from manyeyes_tools.evidence.taint.values import LONGEST_TEXT, NO_ATOMS, Atom, Origin, Value, join_atoms

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.calling.sites import Site
    from manyeyes_tools.evidence.taint.frames import Frame

_STARTERS = frozenset({
    "add_task", "Thread", "submit", "run_in_executor", "to_thread", "partial", "delay", "apply_async", "Process",
    "start_soon", "run_sync", "Timer", "call_soon", "call_later", "spawn", "enqueue", "defer", "apply", "map",
    "run_in_threadpool", "sync_to_async", "run_on_executor",
})  # fmt: skip


def hand_on(frame: Frame, site: Site) -> None:
    """A function of the project that is given to a call with its arguments: a task, a thread, a partial."""
    last = site.method or site.full.rpartition(".")[2]
    if last not in _STARTERS:
        return
    target = site.argument("target", "func") or next((one for one in site.values[:2] if one.kind), None)
    function = frame.project.find(target.kind, frame.module) if target is not None and target.kind else None
    if last in {"delay", "apply_async"} and site.receiver.kind:
        function = frame.project.find(site.receiver.kind, frame.module)
    if not isinstance(function, Function):
        return
    given = site.words.get("args")
    if given is not None and given.fields is not None:
        values = list(given.fields.values())
    elif last == "delay":
        values = site.values
    else:
        at = next((number for number, one in enumerate(site.values) if one is target), -1)
        values = site.values[at + 1 :]
    method = function.owner is not None and not function.static
    bound = {number + (1 if method else 0): one for number, one in enumerate(values)}
    if method and target is not None and target.bound is not None:
        bound[0] = target.bound
    for name, one in site.words.items():
        if name in function.parameters:
            bound[function.parameters.index(name)] = one
    call_function(frame, function, bound, site.node)


def fill(frame: Frame, site: Site) -> None:
    """What is put into a container stays in it."""
    if site.method not in FILLS:
        return
    func = site.node.func
    if not isinstance(func, ast.Attribute):
        return
    atoms: dict[Origin, Atom] = NO_ATOMS
    for one in (*site.values, *site.words.values()):
        atoms = join_atoms(atoms, one.atoms)
    before = site.receiver
    if site.method == "write" and "io." not in before.kind and "IO" not in before.kind:
        return
    if not atoms:
        if before.constant or before.closed:
            filled = bool(site.values) and all(one.constant for one in site.values)
            store(frame, func.value, replace(before, constant=before.constant and filled, closed=False), site.node)
        return
    text = f"{before.text} {' '.join(one.text for one in site.values)}"[: 2 * LONGEST_TEXT]
    atoms = with_facts(Value(atoms), frame.facts).atoms
    store(
        frame,
        func.value,
        Value(
            join_atoms(before.atoms, atoms),
            before.kind,
            (),
            before.prefix,
            text,
            before.built or next((one.built for one in site.values if one.built), None),
            before.fields,
            closed=False,
        ),
        site.node,
    )


def is_own(frame: Frame, site: Site) -> bool:
    """Whether a name of the table is one of the project's own here, so that its code counts."""
    return bool(site.full) and isinstance(frame.project.find(site.full, frame.module), Function)
