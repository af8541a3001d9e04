"""How many planted weaknesses does evidence alone find, and how often does it cry wolf at their safe twins?

    python bench/golden.py [FOLDER ...] [--misses] [--json]

The corpus (`tests/golden/sast` unless folders are named) has one file for a weakness, in it pairs: a small program with
the weakness, and the changes that make it safe: bound values, constants, guards.  The pairs were written from the
weakness catalogue, without sight of the engine.  Each program is written into a folder with a number for its name, and
`security_scan` looks at it with no model, as a client would call it; nothing in it is run.

A weakness counts as found when a finding has one of the pair's CWEs, or a parent or child of one, within two lines of
the place: where the dangerous call or setting stands, or where the text that it gets is put together.  A twin counts
as a false alarm when a finding of these CWEs lies anywhere in it.  Other findings in twins are noise, counted apart.
Every finding counts, of whatever confidence; what remains at 0.5 and more stands beside it.  Intervals are Wilson's,
95 %.

The aims: recall of at least 0.85, false alarms at no more than 0.05 of the twins.

The mark `¦` stands within tokens and key headers of the corpus, so that no scanner takes its files for a leak; it is
taken out when they are written.

`tests/golden/sast_held_out` is a third of the corpus that was kept back: the engines were never mended by it, so its
figure is the one to believe.
"""

from __future__ import annotations

import argparse
import ast
import json
import tempfile
import tomllib
from collections import Counter
from dataclasses import asdict, dataclass
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from manyeyes import settings as operator
from manyeyes.desk import Desk
from manyeyes.errors import BadCall

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

CORPUS = Path(__file__).parents[1] / "tests" / "golden" / "sast"
SLACK, CONFIDENT, Z = 2, 0.5, 1.96
SPLITS_TOKENS = "¦"

CHILDREN: dict[int, tuple[int, ...]] = {
    22: (23, 36),  # relative and absolute path traversal
    73: (22,),  # control of a file name comes before, and is what older scanners say of it
    77: (78, 88),  # command injection: by the shell, by arguments
    79: (80, 83, 87),  # basic, in attributes, alternate syntax
    89: (564,),  # SQL injection through an ORM
    94: (95, 96, 1336),  # code injection: eval, static code, template engines
    113: (644,),  # headers of HTTP
    93: (113,),  # CRLF injection is the parent of header splitting
    116: (117,),  # output neutralisation, for logs
    284: (285, 287, 862, 863, 639),  # access control: authorisation and authentication are its parts
    285: (862, 863),
    287: (306, 307),
    295: (296, 297, 298, 299, 599),  # certificate validation: chain, host, expiry, revocation, OpenSSL
    307: (799,),  # interaction frequency is the parent of log-in attempts
    326: (328,),  # inadequate strength is the parent of weak hashes
    327: (328,),  # broken algorithms too
    328: (916, 759, 760),  # weak hash: too little effort, no salt, predictable salt
    330: (331, 335, 338, 340),  # randomness: entropy, seeds, weak generator, predictable numbers
    345: (347,),  # authenticity: the signature's check
    552: (732,),  # files open to others
    611: (827,),  # document types from outside
    639: (566,),  # a key that the user controls: SQL primary key
    668: (377, 732),  # exposure to the wrong sphere: temporary files, permissions
    732: (276, 277, 278, 279, 281),  # permissions: by default, inherited, kept, at run time
    776: (400,),  # entity expansion eats resources
    798: (259, 321),  # hard-coded: password, key
    863: (639,),
    913: (502,),  # dynamically managed code: untrusted data
    923: (942,),  # permissive cross-domain policy
    943: (89, 90, 643, 652),  # data queries: SQL, LDAP, XPath, XQuery
    1390: (307,),
}
"""Parents and children of the catalogue, as far as they say the same of the same line."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a finding may lie: lines from 1, both ends within."""

    path: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Case:
    """One program, with the weakness or safe from it."""

    weakness: str
    name: str
    framework: str
    safe: bool
    why: str
    cwe: frozenset[int]
    places: tuple[Place, ...]
    files: Mapping[str, str]

    def check(self) -> None:
        """The places must point at code, and Python must parse.

        Raises:
            ValueError: the corpus has a mistake here.
        """
        for place in self.places:
            lines = self.files[place.path].splitlines()
            if not (lines[place.first - 1].strip() and lines[place.last - 1].strip()):
                raise ValueError(f"{self.weakness}/{self.name}: {place} is blank")
        for path, text in self.files.items():
            if path.endswith(".py"):
                ast.parse(text, path)


@dataclass(frozen=True, slots=True)
class Found:
    """What matters here of one finding."""

    path: str
    first: int
    last: int
    cwe: int | None
    confidence: float
    title: str

    def __str__(self) -> str:
        return f"{self.path}:{self.first} CWE-{self.cwe} {self.confidence:.2f} {self.title}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A case, and what was said of it.

    `right` are those that count: in the place for a weakness, anywhere for a twin.  `refused` is why the tool would not
    look at it.
    """

    case: Case
    right: tuple[Found, ...]
    others: tuple[Found, ...]
    refused: str = ""

    def hit(self, least: float = 0.0) -> bool:
        """Whether a finding of at least that confidence counts."""
        return any(one.confidence >= least for one in self.right)


def related(cwes: Iterable[int]) -> frozenset[int]:
    """The CWEs, their parents and their children."""
    named = set(cwes)
    children = {child for one in named for child in CHILDREN.get(one, ())}
    return frozenset(named | children | {parent for parent, below in CHILDREN.items() if named & set(below)})


def read(folder: Path) -> list[Case]:
    """Every case of a folder, checked.

    Raises:
        FileNotFoundError: there is no corpus.
        ValueError: the corpus has a mistake.
    """
    files = sorted(folder.glob("*.toml"))
    if not files:
        raise FileNotFoundError(f"{folder} holds no corpus: no .toml file")
    return [case for file in files for case in read_file(file)]


def read_file(file: Path) -> list[Case]:
    """The cases of one weakness: each pair's program, then its twin."""
    corpus = tomllib.loads(file.read_text(encoding="utf-8").replace(SPLITS_TOKENS, ""))
    cases = []
    for pair in corpus["pair"]:
        unsafe: dict[str, str] = {one["path"]: one["text"] for one in pair["file"]}
        for safe, files, places in (
            (False, unsafe, pair["sinks"]),
            (True, changed(pair, unsafe), pair["twin_sinks"]),
        ):
            case = Case(
                weakness=corpus["weakness"],
                name=pair["name"],
                framework=pair["framework"],
                safe=safe,
                why=pair["safe" if safe else "vulnerable"],
                cwe=frozenset(pair["cwe"]),
                places=tuple(Place(*place) for place in places),
                files=files,
            )
            case.check()
            cases.append(case)
    return cases


def changed(pair: dict[str, Any], files: dict[str, str]) -> dict[str, str]:
    """The files after the pair's changes, each of which replaces whole lines that stand there once."""
    files = dict(files)
    for change in pair["change"]:
        path, before = change["path"], "\n" + files[change["path"]]
        if before.count("\n" + change["old"]) != 1:
            raise ValueError(f"{pair['name']}: this does not stand in {path} once: {change['old']}")
        files[path] = before.replace("\n" + change["old"], "\n" + change["new"])[1:]
    return files


async def scanned(cases: Sequence[Case]) -> list[Outcome]:
    """Let the tool look at each case in a folder of its own, without a key."""
    with tempfile.TemporaryDirectory() as given:
        top = Path(given)
        home = top / "home"
        environ = {
            "HOME": str(home),
            "MANYEYES_ROOTS": str(top / "code"),
            "MANYEYES_STATE_URL": f"sqlite:///{home}/state.db",
        }
        home.mkdir()
        for number, case in enumerate(cases):
            write(case, top / "code" / f"{number:04}")
        async with Desk.open(operator.load(environ, cwd=top / "code"), environ) as desk:
            return [await scanned_one(desk, case, f"{number:04}") for number, case in enumerate(cases)]


def write(case: Case, folder: Path) -> None:
    for path, text in case.files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


async def scanned_one(desk: Desk, case: Case, folder: str) -> Outcome:
    try:
        result = (await desk.call("security_scan", {"paths": [folder]})).model_dump(mode="json")
    except BadCall as refused:  # it will not read what the case consists of, and so finds nothing
        return Outcome(case, (), (), str(refused))
    assert result["status"] == "evidence_only", result["problems"]
    found = [
        Found(
            path=one["path"].split(f"{folder}/", 1)[-1],
            first=one["start_line"],
            last=one["end_line"],
            cwe=int(one["cwe"].removeprefix("CWE-")) if one["cwe"] else None,
            confidence=one["confidence"],
            title=one["title"],
        )
        for one in result["findings"]
    ]
    accepted = related(case.cwe)
    right = tuple(one for one in found if one.cwe in accepted and (case.safe or near(one, case.places)))
    return Outcome(case, right, tuple(one for one in found if one not in right))


def near(found: Found, places: Iterable[Place]) -> bool:
    return any(
        found.path == place.path and place.first - SLACK <= found.first <= place.last + SLACK for place in places
    )


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The interval of a share that holds the true one in 95 of 100 times."""
    if not of:
        return 0.0, 1.0
    share, square = hits / of, Z * Z
    middle = (share + square / (2 * of)) / (1 + square / of)
    half = Z * sqrt(share * (1 - share) / of + square / (4 * of * of)) / (1 + square / of)
    return round(max(0.0, middle - half), 3), round(min(1.0, middle + half), 3)


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one weakness, one framework, or all.

    `_confident` counts findings of a confidence of 0.5 and more only; `noise_per_twin` other findings.
    """

    by: str
    name: str
    pairs: int
    found: int
    recall: float
    recall_interval: tuple[float, float]
    recall_confident: float
    false_alarms: int
    false_alarm_rate: float
    false_alarm_interval: tuple[float, float]
    false_alarm_rate_confident: float
    noise_per_twin: float


def score(by: str, name: str, outcomes: Sequence[Outcome]) -> Row:
    bad = [one for one in outcomes if not one.case.safe]
    twins = [one for one in outcomes if one.case.safe]
    found, alarms = sum(one.hit() for one in bad), sum(one.hit() for one in twins)
    return Row(
        by=by,
        name=name,
        pairs=len(bad),
        found=found,
        recall=round(found / len(bad), 3),
        recall_interval=wilson(found, len(bad)),
        recall_confident=round(sum(one.hit(CONFIDENT) for one in bad) / len(bad), 3),
        false_alarms=alarms,
        false_alarm_rate=round(alarms / len(twins), 3),
        false_alarm_interval=wilson(alarms, len(twins)),
        false_alarm_rate_confident=round(sum(one.hit(CONFIDENT) for one in twins) / len(twins), 3),
        noise_per_twin=round(sum(len(one.others) for one in twins) / len(twins), 2),
    )


def scores(outcomes: Sequence[Outcome]) -> list[Row]:
    groups = [
        (by, name) for by in ("weakness", "framework") for name in sorted({getattr(o.case, by) for o in outcomes})
    ]
    rows = [score(by, name, [one for one in outcomes if getattr(one.case, by) == name]) for by, name in groups]
    return [*rows, score("all", "all", outcomes)]


def table(rows: Sequence[Row]) -> str:
    form = "{:<28} {:>5} {:>6} {:>12} {:>6}  {:>6} {:>12} {:>6}  {:>6}"
    lines = [form.format("", "pairs", "recall", "95 %", ">=0.5", "alarms", "95 %", ">=0.5", "noise")]
    for number, row in enumerate(rows):
        if number and row.by != rows[number - 1].by:
            lines.append("")
        low, high = row.recall_interval
        least, most = row.false_alarm_interval
        recall = (f"{row.recall:.3f}", f"{low:.2f} - {high:.2f}", f"{row.recall_confident:.3f}")
        alarms = (f"{row.false_alarm_rate:.3f}", f"{least:.2f} - {most:.2f}", f"{row.false_alarm_rate_confident:.3f}")
        lines.append(form.format(row.name, row.pairs, *recall, *alarms, row.noise_per_twin))
    return "\n".join(lines)


def wrong(outcomes: Iterable[Outcome]) -> list[str]:
    """The weaknesses that were missed, with what was said instead, and the false alarms."""
    said = []
    for one in outcomes:
        if one.hit() == one.case.safe:
            head = "FALSE ALARM" if one.case.safe else "MISSED"
            spots = ", ".join(f"{place.path}:{place.first}-{place.last}" for place in one.case.places)
            said.append(f"{head} {one.case.weakness}/{one.case.name}, {spots}: {one.case.why}")
            said.extend(f"    {other}" for other in (one.right if one.case.safe else one.others))
            if one.refused:
                said.append(f"    {one.refused}")
    return said


def noise(outcomes: Iterable[Outcome]) -> list[str]:
    """What else is said in twins, the most frequent first."""
    counted = Counter(
        f"CWE-{other.cwe} {other.title[:80]}" for one in outcomes if one.case.safe for other in one.others
    )
    return [f"{count:4} {what}" for what, count in counted.most_common(15)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path, default=[CORPUS], metavar="FOLDER")
    parser.add_argument("--misses", action="store_true", help="list what was missed, and the false alarms")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    outcomes = anyio.run(scanned, [case for folder in options.folders for case in read(folder)])
    rows = scores(outcomes)
    if options.json:
        print(json.dumps([asdict(row) for row in rows]))
        return
    print(table(rows))
    if options.misses:
        print("", *wrong(outcomes), "", "noise in twins:", *noise(outcomes), sep="\n")


if __name__ == "__main__":
    main()
