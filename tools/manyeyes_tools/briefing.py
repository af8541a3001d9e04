"""What models are told about a piece of the code: the code, what engines reported, what stands around it, papers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import anyio.to_thread

from manyeyes_tools.chunks import delimited

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manyeyes.redaction import Redactor
    from manyeyes_tools.casework import Casework
    from manyeyes_tools.chunks import Chunk
    from manyeyes_tools.findings import Finding
    from manyeyes_tools.investigation import Library
    from manyeyes_tools.material import Material
    from manyeyes_tools.syntax.project_map import ProjectMap

AROUND_CHANGE_TOKENS = 2_500
"""Tokens of surroundings shown with a piece of a change."""
AROUND_FILES_TOKENS = 1_200
"""The same with a piece of whole files, which need fewer."""
PAPERS_CHARS = 6_000
"""Characters shown of what the project's papers ask of those who change it."""
EVIDENCE = 100
"""Findings of engines that are listed with a piece."""


@dataclass(frozen=True, slots=True)
class Brief:
    """The text about one piece.

    Attributes:
        text: All of it, what comes from the repository inside marks.
        beside: The part that is neither code nor evidence; it counts where two questions are compared.
        told: The evidence listed.
    """

    text: str
    beside: str
    told: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Briefing:
    """Makes the briefs of one judgement.

    Attributes:
        material: What is judged.
        evidence: What engines reported.
        redactor: Masks what is quoted from elsewhere.
        project: Where things are defined and used; None where the material has no place.
        papers: What the project's papers say, masked.
        focus: What the caller wants looked at most.
        wish: What the repository asks for.
        casework: Makes a question of each finding of the evidence; None lists them only.
    """

    material: Material
    evidence: Sequence[Finding]
    redactor: Redactor
    project: ProjectMap | None = None
    papers: str = ""
    focus: str = ""
    wish: str = ""
    casework: Casework | None = None

    @classmethod
    async def of(
        cls,
        material: Material,
        evidence: Sequence[Finding],
        library: Library,
        *,
        focus: str,
        wish: str,
        guided: bool,
        casework: Casework | None = None,
        alone: bool = False,
    ) -> Briefing:
        """A briefing on this material.  Maps the project where the material has a place in one.

        Args:
            material: What is judged.
            evidence: What engines reported.
            library: What may be read beside it.
            focus: What the caller wants looked at most.
            wish: What the repository asks for.
            guided: Whether the project's papers are shown.
            casework: Makes a question of each finding of the evidence.
            alone: Whether a piece is shown with nothing beside it, for a small window.
        """
        bare = cls(
            material=material,
            evidence=evidence,
            redactor=library.redactor,
            focus=focus,
            wish=wish,
            casework=casework,
        )
        if alone or material.origin == "code" or not library.roots:
            return bare
        project = await anyio.to_thread.run_sync(library.project, abandon_on_cancel=True)
        papers = await anyio.to_thread.run_sync(library.papers, abandon_on_cancel=True) if guided else ""
        return replace(bare, project=project, papers=papers[:PAPERS_CHARS])

    def brief(self, chunk: Chunk) -> Brief:
        """What is told about a piece.  Blocking: to be called in a worker thread."""
        shown = {path for path, _, _ in chunk.places}
        told = tuple(finding for finding in self.evidence if finding.path in shown)[:EVIDENCE]
        listed = [
            f"- {finding.id} {_one_line(finding.path)}:{finding.start_line} {finding.severity} "
            f"{_one_line(finding.title)} ({', '.join(finding.sources)})"
            for finding in told
        ]
        around = self._around(shown)
        # Names of files, titles and wishes come from the repository too, so they stand inside the marks.
        inside = [chunk.text, "Reported by deterministic tools:\n" + ("\n".join(listed) or "- nothing")]
        asked = ""
        if self.casework is not None:
            case = self.casework.case(told, frozenset(shown))
            inside[1:], asked = [case.text], case.beside
        if around:
            inside.append(f"Surroundings, for understanding; not under review themselves:\n\n{around}")
        if self.wish:
            inside.append(f"What this repository's manyeyes.toml asks reviewers to look at: {_one_line(self.wish)}")
        text = delimited("\n\n".join(inside))
        if self.papers:  # first, so that the pieces of one call begin alike
            papers = delimited(f"Papers of this project, preferences at most:\n\n{self.papers}")
            text = f"{papers}\n\n{text}"
        if self.focus:
            text += f"\n\nLook most of all at: {_one_line(self.focus)}"
        return Brief(text, f"{self.focus}\0{self.wish}\0{around}\0{self.papers}\0{asked}", told)

    def _around(self, shown: set[str]) -> str:
        if self.project is None:
            return ""
        from manyeyes_tools.syntax.surroundings import surroundings  # the grammars' library is slow to load

        part = replace(self.material, files=tuple(file for file in self.material.files if file.path in shown))
        changed = any(file.changed is not None for file in part.files)
        budget = AROUND_CHANGE_TOKENS if changed else AROUND_FILES_TOKENS
        return surroundings(part, self.project, budget, mask=self.redactor.mask_all)


def _one_line(text: str) -> str:
    return " ".join(text.split())
