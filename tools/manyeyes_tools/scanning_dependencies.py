"""How dependencies are scanned: read the manifests, ask for advisories, see what is used, let a model weigh it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from manyeyes.cores import compute
from manyeyes.errors import BadCall
from manyeyes_tools.dependencies import concluding
from manyeyes_tools.dependencies.dependency import Dependency, Ecosystem
from manyeyes_tools.dependencies.gathering import READ, Gathered, gather
from manyeyes_tools.dependencies.hints import looks_like
from manyeyes_tools.dependencies.inventory import Component, packages, take_stock
from manyeyes_tools.dependencies.lookup import judge, questions
from manyeyes_tools.dependencies.reach import Usage, undeclared
from manyeyes_tools.findings import ScanResult, Severity, Suppressed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from manyeyes.results import Run, Status
    from manyeyes.tool import Bench
    from manyeyes_tools.arguments import ScanArguments
    from manyeyes_tools.dependencies.concluding import Found
    from manyeyes_tools.dependencies.lookup import Lookup, Question, Verdict
    from manyeyes_tools.dependencies.weighing import Opinion
    from manyeyes_tools.findings import Finding

_OUTSIDE = "it lies outside the change"
_SHARE = 0.5
"""The part of a call's time that asking for advisories may take."""
_LIKELY, _UNLIKELY = 0.97, 0.6
"""How sure a finding is at least, or at most a part of it, when a model says whether it can be exploited here."""
_ORDERED = 10
_UNREACHED = ("no whole answer came", "no answer within", "it took too long", "it failed several times")
"""How failures begin that leave open whether anybody is there."""
_REMEDY = (
    "Scan again when it answers (HTTPS_PROXY may name a proxy), or name another with MANYEYES_OSV_URL, or a copy of "
    "its records with MANYEYES_OSV_DB or --osv-db PATH."
)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the source of advisories answered, and what went wrong."""

    lookups: Mapping[Question, Lookup]
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Outcome:
    """All that a result is made of."""

    gathered: Gathered
    verdicts: Sequence[Verdict]
    found: Sequence[Found]
    outside: int
    problems: tuple[str, ...]
    asked: _Asked
    opinion: Opinion | None


async def scan_dependencies(arguments: ScanArguments, bench: Bench) -> ScanResult:
    """Scan the dependencies of what the arguments name.

    Raises:
        BadCall: there is nothing to scan, or not as asked.
    """
    await bench.progress("reading the manifests", 0, 4)
    limiter = anyio.CapacityLimiter(1)
    read = partial(gather, arguments, bench.roots, bench.settings.limits)
    gathered = await anyio.to_thread.run_sync(read, abandon_on_cancel=True, limiter=limiter)
    components, problems = await compute(_stock, gathered)
    if not components and not gathered.readings:
        why = f" {' '.join(gathered.problems[:3])}" if gathered.problems else ""
        raise BadCall(f"There is no manifest or lock file in what was given.{why} Read are: {READ}.")
    if not components and gathered.problems:
        raise BadCall(f"No dependency could be read. {' '.join(gathered.problems[:5])}")
    await bench.progress(f"asking for advisories on {len(components):,} dependencies", 1, 4)
    asked = await _ask(components, bench)
    verdicts = await compute(_verdicts, components, asked.lookups)
    await bench.progress("looking where they are used", 2, 4)
    found = await compute(_found, verdicts, gathered, bench)
    kept, outside = _within_change(found, gathered)
    opinion = None
    if kept:
        await bench.progress("weighing what was found", 3, 4)
        from manyeyes_tools.dependencies.weighing import weigh

        opinion = await weigh(kept, gathered.sources, bench, model=arguments.model)
    outcome = _Outcome(gathered, verdicts, kept, outside, tuple(problems), asked, opinion)
    run, notices = bench.run(), bench.notices  # on the event loop, whose clock they use
    return await compute(_result, outcome, run, notices, bench.redactor.mask)


def _stock(gathered: Gathered) -> tuple[list[Component], list[str]]:
    components, problems = take_stock(gathered.readings)
    if not any(one.ecosystem is Ecosystem.PYPI for one in components) and not gathered.readings:
        components += [
            Component(
                dependency=Dependency(ecosystem=Ecosystem.PYPI, name=package, line=line, direct=True),
                path=path,
                direct=True,
            )
            for package, path, line in undeclared(gathered.sources)
        ]
    return components, problems


async def _ask(components: list[Component], bench: Bench) -> _Asked:
    settings = bench.settings.osv
    asked = questions(components)
    if not asked:
        return _Asked({})
    if settings.db is not None:
        from manyeyes_tools.dependencies import database

        wanted = {(str(ecosystem), name) for ecosystem, name in packages(components)}
        read = partial(database.read, settings.db.expanduser(), wanted)
        known = await anyio.to_thread.run_sync(read, abandon_on_cancel=True, limiter=anyio.CapacityLimiter(1))
        return _Asked(
            known.answers(asked),
            tuple(known.problems),
            (f"Advisories: {known.records:,} records of the copy at hand; nobody was asked.",),
        )
    if bench.settings.privacy == "local-only" and not settings.local:
        from manyeyes_tools.dependencies.lookup import Lookup

        why = "privacy is local-only, so nobody was asked; name a copy of the database with MANYEYES_OSV_DB"
        return _Asked(dict.fromkeys(asked, Lookup((), why)))
    from manyeyes_tools.dependencies.server import Service

    service = Service(
        settings,
        recall=bench.recall,
        keep=bench.keep,
        patience_s=min(settings.patience_s, bench.settings.deadline_s * _SHARE),
        backoff_s=bench.settings.retry.backoff_s,
    )
    lookups = await service.ask(asked)
    answered = sum(not one.failure or bool(one.matches) for one in lookups.values())
    problem = _of_service(settings.url, service.failures, answered=answered)
    notes = (f"Advisories: {answered:,} packages were looked up at {settings.url}.",) if answered else ()
    return _Asked(lookups, (problem,) if problem else (), notes)


def _of_service(url: str, failures: Mapping[str, int], *, answered: int) -> str:
    """What went wrong with the service of vulnerabilities, and what to do; empty when nothing did."""
    if not failures:
        return ""
    why = ", ".join(f"{why} ({number})" if number > 1 else why for why, number in failures.items())
    reached = answered or not all(why.startswith(_UNREACHED) for why in failures)
    what = "did not answer everything" if reached else "could not be reached"
    return f"The vulnerability service at {url} {what}: {why}. {_REMEDY}"


def _verdicts(components: list[Component], lookups: Mapping[Question, Lookup]) -> list[Verdict]:
    return [judge(one, lookups) for one in components]


def _found(verdicts: Sequence[Verdict], gathered: Gathered, bench: Bench) -> list[Found]:
    usage = Usage(gathered.sources)
    return concluding.findings_of(verdicts, usage.of, gathered.texts, bench.redactor.mask)


def _within_change(found: list[Found], gathered: Gathered) -> tuple[list[Found], int]:
    """Of a change, what its lines brought in."""
    kept = [
        one
        for one in found
        if (text := gathered.texts.get(one.component.path)) is None
        or text.changed is None
        or one.component.dependency.line in text.changed
        or _near(one.component.dependency.line, text.changed)
    ]
    return kept, len(found) - len(kept)


def _near(line: int, changed: frozenset[int]) -> bool:
    """A lock names a package on one line and its version on one of the next."""
    return any(line + step in changed for step in range(1, 4))


def _result(outcome: _Outcome, run: Run, notices: Sequence[str], mask: Callable[[str], str]) -> ScanResult:
    gathered, verdicts, found, asked = outcome.gathered, outcome.verdicts, outcome.found, outcome.asked
    opinion, outside = outcome.opinion, outcome.outside
    findings = _ordered([_with_opinion(one, opinion) for one in found], opinion)
    hints = [
        concluding.squatting(one, other, gathered.texts, lambda text, _path: mask(text))
        for one, other in looks_like([verdict.component for verdict in verdicts])
    ]
    swapped = [
        concluding.substituted(one.component, gathered.texts, lambda text, _path: mask(text))
        for one in verdicts
        if one.component.dependency.fetched
    ]
    findings = _weighted([*swapped, *findings], gathered)
    missing, unknowable = concluding.unchecked(verdicts)
    heard = bool(opinion and opinion.said is not None)
    keyless = [opinion.problem] if opinion and opinion.problem else []
    wrong = [*keyless, *asked.problems, *missing, *gathered.problems, *outcome.problems]
    counts = Counter[str](verdict.status for verdict in verdicts)
    status: Status = "evidence_only" if not heard else "partial" if wrong else "complete"
    licences = concluding.licence_summary(verdicts)
    notes = [*notices, *_upgrades(opinion, found), *asked.notes, *unknowable, *gathered.notes]
    if licences:
        notes.append(licences)
    if opinion and opinion.unknown:
        notes.append(f"A model spoke of {opinion.unknown} findings that do not exist; that was left out.")
    every = [*findings, *hints]
    return ScanResult(
        status=status,
        summary=_summary(counts, findings, gathered, opinion),
        problems=[mask(line) for line in wrong],
        notes=[mask(line) for line in notes],
        run=run,
        findings=every,
        counts=dict(Counter(str(finding.severity) for finding in every)),
        scan_type="sca",
        rules_run=counts["vulnerable"] + counts["clean"],
        sarif=f"manyeyes://runs/{run.id}/sarif",
        suppressed=Suppressed(count=outside, reasons={_OUTSIDE: outside} if outside else {}),
        checked={status: counts[status] for status in ("vulnerable", "clean", "unchecked")},
        packages=concluding.listed(verdicts),
    )


def _with_opinion(one: Found, opinion: Opinion | None) -> Finding:
    """The finding with what a model made of it; it never takes a finding away."""
    said = opinion.said.get(one.finding.id) if opinion and opinion.said else None
    if said is None or opinion is None:
        return one.finding
    confidence = one.finding.confidence
    dissent = None
    if said.exploitable == "likely":
        confidence = max(confidence, min(_LIKELY, confidence + 0.1))
    elif said.exploitable == "unlikely":
        confidence = round(confidence * _UNLIKELY, 3)
        dissent = f"{opinion.ref}: {said.why}"
    return one.finding.model_copy(
        update={
            "confidence": round(confidence, 3),
            "dissent": dissent,
            "sources": [*one.finding.sources, opinion.ref] if said.exploitable == "likely" else one.finding.sources,
            "explanation": f"{one.finding.explanation} Exploitable here: {said.exploitable}. {said.why[:600]}",
        }
    )


def _ordered(findings: list[Finding], opinion: Opinion | None) -> list[Finding]:
    """By severity; within one severity in the model's order, then by how sure they are."""
    place = {name: number for number, name in enumerate(opinion.order)} if opinion else {}

    def key(one: Finding) -> tuple[int, int, float, str, str]:
        return one.severity.rank, place.get(one.id, len(place)), -one.confidence, one.path, one.title

    return sorted(findings, key=key)


def _weighted(findings: list[Finding], gathered: Gathered) -> list[Finding]:
    """The project's own weights, by category, CWE or source."""
    weights = gathered.project.severities
    return [
        one.model_copy(update={"severity": weights[key]})
        if (key := next((key for key in (*one.sources, one.cwe or "", one.category) if key in weights), None))
        else one
        for one in findings
    ]


def _upgrades(opinion: Opinion | None, found: Sequence[Found]) -> list[str]:
    """In which order to upgrade, by the model or, without one, by severity, sureness and directness."""
    if not found:
        return []
    by_id = {one.finding.id: one for one in found}
    names = list(opinion.order) if opinion and opinion.order else [one.finding.id for one in found]
    packages_ = dict.fromkeys(
        f"{one.component.dependency.name} to {one.hit.fixed}" for name in names if (one := by_id[name]).hit.fixed
    )
    if not packages_:
        return []
    shown = list(packages_)[:_ORDERED]
    more = f" and {len(packages_) - _ORDERED} more" if len(packages_) > _ORDERED else ""
    who = f" ({opinion.ref})" if opinion and opinion.order else ""
    return [f"Upgrade in this order{who}: {', '.join(shown)}{more}."]


def _summary(counts: Counter[str], findings: Sequence[Finding], gathered: Gathered, opinion: Opinion | None) -> str:
    total = sum(counts.values())
    if not total:
        number = len(gathered.readings)
        return f"{number} manifest{' names' if number == 1 else 's name'} no dependency."
    parts = f"{counts['vulnerable']} vulnerable, {counts['clean']} clean, {counts['unchecked']} unchecked"
    text = f"{total} dependencies: {parts}."
    if not counts["clean"] and not counts["vulnerable"]:
        text = f"None of the {total} dependencies could be checked."
    elif counts["unchecked"]:
        text += " What is unchecked may be vulnerable."
    worst = Counter(finding.severity for finding in findings)
    if findings:
        listed = ", ".join(f"{worst[severity]} {severity}" for severity in Severity if worst[severity])
        text += f" {len(findings)} finding{'' if len(findings) == 1 else 's'} ({listed})."
    return f"{text} {opinion.summary}".strip() if opinion else text
