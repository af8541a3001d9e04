"""Finds tools and providers by their entry points; our own are registered the same way as anyone's."""

from __future__ import annotations

import logging
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from manyeyes.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from manyeyes.model import Provider, ProviderFactory
    from manyeyes.results import Result
    from manyeyes.settings import Settings
    from manyeyes.tool import Arguments, Tool

TOOLS = "manyeyes.tools"
PROVIDERS = "manyeyes.providers"
TRAINERS = "manyeyes.trainers"

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


def trainer(name: str) -> Callable[[Path, Path], Mapping[str, float]]:
    """What learns from a file of examples for the toolset of that name: given the file and where to put what it made.

    Raises:
        SettingsError: none is installed.
    """
    for entry in entry_points(group=TRAINERS, name=name):
        found: Callable[[Path, Path], Mapping[str, float]] = entry.load()
        return found
    raise SettingsError(f"Nothing that trains for `{name}` is installed; install manyeyes anew.")
