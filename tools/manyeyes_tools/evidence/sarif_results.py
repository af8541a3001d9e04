"""What another scanner reports in SARIF 2.1.0, as plain records.

Only what is used is read.  All of it comes from a program that looked at the code under review, and may repeat that
code: texts are cut here and must be masked before they are shown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from manyeyes_tools.evidence.ruff_rules import SECURITY as RUFF
from manyeyes_tools.findings import Severity
from manyeyes_tools.weaknesses import canonical_cwe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOST_RESULTS = 50_000
"""More of them were made by a machine, or to wear readers out."""
_LONGEST_TITLE, _LONGEST_TEXT, _LONGEST_ID = 120, 800, 80
_MOST_STEPS = 50

UNRATED = 0.6
"""The confidence of a result about which the scanner does not say how sure it is."""
_PRECISION = {"very-high": 0.9, "high": 0.8, "medium": 0.6, "low": 0.4}
_LEVELS = {"error": Severity.HIGH, "warning": Severity.MEDIUM, "note": Severity.LOW, "none": Severity.INFO}
_BANDS = ((9.0, Severity.CRITICAL), (7.0, Severity.HIGH), (4.0, Severity.MEDIUM), (0.1, Severity.LOW))
"""The severity that `security-severity` means from each figure on, as code scanning services read it."""
_CWE_TAG = re.compile(r"(?:external/cwe/)?(cwe[-_ ]?\d+)", re.IGNORECASE)
_BANDIT_RULE = re.compile(r"B(\d{3})")
_WORDS = re.compile(r"[^A-Za-z0-9]+")


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", populate_by_name=True)


class _Text(_Part):
    text: str = ""


class _Properties(_Part):
    tags: list[str] = []
    cwe: str | list[str] | None = None
    precision: str | None = None
    issue_confidence: str | None = None
    issue_severity: str | None = None
    confidence: str | float | None = None
    severity: str | float | None = Field(default=None, alias="security-severity")


class _Reference(_Part):
    id: str | None = None
    index: int = -1


class _Relationship(_Part):
    target: _Reference = _Reference()


class _Configuration(_Part):
    level: str | None = None


class _Descriptor(_Part):
    id: str
    name: str | None = None
    short: _Text = Field(default=_Text(), alias="shortDescription")
    full: _Text = Field(default=_Text(), alias="fullDescription")
    help: _Text = _Text()
    configuration: _Configuration = Field(default=_Configuration(), alias="defaultConfiguration")
    relationships: list[_Relationship] = []
    properties: _Properties = _Properties()


class _Component(_Part):
    name: str = ""
    rules: list[_Descriptor] = []


class _Tool(_Part):
    driver: _Component = _Component()
    extensions: list[_Component] = []


class _Artifact(_Part):
    uri: str = ""
    base: str = Field(default="", alias="uriBaseId")
    index: int = -1


class _Region(_Part):
    start: int | None = Field(default=None, alias="startLine")
    end: int | None = Field(default=None, alias="endLine")


class _Physical(_Part):
    artifact: _Artifact = Field(default=_Artifact(), alias="artifactLocation")
    region: _Region = _Region()


class _Location(_Part):
    physical: _Physical | None = Field(default=None, alias="physicalLocation")
    message: _Text = _Text()


class _ThreadLocation(_Part):
    location: _Location = _Location()


class _Thread(_Part):
    locations: list[_ThreadLocation] = []


class _Flow(_Part):
    threads: list[_Thread] = Field(default=[], alias="threadFlows")


class _Suppression(_Part):
    status: str = "accepted"


class _Result(_Part):
    rule_id: str | None = Field(default=None, alias="ruleId")
    rule_index: int = Field(default=-1, alias="ruleIndex")
    rule: _Reference | None = None
    kind: str = "fail"
    level: str | None = None
    baseline: str | None = Field(default=None, alias="baselineState")
    message: _Text = _Text()
    locations: list[_Location] = []
    flows: list[_Flow] = Field(default=[], alias="codeFlows")
    taxa: list[_Reference] = []
    suppressions: list[_Suppression] | None = None
    properties: _Properties = _Properties()


class _Listed(_Part):
    location: _Artifact = _Artifact()


class _Notification(_Part):
    level: str = "warning"
    message: _Text = _Text()


class _Invocation(_Part):
    successful: bool = Field(default=True, alias="executionSuccessful")
    notifications: list[_Notification] = Field(default=[], alias="toolExecutionNotifications")


class _Run(_Part):
    tool: _Tool = _Tool()
    bases: dict[str, _Artifact] = Field(default={}, alias="originalUriBaseIds")
    artifacts: list[_Listed] = []
    invocations: list[_Invocation] = []
    results: list[_Result] | None = None


class _Log(_Part):
    version: str = ""
    runs: list[_Run]


@dataclass(frozen=True, slots=True)
class Spot:
    """A line of a file, named as the scanner names it: an address, or a path; `base` is what it is relative to."""

    uri: str
    base: str
    start_line: int
    end_line: int
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """One result.

    Attributes:
        rule: The rule's name.
        title: What is wrong, in a few words.
        message: What the scanner says of this place.
        remedy: What it says to do, when it does.
        severity: How bad it is.
        confidence: How sure the scanner is, 0 to 1.
        cwe: The weakness, where it names one.
        spot: Where it is.
        trace: The way to there.
    """

    rule: str
    title: str
    message: str
    remedy: str
    severity: Severity
    confidence: float
    cwe: str | None
    spot: Spot
    trace: tuple[Spot, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """All results.  `faults` are what the scanner says it could not do, `placeless` how many results name no file."""

    results: tuple[Reported, ...] = ()
    rules: int = 0
    faults: tuple[str, ...] = ()
    placeless: int = 0
    left_out: int = 0


@dataclass(slots=True)
class _Reading:
    results: list[Reported] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    rules: set[str] = field(default_factory=set)
    placeless: int = 0
    left_out: int = 0


def read_sarif(data: bytes) -> Report:
    """Read a log.

    Raises:
        ValueError: it is no SARIF 2.1.0; the text says in a few words what it is instead.
    """
    if not data.strip():
        raise ValueError("it wrote nothing")
    try:
        log = _Log.model_validate_json(data.removeprefix(b"\xef\xbb\xbf"))
    except ValidationError:
        raise ValueError("what it wrote is no SARIF") from None
    if not log.version.startswith("2."):
        raise ValueError("what it wrote is no SARIF of version 2")
    reading = _Reading()
    for run in log.runs:
        _read_run(run, reading)
    return Report(
        tuple(reading.results), len(reading.rules), tuple(reading.faults), reading.placeless, reading.left_out
    )


def _read_run(run: _Run, reading: _Reading) -> None:
    for invocation in run.invocations:
        told = [
            _cut(one.message.text, _LONGEST_TITLE)
            for one in invocation.notifications
            if one.level == "error" and one.message.text.strip()
        ]
        reading.faults.extend(told or ([] if invocation.successful else ["it says that it did not succeed"]))
    if run.results is None:  # by the standard: it did not get as far as looking
        reading.faults.append("it reports no results, not even none")
    components = [run.tool.driver, *run.tool.extensions]
    rules = {rule.id: rule for component in components for rule in component.rules}
    reading.rules.update(rules)
    for result in run.results or ():
        if result.kind not in {"fail", "review", "open"} or result.baseline == "absent" or _suppressed(result):
            continue
        rule = _rule(result, run.tool.driver.rules, rules)
        spot = next(_spots(result.locations, run), None)
        if spot is None:
            reading.placeless += 1
        elif len(reading.results) >= MOST_RESULTS:
            reading.left_out += 1
        else:
            reading.results.append(_reported(result, rule, spot, run))


def _suppressed(result: _Result) -> bool:
    """Whether somebody accepted it; what awaits a decision, or was refused one, still counts."""
    return bool(result.suppressions) and all(one.status == "accepted" for one in result.suppressions or ())


def _rule(result: _Result, driver: list[_Descriptor], rules: dict[str, _Descriptor]) -> _Descriptor:
    named = result.rule_id or (result.rule.id if result.rule else None)
    if named is not None:
        # A result may name a rule more closely than the list does: `sql/raw` of `sql`.
        return rules.get(named) or rules.get(named.rpartition("/")[0]) or _Descriptor(id=named)
    index = result.rule_index if result.rule_index >= 0 else result.rule.index if result.rule else -1
    return driver[index] if 0 <= index < len(driver) else _Descriptor(id="unnamed")


def _reported(result: _Result, rule: _Descriptor, spot: Spot, run: _Run) -> Reported:
    tags = [*rule.properties.tags, *result.properties.tags]
    cwe = _cwe(result, rule, tags) or _cwe_of_bandit(run.tool.driver.name, rule.id)
    severity = _severity(result, rule)
    message = _cut(result.message.text, _LONGEST_TEXT)
    title = rule.short.text or _name(rule) or result.message.text or rule.id
    flows = [thread for flow in result.flows for thread in flow.threads][:1]
    steps = [one.location for thread in flows for one in thread.locations[:_MOST_STEPS]]
    return Reported(
        rule=_cut(result.rule_id or rule.id, _LONGEST_ID),
        title=_cut(title.strip().partition("\n")[0].rstrip("."), _LONGEST_TITLE),
        message=message,
        remedy=_cut(rule.help.text or rule.full.text, _LONGEST_TEXT),
        severity=severity,
        confidence=_confidence(result, rule),
        cwe=cwe,
        spot=spot,
        trace=tuple(_spots(steps, run)),
    )


def _name(rule: _Descriptor) -> str:
    """The rule's name in words, unless it is the id once more."""
    return "" if not rule.name or rule.name == rule.id else " ".join(_WORDS.split(rule.name))


def _cwe(result: _Result, rule: _Descriptor, tags: Iterable[str]) -> str | None:
    own = [one for one in (rule.properties.cwe, result.properties.cwe) if one]
    named = [text for one in own for text in ([one] if isinstance(one, str) else one)]
    taxa = [one.id or "" for one in (*result.taxa, *(one.target for one in rule.relationships))]
    for text in (*taxa, *named, *tags):
        if found := _CWE_TAG.match(text.strip()):
            return canonical_cwe(found.group(1).replace("_", "-"))
    # A bare number is one where the field is for weaknesses alone.
    return next((canonical_cwe(text) for text in (*taxa, *named) if text.strip().isdecimal()), None)


def _cwe_of_bandit(tool: str, rule: str) -> str | None:
    """The weakness that a rule of bandit is about, which its SARIF does not say; ruff's rules bear its numbers."""
    found = _BANDIT_RULE.fullmatch(rule) if tool.casefold() == "bandit" else None
    known = RUFF.get(f"S{found.group(1)}") if found else None
    return known.cwe if known else None


def _severity(result: _Result, rule: _Descriptor) -> Severity:
    for rated in (result.properties.severity, rule.properties.severity):
        try:
            figure = float(rated) if rated is not None else -1.0
        except ValueError:
            continue
        if figure >= 0:
            return next((severity for least, severity in _BANDS if figure >= least), Severity.INFO)
    named = (result.properties.issue_severity or "").casefold()
    if named in {"critical", "high", "medium", "low"}:
        return Severity(named)
    return _LEVELS.get(result.level or rule.configuration.level or "warning", Severity.MEDIUM)


def _confidence(result: _Result, rule: _Descriptor) -> float:
    for said in (
        result.properties.issue_confidence, result.properties.precision, result.properties.confidence,
        rule.properties.precision, rule.properties.confidence,
    ):  # fmt: skip
        if isinstance(said, str) and (known := _PRECISION.get(said.casefold())) is not None:
            return known
    return UNRATED


def _spots(locations: Iterable[_Location], run: _Run) -> Iterator[Spot]:
    for location in locations:
        if location.physical is None:
            continue
        artifact = location.physical.artifact
        if not artifact.uri and 0 <= artifact.index < len(run.artifacts):
            artifact = run.artifacts[artifact.index].location
        if not artifact.uri:
            continue
        start = max(location.physical.region.start or 1, 1)
        base = _base(artifact.base, run)
        note = _cut(location.message.text, _LONGEST_TITLE)
        yield Spot(artifact.uri, base, start, max(location.physical.region.end or start, start), note)


def _base(name: str, run: _Run) -> str:
    """The address that a base's name stands for; empty when only the scanner's folder can be meant."""
    known = run.bases.get(name)
    return known.uri if known is not None and not known.base else ""


def _cut(text: str, most: int) -> str:
    text = "".join(char if char.isprintable() or char == "\n" else " " for char in text.strip())
    return text if len(text) <= most else f"{text[: most - 1]}…"
