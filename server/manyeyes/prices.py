"""What a call costs, in US dollars, by the price list that comes with genai-prices.

The list is the one installed; nothing is fetched.  A price that is not known is None and never 0.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from decimal import Decimal

    from genai_prices.types import ModelPrice, TieredPrices

    from manyeyes.settings import Endpoint, Settings
    from manyeyes.types import ModelRef, Usage

VENDORS = frozenset({"anthropic", "openai", "google"})
"""The providers whose names mean the same in genai-prices."""

_PER_MTOK = 1e-6
_HOUR = 3600

Steps: TypeAlias = tuple[tuple[int, float], ...]
"""US dollars per million tokens by size of the prompt: above so many tokens this rate, the smallest first."""


@dataclass(frozen=True, slots=True)
class Rates:
    """A model's prices in US dollars per million tokens, for people and for worst cases.

    Attributes:
        input: For the prompt.
        cache_write: For the part of the prompt that the vendor stores.
        output: For the answer, reasoning included.
    """

    input: Steps
    cache_write: Steps
    output: Steps

    def ceiling_usd(self, input_tokens: int, output_tokens: int) -> float:
        """The most that a call of this size can cost: nothing cached, or all of it being stored."""
        question = max(_rate(self.input, input_tokens), _rate(self.cache_write, input_tokens))
        return (question * input_tokens + _rate(self.output, input_tokens) * output_tokens) * _PER_MTOK


@dataclass(frozen=True, slots=True)
class Prices:
    """The prices of all models: the vendors' by genai-prices, the endpoints' by the operator's settings.

    `clock` gives the seconds since the epoch, since announced prices change on a date.
    """

    endpoints: Mapping[str, Endpoint] = field(default_factory=dict)
    clock: Callable[[], float] = time.time
    free: frozenset[str] = frozenset({"scripted"})
    """Providers that cost nothing."""

    @classmethod
    def of(cls, settings: Settings) -> Prices:
        """The prices under the operator's settings."""
        return cls(settings.endpoints)

    def warm(self) -> None:
        """Import the price list now.  Takes 0.4 s, so a worker thread is the place for it."""
        from genai_prices.data_snapshot import get_snapshot  # heavy, and the reason for this method

        get_snapshot()

    def cost_usd(self, ref: ModelRef, usage: Usage, *, at: float | None = None) -> float | None:
        """What a call has cost; None when the price is not known.

        Args:
            ref: The model that answered.
            usage: What it used.
            at: When, in seconds since the epoch; now by default.
        """
        when = self.clock() if at is None else at
        if ref.provider not in VENDORS:
            rates = self.rates(ref, at=when)
            return None if rates is None else rates.ceiling_usd(usage.input_tokens, usage.output_tokens)
        return _cost_usd(ref, usage, int(when // _HOUR))

    def ceiling_usd(self, ref: ModelRef, input_tokens: int, output_tokens: int) -> float | None:
        """The most that a call of this size can cost now; None when the price is not known."""
        rates = self.rates(ref)
        return None if rates is None else rates.ceiling_usd(input_tokens, output_tokens)

    def rates(self, ref: ModelRef, *, at: float | None = None) -> Rates | None:
        """The model's prices now, or at that time; None when they are not known."""
        if ref.provider in VENDORS:
            return _rates(ref, int((self.clock() if at is None else at) // _HOUR))
        if ref.provider in self.free:
            return _FREE
        endpoint = self.endpoints.get(ref.provider)
        if endpoint is None:
            return None
        question, answer = endpoint.usd_per_mtok_input, endpoint.usd_per_mtok_output
        if question is None and answer is None:
            return _FREE if endpoint.local else None
        if question is None or answer is None:
            return None
        return Rates(input=((0, question),), cache_write=((0, question),), output=((0, answer),))


_FREE = Rates(input=((0, 0.0),), cache_write=((0, 0.0),), output=((0, 0.0),))


def _rate(steps: Steps, input_tokens: int) -> float:
    rate = steps[0][1]
    for above, step in steps[1:]:
        if input_tokens > above:
            rate = step
    return rate


@lru_cache(maxsize=256)
def _cost_usd(ref: ModelRef, usage: Usage, hour: int) -> float | None:
    """The sum is asked for more than once: for the event, the budget and the result."""
    price = _price(ref, hour)
    if price is None or (usage.searches and price.web_searches_kcount is None):
        return None
    from genai_prices import Usage as Counted  # heavy, and needed only once there is a price

    try:
        return float(
            price.calc_price(
                Counted(
                    # Theirs counts as ours does: cached and stored tokens are parts of the input.
                    input_tokens=usage.input_tokens,
                    cache_read_tokens=usage.cached_tokens,
                    cache_write_tokens=usage.cache_write_tokens,
                    output_tokens=usage.output_tokens,
                    web_searches=usage.searches,
                )
            )["total_price"]
        )
    except ValueError:
        # The vendor's figures contradict each other (more tokens cached than sent): no sum is true.
        return None


@lru_cache(maxsize=256)
def _price(ref: ModelRef, hour: int) -> ModelPrice | None:
    """The list's entry at that hour since the epoch.  No price of these vendors changes within an hour."""
    from genai_prices.data_snapshot import get_snapshot  # 0.4 s, which a server without keys is spared

    try:
        _, model = get_snapshot().find_provider_model(ref.model, None, ref.provider, None)
    except LookupError:
        return None
    price = model.get_prices(datetime.fromtimestamp(hour * _HOUR, UTC))
    return None if price.input_mtok is None or price.output_mtok is None else price


@lru_cache(maxsize=256)
def _rates(ref: ModelRef, hour: int) -> Rates | None:
    price = _price(ref, hour)
    if price is None or price.input_mtok is None or price.output_mtok is None:
        return None
    question = _steps(price.input_mtok)
    stored = price.cache_write_mtok
    return Rates(
        input=question,
        cache_write=question if stored is None else _steps(stored),
        output=_steps(price.output_mtok),
    )


def _steps(price: Decimal | TieredPrices) -> Steps:
    from genai_prices.types import TieredPrices  # as heavy, and loaded by now

    if isinstance(price, TieredPrices):
        return ((0, float(price.base)), *((tier.start, float(tier.price)) for tier in price.tiers))
    return ((0, float(price)),)
