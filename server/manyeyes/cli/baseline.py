"""`--baseline FILE`: what was known before is told apart from what is new, so that CI fails on new findings only.

A baseline is a small JSON file to be committed: one entry for each finding, by its id, which does not depend on line
numbers.  A SARIF report that was written before serves as well.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from manyeyes.cli.exits import in_part
from manyeyes.cli.screen import complain
from manyeyes.errors import BadCall

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from manyeyes.cli.verbs import Options
    from manyeyes.results import Result

KNOWN = "it is in the baseline"
_FINGERPRINT = "manyeyesFindingId/v1"
_VERSION = 1
_MOST_BYTES = 200_000_000


@dataclass(frozen=True, slots=True)
class Compared:
    """A result held against a baseline.

    Attributes:
        result: With the findings alone that are new; the result itself where there is no baseline.
        known: The ids of the baseline; None where there is none.
        fixed: How many of the baseline are there no longer; None where not all of it was looked at.
    """

    result: Result
    known: frozenset[str] | None = None
    fixed: int | None = None

    def marked(self, sarif: str) -> str:
        """A SARIF report in which each result says whether it is new."""
        if self.known is None:
            return sarif
        log: dict[str, Any] = json.loads(sarif)
        for run in log["runs"]:
            for result in run["results"]:
                name = result.get("partialFingerprints", {}).get(_FINGERPRINT)
                result["baselineState"] = "unchanged" if name in self.known else "new"
            if self.fixed is not None:
                run.setdefault("properties", {})["fixed"] = self.fixed
        return json.dumps(log, indent=2, ensure_ascii=True) + "\n"


@dataclass(frozen=True, slots=True)
class _Baseline:
    """What a baseline file holds: what is told of each finding, by its id."""

    entries: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def add(group: argparse._ArgumentGroup) -> None:
    """Add the options."""
    group.add_argument("--baseline", metavar="FILE", type=Path, help="show and count only what is not in FILE")
    group.add_argument("--update", action="store_true", help="with --baseline: then write what is there now into FILE")
    group.add_argument("--write-baseline", metavar="FILE", type=Path, help="write what is there now into FILE")


def check(options: Options) -> None:
    """Raise `BadCall` for options that make no sense together, and for a baseline that cannot be read."""
    path = getattr(options, "baseline", None)
    if getattr(options, "update", False) and path is None:
        raise BadCall("--update goes with --baseline FILE. To write a first one: --write-baseline FILE.")
    if path is not None:
        _read(path, missing_is_empty=options.update)


def used(options: Options) -> bool:
    """Whether every finding is needed, however many are shown."""
    return any(getattr(options, name, None) for name in ("baseline", "write_baseline"))


def compare(options: Options, result: Result) -> Compared:
    """Hold a result against the baseline, and write the baseline where that is wanted.

    Raises:
        BadCall: a file cannot be read or written.
    """
    findings = getattr(result, "findings", None)
    if not isinstance(findings, list) or not used(options):
        return Compared(result)
    # Of a change only a part was looked at; and what models had found is not mended because none was heard this time.
    whole = not (options.git or options.diff or in_part(result.model_dump(mode="json"), models_at_hand=False))
    now = _Baseline({one.id: _entry(one) for one in findings})
    compared = Compared(result)
    if options.baseline is not None:
        before = _read(options.baseline, missing_is_empty=options.update)
        compared = _compared(result, before, now, whole=whole, name=str(options.baseline))
        if options.update:
            kept = now.entries if whole else {**before.entries, **now.entries}
            _write(options.baseline, _Baseline(kept))
    if options.write_baseline is not None:
        _write(options.write_baseline, now)
    return compared


def said_once(held: Any) -> Any:
    """What is not shown, without what the note on the baseline has told already.

    Args:
        held: A result's `suppressed`.
    """
    known = held.reasons.get(KNOWN, 0)
    if not known:
        return held
    reasons = {reason: count for reason, count in held.reasons.items() if reason != KNOWN}
    return held.model_copy(update={"count": held.count - known, "reasons": reasons})


def _compared(result: Any, before: _Baseline, now: _Baseline, *, whole: bool, name: str) -> Compared:
    new = [one for one in result.findings if one.id not in before.entries]
    known = len(result.findings) - len(new)
    fixed = len(before.entries.keys() - now.entries.keys()) if whole else None
    held = result.suppressed
    reasons = {**held.reasons, KNOWN: known} if known else held.reasons
    told = f"Against {name}: {len(new)} new, {known} known" + (f", {fixed} fixed." if fixed is not None else ".")
    update = {
        "findings": new,
        "counts": dict(Counter(str(one.severity) for one in new)),
        "suppressed": held.model_copy(update={"count": held.count + known, "reasons": reasons}),
        "summary": f"{told} In all: {result.summary}",
    }
    return Compared(result.model_copy(update=update), frozenset(before.entries), fixed)


def _entry(finding: Any) -> dict[str, str]:
    """What is kept of a finding: enough for a person to know it again."""
    return {
        "severity": str(finding.severity),
        "cwe": finding.cwe or "",
        "path": finding.path,
        "title": " ".join(finding.title.split()),
    }


def _read(path: Path, *, missing_is_empty: bool) -> _Baseline:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise BadCall(f"{path} is too large for a baseline. Write a new one: --write-baseline {path}")
        value = json.loads(path.read_bytes())
    except FileNotFoundError:
        if missing_is_empty:
            return _Baseline()
        raise BadCall(f"There is no {path}. Write it first: the same command with --write-baseline {path}") from None
    except OSError as error:
        raise BadCall(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise BadCall(f"{path} is no JSON. Give a baseline that --write-baseline wrote, or a SARIF report.") from None
    entries = _entries(value)
    if entries is None:
        raise BadCall(f"{path} is no baseline. Give one that --write-baseline wrote, or a SARIF report.")
    return _Baseline(entries)


def _entries(value: Any) -> dict[str, dict[str, str]] | None:
    """The entries of a baseline or a SARIF report by id; None when it is neither."""
    if not isinstance(value, dict):
        return None
    rows = value.get("findings")
    if value.get("baseline") == _VERSION and isinstance(rows, list):
        texts = [{key: str(text) for key, text in row.items()} for row in rows if isinstance(row, dict)]
        return {row.pop("id"): row for row in texts if "id" in row}
    runs = value.get("runs")
    if not isinstance(runs, list):
        return None
    found: dict[str, dict[str, str]] = {}
    for result in (one for run in runs if isinstance(run, dict) for one in run.get("results") or ()):
        prints = result.get("partialFingerprints") if isinstance(result, dict) else None
        if isinstance(prints, dict) and _FINGERPRINT in prints and not result.get("suppressions"):
            found[str(prints[_FINGERPRINT])] = {"cwe": str(result.get("ruleId", ""))}
    return found


def _write(path: Path, baseline: _Baseline) -> None:
    rows = [
        {"id": name, **entry}
        for name, entry in sorted(baseline.entries.items(), key=lambda item: (item[1].get("path", ""), item[0]))
    ]
    try:
        path.write_text(
            json.dumps({"baseline": _VERSION, "findings": rows}, indent=1, ensure_ascii=False) + "\n",
            encoding="utf-8",
            errors="backslashreplace",
        )
    except OSError as error:
        raise BadCall(f"{path} cannot be written: {error.strerror}") from None
    complain(f"written to {path}: {len(rows)} findings are known from now on")
