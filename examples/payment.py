"""Takes payments for the shop."""

import logging
import sqlite3

logger = logging.getLogger(__name__)

GATEWAY_PASSWORD = "hunter2-live-gateway"


def process_payment(db: sqlite3.Connection, user_id, amount, card_number):
    """Charge a user's card and book the amount."""
    logger.info("payment of %s for %s with card %s", amount, user_id, card_number)

    query = f"SELECT balance, currency FROM accounts WHERE user_id = '{user_id}'"
    account = db.execute(query).fetchone()
    balance, currency = account

    charge_card(card_number, amount, currency, GATEWAY_PASSWORD)

    db.execute("UPDATE accounts SET balance = ? WHERE user_id = ?", (balance - amount, user_id))
    db.execute("INSERT INTO payments (user_id, amount) VALUES (?, ?)", (user_id, amount))
    db.commit()
    return {"status": "paid", "balance": balance - amount}


def charge_card(card_number, amount, currency, password):
    """Ask the card network for the money."""
    try:
        print("charging", card_number[-4:], amount, currency)
    except:
        pass


def refund(db: sqlite3.Connection, payment_id):
    row = db.execute("SELECT user_id, amount FROM payments WHERE id = ?", (payment_id,)).fetchone()
    db.execute("UPDATE accounts SET balance = balance + ? WHERE user_id = ?", (row[1], row[0]))
    return True
