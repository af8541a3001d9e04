"""The rules that look at one Python file at a time, by its syntax tree."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from manyeyes_tools.evidence import (
    python_bugs,
    python_ciphers,
    python_cookies,
    python_exposure,
    python_forgery,
    python_modes,
    python_origins,
    python_ownership,
    python_routes,
    python_security,
    python_settings,
    python_tokens,
    python_transport,
)
from manyeyes_tools.evidence.python_guards import find_guards, handler_names
from manyeyes_tools.evidence.python_names import read_tree
from manyeyes_tools.evidence.rules import Hit
from manyeyes_tools.fragments import Unparsable, parse

if TYPE_CHECKING:
    import ast

    from manyeyes_tools.evidence.python_guards import Guard
    from manyeyes_tools.evidence.python_names import Tree
    from manyeyes_tools.evidence.python_places import Check
    from manyeyes_tools.evidence.rules import Purpose
    from manyeyes_tools.fragments import Fragment

LARGEST = 3_000_000
"""Characters of a file that is parsed at most; a tree takes a hundred times the room."""
_NAMED = 3
"""Functions named where values could not be followed; the others are counted."""

SECURITY_CHECKS: tuple[Check, ...] = (
    *python_security.CHECKS,
    *python_settings.CHECKS,
    *python_cookies.CHECKS,
    *python_origins.CHECKS,
    *python_forgery.CHECKS,
    *python_transport.CHECKS,
    *python_ciphers.CHECKS,
    *python_tokens.CHECKS,
    *python_modes.CHECKS,
    *python_routes.CHECKS,
    *python_ownership.CHECKS,
    *python_exposure.CHECKS,
)
CHECKS: dict[Purpose, tuple[Check, ...]] = {
    "security": SECURITY_CHECKS,
    "review": (*SECURITY_CHECKS, *python_bugs.CHECKS),
}


@dataclass(frozen=True, slots=True)
class Examined:
    """What the rules say of a file.

    Attributes:
        hits: The places.
        problems: What could not be done there, a line each.
        guards: What in it asks for a log-in on behalf of other files.
        names: The names of functions by their lines, where somebody else's guard may matter.
    """

    hits: tuple[Hit, ...] = ()
    problems: tuple[str, ...] = ()
    guards: tuple[Guard, ...] = ()
    names: dict[int, str] = field(default_factory=dict)


def examine(fragment: Fragment, purpose: Purpose) -> tuple[Examined, ast.Module | None]:
    """What the rules say of a file, and its tree when it has one.

    Blocking, a few seconds at most: to be called in a worker thread.
    """
    path = fragment.file.path
    if len(fragment.text) > LARGEST:
        line = f"python tree: {path} is larger than {LARGEST:,} characters, so its rules were not run on it."
        return Examined(problems=(line,)), None
    try:
        tree = parse(fragment.text)
        return _check(fragment, tree, CHECKS[purpose]), tree
    except Unparsable as error:
        at = fragment.line(error.line) if error.line else 0
        where = f"{path}:{at}" if at else path
        line = f"python tree: {where} could not be parsed ({error}), so its rules were not run on it."
    except RecursionError:
        line = f"python tree: {path} is nested too deeply, so its rules were not run on it."
    return Examined(problems=(line,)), None


def _check(fragment: Fragment, module: ast.Module, checks: tuple[Check, ...]) -> Examined:
    tree = read_tree(module)
    try:
        return _checked(fragment, tree, checks)
    finally:
        tree.let_go()


def _checked(fragment: Fragment, tree: Tree, checks: tuple[Check, ...]) -> Examined:
    hits: dict[tuple[str, int], Hit] = {}
    changed = fragment.file.changed or frozenset()  # no other lines are asked for
    for check in checks:
        if not fragment.whole and check.whole:
            continue
        for place in check.find(tree):
            rule = place.rule
            start, end = _lines(place.node, fragment)
            if start < 1:
                continue
            hit = Hit(
                file=fragment.file,
                rule=rule,
                source=f"manyeyes:{rule.id}",
                start_line=start,
                end_line=end,
                related=frozenset(
                    line for node in place.related for line in changed if line in range(*_span(node, fragment))
                ),
                detail=place.detail,
                confidence=place.confidence,
            )
            before = hits.get((rule.id, start))
            if before is None or confidence_of(before) < confidence_of(hit):
                hits[rule.id, start] = hit
    tangled = [f"`{one.name}`" if one.name else "the module" for one in tree.tangled()]
    if len(tangled) > _NAMED:
        tangled[_NAMED:] = [f"{len(tangled) - _NAMED} more functions"]
    problems = tuple(
        f"python tree: {fragment.file.path}: the values in {where} could not be followed to their end, so findings "
        "may be missing there."
        for where in tangled
    )
    open_to_all = any(hit.rule.id == python_routes.NOBODY.id for hit in hits.values())
    return Examined(
        tuple(hits.values()),
        problems,
        find_guards(tree, fragment.file.path) if fragment.whole else (),
        {fragment.line(line): name for line, name in handler_names(tree).items()} if open_to_all else {},
    )


def confidence_of(hit: Hit) -> float:
    """How sure a hit is: the place's own figure, or its rule's."""
    return hit.rule.confidence if hit.confidence is None else hit.confidence


def _lines(node: ast.stmt | ast.expr | ast.excepthandler, fragment: Fragment) -> tuple[int, int]:
    first, after = _span(node, fragment)
    return first, after - 1


def _span(node: ast.stmt | ast.expr | ast.excepthandler, fragment: Fragment) -> tuple[int, int]:
    """First line and the one after the last; of a statement with a body its head alone."""
    last = node.end_lineno or node.lineno
    body = getattr(node, "body", None)
    if isinstance(body, list) and body:
        last = max(node.lineno, body[0].lineno - 1)
    return fragment.line(node.lineno), fragment.line(last) + 1
