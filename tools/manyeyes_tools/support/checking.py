"""Holds a reply against what the operator never promises: plain words first, then a model of another vendor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import BaseModel

from manyeyes.errors import NoAnswer
from manyeyes.types import Tier
from manyeyes_tools.support.asking import ask, task_of, user
from manyeyes_tools.support.instructions import load
from manyeyes_tools.support.promises import broken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manyeyes.tool import Bench

_TOKENS = 800


class Breach(BaseModel):
    """A rule that is broken, by its number from 1, and the words that break it."""

    rule: int
    words: str


class RulesAnswer(BaseModel):
    """What the checking model says."""

    broken: list[Breach]


@dataclass(frozen=True, slots=True)
class Check:
    """The rules that a reply breaks; whether a second vendor's model read it; what to tell of the check."""

    broken: tuple[str, ...]
    by_model: bool
    note: str = ""


async def check_rules(reply: str, author: str, rules: Sequence[str], bench: Bench) -> Check:
    """The rules that a reply breaks.

    Args:
        reply: As the author wrote it, with placeholders.
        author: The reference of the model that wrote it; one of another vendor is asked.
        rules: What must never be promised.
        bench: What to ask with.
    """
    plain = broken(reply, rules)
    listed = "\n".join(f"{number}. {rule}" for number, rule in enumerate(rules, 1))
    text = f"Rules, what must never be promised:\n{listed}\n\nThe reply:\n{reply}"
    vendor = author.partition(":")[0]
    task = task_of("support_rules", len(text), _TOKENS, tier=Tier.FAST)
    others = frozenset(ref.provider for ref in bench.route(task).taken if ref.provider != vendor)
    if not others:
        return Check(
            plain, by_model=False, note="No second vendor is at hand: rules were checked by plain words alone."
        )
    task = task_of("support_rules", len(text), _TOKENS, tier=Tier.FAST, only=others)
    try:
        answer, _ = await ask(bench, task, RulesAnswer, load("rules"), [user(text)], role="rules")
    except NoAnswer:
        return Check(plain, by_model=False, note="No second vendor answered: rules were checked by plain words alone.")
    said = " ".join(reply.split()).lower()
    found = dict.fromkeys(plain)
    for breach in answer.broken:
        # An accusation counts when the words it names are in the reply.
        quoted = " ".join(breach.words.split()).lower()
        if 1 <= breach.rule <= len(rules) and quoted and quoted in said:
            found[rules[breach.rule - 1]] = None
    return Check(tuple(found), by_model=True)
