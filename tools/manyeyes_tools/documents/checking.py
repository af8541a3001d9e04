"""Where a Markdown document says what the code does not: it is read as people read it, and each claim is looked up."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from manyeyes_tools.documents.entries import chapters
from manyeyes_tools.documents.markdown import BY_MODEL, GENERATED, NOTHING, heading, render_markdown
from manyeyes_tools.documents.overview import Overview
from manyeyes_tools.documents.place import CODE, Reader, find
from manyeyes_tools.documents.statements import SENTENCE
from manyeyes_tools.documents.told_code import check_code
from manyeyes_tools.documents.told_paragraphs import check_paragraph
from manyeyes_tools.documents.told_signatures import call_in_heading
from manyeyes_tools.documents.told_tables import check_table
from manyeyes_tools.reports.markdown import span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it.token import Token

    from manyeyes_tools.documents.disagreement import Disagreement
    from manyeyes_tools.documents.entries import Chapter
    from manyeyes_tools.documents.facts import Facts

KINDS = (
    "module", "class", "function", "method", "property", "interface", "struct", "enum", "type", "macro", "namespace",
    "table", "view", "coroutine", "exception", "attribute", "constant",
)  # fmt: skip
_KIND = re.compile(rf"^(?:{'|'.join(KINDS)})\b", re.IGNORECASE)
_NAME = re.compile(r"^[A-Za-z_$~][\w$.~:/-]*$")


def check_markdown(path: str, text: str, facts: Facts, before: Overview = NOTHING) -> list[Disagreement]:
    """Where a document disagrees with the code, in its order.

    A document that this program wrote is held against all that would be written now; of any other, only what it
    claims of this code is judged.

    Args:
        path: What the document is called.
        text: The document.
        facts: The code.
        before: What a document of this program would begin with.
    """
    from markdown_it import MarkdownIt

    generated = GENERATED in text
    if before.source and f"From {span(before.source)}." not in text:  # written without the README
        title = before.title if text.startswith(f"# {heading(before)}") else ""
        before = Overview(title=title)
    reference = chapters(facts.modules, {}) if generated else ()
    evidence = render_markdown(reference, by_model=False, before=before) if generated else ""
    if generated and text == evidence:
        return []
    reader = Reader(
        path=path,
        facts=facts,
        generated=generated,
        known=frozenset(re.findall(r"[A-Za-z_]\w*", "\n".join(_fences(text)))) if not generated else frozenset(),
        expected={
            (entry.symbol.path, entry.symbol.name): entry for c in reference for entry in (c.overview, *c.entries)
        },
        constants={(c.module.path, row.name): row for c in reference for row in c.constants},
        texts=frozenset(_paragraphs(evidence)),
        blocks=frozenset(one.strip() for one in _fences(evidence)),
        definitions=frozenset(entry.definition.strip() for c in reference for entry in c.entries),
    )
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    _read(tokens, reader)
    if generated:
        _completeness(reader, reference, text)
        if not reader.found and BY_MODEL not in text:
            _first_difference(reader, text, evidence)
    return reader.found


def _read(tokens: Sequence[Token], reader: Reader) -> None:
    place = 0
    while place < len(tokens):
        token = tokens[place]
        line = (token.map[0] if token.map else 0) + 1
        if token.type == "heading_open":
            _heading(int(token.tag[1:]), tokens[place + 1].content, line, reader)
        elif token.type in {"fence", "code_block"}:
            check_code(token, line, reader)
        elif token.type == "table_open":
            place = check_table(tokens, place, reader)
        elif token.type == "inline" and tokens[place - 1].type == "paragraph_open":
            in_list = place > 1 and tokens[place - 2].type == "list_item_open"
            check_paragraph(token.content, line, reader, in_list=in_list)
        place += 1


def _heading(level: int, text: str, line: int, reader: Reader) -> None:
    while reader.stack and reader.stack[-1][0] >= level:
        reader.stack.pop()
    reader.label = text.strip().rstrip(":").lower()
    if level <= reader.unknown:
        reader.unknown = 0
    quoted = CODE.search(text)
    name = (quoted["code"] if quoted else text).strip()
    bare = name.partition("(")[0].strip()
    symbol = None
    if _NAME.match(bare) and (quoted or "(" in name or "_" in bare):
        symbol = find(bare, reader)
        claimed = bool(_KIND.match(text.strip())) or (
            quoted is not None and name.endswith(")") and text.strip() == quoted[0]
        )
        if symbol is None and claimed and (reader.generated or _near(reader)):
            reader.disagree(line, text, f"no {bare} in the code")
            reader.unknown = level  # what is told of it has nothing to be held against
        elif symbol is not None and reader.generated:
            kind = text.strip().partition(" ")[0].lower()
            if kind in KINDS and kind != symbol.kind:
                reader.disagree(line, text, f"{symbol.name} is a {symbol.kind}")
            reader.seen.add((symbol.path, symbol.name))
    reader.stack.append((level, symbol))
    if symbol is not None and "(" in name and not reader.generated:
        call_in_heading(name, line, symbol, reader)


def _near(reader: Reader) -> bool:
    """Whether the document speaks of this code at this place."""
    return reader.symbol is not None or any(symbol is not None for _, symbol in reader.stack) or bool(reader.seen)


def _completeness(reader: Reader, reference: Sequence[Chapter], text: str) -> None:
    """What the code has and the document does not."""
    last = text.count("\n")
    for chapter in reference:
        for entry in (chapter.overview, *chapter.entries):
            key = (entry.symbol.path, entry.symbol.name)
            if key not in reader.seen:
                reader.disagree(
                    max(last, 1), f"nothing of {entry.symbol.name}", f"{entry.symbol.path}:{entry.symbol.line}"
                )
        for row in chapter.constants:
            if (chapter.module.path, row.name) not in reader.seen:
                reader.disagree(
                    max(last, 1), f"nothing of {row.name}", f"{chapter.module.path}: {row.name} = {row.value}"
                )


def _first_difference(reader: Reader, text: str, expected: str) -> None:
    ours, theirs = text.split("\n"), expected.split("\n")
    place = next(
        (n for n, (one, other) in enumerate(zip(ours, theirs, strict=False)) if one != other),
        min(len(ours), len(theirs)),
    )
    reader.disagree(
        place + 1,
        ours[place] if place < len(ours) else "the document ends here",
        theirs[place] if place < len(theirs) else "nothing more",
    )


def _paragraphs(text: str) -> Iterator[str]:
    """Every text of a document and each of its sentences, so that what the source says is not judged again."""
    for line in text.split("\n"):
        for cell in line.strip().strip("|").split(" | ") if line.startswith("|") else [line]:
            bare = re.sub(
                r"^(?:\s*- (?:\[`[^`]*`\]\([^)]*\): |`[^`]*`: )?|\*\*\w+\*\* (?:`[^`]*`: )?)", "", cell.strip()
            )
            flat = " ".join(bare.split())
            yield flat
            yield from SENTENCE.split(flat)
    for block in text.split("\n\n"):
        flat = " ".join(block.split())
        yield flat
        yield from SENTENCE.split(flat)


def _fences(text: str) -> Iterator[str]:
    from markdown_it import MarkdownIt

    yield from (
        token.content for token in MarkdownIt("commonmark").parse(text) if token.type in {"fence", "code_block"}
    )
