"""Finds tools and providers by their entry points; our own are registered the same way as anyone's."""

from __future__ import annotations

import logging
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from manyeyes.model import Provider, ProviderFactory
    from manyeyes.results import Result
    from manyeyes.settings import Settings
    from manyeyes.tool import Arguments, Tool

TOOLS = "manyeyes.tools"
PROVIDERS = "manyeyes.providers"

logger = logging.getLogger(__name__)


def installed_tools(settings: Settings) -> dict[str, Tool[Arguments, Result]]:
    """The tools of the toolsets that the settings switch on, by name, in the order of their names.

    A plug-in that cannot be imported is left out with a warning: it must not take the others with it.
    """
    tools: dict[str, Tool[Arguments, Result]] = {}
    for entry in sorted(entry_points(group=TOOLS), key=lambda entry: entry.name):
        try:
            tool: Tool[Arguments, Result] = entry.load()()
        except (ImportError, AttributeError) as error:
            logger.warning("tool %s is left out: %s", entry.name, error)
            continue
        if tool.toolset in settings.toolsets or "all" in settings.toolsets:
            tools[tool.name] = tool
    return tools


def configured_providers(settings: Settings) -> dict[str, Provider]:
    """The providers that have what they need (a key, an endpoint), by name."""
    providers: dict[str, Provider] = {}
    for entry in sorted(entry_points(group=PROVIDERS), key=lambda entry: entry.name):
        try:
            factory: ProviderFactory = entry.load()
        except (ImportError, AttributeError) as error:
            logger.warning("provider %s is left out: %s", entry.name, error)
            continue
        providers.update((provider.name, provider) for provider in factory(settings))
    return providers
