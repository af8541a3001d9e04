"""Statements that control goes through on several ways."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_walk import walk
from manyeyes_tools.evidence.taint.evaluation import evaluate, facts_of, run
from manyeyes_tools.evidence.taint.facts import Facts, facts_about, meet, unite, with_facts
from manyeyes_tools.evidence.taint.tables import ALL
from manyeyes_tools.evidence.taint.values import Value, join

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.frames import Frame


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


def joined_ways(frame: Frame, ends: list[tuple[dict[str, Value], Facts]]) -> bool:
    """Go on with what holds on all ways that lead here; True when there is none."""
    if not ends:
        return True
    if len(ends) > 1:
        # What holds on one way only is kept with the values of that way, before the ways are joined.
        common: Facts | None = None
        for _, facts in ends:
            common = meet(common, facts)
        made = []
        for env, facts in ends:
            own = {origin: fact for origin, fact in facts.items() if (common or {}).get(origin) != fact}
            made.append({name: with_facts(value, own) for name, value in env.items()} if own else env)
        frame.env = made[0]
        for env in made[1:]:
            frame.env = merged(frame.env, env)
        frame.facts = common or {}
    else:
        frame.env, frame.facts = ends[0]
    return False


def branch(frame: Frame, node: ast.If) -> bool:
    """Branches, one after the other: a chain of `elif` is gone along without recursion."""
    ends: list[tuple[dict[str, Value], Facts]] = []
    at: ast.If = node
    while True:
        evaluate(frame, at.test)
        true, false = facts_of(frame, at.test)
        env, facts = frame.env, frame.facts
        frame.env, frame.facts = dict(env), unite(facts, true)
        if not run(frame, at.body):
            ends.append((frame.env, frame.facts))
        frame.env, frame.facts = env, unite(facts, false)
        if len(at.orelse) == 1 and isinstance(at.orelse[0], ast.If):
            frame.env = dict(env)
            at = at.orelse[0]
            continue
        if at.orelse:
            frame.env = dict(env)
            if not run(frame, at.orelse):
                ends.append((frame.env, frame.facts))
        else:
            ends.append((frame.env, frame.facts))
        break
    return joined_ways(frame, ends)


def match(frame: Frame, node: ast.Match) -> bool:
    """`match`: a pattern of constants leaves only values of the program's own."""
    subject = evaluate(frame, node.subject)
    ends: list[tuple[dict[str, Value], Facts]] = []
    env, facts = frame.env, frame.facts
    whole = False
    for case in node.cases:
        frame.env, frame.facts = dict(env), facts
        constant = True
        for part in walk(case.pattern):
            if isinstance(part, ast.MatchAs | ast.MatchStar | ast.MatchMapping):
                constant = False
                name = part.rest if isinstance(part, ast.MatchMapping) else part.name
                if name:
                    frame.env[name] = Value(subject.atoms)
        if constant:
            frame.facts = unite(frame.facts, facts_about(subject.atoms, ALL))
        elif isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None and case.guard is None:
            whole = True
        if case.guard is not None:
            evaluate(frame, case.guard)
            true, _ = facts_of(frame, case.guard)
            frame.facts = unite(frame.facts, true)
        if not run(frame, case.body):
            ends.append((frame.env, frame.facts))
    if not whole:
        ends.append((env, facts))
    return joined_ways(frame, ends)
