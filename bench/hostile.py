"""What does a repository do to `manyeyes scan` that was made to harm whoever scans it?

    python bench/hostile.py [--json]

Each repository is written into a folder of its own, and scanned by the command line in a process of its own, with no
model and no key.  Told are the seconds, the most memory that any one of its processes took, how it ended, whether
anything of the repository was executed (its code would leave a file behind), and what the scan said that it skipped.

The aims: each within 60 s and 1,000 MB, nothing executed, and a word on all that was skipped.  A good file with one
weakness lies in each repository, and must be found beside everything else.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE_S, MOST_S, MOST_MB = 120.0, 60.0, 1_000
LARGE = 50_000_000
DEEP = 100_000
GOOD = "import subprocess\nimport sys\n\nsubprocess.run('ls ' + sys.argv[1], shell=True)\n"


@dataclass(frozen=True, slots=True)
class Row:
    """What came of scanning one repository."""

    repository: str
    seconds: float
    megabytes: int
    ended: int
    found: bool
    executed: bool
    said: tuple[str, ...]


def large(folder: Path, _mark: Path) -> None:
    line = "value = call(first, second)  # a line like any other\n"
    (folder / "large.py").write_text(line * (LARGE // len(line)))
    (folder / "large.txt").write_text("word " * (LARGE // 5))


def deep(folder: Path, _mark: Path) -> None:
    (folder / "brackets.py").write_text("x = " + "(" * DEEP + ")" * DEEP + "\n")
    (folder / "minus.py").write_text("x = " + "-" * DEEP + "1\n")
    (folder / "attributes.py").write_text("x = a" + ".b" * DEEP + "\n")
    (folder / "calls.py").write_text("x = " + "f(" * DEEP + ")" * DEEP + "\n")
    (folder / "sums.py").write_text("x = " + "1 + " * DEEP + "1\n")
    (folder / "brackets.js").write_text("x = " + "[" * DEEP + "]" * DEEP + "\n")
    (folder / "brackets.json").write_text("[" * DEEP + "]" * DEEP + "\n")


def loop(folder: Path, _mark: Path) -> None:
    (folder / "a").symlink_to(folder / "b")
    (folder / "b").symlink_to(folder / "a")
    (folder / "self.py").symlink_to(folder / "self.py")
    (folder / "round").mkdir()
    (folder / "round" / "again").symlink_to(folder)
    (folder / "outside.py").symlink_to("/etc/passwd")


def planted(folder: Path, mark: Path) -> None:
    code = f"open({str(mark)!r}, 'w').write(__file__)\n"
    places = (
        "conftest.py", "setup.py", "sitecustomize.py", "usercustomize.py", "tools/__init__.py", "server/__init__.py",
        "manyeyes/__init__.py", "manyeyes_tools/__init__.py", "anyio/__init__.py", "ast.py", "json.py", "ruff.py",
        "pydantic/__init__.py", "pickle.py", "mcp.py",
    )  # fmt: skip
    for place in places:
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_text(code)
    for place in ("ruff", "git", "bandit", "ruff.exe"):
        (folder / place).write_text(f"#!/bin/sh\necho > '{mark}'\n")
        (folder / place).chmod(0o755)
    (folder / "pyproject.toml").write_text(
        "[tool.ruff]\nexclude = ['*']\n[tool.pytest.ini_options]\naddopts = '-p x'\n"
    )
    (folder / "ruff.toml").write_text("exclude = ['*']\n")
    (folder / "manyeyes.toml").write_text(
        f"[[security.external]]\nname = 'mine'\ncommand = ['/usr/bin/touch', '{mark}']\n"
    )
    (folder / ".git" / "hooks").mkdir(parents=True)
    (folder / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (folder / ".git" / "config").write_text(
        f"[core]\nrepositoryformatversion = 0\nfsmonitor = \"echo > '{mark}'\"\npager = \"echo > '{mark}'\"\n"
    )
    # Much code, so that the second process is started in this folder too.
    (folder / "much.py").write_text("def f(x):\n    return x + 1\n\n\n" * 40_000)


def odd(folder: Path, _mark: Path) -> None:
    os.mkfifo(folder / "pipe.py")
    (folder / "nul.py").write_bytes(b"x = 1\0\n")
    (folder / "latin.py").write_bytes(b"# \xff\xfe\nx = '\xe9'\n")
    (folder / "long.py").write_text("x = '" + "a" * 1_900_000 + "'\n")
    (folder / ("n" * 250 + ".py")).write_text("x = 1\n")
    (folder / "line\nbreak.py").write_text("x = 1\n")
    (folder / "--output=x.py").write_text("x = 1\n")


REPOSITORIES: dict[str, Callable[[Path, Path], None]] = {
    "50 MB files": large,
    "100,000 levels deep": deep,
    "links in circles": loop,
    "code to be executed": planted,
    "odd files": odd,
}


def scanned(name: str, build: Callable[[Path, Path], None]) -> Row:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        top = Path(temporary).resolve()
        folder, mark, home = top / "repository", top / "executed", top / "home"
        folder.mkdir()
        home.mkdir()
        build(folder, mark)
        (folder / "good.py").write_text(GOOD)
        environ = {
            "PATH": os.environ.get("PATH", os.defpath), "HOME": str(home), "MANYEYES_ROOTS": str(folder),
            "MANYEYES_STATE_URL": f"sqlite:///{home}/state.db",
        }  # fmt: skip
        program = str(Path(sys.executable).with_name("manyeyes"))
        started = time.perf_counter()
        # One that measures between us and the command: the most memory of children is told of those that ended.
        done = subprocess.run(
            [sys.executable, "-I", __file__, "--one", program, "scan", str(folder), "--json"],
            cwd=folder, env=environ, capture_output=True, text=True, timeout=PATIENCE_S, check=False,
        )  # fmt: skip
        seconds = time.perf_counter() - started
        ended, megabytes, output = done.stdout.split("\n", 2)
        result = json.loads(output)
        places = {(one["path"], one["cwe"]) for one in result["findings"]}
        return Row(
            repository=name,
            seconds=round(seconds, 1),
            megabytes=int(megabytes),
            ended=int(ended),
            found=("good.py", "CWE-78") in places,
            executed=mark.exists(),
            said=tuple(
                line for line in (*result["problems"], *result["notes"]) if not line.startswith("No model was asked")
            ),
        )


def one(command: list[str]) -> None:
    """Run a command; write how it ended, the most memory of it and of what it started, and its output."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    sys.stdout.write(f"{done.returncode}\n{resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024}\n")
    sys.stdout.write(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--one", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.one:
        one(options.one)
        return
    rows = [scanned(name, build) for name, build in REPOSITORIES.items()]
    if options.json:
        print(json.dumps([asdict(row) for row in rows]))
    else:
        form = "{:<22} {:>8} {:>6} {:>6} {:>6} {:>9}"
        print(form.format("", "seconds", "MB", "ended", "found", "executed"))
        for row in rows:
            print(form.format(row.repository, row.seconds, row.megabytes, row.ended, str(row.found), str(row.executed)))
            for line in row.said:
                print(f"    {line[:300]}")
    bad = [row for row in rows if row.executed or not row.found or row.seconds > MOST_S or row.megabytes > MOST_MB]
    if bad:
        sys.exit(f"not as it should be: {', '.join(row.repository for row in bad)}")


if __name__ == "__main__":
    main()
