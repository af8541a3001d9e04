"""What a file in a language other than Python defines, by its grammar."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from manyeyes_tools.documents import heads
from manyeyes_tools.documents.comments import plain
from manyeyes_tools.documents.symbols import Module, Symbol, in_order
from manyeyes_tools.syntax.grammars import LANGUAGES
from manyeyes_tools.syntax.parsing import NotParsed, syntax_tree
from manyeyes_tools.syntax.symbols import outline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from manyeyes_tools.documents.symbols import SymbolKind
    from manyeyes_tools.syntax.outline import Definition

READABLE = frozenset(LANGUAGES) | {"python"}
"""The languages that can be documented."""

_KINDS: dict[str, SymbolKind] = {
    "module": "namespace", "table": "table", "view": "view", "trigger": "table", "index": "constant",
}  # fmt: skip
_HIDDEN = re.compile(r"(?<![\w.])(?:private|protected|internal|fileprivate)\b")
_EXPORT = re.compile(r"^\s*(?:export\b|declare\b)", re.MULTILINE)
_EXPORTED_LATER = re.compile(
    r"^\s*export\s*(?:type\s*)?\{([^}]*)\}(?!\s*from)|^\s*export\s+default\s+(\w+)\s*;?\s*$", re.MULTILINE
)
_RUST_PUBLIC = re.compile(r"\s*pub\b(?!\s*\()")
_DIRECTIVE = re.compile(r"^\s*(?:@ts-|eslint|prettier|istanbul|c8 |v8 |TODO|FIXME|noqa|#region)")
_TYPES = frozenset({"class", "interface", "struct", "enum", "type", "table"})
_ANNOTATED = re.compile(r"^[^=(]*?\b[\w$]+\s*:\s*([^=]+?)\s*(?:=(?!>)|$)")


class Unreadable(Exception):  # named after what happened
    """A file cannot be read by its grammar, and why."""


def read_foreign(path: str, text: str, language: str) -> tuple[Module, str]:
    """What a file defines, and why something may be missing of it; empty when all was read.

    Raises:
        Unreadable: it has no grammar, or is too large or too deep.
    """
    try:
        parsed = syntax_tree(text, language)
    except NotParsed as error:
        raise Unreadable(str(error)) from None
    told = outline(text, language)
    lines = tuple(text.splitlines())
    nodes = heads.definitions(parsed)
    late = {
        name.split(" as ")[0].strip().removeprefix("type ")
        for found in _EXPORTED_LATER.findall(text)
        for name in (found[0].split(",") if found[0] else [found[1]])
    }
    exports = bool(_EXPORT.search(text)) if language in {"typescript", "javascript"} else False
    found: dict[str, Symbol] = {}
    public: dict[str, bool] = {}
    kinds: dict[str, str] = {}
    for one in told.definitions:
        holder = one.qualified.rpartition(".")[0]
        if kinds.get(holder) in {"function", "method"}:
            kinds[one.qualified] = "function"  # what is inside a function is nobody else's
            continue
        kinds.setdefault(one.qualified, one.kind)
        seen = public.get(holder, True) and _is_public(
            one, lines, language, holder=kinds.get(holder, ""), exports=exports, late=late
        )
        node = nodes.get((one.line, one.name))
        symbol = _symbol(one, node, path, lines, parsed.grammar, public=seen)
        if one.qualified in found:
            if one.qualified in public:
                found[one.qualified] = _joined(found[one.qualified], symbol)
                public[one.qualified] |= seen
            continue
        found[one.qualified], public[one.qualified] = symbol, seen
        if node is not None and one.kind in _TYPES:
            for attribute in _attributes(node, symbol, language, seen=seen):
                found.setdefault(attribute.name, attribute)
    itself = Symbol(
        path=path,
        name=path,
        kind="module",
        line=1,
        end_line=max(len(lines), 1),
        public=True,
        docstring=_opening(lines, told.definitions),
    )
    incomplete = told.incomplete or ("" if told.sound else "a part of it does not parse")
    module = Module(
        itself=itself,
        symbols=in_order(found.values()),
        tree=ast.Module(body=[], type_ignores=[]),
        lines=lines,
        language=language,
    )
    return module, incomplete


def _symbol(
    one: Definition, node: Node | None, path: str, lines: tuple[str, ...], grammar: str, *, public: bool
) -> Symbol:
    kind: SymbolKind = _KINDS.get(one.kind) or one.kind  # type: ignore[assignment]  # the rest have the same names
    head = one.signature
    values = one.kind == "constant"
    return Symbol(
        path=path,
        name=one.qualified,
        kind=kind,
        line=one.line,
        end_line=one.end_line,
        public=public,
        docstring=_comment(one, lines) or one.doc,
        signature=head,
        parameters=heads.parameters(node, grammar) if node is not None else (),
        returns=heads.returns(node, grammar, head) if node is not None and not values else "",
        annotation=said[1] if values and (said := _ANNOTATED.match(head)) else "",
        value=head.partition("=")[2].strip(" ;") if values else "",
        raises=heads.thrown(node, head) if node is not None and one.kind in {"function", "method"} else (),
    )


def _joined(first: Symbol, other: Symbol) -> Symbol:
    """An overload, or a second part: told with the first."""
    same = other.signature in first.signature.split("\n")
    return replace(
        first,
        signature=first.signature if same else f"{first.signature}\n{other.signature}",
        docstring=first.docstring or other.docstring,
        end_line=max(first.end_line, other.end_line),
        public=first.public or other.public,
        parameters=None if not same and first.parameters != other.parameters else first.parameters,
    )


def _attributes(node: Node, owner: Symbol, language: str, *, seen: bool) -> Iterator[Symbol]:
    for name, typed, value, line, said in heads.fields(node):
        if (
            (language == "go" and not name[:1].isupper())
            or (language == "cpp" and name.endswith("_"))
            or (language == "rust" and owner.kind == "struct" and not said.lstrip().startswith("pub"))
        ):
            continue
        yield Symbol(
            path=owner.path,
            name=f"{owner.name}.{name}",
            kind="attribute",
            line=line,
            end_line=line,
            public=seen,
            annotation=typed,
            value=value,
        )


def _is_public(  # noqa: PLR0911 -- one rule for each language
    one: Definition, lines: tuple[str, ...], language: str, *, holder: str, exports: bool, late: set[str]
) -> bool:
    name, head = one.name, one.signature
    words = head.partition("(")[0]
    if language in {"typescript", "javascript"} and not holder and exports:  # what is exported is meant to be used
        start = lines[one.start_line - 1].lstrip() if one.start_line <= len(lines) else ""
        return start.startswith(("export", "declare")) or words.startswith(("export", "declare")) or name in late
    if name.startswith(("_", "#")) or _HIDDEN.search(words):
        return False
    if language == "go":
        return name[:1].isupper()
    if language == "rust":
        return holder in {"interface", "enum"} or "macro" in one.kind or bool(_RUST_PUBLIC.match(head))
    if language == "java":
        return holder == "interface" or "public" in words.split() or one.kind not in {"method", "constant"}
    if language == "c":
        return "static" not in words.split()
    return True


def _comment(one: Definition, lines: tuple[str, ...]) -> str:
    """The comment above a definition, whole; directives to tools are no documentation."""
    raw = lines[one.doc_line - 1 : one.start_line - 1]
    last = next((place for place in range(len(raw) - 1, -1, -1) if raw[place].lstrip().startswith("/**")), None)
    if last is not None:  # a licence or a heading may stand above
        raw = raw[last:]
    said = plain(list(raw))
    return "" if _DIRECTIVE.match(said) else said


def _opening(lines: tuple[str, ...], definitions: tuple[Definition, ...]) -> str:
    """The comment that a file begins with, when it belongs to no definition and is no licence."""
    first = min((one.doc_line for one in definitions), default=len(lines) + 1)
    block: list[str] = []
    inside = False
    for line in lines[: first - 1]:
        bare = line.strip()
        if inside or (bare.startswith("/*") and "*/" not in bare):
            block.append(line)
            inside = "*/" not in bare
            continue
        if (bare.startswith("#!") and not bare.startswith("#![doc")) or (not bare and not block):
            continue
        if bare.startswith(("//", "/*", "*", "#", "--")) and not bare.startswith("#include"):
            block.append(line)
            continue
        break
    said = plain(block)
    lowered = said[:400].lower()
    return "" if "license" in lowered or "copyright" in lowered or _DIRECTIVE.match(said) else said
