"""JSON Schemas for annotations, pydantic models, dataclasses and enumerations, read from source."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, cast

from manyeyes_tools.documents.api.annotations import PARTS, Annotations, alternatives
from manyeyes_tools.documents.api.constraints import (
    FIELDS,
    MAPPINGS,
    PLAIN,
    SEQUENCES,
    constrained,
    enumeration,
    with_default,
)
from manyeyes_tools.documents.api.endpoints import last
from manyeyes_tools.documents.api.model_fields import ENUMS, Field, ModelFields
from manyeyes_tools.documents.api.scopes import Scope
from manyeyes_tools.documents.api.shapes import Shapes
from manyeyes_tools.documents.api.values import UNKNOWN, Closure, Expression, External, Made
from manyeyes_tools.documents.docstrings import read_docstring

if TYPE_CHECKING:
    from manyeyes.types import Json
    from manyeyes_tools.documents.api.endpoints import Schema
    from manyeyes_tools.documents.api.evaluation import Evaluator
    from manyeyes_tools.documents.api.values import Value


class Schemas:
    """Schemas by annotation.

    Args:
        evaluator: Knows what names stand for.

    Attributes:
        components: The classes that schemas refer to, by their names in the document.
    """

    def __init__(self, evaluator: Evaluator) -> None:
        self.evaluator = evaluator
        self.components: dict[str, Schema] = {}
        self._names: dict[tuple[int, str], str] = {}
        self._depth = 0
        annotations = Annotations(evaluator)
        fields = ModelFields(evaluator, annotations)
        self.unwrapped = annotations.unwrapped
        self.marks_of = annotations.marks_of
        self.type_variables = annotations.type_variables
        self.literal_values = annotations.literal_values
        self.kind = fields.kind
        self.fields = fields.fields
        self.default = fields.default
        self.inside = fields.inside
        self.config = fields.config
        self.shape = Shapes(evaluator, annotations, fields).shape

    def of(self, node: ast.expr | None, scope: Scope) -> Schema:
        """The schema of an annotation; what is not understood may be anything."""
        if node is None or self._depth > PARTS * 4:
            return {}
        self._depth += 1
        try:
            inner = self.unwrapped(node, scope)
            schema = self._plain(inner.node, inner.scope)
        finally:
            self._depth -= 1
        return constrained(
            schema,
            [
                mark
                for mark in inner.marks
                if mark.last in FIELDS
                or mark.last in {"Ge", "Gt", "Le", "Lt", "StringConstraints", "Len", "MinLen", "MaxLen"}
            ],
            self.evaluator,
        )

    def _plain(self, node: ast.expr | None, scope: Scope) -> Schema:
        if node is None:
            return {}
        if isinstance(node, ast.Constant):
            return {"type": "null"} if node.value is None else {}
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return self._union(alternatives(node), scope)
        if isinstance(node, ast.Subscript):
            return self._subscript(node, scope)
        return self.of_value(self.evaluator.value(node, scope))

    def of_value(self, value: Value) -> Schema:
        """The schema of a type that has been looked up."""
        match value:
            case Closure(node=ast.ClassDef()):
                return self._class(value, ())
            case External():
                return dict(PLAIN.get(value.last, {}))
            case Made():
                return self._made(value)
            case Expression():
                return self.of(value.node, value.scope)
            case _:
                return {}

    def _made(self, made: Made) -> Schema:  # noqa: PLR0911 -- one case for each function that makes a type
        given = self.evaluator.given(made.call, made.scope)
        if made.last == "NewType" and given.get("tp", 1) is not None:
            inner = cast("Expression", given.get("tp", 1))
            return self.of(inner.node, inner.scope)
        if made.last in {"TypeVar", "TypeAliasType"}:
            bound = (
                given.words.get("bound")
                or given.words.get("default")
                or (given.get("value", 1) if made.last == "TypeAliasType" else None)
            )
            return self.of(bound.node, bound.scope) if bound is not None else {}
        if made.last in {"conlist", "conset"}:
            item = given.get("item_type", 0)
            items: Schema = {"type": "array", "items": self.of(item.node, item.scope) if item else {}}
            return constrained(items, [made], self.evaluator)
        if made.last in ENUMS:
            values = self.evaluator.literal(given.get("names", 1))
            if isinstance(values, dict):
                return enumeration(list(values.values()))
            return {}
        if made.last in PLAIN:
            return constrained(PLAIN[made.last], [made], self.evaluator)
        return {}

    def _union(self, members: list[ast.expr], scope: Scope) -> Schema:
        found: list[Json] = []
        for member in members:
            schema = self.of(member, scope)
            if schema not in found:
                found.append(schema)
        return {"anyOf": found} if len(found) > 1 else cast("Schema", found[0]) if found else {}

    def _subscript(self, node: ast.Subscript, scope: Scope) -> Schema:  # noqa: C901, PLR0911 -- one case for each generic type
        name = last(node.value)
        inner = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
        if name == "Optional":
            return self._union([inner[0], ast.Constant(None)], scope)
        if name == "Union":
            return self._union(inner, scope)
        if name == "Literal":
            return enumeration([value for item in inner for value in self.literal_values(item, scope)])
        if name in SEQUENCES:
            schema: Schema = {"type": "array", "items": self.of(inner[0], scope)}
            return schema | ({"uniqueItems": True} if "set" in name.lower() else {})
        if name in {"tuple", "Tuple"}:
            if len(inner) == 2 and isinstance(inner[1], ast.Constant) and inner[1].value is Ellipsis:  # noqa: PLR2004 -- `tuple[X, ...]` has two parts
                return {"type": "array", "items": self.of(inner[0], scope)}
            size = len(inner)
            return {
                "type": "array",
                "prefixItems": [self.of(i, scope) for i in inner],
                "minItems": size,
                "maxItems": size,
            }
        if name in MAPPINGS:
            values = self.of(inner[1], scope) if len(inner) > 1 else {}
            return {"type": "object", "additionalProperties": values or True}
        if name in {"type", "Type"}:
            return {}
        owner = self.evaluator.value(node.value, scope)
        if isinstance(owner, Closure) and isinstance(owner.node, ast.ClassDef):
            return self._class(owner, tuple(Expression(one, scope) for one in inner))
        if isinstance(owner, Expression) and owner.node is not node:
            return self._alias(owner, inner, scope)
        return self.of_value(owner)

    def _alias(self, alias: Expression, inner: list[ast.expr], scope: Scope) -> Schema:
        """A generic alias, `Listed = Page[T]` used as `Listed[Item]`."""
        names = list(dict.fromkeys(self.type_variables(alias.node, alias.scope)))
        given: dict[str, object] = {name: Expression(one, scope) for name, one in zip(names, inner, strict=False)}
        return self.of(alias.node, Scope(alias.scope.module, {}, alias.scope, given=given))

    def _class(self, cls: Closure, given: tuple[Expression, ...]) -> Schema:
        kind = self.kind(cls)
        assert isinstance(cls.node, ast.ClassDef)  # noqa: S101 -- narrows the type; only such nodes are passed in
        if kind == "":
            return {}
        if kind == "scalar":
            return next((dict(PLAIN[name]) for name in self.evaluator.ancestors(cls) if name in PLAIN), {})
        args = self._argument_names(given)
        name = self._name(cls, args)
        if name not in self.components:
            self.components[name] = {}  # a class may refer to itself
            if kind == "enum":
                self.components[name] = self._enum(cls)
            elif kind == "root":
                self.components[name] = self._root(cls, given)
            else:
                self.components[name] = self._object(cls, given)
            if kind == "enum" and not self.components[name]:
                self.components[name] = {"title": cls.node.name}
        return {"$ref": f"#/components/schemas/{name}"}

    def _argument_names(self, given: tuple[Expression, ...]) -> str:
        parts: list[str] = []
        for one in given:
            inner = self.unwrapped(one.node, one.scope)
            found = (
                self.evaluator.value(inner.node, inner.scope)
                if isinstance(inner.node, ast.Name | ast.Attribute)
                else None
            )
            text = found.node.name if isinstance(found, Closure) else _spelled(inner.node)
            parts.append(re.sub(r"\W+", "_", text).strip("_"))
        return "_".join(parts)

    def _name(self, cls: Closure, args: str) -> str:
        """The name in the document; of two classes of one name the second has its module's before it."""
        key = (id(cls.node), args)
        if key not in self._names:
            assert isinstance(cls.node, ast.ClassDef)  # noqa: S101 -- narrows the type; only such nodes are passed in
            name = cls.node.name + (f"_{args}_" if args else "")
            if name in self._names.values():
                name = f"{cls.scope.module.itself.name.replace('.', '__')}__{name}"
            number = 2
            base = name
            while name in self._names.values():
                name, number = f"{base}_{number}", number + 1
            self._names[key] = re.sub(r"[^A-Za-z0-9._-]", "_", name)
        return self._names[key]

    def _enum(self, cls: Closure) -> Schema:
        values: list[object] = []
        textual = "str" in self.evaluator.ancestors(cls) or "StrEnum" in self.evaluator.ancestors(cls)
        for one in [*self.evaluator.mro(cls)][::-1]:
            if not isinstance(one, Closure) or not isinstance(one.node, ast.ClassDef):
                continue
            scope = self.evaluator.class_scope(one)
            for item in one.node.body:
                if not (isinstance(item, ast.Assign) and isinstance(item.targets[0], ast.Name)):
                    continue
                name = item.targets[0].id
                if name.startswith("_"):
                    continue
                value = self.evaluator.literal(item.value, scope)
                if value is UNKNOWN and last(item.value) == "auto" and textual:
                    value = name.lower()
                elif value is UNKNOWN and last(item.value) == "auto":
                    value = len(values) + 1
                if isinstance(value, list) and value:
                    value = value[0]
                if value is not UNKNOWN:
                    values.append(value)
        return enumeration(values) | self._described(cls)

    def _root(self, cls: Closure, given: tuple[Expression, ...]) -> Schema:
        for one in self.fields(cls, given):
            if one.name == "root":
                return self.of(one.annotation.node, one.annotation.scope) | self._described(cls)
        assert isinstance(cls.node, ast.ClassDef)  # noqa: S101 -- narrows the type; only such nodes are passed in
        for base in cls.node.bases:
            if isinstance(base, ast.Subscript) and last(base.value) == "RootModel":
                return self.of(base.slice, self.inside(cls, given)) | self._described(cls)
        return {}

    def _object(self, cls: Closure, given: tuple[Expression, ...]) -> Schema:
        assert isinstance(cls.node, ast.ClassDef)  # noqa: S101 -- narrows the type; only such nodes are passed in
        properties: dict[str, Json] = {}
        required: list[Json] = []
        for one in self.fields(cls, given):
            properties[one.shown] = self.field_schema(one)
            if one.required:
                required.append(one.shown)
        schema: Schema = {"type": "object", "properties": properties, "title": cls.node.name}
        if required:
            schema["required"] = required
        extra = self.config(cls, "extra")
        if extra in {"forbid", "allow"}:
            schema["additionalProperties"] = extra == "allow"
        return schema | self._described(cls)

    def field_schema(self, one: Field) -> Schema:
        """The schema of one field of a model."""
        schema = constrained(
            self.of(one.annotation.node, one.annotation.scope), list(one.annotation.marks), self.evaluator
        )
        schema = with_default(schema, one.default)
        if one.description and "description" not in schema:
            schema["description"] = one.description
        return schema

    def _described(self, cls: Closure) -> Schema:
        told = read_docstring(ast.get_docstring(cast("ast.ClassDef", cls.node)) or "").text
        return {"description": told} if told else {}


def _spelled(node: ast.expr | None) -> str:
    """The names in an annotation, in the order of their places."""
    named = [one for one in ast.walk(node) if isinstance(one, ast.Name | ast.Attribute)] if node is not None else []
    ordered = sorted(named, key=lambda one: (one.lineno, one.end_col_offset or 0) if hasattr(one, "lineno") else (0, 0))
    return "_".join(last(one) for one in ordered)
