"""Money as whole billionths of a US dollar, so that sums are exact, and as people read it."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

PER_DOLLAR = 1_000_000_000
_CENT = PER_DOLLAR // 100
_FEW, _PLAIN = 2.0**40, 0.49
"""Below a thousand dollars the product is off by less than a thousandth: only near a half does it matter."""


def nanos(usd: float) -> int:
    """Billionths of a dollar, of an amount that was worked out or written down in dollars."""
    near = usd * PER_DOLLAR
    if -_FEW < near < _FEW and abs(near - (whole := round(near))) < _PLAIN:
        return whole
    # Over its shortest decimal form, so that 0.1 is a tenth.
    return int((Decimal(repr(usd)) * PER_DOLLAR).to_integral_value(ROUND_HALF_UP))


def dollars(amount: int) -> float:
    """The amount in dollars, for results and events; never to be added up."""
    return amount / PER_DOLLAR


def at_most(amount: int) -> str:
    """A cost in words: rounded up to the cent, and below one cent to a millionth."""
    return _rounded(amount, ROUND_CEILING)


def at_least(amount: int) -> str:
    """What is left, in words: rounded down to the cent, and below one cent to a millionth."""
    return _rounded(amount, ROUND_FLOOR)


def exactly(amount: int) -> str:
    """A limit in words, to as many places as it has, at least two."""
    text = f"{Decimal(amount) / PER_DOLLAR:f}"
    whole, _, places = text.partition(".")
    return f"${whole}.{places.rstrip('0').ljust(2, '0')}"


def _rounded(amount: int, way: str) -> str:
    places = "0.01" if amount >= _CENT or amount == 0 else "0.000001"
    return f"${(Decimal(amount) / PER_DOLLAR).quantize(Decimal(places), way):f}"
