"""What all reports say in the same words, and how text that nobody here wrote is made harmless."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from manyeyes_tools.findings import ReviewResult, ScanResult, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from manyeyes.results import Result, Run
    from manyeyes_tools.findings import Finding, FindingsResult, Step, Suppressed

_HIDDEN = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but tab and newline: terminal escapes begin with them
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"  # direction marks: source that reads otherwise than it runs
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200d\u2028\u2029\u2060-\u2065\u3164\ufeff\uffa0"
    "\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"  # no width, or a line end that editors do not show
    "\ufe00-\ufe0e\U000e0000-\U000e0fff"  # tags and selectors: text that only a machine sees
    "\ud800-\udfff"  # half characters: they cannot be encoded
    "]"
    "|\ufe0f(?=\ufe0f)|(?<=\ufe0f)\ufe0f"  # one alone only colours the sign before it
)
_STATUS = {
    "complete": "complete",
    "partial": "done in part",
    "evidence_only": "evidence only, no model was heard",
}
DISMISSED = "Dismissed by models that read the code"
MOST_DISMISSED = 20
_SMALLEST_USD = 0.0001
_KEYLESS = re.compile(r"(?:[\w ]+: )?No model was asked: (.*)", re.DOTALL)
_KEY = re.compile(r"no (\w+_API_KEY) is set")
_BEYOND = re.compile(r"there are more than (\d+)")
_REASONS = {"it lies outside the change": "outside the change", "it is too unsure": "too unsure"}
_OF_DEPENDENCIES = frozenset({"vulnerable-dependency", "malicious-package"})


def visible(text: str) -> str:
    """The text with every hidden or controlling character written out, ESC as `x1b`; tabs and newlines stay."""
    return _HIDDEN.sub(_written_out, text.replace("\r\n", "\n"))


def one_line(text: str) -> str:
    """The text on one line, harmless, single-spaced."""
    return " ".join(visible(text).split())


def kind(result: FindingsResult) -> str:
    """What sort of report this is, as a heading."""
    if isinstance(result, ScanResult):
        return f"Security scan ({result.scan_type})"
    return "Code review" if isinstance(result, ReviewResult) else "Findings"


def verdict(result: FindingsResult) -> str | None:
    """The verdict in words; None where nobody gave one."""
    given = result.verdict if isinstance(result, ReviewResult) else None
    return given.replace("_", " ") if given else None


def status(result: Result) -> str:
    """How far the work got, in words."""
    return _STATUS[result.status]


def counts(findings: Iterable[Finding]) -> str:
    """`1 critical, 2 high`; `none` where there are none."""
    per = Counter(finding.severity for finding in findings)
    return ", ".join(f"{per[severity]} {severity}" for severity in Severity if per[severity]) or "none"


def way(finding: Finding) -> str:
    """What the places of a finding's trace are."""
    return "Where it is used" if finding.category in _OF_DEPENDENCIES else "The way of the value"


def steps(finding: Finding) -> list[Step]:
    """A finding's trace, where it says more than its place does."""
    here = [(finding.path, finding.start_line)]
    return [] if [(step.path, step.line) for step in finding.trace] == here else list(finding.trace)


def place(finding: Finding) -> str:
    """`payment.py:12` or `payment.py:12-14`."""
    last = "" if finding.end_line <= finding.start_line else f"-{finding.end_line}"
    return f"{one_line(finding.path)}:{finding.start_line}{last}"


def classes(finding: Finding) -> list[str]:
    """What the finding is filed under: category, CWE, OWASP, as far as given."""
    return [one_line(name) for name in (finding.category, finding.cwe, finding.owasp) if name]


def plan(result: FindingsResult) -> list[str]:
    """What a scan of a running application would ask and look for, one line for each row."""
    rows = result.plan if isinstance(result, ScanResult) else []
    return [
        one_line(f"{row.weakness} ({row.cwe}): {row.request}")
        + (f" with each of {one_line(', '.join(row.parameters))}" if len(row.parameters) > 1 else "")
        + f". Proof: {one_line(row.expects)}."
        for row in rows
    ]


def dismissed(result: FindingsResult) -> list[str]:
    """What models that read the code hold to be none, one line for each, with who says so and why."""
    gone = result.dismissed if isinstance(result, ScanResult) else []
    lines = [
        one_line(f"{place(one)} {one.severity}: {one.title}. {one.dissent or ''}".rstrip())
        for one in gone[:MOST_DISMISSED]
    ]
    return [*lines, f"… and {len(gone) - len(lines)} more"] if len(gone) > len(lines) else lines


def origin(finding: Finding) -> str:
    """Who reported it, and how sure it is."""
    return f"{', '.join(map(one_line, finding.sources)) or 'unknown'}, confidence {finding.confidence:.0%}"


def problems(result: Result) -> list[str]:
    """What could not be done.  That no key was given is no failure: `remedy` says it, in one line."""
    return [problem for problem in result.problems if not _keys(problem)]


def remedy(result: Result) -> str | None:
    """What to do so that a model is asked; None where one was, or where it is not for want of a key."""
    keys = next((keys for problem in result.problems if (keys := _keys(problem))), None)
    if keys is None:
        return None
    return f"No model was asked. To ask one set {'one of ' * (len(keys) > 1)}{', '.join(keys)}, or name an endpoint."


def _keys(problem: str) -> list[str] | None:
    """The keys for want of which nobody was asked; None where that is not all that stood in the way."""
    match = _KEYLESS.fullmatch(problem.strip())
    if match is None:
        return None
    reasons = [reason.strip(" .") for reason in match[1].split(";")]
    keys = [key[1] for reason in reasons if (key := _KEY.fullmatch(reason))]
    return sorted(keys) if len(keys) == len(reasons) else None


def suppressed(result: FindingsResult) -> str | None:
    """How many findings are not shown, and why; None when all are."""
    held: Suppressed | None = result.suppressed if isinstance(result, ReviewResult | ScanResult) else None
    if held is None or not held.count:
        return None
    are = "finding is" if held.count == 1 else "findings are"
    reasons = ", ".join(_reason(one_line(reason), number) for reason, number in held.reasons.items())
    return f"{held.count} {are} not shown" + (f": {reasons}." if reasons else ".")


def _reason(reason: str, number: int) -> str:
    """`3 outside the change`; for those beyond the limit also how to see them."""
    if beyond := _BEYOND.fullmatch(reason):
        how = "MANYEYES_LIMITS_FINDINGS raises it, --json and --sarif FILE on the command line have all"
        return f"{number} beyond the limit of {beyond[1]} ({how})"
    return f"{number} {_REASONS[reason]}" if reason in _REASONS else f"{number} since {reason}"


def cut(result: FindingsResult) -> str | None:
    """How to read on where the result was cut; None where it is whole."""
    if result.cut is None:
        return None
    held = result.cut
    return (
        f"Cut: {held.shown} of {held.total} {held.unit} are shown. "
        f"Call again with cursor {one_line(held.cursor)!r}, or read {one_line(held.resource)}."
    )


def cost(run: Run) -> str:
    """What the run cost: unknown stays unknown, and a run that asked no model says so."""
    if not run.models and not run.attempts:
        return "$0.00 (no model asked)"
    if run.cost_usd is None:
        return "unknown"
    if 0 < run.cost_usd < _SMALLEST_USD:
        return f"under ${_SMALLEST_USD}"
    return f"${run.cost_usd:.4f}"


def footer(run: Run) -> str:
    """One line on how the result came about: models, cost, time, run."""
    used = Counter(
        f"{one_line(use.ref)} ({one_line(use.role)}{', cached' if use.cache == 'hit' else ''}" for use in run.models
    )
    models = ", ".join(f"{who}, {calls} calls)" if calls > 1 else f"{who})" for who, calls in used.items())
    return f"Models: {models or 'none'} · Cost: {cost(run)} · {run.seconds:.1f} s · Run {one_line(run.id)}"


def _written_out(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape", "surrogatepass").decode("ascii")
