"""What models found, put before models: one that doubts, or all of a panel, and what is left of it then."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from manyeyes.cores import compute
from manyeyes_tools.anchors import anchor
from manyeyes_tools.exchange import Outcome, Point, Trial
from manyeyes_tools.exchange.costing import hold
from manyeyes_tools.exchange.weighing import Reader, keep_record
from manyeyes_tools.merging import worth

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from manyeyes.tool import Bench
    from manyeyes.types import Task
    from manyeyes_tools.exchange import Settled
    from manyeyes_tools.findings import Finding
    from manyeyes_tools.material import SourceFile

MOST = 24
"""So many findings are put before others at most, those worth most."""
FLOOR = 0.25
"""What is less sure than this after a dispute is not shown."""
REFUTED = "other models refuted it"
WITHDRAWN = "whoever reported it withdrew it"

_AROUND = 18
"""Lines shown before and after a finding."""
_TEXT_CHARS = 1_200
_SHORTEST = 6
_SPACE = re.compile(r"\s+")


@dataclass(slots=True)
class Scrutiny:
    """What came of it.

    Attributes:
        findings: What is left, with the confidence, sources and dissent that it has now.
        hidden: What is not shown any more, counted by reason.
        contested: How many of the findings were disputed or refuted.
        absent: Who could not be heard, and why.
        heard: Whether anybody was.
        refuted: Who refuted those hidden for that, and why, by the finding's id.
        unread: How many findings were not put before anybody, since there were so many worth more.
        outcomes: What became of those that were, by the finding's id.
        cost: What it cost, and what had been expected of that, in one line; empty when nobody was asked.
    """

    findings: list[Finding]
    hidden: Counter[str] = field(default_factory=Counter)
    contested: int = 0
    absent: dict[str, str] = field(default_factory=dict)
    heard: bool = False
    unread: int = 0
    refuted: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    cost: str = ""


async def scrutinise(
    findings: Sequence[Finding],
    readers: Mapping[str, Task],
    files: Mapping[str, SourceFile],
    bench: Bench,
    *,
    role: str,
    rounds: int,
    tell: Callable[[str], Awaitable[None]],
) -> Scrutiny:
    """Put findings before models and take over what they make of them.

    Args:
        findings: Merged, with ids that differ.
        readers: Whom to ask: each model's name, and the task that leads to it.  A finding is held by those readers
            whose provider is among its sources'.
        files: Where the findings lie, by path; only masked text is shown.
        bench: Asks.
        role: The part the readers play in the run.
        rounds: How many rounds at most.
        tell: Is told what it will cost, before anybody is asked.
    """
    chosen = sorted(findings, key=lambda one: (-worth(one), one.path, one.start_line, one.id))[:MOST]
    if not chosen or not readers:
        return Scrutiny(list(findings))
    texts = await compute(_squeezed, files)
    points = [_point(one, readers) for one in chosen]
    trials = await compute(_trials, chosen, files, texts)

    def borne(point: Point, quote: str) -> bool:
        return found(quote, point.where.rpartition(":")[0], files, texts)

    people = [
        Reader(name=name, bench=bench, task=task, role=role, context=lambda point: _excerpt(point, files))
        for name, task in readers.items()
    ]
    account = await hold(points, people, people, borne=borne, trials=trials, rounds=rounds, tell=tell)
    settlement = account.settlement
    keep_record(bench, settlement, points, trials)
    result = Scrutiny(
        [],
        absent=dict(settlement.absent),
        heard=len(settlement.absent) < len(people),
        unread=len(findings) - len(chosen),
        cost=account.told,
    )
    for finding in findings:
        settled = settlement.settled.get(finding.id)
        kept = finding if settled is None else _taken_over(finding, settled, result)
        if kept is not None:
            result.findings.append(kept)
    return result


def _taken_over(finding: Finding, settled: Settled, result: Scrutiny) -> Finding | None:
    """The finding as it stands now; None, and counted, when it is not to be shown."""
    result.outcomes[finding.id] = settled.outcome
    if settled.outcome is Outcome.WITHDRAWN:
        result.hidden[WITHDRAWN] += 1
        return None
    contested = settled.outcome in {Outcome.DISPUTED, Outcome.REFUTED}
    result.contested += contested
    if settled.outcome is Outcome.REFUTED or (contested and settled.confidence < FLOOR):
        result.hidden[REFUTED] += 1
        result.refuted[finding.id] = settled.disputed_by
        return None
    said = [finding.dissent] if finding.dissent else []
    said += [f"{name}: {reason}" for name, reason in settled.disputed_by]
    said += [f"{name} withdrew it: {reason}" for name, reason in settled.withdrawn_by]
    gone = {name for name, _ in settled.withdrawn_by}
    sources = [source for source in finding.sources if source not in gone] or finding.sources
    return finding.model_copy(
        update={
            "confidence": settled.confidence,
            "sources": sorted({*sources, *settled.confirmed_by}),
            "dissent": " | ".join(said) or None,
        }
    )


def _point(finding: Finding, readers: Mapping[str, Task]) -> Point:
    providers = {source.partition(":")[0] for source in finding.sources}
    own = {name for name in readers if name.partition(":")[0] in providers}
    others = {
        source for source in finding.sources if source.partition(":")[0] not in {o.partition(":")[0] for o in own}
    }
    return Point(
        id=finding.id,
        text=f"[{finding.severity}] {finding.title}. {finding.explanation}"[:_TEXT_CHARS],
        where=f"{finding.path}:{finding.start_line}",
        quote=finding.quote,
        holders=frozenset(own | others),
        confidence=finding.confidence,
    )


def _trials(findings: Sequence[Finding], files: Mapping[str, SourceFile], texts: Mapping[str, str]) -> list[Trial]:
    """A claim about code that is not there, and one about a line that is: what readers make of them tells much."""
    nobody: frozenset[str] = frozenset()
    first = findings[0]
    trials: list[Trial] = []
    for name in ("session", "tenant", "ledger", "quota"):
        quote = f"{name}_guard = {name}_registry.lookup_unchecked({name}_key)"
        if any(_plain(quote) in text for text in texts.values()):
            continue
        text = (
            f"[high] The {name} is looked up without a check. A caller who sends another's key is served as that "
            "other, because the value that `lookup_unchecked` gives is used as it comes."
        )
        where = f"{first.path}:{first.start_line}"
        point = Point(id="trial-false", text=text, where=where, quote=quote, holders=nobody, confidence=0.9)
        trials.append(Trial(point, true=False))
        break
    last = findings[-1]
    line = next((line for line in last.quote.split("\n") if len(line.strip()) >= _SHORTEST), "")
    if line and last.path in files:
        point = Point(
            id="trial-true",
            text="[info] The source shown here contains the quoted line, word for word.",
            where=f"{last.path}:{last.start_line}",
            quote=line,
            holders=nobody,
            confidence=0.9,
        )
        trials.append(Trial(point, true=True))
    return trials


def _excerpt(point: Point, files: Mapping[str, SourceFile]) -> str:
    """The numbered lines around a place."""
    path, _, line = point.where.rpartition(":")
    file = files.get(path)
    if file is None or not line.isdecimal():
        return ""
    lines = file.masked.removesuffix("\n").split("\n")
    at = int(line)
    first, last = max(1, at - _AROUND), min(len(lines), at + _AROUND + point.quote.count("\n"))
    return "\n".join(f"{number:>5} | {lines[number - 1]}" for number in range(first, last + 1))


def found(quote: str, path: str, files: Mapping[str, SourceFile], texts: Mapping[str, str]) -> bool:
    """Whether a quote stands in the source: word for word anywhere, or in the file it speaks of but for its layout.

    What is only much alike proves nothing here: the one word that is another may be the one that matters.  Nor does
    what cuts a word: `checked(user)` is no quote of `unchecked(user)`.
    """
    wanted = _plain(quote)
    if len(wanted) < _SHORTEST:
        return False
    whole = re.compile(rf"{_edge(wanted[0])}{re.escape(wanted)}{_edge(wanted[-1])}")
    if any(wanted in text and whole.search(text) for text in texts.values()):
        return True
    place = anchor(files[path], quote) if path in files else None
    return place is not None and place.copied


def _edge(character: str) -> str:
    """What stands beside a character of a word where the word ends; nothing for another character."""
    return r"\b" if re.match(r"\w", character) else ""


def _squeezed(files: Mapping[str, SourceFile]) -> dict[str, str]:
    return {path: _plain(file.masked) for path, file in files.items()}


def _plain(text: str) -> str:
    return _SPACE.sub(" ", text).strip()
