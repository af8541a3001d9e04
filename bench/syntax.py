"""How fast is a project mapped, what memory does it take, and what does asking it cost?

    python bench/syntax.py [--lines N] [--json]

A folder of real source is made from installed packages, N lines of it.  It is read by a process of its own, so that
its memory can be told: once plainly (read each file and count its lines), once for names by regular expressions as
ctags would, and once by the project map (outlines, references, imports, all linked).  Then the map is made again
without change, and asked for a table of contents, callers and surroundings.  The table also says how many of Python's
own definitions, as its `ast` finds them, are in the map.
"""

from __future__ import annotations

import argparse
import ast
import json
import random
import re
import resource
import subprocess
import sys
import sysconfig
import tempfile
import time
import warnings
from pathlib import Path

from manyeyes_tools.material import Material, SourceFile
from manyeyes_tools.syntax.project_map import ProjectMap
from manyeyes_tools.syntax.surroundings import surroundings

SEED = 4
CTAGS = re.compile(
    r"^\s*(?:(?:export|public|private|static|async|pub|abstract|final)\s+)*"
    r"(?:def|class|function|interface|struct|enum|fn|func|type)\s+(\w+)",
    re.MULTILINE,
)
BUDGET = 1_000
ASKED = 30


def gather(folder: Path, lines: int) -> int:
    """Copy Python files of installed packages, in a fixed order, until there are so many lines."""
    site = Path(sysconfig.get_paths()["purelib"])
    library = Path(sysconfig.get_paths()["stdlib"])
    paths = [*sorted(library.glob("*.py")), *sorted(library.glob("asyncio/*.py"))]
    paths += [path for path in sorted(site.rglob("*")) if path.suffix in {".py", ".js", ".ts", ".c", ".h", ".go"}]
    total = 0
    for number, path in enumerate(paths):
        if total >= lines:
            break
        try:
            text = path.read_text(encoding="utf-8")
        except (UnicodeDecodeError, OSError):
            continue
        base = site if path.is_relative_to(site) else library
        target = folder / path.relative_to(base)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        total += text.count("\n") + 1
        if number > 10 * lines:
            break
    return total


def memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def plain(folder: Path) -> dict[str, object]:
    counted = sum(path.read_text(encoding="utf-8").count("\n") + 1 for path in files(folder))
    return {"read": counted}


def tags(folder: Path) -> dict[str, object]:
    return {"names": sum(len(CTAGS.findall(path.read_text(encoding="utf-8"))) for path in files(folder))}


def files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]


def mapped(folder: Path) -> dict[str, object]:
    project = ProjectMap.under([folder], patience_s=300)
    made = time.perf_counter()
    project = ProjectMap.under([folder], patience_s=300)
    again = time.perf_counter() - made
    chosen = random.Random(SEED).sample(sorted(project.files), min(ASKED, len(project.files)))  # noqa: S311 -- a sample
    ranked, called, around = [], [], []
    project.ranks()
    for path in chosen:
        outline = project.files[path].outline
        began = time.perf_counter()
        told = project.ranked([path], BUDGET)
        ranked.append(time.perf_counter() - began)
        assert len(told.encode()) <= 3 * BUDGET
        began = time.perf_counter()
        for one in outline.definitions[:10]:
            project.callers(one.qualified, path)
        called.append(time.perf_counter() - began)
        text = project.text(path) or ""
        row = outline.definitions[0].line if outline.definitions else 1
        file = SourceFile(
            path=path, language=project.files[path].language, text=text, masked=text, changed=frozenset({row})
        )
        began = time.perf_counter()
        surroundings(Material(files=(file,)), project, BUDGET, mask=lambda given: [held for _, held in given])
        around.append(time.perf_counter() - began)
    own, found = definitions(folder, project)
    return {
        "files": len(project.files),
        "definitions": sum(len(one.outline.definitions) for one in project.files.values()),
        "references": sum(len(one.outline.references) for one in project.files.values()),
        "missing": len(project.missing),
        "again_s": round(again, 2),
        "ranked_ms_max": round(1000 * max(ranked)),
        "callers_of_10_ms_max": round(1000 * max(called)),
        "surroundings_ms_max": round(1000 * max(around)),
        "python_definitions": own,
        "of_them_found": round(found / max(own, 1), 5),
    }


def definitions(folder: Path, project: ProjectMap) -> tuple[int, int]:
    """How many functions and classes Python's own parser sees, and how many of them stand in the map at their line."""
    own = found = 0
    for path, one in project.files.items():
        if one.language != "python":
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse((folder / path).read_text(encoding="utf-8"))
        except (SyntaxError, ValueError):
            continue
        told = {(each.name, each.line) for each in one.outline.definitions}
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                own += 1
                found += (node.name, node.lineno) in told
    return own, found


WAYS = {"plain": plain, "ctags-like": tags, "map": mapped}


def run(way: str, folder: Path, lines: int) -> dict[str, object]:
    """One way in a process of its own; the seconds are those of the first reading."""
    done = subprocess.run(
        [sys.executable, __file__, "--way", way, "--folder", str(folder)], check=True, capture_output=True, text=True
    )
    row: dict[str, object] = json.loads(done.stdout)
    return {"way": way, "lines": lines, "lines_per_s": round(lines / float(str(row["first_s"]))), **row}


def one(way: str, folder: Path) -> dict[str, object]:
    before = memory_mb()
    began = time.perf_counter()
    if way == "map":
        ProjectMap.under([folder], patience_s=300)
    else:
        WAYS[way](folder)
    first = time.perf_counter() - began
    rows = WAYS[way](folder)
    return {"first_s": round(first, 3), "memory_mb": round(memory_mb()), "more_mb": round(memory_mb() - before), **rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=200_000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        print(json.dumps(one(options.way, options.folder)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        lines = gather(folder, options.lines)
        rows = [run(way, folder, lines) for way in WAYS]
    print(
        json.dumps(rows) if options.json else "\n".join("  ".join(f"{k} {v}" for k, v in row.items()) for row in rows)
    )


if __name__ == "__main__":
    main()
