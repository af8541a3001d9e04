"""Patterns for paths: `*`, `?`, `[…]`, `{a,b}` within one name, `**` over any number of folders.

Names are matched by `fnmatch`, whose expressions take linear time, and folders by a walk over sets of positions:
no pattern, however hostile, makes this slow.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from functools import lru_cache

_MAGIC = re.compile(r"[*?\[{]")
_BRACES = re.compile(r"\{([^{}/]*,[^{}/]*)\}")
_LONGEST = 1_000
_MOST = 64


def has_magic(text: str) -> bool:
    """Whether a path is a pattern."""
    return bool(_MAGIC.search(text))


def escaped(text: str) -> str:
    """A pattern that fits this path alone."""
    return re.sub(r"[*?\[]", lambda match: f"[{match[0]}]", text).replace("{", "[{]")


def fixed_part(pattern: str) -> str:
    """The folders a pattern begins with before its first wildcard; `.` when there are none."""
    parts: list[str] = []
    for part in pattern.split("/")[:-1]:
        if has_magic(part):
            break
        parts.append(part)
    return "/".join(parts) or ("/" if pattern.startswith("/") else ".")


def matches(path: str, pattern: str) -> bool:
    """Whether a whole relative path fits a pattern.

    Raises:
        ValueError: the pattern is longer, or stands for more alternatives, than any sensible one.
    """
    parts = path.split("/")
    return any(_fits(parts, choice) for choice in _choices(pattern))


def ignored(path: str, patterns: tuple[str, ...]) -> bool:
    """Whether one of a project's `ignore` patterns takes a path out.

    A pattern without `/` means a name at any depth; one that means a folder takes all that is in it.
    """
    parts = path.split("/")
    return any(
        _fits(parts, (*choice, "**"))
        for raw in patterns
        for choice in _choices(raw.strip("/") if "/" in raw.rstrip("/") else f"**/{raw.rstrip('/')}")
    )


@lru_cache(maxsize=256)
def _choices(pattern: str) -> tuple[tuple[str, ...], ...]:
    """The pattern's alternatives, each as its names."""
    if len(pattern) > _LONGEST:
        raise ValueError(f"the pattern is longer than {_LONGEST} characters")
    done: list[tuple[str, ...]] = []
    todo = [pattern.removeprefix("./")]
    while todo:
        text = todo.pop()
        braces = _BRACES.search(text)
        if braces is None:
            done.append(tuple(text.split("/")))
        else:
            todo += [text[: braces.start()] + choice + text[braces.end() :] for choice in braces[1].split(",")]
        if len(done) + len(todo) > _MOST:
            raise ValueError(f"the pattern stands for more than {_MOST} alternatives")
    return tuple(done)


def _fits(parts: list[str], pattern: tuple[str, ...]) -> bool:
    """Whether names fit a pattern's names; `**` stands for any number of them, none included."""
    reached = _beyond_stars({0}, pattern)
    for part in parts:
        following = {at for at in reached if at < len(pattern) and pattern[at] == "**"}
        following |= {
            at + 1 for at in reached if at < len(pattern) and pattern[at] != "**" and fnmatchcase(part, pattern[at])
        }
        reached = _beyond_stars(following, pattern)
        if not reached:
            return False
    return len(pattern) in reached


def _beyond_stars(reached: set[int], pattern: tuple[str, ...]) -> set[int]:
    """The positions reached, and those behind a `**` that stands for nothing."""
    out = set(reached)
    for at in sorted(reached):
        inner = at
        while inner < len(pattern) and pattern[inner] == "**":
            inner += 1
            out.add(inner)
    return out
