"""The routing table: for each kind of work the vendors in order and the tier.  Data, from `rules.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, TypeAlias

from manyeyes.types import Tier

if TYPE_CHECKING:
    from collections.abc import Mapping

    from manyeyes.settings import RoutingRule

DEFAULT = "default"
"""The row for every kind that has none of its own."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A row: whom to ask, best first, and how capable a model."""

    vendors: tuple[str, ...]
    tier: Tier


Rules: TypeAlias = "Mapping[str, Rule]"


def rules(overrides: Mapping[str, RoutingRule]) -> Rules:
    """The table as shipped, with the operator's rows in place of it.

    An operator's row without a tier keeps the tier of the row it replaces, or takes the default row's.
    """
    table = dict(_shipped())
    for kind, override in overrides.items():
        before = table.get(kind, table[DEFAULT])
        table[kind] = Rule(tuple(dict.fromkeys(override.vendors)), override.tier or before.tier)
    return table


@cache
def _shipped() -> Rules:
    table = tomllib.loads(files("manyeyes.routing").joinpath("rules.toml").read_text(encoding="utf-8"))
    return {kind: Rule(tuple(row["vendors"]), Tier(row["tier"])) for kind, row in table.items()}
