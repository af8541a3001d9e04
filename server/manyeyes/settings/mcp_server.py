"""Other MCP servers, whose tools are lent to models."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from manyeyes.settings.addresses import is_loopback, web_address
from manyeyes.settings.section import Section


class McpServer(Section):
    """Another MCP server, whose tools models may use while they answer or look around.

    Attributes:
        command: The program to start; it speaks MCP over its standard input and output.
        args: Its arguments. It starts in your home folder, so name files by absolute paths.
        env: Variables it is given beside the harmless ones of yours. Keys of model vendors are not among those.
        url: Instead of a command, the address of a server that speaks streamable HTTP.
        headers: Sent with each request to that address.
        tools: The tools models may use, by name or pattern such as `read_*`. None unless named here.
        allow_destructive: Offer also tools that are not marked as read-only; they may change or delete things.
        timeout_s: Seconds that its start, and each call, may take.
    """

    command: str | None = Field(default=None, min_length=1)
    args: tuple[str, ...] = ()
    env: Mapping[str, SecretStr] = {}
    url: str | None = None
    headers: Mapping[str, SecretStr] = {}
    tools: tuple[str, ...] = ()
    allow_destructive: bool = False
    timeout_s: float = Field(default=30.0, gt=0)

    @field_validator("url")
    @classmethod
    def _http(cls, url: str | None) -> str | None:
        return None if url is None else web_address(url)

    @model_validator(mode="after")
    def _one_way_in(self) -> McpServer:
        if (self.command is None) == (self.url is None):
            raise ValueError("must have either a command or a url")
        return self

    @property
    def local(self) -> bool:
        """True when it runs on this machine: started here, or at a loopback address."""
        return self.url is None or is_loopback(urlsplit(self.url).hostname or "")
