"""Do patches that are said to apply really apply, and are good ones refused?

    python bench/patches.py [--answers N] [--seed N] [--json]

Answers as models give them, text to search and text to put there, are made for real files of several languages: half
of them as they should be (files with Windows line ends, with tabs, without a last line end among them), half broken
in the ways models break them.  Each one that `make_patch` says applies is given to the real `git apply`, and what git
makes of the file is parsed again.  The baseline is a single exact search in the text and nothing else, as simple
editors do it: what it would refuse, and how often it would leave a file that does not parse.

`right` is what came out as was meant, formatted where the file was; `otherwise` was applied by git, parses, and is not
what was meant.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from real_files import Real, real_files

from manyeyes_tools.anchors import Anchor
from manyeyes_tools.formatting import settled
from manyeyes_tools.material import SourceFile
from manyeyes_tools.patches import make_patch
from manyeyes_tools.syntax.parsing import parses

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

BATCH = 400
COMMENT = {"python": "#", "shell": "#", "sql": "--"}
SWAPS = (
    ("==", "!="),
    ("<=", "<"),
    (">=", ">"),
    (" + ", " - "),
    (" and ", " or "),
    ("&&", "||"),
    (" < ", " <= "),
    ("true", "false"),
    ("True", "False"),
)
GOOD = ("as it should be", "Windows line ends", "no last line end", "indented by tabs")
MENDED = (
    "indentation left off", "first line's indentation left off", "line numbers copied in", "marks of a diff copied in",
    "in a fence", "spaces at line ends", "typographic quotes", "spaces for tabs", "middle left out of both",
    "stands several times", "empty lines left out",
)  # fmt: skip
HOPELESS = (
    "middle left out of the replacement", "context made up", "of another file", "changes nothing", "breaks the syntax",
    "stands several times, finding far off",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A model's answer for a file, and what it means; `meant` is None when nothing good can come of it."""

    kind: str
    file: Real
    search: str
    replace: str
    near: tuple[int, int]
    meant: str | None


@dataclass(slots=True)
class Window:
    """Some lines of a file and what they should become."""

    file: Real
    lines: list[str]
    start: int
    old: list[str]
    new: list[str]

    @property
    def meant(self) -> str:
        """The file as it should become."""
        return "\n".join([*self.lines[: self.start], *self.new, *self.lines[self.start + len(self.old) :]])

    @property
    def near(self) -> tuple[int, int]:
        """The lines of the finding, from 1."""
        return self.start + 1, self.start + len(self.old)


def window(rng: random.Random, file: Real) -> Window | None:
    lines = file.text.split("\n")
    size = rng.randint(1, 7)
    start = rng.randrange(max(1, len(lines) - size))
    old = lines[start : start + size]
    if not old[0].strip() or not old[-1].strip():
        return None
    new = changed(rng, old, COMMENT.get(file.language, "//"))
    if new == old or not new[-1].strip() or (size == 1 and len(old[0].strip()) < 6):
        return None
    made = Window(file, lines, start, old, new)
    return made if parses(made.meant, file.language) else None


def changed(rng: random.Random, old: Sequence[str], comment: str) -> list[str]:
    new = list(old)
    at = rng.randrange(len(new))
    line = new[at]
    match rng.randrange(5):
        case 0:
            return [*new[:at], re.sub(r"\d+", lambda match: str(int(match[0]) + 1), line, count=1), *new[at + 1 :]]
        case 1:
            swap = next((pair for pair in SWAPS if pair[0] in line), None)
            return [*new[:at], line.replace(*swap, 1), *new[at + 1 :]] if swap else new
        case 2:
            return [*new[:at], re.sub(r"\b([a-z_]{4,})\b(?=\()", r"\1_safely", line, count=1), *new[at + 1 :]]
        case 3:
            indent = line[: len(line) - len(line.lstrip())]
            return [*new[:at], f"{indent}{comment} checked before", line, *new[at + 1 :]]
        case _:
            return [*new[:at], *new[at + 1 :]] if len(new) > 2 else new


def as_it_is(one: Window) -> tuple[str, str]:
    return "\n".join(one.old), "\n".join(one.new)


def dedented(lines: Sequence[str], by: int) -> str:
    return "\n".join(line[min(by, len(line) - len(line.lstrip())) :] for line in lines)


def least(lines: Sequence[str]) -> int:
    return min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)


def broken(rng: random.Random, kind: str, one: Window, others: Sequence[Real]) -> Case | None:  # noqa: C901, PLR0911, PLR0912, PLR0915 -- one branch for each way of breaking
    search, replace = as_it_is(one)
    near, meant = one.near, one.meant
    file = one.file
    if kind == "indentation left off":
        by = least([*one.old, *one.new])
        if not by:
            return None
        search, replace = dedented(one.old, by), dedented(one.new, by)
    elif kind == "first line's indentation left off":
        if not least(one.old[:1]) or not one.new or not one.new[0].strip():
            return None
        search, replace = search.lstrip(), replace.lstrip()
    elif kind == "line numbers copied in":
        form = rng.choice(("{} | {}", "{}: {}", "{:>5}→{}", "{:>4} │ {}"))
        search = "\n".join(form.format(one.start + 1 + at, line) for at, line in enumerate(one.old))
        if rng.random() < 0.5:
            replace = "\n".join(form.format(one.start + 1 + at, line) for at, line in enumerate(one.new))
    elif kind == "marks of a diff copied in":
        search = "\n".join(f"-{line}" for line in one.old)
        replace = "\n".join(f"+{line}" for line in one.new)
        if rng.random() < 0.4:
            both = f"{search}\n{replace}"
            search, replace = both, both
    elif kind == "in a fence":
        search, replace = f"```{file.language}\n{search}\n```", f"```\n{replace}\n```"
    elif kind == "spaces at line ends":
        search = "\n".join(line + " " * rng.randint(0, 3) for line in one.old)
        replace = "\n".join(line + " " * rng.randint(0, 3) for line in one.new)
    elif kind == "typographic quotes":
        if not any(quote in search for quote in "'\"") or any(
            char in search + replace for char in "\u201c\u201d\u2018\u2019"
        ):
            return None
        search, replace = (re.sub("'", "\u2019", re.sub(r'"', "\u201d", text)) for text in (search, replace))
    elif kind == "spaces for tabs":
        if "\t" not in search:
            return None
        search, replace = search.replace("\t", "    "), replace.replace("\t", "    ")
    elif kind == "middle left out of both":
        same = [at for at in range(1, len(one.old) - 1) if len(one.old) == len(one.new) and one.old[at] == one.new[at]]
        if not same:
            return None
        at = rng.choice(same)
        dots = rng.choice(("...", f"{COMMENT.get(file.language, '//')} ...", "…"))
        search = "\n".join([*one.old[:at], dots, *one.old[at + 1 :]])
        replace = "\n".join([*one.new[:at], dots, *one.new[at + 1 :]])
    elif kind.startswith("stands several times"):
        places = [at + 1 for at, line in enumerate(one.lines) if line == one.old[0]]
        if len(one.old) != 1 or len(places) < 2:
            return None
        if kind.endswith("far off"):
            near = (max(places) + 60, max(places) + 60)
            meant = None
    elif kind == "empty lines left out":
        if not any(not line.strip() for line in one.old) or len(one.old) != len(one.new):
            return None
        search, replace = ("\n".join(line for line in text.split("\n") if line.strip()) for text in (search, replace))
    elif kind == "middle left out of the replacement":
        if len(one.new) < 3:
            return None
        dots = f"{COMMENT.get(file.language, '//')} ... rest stays the same ..."
        replace, meant = "\n".join([one.new[0], dots, one.new[-1]]), None
    elif kind == "context made up":
        invented = f"{one.old[0]}_{rng.randrange(1000)}_never_there(context)"
        search, replace, meant = "\n".join([*one.old, invented]), "\n".join([*one.new, invented]), None
    elif kind == "of another file":
        file = rng.choice(others)
        if search.strip() in file.text:
            return None
        meant = None
    elif kind == "changes nothing":
        replace, meant = search if rng.random() < 0.5 else f"{search}\n", None
    elif kind == "breaks the syntax":
        replace, meant = replace + rng.choice(("\n((", "\n}}}", ' "', "\n]")), None
    return Case(kind=kind, file=file, search=search, replace=replace, near=near, meant=meant)


def good(kind: str, one: Window) -> Case | None:
    search, replace = as_it_is(one)
    meant, text = one.meant, one.file.text
    if kind == "Windows line ends":
        if "\r" in text:
            return None
        meant, text = meant.replace("\n", "\r\n"), text.replace("\n", "\r\n")
    elif kind == "no last line end":
        stripped = text.rstrip("\n")
        if one.start + len(one.old) > stripped.count("\n") + 1 or not one.new:
            return None
        text, meant = stripped, meant.rstrip("\n")
        if not (parses(text, one.file.language) and parses(meant, one.file.language)):
            return None
    elif kind == "indented by tabs":
        if "\t" in text or not any(line.startswith("    ") for line in one.old):
            return None
        text, meant, search, replace = (tabbed(part) for part in (text, meant, search, replace))
        if not parses(meant, one.file.language):
            return None
    file = Real(one.file.name, one.file.language, text)
    return Case(kind=kind, file=file, search=search, replace=replace, near=one.near, meant=meant)


def tabbed(text: str) -> str:
    return re.sub(r"(?m)^(?: {4})+", lambda match: "\t" * (len(match[0]) // 4), text)


def cases(rng: random.Random, files: Sequence[Real], count: int) -> list[Case]:
    kinds = [
        *(GOOD * ((len(MENDED) + len(HOPELESS)) // len(GOOD) + 1))[: len(MENDED) + len(HOPELESS)],
        *MENDED,
        *HOPELESS,
    ]
    made: list[Case] = []
    wanted = Counter(kinds[number % len(kinds)] for number in range(count))
    for kind, number in wanted.items():
        done = 0
        while done < number:
            file = rng.choice(files)
            one = window(rng, file)
            case = None if one is None else good(kind, one) if kind in GOOD else broken(rng, kind, one, files)
            if case is not None:
                made.append(case)
                done += 1
    made.sort(key=lambda case: (case.file.language, case.file.text))
    return made


def exact(case: Case) -> str | None:
    """What a single exact search makes of it."""
    if case.file.text.count(case.search) != 1:
        return None
    return case.file.text.replace(case.search, case.replace)


def formatted(case: Case) -> str | None:
    """What was meant, as the formatter leaves it that the file was formatted by."""
    return settled(case.file.text, case.meant) if case.meant is not None and case.file.language == "python" else None


def by_git(folder: Path, offered: Sequence[tuple[str, str, str]]) -> list[str | None]:
    """What git makes of each file (path, text, patch) with its patch; None where it refuses."""
    for path, text, _ in offered:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(text.encode())
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    command = ["git", "-c", "core.autocrlf=false", "apply", "--whitespace=nowarn", "-"]
    together = subprocess.run(
        command, cwd=folder, input="".join(patch for *_, patch in offered).encode(), check=False, capture_output=True
    )
    results: list[str | None] = []
    for path, _, patch in offered:
        taken = True
        if together.returncode:  # git applies all or nothing: now one by one
            taken = not subprocess.run(
                command, cwd=folder, input=patch.encode(), check=False, capture_output=True
            ).returncode
        results.append((folder / path).read_bytes().decode() if taken else None)
    return results


def measure(
    every: Sequence[Case], apply: Callable[[Path, Sequence[tuple[str, str, str]]], list[str | None]]
) -> list[dict[str, object]]:
    tallies: defaultdict[str, Counter[str]] = defaultdict(Counter)
    reasons: defaultdict[str, Counter[str]] = defaultdict(Counter)
    began = time.perf_counter()
    offered: list[tuple[Case, str, str]] = []
    for number, case in enumerate(every):
        path = f"d{number}/{case.file.name}"
        source = SourceFile(path=path, language=case.file.language, text=case.file.text, masked=case.file.text)
        suggestion = make_patch(source, case.search, case.replace, Anchor(*case.near, "", 1.0))
        tally = tallies[case.kind]
        tally["answers"] += 1
        simple = exact(case)
        tally["exact_refuses"] += simple is None
        tally["exact_breaks"] += simple is not None and not parses(simple, case.file.language)
        if suggestion.applies:
            offered.append((case, path, suggestion.patch or ""))
        else:
            tally["refused"] += 1
            reasons[case.kind][suggestion.explanation[:60]] += 1
    seconds = time.perf_counter() - began
    for at in range(0, len(offered), BATCH):
        batch = offered[at : at + BATCH]
        with tempfile.TemporaryDirectory() as folder:
            results = apply(Path(folder), [(path, case.file.text, patch) for case, path, patch in batch])
        for (case, _, patch), result in zip(batch, results, strict=True):
            tally = tallies[case.kind]
            tally["applies"] += 1
            tally["git_refused"] += result is None
            tally["unparsable"] += result is not None and not parses(result, case.file.language)
            right = result is not None and (result == case.meant or result == formatted(case))
            tally["right"] += right
            if result is not None and not right:
                tally["otherwise"] += 1
                if "--show" in sys.argv:
                    print(
                        f"=== {case.kind}\n--- search\n{case.search}\n--- replace\n{case.replace}\n{patch}",
                        file=sys.stderr,
                    )
    if "--show" in sys.argv:
        print({kind: counted.most_common(4) for kind, counted in reasons.items()}, file=sys.stderr)
    names = (
        "answers",
        "applies",
        "right",
        "otherwise",
        "refused",
        "git_refused",
        "unparsable",
        "exact_refuses",
        "exact_breaks",
    )
    rows: list[dict[str, object]] = [
        {"kind": kind, **{name: tallies[kind][name] for name in names}} for kind in (*GOOD, *MENDED, *HOPELESS)
    ]
    for title, kinds in (("all good", GOOD), ("all broken", MENDED + HOPELESS), ("all", GOOD + MENDED + HOPELESS)):
        total = Counter[str]()
        for kind in kinds:
            total += tallies[kind]
        rows.append({"kind": title, **{name: total[name] for name in names}})
    rows[-1]["ms_each"] = round(1000 * seconds / len(every), 2)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=20250101)
    parser.add_argument("--show", action="store_true", help="print what came out otherwise than meant, on stderr")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    files = real_files(most=40, size=(1_500, 9_000))
    rows = measure(cases(random.Random(options.seed), files, options.answers), by_git)  # noqa: S311  # the same cases in every run
    if options.json:
        json.dump(rows, sys.stdout)
        return
    print(f"{len(files)} files in {', '.join(sorted({file.language for file in files}))}")
    for row in rows:
        print(f"{row['kind']!s:<40}" + "  ".join(f"{key} {value}" for key, value in row.items() if key != "kind"))


if __name__ == "__main__":
    main()
