"""The `openai` SDK's client and its errors, for everything that speaks OpenAI's protocols."""

from __future__ import annotations

from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from importlib import import_module
from json import JSONDecodeError
from typing import TYPE_CHECKING, cast

from pydantic import ValidationError

from manyeyes.providers.faults import Faults
from manyeyes.providers.sdk import Once, Timeouts, tls, written
from manyeyes.types import ModelRef

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    import httpx2
    from openai import AsyncOpenAI
    from openai._types import RequestOptions

    from manyeyes.errors import ModelError

ANY_MODEL = "*"


@dataclass(frozen=True, slots=True)
class Wire:
    """The way to one address: the client, built once, and what its errors mean.

    Attributes:
        provider: The prefix of references to its models.
        client: The SDK's client.
        key: What no message may repeat; empty for servers without a key.
        timeouts: How long to wait.
        home: Its address.
        vendor: It leads to the vendor itself, not to somebody who speaks its protocol.
    """

    provider: str
    client: Once[AsyncOpenAI]
    key: str = field(repr=False)
    timeouts: Timeouts
    home: str
    vendor: bool = False

    @classmethod
    def to(cls, provider: str, base_url: str, key: str, timeouts: Timeouts, *, vendor: bool = False) -> Wire:
        """The way to `base_url`.  Only the vendor itself (`vendor`) is told the operator's organisation and project."""
        withheld = [] if vendor else ["OpenAI-Organization", "OpenAI-Project"]
        if not key:
            withheld.append("Authorization")

        async def strip(request: httpx2.Request) -> None:
            for name in withheld:
                request.headers.pop(name, None)

        def build() -> AsyncOpenAI:
            from openai import AsyncOpenAI, DefaultAsyncHttpxClient

            from manyeyes.providers.connections import transport  # imports the HTTP library

            # Google's SDK imports this library where it happens to be installed, and this SDK looks into it at each
            # error as soon as it has begun to load: half of it would turn a vendor's error into one of ours.
            with suppress(ImportError):
                import_module("httpx")
            wait = timeouts.httpx()
            # Without redirects: what is sent goes to the address that the operator named and to no other.
            own = {"transport": way} if (way := transport(tls(), base_url)) else {"verify": tls()}
            http = DefaultAsyncHttpxClient(
                timeout=wait, follow_redirects=False, event_hooks={"request": [strip]}, **own
            )
            return AsyncOpenAI(
                api_key=key or "none",  # the SDK insists on one
                base_url=base_url,
                max_retries=0,
                timeout=wait,
                http_client=http,
            )

        return cls(provider, Once(build), key, timeouts, base_url.rstrip("/"), vendor)

    def ref(self, model: str = ANY_MODEL) -> ModelRef:
        """The reference of a model here."""
        return ModelRef(self.provider, model)

    async def served(self) -> Sequence[str]:
        """The models it lists."""
        client = await self.client.get(self.ref())
        from httpx2 import HTTPError
        from openai import OpenAIError

        try:
            return [model.id async for model in client.models.list()]
        except (OpenAIError, HTTPError, JSONDecodeError, UnicodeDecodeError, ValidationError) as error:
            raise self.explained(self.ref(), error) from None

    @asynccontextmanager
    async def post(self, ref: ModelRef, path: str, body: Mapping[str, object]) -> AsyncIterator[httpx2.Response]:
        """Send a request by the SDK, which knows the address, the key and the errors, and read the answer here.

        Raises:
            OpenAIError: there is none.
        """
        client = await self.client.get(ref)
        from httpx2 import Response
        from openai import AsyncStream

        bearer: RequestOptions = {"security": {"bearer_auth": True}}
        # The whole address: the SDK would take the path apart and put it together with its own, which takes long.
        url = f"{self.home}{path}"
        data = written(body)
        sent = client.post(url, content=data, cast_to=Response, options=bearer, stream=True, stream_cls=AsyncStream)
        async with aclosing(cast("Response", await sent)) as response:
            yield response

    async def aclose(self) -> None:
        """Close its connections."""
        if (client := self.client.take()) is not None:
            await client.close()

    def faults(self, ref: ModelRef) -> Faults:
        """Makes the errors of a model's calls."""
        return Faults(ref, self.key)

    def explained(  # noqa: PLR0911  # a table: one return a row
        self, ref: ModelRef, error: Exception
    ) -> ModelError:
        """The SDK's error, or one that it let through, as one of ours."""
        import openai

        faults = self.faults(ref)
        match error:
            case openai.APITimeoutError() | openai.APIConnectionError():
                cause = error.__cause__
                if isinstance(cause, Exception):
                    return faults.transport(cause, self.timeouts.stall)
                return faults.no_connection(error)
            case openai.APIStatusError():
                code = " ".join(filter(None, (error.code, error.type)))
                return faults.status(error.status_code, _words(error), code=code, headers=error.response.headers)
            case openai.APIResponseValidationError():
                return faults.unreadable("the body is not what the vendor's SDK expects")
            case openai.APIError():
                return faults.coded(error.code or error.type or "", _words(error))
            case openai.OpenAIError():
                return faults.coded("authentication_error", error)
            case JSONDecodeError() | UnicodeDecodeError() | ValidationError():
                return faults.unreadable("a part of the answer cannot be read")
            case _:
                return faults.transport(error, self.timeouts.stall)


def _words(error: object) -> str:
    """The vendor's sentence alone, where the body has one; the SDK's message repeats the whole body."""
    body = getattr(error, "body", None)
    said = body.get("message") if isinstance(body, dict) else None
    return said if isinstance(said, str) else str(error)
