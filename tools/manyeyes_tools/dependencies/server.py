"""OSV's own service, or one like it: asked in batches, politely, and never taken for whole if it was not."""

from __future__ import annotations

import json
import re
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio

from manyeyes import __version__
from manyeyes.cores import compute
from manyeyes_tools.dependencies.advisory import parse
from manyeyes_tools.dependencies.dependency import Ecosystem
from manyeyes_tools.dependencies.lookup import Lookup, Match
from manyeyes_tools.dependencies.readers.parsing import rows, table, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from httpx2 import AsyncClient

    from manyeyes.settings import Osv
    from manyeyes_tools.dependencies.advisory import Advisory
    from manyeyes_tools.dependencies.lookup import Question

BATCH = 250
"""Questions in one request; the service takes a thousand."""
_ATTEMPTS = 3
_LONGEST_WAIT_S = 15.0
_LARGEST = 50_000_000
"""Bytes of an answer."""
_MOST_PAGES = 50
_GIVE_UP = 3
"""After so many requests in a row that failed for good no more are made."""
_OK, _TOO_MANY = 200, 429
_CLIENT = range(400, 500)
_CASE = (
    "the advisory service tells NuGet's names apart by upper and lower case, and knows none written like this; a copy "
    "of its database (MANYEYES_OSV_DB) is searched whichever way they are written"
)
"""NuGet itself does not tell them apart, so that an empty answer proves nothing."""
_FAILED = "the advisory service failed"
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,98}")
"""What may stand in an address."""


class Failed(Exception):
    """A request failed for good; the message says why."""


class _Again(Exception):
    """A request failed and may be made again, after so many seconds at least."""

    def __init__(self, why: str, after_s: float = 0.0) -> None:
        super().__init__(why)
        self.after_s = after_s


class _Rejected(Exception):
    """The service does not take the request as it is."""


@dataclass(slots=True)
class Service:
    """One conversation with the service.

    Args:
        settings: Where it is and how it is asked.
        recall, keep: The cache, by key.
        patience_s: Seconds that all of it may take.
        backoff_s: Seconds before a request is made again; twice as long each time.
        clock: The time of day, in seconds.
    """

    settings: Osv
    recall: Callable[[str], str | None]
    keep: Callable[[str, str], None]
    patience_s: float
    backoff_s: float = 0.5
    clock: Callable[[], float] = time.time
    requests: int = 0
    failures: dict[str, int] = field(default_factory=dict)
    _failed_in_a_row: int = 0
    _client: AsyncClient | None = None

    async def ask(self, asked: Sequence[Question]) -> dict[Question, Lookup]:
        """The answer for each question: ids, and what the advisories say.  Never raises for a fault."""
        ids: dict[Question, tuple[tuple[str, str], ...]] = await compute(self._recalled, asked)
        failures: dict[Question, str] = {}
        open_ = [one for one in asked if one not in ids]
        advisories: dict[str, Advisory] = {}
        unknown: dict[str, str] = {}
        with anyio.move_on_after(self.patience_s) as scope:
            async with await compute(self._open) as client:
                self._client = client
                await self._all([open_[at : at + BATCH] for at in range(0, len(open_), BATCH)], ids, failures)
                await compute(self._remember, [one for one in open_ if one in ids and one not in failures], ids)
                await self._details(_wanted(ids), advisories, unknown)
        if scope.cancelled_caught:
            self._count("it took too long")
        return {one: _lookup(one, ids, failures, advisories) for one in asked}

    def _open(self) -> AsyncClient:
        """The client.  Blocking: the library is slow to load, and so are the certificates."""
        import httpx2

        limits = httpx2.Limits(max_connections=self.settings.concurrent)
        verify = self.settings.url.startswith("https:")  # nothing else is asked, and redirects are not followed
        # A proxy that the environment names is not for this machine's own loopback: the questions would leave it.
        way = httpx2.AsyncHTTPTransport(verify=verify, limits=limits) if self.settings.local else None
        return httpx2.AsyncClient(
            timeout=self.settings.timeout_s,
            follow_redirects=False,
            headers={"User-Agent": f"manyeyes/{__version__}"},
            limits=limits,
            verify=verify,
            transport=way,
        )

    async def _all(
        self,
        batches: Iterable[Sequence[Question]],
        ids: dict[Question, tuple[tuple[str, str], ...]],
        failures: dict[Question, str],
    ) -> None:
        limiter = anyio.CapacityLimiter(self.settings.concurrent)

        async def one(batch: Sequence[Question]) -> None:
            async with limiter:
                await self._batch(batch, ids, failures)

        async with anyio.create_task_group() as group:
            for batch in batches:
                group.start_soon(one, batch)

    async def _batch(
        self,
        batch: Sequence[Question],
        ids: dict[Question, tuple[tuple[str, str], ...]],
        failures: dict[Question, str],
    ) -> None:
        """Ask one batch; when the service does not take it, its halves, so that one odd name spoils only itself."""
        found: defaultdict[Question, list[tuple[str, str]]] = defaultdict(list)
        waiting: list[tuple[Question, str]] = [(one, "") for one in batch]
        for _ in range(_MOST_PAGES):
            if not waiting:
                break
            queries = [_query(*one, token) for one, token in waiting]
            try:
                answer = await self._request("POST", "/v1/querybatch", {"queries": queries})
            except _Rejected as error:
                if len(batch) == 1:
                    failures[batch[0]] = f"the advisory service refused the question ({error})"
                else:
                    half = len(batch) // 2
                    await self._batch(batch[:half], ids, failures)
                    await self._batch(batch[half:], ids, failures)
                return
            except Failed as error:
                failures.update(dict.fromkeys((one for one, _ in waiting), f"{_FAILED}: {error}"))
                break
            waiting = _taken_in(answer, waiting, found, failures)
        failures.update({one: "its answer has no end" for one, _ in waiting if one not in failures})
        # What was named before something failed stays known; only what is whole is kept for later.
        ids.update({one: tuple(found[one]) for one in batch if one not in failures or found[one]})

    async def _details(
        self, wanted: Mapping[str, str], advisories: dict[str, Advisory], unknown: dict[str, str]
    ) -> None:
        limiter = anyio.CapacityLimiter(self.settings.concurrent)
        known = await compute(self._recalled_details, wanted)
        advisories.update(known)

        async def one(name: str, modified: str) -> None:
            async with limiter:
                try:
                    told = await self._request("GET", f"/v1/vulns/{name}", None)
                except (Failed, _Rejected) as error:
                    unknown[name] = str(error)
                    return
            parsed = await compute(parse, told)
            if parsed is None or parsed.id != name:
                unknown[name] = "an answer of no known form"
                self._count("an answer of no known form")
                return
            advisories[name] = parsed
            await compute(self.keep, self._key("vuln", f"{name} {modified}"), json.dumps(told))

        async with anyio.create_task_group() as group:
            for name, modified in wanted.items():
                if name not in advisories:
                    group.start_soon(one, name, modified)

    async def _request(self, method: str, path: str, body: Mapping[str, object] | None) -> object:
        """One request, tried again where that can help.

        Raises:
            Failed: it failed for good.
            _Rejected: the service does not take it.
        """
        why = ""
        for attempt in range(_ATTEMPTS):
            if self._failed_in_a_row >= _GIVE_UP:
                raise Failed("it failed several times in a row and was not asked further")
            self.requests += 1
            try:
                told = await self._try(method, path, body)
            except _Again as again:
                why, wait = str(again), max(again.after_s, self.backoff_s * 2**attempt)
            else:
                self._failed_in_a_row = 0
                return told
            if wait > _LONGEST_WAIT_S:
                why = f"{why}, and it asks to wait {wait:.0f} seconds"
                break
            if attempt + 1 < _ATTEMPTS:
                await anyio.sleep(wait)
        self._failed_in_a_row += 1
        self._count(why)
        raise Failed(why)

    async def _try(self, method: str, path: str, body: Mapping[str, object] | None) -> object:
        """One request, once.

        Raises:
            _Again: it failed, and may not another time.
            Failed: its address cannot be used.
            _Rejected: the service does not take it.
        """
        import httpx2

        try:
            status, headers, data = await self._exchange(method, path, body)
        except httpx2.TimeoutException:
            raise _Again(f"no answer within {self.settings.timeout_s:g} seconds") from None
        except httpx2.HTTPError as error:
            raise _Again(f"no whole answer came ({type(error).__name__})") from None
        except httpx2.InvalidURL:
            raise Failed("its address cannot be used") from None
        if status in _CLIENT and status != _TOO_MANY:
            raise _Rejected(f"HTTP {status}")
        if status != _OK:
            raise _Again(f"HTTP {status}", _seconds(headers.get("retry-after", "")))
        try:
            told: object = json.loads(data)
        except (ValueError, RecursionError):
            raise _Again("its answer is not JSON") from None
        return told

    async def _exchange(
        self, method: str, path: str, body: Mapping[str, object] | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and the whole body, of which no more than the limit is taken."""
        import httpx2

        data = bytearray()
        assert self._client is not None  # noqa: S101  # it was opened before anything is asked
        async with self._client.stream(method, f"{self.settings.url}{path}", json=body) as response:
            async for piece in response.aiter_bytes():
                data += piece
                if len(data) > _LARGEST:
                    raise httpx2.DecodingError(f"larger than {_LARGEST:,} bytes")
            return response.status_code, response.headers, bytes(data)

    def _count(self, why: str) -> None:
        self.failures[why] = self.failures.get(why, 0) + 1

    def _key(self, kind: str, rest: str) -> str:
        return f"osv {kind} {self.settings.url} {rest}"

    def _recalled(self, asked: Sequence[Question]) -> dict[Question, tuple[tuple[str, str], ...]]:
        """Answers that are there from earlier and still young enough."""
        found: dict[Question, tuple[tuple[str, str], ...]] = {}
        for one in asked:
            text = self.recall(self._key("ids", " ".join(one)))
            if text is None:
                continue
            told = json.loads(text)
            if 0 <= self.clock() - told["at"] <= self.settings.keep_s:
                found[one] = tuple((name, modified) for name, modified in told["ids"])
        return found

    def _remember(self, asked: Iterable[Question], ids: Mapping[Question, tuple[tuple[str, str], ...]]) -> None:
        at = self.clock()
        for one in asked:
            self.keep(self._key("ids", " ".join(one)), json.dumps({"at": at, "ids": ids[one]}))

    def _recalled_details(self, wanted: Mapping[str, str]) -> dict[str, Advisory]:
        found: dict[str, Advisory] = {}
        for name, modified in wanted.items():
            text = self.recall(self._key("vuln", f"{name} {modified}")) if modified else None
            if text is not None and (parsed := parse(json.loads(text))):
                found[name] = parsed
        return found


def _taken_in(
    answer: object,
    waiting: Sequence[tuple[Question, str]],
    found: Mapping[Question, list[tuple[str, str]]],
    failures: dict[Question, str],
) -> list[tuple[Question, str]]:
    """Take in the answers to a batch; returns the questions whose answer goes on, with the mark of their next page."""
    results = rows(table(answer).get("results"))
    if len(results) != len(waiting):
        failures.update({one: f"{_FAILED}: it answered fewer questions than were asked" for one, _ in waiting})
        return []
    following: list[tuple[Question, str]] = []
    for (one, _), result in zip(waiting, results, strict=True):
        told = [table(entry) for entry in rows(table(result).get("vulns"))]
        named = [(text_of(entry.get("id")), text_of(entry.get("modified"))) for entry in told]
        found[one].extend(pair for pair in named if _ID.fullmatch(pair[0]))
        if not isinstance(result, dict) or not all(_ID.fullmatch(name) for name, _ in named):
            failures[one] = f"{_FAILED}: an answer of no known form"
        elif token := text_of(result.get("next_page_token")):
            following.append((one, token))
    return following


def _query(ecosystem: str, package: str, version: str, token: str) -> dict[str, object]:
    query: dict[str, object] = {"package": {"ecosystem": str(ecosystem), "name": package}}
    if version:
        query["version"] = version
    if token:
        query["page_token"] = token
    return query


def _wanted(ids: Mapping[Question, tuple[tuple[str, str], ...]]) -> dict[str, str]:
    """Which advisories are worth fetching: of an open version only those that say the package itself is an attack."""
    return {
        name: modified
        for (_, _, version), named in ids.items()
        for name, modified in named
        if version or name.startswith("MAL-")
    }


def _lookup(
    one: Question,
    ids: Mapping[Question, tuple[tuple[str, str], ...]],
    failures: Mapping[Question, str],
    advisories: Mapping[str, Advisory],
) -> Lookup:
    if one not in ids:
        return Lookup((), failures.get(one, "the advisory service did not answer in time"))
    if one[0] is Ecosystem.NUGET and not ids[one]:
        return Lookup((), failures.get(one, _CASE))
    matches = tuple(Match(name, advisories.get(name), told=bool(one[2])) for name, _ in ids[one])
    return Lookup(matches, failures.get(one, ""))


def _seconds(text: str) -> float:
    """`Retry-After` in seconds; a date counts as the least wait."""
    try:
        return max(0.0, float(text))
    except ValueError:
        return 0.0
