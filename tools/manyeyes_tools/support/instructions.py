"""The instructions for each intent: text files beside this module, or the operator's own."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from manyeyes.errors import SettingsError

if TYPE_CHECKING:
    from manyeyes.settings import Support

_LARGEST = 50_000


@cache
def load(name: str) -> str:
    """The text of `prompts/NAME.txt`."""
    return files("manyeyes_tools.support").joinpath("prompts", f"{name}.txt").read_text("utf-8").strip()


def for_intent(intent: str, support: Support) -> str:
    """What the model that answers is told.

    Raises:
        SettingsError: the operator's own text cannot be read.
    """
    parts = [load("common"), _handler(intent, support)]
    if support.company:
        parts.append(f"The company: {support.company}")
    if support.never_promise:
        parts.append("Never promise:\n" + "\n".join(f"- {rule}" for rule in support.never_promise))
    return "\n\n".join(parts)


def _handler(intent: str, support: Support) -> str:
    own = support.prompts.get(intent)
    if own is not None:
        try:
            return own.expanduser().read_text("utf-8")[:_LARGEST].strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"`support.prompts.{intent}`: {own} cannot be read: {error}.") from None
    if intent in SHIPPED:
        return load(intent)
    return f"{load('other')}\n\nThe kind: {intent}"


SHIPPED = frozenset({"technical_support", "sales_inquiry", "complaint", "general"})
"""Intents with instructions of their own."""
