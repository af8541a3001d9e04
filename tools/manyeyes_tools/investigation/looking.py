"""The tools by which a model looks around: list, read, search, symbols, callers, evidence.  None of them writes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio.to_thread

from manyeyes.types import ToolOutput, ToolSpec
from manyeyes_tools.chunks import delimited
from manyeyes_tools.investigation.library import NotThere, numbered, word_lines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from manyeyes.types import Json, ToolCall
    from manyeyes_tools.findings import Finding
    from manyeyes_tools.investigation.library import Library
    from manyeyes_tools.syntax.project_map import Use

LINES = 250
"""Lines that one `read` gives at most."""
CHARS = 14_000
"""Characters that any tool gives at most."""
HITS = 40
"""Lines that a search gives at most."""
ENTRIES = 300
"""Names that `list` gives at most."""
_LONG_LINE = 240
_SHORTEST = 2
_DEFINES = re.compile(
    r"^\s*(?:(?:export|default|public|private|protected|internal|static|abstract|final|async|pub(?:\([^)]*\))?|unsafe"
    r"|override|open|suspend|inline|virtual|extern)\s+)*"
    r"(?:def|class|function|func|fn|interface|trait|struct|enum|impl|module|type|object|record|CREATE\s+\w+)\b",
)


def _schema(required: Sequence[str] = (), **properties: str) -> dict[str, Json]:
    kinds = {"start": "integer", "end": "integer"}
    return {
        "type": "object",
        "properties": {
            name: {"type": kinds.get(name, "string"), "description": said} for name, said in properties.items()
        },
        "required": list(required),
        "additionalProperties": False,
    }


SPECS = (
    ToolSpec(
        name="list",
        description="The files below a folder, one a line.",
        parameters=_schema(folder="Relative to the project; empty for all of it."),
    ),
    ToolSpec(
        name="read",
        description=f"Numbered lines of a file, at most {LINES} at a time.",
        parameters=_schema(("path",), path="As `list` names it.", start="First line, from 1.", end="Last line."),
    ),
    ToolSpec(
        name="search",
        description=f"Lines that hold a plain text, whatever its case; at most {HITS}.",
        parameters=_schema(("text",), text="Plain text, no expression.", folder="Only below this folder."),
    ),
    ToolSpec(
        name="symbols",
        description="What a file defines: functions, classes, types, with their lines.",
        parameters=_schema(("path",), path="As `list` names it."),
    ),
    ToolSpec(
        name="callers",
        description="Where a function, method or class is used, definitions left out.",
        parameters=_schema(("name",), name="Its bare name."),
    ),
    ToolSpec(
        name="evidence",
        description="What deterministic tools reported, with ids.",
        parameters=_schema(path="Only for this file; empty for all."),
    ),
)


@dataclass(frozen=True, slots=True)
class Looks:
    """The tools on one library.

    Attributes:
        library: What may be read.
        evidence: What engines reported.
    """

    library: Library
    evidence: Sequence[Finding] = ()

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """The tools as they are offered; always the same, so that vendors can keep them."""
        return SPECS

    async def run(self, call: ToolCall) -> ToolOutput:
        """Run one call.  What cannot be done comes back as a failed output."""
        try:
            text = await anyio.to_thread.run_sync(self._run, call.name, call.arguments, abandon_on_cancel=True)
        except NotThere as error:
            return ToolOutput(call.id, call.name, str(error), failed=True)
        return ToolOutput(call.id, call.name, delimited(_bounded(text)))

    def _run(self, name: str, arguments: Mapping[str, Json]) -> str:
        path = str(arguments.get("path") or "").strip()
        folder = str(arguments.get("folder") or "").strip().strip("/").removeprefix("./")
        match name:
            case "list":
                return self._list("" if folder == "." else folder)
            case "read":
                return self._lines(path, arguments.get("start"), arguments.get("end"))
            case "search":
                return self._search(str(arguments.get("text") or ""), "" if folder == "." else folder)
            case "symbols":
                return self._symbols(path)
            case "callers":
                return self._callers(str(arguments.get("name") or "").strip())
            case "evidence":
                return self._evidence(path)
        raise NotThere(f"There is no tool {name!r}.")

    def _list(self, folder: str) -> str:
        names = [name for name in self.library.listing() if not folder or name.startswith(f"{folder}/")]
        if not names:
            raise NotThere(f"There is nothing below `{folder[:200]}`.")
        if len(names) <= ENTRIES:
            return "\n".join(names)
        # Too many to name: the folders on this level, with what they hold, and the files on it.
        at = len(folder) + 1 if folder else 0
        counts: dict[str, int] = {}
        for name in names:
            head, slash, _ = name[at:].partition("/")
            counts[head + slash] = counts.get(head + slash, 0) + 1
        lines = [
            f"{folder}/{head}".lstrip("/") + (f" ({n} files)" if head[-1:] == "/" else "") for head, n in counts.items()
        ]
        return "\n".join([f"{len(names)} files. On this level:", *lines[:ENTRIES]])

    def _lines(self, path: str, start: Json, end: Json) -> str:
        file = self.library.file(path)
        total = file.masked.removesuffix("\n").count("\n") + 1
        first = max(1, start) if isinstance(start, int) else 1
        last = min(end, total) if isinstance(end, int) else total
        if first > total:
            raise NotThere(f"`{file.path}` has {total} lines.")
        shown = min(max(first, last), first + LINES - 1)
        head = f"File: {file.path} ({file.language}), lines {first} to {shown} of {total}"
        return f"{head}\n{numbered(file, first, shown)}"

    def _search(self, text: str, folder: str) -> str:
        if len(text.strip()) < _SHORTEST:
            raise NotThere("Search for at least two characters.")
        found, more = self.library.search(text.strip(), folder, HITS)
        if not found:
            return "Not found." + (" Not all files could be searched." if more else "")
        lines = [f"{one.path}:{one.line}: {one.text.strip()[:_LONG_LINE]}" for one in found]
        return "\n".join([*lines, *(["There may be more."] if more else [])])

    def _symbols(self, path: str) -> str:
        from manyeyes_tools.syntax.remembered import outlines  # the grammars' library is slow to load

        file = self.library.file(path)
        lines = file.masked.split("\n")
        outline = outlines.of(file.text, file.language)
        listed = [
            f"{one.start_line:>5}-{one.end_line} {one.kind} {one.qualified} | {lines[one.line - 1].strip()}"
            for one in outline.definitions
            if one.line <= len(lines)
        ]
        if not listed:
            listed = [
                f"{number:>5} | {line[:_LONG_LINE]}" for number, line in enumerate(lines, 1) if _DEFINES.match(line)
            ]
        return "\n".join(
            [f"File: {file.path} ({file.language})", *(listed or ["Nothing is defined that is known of."])]
        )

    def _callers(self, name: str) -> str:
        if len(name) < _SHORTEST:
            raise NotThere("Give the bare name of a function, method or class.")
        bare = name.rpartition("::")[2].rpartition(".")[2]
        uses = self.library.project().callers(bare)
        lines = list(dict.fromkeys(filter(None, (self._use(use) for use in uses[: HITS * 2]))))[:HITS]
        more = len(uses) > len(lines)
        if not lines:  # a language without a grammar, or a map that is not whole
            found, more = self.library.search(bare, "", HITS * 5)
            used = [one for one in word_lines(found, bare) if not _DEFINES.match(one.text)][:HITS]
            lines = [f"{one.path}:{one.line}: {one.text.strip()[:_LONG_LINE]}" for one in used]
        if not lines:
            return "No use was found." + (" Not all files could be searched." if more else "")
        return "\n".join([*lines, *(["There may be more."] if more else [])])

    def _use(self, use: Use) -> str:
        """A use as one masked line; empty when it cannot be read, or is no longer there."""
        try:
            lines = self.library.file(use.path).masked.split("\n")
        except NotThere:
            return ""
        row = use.reference.line
        if row > len(lines) or use.reference.name not in lines[row - 1]:
            return ""
        within = f" (in {use.reference.within})" if use.reference.within else ""
        return f"{use.path}:{row}{within}: {lines[row - 1].strip()[:_LONG_LINE]}"

    def _evidence(self, path: str) -> str:
        told = [one for one in self.evidence if not path or one.path == path][:100]
        lines = [
            f"{one.id} {one.path}:{one.start_line} {one.severity} {one_line(one.title)} ({', '.join(one.sources)})"
            for one in told
        ]
        return "\n".join(lines) or "Nothing was reported."


def _bounded(text: str) -> str:
    if len(text) <= CHARS:
        return text
    return f"{text[:CHARS].rpartition(chr(10))[0]}\n[cut here: {len(text):,} characters in all; ask for a part]"


def one_line(text: str) -> str:
    """The text on one line."""
    return " ".join(text.split())
