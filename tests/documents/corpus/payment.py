"""Card payments."""

import sqlite3

LIMIT_CENTS: int = 500_000


class PaymentError(Exception):
    """A payment could not be taken."""


def process_payment(user_id: int, amount: float, *, currency: str = "EUR", dry_run: bool = False) -> dict:
    """Take a payment.

    Args:
        user_id: Who pays.

    Raises:
        PaymentError: the limit is exceeded.
    """
    if amount * 100 > LIMIT_CENTS:
        raise PaymentError("too much")
    if amount <= 0:
        raise ValueError("nothing to pay")
    db = sqlite3.connect("shop.db")
    row = db.execute(f"SELECT * FROM users WHERE id = {user_id}").fetchone()
    return {"user": row, "amount": amount, "currency": currency, "dry_run": dry_run}


class Ledger:
    def __init__(self, path: str):
        self.path = path

    def record(self, amount: float, /, note: str = "", *tags: str, **extra: str) -> None:
        print(self.path, amount, note, tags, extra)

    def _secret(self):
        pass

    @property
    def total(self) -> float:
        """Sum of all entries."""
        return 0.0


def _hidden():
    pass


# ruff: noqa: T201 -- code to be read, as people write it
