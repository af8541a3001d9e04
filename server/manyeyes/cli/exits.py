"""Exit codes.  Where several hold, the first of wrong use, not done, findings, in part."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from manyeyes.types import Json

DONE = 0
FOUND = 1
WRONG_USE = 2
NOT_DONE = 3
IN_PART = 4

KEYLESS = "No model was asked"
"""What the only problem says that leaves a result whole: no key was given, so evidence alone was wanted."""

SEVERITIES = ("critical", "high", "medium", "low", "info")
"""As results name them, the worst first."""


def code_for(result: Json, *, fail_on: str | None, models_at_hand: bool, sure: float = 0.0) -> int:
    """The exit code for a tool's result.

    Args:
        result: The result as JSON.
        fail_on: The severity from which on findings count; None when they do not.
        models_at_hand: Whether there was a model to ask.  Evidence alone is all there is when there was none.
        sure: The confidence, 0 to 1, from which on findings count; above 0 of those alone that the result holds.
    """
    if fail_on is not None:
        bad = SEVERITIES[: SEVERITIES.index(fail_on) + 1]
        if any(severity in bad for severity in severities(result, sure=sure)):
            return FOUND
    return IN_PART if in_part(result, models_at_hand=models_at_hand) else DONE


def severities(result: Json, *, sure: float = 0.0) -> Iterator[str]:
    """The severity of every finding in a result, and in the results within it, that is so sure at least."""
    if isinstance(result, list):
        for item in result:
            yield from severities(item, sure=sure)
    elif isinstance(result, dict):
        for key, value in result.items():
            if key == "counts" and isinstance(value, dict):
                yield from (severity for severity, count in value.items() if count and not sure)  # those not shown too
            elif key == "findings" and isinstance(value, list):
                yield from (str(one["severity"]) for one in value if isinstance(one, dict) and _counts(one, sure))
            else:
                yield from severities(value, sure=sure)


def _counts(finding: Mapping[str, Json], sure: float) -> bool:
    confidence = finding.get("confidence")
    return "severity" in finding and (not isinstance(confidence, int | float) or confidence >= sure)


def in_part(result: Json, *, models_at_hand: bool) -> bool:
    """Whether less was done than was asked for: models failed, or something could not be looked at."""
    if not isinstance(result, dict):
        return False
    if result.get("status") == "partial":
        return True
    run = result.get("run")
    if result.get("status") != "evidence_only" or not isinstance(run, dict):
        return False
    problems = result.get("problems")
    if isinstance(problems, list) and any(KEYLESS not in str(problem) for problem in problems):
        return True
    # Models were asked and failed, or were at hand and none of them would do.
    return bool(run.get("attempts")) or (models_at_hand and bool(run.get("route")))
