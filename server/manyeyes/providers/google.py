"""Google: Gemini through `aio.models.generate_content_stream`."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass, field
from functools import cache
from json import JSONDecodeError
from typing import TYPE_CHECKING, Self, cast

from pydantic import ValidationError

from manyeyes.providers.faults import Faults
from manyeyes.providers.google_request import PROVIDER, to_config, to_contents
from manyeyes.providers.sdk import Once, Timeouts, tls
from manyeyes.providers.shapes import parsed
from manyeyes.types import Completion, ModelRef

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

    import httpx2
    from google import genai
    from google.genai import errors
    from google.genai.types import ContentListUnionDict, GenerateContentConfig, GenerateContentResponse

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
            import httpx2
            from google import genai
            from google.genai.types import HttpOptions

            from manyeyes.providers.connections import transport  # imports the HTTP library

            wait = timeouts.httpx()

            async def bounded(request: httpx2.Request) -> None:
                # The SDK sends each request with its own time-out, which is none.
                request.extensions = {**request.extensions, "timeout": wait.as_dict()}

            # A client of ours also keeps the SDK from picking aiohttp, which has errors and retries of its own.
            http = httpx2.AsyncClient(
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
        from manyeyes.providers.google_turn import Turn

        turn = Turn(faults, len(request.messages))
        pieces = await client.aio.models.generate_content_stream(
            model=self.ref.model,
            contents=cast("ContentListUnionDict", to_contents(self.ref, request)),
            config=_quick().model_validate(to_config(self.ref, request)),
        )
        async with aclosing(cast("AsyncGenerator[GenerateContentResponse, None]", pieces)) as stream:
            while (piece := await _next(stream, faults)) is not None:
                pulse()
                turn.add(piece)
        return turn


@cache
def _quick() -> type[GenerateContentConfig]:
    """The SDK's configuration, but quicker to ask.

    The SDK looks for keys in it as if it were a dictionary, dozens of times a call, before it asks for attributes.
    Never is one there; to find out it goes through all fields.  And it copies a configuration to the bottom, schema
    and all, which nobody else holds.
    """
    from google.genai.types import GenerateContentConfig

    class Config(GenerateContentConfig):
        def __contains__(self, _key: object) -> bool:
            return False

        def model_copy(self, *, update: Mapping[str, object] | None = None, deep: bool = False) -> Self:  # noqa: ARG002
            return super().model_copy(update=update)

    return Config


async def _next(
    stream: AsyncGenerator[GenerateContentResponse, None], faults: Faults
) -> GenerateContentResponse | None:
    """The next piece; None at the end.

    Raises:
        BrokenAnswer: the piece is JSON of a form that the SDK's converters trip over; they look without checking.
    """
    try:
        return await anext(stream, None)
    except (TypeError, AttributeError, KeyError):
        raise faults.unreadable("a part of the answer is not what the vendor's SDK expects") from None


def explained(faults: Faults, error: Exception, timeouts: Timeouts) -> ModelError:
    """The SDK's error, or one that it let through, as one of ours."""
    from google.genai import errors

    match error:
        case errors.APIError():
            headers = getattr(error.response, "headers", None)
            reasons, wait = _details(error)
            code = " ".join(filter(None, (error.status, *reasons)))
            return faults.status(error.code, error.message or "", code=code, headers=headers, wait=wait)
        case errors.UnknownApiResponseError() | JSONDecodeError() | UnicodeDecodeError() | ValidationError():
            return faults.unreadable("a part of the answer cannot be read")
        case _:
            return faults.transport(error, timeouts.stall)


def _details(error: errors.APIError) -> tuple[list[str], float | None]:
    """The machine-readable reasons in an error's body, and the seconds it asks to wait."""
    body = error.details
    inner = body.get("error", body) if isinstance(body, dict) else {}
    listed = inner.get("details") if isinstance(inner, dict) else None
    details = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    reasons = [item["reason"] for item in details if isinstance(item.get("reason"), str)]
    delays = [item["retryDelay"] for item in details if isinstance(item.get("retryDelay"), str)]
    try:
        return reasons, max(float(delays[0].removesuffix("s")), 0.0) if delays else None
    except ValueError:
        return reasons, None
