"""Which real source files do the other measurements have to work on here?

    python bench/real_files.py [--most N] [--json]

Files that others wrote, where this machine happens to have them: Python's standard library, the packages of the
environment, the Node packages of the client tests, the system's headers, scripts and examples.  What is missing is
left out and the table says so.  Files are chosen by seed, so that the same machine always gives the same ones.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from manyeyes_tools.languages import language_of
from manyeyes_tools.syntax.parsing import parses

HERE = Path(__file__).parent.parent
STDLIB = Path(sysconfig.get_path("stdlib"))
SITE = Path(sysconfig.get_path("purelib"))
PLACES: dict[str, tuple[tuple[Path, str], ...]] = {
    "python": (
        (STDLIB, "*.py"),
        (STDLIB / "asyncio", "*.py"),
        (STDLIB / "email", "*.py"),
        (SITE / "pydantic", "*.py"),
        (SITE / "anyio", "**/*.py"),
        (SITE / "starlette", "**/*.py"),
        (SITE / "httpx", "**/*.py"),
    ),
    "typescript": ((HERE / "tests/clients/node_modules", "**/*.ts"),),
    "javascript": ((HERE / "tests/clients/node_modules", "**/*.js"),),
    "c": ((SITE, "**/*.c"), (SITE, "**/*.h"), (Path("/usr/include"), "*.h"), (Path("/usr/include/linux"), "*.h")),
    "cpp": ((SITE, "**/*.cpp"), (SITE, "**/*.hpp"), (Path("/usr/include/c++"), "**/*.hpp")),
    "shell": (
        (Path("/usr/share"), "**/*.sh"),
        (Path("/usr/share/bash-completion/completions"), "*"),
        (Path("/usr/lib"), "*/*.sh"),
    ),
    "go": ((Path("/usr/share/doc/git/contrib"), "**/*.go"),),
}
LOOKED_AT = 4_000
"""Files of one language that are considered at most."""


@dataclass(frozen=True, slots=True)
class Real:
    """A file as it was found: its name, its language and its text."""

    name: str
    language: str
    text: str


def real_files(
    languages: tuple[str, ...] = tuple(PLACES), *, most: int = 60, size: tuple[int, int] = (1_500, 40_000)
) -> list[Real]:
    """At most so many files of each language, of that many characters, that parse."""
    rng = random.Random(7)  # noqa: S311  # the same cases in every run
    chosen: list[Real] = []
    for language in languages:
        paths = sorted({path for folder, pattern in PLACES[language] for path in _below(folder, pattern)})
        rng.shuffle(paths)
        count = 0
        seen: set[str] = set()
        for path in paths[:LOOKED_AT]:
            text = _text(path)
            if text is None or not size[0] <= len(text) <= size[1] or text in seen:
                continue
            if max(map(len, text.split("\n"))) > 300 or language_of(path.name, text) != language:
                continue
            seen.add(text)
            if parses(text, language):
                chosen.append(Real(path.name, language, text))
                count += 1
            if count == most:
                break
    return chosen


def _below(folder: Path, pattern: str) -> list[Path]:
    return (
        [path for path in folder.glob(pattern) if path.is_file() and not path.is_symlink()] if folder.is_dir() else []
    )


def _text(path: Path) -> str | None:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError):
        return None
    return None if "\0" in text else text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=60)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    files = real_files(most=options.most)
    rows = []
    for language in PLACES:
        of = [file.text for file in files if file.language == language]
        lines = sum(text.count("\n") for text in of)
        crlf, open_end = sum("\r\n" in text for text in of), sum(not text.endswith("\n") for text in of)
        rows.append(
            {"language": language, "files": len(of), "lines": lines, "crlf": crlf, "no_newline_at_end": open_end}
        )
    if options.json:
        json.dump(rows, sys.stdout)
        return
    for row in rows:
        print("  ".join(f"{key} {value}" for key, value in row.items()))


if __name__ == "__main__":
    main()
