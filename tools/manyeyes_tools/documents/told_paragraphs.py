"""Paragraphs and list items of a document: what each sentence claims is looked up."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from manyeyes_tools.documents.instead import as_called, as_raised, as_written
from manyeyes_tools.documents.place import ABOUT_PARAMETERS, find
from manyeyes_tools.documents.statements import SENTENCE, faults
from manyeyes_tools.documents.symbols import Parameter
from manyeyes_tools.documents.told_defaults import default_agrees
from manyeyes_tools.documents.told_exceptions import exception_agrees
from manyeyes_tools.documents.told_types import contradicts, differs

if TYPE_CHECKING:
    from manyeyes_tools.documents.place import Reader
    from manyeyes_tools.documents.symbols import Symbol

_TARGET = re.compile(r"\](?:\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*(?:\s+\"[^\"]*\")?\)|\[[^\]]*\])")
_ADDRESS = re.compile(
    r"<?\b(?:https?|ftp|mailto):[^\s<>`]+>?"
    r"|(?<![`\w])[\w./~-]*[\w-]\.(?:md|rst|html?|toml|txt|ya?ml|json|cfg|ini|lock|sh|png|svg|jpe?g|gif)\b(?!`)"
)
"""What leads elsewhere: addresses and files, whose parts are no names of the code."""
_LABEL = re.compile(r"^\*\*([\w ]+?):?\*\*:?\s*(.*)$", re.DOTALL)
_SOURCE = re.compile(r"^Source: `(.+?)(?::(\d+))?`$")
_ITEM = re.compile(
    r"^`\*{0,2}(?P<name>[\w$.]+)`\s*(?:\((?P<in>[^)]*)\))?\s*(?::|-|\u2013|\u2014)?\s*(?P<text>.*)$", re.DOTALL
)
_IN_BRACKETS = re.compile(r"default[s:= ]+(?:to )?`?([^`)]+)`?")
_CONTENTS = re.compile(r"^\[`([^`]+)`\]\(#([^)]*)\)(?::\s*(.*))?$", re.DOTALL)
TYPES = frozenset({"class", "interface", "struct", "enum", "table", "type"})
_PAST = re.compile(
    r"\b(?:version(?:changed|added)|deprecated|previously|no longer|removed|renamed|formerly)\b", re.IGNORECASE
)


def described(  # noqa: PLR0911 -- the first place that knows the name answers
    name: str, symbol: Symbol, reader: Reader, *, constants: bool
) -> tuple[Parameter | None, bool]:
    """What a row is about, and whether there is such a thing."""
    home = reader.facts.homes[symbol.path]
    if constants:
        one = home.named(name)
        return (
            (Parameter(name=name, annotation=one.annotation, default=one.value or None), True) if one else (None, False)
        )
    found = reader.facts.named(symbol, name)
    if reader.label not in {"attributes", "fields"} and found is not None:
        return found, True
    member = home.named(f"{symbol.name}.{name}")
    if member is not None and symbol.kind in TYPES:
        if member.kind == "attribute":
            return Parameter(name=name, annotation=member.annotation, default=member.value or None), True
        return None, True
    if found is not None:
        return found, True
    entry = reader.entry
    if entry is not None and any(row.name.lstrip("*") == name for row in (*entry.parameters, *entry.attributes)):
        return None, True
    return None, not reader.generated and reader.facts.parameters(symbol) is None


def check_paragraph(  # noqa: C901, PLR0912 -- one branch for each form that a statement may have
    text: str, line: int, reader: Reader, *, in_list: bool
) -> None:
    """Hold a paragraph or a list item against the symbol that it stands under."""
    text = text.strip()
    if not in_list and (label := _LABEL.match(text)):
        reader.label = label[1].lower()
        if reader.label in {"returns", "yields"}:
            _result(label[2], line, reader)
        elif label[2]:
            check_sentences(label[2], line, reader)
        return
    if reader.generated and (source := _SOURCE.match(text)):
        _source(source, line, reader)
        return
    if in_list and (contents := _CONTENTS.match(text)):
        if reader.generated and find(contents[1], reader) is None:
            reader.disagree(line, contents[1], "no such symbol in the code")
        check_sentences(contents[3] or "", line, reader)
        return
    item = _ITEM.match(text) if in_list else None
    if item and reader.label in {"raises", "throws", "exceptions"}:
        entry = reader.entry
        named = {row.name for row in entry.raises} if entry is not None else None
        if (named is not None and item["name"] not in named) or not exception_agrees(
            item["name"], reader.topic(), reader.facts
        ):
            reader.disagree(line, f"raises {item['name']}", as_raised(reader.symbol))
        check_sentences(item["text"], line, reader)
    elif item and reader.label in ABOUT_PARAMETERS and reader.symbol is not None:
        parameter, found = described(item["name"], reader.symbol, reader, constants=False)
        if not found:
            reader.disagree(line, f"{reader.symbol.name}: {item['name']}", as_called(reader.symbol))
            return
        typed = (item["in"] or "").split(", default")[0].removesuffix(", optional").strip("` ")
        if (
            parameter is not None
            and typed
            and parameter.annotation
            and contradicts(typed, parameter.annotation, lambda one: reader.facts.class_named(one, None) is not None)
        ):
            reader.disagree(line, f"{item['name']}: {typed}", as_written(parameter))
        given = _IN_BRACKETS.search(item["in"] or "")
        if (
            parameter is not None
            and given
            and not default_agrees(given[1], parameter, reader.topic(parameter), reader.facts)
        ):
            reader.disagree(line, f"{item['name']} = {given[1]}", as_written(parameter))
        check_sentences(item["text"], line, reader, parameter)
    else:
        check_sentences(text, line, reader)


def _result(text: str, line: int, reader: Reader) -> None:
    symbol = reader.symbol
    if symbol is None:
        return
    typed = re.match(r"^`([^`]+)`(?::\s*(.*))?$", text.strip(), re.DOTALL)
    if typed is None:
        check_sentences(text, line, reader)
        return
    wrong = (
        differs(typed[1], symbol.returns)
        if reader.generated
        else bool(symbol.returns)
        and contradicts(typed[1], symbol.returns, lambda one: reader.facts.class_named(one, None) is not None)
    )
    if wrong:
        reader.disagree(line, f"{symbol.name} returns {typed[1]}", symbol.returns or "no type in the source")
    check_sentences(typed[2] or "", line, reader)


def _source(source: re.Match[str], line: int, reader: Reader) -> None:
    symbol = reader.symbol
    if symbol is None:
        return
    said = int(source[2]) if source[2] else None
    if source[1] != symbol.path or (said is not None and symbol.kind != "module" and said != symbol.line):
        reader.disagree(line, f"{symbol.name} is in {source[1]}:{said}", f"{symbol.path}:{symbol.line}")


def check_sentences(text: str, line: int, reader: Reader, parameter: Parameter | None = None) -> None:
    """Hold each sentence of a text against the code."""
    flat = " ".join(text.split())
    if not flat or flat in reader.texts:
        return
    if not reader.generated:
        flat = _ADDRESS.sub(" ", _TARGET.sub("]", flat))
    for sentence in SENTENCE.split(flat):
        if sentence in reader.texts or (not reader.generated and _PAST.search(sentence)):
            continue
        reader.checked += 1
        wrong = faults(sentence.replace("\\|", "|").replace("&lt;", "<"), reader.topic(parameter), reader.facts)
        if wrong:
            fault = next((one for one in wrong if one.instead), wrong[0])
            near = "" if fault.instead else reader.facts.nearest(fault.said)
            instead = fault.instead or f"no such {fault.what} in the code" + (f"; it has {near}" if near else "")
            reader.disagree(line, sentence, f"{fault.said}: {instead}")
