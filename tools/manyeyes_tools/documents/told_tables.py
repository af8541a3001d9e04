"""Tables of parameters, attributes and constants in a document."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from manyeyes_tools.documents.instead import as_called, as_written
from manyeyes_tools.documents.place import ABOUT_PARAMETERS, CODE
from manyeyes_tools.documents.told_defaults import default_agrees
from manyeyes_tools.documents.told_paragraphs import check_sentences, described
from manyeyes_tools.documents.told_types import contradicts, differs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.token import Token

    from manyeyes_tools.documents.place import Reader
    from manyeyes_tools.documents.symbols import Parameter

_COLUMNS = {
    "name": "name", "parameter": "name", "argument": "name", "param": "name", "attribute": "name", "field": "name",
    "constant": "name", "option": "name", "type": "type", "default": "default", "value": "default",
    "description": "description", "meaning": "description",
}  # fmt: skip


def check_table(tokens: Sequence[Token], place: int, reader: Reader) -> int:
    """Read a table; returns the place of its end."""
    head: list[str] = []
    row: list[str] = []
    line = 1
    while tokens[place].type != "table_close":
        token = tokens[place]
        if token.type == "tr_open":
            row, line = [], (token.map[0] if token.map else 0) + 1
        elif token.type == "inline":
            row.append(token.content)
        elif token.type == "tr_close":
            if not head:
                head = [_COLUMNS.get(cell.strip().strip("*").lower(), "") for cell in row]
            elif "name" in head:
                cells = {column: cell for column, cell in zip(head, row, strict=False) if column}
                _row(cells, line, reader, shown="default" in head)
        place += 1
    return place


def _row(cells: dict[str, str], line: int, reader: Reader, *, shown: bool) -> None:  # noqa: C901 -- one branch a column
    quoted = CODE.search(cells["name"])
    name = (quoted["code"] if quoted else cells["name"]).strip()
    symbol = reader.symbol
    if symbol is None or not re.fullmatch(r"\*{0,2}[$&]?[\w.]+", name):
        return
    plain = name.lstrip("*")
    constants = reader.label == "constants" and symbol.kind == "module"
    parameter, found = described(plain, symbol, reader, constants=constants)
    if not found:
        if quoted and (reader.generated or reader.label in ABOUT_PARAMETERS or constants):
            reader.disagree(line, f"{symbol.name}: {name}", as_called(symbol))
        return
    if constants:
        reader.seen.add((symbol.path, plain))
    if parameter is None:
        return
    typed = CODE.search(cells.get("type", ""))
    said = typed["code"] if typed else ""
    if typed and parameter.annotation:
        wrong = (
            differs(said, parameter.annotation)
            if reader.generated
            else contradicts(said, parameter.annotation, lambda one: reader.facts.class_named(one, None) is not None)
        )
        if wrong:
            reader.disagree(line, f"{name}: {said}", as_written(parameter))
    elif typed and reader.generated:
        reader.disagree(line, f"{name}: {said}", "no type in the source")
    value = CODE.search(cells.get("default", ""))
    if value and not _same_cell(value["code"], parameter, reader):
        reader.disagree(line, f"{name} = {value['code']}", as_written(parameter))
    elif not value and shown and reader.generated and parameter.default not in {None, ""}:
        reader.disagree(line, f"{name} without a default", as_written(parameter))
    check_sentences(cells.get("description", ""), line, reader, parameter)


def _same_cell(said: str, parameter: Parameter, reader: Reader) -> bool:
    written = parameter.default
    if reader.generated:
        flat = " ".join((written or "").split())
        said = said.replace("\\|", "|")
        return said == flat or (said.endswith("…") and flat.startswith(said[:-1]))
    if said.endswith("…"):
        return " ".join((written or "").split()).startswith(said[:-1])
    return default_agrees(said, parameter, reader.topic(parameter), reader.facts)
