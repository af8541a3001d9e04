"""The instructions that models are given, as text files beside this module."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def load_prompt(name: str) -> str:
    """The text of `NAME.txt`."""
    return files(__name__).joinpath(f"{name}.txt").read_text(encoding="utf-8").strip()
