"""Google: Gemini through `aio.models.generate_content_stream`."""

from __future__ import annotations

from dataclasses import dataclass, field
from json import JSONDecodeError
from typing import TYPE_CHECKING, cast

from pydantic import ValidationError

from manyeyes.providers.faults import Faults
from manyeyes.providers.google_request import PROVIDER
from manyeyes.providers.sdk import Once, Timeouts, tls
from manyeyes.providers.shapes import parsed
from manyeyes.providers.sse import events, streamed
from manyeyes.types import Completion, ModelRef

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import httpx2
    from google import genai
    from google.genai.types import ContentListUnion
    from pydantic import JsonValue

    from manyeyes.errors import ModelError
    from manyeyes.model import Pulse
    from manyeyes.providers.google_turn import Turn
    from manyeyes.settings import Settings
    from manyeyes.types import Request

HOME = "https://generativelanguage.googleapis.com"


def providers(settings: Settings, *, timeouts: Timeouts | None = None) -> Sequence[Google]:
    """Google when there is a key for it."""
    key = settings.google.key
    if key is None or not key.get_secret_value():
        return ()
    base = settings.google.base_url or HOME
    return (Google.at(base, key.get_secret_value(), timeouts or Timeouts(), settings.google.api_version),)


@dataclass(frozen=True, slots=True)
class _Client:
    """The SDK's client, which closes itself once nobody holds it, and the HTTP client that we gave it."""

    sdk: genai.Client
    http: httpx2.AsyncClient

    async def aclose(self) -> None:
        await self.sdk.aio.aclose()
        await self.http.aclose()


@dataclass(frozen=True, slots=True)
class Google:
    """The vendor: one client for all its models."""

    client: Once[_Client]
    key: str = field(repr=False)
    timeouts: Timeouts
    name: str = PROVIDER
    local: bool = False

    @classmethod
    def at(cls, base_url: str, key: str, timeouts: Timeouts, api_version: str | None) -> Google:
        """The vendor at an address, in a version of its API; None leaves the version to the SDK."""

        def build() -> _Client:
            from google import genai
            from google.genai.types import HttpOptions

            from manyeyes.providers.connections import transport  # imports the HTTP library
            from manyeyes.providers.lifted import LiftingClient

            wait = timeouts.httpx()

            async def bounded(request: httpx2.Request) -> None:
                # The SDK sends each request with its own time-out, which is none.
                request.extensions = {**request.extensions, "timeout": wait.as_dict()}

            # A client of ours also keeps the SDK from picking aiohttp, which has errors and retries of its own.
            http = LiftingClient(
                timeout=wait,
                verify=tls(),
                transport=transport(tls(), base_url),
                follow_redirects=False,
                event_hooks={"request": [bounded]},
            )
            options = HttpOptions(
                base_url=base_url,
                api_version=api_version,
                httpx_async_client=http,
                client_args={"verify": tls()},  # of a synchronous client that is made and never used
            )
            return _Client(genai.Client(api_key=key, vertexai=False, http_options=options), http)

        return cls(Once(build), key, timeouts)

    def model(self, name: str) -> Gemini:
        """The model of that name."""
        return Gemini(ModelRef(self.name, name), self)

    async def warm(self) -> None:
        """Import the SDK and build the client."""
        await self.client.get(ModelRef(self.name, "*"))

    async def served(self) -> Sequence[str]:
        """The models that generate content, by their plain names."""
        ref = ModelRef(self.name, "*")
        client = await self.client.get(ref)
        from google.genai import errors
        from httpx2 import HTTPError

        try:
            pages = await client.sdk.aio.models.list(config={"page_size": 1000})
            return [
                (model.name or "").removeprefix("models/")
                async for model in pages
                if not model.supported_actions or "generateContent" in model.supported_actions
            ]
        except (
            errors.APIError,
            errors.UnknownApiResponseError,
            HTTPError,
            JSONDecodeError,
            UnicodeDecodeError,
            ValidationError,
        ) as error:
            raise explained(Faults(ref, self.key), error, self.timeouts) from None

    async def aclose(self) -> None:
        """Close its connections."""
        if (client := self.client.take()) is not None:
            await client.aclose()


@dataclass(frozen=True, slots=True)
class Gemini:
    """One of Google's models."""

    ref: ModelRef
    vendor: Google

    async def complete(self, request: Request, pulse: Pulse) -> Completion:
        """Answer the request; see `manyeyes.model.Model`."""
        client = await self.vendor.client.get(self.ref)
        faults = Faults(self.ref, self.vendor.key)
        from google.genai import errors
        from httpx2 import HTTPError

        try:
            turn = await self._read(client.sdk, request, pulse, faults)
        except (
            errors.APIError,
            errors.UnknownApiResponseError,
            HTTPError,
            JSONDecodeError,
            UnicodeDecodeError,
            ValidationError,
        ) as error:
            # The vendor's error is dropped from the chain: its text may repeat the key, and tracebacks print it.
            raise explained(faults, error, self.vendor.timeouts) from None
        fault = turn.fault()
        if fault is not None:
            raise fault
        calls = turn.tool_calls
        text, value = parsed(self.ref, None if calls else request.answer, turn.text, turn.usage)
        return Completion(
            ref=self.ref,
            served=turn.model,
            text=text,
            parsed=value,
            tool_calls=calls,
            native=turn.native,
            usage=turn.usage,
            citations=turn.citations,
        )

    async def _read(self, client: genai.Client, request: Request, pulse: Pulse, faults: Faults) -> Turn:
        from manyeyes.providers.google_quick import quick_config, quick_contents
        from manyeyes.providers.google_turn import Piece, Turn
        from manyeyes.providers.lifted import Lift

        turn = Turn(faults, len(request.messages))

        def add(data: bytes) -> None:
            pulse()
            piece = Piece.model_validate_json(data)
            if piece.error is not None:
                raise _told(faults, piece.error)
            turn.add(piece)

        async with Lift() as lift:
            sent = await client.aio.models.generate_content_stream(
                model=self.ref.model,
                contents=cast("ContentListUnion", quick_contents(self.ref, request)),
                config=quick_config(self.ref, request),
            )
            async for _ in sent:
                raise AssertionError("the SDK has been given an empty answer")
            if lift.response is None:
                raise faults.unreadable("there is no answer")
            if not streamed(lift.response):
                add(await lift.response.aread())
                return turn
            async for data in events(lift.response):
                add(data)
        return turn


def explained(faults: Faults, error: Exception, timeouts: Timeouts) -> ModelError:
    """The SDK's error, or one that it let through, as one of ours."""
    from google.genai import errors

    match error:
        case errors.APIError():
            headers = getattr(error.response, "headers", None)
            body = error.details
            inner = body.get("error", body) if isinstance(body, dict) else {}
            reasons, wait = _details(inner if isinstance(inner, dict) else {})
            code = " ".join(filter(None, (error.status, *reasons)))
            return faults.status(error.code, error.message or "", code=code, headers=headers, wait=wait)
        case errors.UnknownApiResponseError() | JSONDecodeError() | UnicodeDecodeError() | ValidationError():
            return faults.unreadable("a part of the answer cannot be read")
        case _:
            return faults.transport(error, timeouts.stall)


def _told(faults: Faults, error: Mapping[str, JsonValue]) -> ModelError:
    """The error that came in place of a piece of the answer, where the status was 200."""
    code, status, message = error.get("code"), error.get("status"), error.get("message")
    reasons, wait = _details(error)
    said = " ".join((*([status] if isinstance(status, str) else ()), *reasons))
    words = message if isinstance(message, str) else ""
    return faults.status(code, words, code=said, wait=wait) if isinstance(code, int) else faults.coded(said, words)


def _details(error: Mapping[str, JsonValue]) -> tuple[list[str], float | None]:
    """The machine-readable reasons in an error, and the seconds it asks to wait."""
    listed = error.get("details")
    details = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    reasons = [reason for item in details if isinstance(reason := item.get("reason"), str)]
    delays = [delay for item in details if isinstance(delay := item.get("retryDelay"), str)]
    try:
        return reasons, max(float(delays[0].removesuffix("s")), 0.0) if delays else None
    except ValueError:
        return reasons, None
