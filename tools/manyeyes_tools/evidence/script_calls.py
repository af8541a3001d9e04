"""Dangerous calls and settings in JavaScript, TypeScript and Go, by the shape of their syntax trees.

Values are not followed here: what comes from a request is told by its look, within one function.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from manyeyes.cores import compute
from manyeyes_tools.evidence.rules import Engine, Hit, Looked, Purpose
from manyeyes_tools.evidence.script_crypto import crypto
from manyeyes_tools.evidence.script_dangers import DANGERS, of_call
from manyeyes_tools.evidence.script_markup import markup
from manyeyes_tools.evidence.script_settings import cors, settings
from manyeyes_tools.evidence.script_text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tree_sitter import Node

    from manyeyes_tools.material import Material, SourceFile

_SURE_ENOUGH = 0.6
"""A review reports faults from here on."""
LANGUAGES = frozenset({"javascript", "typescript", "go"})
SECONDS = 20.0
"""What is not looked at by then is left out, and the files are named."""
SHAPES: tuple[Callable[[Text, Node], Iterator[Hit]], ...] = (settings, cors, markup, crypto)
"""Checks of single nodes."""


async def _look(material: Material, purpose: Purpose) -> Looked:
    files = [file for file in material.files if file.language in LANGUAGES and not file.partial]
    parts = [file.path for file in material.files if file.language in LANGUAGES and file.partial]
    hits, problems = await compute(_search, files)
    if purpose == "review":
        hits = [
            hit
            for hit in hits
            if (hit.confidence if hit.confidence is not None else hit.rule.confidence) >= _SURE_ENOUGH
        ]  # as surely as the Python tree
    notes = (f"script calls: parts of files are not looked at: {', '.join(parts[:3])}.",) if parts else ()
    return Looked(hits=tuple(hits), rules=len(DANGERS) + len(SHAPES), problems=tuple(problems), notes=notes)


def _search(files: list[SourceFile]) -> tuple[list[Hit], list[str]]:
    from manyeyes_tools.syntax.parsing import NotParsed, syntax_tree

    hits: list[Hit] = []
    problems: list[str] = []
    until = time.monotonic() + SECONDS
    late: list[str] = []
    for file in files:
        if time.monotonic() > until:
            late.append(file.path)
            continue
        try:
            parsed = syntax_tree(file.text, file.language)
        except NotParsed as error:
            problems.append(f"script calls: {file.path} was not looked at: {error}.")
            continue
        found: dict[tuple[str, int], Hit] = {}
        for hit in _of_file(file, parsed.tree.root_node, parsed.source, until):
            found.setdefault((hit.rule.id, hit.start_line), hit)
        hits.extend(found.values())
        if time.monotonic() > until:
            late.append(file.path)
    if late:
        problems.append(f"script calls: there was no time for all of {len(late)} files, among them {late[0]}.")
    return hits, problems


def _of_file(file: SourceFile, root: Node, source: bytes, until: float) -> Iterator[Hit]:
    text = Text(file, source, file.language == "go")
    test = bool(re.search(r"(?:^|/)(?:tests?|__tests__|spec)/|[._](?:test|spec)\.", file.path))
    for node in text.walked(root):
        if time.monotonic() > until:
            return
        if node.type in {"call_expression", "new_expression"}:
            yield from of_call(text, node)
        if not test:
            for shape in SHAPES:
                yield from shape(text, node)


ENGINE: Engine = Engine(name="script calls", prefix="manyeyes", languages=LANGUAGES, look=_look)
