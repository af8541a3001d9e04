"""The names in nodes that define, call or use something: each grammar has its own way to hold them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from manyeyes_tools.syntax.imports import text

if TYPE_CHECKING:
    from tree_sitter import Node

    from manyeyes_tools.syntax.rules import Rules

_LOUD = re.compile(r"[A-Z][A-Z0-9_]*")
_SCRIPT = frozenset({"javascript", "typescript", "tsx"})
_FUNCTION_VALUES = frozenset({"arrow_function", "function_expression", "generator_function", "function"})
_LAST_WORD = re.compile(r"[A-Za-z_$~#@][\w$]*[?!]?$")
_DOTTED = re.compile(r"[A-Za-z_$][\w$]*(?:(?:\.|::|\\)[A-Za-z_$][\w$]*)*")
_QUOTED = re.compile(r""""[^"]*"|'[^']*'""")
_WORDS = re.compile(r"[A-Za-z_$][\w$]*")
_NAMES = frozenset({"identifier", "simple_identifier", "type_identifier", "name", "constant", "property_identifier"})
_ALWAYS_OWN = frozenset({"decorated_definition", "export_statement", "template_declaration"})
_DEEPEST = 20
_LONGEST_RECEIVER = 80
_LONGEST_NAME = 200
_PLAIN_TYPES = frozenset(
    """int str float bool bytes list dict set tuple None Any object self cls void string number boolean unknown never
    byte short long double char decimal var dynamic mixed array callable iterable Self usize error size_t extends
    implements use""".split()  # noqa: SIM905 -- a list of words reads best as words
)


def definition_name(node: Node, grammar: str) -> tuple[str, str]:
    """A definition's own name, and the type that it is written to belong to, such as Go's receiver."""
    if grammar == "go" and node.type == "method_declaration":
        said = text(node.child_by_field_name("receiver")).strip("()").partition("[")[0]
        words = _WORDS.findall(said)
        return text(node.child_by_field_name("name")), words[-1] if words else ""
    if grammar in {"c", "cpp"}:
        return _declared(node)
    if grammar == "sql":
        reference = next((one for one in node.named_children if one.type in {"object_reference", "identifier"}), None)
        return text(_last_part(reference)).strip('"`'), ""
    name = node.child_by_field_name("name") or node.child_by_field_name("property")
    if name is None and grammar == "rust":
        name = next((one for one in node.named_children if one.type in _NAMES), None)
    if name is None and node.type == "companion_object":
        return "Companion", ""
    if name is None and grammar == "kotlin":
        name = next((one for one in node.named_children if one.type in _NAMES), None)
    said = text(name, _LONGEST_NAME)
    if grammar in {"ruby", "csharp"}:
        said = said.replace("::", ".")
        return said.rpartition(".")[2], said.rpartition(".")[0]
    return said.strip("\"'"), ""


def _declared(node: Node) -> tuple[str, str]:
    """The name inside C's declarators."""
    at: Node | None = node.child_by_field_name("name") or node.child_by_field_name("declarator")
    for _ in range(_DEEPEST):
        if at is None:
            return "", ""
        inner = at.child_by_field_name("declarator")
        if inner is None and at.type in {"reference_declarator", "parenthesized_declarator", "attributed_declarator"}:
            inner = at.named_child(0) if at.named_child_count else None
        if inner is None:
            break
        at = inner
    if at is not None and at.type == "template_type":
        at = at.child_by_field_name("name")
    parts = [part.strip() for part in re.sub(r"<[^<>]*>", "", text(at, _LONGEST_NAME)).split("::")]
    return parts[-1], ".".join(parts[:-1])


def _last_part(node: Node | None) -> Node | None:
    named = node.child_by_field_name("name") if node is not None else None
    return named or node


def kind_of(node: Node, rules: Rules, grammar: str, *, in_type: bool) -> str:  # noqa: PLR0911 -- a table of exceptions
    """The kind of definition that a node is here; empty when it is none."""
    kind = rules.definitions.get(node.type, "")
    if node.type in {"variable_declarator", "field_definition", "public_field_definition"} and grammar in _SCRIPT:
        value = node.child_by_field_name("value")
        if value is None or value.type not in _FUNCTION_VALUES:
            return ""
    elif grammar in {"c", "cpp"}:
        if node.type in {"struct_specifier", "union_specifier", "enum_specifier", "class_specifier"}:
            return kind if node.child_by_field_name("body") is not None else ""
    elif grammar == "go" and node.type == "type_spec":
        held = node.child_by_field_name("type")
        return {"struct_type": "struct", "interface_type": "interface"}.get(held.type if held else "", "type")
    elif grammar == "kotlin" and node.type == "class_declaration":
        words = text(node, 300).partition("{")[0].split()
        if "interface" in words:
            return "interface"
        return "enum" if "enum" in words else kind
    elif node.type == "mod_item":
        return kind if node.child_by_field_name("body") is not None else ""
    elif node.type == "function_expression" and node.child_by_field_name("name") is None:
        return ""
    return "method" if kind == "function" and in_type else kind


def constant_names(node: Node, grammar: str, *, top: bool) -> list[str]:  # noqa: PLR0911 -- one for each grammar
    """The constants that a node outside of functions defines; `top` when nothing with a name is around it."""
    if grammar in {"python", "ruby"}:
        return _assigned(node, ruby=grammar == "ruby")
    if grammar in _SCRIPT:
        return _script_constants(node) if top else []
    if grammar == "shell":
        return _shell_constants(node)
    if grammar in {"java", "csharp", "kotlin"}:
        return _modified(node, top=top and grammar == "kotlin")
    if grammar in {"c", "cpp"} and node.type == "declaration":
        return _c_constants(node)
    if grammar in {"php", "php_only"}:
        return [text(node, _LONGEST_NAME).partition("=")[0].strip()]
    names = node.children_by_field_name("name")
    return [text(name, _LONGEST_NAME) for name in names if name.is_named]


def _assigned(node: Node, *, ruby: bool) -> list[str]:
    left = node.child_by_field_name("left")
    if left is None or left.type not in {"identifier", "constant"}:
        return []
    said = text(left, _LONGEST_NAME)
    return [said] if _LOUD.fullmatch(said) or (ruby and left.type == "constant") else []


def _script_constants(node: Node) -> list[str]:
    name = node.child_by_field_name("name")
    fixed = node.parent is not None and text(node.parent, 6) == "const "
    imported = text(node.child_by_field_name("value"), 9).startswith(("require(", "await imp"))
    return [text(name, _LONGEST_NAME)] if fixed and not imported and name and name.type == "identifier" else []


def _modified(node: Node, *, top: bool) -> list[str]:
    """What its modifiers make a constant: `static final`, `static readonly`, `const`, or Kotlin's `val` at the top."""
    words = text(node).partition("=")[0].partition(":")[0].split()
    said = set(words)
    fixed = "const" in said or {"static", "final"} <= said or {"static", "readonly"} <= said or (top and "val" in said)
    return words[-1:] if fixed else []


def _c_constants(node: Node) -> list[str]:
    head, equals, _ = text(node).partition("=")
    if not equals or "(" in head or not {"const", "constexpr"} & set(head.split()):
        return []
    found = _LAST_WORD.search(head.strip().partition("[")[0])
    return [found[0]] if found else []


def _shell_constants(node: Node) -> list[str]:
    if node.type == "variable_assignment":
        said = text(node.child_by_field_name("name"), _LONGEST_NAME)
        return [said] if _LOUD.fullmatch(said) and node.parent is not None and node.parent.type == "program" else []
    words = text(node).split()
    if not ("readonly" in words[:1] or any(word.startswith("-") and "r" in word for word in words[1:2])):
        return []
    assigned = [one for one in node.named_children if one.type == "variable_assignment"]
    return [text(one.child_by_field_name("name"), _LONGEST_NAME) for one in assigned]


def owner(node: Node, outer: Node | None) -> Node:
    """The node that is all of a definition: with its decorators, and with `const` where it stands alone."""
    if outer is None:
        return node
    alone = outer.start_point[0] == node.start_point[0]
    return outer if outer.type in _ALWAYS_OWN or alone else node


def callee(node: Node, field: str, grammar: str) -> tuple[str, str]:
    """The name called, and what stands before it."""
    called = node.child_by_field_name(field) if field else None
    if called is None and not field:
        called = node.named_child(0) if node.named_child_count else None
    if called is None:
        return "", ""
    if grammar == "shell":
        said = text(called, _LONGEST_NAME)
        return (said, "") if re.fullmatch(r"[\w.:-]+", said) else ("", "")
    for before in ("object", "receiver", "scope"):  # the grammars where the node itself tells them apart
        held = node.child_by_field_name(before)
        if held is not None and field:
            return _name_in(text(called, _LONGEST_NAME)), _short(held)
    if grammar == "sql":
        return text(_last_part(called), _LONGEST_NAME).strip('"`'), ""
    return _split(called)


def _split(called: Node) -> tuple[str, str]:
    """The last part of what is called, and the rest."""
    at = called
    for _ in range(_DEEPEST):
        inner = at.child_by_field_name("function") or (
            at.child_by_field_name("name") if at.type in {"template_function", "generic_name"} else None
        )
        if inner is None or at.type not in {"template_function", "generic_function", "generic_name"}:
            break
        at = inner
    if at.type in {"call", "call_expression", "parenthesized_expression", "lambda", "func_literal", "arrow_function"}:
        return "", ""  # what is called is itself the outcome of something
    last = at
    for _ in range(_DEEPEST):
        parts = [
            last.child_by_field_name(name) for name in ("attribute", "property", "field", "name", "method", "argument")
        ]
        inner = next((part for part in reversed(parts[:4]) if part is not None), None)
        if inner is None and last.type in {
            "navigation_expression",
            "qualified_name",
            "user_type",
            "scoped_type_identifier",
        }:
            inner = last.named_child(last.named_child_count - 1) if last.named_child_count else None
        if inner is None or inner == last:
            break
        last = inner
    name = _name_in(text(last, _LONGEST_NAME))
    if last == at:
        return name, ""
    said = text(at, 4 * _LONGEST_NAME)
    head = said[: max(len(said) - len(text(last, _LONGEST_NAME)), 0)].rstrip(".:>-?! \n\t\\")
    return name, " ".join(head.split())[-_LONGEST_RECEIVER:]


def _name_in(said: str) -> str:
    found = _LAST_WORD.search(said.partition("<")[0].strip())
    return found[0] if found else ""


def _short(node: Node) -> str:
    return " ".join(text(node, 4 * _LONGEST_RECEIVER).split())[-_LONGEST_RECEIVER:]


def used_names(node: Node, grammar: str) -> list[tuple[str, str]]:
    """The types that a node names, each with what stands before it."""
    if grammar == "sql":
        if node.parent is None or node.parent.type in {"field", "invocation"}:
            return []
        return [(text(_last_part(node), _LONGEST_NAME).strip('"`'), "")]
    said = text(node, 400)
    if node.type == "decorator":
        said = said.partition("(")[0]
    named: dict[tuple[str, str], None] = {}
    for path in _DOTTED.findall(_QUOTED.sub(" ", said)):
        receiver, _, name = path.replace("::", ".").replace("\\", ".").rpartition(".")
        if name not in _PLAIN_TYPES and len(name) > 1:
            named[name, receiver] = None
    return list(named)
