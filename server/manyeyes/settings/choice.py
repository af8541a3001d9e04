"""How the models to ask are chosen: by rules, and by what was learned."""

from __future__ import annotations

from pydantic import Field

from manyeyes.settings.section import Section
from manyeyes.types import Tier


class RoutingRule(Section):
    """A row of the routing table: which vendors to ask for a kind of task, in order, and which tier of theirs."""

    vendors: tuple[str, ...] = Field(min_length=1)
    tier: Tier | None = None


class Learning(Section):
    """How models are chosen by what was learned of them, among those that the rules allow.

    Attributes:
        enabled: Whether anything is learned and used; else the rules alone decide.
        usd: What a dollar is worth, in units of quality: 0.2 means that 5 dollars outweigh a perfect answer.
        second: What a second is worth, in units of quality.
        least: As many outcomes of a model in a kind of work are needed before it may lead because of them. Until one
            has so many, the rules alone decide. In the kinds that `careful` names it takes 20 at least.
        explore_share: The part of choices that may go to a model that is not thought best, to learn of it; 0 for none.
        explore_first: So many of such choices in 30 days are granted before their share counts, since they bring most
            while little is known.
        explore_usd_per_day: US dollars that such calls are expected to cost a day (UTC), all together, at most.
        careful: Kinds of work in which nothing is tried out.
        seed: With equal seeds, equal knowledge gives equal choices.
    """

    enabled: bool = True
    usd: float = Field(default=0.2, ge=0)
    second: float = Field(default=0.0, ge=0)
    least: int = Field(default=3, gt=0)
    explore_share: float = Field(default=0.1, ge=0, le=0.5)
    explore_first: int = Field(default=40, ge=0)
    explore_usd_per_day: float = Field(default=1.0, ge=0)
    careful: tuple[str, ...] = ("security_scan",)
    seed: int = 0
