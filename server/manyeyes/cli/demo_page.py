"""The demonstration for people: who was asked, what stands, what was refuted, what does not hold up."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from typing import TYPE_CHECKING

from manyeyes.cli.exits import KEYLESS
from manyeyes.cli.screen import paint, safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from manyeyes.types import Json

_COLOURS = {"critical": "1;31", "high": "31", "medium": "33", "low": "36", "info": "34"}
_PARTS = {
    "review": "review",
    "security": "security",
    "best_practices": "best practices",
}
"""The parts of the parallel analysis, in the order in which they are told."""
_DOCUMENT_LINES = 16
_FINDINGS = 8
_REPLY_CHARS = 220
_TRIAL = re.compile(r"^\(a trial, known to be (true|false)\) ")
_SEVERITY = re.compile(r"^\[\w+\] ")


def heading(text: str) -> str:
    """The title of a part."""
    return f"\n{paint(safe(text), '1;4')}"


def review(result: Mapping[str, Json], *, usd: float | None, seconds: float) -> Iterator[str]:
    """A review: its verdict, who gave it, what was found."""
    verdict = str(result.get("verdict") or "").replace("_", " ")
    yield heading(f"code_review{': ' if verdict else ''}{verdict}")
    yield from _opening(result, usd=usd, seconds=seconds)
    yield from _findings(objects(result["findings"]))
    yield from remarks(result)


def security(
    result: Mapping[str, Json], earlier: Mapping[str, Json], *, usd: float | None, seconds: float
) -> Iterator[str]:
    """A scan after a review: what it made of the review's findings, and what it found besides."""
    yield heading("security_scan")
    yield from _opening(result, usd=usd, seconds=seconds)
    before = {str(one["id"]): one for one in objects(earlier.get("findings"))}
    found = objects(result["findings"])
    asked = _asked(result)
    known = [one for one in found if str(one["id"]) in before]
    disputed = [one for one in known if one.get("dissent")]
    confirmed = [one for one in known if not one.get("dissent") and asked & set(_sources(one))]
    rest = len(known) - len(disputed) - len(confirmed)
    if confirmed:
        yield f"  {paint('confirmed', '32')} {len(confirmed)} of the {len(before)} findings of the review"
    if rest:
        word = "left open" if asked else "the same "
        yield f"  {paint(word, '2')} {rest} of the {len(before)} findings of the review"
    for one in disputed:
        yield f"  {paint('disputed', '35')}  {_one_line(one)}, now {_percent(one['confidence'])}"
        yield f"            {safe(str(one['dissent']))}"
    for one in objects(result.get("dismissed")):
        yield f"  {paint('dismissed', '35')} {_one_line(one)}"
        if one.get("dissent"):
            yield f"            {safe(str(one['dissent']))}"
    for one in found:
        if str(one["id"]) not in before:
            yield f"  {paint('new', '36')}       {_one_line(one)}"
    yield from remarks(result)


def documentation(result: Mapping[str, Json], *, usd: float | None, seconds: float) -> Iterator[str]:
    """The beginning of a document, and its warnings."""
    yield heading("doc_generator")
    yield from _opening(result, usd=usd, seconds=seconds)
    # Anchors and the empty lines around them say nothing on a terminal.
    text = safe(str(result.get("document") or ""))
    lines = [line for line in text.split("\n") if line and not line.startswith("<a id=")]
    yield from (f"  {paint('|', '2')} {line}".rstrip() for line in lines[:_DOCUMENT_LINES])
    if len(lines) > _DOCUMENT_LINES:
        yield paint(f"  … {len(lines) - _DOCUMENT_LINES} more lines: manyeyes docs FILE", "2")
    yield from remarks(result)


def parallel(result: Mapping[str, Json]) -> Iterator[str]:
    """The three analyses at once, a line for each, and what they come to together."""
    yield heading("code_pipeline, in parallel")
    run = object_of(result["run"])
    yield paint(safe(f"{_who(run)}. Cost {dollars(run['cost_usd'])}, {seconds_of(run):.1f} s."), "2")
    for part, name in _PARTS.items():
        told = result.get(part)
        if isinstance(told, dict):
            verdict = str(told.get("verdict") or "").replace("_", " ")
            yield safe(f"  {name}: {verdict}{'. ' if verdict else ''}{told['summary']}")
    merged = result.get("merged")
    yield f"  merged: {_count(len(merged) if isinstance(merged, list) else 0, 'finding')}, each once"
    yield from remarks(result)
    said = {line for part in _PARTS for line in remarks(object_of(result.get(part)))} - set(remarks(result))
    yield from sorted(said)


def panel(result: Mapping[str, Json], record: Mapping[str, Json]) -> Iterator[str]:
    """What the members of a panel made of each other's claims."""
    yield heading("code_review by a panel")
    run = object_of(result["run"])
    yield paint(safe(f"{_who(run)}. Cost {dollars(run['cost_usd'])}, {seconds_of(run):.1f} s."), "2")
    suppressed = object_of(object_of(result.get("suppressed")).get("reasons"))
    left_out = sum(count for count in suppressed.values() if isinstance(count, int))
    yield f"  {_count(len(objects(result['findings'])), 'finding')} shown, {left_out} thrown out"
    against: dict[tuple[str, str], dict[str, str]] = {}
    fooled: set[str] = set()
    for said in objects(record.get("exchange")):
        claim, speaker = str(said["claim"]), str(said["speaker"])
        if trial := _TRIAL.match(claim):
            if trial[1] == "false" and said["stand"] == "confirm":
                fooled.add(speaker)
        elif said["stand"] in {"dispute", "withdraw"}:
            title = _SEVERITY.sub("", claim).partition(". ")[0]
            against.setdefault((str(said["where"]), title), {})[speaker] = str(said["reason"])
    for (where, title), reasons in against.items():
        yield f"  {paint('disputed', '35')}  {safe(f'{where} {title}')}"
        yield from (f"            {safe(f'{speaker}: {reason}')}" for speaker, reason in reasons.items())
    trust = object_of(record.get("trust"))
    for speaker in sorted(fooled):
        counts = f"; its agreement counts {_percent(trust[speaker])}" if speaker in trust else ""
        yield f"  {paint('agrees too easily', '33')}  {safe(speaker)} confirmed a line that is not in the file{counts}"
    yield from remarks(result)


def turn(message: str, result: Mapping[str, Json]) -> Iterator[str]:
    """A customer's message and the reply."""
    sure = result["intent_confidence"]
    by = f"{result['intent']}" + (f" {_percent(sure)}" if isinstance(sure, float) else "")
    by += f", answered by {result['handled_by']}"
    yield f"  {paint('>', '36')} {safe(message)}"
    yield f"    {paint(safe(by), '2')}"
    if result["needs_human"]:
        yield f"    {paint('a person is needed', '33')}: {safe(str(result['human_reason']))}"
    for problem in _texts(result.get("problems")):
        if not for_want_of_a_key(problem):
            yield f"    {paint('not done', '33')}: {safe(problem)}"
    reply = " ".join(str(result["reply"]).split())
    yield f"    {safe(reply[:_REPLY_CHARS])}{'…' if len(reply) > _REPLY_CHARS else ''}"


def remarks(result: Mapping[str, Json]) -> Iterator[str]:
    """What could not be done, what does not hold up, and what was thrown away."""
    for problem in _texts(result.get("problems")):
        if not for_want_of_a_key(problem):
            yield f"  {paint('not done', '33')}  {safe(problem)}"
    for note in _texts(result.get("notes")):
        if "did not hold up" in note:
            yield f"  {paint('does not hold up', '33')}  {safe(note)}"
    reasons = object_of(object_of(result.get("suppressed")).get("reasons"))
    for reason, count in reasons.items():
        yield f"  {paint('thrown away', '33')}  {_count(count, 'claim')}: {safe(reason)}"


def for_want_of_a_key(problem: Json) -> bool:
    """Whether a problem says the same in every result: that there is no key.  A window that is too small is another."""
    text = str(problem)
    return KEYLESS in text and all("is set" in why for why in text.partition(":")[2].split(";") if why.strip())


def spent(results: Iterable[Mapping[str, Json]]) -> str:
    """What all of it cost; unknown when the cost of a part is."""
    costs = [object_of(result["run"])["cost_usd"] for result in results]
    known = [cost for cost in costs if isinstance(cost, int | float)]
    return dollars(sum(known)) if len(known) == len(costs) else "unknown"


def used(result: Mapping[str, Json]) -> float | None:
    """What a step's own calls cost, by what it tells of them; None when a part of it is not known."""
    run = object_of(result["run"])
    costs = [one["cost_usd"] for one in (*objects(run["models"]), *objects(run["attempts"]))]
    known = [float(cost) for cost in costs if isinstance(cost, int | float)]
    # An attempt that cost nothing has no cost; a model that answered has one, or it is not known.
    return None if any(one["cost_usd"] is None for one in objects(run["models"])) else sum(known)


def seconds_of(run: Mapping[str, Json]) -> float:
    """How long a run has taken by its end."""
    seconds = run["seconds"]
    return float(seconds) if isinstance(seconds, int | float) else 0.0


def dollars(cost: Json) -> str:
    """A cost for people."""
    if not isinstance(cost, int | float):
        return "unknown"
    return f"${cost:.4f}" if cost else "$0.00"


def object_of(value: Json) -> dict[str, Json]:
    """The value where it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def objects(value: Json) -> list[dict[str, Json]]:
    """The objects in a list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _texts(value: Json) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _opening(result: Mapping[str, Json], *, usd: float | None, seconds: float) -> Iterator[str]:
    run = object_of(result["run"])
    yield paint(safe(f"{_who(run)}. Cost {dollars(usd)}, {seconds:.1f} s."), "2")
    yield safe(str(result["summary"]))


def _asked(result: Mapping[str, Json]) -> set[str]:
    return {str(one["ref"]) for one in objects(object_of(result["run"])["models"])}


def _who(run: Mapping[str, Json]) -> str:
    """Who was asked and why, or who would be."""
    counts = Counter((str(one["ref"]), str(one["role"])) for one in objects(run["models"]))
    parts: dict[str, list[str]] = {}
    for (ref, role), count in counts.items():
        parts.setdefault(ref, []).append(role + (f" ({count} times)" if count > 1 else ""))
    asked = [f"{ref} as {', '.join(roles)}" for ref, roles in parts.items()]
    failed = list(dict.fromkeys(str(one["ref"]) for one in objects(run["attempts"])))
    route = objects(run["route"])
    taken = next((one for one in route if one["taken"]), None)
    if asked:
        text = f"Asked {'; '.join(asked)}"
        return text + (_why(next(iter(parts)), route) if len(parts) == 1 else "")
    if failed:
        return f"Evidence alone: {', '.join(failed)} did not answer"
    if taken:
        return "Evidence alone: nobody was asked"
    return f"Evidence alone. {route[0]['ref']} would be asked first" if route else "No model was needed"


def _why(ref: str, route: list[dict[str, Json]]) -> str:
    """Why that model was asked: as the router says, or in place of whom."""
    taken = [one for one in route if one["taken"]]
    if taken and taken[0]["ref"] != ref:
        return f" (in place of {taken[0]['ref']})"
    return f" ({taken[0]['reason']})" if taken else ""


def _findings(findings: list[dict[str, Json]]) -> Iterator[str]:
    width = shutil.get_terminal_size((120, 24)).columns
    for one in findings[:_FINDINGS]:
        yield f"  {_one_line(one)}"
        quote = str(one["quote"]).strip().split("\n")[0]
        if quote:
            yield f"           {paint(safe(quote)[: max(width - 12, 20)], '2')}"
    if len(findings) > _FINDINGS:
        yield paint(f"  … {len(findings) - _FINDINGS} more findings: manyeyes review FILE", "2")


def _one_line(finding: Mapping[str, Json]) -> str:
    severity = str(finding["severity"])
    cwe = f" {finding['cwe']}" if finding["cwe"] else ""
    text = f"{finding['path']}:{finding['start_line']} {finding['title']}{cwe} [{', '.join(_sources(finding))}]"
    return f"{paint(severity.upper().ljust(8), _COLOURS[severity])} {safe(text)}"


def _sources(finding: Mapping[str, Json]) -> list[str]:
    return _texts(finding["sources"])


def _count(number: Json, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _percent(share: Json) -> str:
    return f"{share:.0%}" if isinstance(share, int | float) else "?"
