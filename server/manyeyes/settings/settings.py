"""All sections together."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, PrivateAttr, field_validator, model_validator

from manyeyes.settings.calls import Breaker, Budget, Hedge, Patience, Rate, Retry
from manyeyes.settings.choice import Learning, RoutingRule
from manyeyes.settings.dast import Dast
from manyeyes.settings.keeping import Cache, State
from manyeyes.settings.mcp_server import McpServer
from manyeyes.settings.section import Section
from manyeyes.settings.vendors import Endpoint, Google, OpenAI, Scripted, Vendor
from manyeyes.settings.work import Limits, Osv, Security, Support

Privacy = Literal["redact", "local-only", "off"]

_SERVER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,23}")
"""A server's name is a part of its tools' names, which vendors bound."""


class Settings(Section):
    """Everything an operator can set.  See `docs/settings.md` for each key, its variable and its default."""

    roots: tuple[Path, ...] = ()
    privacy: Privacy = "redact"
    deadline_s: float = Field(default=300.0, gt=0)
    toolsets: tuple[str, ...] = ("default",)
    log_level: Literal["debug", "info", "warning", "error"] = "warning"
    anthropic: Vendor = Vendor()
    openai: OpenAI = OpenAI()
    google: Google = Google()
    endpoints: Mapping[str, Endpoint] = {}
    mcp_servers: Mapping[str, McpServer] = {}
    scripted: Scripted = Scripted()
    budget: Budget = Budget()
    state: State = State()
    cache: Cache = Cache()
    limits: Limits = Limits()
    support: Support = Support()
    osv: Osv = Osv()
    dast: Dast = Dast()
    security: Security = Security()
    retry: Retry = Retry()
    patience: Patience = Patience()
    breaker: Breaker = Breaker()
    hedge: Hedge = Hedge()
    learning: Learning = Learning()
    rates: Mapping[str, Rate] = {}
    routing: Mapping[str, RoutingRule] = {}
    models: Mapping[str, str] = {}
    """Which model is the default of a family's tier: `"anthropic.flagship" = "claude-opus-4-7"`."""
    _missing_roots: tuple[str, ...] = PrivateAttr(default=())

    @property
    def missing_roots(self) -> tuple[str, ...]:
        """Roots that were set and are no folders here, as they were written or resolved; they are not in `roots`."""
        return self._missing_roots

    @model_validator(mode="after")
    def _endpoint_names(self) -> Settings:
        taken = {"anthropic", "openai", "google", "compatible", "scripted"} & set(self.endpoints)
        if taken:
            raise ValueError(f"an endpoint cannot be called {min(taken)!r}; choose another name")
        return self

    @field_validator("mcp_servers")
    @classmethod
    def _server_names(cls, servers: Mapping[str, McpServer]) -> Mapping[str, McpServer]:
        for name in servers:
            if not _SERVER_NAME.fullmatch(name):
                raise ValueError(f"{name!r} cannot be a server's name; use up to 24 letters, digits, - and _")
        return servers
