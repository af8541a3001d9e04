"""What a file imports, from the nodes that say so."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from manyeyes_tools.syntax.outline import Import

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tree_sitter import Node

_WORD = re.compile(r"[A-Za-z_$][\w$]*")
_BRACES = re.compile(r"^(.*?)\{(.*)\}$", re.DOTALL)
_ALIAS = re.compile(r"([\w$]+)\s+as\s+([\w$]+)")
_SPACES = re.compile(r"\s+")
_LONGEST = 2_000
_MOST_STEPS = 400
_DEEPEST = 30


def text(node: Node | None, most: int = _LONGEST) -> str:
    """The source of a node, no more of it than is of use; spacing in a large one may be narrowed."""
    if node is None:
        return ""
    if node.end_byte - node.start_byte <= 2 * _LONGEST or not node.child_count:
        return (node.text or b"")[:most].decode("utf-8", "replace")
    # To copy all of what is large for the sake of its beginning, at every level, would take the square of its size.
    cursor = node.walk()
    parts: list[str] = []
    size = end = 0
    for _ in range(_MOST_STEPS):
        at = cursor.node
        if at is None or size >= most:
            break
        if at.end_byte - at.start_byte > most and at.child_count:
            if cursor.depth >= _DEEPEST:
                break
            cursor.goto_first_child()
            continue
        said = " " * (at.start_byte > end) * bool(parts) + (at.text or b"")[:most].decode("utf-8", "replace")
        parts.append(said)
        size, end = size + len(said), at.end_byte
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return "".join(parts)[:most]
    return "".join(parts)[:most]


def unquoted(said: str) -> str:
    """A string or path without its marks."""
    return said.strip().strip("\"'`<>")


def imports_of(node: Node, grammar: str) -> Iterator[Import]:
    """The imports of a node that is in the grammar's `imports`."""
    aliases = tuple((here, own) for own, here in _ALIAS.findall(text(node)))
    for one in _READERS[grammar](node):
        yield replace(one, aliases=aliases) if aliases else one


def _python(node: Node) -> Iterator[Import]:
    line = node.start_point[0] + 1
    names = node.children_by_field_name("name")
    plain = [text(one.child_by_field_name("name") or one) for one in names]
    if node.type == "import_statement":
        for name in plain:
            yield Import(name, (), line)
    elif node.type == "future_import_statement":
        yield Import("__future__", tuple(plain), line)
    else:
        wild = any(child.type == "wildcard_import" for child in node.named_children)
        yield Import(text(node.child_by_field_name("module_name")), ("*",) if wild else tuple(plain), line)


def _javascript(node: Node) -> Iterator[Import]:
    source = node.child_by_field_name("source")
    if source is None:
        return
    names: list[str] = []
    for clause in node.named_children:
        if clause.type in {"import_clause", "export_clause"}:
            for part in clause.named_children:
                if part.type in {"identifier", "namespace_import"}:
                    names.append("default" if part.type == "identifier" else "*")
                names += [
                    text(one.child_by_field_name("name"))
                    for one in (part, *part.named_children)
                    if one.type in {"import_specifier", "export_specifier"}
                ]
    yield Import(unquoted(text(source)), tuple(names), node.start_point[0] + 1)


def _go(node: Node) -> Iterator[Import]:
    module = unquoted(text(node.child_by_field_name("path")))
    name = text(node.child_by_field_name("name")) or module.rpartition("/")[2]
    yield Import(module, (name,), node.start_point[0] + 1)


def _dotted(node: Node) -> Iterator[Import]:
    """Java's and Kotlin's: the last part is what is taken."""
    said = text(node).strip().removeprefix("import").strip().removeprefix("static ").rstrip(";")
    module = _SPACES.sub("", said.split(" as ")[0])
    if module:
        yield Import(module, (module.rpartition(".")[2],), node.start_point[0] + 1)


def _rust(node: Node) -> Iterator[Import]:
    line = node.start_point[0] + 1
    if node.type == "mod_item":
        if node.child_by_field_name("body") is None:
            yield Import(f"self::{text(node.child_by_field_name('name'))}", (), line)
        return
    said = text(node.child_by_field_name("argument"))
    braces = _BRACES.match(said)
    if braces:
        parts = [part.split(" as ")[0].strip() for part in braces[2].split(",")]
        names = tuple(_WORD.findall(part)[-1] if _WORD.search(part) else part for part in parts if part)
        yield Import(_SPACES.sub("", braces[1]).removesuffix("::"), names, line)
    else:
        path = _SPACES.sub("", said.split(" as ")[0])
        yield Import(path, (path.rpartition("::")[2],), line)


def _c(node: Node) -> Iterator[Import]:
    said = text(node.child_by_field_name("path"))
    yield Import(unquoted(said), (), node.start_point[0] + 1)


def _csharp(node: Node) -> Iterator[Import]:
    said = text(node).strip().removeprefix("global ").removeprefix("using").strip().removeprefix("static ").rstrip(";")
    module = said.rpartition("=")[2].strip()
    yield Import(module, (module.rpartition(".")[2],), node.start_point[0] + 1)


def _php(node: Node) -> Iterator[Import]:
    line = node.start_point[0] + 1
    said = text(node).strip().rstrip(";")
    if node.type != "namespace_use_declaration":
        paths = re.findall(r"""["']([^"']+)["']""", said)
        if paths:
            yield Import(paths[-1], (), line)
        return
    said = re.sub(r"^use\s+(?:function\s+|const\s+)?", "", said)
    braces = _BRACES.match(said)
    if braces:
        names = tuple(part.split(" as ")[0].strip() for part in braces[2].split(",") if part.strip())
        yield Import(braces[1].strip().strip("\\"), names, line)
        return
    for part in said.split(","):
        module = part.split(" as ")[0].strip().strip("\\")
        if module:
            yield Import(module, (module.rpartition("\\")[2],), line)


_READERS: Mapping[str, Callable[[Node], Iterator[Import]]] = {
    "python": _python,
    "javascript": _javascript,
    "typescript": _javascript,
    "tsx": _javascript,
    "go": _go,
    "java": _dotted,
    "kotlin": _dotted,
    "rust": _rust,
    "c": _c,
    "cpp": _c,
    "csharp": _csharp,
    "php": _php,
    "php_only": _php,
}


def import_of_call(name: str, node: Node, grammar: str) -> Import | None:
    """The import that a call is, in languages where some are: `require` and `source`."""
    line = node.start_point[0] + 1
    scripted = grammar in {"javascript", "typescript", "tsx"} and name in {"require", "import"}
    if scripted or (grammar == "ruby" and name in {"require", "require_relative", "load", "autoload"}):
        given = node.child_by_field_name("arguments")
    elif grammar == "shell" and name in {"source", "."}:
        given = node.child_by_field_name("argument")
        # `"$(dirname "$0")/rates.sh"`: what can be known of it is the end.
        module = re.sub(r"^.*[)}]/?|^\$\w+/", "", text(given).strip("\"'")).lstrip("/")
        return Import(module, (), line) if module else None
    else:
        return None
    said = text(given).strip().removeprefix("(").removesuffix(")").strip()
    if not re.fullmatch(r"""(["'`])[^"'`]+\1""", said):
        return None  # only known when the program runs
    module = unquoted(said)
    if name == "require_relative" and not module.startswith("."):
        module = f"./{module}"
    return Import(module, (), line)
