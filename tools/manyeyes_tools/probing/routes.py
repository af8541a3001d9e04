"""Inputs from code: its routes, read and never run, each with the place of its handler."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from manyeyes_tools.documents.api.describing import read
from manyeyes_tools.documents.foreign import Unreadable, read_foreign
from manyeyes_tools.documents.openapi import describe
from manyeyes_tools.documents.python_symbols import read_module
from manyeyes_tools.probing.entries import CodePlace, Entry
from manyeyes_tools.probing.openapi import entries_of

if TYPE_CHECKING:
    from manyeyes_tools.documents.symbols import Module
    from manyeyes_tools.material import Material

_DESCRIPTIONS = frozenset({"json", "yaml"})
_SCRIPTS = frozenset({"javascript", "typescript"})


@dataclass(frozen=True, slots=True)
class Routes:
    """What code and descriptions among the files tell of inputs, and what could not be read.

    `document` is an OpenAPI document: the first among the files, else one made from the code; empty for none.
    """

    entries: tuple[Entry, ...]
    problems: tuple[str, ...] = ()
    document: str = ""


def routes_of(material: Material) -> Routes:
    """The entries that the material tells of.  Blocking: to be called in a worker thread."""
    described: list[Entry] = []
    written = ""
    for file in material.files:
        if file.language in _DESCRIPTIONS and (found := entries_of(file.masked)):
            described += found
            written = written or file.masked
    modules: list[Module] = []
    problems: list[str] = []
    for file in material.files:
        if file.language != "python" and file.language not in _SCRIPTS:
            continue
        try:
            if file.language == "python":
                modules.append(read_module(file.path, file.masked))
            else:
                modules.append(read_foreign(file.path, file.masked, file.language)[0])
        except (SyntaxError, ValueError, RecursionError, MemoryError, Unreadable):
            problems.append(f"{file.path}: its routes were not read, since it could not be parsed.")
    if not modules:
        return Routes(tuple(described), tuple(problems), written)
    try:
        places = {
            (endpoint.method.upper(), endpoint.path): CodePlace(
                endpoint.module.path,
                endpoint.line,
                max(endpoint.line, getattr(endpoint.handler, "end_lineno", None) or endpoint.line),
            )
            for endpoint, _ in read(modules).operations
        }
        document = describe(modules, {}).document if places else ""
    except RecursionError:
        deep = "The code refers to itself too deeply for its routes to be read."
        return Routes(tuple(described), (*problems, deep), written)
    routes = [replace(one, found="code", where=places.get((one.method, one.path))) for one in entries_of(document)]
    return Routes((*routes, *described), tuple(problems), written or document)
