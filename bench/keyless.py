"""How long a review without any key takes: one file of 2,700 lines, and a folder of 200,000.

    python bench/keyless.py [--json] [--calls N]

`peak_mb` is the most memory this process had, and beside it the most that the ruff it starts has.

The file is put together from modules of the standard library, another one for each call, so that nothing is remembered.
The folder holds modules of the standard library, copied until there are 200,000 lines.  The first call, which loads the
engines, is shown apart.  `baseline` is ruff alone on the same file, with the same rules, as a command of its own.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import anyio

from manyeyes import settings as operator
from manyeyes.desk import Desk

LINES, FOLDER_LINES = 2_700, 200_000
SOURCES = sorted(Path(argparse.__file__).parent.glob("*.py"))


def text_of(lines: int) -> str:
    """So many lines of the standard library, whole functions first."""
    kept: list[str] = []
    for path in SOURCES:
        if len(kept) >= lines:
            break
        text = path.read_text(encoding="utf-8", errors="replace")
        if "from __future__" not in text:
            kept += text.split("\n")
    return "\n".join(kept[:lines])


def fill(folder: Path, lines: int) -> int:
    """Copy modules until there are so many lines; how many there are."""
    count = number = 0
    while count < lines:
        for path in SOURCES:
            target = folder / f"part{number // 100}" / f"{path.stem}_{number}.py"
            target.parent.mkdir(exist_ok=True)
            shutil.copy(path, target)
            count += target.read_bytes().count(b"\n")
            number += 1
            if count >= lines:
                break
    return count


def peak_mb() -> float:
    """The most memory this process had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


RUFF = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "B,S,F", "--quiet", "-"]


def ruff_mb(text: str) -> float:
    """The most memory that ruff has on a text, in MiB.

    A small process starts it: a child counts what its parent had at the fork as its own.
    """
    measure = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], capture_output=True, stdin=sys.stdin); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    command = [sys.executable, "-S", "-c", measure, *RUFF]
    done = subprocess.run(command, input=text, text=True, capture_output=True, check=True)
    return int(done.stdout) / 1024


async def file_row(calls: int) -> dict[str, object]:
    environ = {"HOME": tempfile.gettempdir(), "MANYEYES_STATE_URL": "sqlite://"}
    text, times = text_of(LINES), []
    async with Desk.open(operator.load(environ, cwd=Path(tempfile.gettempdir())), environ) as desk:
        for number in range(calls + 1):
            code = f"{text}\nx = {number}\n"
            began = time.perf_counter()
            await desk.call("code_review", {"code": code, "language": "python"})
            times.append(1000 * (time.perf_counter() - began))
    first, *rest = times
    rest.sort()
    return {
        "what": "one file",
        "lines": LINES,
        "first_ms": round(first),
        "p50_ms": round(median(rest)),
        "p95_ms": round(rest[int(len(rest) * 0.95)]),
        "baseline_ms": round(_ruff(text)),
        "peak_mb": round(peak_mb()),
        "ruff_mb": round(ruff_mb(text)),
    }


def _ruff(text: str) -> float:
    times = []
    for _ in range(5):
        began = time.perf_counter()
        subprocess.run(RUFF, input=text, text=True, capture_output=True, check=False)
        times.append(1000 * (time.perf_counter() - began))
    return median(times)


async def folder_row() -> dict[str, object]:
    told: list[str] = []

    async def progress(_done: float, _total: float | None, message: str | None) -> None:
        told.append(message or "")

    with tempfile.TemporaryDirectory() as name:
        lines = fill(Path(name), FOLDER_LINES)
        environ = {"HOME": name, "MANYEYES_ROOTS": name, "MANYEYES_STATE_URL": "sqlite://"}
        async with Desk.open(operator.load(environ, cwd=Path(name)), environ) as desk:
            began = time.perf_counter()
            result = await desk.call("code_review", {"paths": ["."]}, progress)
            seconds = time.perf_counter() - began
    return {
        "what": "folder",
        "lines": lines,
        "seconds": round(seconds, 1),
        "told": len(told),
        "status": result.status,
        "problems": result.problems[1:],
        "peak_mb": round(peak_mb()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON list of objects")
    parser.add_argument("--calls", type=int, default=40, help="reviews of the file (40)")
    options = parser.parse_args()
    rows = [anyio.run(file_row, options.calls), anyio.run(folder_row)]
    if options.json:
        print(json.dumps(rows, indent=1))
        return
    for row in rows:
        print("  ".join(f"{name} {value}" for name, value in row.items()))


if __name__ == "__main__":
    main()
