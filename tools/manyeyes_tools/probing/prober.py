"""One run against one origin: find the inputs, try the probes, gather the proofs."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio

from manyeyes.cores import compute
from manyeyes_tools.probing import cross_origin, passive
from manyeyes_tools.probing.client import Asked, Exhausted, connected
from manyeyes_tools.probing.crawler import crawl
from manyeyes_tools.probing.endings import ends
from manyeyes_tools.probing.entries import points, together
from manyeyes_tools.probing.listener import listening
from manyeyes_tools.probing.openapi import USUAL, document_of, entries_of
from manyeyes_tools.probing.probes import PROBES, errors, raw_paths, scripts, server_requests, traversal
from manyeyes_tools.probing.proof import Lab
from manyeyes_tools.probing.reproving import Known, keep, reprove

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from manyeyes.settings import Dast
    from manyeyes_tools.probing.client import Client
    from manyeyes_tools.probing.crawler import Crawled
    from manyeyes_tools.probing.engines.engine import Reported
    from manyeyes_tools.probing.entries import Entry, Point
    from manyeyes_tools.probing.proof import Proof
    from manyeyes_tools.probing.reproving import Unproved
    from manyeyes_tools.probing.scope import Origin

    Tell = Callable[[str, int, int], Awaitable[None]]

RULES = len(PROBES) + len(passive.WEAKNESSES) + 3
"""What is looked for: the probes, what answers tell, CORS, stored scripts and paths as no browser sends them."""
_OK = range(200, 300)
_REFUSED = (401, 403)
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
        places: Where all probes were tried: an entry's key and the name of a value.
        unproved: What other scanners report and no request of ours proved.
    """

    proofs: list[Proof] = field(default_factory=list)
    entries: tuple[Entry, ...] = ()
    tried: int = 0
    requests: int = 0
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    places: set[tuple[tuple[str, str], str]] = field(default_factory=set)
    unproved: list[Unproved] = field(default_factory=list)


async def probe(
    origin: Origin,
    addresses: tuple[str, ...],
    start: str,
    known: Sequence[Entry],
    *,
    limits: Dast,
    tell: Tell,
    document: str = "",
    mask: Callable[[str], str] = str,
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
        document: An OpenAPI document for other scanners, where the target has none itself.
        mask: Replaces secrets in what is repeated of other scanners' words.

    Raises:
        BadCall: nothing answers there.
    """
    run = Run()
    async with connected(origin, addresses, limits) as client:
        work = _Work(client, Lab(client), run, tell, start, document)
        # Other scanners are kept a share each, so that the first to work cannot leave them nothing.
        own = 2 / (len(limits.engines) + 2) if limits.engines else 1.0
        client.most = max(1, int(limits.max_requests * own))
        ends = anyio.current_time() + limits.max_seconds
        with anyio.move_on_after(limits.max_seconds) as time:
            async with _heard(work):
                with anyio.move_on_after(limits.max_seconds * own) as mine:
                    await _bounded(work, known)
                if mine.cancelled_caught and limits.engines:
                    run.problems.append(_stopped(f"{limits.max_seconds * own:g} seconds were up", run))
                client.most = limits.max_requests
                if limits.engines:
                    await _others(work, ends, mask)
        if time.cancelled_caught:
            run.problems.append(_stopped(f"{limits.max_seconds:g} seconds were up", run))
        _gather(work)
        run.requests = client.sent
        if client.spared:
            named = list(client.spared)
            more = f" and {len(named) - _SHOWN} more" if len(named) > _SHOWN else ""
            run.notes.append(
                f"Not asked for, since their names say that they end or take away something: "
                f"{', '.join(named[:_SHOWN])}{more}. `unsafe_methods` of [dast] lets them be tried, except what ends "
                f"the session."
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
    start: str
    document: str

    async def say(self, what: str) -> None:
        await self.tell(what, self.client.sent, self.client.limits.max_requests)


@asynccontextmanager
async def _heard(work: _Work) -> AsyncIterator[None]:
    """Listen for what the target itself asks for, where it can reach us."""
    limits = work.client.limits
    if not work.client.origin.loopback and limits.callback is None:
        work.run.problems.append(
            "Server-side request forgery was not looked for: set `callback` of [dast] to an address at which the "
            "target reaches this machine."
        )
        yield
        return
    async with listening(limits.callback) as listener:
        work.lab.listener = listener
        yield


async def _others(work: _Work, ends: float, mask: Callable[[str], str]) -> None:
    """Run the operator's other scanners one after the other, and hold what they report against what requests prove.

    When the run's time is up meanwhile, what those that were done have reported stays, as not proved.
    """
    from manyeyes_tools.probing.engines import ENGINES  # only where there are some
    from manyeyes_tools.probing.engines.running import Work, run_engine

    client, run = work.client, work.run
    named = client.limits.engines
    description = await compute(document_of, work.document) if work.document else None
    known = Known(run.entries, run.proofs, run.places)
    reported: list[Reported] = []
    waiting = list(named)
    try:
        for number, name in enumerate(named):
            await work.say(f"{name} is at work")
            left = len(named) - number + 0.5  # something is left for what they report to be tried
            given = Work(
                client=client,
                program={"wapiti": client.limits.wapiti, "schemathesis": client.limits.schemathesis}[name],
                start=work.start,
                description=description,
                most=int((client.limits.max_requests - client.sent) / left),
                seconds=(ends - anyio.current_time()) / left,
                mask=mask,
            )
            heard = await run_engine(ENGINES[name], given)
            waiting.remove(name)
            reported += heard.reported
            run.problems += heard.problems
            run.notes += heard.notes
        await work.say(f"{len(reported)} reports of others are tried")
    except anyio.get_cancelled_exc_class():
        if waiting:
            run.problems.append(f"Stopped before they were done: {', '.join(waiting)}.")
        keep(reported, known, run.unproved)
        raise
    try:
        await reprove(reported, known, work.lab, run.unproved)
    except Exhausted as bound:
        run.problems.append(f"Not all that other scanners report was tried: {bound}.")


async def _bounded(work: _Work, known: Sequence[Entry]) -> None:
    try:
        await _work(work, known)
    except Exhausted as bound:
        work.run.problems.append(_stopped(str(bound), work.run))


def _stopped(why: str, run: Run) -> str:
    return f"Stopped before all was tried: {why}. {run.tried} inputs were tried."


async def _work(work: _Work, known: Sequence[Entry]) -> None:
    client, run = work.client, work.run
    await work.say(f"looking for inputs of {client.origin}")
    await _let_in(work)
    described = await _described(work)
    kept = [one for one in (*known, *described) if not _ends(one)]
    safe_starts = [one.asked().target for one in kept if one.method == "GET"]
    crawled = await crawl(client, dict.fromkeys([work.start, "/", *safe_starts]))
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
            run.places.add((entry.key, point.parameter.name))
    await _across(alive, work)
    await work.say("climbing out of folders")
    await _out_of_folders(crawled, alive, work)
    await work.say("looking for what was stored")
    await _afterwards(alive, work)


def _ends(entry: Entry) -> bool:
    """Whether a request that should change nothing has a name as if it did."""
    return entry.method == "GET" and ends(entry.asked().target)


async def _let_in(work: _Work) -> None:
    """Say so where the target asks for a login: a scan that sees nothing else would look like a clean one."""
    client = work.client
    answer = await client.ask(Asked("GET", work.start), follow=True)
    if answer.status in _REFUSED:
        why = "not with the `headers` of [dast] either" if client.known else "set `headers` of [dast] to log in"
        work.run.problems.append(f"{work.start.partition('?')[0]} is answered with {answer.status}: {why}.")


async def _described(work: _Work) -> list[Entry]:
    for path in USUAL:
        answer = await work.client.ask(Asked("GET", path), follow=True)
        if answer.status in _OK and (found := await compute(entries_of, answer.body)):
            work.document = answer.body
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


async def _out_of_folders(crawled: Crawled, entries: Sequence[Entry], work: _Work) -> None:
    """Paths as no browser would send them; what a value of the path has shown already is not told twice."""
    folders = [one.path.partition("{")[0] for one in entries if "/{" in one.path and not one.path.startswith("/{")]
    shown = [one for one in work.run.proofs if one.weakness is traversal.WEAKNESS and "{" in one.entry.path]
    known = {one.entry.path.partition("{")[0] for one in shown}
    wanted = [one for one in dict.fromkeys([*folders, *crawled.folders]) if one not in known]
    work.run.proofs += await raw_paths.look(wanted, work.lab)


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
