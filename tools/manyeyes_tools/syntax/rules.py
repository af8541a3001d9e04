"""What the nodes of each grammar mean: which define, which call, which name a type."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The tables of one grammar; all keys are types of nodes.

    Attributes:
        definitions: What defines, and the kind of it.
        scopes: What names a scope without defining it, and the field that holds the name.
        calls: What calls, and the field that holds what is called; empty for the first child.
        uses: Nodes that name a type.
        constants: What defines a constant, outside of functions.
        wrappers: What may stand around a definition and belongs to it, such as its decorators.
        comments: Comments.
        imports: What names another module.
        above: What belongs to the definition that follows, such as attributes.
    """

    definitions: Mapping[str, str]
    scopes: Mapping[str, str] = field(default_factory=dict)
    calls: Mapping[str, str]
    uses: frozenset[str] = frozenset()
    constants: frozenset[str] = frozenset()
    wrappers: frozenset[str] = frozenset()
    comments: frozenset[str] = frozenset({"comment"})
    imports: frozenset[str] = frozenset()
    above: frozenset[str] = frozenset()


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_JAVASCRIPT = Rules(
    definitions={
        "function_declaration": "function",
        "generator_function_declaration": "function",
        "function_expression": "function",
        "class_declaration": "class",
        "class": "class",
        "method_definition": "method",
        "variable_declarator": "function",
        "field_definition": "method",
    },
    calls={"call_expression": "function", "new_expression": "constructor", "jsx_opening_element": "name",
           "jsx_self_closing_element": "name"},
    uses=_set("class_heritage"),
    constants=_set("variable_declarator"),
    wrappers=_set("export_statement lexical_declaration variable_declaration"),
    imports=_set("import_statement export_statement"),
)  # fmt: skip
_TYPESCRIPT = Rules(
    definitions={
        **_JAVASCRIPT.definitions,
        "abstract_class_declaration": "class",
        "interface_declaration": "interface",
        "enum_declaration": "enum",
        "type_alias_declaration": "type",
        "internal_module": "module",
        "module": "module",
        "method_signature": "method",
        "abstract_method_signature": "method",
        "function_signature": "function",
        "public_field_definition": "method",
    },
    calls=_JAVASCRIPT.calls,
    uses=_set("type_identifier class_heritage"),
    constants=_JAVASCRIPT.constants,
    wrappers=_JAVASCRIPT.wrappers | _set("ambient_declaration expression_statement"),
    imports=_JAVASCRIPT.imports,
)
_C = Rules(
    definitions={
        "function_definition": "function",
        "struct_specifier": "struct",
        "union_specifier": "struct",
        "enum_specifier": "enum",
        "type_definition": "type",
        "preproc_function_def": "macro",
    },
    calls={"call_expression": "function"},
    uses=_set("type_identifier"),
    constants=_set("preproc_def declaration"),
    imports=_set("preproc_include"),
)
RULES: Mapping[str, Rules] = {
    "python": Rules(
        definitions={"function_definition": "function", "class_definition": "class"},
        calls={"call": "function"},
        uses=_set("type decorator"),
        constants=_set("assignment"),
        wrappers=_set("decorated_definition"),
        imports=_set("import_statement import_from_statement future_import_statement"),
    ),
    "javascript": _JAVASCRIPT,
    "typescript": _TYPESCRIPT,
    "tsx": _TYPESCRIPT,
    "go": Rules(
        definitions={
            "function_declaration": "function",
            "method_declaration": "method",
            "type_spec": "type",
            "type_alias": "type",
            "method_elem": "method",
        },
        calls={"call_expression": "function"},
        uses=_set("type_identifier"),
        constants=_set("const_spec"),
        wrappers=_set("type_declaration const_declaration"),
        imports=_set("import_spec"),
    ),
    "java": Rules(
        definitions={
            "class_declaration": "class",
            "interface_declaration": "interface",
            "enum_declaration": "enum",
            "record_declaration": "class",
            "annotation_type_declaration": "interface",
            "method_declaration": "method",
            "constructor_declaration": "method",
            "compact_constructor_declaration": "method",
        },
        calls={"method_invocation": "name", "object_creation_expression": "type"},
        uses=_set("type_identifier"),
        constants=_set("field_declaration"),
        comments=_set("line_comment block_comment"),
        imports=_set("import_declaration"),
    ),
    "rust": Rules(
        definitions={
            "function_item": "function",
            "function_signature_item": "function",
            "struct_item": "struct",
            "union_item": "struct",
            "enum_item": "enum",
            "trait_item": "interface",
            "mod_item": "module",
            "type_item": "type",
            "macro_definition": "macro",
        },
        scopes={"impl_item": "type"},
        calls={"call_expression": "function", "macro_invocation": "macro"},
        uses=_set("type_identifier"),
        constants=_set("const_item static_item"),
        comments=_set("line_comment block_comment"),
        imports=_set("use_declaration mod_item"),
        above=_set("attribute_item"),
    ),
    "c": _C,
    "cpp": Rules(
        definitions={
            **_C.definitions,
            "class_specifier": "class",
            "namespace_definition": "module",
            "alias_declaration": "type",
            "concept_definition": "type",
        },
        calls={**_C.calls, "new_expression": "type"},
        uses=_C.uses,
        constants=_C.constants,
        wrappers=_set("template_declaration"),
        imports=_C.imports,
    ),
    "csharp": Rules(
        definitions={
            "class_declaration": "class",
            "struct_declaration": "struct",
            "record_declaration": "class",
            "interface_declaration": "interface",
            "enum_declaration": "enum",
            "delegate_declaration": "type",
            "namespace_declaration": "module",
            "method_declaration": "method",
            "constructor_declaration": "method",
            "property_declaration": "property",
            "local_function_statement": "function",
        },
        calls={"invocation_expression": "function", "object_creation_expression": "type"},
        uses=_set("base_list type"),
        constants=_set("field_declaration"),
        imports=_set("using_directive"),
    ),
    "ruby": Rules(
        definitions={"method": "method", "singleton_method": "method", "class": "class", "module": "module"},
        calls={"call": "method"},
        uses=_set("superclass"),
        constants=_set("assignment"),
    ),
    "php": Rules(
        definitions={
            "function_definition": "function",
            "method_declaration": "method",
            "class_declaration": "class",
            "interface_declaration": "interface",
            "trait_declaration": "class",
            "enum_declaration": "enum",
        },
        calls={
            "function_call_expression": "function",
            "member_call_expression": "name",
            "nullsafe_member_call_expression": "name",
            "scoped_call_expression": "name",
            "object_creation_expression": "",
        },
        uses=_set("named_type base_clause class_interface_clause use_declaration"),
        constants=_set("const_element"),
        wrappers=_set("const_declaration"),
        imports=_set(
            "namespace_use_declaration require_once_expression require_expression include_expression "
            "include_once_expression"
        ),
    ),
    "kotlin": Rules(
        definitions={
            "class_declaration": "class",
            "object_declaration": "class",
            "companion_object": "class",
            "function_declaration": "function",
            "type_alias": "type",
        },
        calls={"call_expression": "", "constructor_invocation": ""},
        uses=_set("user_type"),
        constants=_set("property_declaration"),
        comments=_set("line_comment block_comment"),
        imports=_set("import"),
    ),
    "shell": Rules(
        definitions={"function_definition": "function"},
        calls={"command": "name"},
        constants=_set("declaration_command variable_assignment"),
    ),
    "sql": Rules(
        definitions={
            "create_schema": "module",
            "create_table": "table",
            "create_view": "view",
            "create_materialized_view": "view",
            "create_function": "function",
            "create_procedure": "function",
            "create_type": "type",
            "create_trigger": "trigger",
            "create_index": "index",
        },
        calls={"invocation": ""},
        uses=_set("object_reference"),
        wrappers=_set("statement"),
        comments=_set("comment marginalia"),
    ),
}
"""The rules by the name of the grammar."""
RULES = {**RULES, "php_only": RULES["php"]}

FUNCTIONS = frozenset({"function", "method", "macro"})
"""Kinds that are called."""
TYPES = frozenset({"class", "interface", "struct", "enum", "type", "table", "view"})
"""Kinds that hold members or are named as types."""
