"""Servers that speak OpenAI's Chat Completions: Ollama, vLLM, LM Studio, OpenRouter, a gateway."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from manyeyes.providers.chat import ChatModel
from manyeyes.providers.chat_request import Dialect
from manyeyes.providers.openai_client import Wire
from manyeyes.providers.sdk import Timeouts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manyeyes.settings import Endpoint, Settings


def providers(settings: Settings, *, timeouts: Timeouts | None = None) -> Sequence[Compatible]:
    """One provider for each endpoint of the settings, named after it."""
    wait = timeouts or Timeouts()
    return tuple(Compatible.at(name, endpoint, wait) for name, endpoint in settings.endpoints.items())


@dataclass(frozen=True, slots=True)
class Compatible:
    """One endpoint."""

    name: str
    local: bool
    wire: Wire
    dialect: Dialect

    @classmethod
    def at(cls, name: str, endpoint: Endpoint, timeouts: Timeouts) -> Compatible:
        """The endpoint of that name.  It is local when its address is, by form alone."""
        key = endpoint.key.get_secret_value() if endpoint.key is not None else ""
        dialect = Dialect(endpoint.schema_mode, frozenset(endpoint.modalities), own=False)
        return cls(name, endpoint.local, Wire.to(name, endpoint.url, key, timeouts), dialect)

    def model(self, name: str) -> ChatModel:
        """The model of that name."""
        return ChatModel(self.wire.ref(name), self.wire, self.dialect)

    async def warm(self) -> None:
        """Import the SDK and build the client."""
        await self.wire.client.get(self.wire.ref())

    async def served(self) -> Sequence[str]:
        """The models that the server lists."""
        return await self.wire.served()

    async def aclose(self) -> None:
        """Close its connections."""
        await self.wire.aclose()
