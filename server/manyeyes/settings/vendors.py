"""Who answers: the vendors, endpoints of the operator's own, and a script of answers."""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from manyeyes.settings.addresses import is_loopback, web_address
from manyeyes.settings.section import Section
from manyeyes.types import Modality, Tier


class Vendor(Section):
    """Access to one vendor.  `base_url` is None for the vendor's own address."""

    key: SecretStr | None = None
    base_url: str | None = None

    @field_validator("base_url")
    @classmethod
    def _http(cls, url: str | None) -> str | None:
        return None if url is None else web_address(url)


class OpenAI(Vendor):
    """`api` picks the protocol; by default Responses, and Chat Completions where a base URL is set."""

    api: Literal["responses", "chat"] | None = None


class Google(Vendor):
    """`api_version` goes into the address; None leaves it to the SDK."""

    api_version: str | None = None


class Endpoint(Section):
    """A named endpoint that speaks OpenAI's Chat Completions: Ollama, vLLM, LM Studio, OpenRouter, a gateway.

    Attributes:
        url: Base address, with `/v1` where the server has it.
        key: Sent as bearer token; many local servers need none.
        models: The models to use there, best first; empty asks the server on `manyeyes models`.
        tier: What tier the router takes them for.
        window: Their context window in tokens.
        max_output: The longest answer they give, in tokens.
        modalities: What they take in.
        schema_mode: How a shape is asked for; `prompt` for servers that know no `response_format`.
        usd_per_mtok_input, usd_per_mtok_output: Their price; unknown when not given, nothing on loopback.
    """

    url: str
    key: SecretStr | None = None
    models: tuple[str, ...] = ()
    tier: Tier = Tier.BALANCED
    window: int = Field(default=32_768, gt=0)
    max_output: int = Field(default=4_096, gt=0)
    modalities: tuple[Modality, ...] = ("text",)
    schema_mode: Literal["json_schema", "json_object", "prompt"] = "json_schema"
    usd_per_mtok_input: float | None = Field(default=None, ge=0)
    usd_per_mtok_output: float | None = Field(default=None, ge=0)

    @field_validator("url")
    @classmethod
    def _http(cls, url: str) -> str:
        return web_address(url)

    @property
    def local(self) -> bool:
        """True when the address is this machine's loopback, by its form alone: names are not looked up."""
        return is_loopback(urlsplit(self.url).hostname or "")


class Scripted(Section):
    """The scripted provider, for tests and for building plug-ins: `file` holds its answers as JSON."""

    file: Path | None = None
