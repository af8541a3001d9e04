"""Finding inputs by following links and reading forms, no further than the operator's bounds."""

from __future__ import annotations

import re
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from manyeyes.cores import compute
from manyeyes_tools.probing.client import Asked
from manyeyes_tools.probing.endings import ends
from manyeyes_tools.probing.entries import Entry, Parameter, from_link
from manyeyes_tools.probing.pages import read_page
from manyeyes_tools.probing.probes.raw_paths import folder_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from manyeyes_tools.probing.client import Answer, Client
    from manyeyes_tools.probing.pages import Form

_DEAD = re.compile(r"\.(?:png|jpe?g|gif|svg|ico|css|js|woff2?|ttf|mp4|mp3|zip|gz|pdf)(?:\?|$)", re.IGNORECASE)
_SAME_SHAPE = 3
_MOST_FORMS = 200
_MOST_FOLDERS = 50


@dataclass(slots=True)
class Crawled:
    """What was found.

    Attributes:
        entries: Each link with values and each form.
        answers: What each page answered.
        left: Links that were not followed and forms that were not sent because of their name.
        folders: Folders that pages name files of, pictures and scripts included.
        more: How many links were left when the bound was reached.
    """

    entries: list[Entry] = field(default_factory=list)
    answers: list[tuple[Entry, Answer]] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    folders: dict[str, None] = field(default_factory=dict)
    more: int = 0


async def crawl(client: Client, starts: Iterable[str]) -> Crawled:
    """Follow links from the starting paths.

    Raises:
        Exhausted: the run's bounds are reached.
    """
    found = Crawled()
    waiting = deque(dict.fromkeys(starts))
    met = set(waiting)
    shapes: Counter[tuple[str, str]] = Counter()
    while waiting:
        if len(found.answers) >= client.limits.max_pages:
            found.more = len(waiting)
            break
        target = waiting.popleft()
        entry = from_link(target)
        shapes[entry.key] += 1
        if shapes[entry.key] > _SAME_SHAPE:
            continue
        answer = await client.ask(Asked("GET", target), follow=True)
        found.answers.append((entry, answer))
        if answer.status:
            found.entries.append(entry)
        if not answer.html:
            continue
        fresh = [one for one in await compute(_ways_on, answer, client, found) if one not in met]
        met.update(fresh)
        waiting += dict.fromkeys(fresh)
    return found


def _ways_on(answer: Answer, client: Client, found: Crawled) -> list[str]:
    """The links of a page that may be followed; its forms become entries."""
    page = read_page(answer.body)
    base = answer.asked.target
    for form in page.forms[: max(0, _MOST_FORMS - len(found.entries))]:
        inside = client.origin.inside(base, form.action or base)
        if inside is None:
            continue
        entry = _from_form(form, inside)
        if entry.method == "GET" and client.spares(entry.asked().target):
            _leave(inside, found)
        else:
            found.entries.append(entry)
    for url in page.urls:
        inside = client.origin.inside(base, url)
        if inside is not None and len(found.folders) < _MOST_FOLDERS:
            found.folders[folder_of(inside)] = None
    ways = []
    for link in page.links:
        inside = client.origin.inside(base, link)
        if inside is None or _DEAD.search(inside):
            continue
        if ends(inside):  # the session is worth keeping even where everything may be changed
            _leave(inside, found)
        else:
            ways.append(inside)
    return ways


def _leave(target: str, found: Crawled) -> None:
    if target not in found.left:
        found.left.append(target)


def _from_form(form: Form, target: str) -> Entry:
    method = form.method if form.method in {"GET", "POST"} else "GET"
    place = "query" if method == "GET" else "form"
    linked = from_link(urlsplit(target).path if method == "GET" else target)
    fields = tuple(Parameter(name, place, value) for name, value in dict(form.fields).items())  # type: ignore[arg-type]  # one of the two
    return Entry(method, linked.path, (*linked.parameters, *fields))
