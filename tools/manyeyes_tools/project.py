"""What a project may say about its own review: a `manyeyes.toml` in a root.

It may set `focus`, `ignore`, `severities` and lower `limits`.  Everything else belongs to the operator, whose
settings lie outside the project: any other key is named as a problem and has no effect.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from manyeyes_tools.findings import Severity
from manyeyes_tools.globs import matches
from manyeyes_tools.roots import Place, Refused, inside, read

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from manyeyes.settings import Limits

NAME = "manyeyes.toml"
_LIMITS = ("findings", "files", "file_bytes", "total_bytes")
_KEYS = ("focus", "ignore", "severities", "limits")
_LARGEST = 64_000
_NAMED_KEYS = 8
_MOST_PATTERNS = 200
_LONGEST_FOCUS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectSettings:
    """A project's wishes.  They come from the code under review: data, not instructions.

    Attributes:
        focus: What the review should look at above all.
        ignore: Patterns of paths that are not read.
        severities: Rule or category to the severity its findings get.
        limits: Upper bounds by name (`findings`, `files`, `file_bytes`, `total_bytes`); they only ever lower.
    """

    focus: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    severities: Mapping[str, Severity] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)

    def lowered(self, limits: Limits) -> Limits:
        """The operator's limits, lowered where the project asks for less."""
        lower = {name: min(value, getattr(limits, name)) for name, value in self.limits.items()}
        return limits.model_copy(update=lower)


def read_project(root: Path) -> tuple[ProjectSettings, tuple[str, ...]]:
    """The settings of the project in a root, and what was wrong with them, one line each."""
    if not (root / NAME).exists():
        return ProjectSettings(), ()
    try:
        place: Place = inside(root, NAME)
        values = tomllib.loads(read(place, _LARGEST))
    except Refused as refused:
        return ProjectSettings(), (f"{NAME} was not read: {refused}.",)
    except (ValueError, RecursionError) as error:  # the decoder's own error is a ValueError, and so are its numbers
        return ProjectSettings(), (f"{NAME} is not valid TOML and was not used: {error}",)
    problems: list[str] = []
    if others := [f"`{_shown(key)}`" for key in values if key not in _KEYS]:
        named = ", ".join(others[:_NAMED_KEYS]) + f" and {len(others) - _NAMED_KEYS} more" * (len(others) > _NAMED_KEYS)
        are = "is not for a project to set and has" if len(others) == 1 else "are not for a project to set and have"
        problems.append(f"{NAME}: {named} {are} no effect (only {', '.join(_KEYS)}).")
    settings = ProjectSettings(
        focus=_texts("focus", values.get("focus"), problems),
        ignore=_patterns(values.get("ignore"), problems),
        severities=_severities(values.get("severities"), problems),
        limits=_limits(values.get("limits"), problems),
    )
    return settings, tuple(problems)


def together(all_settings: Iterable[ProjectSettings]) -> ProjectSettings:
    """The settings of several roots as one; the first root wins, the lowest limit holds."""
    focus: list[str] = []
    ignore: list[str] = []
    severities: dict[str, Severity] = {}
    limits: dict[str, int] = {}
    for settings in all_settings:
        focus += [text for text in settings.focus if text not in focus]
        ignore += [text for text in settings.ignore if text not in ignore]
        severities = {**settings.severities, **severities}
        for name, value in settings.limits.items():
            limits[name] = min(value, limits.get(name, value))
    return ProjectSettings(focus=tuple(focus), ignore=tuple(ignore), severities=severities, limits=limits)


def _texts(key: str, value: object, problems: list[str]) -> tuple[str, ...]:
    if value is None:
        return ()
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        problems.append(f"{NAME}: `{key}` must be a text or a list of texts; it has no effect.")
        return ()
    if sum(map(len, texts)) > _LONGEST_FOCUS and key == "focus":
        problems.append(f"{NAME}: `focus` is longer than {_LONGEST_FOCUS} characters; it has no effect.")
        return ()
    return tuple(text.strip() for text in texts if text.strip())


def _patterns(value: object, problems: list[str]) -> tuple[str, ...]:
    patterns = _texts("ignore", value, problems)
    if len(patterns) > _MOST_PATTERNS:
        problems.append(f"{NAME}: `ignore` has more than {_MOST_PATTERNS} patterns; the rest have no effect.")
    good: list[str] = []
    for pattern in patterns[:_MOST_PATTERNS]:
        try:
            matches("x", pattern)
        except ValueError as error:
            problems.append(f"{NAME}: an `ignore` pattern has no effect: {error}.")
        else:
            good.append(pattern)
    return tuple(good)


def _severities(value: object, problems: list[str]) -> dict[str, Severity]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        problems.append(f"{NAME}: `severities` must be a table; it has no effect.")
        return {}
    good: dict[str, Severity] = {}
    for rule, name in value.items():
        if isinstance(name, str) and name.lower() in list(Severity):
            good[rule] = Severity(name.lower())
        else:
            problems.append(f"{NAME}: `severities.{_shown(rule)}` must be one of {', '.join(Severity)}.")
    return good


def _limits(value: object, problems: list[str]) -> dict[str, int]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        problems.append(f"{NAME}: `limits` must be a table; it has no effect.")
        return {}
    good: dict[str, int] = {}
    for name, number in value.items():
        if name not in _LIMITS:
            problems.append(f"{NAME}: `limits.{_shown(name)}` is not for a project to set and has no effect.")
        elif isinstance(number, bool) or not isinstance(number, int) or number < 1:
            problems.append(f"{NAME}: `limits.{name}` must be a whole number above 0; it has no effect.")
        else:
            good[name] = number
    return good


def _shown(key: str) -> str:
    """A key as a message can hold it: the file is not ours."""
    return ascii(key[:60])[1:-1]
