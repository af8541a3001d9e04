"""Evidence as cases: each finding of the engines is a question to the models, and their answers decide what it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from manyeyes_tools.arguments import Depth
    from manyeyes_tools.claims import Heard
    from manyeyes_tools.findings import Finding
    from manyeyes_tools.material import SourceFile


@dataclass(frozen=True, slots=True)
class Case:
    """What is asked about the evidence of a piece.

    Attributes:
        text: What the models are told; it stands inside the marks.
        beside: The part of it that the piece itself does not decide; it counts where two questions are compared.
    """

    text: str
    beside: str = ""


@dataclass(frozen=True, slots=True)
class Dismissed:
    """A finding of the evidence that models which read the code hold to be none.

    Attributes:
        finding: As it was reported.
        said: Who says so and why.
    """

    finding: Finding
    said: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Weighed:
    """Evidence and claims together: what stands, and what was dismissed."""

    findings: tuple[Finding, ...]
    dismissed: tuple[Dismissed, ...]


class Casework(Protocol):
    """Makes the questions, and makes something of the answers."""

    def case(self, told: Sequence[Finding], shown: frozenset[str]) -> Case:
        """What is asked about these findings of a piece that shows these files.  Called in worker threads."""
        ...

    def weigh(
        self, spoken: Sequence[Heard], claims: Sequence[Finding], files: Mapping[str, SourceFile], depth: Depth
    ) -> Weighed:
        """Bring the evidence, the answers about it and the models' own claims together.  Called in worker threads.

        Args:
            spoken: The answers that count.
            claims: What models claim themselves, each model's with its ids.
            files: All that was read, by path.
            depth: How the models were asked.
        """
        ...

    def exchanged(self, before: Sequence[Finding], after: Sequence[Finding]) -> list[Finding]:
        """What stands after a panel's exchange, with the confidence that it deserves."""
        ...
