"""Python's own syntax tree as a witness: what needs to know where a value came from, or how a function ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio

from manyeyes.cores import compute, compute_on
from manyeyes.garbage import building
from manyeyes_tools.evidence.python_checks import CHECKS, LARGEST, Examined, confidence_of, examine
from manyeyes_tools.evidence.python_flows import find_flows
from manyeyes_tools.evidence.python_guards import asked_elsewhere
from manyeyes_tools.evidence.rules import Engine, Looked
from manyeyes_tools.evidence.second_process import MUCH, examined_apart
from manyeyes_tools.evidence.taint.pages import ENDINGS
from manyeyes_tools.evidence.taint.tables import RULES
from manyeyes_tools.evidence.watching import current_watch
from manyeyes_tools.findings import Severity
from manyeyes_tools.fragments import Unparsable, parse, python_fragments

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator, Sequence

    from manyeyes_tools.evidence.python_flows import Flows
    from manyeyes_tools.evidence.rules import Hit, Purpose
    from manyeyes_tools.fragments import Fragment
    from manyeyes_tools.material import Material, SourceFile

SURE_ENOUGH_FOR_REVIEW = 0.6
"""A review reports security faults from here on; the less sure ones belong to a security scan."""
GRAVE_ENOUGH_FOR_REVIEW = 0.5
"""The same for critical and high ones: likelier than not is enough."""

_READ = "read {done} of {total} Python files"
ALONE = "python tree: no second process could be started, so that this took longer than it would have."
"""Told when the rules were run in this process after all."""
PORTION = 8_000
"""Characters that are read in one go, some milliseconds."""
_FROZEN = 100
"""After so many files trees are put out of the collector's sight."""
TOGETHER = 20_000_000
"""Characters of all files whose trees are kept to follow values through them; about 500,000 lines."""


async def _look(material: Material, purpose: Purpose) -> Looked:
    fragments, unread = await compute_on(material.size, python_fragments, material)
    kept = _kept(fragments)
    templates = [file for file in material.files if file.path.endswith(ENDINGS) and not file.partial]
    much = sum(len(one.text) for one in fragments) > MUCH
    read = await (_read_beside if much else _read)(fragments, kept, templates, purpose)
    problems = [f"python tree: {line}" for line in unread]
    problems.extend(line for one in read.examined for line in one.problems)
    if len(kept) < len(fragments):
        problems.append(
            f"python tree: values were not followed in {len(fragments) - len(kept)} of the {len(fragments)} files, "
            f"beyond the first {TOGETHER:,} characters; scan their folders by themselves."
        )
    hits = [*await compute_on(material.size, _hits, fragments, read.examined), *read.flows.hits]
    return Looked(
        hits=tuple(hits if purpose == "security" else filter(_for_review, hits)),
        rules=len(RULES) + sum(len(check.rules) for check in CHECKS[purpose]),
        problems=(*problems, *read.flows.problems),
        notes=(ALONE,) if read.alone else (),
        followed=read.followed,
    )


@dataclass(frozen=True, slots=True)
class _Read:
    """What came of reading the files.

    Attributes:
        examined: What the rules for single files say.
        flows: What following values gave.
        followed: The files in which they were followed.
        alone: Whether a second process was wanted and could not be had.
    """

    examined: Sequence[Examined]
    flows: Flows
    followed: frozenset[str]
    alone: bool = False


async def _read(
    fragments: Sequence[Fragment], kept: Sequence[Fragment], templates: Sequence[SourceFile], purpose: Purpose
) -> _Read:
    """Read all in this process, each file once."""
    examined: list[Examined] = []
    parsed: list[tuple[Fragment, ast.Module]] = []
    watch = current_watch()
    watch.begin(_READ, len(fragments), before=0, share=0.4)
    for several in _in_portions(fragments):
        for fragment, (said, tree) in zip(several, await compute(_examined, several, purpose), strict=True):
            if tree is not None and len(examined) < len(kept):
                parsed.append((fragment, tree))
            examined.append(said)
        watch.done = len(examined)
    flows = await compute(_followed, parsed, templates)
    return _Read(examined, flows, _paths(parsed))


def _in_portions(fragments: Sequence[Fragment]) -> Iterator[Sequence[Fragment]]:
    """Neighbours that are short, together: it takes as long to hand one over as to read some lines."""
    first = size = 0
    for number, fragment in enumerate(fragments):
        if size and size + len(fragment.text) > PORTION:
            yield fragments[first:number]
            first, size = number, 0
        size += len(fragment.text)
    if first < len(fragments):
        yield fragments[first:]


def _examined(fragments: Sequence[Fragment], purpose: Purpose) -> list[tuple[Examined, ast.Module | None]]:
    return [examine(fragment, purpose) for fragment in fragments]


async def _read_beside(
    fragments: Sequence[Fragment], kept: Sequence[Fragment], templates: Sequence[SourceFile], purpose: Purpose
) -> _Read:
    """Follow values here while a second process goes through the rules for single files."""
    examined: list[Examined] | None = None
    parsed: list[tuple[Fragment, ast.Module]] = []

    async def apart() -> None:
        nonlocal examined
        examined = await examined_apart(fragments, purpose)

    try:
        with building() as keep:
            async with anyio.create_task_group() as group:
                group.start_soon(apart)
                watch = current_watch()
                watch.begin(_READ, len(kept), before=0, share=0.3)
                for fragment in kept:
                    watch.done += 1
                    tree = await compute(_tree, fragment)
                    if tree is not None:
                        parsed.append((fragment, tree))
                    if watch.done % _FROZEN == 0:
                        keep()
                flows = await compute(_followed, parsed, templates)
    except BaseExceptionGroup as several:  # a fault in there is told like any other
        if len(several.exceptions) > 1:
            raise
        raise several.exceptions[0] from None
    alone = examined is None
    if examined is None:  # no second process could be had
        examined = []
        watch.begin("went through the rules for {done} of {total} Python files", len(fragments), before=0.9, share=0.1)
        for fragment in fragments:
            examined.append((await compute(examine, fragment, purpose))[0])
            watch.done += 1
    return _Read(examined, flows, _paths(parsed), alone)


def _paths(parsed: Sequence[tuple[Fragment, ast.Module]]) -> frozenset[str]:
    return frozenset(fragment.file.path for fragment, _ in parsed)


def _hits(fragments: Sequence[Fragment], examined: Sequence[Examined]) -> list[Hit]:
    """What the rules for single files say, in the light of the other files."""
    names = {fragment.file.path: one.names for fragment, one in zip(fragments, examined, strict=True)}
    guards = [guard for one in examined for guard in one.guards]
    return list(asked_elsewhere([hit for one in examined for hit in one.hits], guards, names))


def _kept(fragments: Sequence[Fragment]) -> list[Fragment]:
    """The first files, in whose trees, all kept at once, values are followed."""
    kept: list[Fragment] = []
    size = 0
    for fragment in fragments:
        size += len(fragment.text) if len(fragment.text) <= LARGEST else 0
        if size > TOGETHER:
            break
        kept.append(fragment)
    return kept


def _tree(fragment: Fragment) -> ast.Module | None:
    """A file's tree; why it has none is told by whoever runs the rules on it."""
    if len(fragment.text) > LARGEST:
        return None
    try:
        return parse(fragment.text)
    except (Unparsable, RecursionError):
        return None


def _followed(parsed: Sequence[tuple[Fragment, ast.Module]], templates: Sequence[SourceFile]) -> Flows:
    if sum(len(fragment.text) for fragment, _ in parsed) < MUCH:
        return find_flows(parsed, templates)
    with building() as keep:  # the trees stay until the end
        keep()
        return find_flows(parsed, templates)


def _for_review(hit: Hit) -> bool:
    """Whether it belongs into a review: other faults always, security faults when they are sure or grave enough."""
    least = GRAVE_ENOUGH_FOR_REVIEW if hit.rule.severity.at_least(Severity.HIGH) else SURE_ENOUGH_FOR_REVIEW
    return hit.rule.category != "security" or confidence_of(hit) >= least


ENGINE: Engine = Engine(name="python tree", prefix="manyeyes", languages=frozenset({"python"}), look=_look)
