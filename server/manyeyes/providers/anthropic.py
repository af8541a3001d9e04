"""Anthropic: Claude through the Messages API, streamed."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass, field
from json import JSONDecodeError
from typing import TYPE_CHECKING, cast

from pydantic import ValidationError

from manyeyes.providers.anthropic_request import PROVIDER, to_params
from manyeyes.providers.faults import Faults
from manyeyes.providers.rate_headers import rate_limits
from manyeyes.providers.sdk import Once, Timeouts, tls, written
from manyeyes.providers.shapes import parsed
from manyeyes.providers.sse import events, read_on
from manyeyes.types import Completion, ModelRef

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anthropic import AsyncAnthropic

    from manyeyes.errors import ModelError
    from manyeyes.model import Pulse
    from manyeyes.providers.anthropic_turn import Turn
    from manyeyes.settings import Settings
    from manyeyes.types import Request

HOME = "https://api.anthropic.com"


def providers(settings: Settings, *, timeouts: Timeouts | None = None) -> Sequence[Anthropic]:
    """Anthropic when there is a key for it."""
    key = settings.anthropic.key
    if key is None or not key.get_secret_value():
        return ()
    base = settings.anthropic.base_url or HOME
    return (Anthropic.at(base, key.get_secret_value(), timeouts or Timeouts()),)


@dataclass(frozen=True, slots=True)
class Anthropic:
    """The vendor: one client for all its models."""

    client: Once[AsyncAnthropic]
    key: str = field(repr=False)
    timeouts: Timeouts
    home: str = HOME
    name: str = PROVIDER
    local: bool = False

    @classmethod
    def at(cls, base_url: str, key: str, timeouts: Timeouts) -> Anthropic:
        """The vendor at an address."""

        def build() -> AsyncAnthropic:
            from anthropic import AsyncAnthropic, DefaultAsyncHttpxClient

            from manyeyes.providers.connections import transport  # imports the HTTP library

            wait = timeouts.httpx()
            # Without redirects: the header that holds the key would follow one to any host.
            own = {"transport": way} if (way := transport(tls(), base_url)) else {"verify": tls()}
            http = DefaultAsyncHttpxClient(timeout=wait, follow_redirects=False, **own)
            return AsyncAnthropic(
                api_key=key,
                base_url=base_url,
                max_retries=0,
                timeout=wait,
                http_client=http,
                open_telemetry=False,  # its spans repeat what vendors write in errors; each call has one of ours
            )

        return cls(Once(build), key, timeouts, base_url.rstrip("/"))

    def model(self, name: str) -> Claude:
        """The model of that name."""
        return Claude(ModelRef(self.name, name), self)

    async def warm(self) -> None:
        """Import the SDK and build the client."""
        await self.client.get(ModelRef(self.name, "*"))

    async def served(self) -> Sequence[str]:
        """The models that this key may use."""
        ref = ModelRef(self.name, "*")
        client = await self.client.get(ref)
        from anthropic import AnthropicError
        from httpx2 import HTTPError

        try:
            return [model.id async for model in client.models.list(limit=1000)]
        except (AnthropicError, HTTPError, JSONDecodeError, UnicodeDecodeError, ValidationError) as error:
            raise explained(Faults(ref, self.key), error, self.timeouts) from None

    async def aclose(self) -> None:
        """Close its connections."""
        if (client := self.client.take()) is not None:
            await client.close()


@dataclass(frozen=True, slots=True)
class Claude:
    """One of Anthropic's models."""

    ref: ModelRef
    vendor: Anthropic

    async def complete(self, request: Request, pulse: Pulse) -> Completion:
        """Answer the request; see `manyeyes.model.Model`."""
        client = await self.vendor.client.get(self.ref)
        faults = Faults(self.ref, self.vendor.key)
        from anthropic import AnthropicError
        from httpx2 import HTTPError

        try:
            turn = await _read(client, self.vendor.home, self.ref, request, pulse, faults)
        except (AnthropicError, HTTPError, JSONDecodeError, UnicodeDecodeError, ValidationError) as error:
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
            limits=turn.limits,
            citations=turn.citations,
        )


async def _read(  # noqa: PLR0917  # whom to ask, what, and who listens
    client: AsyncAnthropic, home: str, ref: ModelRef, request: Request, pulse: Pulse, faults: Faults
) -> Turn:
    from anthropic import AsyncStream
    from httpx2 import Response

    from manyeyes.providers.anthropic_turn import Event, Turn

    turn = Turn(faults)
    body = to_params(ref, request)
    # The whole address: the SDK takes a path apart and puts it together with its own for longer than all else it does.
    url = f"{home}/v1/messages"
    sent = client.post(url, content=written(body), cast_to=Response, stream=True, stream_cls=AsyncStream)
    async with aclosing(cast("Response", await sent)) as response:
        turn.limits = rate_limits(response.headers)
        pieces = events(response)
        async for data in pieces:
            pulse()
            turn.add(Event.model_validate_json(data))
            if turn.done:
                break
        await read_on(pieces)
    return turn


def explained(  # noqa: PLR0911  # a table: one return a row
    faults: Faults, error: Exception, timeouts: Timeouts
) -> ModelError:
    """The SDK's error, or one that it let through, as one of ours."""
    import anthropic

    match error:
        case anthropic.APITimeoutError():
            return faults.transport(_cause(error), timeouts.stall)
        case anthropic.APIConnectionError():
            return faults.no_connection(_cause(error))
        case anthropic.APIStatusError():
            code = error.error_code or error.type or ""
            return faults.status(
                error.status_code, error.api_message or error.message, code=code, headers=error.response.headers
            )
        case anthropic.APIError():
            return faults.unreadable("the body is not what the vendor's SDK expects")
        case anthropic.AnthropicError():
            return faults.coded("authentication_error", error)
        case JSONDecodeError() | UnicodeDecodeError() | ValidationError():
            return faults.unreadable("a part of the answer cannot be read")
        case _:
            return faults.transport(error, timeouts.stall)


def _cause(error: Exception) -> Exception:
    cause = error.__cause__
    return cause if isinstance(cause, Exception) else error
