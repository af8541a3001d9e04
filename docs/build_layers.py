# ruff: noqa: INP001  # a script beside the page it writes in
"""Draws the layers in `docs/architecture.md` from the contracts in `pyproject.toml`: `python docs/build_layers.py`."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGE = HERE / "architecture.md"


def page() -> str:
    """The page with its layers as import-linter checks them.

    Raises:
        LookupError: the page has no place for a package's layers.
    """
    text = PAGE.read_text(encoding="utf-8")
    project = tomllib.loads((HERE.parent / "pyproject.toml").read_text(encoding="utf-8"))
    for contract in project["tool"]["importlinter"]["contracts"]:
        if contract["type"] != "layers":
            continue
        mark = f"<!-- layers of {contract['containers'][0]} -->\n\n```text\n"
        place = re.compile(re.escape(mark) + r".*?```", re.DOTALL)
        found = place.search(text)
        if found is None:
            raise LookupError(f"{PAGE.name} has no place for {mark.partition(' -->')[0].removeprefix('<!-- ')}")
        drawn = mark + "\n".join(contract["layers"]) + "\n```"
        text = text[: found.start()] + drawn + text[found.end() :]
    return text


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE}: layers drawn anew\n")
