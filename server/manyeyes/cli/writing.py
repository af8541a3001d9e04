"""Files that a command writes: seen to before any work is done, written when it is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from manyeyes.cli.reading import named
from manyeyes.cli.screen import complain, folded, show
from manyeyes.errors import BadCall

if TYPE_CHECKING:
    from manyeyes.cli.verbs import Options
    from manyeyes.results import Result
    from manyeyes.tool import Arguments, Tool

FOLDER = "manyeyes-report"
"""Where a pipeline writes to unless told otherwise."""
_FILES = {"report.md": "markdown", "findings.sarif": "sarif", "documentation.md": "document"}
"""What a pipeline writes, and the form of each."""
_OPTIONS = ("output", "sarif", "html", "markdown", "sbom", "baseline", "write_baseline")
"""The options that may name a file to write."""


def check(options: Options) -> None:
    """See that what is named can be written, before time and money are spent on what goes there.

    Raises:
        BadCall: it cannot, as far as that can be told.
    """
    folder = options.verb == "pipeline" and not options.json
    if folder:
        _check_folder(options.output or Path(FOLDER))
    # What is only read is seen to where it is read.
    skipped = {"output": folder or getattr(options, "check", False), "baseline": not getattr(options, "update", False)}
    for name in _OPTIONS:
        value = getattr(options, name, None)
        if value is not None and str(value) != "-" and not skipped.get(name):
            _check_file(Path(value), f"--{name.replace('_', '-')}")


def save(path: Path, text: str) -> None:
    """Write a file.

    Raises:
        BadCall: it cannot be written.
    """
    try:
        named(str(path)).write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise BadCall(f"{path} cannot be written: {error.strerror}. Name another file.") from None


def write_folder(tool: Tool[Arguments, Result], result: Result, options: Options) -> None:
    """What a pipeline made, as files; the terminal gets the short of it.

    A folder that is made here is kept out of git, since it quotes the code.

    Raises:
        BadCall: something cannot be written.
    """
    folder = options.output or Path(FOLDER)
    new = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadCall(f"{folder} cannot be made: {error.strerror}. Name another with --output.") from None
    if new:
        save(folder / ".gitignore", "*\n")
    written, older = [], []
    for name, form in _FILES.items():
        text = tool.report(result) if form == "markdown" else tool.export(result, form)
        if text:
            save(folder / name, text)
            written.append(name)
        elif (folder / name).exists():
            older.append(name)
    if options.sarif != "-":
        told = (" ".join(result.summary.split()), *getattr(result, "merged", ()))
        show("\n".join((*map(folded, told), "")))
    for problem in result.problems:
        complain(problem)
    complain(f"written to {folder}: {', '.join(written)}")
    if older:
        complain(f"not written this time, and of an earlier run: {', '.join(str(folder / name) for name in older)}")


def _check_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise BadCall(f"{folder} is a file. Name a folder with --output.")
    there = next((up for up in (folder.absolute(), *folder.absolute().parents) if up.exists()), None)
    if there is None or not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise BadCall(f"Nothing can be written to {folder}: {there} is not writable. Name another with --output.")


def _check_file(path: Path, option: str) -> None:
    path = named(str(path))
    if path.is_dir():
        raise BadCall(f"{path} cannot be written: it is a folder. Name a file with {option}.")
    if not path.parent.is_dir():
        raise BadCall(f"{path} cannot be written: there is no folder {path.parent}. Make it, or change {option}.")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise BadCall(f"{path} cannot be written: permission denied. Name another file with {option}.")
