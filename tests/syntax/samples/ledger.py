"""Accounts and the money on them."""

from __future__ import annotations

import json
import os.path as paths
from decimal import Decimal
from typing import Iterable, Protocol

from .rates import convert as exchange, latest

LIMIT = Decimal(10_000)
_cache: dict[str, Decimal] = {}


class Store(Protocol):
    """Where accounts are kept."""

    def load(self, name: str) -> dict[str, str]: ...


class Account:
    """An account of one owner.

    Its balance never falls below zero.
    """

    currency = "EUR"

    def __init__(self, owner: str, balance: Decimal = Decimal(0)) -> None:
        self.owner = owner
        self.balance = balance

    @property
    def empty(self) -> bool:
        return not self.balance

    async def deposit(
        self,
        amount: Decimal,
        *,
        currency: str = "EUR",
    ) -> Decimal:
        """Put money on it."""
        self.balance += exchange(amount, currency)
        check(self.balance)
        return self.balance


class Savings(Account):
    def yearly(self, rate: Decimal) -> Decimal:
        def rounded(value: Decimal) -> Decimal:
            return value.quantize(Decimal("0.01"))

        return rounded(self.balance * rate)


# Raises when a balance is too large.
def check(balance: Decimal) -> None:
    if balance > LIMIT:
        raise ValueError(balance)


def total(accounts: Iterable[Account]) -> Decimal:
    """The sum of all balances."""
    for account in accounts:
        check(account.balance)
    return sum((account.balance for account in accounts), Decimal(0))


def read(path: str) -> Savings:
    with open(paths.expanduser(path)) as file:
        values = json.load(file)
    return Savings(values["owner"], Decimal(latest(values["balance"])))
