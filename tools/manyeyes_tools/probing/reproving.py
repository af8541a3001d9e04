"""What other scanners report, held against what requests prove: proved already, proved now, or said to be unproved."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from manyeyes_tools.findings import Severity
from manyeyes_tools.probing.client import Asked
from manyeyes_tools.probing.entries import Entry, Parameter, Point, from_link
from manyeyes_tools.probing.probes import (
    code_evaluation,
    commands,
    open_redirects,
    scripts,
    server_requests,
    sql,
    templates,
    traversal,
)
from manyeyes_tools.probing.proof import Proof, Weakness, told
from manyeyes_tools.weaknesses import family_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from manyeyes_tools.probing.engines.engine import Reported
    from manyeyes_tools.probing.proof import Lab, Probe

SERVER_ERROR = Weakness(
    id="dast-server-error",
    title="Requests that the server fails at",
    severity=Severity.LOW,
    cwe="CWE-755",
    explanation="A request with an unexpected value makes the server fail, where it should say what is wrong with it.",
    remedy="Check the values that come in, and answer with a status of 400 and up what is wrong with them.",
    expects="the same request is answered with a status of 500 and up, twice, and an ordinary one is not",
)
NO_LOGIN = Weakness(
    id="dast-no-login",
    title="No login needed where the description says so",
    severity=Severity.HIGH,
    cwe="CWE-306",
    explanation="The API's own description says that this operation needs a login, and it answers without one.",
    remedy="Check who asks before the operation does anything, or mend the description.",
    expects="the operation is answered with a status of 200 to 299 to a request without any credentials",
)
_PROBES: dict[str, tuple[Probe, ...]] = {
    "CWE-89": (sql.PROBE,),
    "CWE-79": (scripts.PROBE,),
    "CWE-80": (scripts.PROBE,),
    "CWE-22": (traversal.PROBE,),
    "CWE-78": (commands.PROBE, code_evaluation.PROBE, templates.PROBE),
    "CWE-918": (server_requests.PROBE,),
    "CWE-601": (open_redirects.PROBE,),
}
"""How what another scanner reports is tried again."""
_AKIN = {"CWE-78": {"CWE-78", "CWE-95", "CWE-94", "CWE-1336"}, "CWE-755": {"CWE-755", "CWE-209"}}
_NAMED = re.compile(r"\{[^{}]*\}")
_FAILED = 500
_OK = range(200, 300)
_CREDENTIALS = frozenset({"authorization", "cookie", "x-api-key", "proxy-authorization"})


@dataclass(frozen=True, slots=True)
class Unproved:
    """What was reported and not shown, and by whom.

    Attributes:
        entry: Where it is, as far as we know the place.
        tried: Whether a probe of our own tried the same, here or before.
    """

    reported: Reported
    entry: Entry
    tried: bool
    sources: tuple[str, ...]


@dataclass(slots=True)
class Known:
    """What a run knows when others have reported.

    Attributes:
        entries: The inputs that were found.
        proofs: What was proved; what is proved now is added, and what others report as well is marked.
        tried: Where all probes were tried.
        again: Where those of a kind were tried since others reported it: an entry's key, a value's name, and a CWE.
    """

    entries: Sequence[Entry]
    proofs: list[Proof]
    tried: set[tuple[tuple[str, str], str]]
    again: set[tuple[tuple[str, str], str, str]] = field(default_factory=set)


async def reprove(reported: Iterable[Reported], known: Known, lab: Lab, unproved: list[Unproved]) -> None:
    """Hold each report against the proofs, and try to prove it where there is none.

    What could not be shown is put into `unproved` one by one, so that it stays when the run's bounds are reached.

    Raises:
        Exhausted: the run's bounds are reached.
    """
    waiting = list(reported)
    again: list[Reported] = []
    try:
        while waiting:
            one = waiting[0]
            if not _mark(one, known):
                point = _point(one, known.entries)
                if not await _tried_now(one, point, known, lab):
                    again.append(one)
            waiting.pop(0)
        if any(one.kind.cwe == "CWE-79" for one in again):
            await _look_again(known, lab)
    finally:
        keep([*again, *waiting], known, unproved)


def keep(reported: Iterable[Reported], known: Known, unproved: list[Unproved]) -> None:
    """Hold reports against the proofs there are, without trying anything; the rest is put into `unproved`."""
    for one in reported:
        if not _mark(one, known):
            _add(one, known, unproved)


def _mark(one: Reported, known: Known) -> bool:
    """Whether what is reported is proved; the proof then names who else reports it."""
    found = False
    for number, proof in enumerate(known.proofs):
        if _same(one, proof):
            known.proofs[number] = replace(proof, also=tuple(dict.fromkeys([*proof.also, one.source])))
            found = True
    return found


def _same(one: Reported, proof: Proof) -> bool:
    if proof.entry.method != one.method or not _fits(proof.entry.path, one.path):
        return False
    if one.kind.cwe == SERVER_ERROR.cwe and one.parameter and one.parameter == proof.parameter:
        return True  # the server fails there because of what was proved
    akin = _AKIN.get(one.kind.cwe, {one.kind.cwe})
    kinds = {family_of(cwe) for cwe in akin}
    if proof.weakness.cwe not in akin and family_of(proof.weakness.cwe) not in kinds:
        return False
    return not one.parameter or not proof.parameter or one.parameter == proof.parameter


def _fits(template: str, path: str) -> bool:
    if template == path:
        return True
    parts, others = template.split("/"), _NAMED.sub("1", path).split("/")
    return len(parts) == len(others) and all(map(_fills, parts, others))


def _fills(template: str, part: str) -> bool:
    """Whether a part of a path is what the template leaves open.  Each text is sought once, from the left."""
    first, *texts = _NAMED.split(template)
    if not texts:
        return template == part
    last = texts.pop()
    if not part.startswith(first):
        return False
    at = len(first)
    for text in texts:
        found = part.find(text, at + 1)
        if found < 0:
            return False
        at = found + len(text)
    return part.endswith(last) and len(part) - len(last) > at


def _entry(one: Reported, entries: Sequence[Entry]) -> Entry:
    fitting = (entry for entry in entries if entry.method == one.method and _fits(entry.path, one.path))
    found = next(fitting, None)
    if found is not None:
        return found
    made = from_link(one.target) if one.target else Entry("GET", one.path)
    return Entry(one.method, made.path, made.parameters)


def _point(one: Reported, entries: Sequence[Entry]) -> Point:
    """The input that is meant; one that we have not met is made of the request."""
    entry = _entry(one, entries)
    parameter = next((two for two in entry.parameters if two.name == one.parameter), None)
    if parameter is None:
        place = "form" if one.method in {"POST", "PUT", "PATCH"} else "query"
        parameter = Parameter(one.parameter, place, "1")  # type: ignore[arg-type]  # one of the two
        entry = replace(entry, parameters=(*entry.parameters, parameter)) if one.parameter else entry
    return Point(entry, parameter)


async def _tried_now(one: Reported, point: Point, known: Known, lab: Lab) -> bool:
    """Whether a proof was found now."""
    if not lab.client.may(one.method):
        return False
    proof: Proof | None = None
    if one.kind.cwe == SERVER_ERROR.cwe:
        proof = await _fails(one, point.entry, lab)
    elif one.kind.cwe == NO_LOGIN.cwe:
        proof = await _needs_no_login(one, point.entry, lab)
    elif one.parameter and not _was_tried(one, point.entry, known):
        known.again.add((point.entry.key, one.parameter, one.kind.cwe))
        for probe in _PROBES.get(one.kind.cwe, ()):
            proof = proof or await probe.look(point, lab)
    if proof is None:
        return False
    known.proofs.append(replace(proof, also=(one.source,)))
    return True


async def _look_again(known: Known, lab: Lab) -> None:
    """Look for scripts that were stored by what was tried now."""
    shown = {(one.entry.key, one.parameter) for one in known.proofs if one.weakness.cwe in {"CWE-79", "CWE-80"}}
    for entry in known.entries:
        if entry.method == "GET":
            answer = await lab.client.ask(entry.asked(), follow=True)
            known.proofs += await scripts.stored(entry, answer, lab, shown)


async def _fails(one: Reported, entry: Entry, lab: Lab) -> Proof | None:
    """The request itself, twice, and one for the start page: a server that always fails shows nothing."""
    asked = Asked(one.method, one.target, one.headers, one.body)
    first = await lab.client.ask(asked)
    again = await lab.client.ask(asked)
    plain = await lab.client.ask(Asked("GET", "/"))
    if min(first.status, again.status) < _FAILED or not 0 < plain.status < _FAILED:
        return None
    shown = f"The same request is answered with {first.status} each time, while others are served."
    steps = (told(first), told(again, "the same again"), told(plain, "an ordinary request"))
    return Proof(SERVER_ERROR, entry, one.parameter, shown, steps)


async def _needs_no_login(one: Reported, entry: Entry, lab: Lab) -> Proof | None:
    """The operation, asked for without a session and without any header that says who asks."""
    bare = tuple((name, value) for name, value in one.headers if name.lower() not in _CREDENTIALS)
    answer = await lab.client.bare(Asked(one.method, one.target, bare, one.body))
    if answer.status not in _OK:
        return None
    shown = f"A request without credentials is answered with {answer.status}, and the description demands a login."
    return Proof(NO_LOGIN, entry, "", shown, (told(answer, "no credentials were sent"),))


def _add(one: Reported, known: Known, unproved: list[Unproved]) -> None:
    entry = _entry(one, known.entries)
    for number, other in enumerate(unproved):
        there = other.reported
        akin = _AKIN.get(one.kind.cwe, {one.kind.cwe})
        place = there.method, there.path, there.parameter
        if there.kind.cwe in akin and place == (one.method, one.path, one.parameter):
            unproved[number] = replace(other, sources=tuple(dict.fromkeys([*other.sources, one.source])))
            return
    tried = one.kind.cwe in _PROBES and _was_tried(one, entry, known)
    unproved.append(Unproved(one, entry, tried, (one.source,)))


def _was_tried(one: Reported, entry: Entry, known: Known) -> bool:
    place = entry.key, one.parameter
    return place in known.tried or (*place, one.kind.cwe) in known.again
