"""Does the pipeline keep every bug that the model names, and none that it makes up?

    python bench/mutations.py [--bugs N] [--seed N] [--depth quick|standard] [--json]

Bugs of one line (a flipped comparison, one too many or too few, swapped arguments, a `not` or `await` left out, a
wrong constant, …) are put into functions of Python's standard library and of installed packages.  A scripted model
names each of them, with a quote copied as badly as models copy, and as many decoys: code of other files, code made up,
files that are not there.  All goes through the whole tool, called by an MCP client in memory.  `kept` are the bugs
among the findings with the right line, `lost` those that are not, `invented` the findings by the model that are none
of the bugs; `counted` are the decoys that `suppressed` counts.  The baseline takes the model at its word: each claim at
the line it names.
"""

from __future__ import annotations

import argparse
import ast
import json
import random
import re
import sys
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
from mcp import Client
from real_files import Real, real_files

from manyeyes import settings as operator
from manyeyes.app import build
from manyeyes.desk import Desk
from manyeyes_tools.soundness import Unsound, check_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TOGETHER = 4
"""Bugs in one file."""
OPERATORS: dict[str, tuple[str, str | Callable[[re.Match[str]], str]]] = {
    "flipped comparison": (
        r" (==|!=|<=|>=|<|>) ",
        lambda m: {"==": " != ", "!=": " == ", "<=": " < ", ">=": " > ", "<": " <= ", ">": " >= "}[m[1]],
    ),
    "off by one": (r"([+-]) 1\b", lambda m: f"{'-' if m[1] == '+' else '+'} 1"),
    "wrong index": (r"\[(0|1|-1)\]", lambda m: f"[{ {'0': '1', '1': '0', '-1': '0'}[m[1]] }]"),
    "not left out": (r"\b(if|while|return|and|or) not ", r"\1 "),
    "and for or": (r" (and|or) ", lambda m: " or " if m[1] == "and" else " and "),
    "await left out": (r"\bawait ", ""),
    "wrong constant": (r"\b(True|False)\b", lambda m: "False" if m[1] == "True" else "True"),
    "wrong number": (r"(?<![\w.\"'])(\d+)(?![\w.\"'])", lambda m: str(int(m[1]) + 1)),
    "swapped arguments": (r"(\w\()(\w+), (\w+)\)", r"\1\3, \2)"),
    "nothing returned": (r"^(\s+)return (?!None)\S.*[^\\,({\[]$", r"\1return None"),
    "is not for is": (r" is not None\b", " is None"),
}
QUOTES = (
    "as it is",
    "indentation left off",
    "line numbers",
    "marks of a diff",
    "spacing",
    "typographic quotes",
    "in a fence",
    "with its neighbours",
    "dots at the end",
)
TITLES = (
    "Returns the wrong value",
    "Condition is the wrong way round",
    "One element too many",
    "Falls through at the border",
    "Arguments in the wrong order",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bug:
    """A bug put into a line (from 1)."""

    line: int
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A file with bugs, what the model says of it, and how many of its claims are decoys."""

    code: str
    bugs: tuple[Bug, ...]
    claims: tuple[dict[str, Any], ...]
    decoys: int


def functions(text: str) -> list[tuple[int, int]]:
    """First and last line of the bodies of functions, outermost ones."""
    bodies = [
        (node.body[1 if ast.get_docstring(node) and len(node.body) > 1 else 0].lineno, node.end_lineno or 0)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return [(first, last) for first, last in bodies if last - first >= 2]


def mutated(rng: random.Random, lines: list[str], body: tuple[int, int], kinds: Sequence[str]) -> Bug | None:
    """Put one bug into a function's body, in place."""
    numbers = list(range(body[0], body[1] + 1))
    rng.shuffle(numbers)
    for kind in kinds:
        pattern, becomes = OPERATORS[kind]
        for number in numbers:
            line = lines[number - 1]
            if line.lstrip().startswith("#") or len(line.strip()) < 8 or lines.count(line) > 1:
                continue
            after = re.sub(pattern, becomes, line, count=1)
            if after == line or after in lines:
                continue
            before = "\n".join(lines)
            try:
                check_whole(before, "\n".join([*lines[: number - 1], after, *lines[number:]]), "python")
            except Unsound:
                continue
            lines[number - 1] = after
            return Bug(line=number, kind=kind)
    return None


def quoted(rng: random.Random, lines: Sequence[str], number: int) -> tuple[str, int]:
    """A quote of the line as a model gives it, and the line that it names."""
    kind = rng.choice(QUOTES)
    line = lines[number - 1]
    named = rng.choice((number, number, number, number + rng.randint(-4, 4), 0))
    if [one.strip() for one in lines].count(line.strip()) > 1:
        named = rng.choice((number, number, number - 1, number + 2))  # without it nobody could tell which is meant
    quote = line
    if kind == "indentation left off":
        quote = line.strip()
    elif kind == "line numbers":
        quote = f"{number:>5}  | {line}"
    elif kind == "marks of a diff":
        quote = f"-{line}"
    elif kind == "spacing":
        quote = re.sub(r" ?([=+,(]) ?", r" \1 ", line)
    elif kind == "typographic quotes":
        quote = line.replace("'", "\u2019").replace('"', "\u201d")
    elif kind == "in a fence":
        quote = f"```python\n{line}\n```"
    elif kind == "with its neighbours":
        quote = "\n".join(lines[max(0, number - 2) : number + 1])
    elif kind == "dots at the end":
        quote = f"{line}\n    ..."
    return quote, max(0, named)


def claim(rng: random.Random, quote: str, line: int, path: str = "code.py") -> dict[str, Any]:
    return {
        "path": path,
        "quote": quote,
        "line": line,
        "title": rng.choice(TITLES),
        "severity": rng.choice(("high", "medium")),
        "category": "bug",
        "explanation": "The result is wrong for such input.",
        "confidence": rng.choice((0.6, 0.8, 0.9)),
    }


def decoy(rng: random.Random, code: str, others: Sequence[Real]) -> dict[str, Any]:
    kind = rng.randrange(3)
    if kind == 0:
        return claim(rng, "def main():\n    return run()", 1, path=f"src/absent_{rng.randrange(99)}.py")
    if kind == 1:
        name = rng.choice(("connection", "payload", "session", "cursor"))
        return claim(rng, f"{name}.execute_unchecked({name}_{rng.randrange(999)}, force=True)", rng.randrange(1, 40))
    while True:  # a line of another file
        line = rng.choice(rng.choice(others).text.split("\n")).strip()
        words = set(re.findall(r"\w{3,}", line))
        if len(words) >= 4 and line not in code and not words <= set(re.findall(r"\w{3,}", code)):
            return claim(rng, line, rng.randrange(1, code.count("\n")))


def samples(rng: random.Random, files: Sequence[Real], bugs: int) -> list[Sample]:
    made: list[Sample] = []
    total = 0
    left = list(files)
    while total < bugs:
        if not left:
            raise SystemExit(f"there is room for {total} bugs only")
        file = left.pop(rng.randrange(len(left)))
        lines = [f"# measured file {len(made):04d}", *file.text.split("\n")]
        bodies = functions("\n".join(lines))
        rng.shuffle(bodies)
        found: list[Bug] = []
        for first, last in bodies:
            if len(found) == min(TOGETHER, bugs - total) or any(first - 3 <= bug.line <= last + 3 for bug in found):
                continue
            kinds = list(OPERATORS)
            rng.shuffle(kinds)
            bug = mutated(rng, lines, (first, last), kinds)
            if bug is not None and not any(abs(bug.line - other.line) < 4 for other in found):
                found.append(bug)
        if not found:
            continue
        code = "\n".join(lines)
        claims = [claim(rng, *quoted(rng, lines, bug.line)) for bug in found]
        false = [decoy(rng, code, [other for other in files if other is not file]) for _ in found]
        made.append(Sample(code=code, bugs=tuple(found), claims=(*claims, *false), decoys=len(false)))
        total += len(found)
    return made


def script(every: Sequence[Sample]) -> dict[str, Any]:
    answers = [
        {
            "contains": f"# measured file {number:04d}",
            "shape": "ReviewAnswer",
            "json": {
                "summary": "There are faults.",
                "verdict": "comment",
                "findings": list(sample.claims),
                "disputed": [],
            },
            "times": None,
        }
        for number, sample in enumerate(every)
    ]
    return {"models": {"reviewer": answers}}


async def reviewed(every: Sequence[Sample], depth: str) -> tuple[list[dict[str, Any]], float]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "script.json"
        path.write_text(json.dumps(script(every)), encoding="utf-8")
        environ = {
            "HOME": folder,
            "MANYEYES_SCRIPTED_FILE": str(path),
            "MANYEYES_STATE_URL": f"sqlite:///{folder}/state.db",
            "MANYEYES_LIMITS_FINDINGS": "1000",
        }
        settings = operator.load(environ, cwd=Path(folder))
        results = []
        began = time.perf_counter()
        async with Desk.open(settings, environ) as desk, Client(build(desk)) as client:
            for sample in every:
                arguments = {"code": sample.code, "language": "python", "model": "scripted:reviewer", "depth": depth}
                result = await client.call_tool("code_review", arguments)
                assert result.structured_content is not None, result
                results.append(await whole(client, arguments, result.structured_content))
        return results, time.perf_counter() - began


async def whole(client: Client, arguments: dict[str, Any], first: dict[str, Any]) -> dict[str, Any]:
    """The result with the findings of its further pages, where it was cut."""
    page = first
    while cursor := page.get("next_cursor") or page.get("cursor"):
        called = await client.call_tool("code_review", {**arguments, "cursor": cursor})
        assert called.structured_content is not None, called
        page = called.structured_content
        first["findings"] += page["findings"]
    return first


def measure(every: Sequence[Sample], results: Sequence[dict[str, Any]], seconds: float) -> list[dict[str, object]]:
    tallies: defaultdict[str, Counter[str]] = defaultdict(Counter)
    word = Counter[str]()
    for sample, result in zip(every, results, strict=True):
        heard = [one for one in result["findings"] if "scripted:reviewer" in one["sources"]]
        spent: set[str] = set()
        for bug in sample.bugs:
            there = [one for one in heard if one["start_line"] <= bug.line <= one["end_line"]]
            spent.update(one["id"] for one in there)
            for name in (bug.kind, "all"):
                tallies[name]["bugs"] += 1
                tallies[name]["kept" if there else "lost"] += 1
            if not there and "--show" in sys.argv:
                claims = [one for one in sample.claims if one["path"] == "code.py"]
                said = json.dumps(claims[: len(sample.bugs)], indent=1)
                print(f"LOST {bug}\n{said}\n{result['suppressed']}\n{result['problems']}", file=sys.stderr)
        invented = [one for one in heard if one["id"] not in spent]
        if invented and "--show" in sys.argv:
            print(f"INVENTED {invented}", file=sys.stderr)
        total = tallies["all"]
        total["decoys"] += sample.decoys
        total["invented"] += len(invented)
        reasons = result["suppressed"]["reasons"]
        total["counted"] += sum(count for why, count in reasons.items() if "quote" in why or "not shown" in why)
        lines = {bug.line for bug in sample.bugs}
        word["invented"] += sum(one["line"] not in lines for one in sample.claims)
        word["kept"] += len(lines & {one["line"] for one in sample.claims[: len(sample.bugs)]})
    rows: list[dict[str, object]] = [
        {"bugs_of": kind, **{name: tallies[kind][name] for name in ("bugs", "kept", "lost")}} for kind in OPERATORS
    ]
    total = tallies["all"]
    names = ("bugs", "kept", "lost", "decoys", "invented", "counted")
    rows.append(
        {"bugs_of": "all", **{name: total[name] for name in names}, "files": len(every), "seconds": round(seconds, 1)}
    )
    rows.append(
        {
            "bugs_of": "all, the model taken at its word",
            "bugs": total["bugs"],
            "kept": word["kept"],
            "lost": total["bugs"] - word["kept"],
            "decoys": total["decoys"],
            "invented": word["invented"],
        }
    )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bugs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=20250101)
    parser.add_argument("--depth", default="quick", choices=("quick", "standard"))
    parser.add_argument("--show", action="store_true", help="print what was lost or invented, on stderr")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    files = real_files(("python",), most=200, size=(3_000, 14_000))
    every = samples(random.Random(options.seed), files, options.bugs)  # noqa: S311  # the same cases in every run
    results, seconds = anyio.run(reviewed, every, options.depth)
    rows = measure(every, results, seconds)
    if options.json:
        json.dump(rows, sys.stdout)
        return
    for row in rows:
        print(f"{row['bugs_of']!s:<34}" + "  ".join(f"{key} {value}" for key, value in row.items() if key != "bugs_of"))


if __name__ == "__main__":
    main()
