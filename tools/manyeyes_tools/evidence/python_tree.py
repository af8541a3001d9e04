"""Python's own syntax tree as a witness: what needs to know where a value came from, or how a function ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes.cores import compute
from manyeyes_tools.evidence import python_bugs, python_routes, python_security, python_settings
from manyeyes_tools.evidence.python_flows import find_flows
from manyeyes_tools.evidence.python_names import read_tree
from manyeyes_tools.evidence.rules import Engine, Hit, Looked
from manyeyes_tools.evidence.taint.pages import ENDINGS
from manyeyes_tools.evidence.taint.tables import RULES
from manyeyes_tools.fragments import Unparsable, parse, python_fragments

if TYPE_CHECKING:
    import ast

    from manyeyes_tools.evidence.python_places import Check
    from manyeyes_tools.evidence.rules import Purpose
    from manyeyes_tools.fragments import Fragment
    from manyeyes_tools.material import Material

SURE_ENOUGH_FOR_REVIEW = 0.6
"""A review reports security faults from here on; the less sure ones belong to a security scan."""

LARGEST = 3_000_000
"""Characters of a file that is parsed at most; a tree takes a hundred times the room."""
TOGETHER = 20_000_000
"""Characters of all files whose trees are kept to follow values through them; about 500,000 lines."""

_NAMED = 3
"""Functions named where values could not be followed; the others are counted."""

SECURITY_CHECKS: tuple[Check, ...] = (*python_security.CHECKS, *python_settings.CHECKS, *python_routes.CHECKS)
REVIEW_CHECKS: tuple[Check, ...] = (*SECURITY_CHECKS, *python_bugs.CHECKS)


async def _look(material: Material, purpose: Purpose) -> Looked:
    fragments, unread = await compute(python_fragments, material)
    checks = SECURITY_CHECKS if purpose == "security" else REVIEW_CHECKS
    hits: list[Hit] = []
    problems = [f"python tree: {line}" for line in unread]
    parsed: list[tuple[Fragment, ast.Module]] = []
    size, beyond = 0, 0
    for fragment in fragments:
        if len(fragment.text) > LARGEST:
            problems.append(
                f"python tree: {fragment.file.path} is larger than {LARGEST:,} characters, so its rules were not "
                "run on it."
            )
            continue
        try:
            tree, found, tangled = await compute(_read, fragment, checks)
            hits.extend(found)
            size += len(fragment.text)
            if size <= TOGETHER:
                parsed.append((fragment, tree))
            else:
                beyond += 1
            problems.extend(
                f"python tree: {fragment.file.path}: the values in {where} could not be followed to their end, "
                "so findings may be missing there."
                for where in tangled
            )
        except Unparsable as error:
            line = fragment.line(error.line) if error.line else 0
            where = f"{fragment.file.path}:{line}" if line else fragment.file.path
            problems.append(f"python tree: {where} could not be parsed ({error}), so its rules were not run on it.")
        except RecursionError:
            problems.append(f"python tree: {fragment.file.path} is nested too deeply, so its rules were not run on it.")
    if beyond:
        problems.append(
            f"python tree: values were not followed in {beyond} of the {len(fragments)} files, beyond the first "
            f"{TOGETHER:,} characters; scan their folders by themselves."
        )
    templates = [file for file in material.files if file.path.endswith(ENDINGS) and not file.partial]
    flows = await compute(find_flows, parsed, templates)
    hits.extend(flows.hits)
    problems.extend(flows.problems)
    if purpose == "review":
        hits = [hit for hit in hits if _confidence(hit) >= SURE_ENOUGH_FOR_REVIEW or hit.rule.category != "security"]
    return Looked(
        hits=tuple(hits),
        rules=len(RULES) + sum(len(check.rules) for check in checks),
        problems=tuple(problems),
        followed=frozenset(fragment.file.path for fragment, _ in parsed),
    )


def _read(fragment: Fragment, checks: tuple[Check, ...]) -> tuple[ast.Module, list[Hit], list[str]]:
    """The tree, and what the checks say of it."""
    tree = parse(fragment.text)
    return (tree, *_check(fragment, tree, checks))


def _check(fragment: Fragment, module: ast.Module, checks: tuple[Check, ...]) -> tuple[list[Hit], list[str]]:
    """What the checks found, and the functions in which values could not be followed to their end."""
    tree = read_tree(module)
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
            if before is None or _confidence(before) < _confidence(hit):
                hits[rule.id, start] = hit
    tangled = [f"`{one.name}`" if one.name else "the module" for one in tree.tangled()]
    if len(tangled) > _NAMED:
        tangled[_NAMED:] = [f"{len(tangled) - _NAMED} more functions"]
    return list(hits.values()), tangled


def _confidence(hit: Hit) -> float:
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


ENGINE: Engine = Engine(name="python tree", prefix="manyeyes", languages=frozenset({"python"}), look=_look)
