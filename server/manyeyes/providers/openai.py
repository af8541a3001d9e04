"""OpenAI: the Responses API, or Chat Completions where a base URL is set (`openai.api` in the settings decides)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from manyeyes.providers.chat import ChatModel
from manyeyes.providers.chat_request import Dialect
from manyeyes.providers.openai_client import Wire
from manyeyes.providers.responses import ResponsesModel
from manyeyes.providers.responses_request import PROVIDER
from manyeyes.providers.sdk import Timeouts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manyeyes.model import Model
    from manyeyes.settings import Settings

HOME = "https://api.openai.com/v1"


def providers(settings: Settings, *, timeouts: Timeouts | None = None) -> Sequence[OpenAI]:
    """OpenAI when there is a key for it."""
    key = settings.openai.key
    if key is None or not key.get_secret_value():
        return ()
    base = settings.openai.base_url
    wire = Wire.to(PROVIDER, base or HOME, key.get_secret_value(), timeouts or Timeouts(), vendor=base in {None, HOME})
    return (OpenAI(wire, settings.openai.api or ("chat" if base else "responses")),)


@dataclass(frozen=True, slots=True)
class OpenAI:
    """The vendor: one client for all its models."""

    wire: Wire
    api: Literal["responses", "chat"]
    name: str = PROVIDER
    local: bool = False

    def model(self, name: str) -> Model:
        """The model of that name."""
        ref = self.wire.ref(name)
        if self.api == "responses":
            return ResponsesModel(ref, self.wire)
        return ChatModel(ref, self.wire, Dialect(vendor=self.wire.vendor))

    async def warm(self) -> None:
        """Import the SDK and build the client."""
        await self.wire.client.get(self.wire.ref())

    async def served(self) -> Sequence[str]:
        """The models that this key may use."""
        return await self.wire.served()

    async def aclose(self) -> None:
        """Close its connections."""
        await self.wire.aclose()
