"""Variables of the environment as settings."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from manyeyes.settings.calls import Rate
from manyeyes.settings.choice import RoutingRule
from manyeyes.settings.mcp_server import McpServer
from manyeyes.settings.vendors import Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from manyeyes.settings.section import Section
    from manyeyes.types import Json

PREFIX = "MANYEYES_"
_VENDOR_VARIABLES = {
    "ANTHROPIC_API_KEY": "anthropic.key",
    "ANTHROPIC_BASE_URL": "anthropic.base_url",
    "OPENAI_API_KEY": "openai.key",
    "OPENAI_BASE_URL": "openai.base_url",
    "GEMINI_API_KEY": "google.key",
    "GOOGLE_API_KEY": "google.key",  # read after GEMINI_API_KEY: the SDK prefers it too
    "GOOGLE_GEMINI_BASE_URL": "google.base_url",
}
_LISTS = {"toolsets", "models", "modalities", "vendors", "targets", "args", "tools", "careful", "engines"}
_TOP_LEVEL = {"roots", "privacy", "deadline_s", "toolsets", "log_level"}
_NAMED_SECTIONS: Mapping[str, type[Section]] = {
    "endpoints": Endpoint,
    "mcp_servers": McpServer,
    "routing": RoutingRule,
    "rates": Rate,
}
_SECTIONS = (
    "support",
    "anthropic",
    "openai",
    "google",
    "scripted",
    "budget",
    "state",
    "cache",
    "limits",
    "osv",
    "dast",
    "security",
    "retry",
    "patience",
    "breaker",
    "hedge",
    "learning",
)
_NOT_SETTINGS = {"config"}


def from_environment(environ: Mapping[str, str]) -> Iterator[tuple[str, Json]]:
    """The settings that variables make, as dotted keys."""
    for variable, key in _VENDOR_VARIABLES.items():
        if value := environ.get(variable, "").strip():
            yield key, value
    for variable in sorted(environ):
        value = environ[variable].strip()
        if not variable.startswith(PREFIX) or not value:
            continue
        key = _dotted(variable)
        if key in _NOT_SETTINGS:
            continue
        last = key.rpartition(".")[2]
        if key == "roots":
            yield key, [part for part in value.split(os.pathsep) if part]
        elif last in _LISTS:
            yield key, [part.strip() for part in value.split(",") if part.strip()]
        else:
            yield key, value


def _dotted(variable: str) -> str:
    """`MANYEYES_BUDGET_USD_PER_CALL` as `budget.usd_per_call`; endpoint names go in lower case."""
    name = variable.removeprefix(PREFIX).lower()
    if name in _TOP_LEVEL:
        return name
    for section, model in _NAMED_SECTIONS.items():
        if name.startswith(f"{section}_"):
            rest = name.removeprefix(f"{section}_")
            for key in sorted(model.model_fields, key=len, reverse=True):
                if rest.endswith(f"_{key}"):
                    return f"{section}.{rest.removesuffix(f'_{key}')}.{key}"
    for section in _SECTIONS:
        if name.startswith(f"{section}_"):
            return f"{section}.{name.removeprefix(f'{section}_')}"
    return name
