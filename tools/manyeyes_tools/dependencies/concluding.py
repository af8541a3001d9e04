"""Verdicts as findings and packages: what holds, how bad it is, how sure, and what to do about it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from manyeyes_tools.dependencies.dependency import purl
from manyeyes_tools.dependencies.lookup import OPEN
from manyeyes_tools.dependencies.ranges import highest
from manyeyes_tools.dependencies.reach import Level
from manyeyes_tools.findings import Finding, Package, Severity, Step, Suggestion
from manyeyes_tools.identity import finding_id
from manyeyes_tools.weaknesses import A03, A08

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from manyeyes_tools.dependencies.gathering import Source
    from manyeyes_tools.dependencies.inventory import Component
    from manyeyes_tools.dependencies.lookup import Hit, Verdict
    from manyeyes_tools.dependencies.reach import Reach

ENGINE = "manyeyes:osv"
VULNERABLE, MALICIOUS, SQUATTING = "vulnerable-dependency", "malicious-package", "typosquatting"
SUBSTITUTED = "substituted-package"
_CONFIDENCE = {Level.CALLED: 0.97, Level.IMPORTED: 0.85, Level.UNKNOWN: 0.75, Level.NOT_IMPORTED: 0.5}
_TRANSITIVE = 0.7
"""Of a package that others need, no import here says little: it is they who use it."""
_UNSURE = 0.8
"""What is left where only the service held the version against the advisory."""
_NAMED = 8
_LONGEST_QUOTE = 300


@dataclass(frozen=True, slots=True)
class Found:
    """A finding with what it came from, so that models can be asked about it."""

    finding: Finding
    component: Component
    hit: Hit
    reach: Reach


def findings_of(
    verdicts: Iterable[Verdict],
    reach_of: Callable[[Component, Hit], Reach],
    texts: Mapping[str, Source],
    mask: Callable[[str, str], str],
) -> list[Found]:
    """One finding for each advisory that holds for a dependency, the worst and surest first."""
    found = []
    lines: dict[str, list[str]] = {}
    for verdict in verdicts:
        component = verdict.component
        whole = highest(component.ecosystem, (hit.fixed for hit in verdict.hits if hit.fixed))
        whole = whole if all(hit.fixed for hit in verdict.hits) else ""
        for hit in verdict.hits:
            reach = reach_of(component, hit)
            quote = _quote(component, texts, lines, mask)
            found.append(Found(_finding(component, hit, reach, quote, whole), component, hit, reach))
    return sorted(found, key=lambda one: order(one.finding, one.component))


def order(finding: Finding, component: Component) -> tuple[int, float, bool, str, str]:
    """Where a finding stands: the worst first, then the surest, then what the project can upgrade itself."""
    return finding.severity.rank, -finding.confidence, component.direct is False, finding.path, finding.title


def squatting(
    component: Component, other: str, texts: Mapping[str, Source], mask: Callable[[str, str], str]
) -> Finding:
    """The hint that a name is one slip away from a much used one."""
    return Finding(
        id=finding_id(component.path, SQUATTING, component.package),
        title=f"The name {component.dependency.name} is one slip away from {other}",
        severity=Severity.INFO,
        category=SQUATTING,
        path=component.path,
        start_line=component.dependency.line,
        end_line=component.dependency.line,
        quote=_quote(component, texts, {}, mask),
        explanation=(
            f"{other} is among the most used packages of {component.ecosystem}; attackers publish packages under names "
            f"that are easily typed instead. This is a hint by the name alone: see whether {component.dependency.name} "
            "is the package that was meant."
        ),
        cwe="CWE-1357",
        owasp=A03,
        confidence=0.3,
        sources=["manyeyes:names"],
    )


def substituted(component: Component, texts: Mapping[str, Source], mask: Callable[[str, str], str]) -> Finding:
    """The finding that a lock names one package and fetches another."""
    dependency = component.dependency
    return Finding(
        id=finding_id(component.path, SUBSTITUTED, component.title, dependency.fetched),
        title=f"The lock names {component.title} and fetches another package in its place",
        severity=Severity.HIGH,
        category=SUBSTITUTED,
        path=component.path,
        start_line=dependency.line,
        end_line=dependency.line,
        quote=_quote(component, texts, {}, mask),
        explanation=(
            f"What is installed comes from {mask(dependency.fetched[:300], component.path)}, which is not the archive "
            f"of {component.title}. No package manager writes such an entry; whoever changes a lock by hand can so "
            "bring in code that no review of the manifest shows."
        ),
        cwe="CWE-494",
        owasp=A08,
        confidence=0.95,
        sources=["manyeyes:lock"],
        suggestion=Suggestion(
            explanation=(
                "Find out who changed the entry and why, take what was installed by it for untrusted until then, and "
                "have the package manager write the lock anew."
            )
        ),
    )


def listed(verdicts: Sequence[Verdict]) -> list[Package]:
    """Every dependency as the result lists it: vulnerable ones first, then unchecked ones, then clean ones."""
    ranks = {"vulnerable": 0, "unchecked": 1, "clean": 2}
    ordered = sorted(range(len(verdicts)), key=lambda index: (ranks[verdicts[index].status], index))
    place = {index: number for number, index in enumerate(ordered)}
    packages = []
    for index in ordered:
        verdict = verdicts[index]
        component = verdict.component
        packages.append(
            Package(
                purl=purl(component.ecosystem, component.dependency.name, component.version),
                status=verdict.status,
                why=verdict.why,
                path=component.path,
                line=component.dependency.line,
                direct=component.direct,
                licence=component.dependency.licence[:100],
                needs=[place[needed] for needed in component.needs],
            )
        )
    return packages


def unchecked(verdicts: Iterable[Verdict]) -> tuple[list[str], list[str]]:
    """The unchecked by reason: those of which something is missing, and those that no advisory can know."""
    by_reason: dict[str, list[Component]] = {}
    for verdict in verdicts:
        if verdict.status == "unchecked":
            usual = verdict.component.dependency.unknown or OPEN
            reason = usual if verdict.why.startswith(usual) else verdict.why
            by_reason.setdefault(reason, []).append(verdict.component)
    problems: list[str] = []
    notes: list[str] = []
    for reason, components in by_reason.items():
        names = list(dict.fromkeys(one.title for one in components))
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        line = f"Not checked: {', '.join(names[:_NAMED])}{more} ({reason})."
        known = all(one.dependency.origin == "registry" for one in components)
        (problems if known else notes).append(line)
    return problems, notes


def licence_summary(verdicts: Iterable[Verdict]) -> str:
    """The licences that lock files and bills of materials name, by number; empty where they name none."""
    said = [verdict.component.dependency.licence.strip()[:60] for verdict in verdicts]
    spelling: dict[str, str] = {}
    counts = Counter(spelling.setdefault(name.casefold(), name) for name in said)
    silent = counts.pop("", 0)
    if not counts:
        return ""
    listed_ = ", ".join(f"{name} {number}" for name, number in counts.most_common(_NAMED))
    more = f", {len(counts) - _NAMED} others" if len(counts) > _NAMED else ""
    unknown = f"; {silent} not named" if silent else ""
    strict = sorted(name for name in counts if all(map(_has_conditions, re.split(r" OR ", name.strip("()")))))
    marked = f" With conditions on what is built from them: {', '.join(strict[:_NAMED])}." if strict else ""
    return f"Licences as the files name them: {listed_}{more}{unknown}.{marked}"


def _has_conditions(licence: str) -> bool:
    return any(word in licence.upper() for word in ("GPL", "SSPL", "BUSL", "EUPL"))


def _finding(component: Component, hit: Hit, reach: Reach, quote: str, whole: str) -> Finding:
    advisory = hit.advisory
    malicious = hit.id.startswith("MAL-") or bool(advisory and advisory.malicious)
    name = next((one for one in (hit.id, *hit.others) if one.startswith("CVE-")), hit.id)
    what = advisory.summary if advisory and advisory.summary else "known weakness"
    confidence = _CONFIDENCE[reach.level]
    if reach.level is Level.NOT_IMPORTED and component.direct is False:
        confidence = _TRANSITIVE
    if malicious:
        confidence = _CONFIDENCE[Level.CALLED]  # it does its harm when it is installed
    confidence = round(confidence if hit.sure else confidence * _UNSURE, 3)
    severity = Severity.CRITICAL if malicious else (advisory.severity if advisory else None) or Severity.HIGH
    return Finding(
        id=finding_id(component.path, VULNERABLE, f"{component.package} {min(hit.id, *hit.others, key=_eldest)}"),
        title=f"{component.title}: {what} ({name})",
        severity=severity,
        category=MALICIOUS if malicious else VULNERABLE,
        path=component.path,
        start_line=component.dependency.line,
        end_line=component.dependency.line,
        quote=quote,
        explanation=_explanation(component, hit, reach, malicious=malicious),
        cwe="CWE-506" if malicious else "CWE-1395",
        owasp=A03,
        confidence=confidence,
        sources=[ENGINE],
        suggestion=Suggestion(explanation=_advice(component, hit, whole, malicious=malicious)),
        trace=[Step(path=use.path, line=use.line, note=f"uses {component.dependency.name}") for use in reach.uses],
    )


def _eldest(name: str) -> tuple[bool, str]:
    """The name that stays the same whichever database told: the CVE's, where there is one."""
    return not name.startswith("CVE-"), name


def _explanation(component: Component, hit: Hit, reach: Reach, *, malicious: bool) -> str:
    advisory = hit.advisory
    names = ", ".join(dict.fromkeys((hit.id, *hit.others)))
    parts = [f"Advisory: {names}."]
    if advisory is None:
        parts.append("What it says could not be fetched, so its severity is taken as high.")
    else:
        if advisory.cwe:
            parts[0] = f"Advisory: {names} ({advisory.cwe})."
        if advisory.details:
            parts.append(" ".join(advisory.details.split())[:600])
        if advisory.severity is None and not malicious:
            parts.append("Nobody says how severe it is; it is taken as high.")
        elif advisory.vector:
            parts.append(f"{advisory.vector}.")
    if not hit.sure:
        parts.append("The service names this version; the ranges of the advisory could not confirm it here.")
    parts.append(_way(component))
    if malicious:
        parts.append("The package itself is reported as an attack: it may already have run where it was installed.")
    else:
        parts.append(f"Reachability: {reach.level} ({reach.said}).")
    if component.dependency.development:
        parts.append("Only development needs it.")
    if advisory and advisory.references:
        parts.append(f"See {advisory.references[0]}")
    return " ".join(parts)


def _way(component: Component) -> str:
    if component.direct:
        return "It is a direct dependency."
    if component.via:
        return f"It comes by way of {' > '.join((*component.via, component.dependency.name))}."
    if component.direct is False:
        return "It is a transitive dependency; the file does not tell by way of which."
    return "Whether it is direct is not known: no manifest beside the file tells."


def _advice(component: Component, hit: Hit, whole: str, *, malicious: bool) -> str:
    name = component.dependency.name
    if malicious:
        return (
            f"Remove {name}, and treat every machine that installed it, and every secret on it, as taken over until "
            "that is ruled out."
        )
    if not hit.fixed:
        return f"No fixed version of {name} is known. Replace it, or see in the advisory how to avoid the weakness."
    target = f"{name} {hit.fixed} or newer"
    beyond = f"; {whole} mends all that is known of it" if whole and whole != hit.fixed else ""
    if component.direct is False and component.via:
        return f"Upgrade {component.via[0]} to a version that takes {target}, or pin that version{beyond}."
    if component.direct is False:
        return f"Upgrade what brings it in, or pin {target}{beyond}."
    return f"Upgrade to {target}{beyond}."


def _quote(
    component: Component,
    texts: Mapping[str, Source],
    lines: dict[str, list[str]],
    mask: Callable[[str, str], str],
) -> str:
    path = component.path
    if path not in lines:
        lines[path] = texts[path].text.split("\n") if path in texts else []
    number = component.dependency.line
    line = lines[path][number - 1] if 0 < number <= len(lines[path]) else ""
    return mask(line[:_LONGEST_QUOTE].rstrip("\r"), path)
