"""What a call does: to whom values are handed, and what comes back."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.taint.arrivals import fill_pages, note_headers, note_sinks
from manyeyes_tools.evidence.taint.callees import bind, called, is_method
from manyeyes_tools.evidence.taint.cleaning import CLEANERS, FILLS, SANITIZER_WORDS
from manyeyes_tools.evidence.taint.expressions import with_facts
from manyeyes_tools.evidence.taint.library import cleaned_result, of_builtin, of_library, of_request, substituted_text
from manyeyes_tools.evidence.taint.methods import of_method
from manyeyes_tools.evidence.taint.objects import new_object
from manyeyes_tools.evidence.taint.project import Class, Function
from manyeyes_tools.evidence.taint.sites import site_of
from manyeyes_tools.evidence.taint.sources import FUNCTIONS, METHODS, RETURNS
from manyeyes_tools.evidence.taint.substitution import call_function
from manyeyes_tools.evidence.taint.tables import ALL
from manyeyes_tools.evidence.taint.unseen import PLAIN_MODULES, of_unknown
from manyeyes_tools.evidence.taint.values import LONGEST_TEXT, NO_ATOMS, Value, cleaned, join_atoms

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.frames import Frame
    from manyeyes_tools.evidence.taint.sites import Site
    from manyeyes_tools.evidence.taint.values import Atom, Origin

_STARTERS = frozenset(
    {
        "add_task",
        "Thread",
        "submit",
        "run_in_executor",
        "to_thread",
        "partial",
        "delay",
        "apply_async",
        "Process",
        "start_soon",
        "run_sync",
        "Timer",
        "call_soon",
        "call_later",
        "spawn",
        "enqueue",
        "defer",
        "apply",
        "map",
        "run_in_threadpool",
        "sync_to_async",
        "run_on_executor",
    }
)


def call(frame: Frame, node: ast.Call) -> Value:
    """What a call returns; what its arguments reach is noted."""
    site = site_of(frame, node)
    note_sinks(frame, site)
    note_headers(frame, site)
    fill_pages(frame, site)
    result = _result(frame, site)
    _fill(frame, site)
    return result


def _result(frame: Frame, site: Site) -> Value:  # noqa: C901, PLR0911, PLR0912  # one for each kind of what is called
    full, method = site.full, site.method
    special = of_request(frame, site)
    if special is not None:
        return special
    mask = CLEANERS.get(full)
    if mask is None and method:
        mask = CLEANERS.get(f".{method}")
    if mask is not None and not _own(frame, site):
        return cleaned_result(site, mask)
    kind = FUNCTIONS.get(full) or METHODS.get(full)
    if kind is not None:
        if kind == "cli" and method in {"parse_args", "parse_known_args"}:
            return frame.source("cli", "the arguments", site.node)
        made = frame.source(kind, full, site.node)
        return replace(made, kind=RETURNS.get(full, ""))
    _handed_on(frame, site)
    function = called(frame, site)
    if isinstance(function, Class):
        return new_object(frame, site, function)
    if isinstance(function, Function):
        given = bind(site, function, method=is_method(site, function))
        result = call_function(frame, function, given, site.node)
        if any(word in function.name.lower() for word in SANITIZER_WORDS) and result.atoms:
            result = replace(result, atoms=cleaned(result.atoms, 0, ALL))
        return result
    returned = RETURNS.get(full)
    if returned is not None and returned != "dbapi.Cursor":
        return of_library(frame, site, returned)
    if full == "re.sub" or (method == "sub" and site.receiver.kind == "re.Pattern"):
        return substituted_text(site)
    if full.partition(".")[0] in PLAIN_MODULES and not site.receiver.atoms:
        return of_unknown(site)
    if method:
        return of_method(frame, site)
    if full in {
        "str",
        "bytes",
        "repr",
        "list",
        "tuple",
        "set",
        "frozenset",
        "sorted",
        "dict",
        "iter",
        "reversed",
        "next",
        "enumerate",
        "zip",
        "map",
        "filter",
        "max",
        "min",
        "vars",
        "copy.copy",
        "copy.deepcopy",
    }:
        return of_builtin(site)
    if full in {"globals", "locals"}:
        return Value(NO_ATOMS, f"{full}()")
    if full == "getattr" and len(site.values) > 1:  # an object and a name
        return Value(site.values[0].atoms, "~attribute" if site.values[1].atoms else "")
    return of_unknown(site)


def _handed_on(frame: Frame, site: Site) -> None:
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


def _own(frame: Frame, site: Site) -> bool:
    """Whether a name of the table is one of the project's own here, so that its code counts."""
    return bool(site.full) and isinstance(frame.project.find(site.full, frame.module), Function)


def _fill(frame: Frame, site: Site) -> None:
    """What is put into a container stays in it."""
    if site.method not in FILLS:
        return
    func = site.node.func
    if not isinstance(func, ast.Attribute):
        return
    atoms: dict[Origin, Atom] = NO_ATOMS
    for one in (*site.values, *site.words.values()):
        atoms = join_atoms(atoms, one.atoms)
    from manyeyes_tools.evidence.taint.statements import store

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
