"""How long does evidence take over a large project, and over one file, and how much memory?

    python bench/sast_speed.py [FOLDER] [--lines N] [--json]

A project of many packages is written from a seed: handlers of several frameworks, stores and helpers that call one
another across files, with flows among them.  FOLDER takes real code instead.  All engines look at it, in a process of
its own, with no model; `tree` is the engine that follows values, alone.  Processors and memory of the processes that
it starts count too, of these the largest.  Then one file of 300 lines is looked at again and again after a first time.
Aims: 100,000 lines in 15 s and 500 MB on two cores, one file in 50 ms.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import statistics
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import anyio

from manyeyes_tools.evidence import gather_evidence, python_tree
from manyeyes_tools.material import Material, SourceFile

SEED, ROUNDS, SMALL = 7, 15, 300
WHO = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)

STORE = """\
import sqlite3


class Store{n}:
    def __init__(self, path):
        self.path = path
        self.connection = sqlite3.connect(path)

    def find(self, name, state="open"):
        query = "SELECT id, name FROM item_{n} WHERE name = ?"
        return self.connection.execute(query, (name,)).fetchall()

    def report(self, columns, order):
        text = "SELECT " + ", ".join(columns) + " FROM item_{n}"
        if order in ("id", "name"):
            text = text + " ORDER BY " + order
        return self.connection.execute(text).fetchall()

    def search(self, words):
        parts = []
        for word in words:
            parts.append("name LIKE '%" + word + "%'")
        return self.connection.execute("SELECT id FROM item_{n} WHERE " + " OR ".join(parts)).fetchall()
"""
VIEW = """\
from flask import Blueprint, abort, jsonify, redirect, request

from pkg{n}.store import Store{n}
from pkg{m}.helpers import first_{m}, clean_{m}

pages = Blueprint("pages{n}", __name__)
store = Store{n}("/var/lib/{n}.db")


@pages.get("/items")
def items():
    name = request.args.get("name", "")
    found = store.find(clean_{m}(name))
    return jsonify([{{"id": row[0], "name": row[1]}} for row in found])


@pages.get("/search")
def search():
    words = request.args["q"].split()
    if not words:
        abort(400)
    return jsonify(store.search(words))


@pages.post("/go")
def go():
    target = first_{m}(request.form.getlist("next"))
    if not target.startswith("/"):
        target = "/"
    return redirect(target)
"""
HELPERS = """\
import re


def clean_{n}(value):
    value = value.strip()
    if len(value) > 80:
        value = value[:80]
    return re.sub(r"\\s+", " ", value)


def first_{n}(values, default=""):
    for value in values:
        if value:
            return clean_{n}(value)
    return default


def totals_{n}(rows):
    result = {{}}
    for row in rows:
        key = row["kind"]
        result[key] = result.get(key, 0) + int(row["amount"])
    return sorted(result.items(), key=lambda pair: -pair[1])
"""


def project(lines: int) -> list[tuple[str, str]]:
    """Files of at least so many lines."""
    chance = random.Random(SEED)  # noqa: S311  # the same project each time
    files: list[tuple[str, str]] = []
    count = number = 0
    while count < lines:
        other = chance.randrange(max(number, 1))
        for name, form in (("store", STORE), ("views", VIEW), ("helpers", HELPERS)):
            text = form.format(n=number, m=other)
            files.append((f"pkg{number}/{name}.py", text))
            count += text.count("\n")
        number += 1
    return files


def material(files: list[tuple[str, str]]) -> Material:
    return Material(
        files=tuple(SourceFile(path=path, language="python", text=text, masked=text) for path, text in files),
        origin="paths",
    )


def read(folder: Path) -> list[tuple[str, str]]:
    return [
        (str(path.relative_to(folder)), path.read_text(encoding="utf-8", errors="replace"))
        for path in sorted(folder.rglob("*.py"))
    ]


def spent() -> float:
    """Seconds of processors, of this process and of those that it started."""
    return sum(use.ru_utime + use.ru_stime for use in map(resource.getrusage, WHO))


def measure(what: str, files: list[tuple[str, str]]) -> dict[str, object]:
    """One row, measured in this process."""
    given = material(files)
    engines = (python_tree.ENGINE,) if what == "tree" else None
    started = time.perf_counter()
    used = spent()
    evidence = anyio.run(partial(gather_evidence, given, purpose="security", engines=engines))
    seconds = time.perf_counter() - started
    return {
        "what": what,
        "lines": sum(text.count("\n") for _, text in files),
        "files": len(files),
        "seconds": round(seconds, 2),
        "cpu_seconds": round(spent() - used, 2),
        "megabytes": sum(resource.getrusage(who).ru_maxrss for who in WHO) // 1024,
        "findings": len(evidence.findings),
        "problems": len(evidence.problems),
    }


async def small() -> dict[str, object]:
    """One file of about 300 lines, after a first time."""
    text = "".join(text for _, text in project(SMALL))
    seconds = []
    for number in range(ROUNDS + 1):
        given = material([("app.py", f"{text}\n# {number}\n")])
        started = time.perf_counter()
        await python_tree.ENGINE.look(given, "security")
        seconds.append(time.perf_counter() - started)
    return {
        "what": "one file", "lines": text.count("\n"), "files": 1, "seconds": round(statistics.median(seconds[1:]), 4),
        "cpu_seconds": round(min(seconds[1:]), 4), "megabytes": 0, "findings": 0, "problems": 0,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--only", choices=["all", "tree"], help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.only:
        files = read(options.folder) if options.folder else project(options.lines)
        print(json.dumps(measure(options.only, files)))
        return
    rows = []
    for what in ("all", "tree"):  # a process each, since memory is measured at its highest
        command = [sys.executable, __file__, "--only", what, "--lines", str(options.lines)]
        done = subprocess.run(
            [*command, *([str(options.folder)] if options.folder else [])], capture_output=True, text=True, check=True
        )
        rows.append(json.loads(done.stdout))
    rows.append(anyio.run(small))
    if options.json:
        print(json.dumps(rows))
        return
    form = "{:<10} {:>8} {:>6} {:>9} {:>9} {:>6} {:>9} {:>9}"
    print(form.format("", "lines", "files", "seconds", "cpu", "MB", "findings", "problems"))
    for row in rows:
        print(form.format(*row.values()))


if __name__ == "__main__":
    main()
