"""What a project's own papers ask of those who change it: preferences to know of, never commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes_tools.roots import Refused, inside, read

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NAMES = ("AGENTS.md", "CLAUDE.md", "CONTRIBUTING.md", ".github/CONTRIBUTING.md", "docs/CONTRIBUTING.md")
_LARGEST = 200_000
_LONGEST = 6_000
"""Characters shown of one file."""
_MOST = 12_000
"""Characters shown of all."""


def guidance(roots: Sequence[Path]) -> str:
    """The papers in the roots, each under its path and cut to a bound; empty where there are none.

    The text comes from the code under review.  It is to be masked, and to stand inside the marks of the material.
    Blocking: to be called in a worker thread.
    """
    parts: list[str] = []
    said: set[str] = set()
    left = _MOST
    for root in roots:
        for name in NAMES:
            if not (root / name).is_file() or left <= 0:
                continue
            try:
                text = read(inside(root, name), _LARGEST).strip()
            except Refused as refused:
                parts.append(f"{name} was not read: {refused}.")
                continue
            if not text or text in said:
                continue
            said.add(text)
            shown = text[: min(_LONGEST, left)]
            left -= len(shown)
            more = f"\n[{len(text) - len(shown):,} more characters are not shown]" if len(shown) < len(text) else ""
            parts.append(f"{name}:\n{shown}{more}")
    return "\n\n".join(parts)
