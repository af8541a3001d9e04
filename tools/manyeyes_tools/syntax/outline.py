"""What one file defines, whom it calls and what it imports."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal[
    "function", "method", "class", "interface", "struct", "enum", "module", "type", "property", "constant", "macro",
    "table", "view", "trigger", "index",
]  # fmt: skip
"""What a definition is; a trait of Rust is an `interface`, one of PHP a `class`."""


@dataclass(frozen=True, slots=True)
class Definition:
    """Something with a name.

    Attributes:
        name: The last part of its name.
        qualified: With the names of what holds it, `.` in between: `Account.deposit`.
        kind: What it is.
        start_line: Its first line from 1, decorators and attributes included, comments above not.
        end_line: Its last line.
        line: The line of its signature.
        signature: Its head in one line, without its body.
        doc: Its docstring or the comment directly above, in plain words.
        doc_line: Where that comment begins; `start_line` when there is none above.
    """

    name: str
    qualified: str
    kind: Kind
    start_line: int
    end_line: int
    line: int
    signature: str
    doc: str
    doc_line: int


@dataclass(frozen=True, slots=True)
class Reference:
    """A name that is used.

    Attributes:
        name: Its last part: `save` for `self.store.save(…)`.
        line: Where, from 1.
        within: The qualified name of the innermost definition around it; empty at the top of the file.
        kind: `call` or `type`.
        receiver: What stands before the name: `self.store`; empty for a plain one.
    """

    name: str
    line: int
    within: str
    kind: Literal["call", "type"]
    receiver: str = ""


@dataclass(frozen=True, slots=True)
class Import:
    """Another module that a file names.

    Attributes:
        module: As written there.
        names: The names taken from it, by which it knows them; `*` for all, `default` for a script's main one.
        line: Where, from 1.
        aliases: Names that are others here: the name here, and its own.
    """

    module: str
    names: tuple[str, ...]
    line: int
    aliases: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Outline:
    """A file's outline.  `incomplete` says why something may be missing; empty when all of it was read.

    `sound` tells whether the file parsed without errors; what stands around an error is still there.
    """

    definitions: tuple[Definition, ...] = ()
    references: tuple[Reference, ...] = ()
    imports: tuple[Import, ...] = ()
    incomplete: str = ""
    sound: bool = True

    @property
    def calls(self) -> tuple[Reference, ...]:
        """The references that call, in order."""
        return tuple(one for one in self.references if one.kind == "call")

    def enclosing(self, line: int, kinds: frozenset[str] | None = None) -> Definition | None:
        """The innermost definition that holds a line, of these kinds where some are named; None outside of all."""
        at = bisect_right(self.definitions, line, key=lambda one: one.start_line)
        for one in reversed(self.definitions[:at]):
            if one.end_line >= line and (one.kind != "constant" if kinds is None else one.kind in kinds):
                return one
        return None
