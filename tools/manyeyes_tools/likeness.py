"""Whether a model was asked about the same code before, in another layout, and what it then said, on today's lines."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from manyeyes_tools.claims import CaseAnswer
from manyeyes_tools.normal_form import Form, normal_form, remap, touched

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from manyeyes.types import Json
    from manyeyes_tools.chunks import Chunk
    from manyeyes_tools.claims import Answer, Check, Claim
    from manyeyes_tools.findings import Finding
    from manyeyes_tools.material import SourceFile


LONGEST = 60
"""A place of more lines than this is none: nobody finds anything in it."""

_SAYS_LINES = re.compile(r"\blines?\s*#?\d|\bL\d+\b", re.IGNORECASE)
_PREFIX = re.compile(r"^(?:\./|[ab]/)")


@dataclass(frozen=True, slots=True)
class Likeness:
    """A question about code, told apart by what the code is and not by how it is laid out.

    Attributes:
        key: Equal for questions that differ in the layout of Python files alone; see `Request.cache_key`.
        note: What is needed to carry an answer to this layout over to another; see `Request.cache_note`.
        forms: The forms of the files whose layout does not count, by path.
        files: All files shown, by path.
        ids: The findings of the evidence, in an order that the layout does not change.
    """

    key: str
    note: str
    forms: Mapping[str, Form]
    files: Mapping[str, SourceFile]
    ids: tuple[str, ...]

    @classmethod
    def of(
        cls, chunk: Chunk, files: Mapping[str, SourceFile], evidence: Sequence[Finding], rest: str = ""
    ) -> Likeness | None:
        """The likeness of a question; None when it shows no Python file whole, so that its text must be the same.

        The layout counts in files that are cut, of which a diff names lines, or that are not Python.

        Args:
            chunk: The code shown.
            files: The material's files by path; those of the chunk are among them.
            evidence: The findings listed in the question, in the order listed.
            rest: Whatever else the question says of the code.
        """
        shown = {path: files[path] for path, _, _ in chunk.places}
        forms: dict[str, Form] = {}
        parts: list[Json] = []
        for path, first, last in chunk.places:
            file = files[path]
            lines = file.masked.removesuffix("\n").split("\n")
            whole = first == 1 and last == len(lines) and file.changed is None and not file.partial
            form = normal_form(file.masked) if whole and file.language == "python" else None
            if form is not None:
                forms[path] = form
                parts.append([path, file.language, form.digest])
            else:
                marked: list[Json] = [number for number in sorted(file.changed or ()) if first <= number <= last]
                parts.append([path, file.language, first, marked, "\n".join(lines[first - 1 : last])])
        if not forms:
            return None
        listed = sorted((_canonical(one, forms), one.start_line, one.id) for one in evidence)
        ids = tuple(identifier for _, _, identifier in listed)
        said = json.dumps([parts, [canonical for canonical, _, _ in listed], rest])
        note = json.dumps({"forms": {path: form.note() for path, form in forms.items()}, "ids": ids})
        return cls(sha256(said.encode("utf-8", "surrogatepass")).hexdigest(), note, forms, shown, ids)

    def carried(self, answer: Answer, note: str) -> Answer | None:
        """An answer to the question of that note, as one to this question; None when not all of it can be.

        Blocking: to be called in a worker thread.

        Args:
            answer: What was said.
            note: The `note` of the likeness it was said to, which has the same `key`.
        """
        if note == self.note:
            return answer
        try:
            was = json.loads(note)
            forms = {str(path): Form.of_note(form) for path, form in was["forms"].items()}
            ids = dict(zip(map(str, was["ids"]), self.ids, strict=True))
        except (ValueError, TypeError, KeyError, AttributeError):
            return None
        claims = [self._claim(claim, forms) for claim in answer.findings]
        disputed = [
            one.model_copy(update={"id": ids.get(one.id, one.id)})
            for one in answer.disputed
            if not _SAYS_LINES.search(one.reason)
        ]
        findings = [claim for claim in claims if claim is not None]
        if len(findings) < len(claims) or len(disputed) < len(answer.disputed) or _SAYS_LINES.search(answer.summary):
            return None
        if not isinstance(answer, CaseAnswer):
            return answer.model_copy(update={"findings": findings, "disputed": disputed})
        checks = [self._check(one, ids, forms) for one in answer.checked]
        checked = [one for one in checks if one is not None]
        if len(checked) < len(checks):
            return None
        return answer.model_copy(update={"findings": findings, "checked": checked})

    def _check(self, check: Check, ids: Mapping[str, str], forms: Mapping[str, Form]) -> Check | None:
        """The check with its quote from today's text; None when its place is not certain or its words name lines."""
        if _SAYS_LINES.search(check.reason):
            return None
        named = check.model_copy(update={"id": ids.get(check.id, check.id)})
        if not check.quote.strip():
            return named
        for path in self.forms:
            place = self._place(path, check.quote, forms, 0)
            if place is not None:
                lines = self.files[path].masked.split("\n")
                return named.model_copy(update={"quote": "\n".join(lines[place[0] - 1 : place[1]])})
        return None

    def _claim(self, claim: Claim, forms: Mapping[str, Form]) -> Claim | None:
        """The claim with its quote from today's text; None when its place is not certain or its words name lines."""
        path = claim.path if claim.path in self.files else _PREFIX.sub("", claim.path)
        if path not in self.files or _SAYS_LINES.search(f"{claim.title}\n{claim.explanation}\n{claim.remedy}"):
            return None
        if path not in self.forms:
            return claim  # this file's text is the same
        lines = self.files[path].masked.split("\n")
        place = self._place(path, claim.quote, forms, claim.line)
        if place is None:
            return None
        changes: dict[str, str | int] = {
            "path": path,
            "line": place[0],
            "quote": "\n".join(line.rstrip("\r") for line in lines[place[0] - 1 : place[1]]),
        }
        if claim.search.strip():
            mended = self._place(path, claim.search, forms, claim.line)
            there = "\n".join(map(str.strip, lines[mended[0] - 1 : mended[1]])) if mended else ""
            if "\n".join(map(str.strip, claim.search.strip().split("\n"))) not in there:
                # The text to replace is laid out otherwise now.  Searched for, it might be found in another place.
                changes |= {"search": "", "replace": ""}
        return claim.model_copy(update=changes)

    def _place(self, path: str, quote: str, forms: Mapping[str, Form], line: int) -> tuple[int, int] | None:
        if path not in forms:
            return None
        place = remap(quote, forms[path], self.forms[path], self.files[path].masked, line)
        return place if place and place[1] - place[0] < LONGEST else None


def _canonical(finding: Finding, forms: Mapping[str, Form]) -> str:
    """A finding of the evidence as the question tells of it, with statements in place of lines where it can be."""
    where: list[Json] = [finding.start_line, finding.end_line, finding.id]
    form = forms.get(finding.path)
    if form is not None and (statements := touched(form, finding.start_line, finding.end_line)):
        where = [list(statements)]
    return json.dumps([finding.path, where, finding.severity, finding.title, finding.category, *finding.sources])
