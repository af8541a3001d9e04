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
    from manyeyes_tools.probing.scope import Origin

PROVED = 0.99
"""How sure a finding of the code is once a request has proved it."""
_AKIN = ({"template-injection", "code-injection"}, {"template-injection", "xss"})


def join(
    proofs: Sequence[Proof],
    static: Iterable[Finding],
    lines: Mapping[str, Sequence[str]],
    origin: Origin,
    mask: Callable[[str], str],
) -> list[Finding]:
    """All findings: those of the code, marked where they were proved, and what was proved besides.

    What was proved lies at the route's handler where the code is known, else at the address without its query, at line
    1; its quote is then the request.  Blocking: to be called in a worker thread.

    Args:
        proofs: What requests proved.
        static: What engines say of the code.
        lines: The masked lines of each file.
        origin: Where it was proved.
        mask: Replaces secrets: answers may hold some.
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
    return [*known, *own]


def _distinct(proofs: Sequence[Proof]) -> Iterable[Proof]:
    return {(one.weakness.id, one.entry.key, one.parameter): one for one in reversed(proofs)}.values()


def _same(finding: Finding, proof: Proof) -> bool:
    """Whether a finding of the code lies in the handler of the route and is of the proof's kind."""
    where = proof.entry.where
    if where is None or not finding.cwe:
        return False
    kinds = {family_of(finding.cwe), family_of(proof.weakness.cwe)}
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
            "sources": sorted({*finding.sources, f"manyeyes:{proof.weakness.id}"}),
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
    path, line, quote = address.url, 1, address.quote
    if where is not None and 0 < where.line <= len(lines.get(where.path, ())):
        path, line, quote = where.path, where.line, lines[where.path][where.line - 1]
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
        sources=[f"manyeyes:{weakness.id}"],
        suggestion=Suggestion(explanation=weakness.remedy),
        trace=[step],
    )


def _told(proof: Proof, origin: Origin) -> str:
    where = f", in {proof.parameter}" if proof.parameter else ""
    steps = "\n".join(f"- {' '.join(asked.split())[:300]} → {came}" for asked, came in proof.steps[:6])
    more = f"\n- … and {len(proof.steps) - 6} more requests like these" if len(proof.steps) > 6 else ""  # noqa: PLR2004  as above
    return f"Proved at {origin}{proof.entry.path} ({proof.entry.method}{where}): {proof.shown}\n{steps}{more}"


def _address(proof: Proof, origin: Origin) -> str:
    target = proof.entry.asked().target.partition("?")[0]
    return f"{origin}{target}"
