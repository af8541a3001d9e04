"""SQL injection: the answer follows what the value says in SQL, again and again, or the database complains of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from manyeyes_tools.findings import Severity
from manyeyes_tools.probing.client import SAFE
from manyeyes_tools.probing.probes.sql_time import by_time
from manyeyes_tools.probing.proof import Probe, Proof, Weakness, around, marker, number, shape, told

if TYPE_CHECKING:
    from manyeyes_tools.probing.client import Answer
    from manyeyes_tools.probing.entries import Point
    from manyeyes_tools.probing.proof import Lab

WEAKNESS = Weakness(
    id="dast-sql-injection",
    title="SQL injection",
    severity=Severity.CRITICAL,
    cwe="CWE-89",
    explanation=(
        "What is sent in this value becomes a part of the SQL statement, so whoever asks can read and change the data."
    ),
    remedy="Give the value to the database as a parameter of the statement, never inside its text.",
    expects=(
        "true conditions get one answer and false ones another, three times over; or the database complains of an open "
        "quote and not of a closed one; or a product that it computed; or answers that are each as late as it was told "
        "to wait"
    ),
    sample="' AND 'a'='a",
)
_ERROR = re.compile(
    r"sqlite3?\.\w*Error|SQLite/JDBCDriver|SQLITE_ERROR|unrecognized token: |near \"[^\"]{0,80}\": syntax error|"
    r"incomplete input|You have an error in your SQL syntax|check the manual that (?:corresponds to|fits) your \w+|"
    r"MySqlException|"
    r"PostgreSQL.{0,40}ERROR|psycopg2?\.|PG::SyntaxError|org\.postgresql|unterminated quoted string|"
    r"syntax error at or near|"
    r"ORA-\d{5}|quoted string not properly terminated|Unclosed quotation mark|Incorrect syntax near|ODBC .{0,30}Driver|"
    r"SqlException|System\.Data\.SqlClient|sqlalchemy\.exc\.|java\.sql\.SQL|SequelizeDatabaseError",
    re.IGNORECASE,
)
_STYLES = (
    ("{v}' AND {c} AND 'x'='x", "text, narrowed"),
    ("{v}' OR {c} AND 'x'='x", "text, widened"),
    ("{v} AND {c}", "number, narrowed"),
    ("{v} OR {c}", "number, widened"),
    ('{v}" AND {c} AND "x"="x', "text in double quotes"),
    ("{v}') AND {c} AND ('x'='x", "text in brackets"),
    ("{v}%' AND {c} AND '%'='", "pattern, narrowed"),
)
_MOST_COLUMNS = 6


async def look(point: Point, lab: Lab) -> Proof | None:
    """Seek it by error, by condition, by a computed product, and last by time."""
    value = point.parameter.value
    plain = await lab.ask(point, value)
    quote = await lab.ask(point, f"{value}'")
    closed = await lab.ask(point, f"{value}''")
    if not plain.status:
        return None
    proof = await _by_error(point, lab, plain, quote, closed)
    proof = proof or await _by_condition(point, lab)
    if proof is not None:
        return proof
    if _ERROR.search(quote.body) and not _ERROR.search(plain.body):
        proof = await _by_product(point, lab)
    return proof or await by_time(point, lab, WEAKNESS, (plain, quote, closed))


async def _by_error(point: Point, lab: Lab, plain: Answer, quote: Answer, closed: Answer) -> Proof | None:
    found = _ERROR.search(quote.body)
    if found is None or _ERROR.search(plain.body) or _ERROR.search(closed.body):
        return None
    again = await lab.ask(point, f"{point.parameter.value}'''")
    shut = await lab.ask(point, f"{point.parameter.value}''''")
    if not _ERROR.search(again.body) or _ERROR.search(shut.body):
        return None
    shown = "One quote makes the database complain, two do not, three do, four do not."
    steps = (
        told(quote, around(quote.body, found[0])),
        told(closed, "no complaint"),
        told(again, "the complaint again"),
        told(shut, "no complaint"),
    )
    return Proof(WEAKNESS, point.entry, point.parameter.name, shown, steps)


async def _by_condition(point: Point, lab: Lab) -> Proof | None:
    """True and false conditions, each in three ways that no filter or search would tell apart by their text."""
    value = point.parameter.value
    for style, named in _STYLES:
        if "number" in named and not value.lstrip("-").isdigit():
            continue
        if "widened" in named and point.entry.method not in SAFE:
            continue  # in a statement that deletes it would delete everything
        one, two, three = number(), number(), number()
        pairs = (
            ((True, f"{one}={one}"), (False, f"{one}={one + 1}")),
            # The other way round, so that answers which only take turns do not follow the conditions.
            ((False, f"{two}<{two - 5}"), (True, f"{two}<{two + 5}")),
            ((True, f"NOT {three}={three + 3}"), (False, f"NOT {three}={three}")),
        )
        steps: list[tuple[str, str]] = []
        true: set[tuple[int, str]] = set()
        false: set[tuple[int, str]] = set()
        for pair in pairs:
            for holds, condition in pair:
                payload = style.format(v=value, c=condition)
                answer = await lab.ask(point, payload)
                if not answer.status:
                    return None
                (true if holds else false).add(shape(answer, payload))
                steps.append(told(answer, f"{'true' if holds else 'false'}, {len(answer.body)} characters"))
            if true & false or len(true) > 1 or len(false) > 1:
                break
        else:
            shown = f"Three conditions that are true get one answer and three that are false another ({named})."
            return Proof(WEAKNESS, point.entry, point.parameter.name, shown, tuple(steps))
    return None


async def _by_product(point: Point, lab: Lab) -> Proof | None:
    for close in ("'", "", '"', "')"):
        for columns in range(1, _MOST_COLUMNS + 1):
            one, two = number(), number()
            listed = ",".join([f"{one}*{two}"] * columns)
            answer = await lab.ask(point, f"{marker()}{close} UNION SELECT {listed}-- ")
            if str(one * two) in answer.body:
                shown = f"The database multiplied {one} by {two}."
                steps = (told(answer, around(answer.body, str(one * two))),)
                return Proof(WEAKNESS, point.entry, point.parameter.name, shown, steps)
    return None


PROBE = Probe(WEAKNESS, look)
