"""What requests proved and what the code tells, as one list: a finding of the code that was proved says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from manyeyes_tools.findings import Finding, Severity, Step, Suggestion
from manyeyes_tools.identity import finding_id
from manyeyes_tools.weaknesses import family_of, owasp_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from manyeyes_tools.probing.entries import CodePlace
    from manyeyes_tools.probing.proof import Proof
    from manyeyes_tools.probing.reproving import Unproved
    from manyeyes_tools.probing.scope import Origin

PROVED = 0.99
"""How sure a finding of the code is once a request has proved it."""
_REPORTED, _DOUBTED = 0.5, 0.25
"""How sure another scanner's finding is that no request proved: where none was tried, and where one was in vain."""
_AKIN = ({"template-injection", "code-injection"}, {"template-injection", "xss"})


def join(  # noqa: PLR0917  what comes together, and how it is shown
    proofs: Sequence[Proof],
    static: Iterable[Finding],
    lines: Mapping[str, Sequence[str]],
    origin: Origin,
    mask: Callable[[str], str],
    unproved: Iterable[Unproved] = (),
) -> list[Finding]:
    """All findings: those of the code, marked where they were proved, what was proved besides, and what others report.

    What was proved lies at the route's handler where the code is known, else at the address without its query, at line
    1; its quote is then the request.  Blocking: to be called in a worker thread.

    Args:
        proofs: What requests proved.
        static: What engines say of the code.
        lines: The masked lines of each file.
        origin: Where it was proved.
        mask: Replaces secrets: answers may hold some.
        unproved: What other scanners report and no request of ours proved.
    """
    known = list(static)
    own: list[Finding] = []
    for proof in _distinct(proofs):
        told = mask(_told(proof, origin))
        step = Step(path=_address(proof, origin), line=1, note=f"a request proved it: {proof.weakness.title}")
        same = [number for number, one in enumerate(known) if _same(one, proof)]
        for number in same:
            known[number] = _proved(known[number], proof, told, step)
        if not same:
            quote = mask(str(proof.steps[0][0] if proof.steps else proof.entry.asked()))
            own.append(_own(proof, told, step, lines, _Address(_address(proof, origin), quote)))
    for one in unproved:
        same = [
            number
            for number, finding in enumerate(known)
            if _in_handler(finding, one.entry.where, one.reported.kind.cwe)
        ]
        for number in same:
            known[number] = known[number].model_copy(update={"sources": sorted({*known[number].sources, *one.sources})})
        if not same:
            own.append(_reported(one, lines, origin, mask))
    return [*known, *own]


def _reported(one: Unproved, lines: Mapping[str, Sequence[str]], origin: Origin, mask: Callable[[str], str]) -> Finding:
    """A finding of another scanner's that no request of ours proved, and that says so."""
    there, kind = one.reported, one.reported.kind
    url = f"{origin}{there.path}"
    where = f" in {there.parameter}" if there.parameter else ""
    why = "our own probe tried this input and could not show it" if one.tried else "no request of ours shows it"
    told = mask(f"Not proved: {there.engine} reports it at {url} ({there.method}{where}), and {why}. {there.said}")
    quote = mask(" ".join(f"{there.method} {there.target or there.path}".split())[:600])
    place = _place(one.entry.where, lines, _Address(url, quote))
    return Finding(
        id=finding_id(there.path, kind.cwe, f"{there.method} {there.parameter}", f"{there.engine}-{kind.rule}"),
        title=mask(f"{kind.title}{where}, as {there.engine} reports"),
        severity=kind.severity,
        category="security",
        path=place[0],
        start_line=place[1],
        end_line=place[1],
        quote=place[2],
        explanation=f"{kind.explanation}\n\n{told}",
        cwe=kind.cwe,
        owasp=owasp_of(kind.cwe) or None,
        confidence=_DOUBTED if one.tried else _REPORTED,
        sources=sorted(one.sources),
        suggestion=Suggestion(explanation=kind.remedy),
        trace=[Step(path=url, line=1, note=f"{there.engine} reports it; it is not proved")],
    )


def _distinct(proofs: Sequence[Proof]) -> Iterable[Proof]:
    return {(one.weakness.id, one.entry.key, one.parameter): one for one in reversed(proofs)}.values()


def _same(finding: Finding, proof: Proof) -> bool:
    """Whether a finding of the code lies in the handler of the route and is of the proof's kind."""
    return _in_handler(finding, proof.entry.where, proof.weakness.cwe)


def _in_handler(finding: Finding, where: CodePlace | None, cwe: str) -> bool:
    if where is None or not finding.cwe:
        return False
    kinds = {family_of(finding.cwe), family_of(cwe)}
    if len(kinds) > 1 and kinds not in _AKIN:
        return False
    places = [
        (finding.path, finding.start_line, finding.end_line),
        *((one.path, one.line, one.line) for one in finding.trace),
    ]
    return any(_within(where, path, first, last) for path, first, last in places)


def _within(where: CodePlace, path: str, first: int, last: int) -> bool:
    return path == where.path and first <= where.end_line and last >= where.line


def _proved(finding: Finding, proof: Proof, told: str, step: Step) -> Finding:
    severity: Severity = min(finding.severity, proof.weakness.severity, key=lambda one: one.rank)
    return finding.model_copy(
        update={
            "severity": severity,
            "confidence": PROVED,
            "sources": sorted({*finding.sources, f"manyeyes:{proof.weakness.id}", *proof.also}),
            "explanation": f"{finding.explanation}\n\n{told}",
            "trace": [*finding.trace, step],
        }
    )


@dataclass(frozen=True, slots=True)
class _Address:
    """Where a proof lies when its code is not known, and the request that stands for the source there."""

    url: str
    quote: str


def _own(proof: Proof, told: str, step: Step, lines: Mapping[str, Sequence[str]], address: _Address) -> Finding:
    weakness, where = proof.weakness, proof.entry.where
    path, line, quote = _place(where, lines, address)
    named = f"{proof.entry.key[0]} {proof.entry.key[1]} {proof.parameter}"
    return Finding(
        id=finding_id(proof.entry.key[1], weakness.cwe, named, weakness.id),
        title=f"{weakness.title} in {proof.parameter}" if proof.parameter else weakness.title,
        severity=weakness.severity,
        category="security",
        path=path,
        start_line=line,
        end_line=line,
        quote=quote,
        explanation=f"{weakness.explanation}\n\n{told}",
        cwe=weakness.cwe,
        owasp=owasp_of(weakness.cwe) or None,
        confidence=proof.confidence,
        sources=sorted({f"manyeyes:{weakness.id}", *proof.also}),
        suggestion=Suggestion(explanation=weakness.remedy),
        trace=[step],
    )


def _place(where: CodePlace | None, lines: Mapping[str, Sequence[str]], address: _Address) -> tuple[str, int, str]:
    """Path, line and quote: of the handler where the code is known, else of the address."""
    if where is not None and 0 < where.line <= len(lines.get(where.path, ())):
        return where.path, where.line, lines[where.path][where.line - 1]
    return address.url, 1, address.quote


def _told(proof: Proof, origin: Origin) -> str:
    where = f", in {proof.parameter}" if proof.parameter else ""
    steps = "\n".join(f"- {' '.join(asked.split())[:300]} → {came}" for asked, came in proof.steps[:6])
    more = f"\n- … and {len(proof.steps) - 6} more requests like these" if len(proof.steps) > 6 else ""  # noqa: PLR2004  as above
    return f"Proved at {origin}{proof.entry.path} ({proof.entry.method}{where}): {proof.shown}\n{steps}{more}"


def _address(proof: Proof, origin: Origin) -> str:
    target = proof.entry.asked().target.partition("?")[0]
    return f"{origin}{target}"
