-- Accounts and the money on them.

CREATE SCHEMA bank;

CREATE TYPE kind AS ENUM ('current', 'savings');

-- An account of one owner.
CREATE TABLE bank.account (
    id bigint PRIMARY KEY,
    owner text NOT NULL,
    kind text NOT NULL DEFAULT 'current',
    balance numeric(12, 2) NOT NULL DEFAULT 0
);

CREATE TABLE entry (
    id bigint PRIMARY KEY,
    account_id bigint REFERENCES bank.account (id),
    amount numeric(12, 2) NOT NULL
);

CREATE INDEX entry_account ON entry (account_id);

-- What each owner has in all.
CREATE VIEW total AS
SELECT a.owner, SUM(e.amount) AS amount
FROM bank.account AS a
JOIN entry AS e ON e.account_id = a.id
GROUP BY a.owner;

-- Puts money on it.
CREATE FUNCTION deposit(who bigint, amount numeric) RETURNS numeric AS $$
    SELECT check_balance(balance + amount) FROM bank.account WHERE id = who;
$$ LANGUAGE sql;

CREATE FUNCTION check_balance(balance numeric) RETURNS numeric
LANGUAGE sql
AS $$ SELECT LEAST(balance, 10000) $$;

CREATE TRIGGER entry_added AFTER INSERT ON entry
FOR EACH ROW EXECUTE FUNCTION deposit();

INSERT INTO entry (id, account_id, amount) VALUES (1, 1, 5);

UPDATE bank.account SET balance = balance + 5 WHERE id = 1;

SELECT owner, COALESCE(amount, 0) FROM total ORDER BY owner;

DELETE FROM entry WHERE amount < 0;
