"""Evidence: what can be said about code without a model, by deterministic engines.

An engine is one file here and one entry of `ENGINES`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio

from manyeyes.cores import compute_on
from manyeyes_tools.evidence import instructions, python_tree, ruff, script_calls, secrets
from manyeyes_tools.evidence.ruff_doubts import settled_by_tree
from manyeyes_tools.evidence.rules import EngineFailed
from manyeyes_tools.evidence.watching import tell_of, watched
from manyeyes_tools.identity import identify

if TYPE_CHECKING:
    from manyeyes_tools.evidence.rules import Engine, Hit, Looked, Purpose
    from manyeyes_tools.evidence.watching import Tell
    from manyeyes_tools.findings import Finding
    from manyeyes_tools.material import Material

ENGINES: tuple[Engine, ...] = (
    ruff.ENGINE,
    python_tree.ENGINE,
    script_calls.ENGINE,
    secrets.ENGINE,
    instructions.ENGINE,
)
"""Every engine, in the order in which they are named to people."""

PER_RULE = 500
"""So many findings of one rule in one file are kept: more were made by a machine, or to wear readers out."""

_PROSE = frozenset({
    "text", "markdown", "rst", "html", "json", "yaml", "toml", "ini", "csv", "xml", "requirements", "go-mod",
})  # fmt: skip

_FAULTS = (EngineFailed, OSError, MemoryError, RecursionError, ValueError, LookupError, TypeError, AttributeError)
"""What an engine can die of without taking the others with it: its surroundings, the code's size, its own fault."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the engines found.

    Attributes:
        findings: Everything found, not yet merged; each engine's by place.
        engines: The engines that did their work: those with rules for a language at hand, and those that read any text.
        rules_run: How many rules they went through.
        problems: What could not be done, and why; names the engine.
        notes: What no engine looked at by its nature, such as languages without one.
        unchanged: How many findings lay on lines that the change did not touch and were left out.
        repeated: How many were left out because `PER_RULE` others of their rule lie above them in their file.
    """

    findings: tuple[Finding, ...]
    engines: tuple[str, ...]
    rules_run: int
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    unchanged: int = 0
    repeated: int = 0


async def gather_evidence(
    material: Material, *, purpose: Purpose, engines: tuple[Engine, ...] | None = None, tell: Tell | None = None
) -> Evidence:
    """Let every engine look at the material, all at once.

    An engine that fails is named in `problems`; what the others found stays.  `tell` hears every second how far they
    have come, where there is that much to do.
    """
    every = ENGINES if engines is None else engines
    languages = {file.language for file in material.files}
    # One that knows none of the languages at hand would look at nothing, so it is neither run nor named.
    engines = tuple(engine for engine in every if not engine.languages or not engine.languages.isdisjoint(languages))
    looked: dict[str, Looked] = {}
    failed: dict[str, str] = {}

    async def look(engine: Engine) -> None:
        try:
            looked[engine.name] = await engine.look(material, purpose)
        except EngineFailed as error:
            failed[engine.name] = f"{engine.name} gave no evidence: {error}"
        except _FAULTS as error:  # their texts may hold the code under review, so only their kind is told
            failed[engine.name] = f"{engine.name} gave no evidence: it broke down with {type(error).__name__}."

    watch = watched()
    async with anyio.create_task_group() as waiting:
        if tell is not None:
            waiting.start_soon(tell_of, watch, tell)
        async with anyio.create_task_group() as group:
            for engine in engines:
                group.start_soon(look, engine)
        waiting.cancel_scope.cancel()

    names = [engine.name for engine in engines]
    spoken = settled_by_tree({name: looked[name] for name in names if name in looked})
    found = await compute_on(material.size, _found, [spoken[name] for name in names if name in looked], material)
    return Evidence(
        findings=found.findings,
        engines=tuple(name for name in names if name in looked),
        rules_run=sum(done.rules for done in looked.values()),
        problems=tuple(
            line for name in names for line in (looked[name].problems if name in looked else (failed[name],))
        ),
        notes=(
            *_without_rules(material, every),
            *(line for name in names if name in looked for line in looked[name].notes),
        ),
        unchanged=found.unchanged,
        repeated=found.repeated,
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """What is left of the hits of all engines; see `Evidence`."""

    findings: tuple[Finding, ...]
    unchanged: int
    repeated: int


def _found(engines: list[tuple[Hit, ...]], material: Material) -> _Found:
    """The hits as findings, engine by engine."""
    masked = {file.path: file.masked.split("\n") for file in (*material.files, *material.sealed)}
    findings: list[Finding] = []
    unchanged = repeated = 0
    for hits in engines:
        touched = [hit for hit in hits if hit.in_change()]
        unchanged += len(hits) - len(touched)
        counts: Counter[tuple[str, str]] = Counter()
        kept = []
        for hit in sorted(touched, key=lambda one: (one.file.path, one.start_line, one.end_line)):
            kind = hit.file.path, hit.source
            counts[kind] += 1
            if counts[kind] <= PER_RULE:
                kept.append(hit.finding(masked[hit.file.path]))
        repeated += len(touched) - len(kept)
        findings.extend(identify(kept, material))
    return _Found(tuple(findings), unchanged, repeated)


def _without_rules(material: Material, engines: tuple[Engine, ...]) -> tuple[str, ...]:
    """The languages at hand whose code no engine understands."""
    known = frozenset[str]().union(*(engine.languages for engine in engines)) | _PROSE
    rest = sorted({file.language for file in material.files if file.text.strip()} - known)
    if not rest:
        return ()
    return (f"No engine has rules for {', '.join(rest)}: searched only for secrets and for instructions to reviewers.",)
