"""The same question is not paid for twice: not later, and not at the same time."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache, partial
from hashlib import sha256
from typing import TYPE_CHECKING

from pydantic import ValidationError

from manyeyes import __version__
from manyeyes.state.answers import StoredAnswer
from manyeyes.types import Completion, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydantic import BaseModel

    from manyeyes.calls.flights import Flights
    from manyeyes.model import Model, Pulse
    from manyeyes.settings import Settings
    from manyeyes.state.answers import Answers
    from manyeyes.types import Message, ModelRef, Request

_FORM = 1
"""Counted up when keys or stored answers change their meaning."""


@dataclass(frozen=True, slots=True)
class Cached:
    """Gives an answer again that was given before, and joins equal calls under way.

    Only whole answers to requests without tools and searches are kept, and none to private ones.  Requests arrive here
    with secrets masked, so none of those is kept; nor is an answer that repeats a secret all the same.

    Attributes:
        inner: Whom to ask otherwise.
        answers: The answers kept.
        flights: The calls under way in this process.
        edition: What changes answers beside the request, see `edition`.
        mask: Replaces the secrets that the run knows.
    """

    inner: Model
    answers: Answers
    flights: Flights
    edition: str = ""
    mask: Callable[[str], str] = str

    @property
    def ref(self) -> ModelRef:
        """The model inside."""
        return self.inner.ref

    async def complete(self, request: Request, pulse: Pulse) -> Completion:
        """Answer, for nothing where the same was answered before.

        Raises:
            ModelError: the call failed; errors are not kept.
        """
        if not can_be_kept(request):
            return await self.inner.complete(request, pulse)
        key = key_of(self.ref, request, self.edition)
        # Nothing is awaited between here and the flight's start, so no equal call can slip in between.
        if not self.flights.under_way(key) and (kept := self._kept(key, request)):
            return kept
        return await self.flights.join(key, self.inner, request, pulse, partial(self._keep, key, request))

    def _kept(self, key: str, request: Request) -> Completion | None:
        stored = self.answers.get(key)
        if stored is None:
            return None
        try:
            parsed = request.answer.model_validate_json(stored.text) if request.answer else None
        except ValidationError:  # the shape has rules that its schema does not show, and they have changed
            self.answers.drop(key)
            return None
        return Completion(
            ref=self.ref,
            text=stored.text,
            served=stored.served,
            parsed=parsed,
            usage=Usage(),
            cached=True,
            cache_note=stored.note,
        )

    def _keep(self, key: str, request: Request, completion: Completion) -> Completion:
        """Keep it, unless it is a step on the way to an answer; and let it say to what it was one."""
        text = completion.text
        if text.strip() and not completion.tool_calls and self.mask(text) == text:
            stored = StoredAnswer(text=text, served=completion.served, note=request.cache_note)
            self.answers.put(key, stored)
        if completion.cache_note == request.cache_note:
            return completion
        return replace(completion, cache_note=request.cache_note)


def can_be_kept(request: Request) -> bool:
    """Whether an answer may be given again: what tools find and the web says is another thing tomorrow."""
    return not (request.tools or request.search or request.private)


def key_of(ref: ModelRef, request: Request, edition: str = "") -> str:
    """A name for the question: equal when everything that changes the answer is."""
    whole: list[bytes] = []
    for part in _parts(ref, request, edition):
        data = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
        whole += (b"%d:" % len(data), data)  # so that no text can run over into the next
    return sha256(b"".join(whole)).hexdigest()


def edition(settings: Settings, provider: str) -> str:
    """What changes a provider's answers and is not in the request: this program's version, and who answers there."""
    endpoint = settings.endpoints.get(provider)
    where: tuple[object, ...] = ()
    if endpoint is not None:
        where = (endpoint.url, endpoint.schema_mode)
    elif provider == "anthropic":
        where = (settings.anthropic.base_url,)
    elif provider == "openai":
        where = (settings.openai.base_url, settings.openai.api)
    elif provider == "google":
        where = (settings.google.base_url, settings.google.api_version)
    elif provider == "scripted" and settings.scripted.file is not None:
        where = (str(settings.scripted.file), settings.scripted.file.stat().st_mtime_ns)
    return json.dumps([__version__, *where])


def _parts(ref: ModelRef, request: Request, edition: str) -> Iterator[str | bytes]:
    """Each part of the question, in an order and number that their own lengths tell apart."""
    yield f"{_FORM} {ref}"
    yield edition
    yield request.system
    yield f"{request.max_tokens} {request.effort}"
    yield _schema(request.answer) if request.answer else ""
    for tool in request.tools:
        yield json.dumps([tool.name, tool.description, dict(tool.parameters)], sort_keys=True)
    yield "by text" if request.cache_key is None else f"by key {request.cache_key}"
    for message in request.messages:
        yield from _message_parts(message, by_text=request.cache_key is None)


def _message_parts(message: Message, *, by_text: bool) -> Iterator[str | bytes]:
    yield f"{message.role} {len(message.media)} {len(message.tool_calls)} {len(message.tool_outputs)}"
    yield message.text if by_text else ""
    for media in message.media:
        yield media.mime
        yield media.data
    for call in message.tool_calls:
        yield json.dumps([call.id, call.name, dict(call.arguments)], sort_keys=True)
    for output in message.tool_outputs:
        yield json.dumps([output.call_id, output.name, output.text, output.failed])
    yield json.dumps([message.native.provider, message.native.blob] if message.native else None)


@cache
def _schema(shape: type[BaseModel]) -> str:
    return json.dumps([shape.__name__, shape.model_json_schema()], sort_keys=True)
