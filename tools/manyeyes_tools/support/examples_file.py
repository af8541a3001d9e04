"""Reads examples of intents as operators write them: TOML, CSV or JSON lines, one file or a folder of them."""

from __future__ import annotations

import csv
import json
import re
import tomllib
from typing import TYPE_CHECKING

from manyeyes.errors import BadCall
from manyeyes_tools.support.training import Examples

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OUTSIDE = "out_of_scope"
"""What messages are labelled with that are about none of the intents."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.?-]{0,79}")
_LABELS = ("intent", "label", "category")
_TEXTS = ("message", "text")
_FORMS = {".toml", ".csv", ".jsonl"}
_LARGEST = 200_000_000


def read_examples(path: Path) -> Examples:
    """The examples in a file, or in all files of a folder.  The same message twice counts once.

    Raises:
        BadCall: a file cannot be read, is of another form, or one message has two intents.
    """
    files = sorted(one for one in path.iterdir() if one.suffix in _FORMS) if path.is_dir() else [path]
    if not files:
        raise BadCall(f"{path} holds no examples: write them as .toml, .csv or .jsonl, see docs/support.md.")
    found: dict[str, str] = {}
    for file in files:
        for number, (text, intent) in enumerate(_pairs(file), 1):
            message = " ".join(text.split())
            if not message:
                continue
            if not _NAME.fullmatch(intent):
                raise BadCall(f"{file}, example {number}: {intent[:40]!r} is no name for an intent; use letters and _.")
            if found.setdefault(message, intent) != intent:
                raise BadCall(f"{message[:60]!r} is an example of both {found[message]} and {intent}.")
    inside = tuple((text, intent) for text, intent in found.items() if intent != OUTSIDE)
    return Examples(inside, tuple(text for text, intent in found.items() if intent == OUTSIDE))


def _pairs(file: Path) -> Iterator[tuple[str, str]]:
    try:
        if file.stat().st_size > _LARGEST:
            raise BadCall(f"{file} is too large to be examples.")
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadCall(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise BadCall(f"{file} is not UTF-8 text.") from None
    if file.suffix == ".toml":
        yield from _from_toml(file, text)
    elif file.suffix == ".csv":
        rows = csv.DictReader(text.splitlines())
        yield from (_pair(file, number, row) for number, row in enumerate(rows, 1))
    elif file.suffix == ".jsonl":
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip():
                try:
                    value = json.loads(line)
                except json.JSONDecodeError as error:
                    raise BadCall(f"{file}, line {number}: {error}.") from None
                yield _pair(file, number, value)
    else:
        raise BadCall(f"{file} is of no form that is read: .toml, .csv or .jsonl.")


def _from_toml(file: Path, text: str) -> Iterator[tuple[str, str]]:
    """One intent a file (`intent`, `messages`), or several (`[intents]` with a list each)."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadCall(f"{file} is not valid TOML: {error}.") from None
    groups = values.get("intents", {values.get("intent"): values.get("messages")})
    for intent, messages in groups.items() if isinstance(groups, dict) else ():
        if not isinstance(intent, str) or not isinstance(messages, list):
            raise BadCall(f"{file} needs `intent` and `messages`, or [intents] with a list of messages for each.")
        yield from ((str(message), intent) for message in messages)


def _pair(file: Path, number: int, row: object) -> tuple[str, str]:
    if isinstance(row, dict):
        text = next((row[name] for name in _TEXTS if isinstance(row.get(name), str)), None)
        intent = next((row[name] for name in _LABELS if isinstance(row.get(name), str)), None)
        if text is not None and intent is not None:
            return text, intent
    raise BadCall(f"{file}, example {number} needs `message` (or `text`) and `intent` (or `label`, `category`).")
