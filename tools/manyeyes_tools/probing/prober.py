"""One run against one origin: find the inputs, try the probes, gather the proofs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio

from manyeyes_tools.probing import cross_origin, passive
from manyeyes_tools.probing.client import Asked, Exhausted, connected
from manyeyes_tools.probing.crawler import crawl
from manyeyes_tools.probing.endings import ends
from manyeyes_tools.probing.entries import points, together
from manyeyes_tools.probing.listener import listening
from manyeyes_tools.probing.openapi import USUAL, entries_of
from manyeyes_tools.probing.probes import PROBES, errors, scripts, server_requests
from manyeyes_tools.probing.proof import Lab

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from manyeyes.settings import Dast
    from manyeyes_tools.probing.client import Client
    from manyeyes_tools.probing.entries import Entry, Point
    from manyeyes_tools.probing.proof import Proof
    from manyeyes_tools.probing.scope import Origin

    Tell = Callable[[str, int, int], Awaitable[None]]

RULES = len(PROBES) + len(passive.WEAKNESSES) + 2
"""What is looked for: the probes, what answers tell, CORS and stored scripts."""
_OK = range(200, 300)
_NAMED = 3
_SHOWN = 5


@dataclass(slots=True)
class Run:
    """What came of a run.

    Attributes:
        proofs: What was proved, in the order it was.
        entries: The inputs that were found, those not tried included.
        tried: How many places of values were tried.
        requests: How many requests went out.
        problems: What should have been tried and was not.
        notes: What was left alone on purpose.
    """

    proofs: list[Proof] = field(default_factory=list)
    entries: tuple[Entry, ...] = ()
    tried: int = 0
    requests: int = 0
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


async def probe(
    origin: Origin,
    addresses: tuple[str, ...],
    start: str,
    known: Sequence[Entry],
    *,
    limits: Dast,
    tell: Tell,
) -> Run:
    """Probe an application that the operator listed.

    What was proved when the bounds are reached stays; the bound is named in `problems`.

    Args:
        origin: Where everything goes.
        addresses: Its addresses, see `scope.pinned`.
        start: Path and query to begin at.
        known: Entries from code or a description.
        limits: The operator's bounds.
        tell: Told what is being done, how many requests were sent, and how many may be.

    Raises:
        BadCall: nothing answers there.
    """
    run = Run()
    async with connected(origin, addresses, limits) as client:
        work = _Work(client, Lab(client), run, tell)
        with anyio.move_on_after(limits.max_seconds) as time:
            if origin.loopback or limits.callback is not None:
                async with listening(limits.callback) as listener:
                    work.lab.listener = listener
                    await _bounded(work, start, known)
            else:
                run.problems.append(
                    "Server-side request forgery was not looked for: set `callback` of [dast] to an address at which "
                    "the target reaches this machine."
                )
                await _bounded(work, start, known)
        if time.cancelled_caught:
            run.problems.append(_stopped(f"{limits.max_seconds:g} seconds were up", run))
        _gather(work)
        run.requests = client.sent
        if client.spared:
            named = list(client.spared)
            more = f" and {len(named) - _SHOWN} more" if len(named) > _SHOWN else ""
            run.notes.append(
                f"Not asked for, since their names say that they end or take away something: "
                f"{', '.join(named[:_SHOWN])}{more}. `unsafe_methods` of [dast] lets them be tried."
            )
        if client.outside:
            shown = ", ".join(list(client.outside)[:3])
            run.notes.append(f"Redirects that leave {origin} were not followed: {shown}.")
    return run


@dataclass(slots=True)
class _Work:
    """What the parts of a run share."""

    client: Client
    lab: Lab
    run: Run
    tell: Tell

    async def say(self, what: str) -> None:
        await self.tell(what, self.client.sent, self.client.limits.max_requests)


async def _bounded(work: _Work, start: str, known: Sequence[Entry]) -> None:
    try:
        await _work(work, start, known)
    except Exhausted as bound:
        work.run.problems.append(_stopped(str(bound), work.run))


def _stopped(why: str, run: Run) -> str:
    return f"Stopped before all was tried: {why}. {run.tried} inputs were tried."


async def _work(work: _Work, start: str, known: Sequence[Entry]) -> None:
    client, run = work.client, work.run
    await work.say(f"looking for inputs of {client.origin}")
    described = await _described(client)
    kept = [one for one in (*known, *described) if not _ends(one)]
    safe_starts = [one.asked().target for one in kept if one.method == "GET"]
    crawled = await crawl(client, dict.fromkeys([start, "/", *safe_starts]))
    entries = together([*kept, *crawled.entries])
    crawled.left += [one.path for one in (*known, *described) if _ends(one) and one.path not in crawled.left]
    run.entries = entries
    client.spared.update((one.partition("?")[0][:200], None) for one in crawled.left)
    if crawled.more:
        run.problems.append(f"{crawled.more} links were not followed: {client.limits.max_pages} pages were read.")
    run.proofs += passive.look(crawled.answers, client.origin)
    unsafe = [one for one in entries if not client.may(one.method)]
    if unsafe:
        listed = ", ".join(f"{one.method} {one.path}" for one in unsafe[:_NAMED])
        more = f" and {len(unsafe) - _NAMED} more" if len(unsafe) > _NAMED else ""
        run.problems.append(
            f"Not tried, since their methods change data: {listed}{more}. Set `unsafe_methods` of [dast] where the "
            f"application is a copy that may be changed."
        )
    # What deletes comes last: it may take away what the others need.
    mine = sorted((one for one in entries if client.may(one.method)), key=lambda one: one.method == "DELETE")
    alive = [one for one in mine if await _alive(one, work)]
    for entry in alive:
        for point in points(entry):
            await work.say(f"{point}: {len(run.proofs)} proved so far")
            await _try(point, work)
            run.tried += 1
    await _across(alive, work)
    await work.say("looking for what was stored")
    await _afterwards(alive, work)


def _ends(entry: Entry) -> bool:
    """Whether a request that should change nothing has a name as if it did."""
    return entry.method == "GET" and ends(entry.asked().target)


async def _described(client: Client) -> list[Entry]:
    for path in USUAL:
        answer = await client.ask(Asked("GET", path), follow=True)
        if answer.status in _OK and (found := entries_of(answer.body)):
            return found
    return []


async def _alive(entry: Entry, work: _Work) -> bool:
    """Whether there is something at the entry: it came from a description or code that may tell of another version."""
    if not entry.parameters:
        return entry.method == "GET"
    answer = await work.lab.baseline(entry)
    work.lab.look_at(entry, "", answer)
    return bool(answer.status) and not (answer.status in {404, 405, 501} and entry.found == "page")


async def _try(point: Point, work: _Work) -> None:
    for one in PROBES:
        proof = await one.look(point, work.lab)
        if proof is not None:
            work.run.proofs.append(proof)


async def _across(entries: Sequence[Entry], work: _Work) -> None:
    """CORS is mostly set for all alike, so the first proof stands for the rest."""
    for entry in entries:
        if entry.method == "GET" and (proof := await cross_origin.look(entry, work.lab)):
            work.run.proofs.append(proof)
            return


async def _afterwards(entries: Sequence[Entry], work: _Work) -> None:
    """Look at all pages again: what earlier requests put there shows now."""
    run = work.run
    shown = {(one.entry.key, one.parameter) for one in run.proofs if one.weakness in {scripts.WEAKNESS, scripts.HELD}}
    for entry in entries:
        if entry.method == "GET":
            answer = await work.client.ask(entry.asked(), follow=True)
            run.proofs += await scripts.stored(entry, answer, work.lab, shown)


def _gather(work: _Work) -> None:
    """What was shown besides: addresses that the target asked for late, and call stacks that any request brought up."""
    run = work.run
    asked = {(one.entry.key, one.parameter) for one in run.proofs if one.weakness is server_requests.WEAKNESS}
    run.proofs += server_requests.late(work.lab, asked)
    traced = {(one.entry.key, one.parameter) for one in run.proofs if one.weakness is errors.WEAKNESS}
    run.proofs += errors.met(work.lab, traced)
