"""What another scanner is to us: how it is called, and what is read of what it wrote."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from manyeyes_tools.findings import Severity


class Nonsense(Exception):
    """What a scanner wrote cannot be read; the message says how."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a scanner reports, in our terms.

    Attributes:
        rule: The scanner's name for it, in a form for `sources`.
        explanation: What it means, in one sentence.
    """

    rule: str
    title: str
    cwe: str
    severity: Severity
    explanation: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Reported:
    """Something that a scanner reports.

    Attributes:
        method: And `target`, path and query: the request that showed it, as far as the scanner tells.
        path: Of the target, where the weakness is.
        parameter: The value it goes in by; empty where it is the whole answer.
        said: The scanner's own words.
    """

    engine: str
    kind: Kind
    method: str
    path: str
    parameter: str = ""
    said: str = ""
    target: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @property
    def source(self) -> str:
        """How a finding names it."""
        return f"{self.engine}:{self.kind.rule}"


@dataclass(frozen=True, slots=True)
class Task:
    """What a scanner is to do, and where.

    Attributes:
        url: The target as the scanner reaches it through `proxy`, without a path.
        proxy: The way there.  Its key is no argument: see `guard`.
        start: Path and query to begin at.
        folder: Its own, for all it writes.
        seconds: When it should be done.
        timeout_s: Seconds that one answer may take.
        base: The path that all paths of `description` begin with.
        description: An OpenAPI document; None where there is none.
        unsafe: Whether methods that change data may be sent.
        known_visitor: Whether requests carry the operator's headers, which the scanner does not see.
    """

    url: str
    proxy: str
    start: str
    folder: Path
    seconds: float
    timeout_s: float
    agent: str
    base: str = ""
    description: dict[str, Any] | None = None
    unsafe: bool = False
    known_visitor: bool = False

    @property
    def output(self) -> Path:
        """Where it writes its report."""
        return self.folder / "report"


@dataclass(frozen=True, slots=True)
class Engine:
    """A scanner.

    Attributes:
        arguments: Its arguments for a task, the program's name apart.
        read: What it reported; may raise `Nonsense`.
        ends: Exit codes of work that was done.
        needs: Why it has nothing to do for a task; empty when it has.
        install: How it is installed.
        prepare: Writes what it needs into the task's folder.
    """

    name: str
    arguments: Callable[[Task], list[str]]
    read: Callable[[bytes, Task], list[Reported]]
    ends: frozenset[int]
    needs: Callable[[Task], str]
    install: str
    prepare: Callable[[Task], None] = field(default=lambda _task: None)


def text(value: object, most: int = 300) -> str:
    """A value as one line of text that is no longer than that; empty for what is no text."""
    return " ".join(value.split())[:most] if isinstance(value, str) else ""


def table(value: object) -> dict[str, Any]:
    """A value as a table, empty for what is none."""
    return value if isinstance(value, dict) else {}


def rows(value: object) -> Sequence[Any]:
    """A value as a list, empty for what is none."""
    return value if isinstance(value, list) else []
