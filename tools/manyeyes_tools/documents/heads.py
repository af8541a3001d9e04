"""What the head of a definition says in any language with a grammar: parameters, result, fields, what is thrown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from manyeyes_tools.documents.symbols import Parameter
from manyeyes_tools.syntax.names import definition_name
from manyeyes_tools.syntax.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from manyeyes_tools.syntax.parsing import Parsed

_LISTS = frozenset(
    """formal_parameters parameters parameter_list method_parameters function_value_parameters class_parameters
    function_arguments lambda_parameters""".split()  # noqa: SIM905 -- a list of words reads best as words
)
_NOT_PARAMETERS = frozenset(
    "comment line_comment block_comment self_parameter attribute_item receiver_parameter type_parameters".split()  # noqa: SIM905 -- as above
)
_NAMES = frozenset(
    """identifier simple_identifier type_identifier name constant property_identifier field_identifier variable_name
    private_property_identifier shorthand_property_identifier_pattern""".split()  # noqa: SIM905 -- as above
)
_FIELDS = frozenset(
    """property_signature public_field_definition field_definition field_declaration property_declaration
    class_parameter required_parameter_property enum_assignment enum_variant enum_constant enum_entry
    column_definition""".split()  # noqa: SIM905 -- as above
)
_THROWS = frozenset(["throw_statement", "throw_expression", "jump_expression", "call", "command_call"])
_THROWN = re.compile(r"(?:throw|raise)\b[\s(]*(?:new\s+)?\\?([A-Z][\w.:\\]*)")
_THROWS_CLAUSE = re.compile(r"\bthrows\s+([\w.,\s]+)")
_KOTLIN_RETURN = re.compile(r"\)\s*:\s*([^={]+)\s*$")
_PRIVATE_FIELD = re.compile(r"^\s*(?:#|(?:[\w@\[\]]+\s+)*?(?:private|protected|internal)\b)")
_DEEPEST = 12
_LONGEST = 400
_MOST_THROWN = 20
_MOST_FIELDS = 2_000


def definitions(parsed: Parsed) -> dict[tuple[int, str], Node]:
    """The nodes that define, by the line of their head and the name."""
    rules = RULES[parsed.grammar]
    found: dict[tuple[int, str], Node] = {}
    waiting = [parsed.tree.root_node]
    while waiting:
        node = waiting.pop()
        if node.type in rules.definitions:
            name, _ = definition_name(node, parsed.grammar)
            if name:
                found.setdefault((node.start_point[0] + 1, name), node)
        waiting.extend(reversed(node.named_children))
    return found


def parameters(node: Node, grammar: str) -> tuple[Parameter, ...]:
    """The parameters of a definition, in order; none when it has none, or is no function."""
    held = _parameter_list(node)
    if held is None:
        return ()
    if held.type in _NAMES:  # `x => …`
        return (Parameter(name=_text(held)),)
    result: list[Parameter] = []
    for child in held.named_children:
        if child.type in _NOT_PARAMETERS:
            continue
        if grammar == "kotlin" and "parameter" not in child.type:
            if result and result[-1].default is None and "modifier" not in child.type:
                last = result[-1]
                result[-1] = Parameter(name=last.name, kind=last.kind, annotation=last.annotation, default=_text(child))
            continue
        result += _parameter(child, grammar)
    return tuple(result)


def returns(node: Node, grammar: str, signature: str) -> str:
    """The type of what a definition gives; empty where none is written."""
    value = node.child_by_field_name("value")
    for holder in (node, value):
        if holder is None:
            continue
        names = (
            ("return_type", "result", "returns", "type") if _parameter_list(holder) is not None else ("return_type",)
        )
        for name in names:
            found = holder.child_by_field_name(name)
            if found is not None:
                return _type(found)
    if grammar == "kotlin" and "fun " in signature and (said := _KOTLIN_RETURN.search(signature)):
        return said[1].strip()
    return ""


def thrown(node: Node, signature: str) -> tuple[str, ...]:
    """The exceptions that a definition throws by name, and those its head declares; each once."""
    found: dict[str, None] = {}
    if clause := _THROWS_CLAUSE.search(signature):
        found.update((name.strip(), None) for name in clause[1].split(",") if name.strip())
    waiting = [node]
    while waiting and len(found) < _MOST_THROWN:
        inner = waiting.pop()
        if inner.type in _THROWS and (said := _THROWN.match(_text(inner))):
            found[said[1].replace("\\", ".").replace("::", ".")] = None
        waiting.extend(reversed(inner.named_children))
    return tuple(found)


def fields(node: Node) -> Iterator[tuple[str, str, str, int, str]]:
    """The public fields that a type declares directly: name, type, value, line and how it is written."""
    waiting = list(reversed(node.named_children))
    given = 0
    while waiting and given < _MOST_FIELDS:
        inner = waiting.pop()
        if inner.type in _FIELDS:
            if _PRIVATE_FIELD.match(_text(inner)):
                continue
            name = _name(inner)
            if name and not name.startswith(("_", "#")):
                given += 1
                value = inner.child_by_field_name("value") or inner.child_by_field_name("default_value")
                typed = inner.child_by_field_name("type")
                yield (
                    name,
                    _type(typed) if typed is not None else "",
                    _text(value),
                    inner.start_point[0] + 1,
                    _text(inner),
                )
        elif inner.type.endswith(("body", "list", "parameters", "constructor", "definitions")) or inner.type in {
            "interface_type", "struct_type", "object_type", "block",
        }:  # fmt: skip
            waiting.extend(reversed(inner.named_children))


def _parameter_list(node: Node) -> Node | None:
    at: Node | None = node
    for _ in range(_DEEPEST):
        if at is None:
            return None
        held = at.child_by_field_name("parameters") or at.child_by_field_name("parameter")
        if held is not None:
            return held
        held = next((one for one in at.named_children if one.type in _LISTS), None)
        if held is not None:
            return held
        constructor = next((one for one in at.named_children if one.type == "primary_constructor"), None)
        at = at.child_by_field_name("declarator") or at.child_by_field_name("value") or constructor
    return None


def _parameter(node: Node, grammar: str) -> Iterator[Parameter]:
    said = _text(node)
    value = node.child_by_field_name("value") or node.child_by_field_name("default_value")
    if value is None and node.type == "assignment_pattern":
        value = node.child_by_field_name("right")
    if value is None and grammar == "csharp":  # it stands after the name, in no field
        called = node.child_by_field_name("name")
        value = next((one for one in node.named_children if called and one.start_byte > called.end_byte), None)
    typed = node.child_by_field_name("type")
    annotation = _type(typed) if typed is not None else ""
    names = [_text(one) for one in node.children_by_field_name("name")] or [_name(node)]
    if grammar in {"c", "cpp"} and names[0]:  # the type is around the name: `const char *owner`
        annotation = " ".join("".join(said.partition("=")[0].rpartition(names[0])[::2]).split())
    elif grammar == "kotlin":
        annotation = said.partition(":")[2].partition("=")[0].strip()
    elif grammar == "sql":
        annotation = " ".join(said.split()[1:])
    many = node.type in {"rest_pattern", "spread_parameter", "variadic_parameter", "variadic_parameter_declaration",
                         "splat_parameter"} or said.lstrip("(").startswith(("...", "vararg ", "params "))  # fmt: skip
    optional = node.type == "optional_parameter" and typed is not None and value is None
    for name in names:
        if not name and not annotation:
            continue
        plain = name.removeprefix("...").removesuffix("?").strip()
        yield Parameter(
            name=plain or "_",
            kind="variadic"
            if many or name.startswith("...")
            else "keywords"
            if node.type == "hash_splat_parameter"
            else "either",
            annotation=annotation,
            default=_text(value) if value is not None else "undefined" if optional else None,
        )


def _name(node: Node) -> str:
    """The name inside a parameter or a field, however deep its declarators go; a pattern is its own name."""
    at: Node | None = node
    for _ in range(_DEEPEST):
        if at is None:
            return ""
        if at.type in _NAMES or (at.type.endswith("_pattern") and at.type != "assignment_pattern"):
            return " ".join(_text(at).split())
        inner = (
            at.child_by_field_name("name")
            or at.child_by_field_name("pattern")
            or at.child_by_field_name("declarator")
            or (at.child_by_field_name("left") if at.type == "assignment_pattern" else None)
        )
        if inner is None:
            inner = next((one for one in at.named_children if one.type in _NAMES), None)
        if inner is None:
            inner = next(
                (one for one in at.named_children if "declarat" in one.type or one.type.endswith("_element")), None
            )
        at = inner
    return ""


def _type(node: Node) -> str:
    return " ".join(_text(node).removeprefix(":").removeprefix("->").split())


def _text(node: Node | None) -> str:
    if node is None:
        return ""
    said = (node.text or b"")[: 4 * _LONGEST].decode("utf-8", "replace")
    return said if len(said) <= _LONGEST else f"{said[:_LONGEST]}…"
