"""Does a scan of the same code say the same, though the model says it in another order, other words, and not always?

    python bench/repeatability.py [--runs N] [--seed N] [--json]

The whole tool is called by an MCP client in memory, against a double on loopback.  The double answers the questions
about the engines' candidates in random order and leaves three in ten out.  What it finds itself it reports in random
order, with lines that are off, in changing words and under changing numbers of the same family; in the second
experiment it leaves out three in ten of these too.  Each run begins with an empty state, so that no answer is
remembered; the third experiment keeps the state, as an installation does.

Counted are the different lists that the runs gave: of ids, of places (file and first line), and, for comparison, of
the places and titles as the model wrote them.  `torn` counts faults that had more than one id or place over the runs,
`twice` findings whose id or place and kind a run gave twice.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import tempfile
from collections import defaultdict
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
from chat_double import ChatDouble
from mcp import Client

from manyeyes import settings as operator
from manyeyes.app import build
from manyeyes.desk import Desk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

OMITTED = 0.3
CODE = """\
import hashlib
import os
import pickle
import sqlite3

import requests
from flask import Flask, redirect, request, send_file

app = Flask(__name__)


def database():
    return sqlite3.connect("shop.db")


@app.route("/users")
def users():
    name = request.args["name"]
    return str(database().execute(f"SELECT * FROM users WHERE name = '{name}'").fetchall())


@app.route("/ping")
def ping():
    return str(os.system("ping -c 1 " + request.args["host"]))


@app.route("/report")
def report():
    return send_file("/srv/reports/" + request.args["file"])


@app.route("/load", methods=["POST"])
def load():
    return str(pickle.loads(request.data))


@app.route("/fetch")
def fetch():
    return requests.get(request.args["url"], timeout=5).text


@app.route("/next")
def onwards():
    return redirect(request.args["to"])


@app.route("/password", methods=["POST"])
def password():
    digest = hashlib.md5(request.form["password"].encode()).hexdigest()
    database().execute("UPDATE users SET password = ? WHERE id = ?", (digest, request.form["id"]))
    return "done"


@app.route("/refund", methods=["POST"])
def refund():
    amount = int(request.form["amount"])
    database().execute("UPDATE accounts SET balance = balance + ? WHERE id = ?", (amount, request.form["account"]))
    return "done"


@app.route("/orders/<int:number>")
def order(number):
    return str(database().execute("SELECT * FROM orders WHERE id = ?", (number,)).fetchone())
"""
FOUND = (
    (
        '    amount = int(request.form["amount"])',
        ("CWE-840",),
        ("Negative refund", "Refund below zero", "Amount unchecked"),
    ),
    ("def order(number):", ("CWE-862", "CWE-639", "CWE-285"), ("Anyone's order", "No check of ownership")),
    (
        '    database().execute("UPDATE users SET password = ? WHERE id = ?", (digest, request.form["id"]))',
        ("CWE-862", "CWE-863"),
        ("Anyone's password can be set", "Password of others"),
    ),
)
"""What the double finds itself: the quote, the numbers it gives for it, and the titles."""
_CANDIDATE = re.compile(r"^- (F-\w+) ", re.MULTILINE)


@dataclass(slots=True)
class Double:
    """Chat Completions on loopback that never says the same twice."""

    chance: random.Random
    forgets: bool = False
    said: list[tuple[int, str]] = field(default_factory=list)

    def answer(self, text: str) -> dict[str, Any]:
        """What it says to a brief this time."""
        listed = text.partition("Candidates, each")[2]
        names = [name for name in _CANDIDATE.findall(listed) if self.chance.random() > OMITTED]
        self.chance.shuffle(names)
        found = [one for one in FOUND if not self.forgets or self.chance.random() > OMITTED]
        self.chance.shuffle(found)
        claims = []
        for quote, numbers, titles in found:
            line = CODE[: CODE.index(quote)].count("\n") + 1 + self.chance.randint(-3, 3)
            title = self.chance.choice(titles)
            self.said.append((line, title))
            claims.append(
                {
                    "path": self.chance.choice(["shop.py", "./shop.py"]),
                    "quote": self.chance.choice([quote, quote.strip(), f"{line} | {quote}"]),
                    "line": line,
                    "title": title,
                    "severity": self.chance.choice(["high", "medium"]),
                    "category": self.chance.choice(["access control", "logic"]),
                    "cwe": self.chance.choice(numbers),
                    "explanation": f"{title}: whoever calls it decides.",
                    "confidence": self.chance.choice([0.6, 0.7, 0.8]),
                }
            )
        checked = [{"id": name, "real": "true", "reason": "It is as it says.", "quote": ""} for name in names]
        return {"summary": "A shop.", "findings": claims, "checked": checked}

    def say(self, asked: Any) -> str:
        """The answer to a request."""
        return json.dumps(self.answer("\n".join(str(one.get("content")) for one in asked["messages"])))


@asynccontextmanager
async def connected(folder: Path, url: str, state: str) -> AsyncIterator[Client]:
    environ = {
        "HOME": str(folder),
        "MANYEYES_ROOTS": str(folder / "project"),
        "MANYEYES_STATE_URL": state,
        "MANYEYES_ENDPOINTS_BENCH_URL": url,
        "MANYEYES_ENDPOINTS_BENCH_MODELS": "m",
    }
    settings = operator.load(environ, cwd=folder)
    async with Desk.open(settings, environ) as desk, Client(build(desk)) as client:
        yield client


async def runs(number: int, seed: int, *, forgets: bool, kept: bool) -> dict[str, Any]:
    """Scan the same code so many times and compare."""
    ids, places, naive = set(), set(), set()
    names: defaultdict[tuple[str, int, str], set[str]] = defaultdict(set)
    lines: defaultdict[str, set[tuple[str, int]]] = defaultdict(set)
    twice, counts = 0, []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "project").mkdir()
        (folder / "project" / "shop.py").write_text(CODE)
        state = f"sqlite:///{folder / 'state.db'}" if kept else "sqlite://"
        for turn in range(number):
            double = Double(random.Random(seed + turn), forgets)  # noqa: S311  # chance that can be repeated
            server = ChatDouble(double.say)
            async with connected(folder, server.url, state) as client:
                result = (await client.call_tool("security_scan", {"paths": ["shop.py"]})).structured_content
            server.close()
            assert result is not None
            assert result["status"] == "complete", result["problems"]
            found = result["findings"]
            counts.append(len(found))
            ids.add(tuple(sorted(one["id"] for one in found)))
            places.add(tuple(sorted((one["path"], one["start_line"]) for one in found)))
            naive.add(tuple(sorted(double.said)))
            kinds = [(one["path"], one["start_line"], one["cwe"]) for one in found]
            twice += len(found) - len({one["id"] for one in found}) + len(kinds) - len(set(kinds))
            for one in found:
                names[one["path"], one["start_line"], one["category"] if not one["cwe"] else one["id"]].add(one["id"])
                lines[one["id"]].add((one["path"], one["start_line"]))
    torn = sum(len(seen) > 1 for seen in (*names.values(), *lines.values()))
    return {
        "experiment": ("forgets findings" if forgets else "all findings") + (", state kept" if kept else ""),
        "runs": number,
        "findings": f"{min(counts)}-{max(counts)}" if min(counts) < max(counts) else str(counts[0]),
        "id_lists": len(ids),
        "place_lists": len(places),
        "as_written": len(naive),
        "torn": torn,
        "twice": twice,
    }


async def measure(number: int, seed: int) -> list[dict[str, Any]]:
    return [
        await runs(number, seed, forgets=False, kept=False),
        await runs(number, seed, forgets=True, kept=False),
        await runs(number, seed, forgets=True, kept=True),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = anyio.run(measure, options.runs, options.seed)
    if options.json:
        print(json.dumps(rows))
        return
    print(
        f"{'experiment':32} {'runs':>4} {'findings':>8} {'id lists':>8} {'place lists':>11} {'as written':>10} "
        "torn twice"
    )
    for row in rows:
        print(
            f"{row['experiment']:32} {row['runs']:>4} {row['findings']:>8} {row['id_lists']:>8} "
            f"{row['place_lists']:>11} {row['as_written']:>10} {row['torn']:>4} {row['twice']:>5}"
        )


if __name__ == "__main__":
    main()
