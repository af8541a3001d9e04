"""Objects declared field by field: marshmallow's schemas, webargs' mappings and the models of Flask-RESTX."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from manyeyes_tools.documents.api.constraints import enumeration, with_default
from manyeyes_tools.documents.api.endpoints import last
from manyeyes_tools.documents.api.values import UNKNOWN, Closure, Expression, External, Instance, Made

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes.types import Json
    from manyeyes_tools.documents.api.endpoints import Schema
    from manyeyes_tools.documents.api.schemas import Schemas
    from manyeyes_tools.documents.api.scopes import Scope
    from manyeyes_tools.documents.api.values import Given, Value

_TEXT: Final[dict[str, str]] = {
    "Email": "email", "URL": "uri", "Url": "uri", "UUID": "uuid", "DateTime": "date-time", "NaiveDateTime": "date-time",
    "AwareDateTime": "date-time", "Date": "date", "Time": "time", "IP": "ip", "IPv4": "ipv4", "IPv6": "ipv6",
    "File": "binary", "URLFor": "uri", "AbsoluteURLFor": "uri",
}  # fmt: skip
_TYPES: Final[dict[str, str]] = {
    "String": "string", "Str": "string", "FormattedString": "string", "ClassName": "string", "Constant": "",
    "Integer": "integer", "Int": "integer", "TimeDelta": "integer", "Float": "number", "Number": "number",
    "Decimal": "number", "Fixed": "number", "Arbitrary": "number", "Boolean": "boolean", "Bool": "boolean",
    "Dict": "object", "Mapping": "object", "Wildcard": "object", "Raw": "", "Field": "", "Function": "", "Method": "",
}  # fmt: skip
_ANSWERED: Final = frozenset({"Function", "Method", "Hyperlinks", "URLFor", "AbsoluteURLFor"})
"""Fields that only answers have."""
FIELDS: Final = frozenset({*_TEXT, *_TYPES, "List", "Nested", "Pluck", "Enum", "Tuple", "DelimitedList"})
"""The names of what makes a field."""
_DEEP: Final = 8


@dataclass(frozen=True, slots=True)
class Declared:
    """One field.

    Attributes:
        name: What it is called outside.
        schema: What it holds.
        required: Whether it must be given.
        answered: Whether only answers have it.
    """

    name: str
    schema: Schema
    required: bool
    answered: bool = False


class DeclaredFields:
    """Reads what a schema class, an object of one, a mapping of fields or a model declares.

    Args:
        schemas: Knows all other types, and takes the objects as components.
    """

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._evaluator = schemas.evaluator
        self._depth = 0
        self._open: dict[int, str] = {}

    def schema(self, node: ast.expr | None, scope: Scope) -> Schema | None:
        """The schema of what a decorator was given; None when it declares no fields and is no known type."""
        if node is None or self._depth > _DEEP:
            return None
        if isinstance(node, ast.List) and node.elts:
            inner = self.schema(node.elts[0], scope)
            return {"type": "array", "items": inner} if inner is not None else None
        self._depth += 1
        try:
            return self._of(self._value(node, scope))
        finally:
            self._depth -= 1

    def fields(self, node: ast.expr | None, scope: Scope) -> list[Declared] | None:
        """The fields of an object, for parameters; None when it is none."""
        if node is None:
            return None
        value = self._value(node, scope)
        own = self._declared(value)
        if own is not None:
            return [one for one in own if not one.answered]
        found = value.cls if isinstance(value, Instance) else value
        if isinstance(found, Closure) and self._schemas.kind(found) == "object":
            fields = self._schemas.fields(found)
            return [Declared(one.shown, self._schemas.field_schema(one), one.required) for one in fields]
        return None

    def _value(self, node: ast.expr, scope: Scope) -> Value:
        """What stands for the fields; `Model.Schema` of marshmallow-dataclass is the class itself."""
        called = node.func if isinstance(node, ast.Call) else node
        found = self._evaluator.value(node, scope)
        if found is None and isinstance(called, ast.Attribute) and called.attr == "Schema":
            return self._evaluator.value(called.value, scope)
        return found

    def _of(self, value: Value) -> Schema | None:
        own = value.cls if isinstance(value, Instance) else value
        place = id(own.node) if isinstance(own, Closure) else 0
        if place in self._open:
            return {"$ref": f"#/components/schemas/{self._open[place]}"}  # it holds itself
        if place:
            self._open[place] = self._name(value)
        try:
            declared = self._declared(value)
        finally:
            self._open.pop(place, None)
        if declared is None:
            if isinstance(value, Made) and value.last == "as_list" and isinstance(value.call.func, ast.Attribute):
                value = self._evaluator.value(value.call.func.value, value.scope)
            found = self._schemas.of_value(value.cls if isinstance(value, Instance) else value)
            return found or None
        schema = self._object(value, declared)
        many = isinstance(value, Instance) and value.call is not None and self._given(value).words.get("many")
        return {"type": "array", "items": schema} if many and self._evaluator.literal(many) is True else schema

    def _object(self, value: Value, declared: list[Declared]) -> Schema:
        """The object as a component where it has a name, else as it stands."""
        properties: dict[str, Json] = {}
        for one in declared:
            properties[one.name] = {**one.schema, "readOnly": True} if one.answered else one.schema
        schema: Schema = {"type": "object", "properties": properties}
        if required := [one.name for one in declared if one.required and not one.answered]:
            schema["required"] = cast("Json", required)
        name = self._name(value)
        if not name:
            return schema
        known = self._schemas.components
        base, number = name, 2
        while name in known and known[name] != schema:
            name, number = f"{base}_{number}", number + 1
        known[name] = schema
        return {"$ref": f"#/components/schemas/{name}"}

    def _name(self, value: Value) -> str:
        match value:
            case Closure(node=ast.ClassDef(name=name)) | Instance(cls=Closure(node=ast.ClassDef(name=name))):
                short = name.removesuffix("Schema") or name
            case Made():
                given = self._evaluator.given(value.call, value.scope)
                short = self._evaluator.text(given.get("name", 0)) or ""
            case _:
                short = ""
        return "".join(one if one.isalnum() or one in "._-" else "_" for one in short)

    def _declared(self, value: Value) -> list[Declared] | None:
        match value:
            case Closure(node=ast.ClassDef()):
                return self._of_class(value)
            case Instance():
                fields = self._of_class(value.cls)
                return self._adapted(fields, self._given(value)) if fields is not None else None
            case Expression(node=ast.Dict()):
                return list(self._of_mapping(value))
            case Made(last="model" | "inherit" | "clone" | "Model" | "OrderedModel"):
                return self._of_model(value)
            case Made(last="from_dict"):
                told = self._evaluator.given(value.call, value.scope).get("fields", 0)
                mapping = self._evaluator.value(told.node, told.scope) if told is not None else None
                return list(self._of_mapping(mapping)) if isinstance(mapping, Expression) else None
            case _:
                return None

    def _given(self, value: Instance) -> Given:
        call = value.call or ast.Call(func=ast.Name("unknown", ast.Load()), args=[], keywords=[])
        return self._evaluator.given(call, value.scope)

    def _of_class(self, cls: Closure) -> list[Declared] | None:
        """The fields of a marshmallow schema, those of its bases first."""
        if not any(name.endswith("Schema") for name in self._evaluator.ancestors(cls)):
            return None
        found: dict[str, Declared] = {}
        for layer in reversed([one for one in self._evaluator.mro(cls) if isinstance(one, Closure)]):
            if not isinstance(layer.node, ast.ClassDef):
                continue
            scope = self._evaluator.class_scope(layer)
            for line in layer.node.body:
                if isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name):
                    one = self._field(line.targets[0].id, line.value, scope)
                    if one is not None:
                        found[line.targets[0].id] = one
        return list(found.values())

    def _adapted(self, fields: list[Declared], given: Given) -> list[Declared]:
        """The fields of an object that was made with `partial`, `only` or `exclude`."""
        partial = self._evaluator.literal(given.words.get("partial"))
        only = self._evaluator.literal(given.get("only"))
        without = self._evaluator.literal(given.words.get("exclude"))
        result: list[Declared] = []
        for one in fields:
            if (isinstance(only, list) and one.name not in only) or (isinstance(without, list) and one.name in without):
                continue
            loose = partial is True or (isinstance(partial, list) and one.name in partial)
            result.append(Declared(one.name, one.schema, one.required and not loose, one.answered))
        return result

    def _of_mapping(self, mapping: Expression) -> Iterator[Declared]:
        if isinstance(mapping.node, ast.Dict):
            for key, value in zip(mapping.node.keys, mapping.node.values, strict=True):
                if key is None:
                    inner = self._evaluator.value(value, mapping.scope)
                    if isinstance(inner, Expression):
                        yield from self._of_mapping(inner)
                    continue
                name = self._evaluator.text(key, mapping.scope)
                one = self._field(name, value, mapping.scope) if name else None
                if one is not None:
                    yield one

    def _of_model(self, made: Made) -> list[Declared] | None:
        """A model of Flask-RESTX: `api.model("Name", {…})` and `api.inherit("Name", parent, {…})`."""
        given = self._evaluator.given(made.call, made.scope)
        found: dict[str, Declared] = {}
        for one in given.placed[1:]:
            value = self._evaluator.value(one.node, one.scope)
            for field in self._declared(value) or ():
                found[field.name] = field
        told = given.words.get("model") or given.words.get("fields")
        if told is not None:
            for field in self._declared(self._evaluator.value(told.node, told.scope)) or ():
                found[field.name] = field
        return list(found.values()) if found or len(given.placed) > 1 else None

    def _field(self, name: str, node: ast.expr, scope: Scope) -> Declared | None:
        if not isinstance(node, ast.Call):
            value = self._evaluator.value(node, scope)
            if isinstance(value, External) and value.last in FIELDS:
                return Declared(name, self._kind(value.last, None, scope), required=False)  # `fields.String` itself
            return self._field(name, value.call, value.scope) if isinstance(value, Made) else None
        if last(node) not in FIELDS:
            found = self._evaluator.value(node, scope)
            if isinstance(found, Instance):  # a field of a class of its own
                kind = next((one for one in self._evaluator.ancestors(found.cls) if one in FIELDS), "")
                return self._told(name, kind, node, scope) if kind else None
            return None
        return self._told(name, last(node), node, scope)

    def _told(self, name: str, kind: str, node: ast.Call, scope: Scope) -> Declared:
        given = self._evaluator.given(node, scope)

        def said(word: str) -> object:
            return self._evaluator.literal(given.words.get(word))

        schema = self._kind(kind, node, scope)
        if "$ref" not in schema:
            schema = with_default(schema, said("load_default" if "load_default" in given.words else "default"))
        metadata = said("metadata")
        told = said("description")
        if isinstance(metadata, dict) and told is UNKNOWN:
            told = metadata.get("description", UNKNOWN)
        if isinstance(told, str):
            schema = {**schema, "description": told}
        schema = self._checked(schema, given)
        key = said("data_key")
        answered = said("dump_only") is True or said("readonly") is True or kind in _ANSWERED
        return Declared(key if isinstance(key, str) else name, schema, said("required") is True, answered)

    def _kind(self, kind: str, node: ast.Call | None, scope: Scope) -> Schema:
        if kind in _TEXT:
            return {"type": "string", "format": _TEXT[kind]}
        if kind in _TYPES:
            return {"type": _TYPES[kind]} if _TYPES[kind] else {}
        given = self._evaluator.given(node, scope) if node is not None else None
        inner = given.placed[0] if given is not None and given.placed else None
        if inner is None and given is not None:
            inner = next(
                (given.words[word] for word in ("cls_or_instance", "nested", "enum") if word in given.words), None
            )
        if kind in {"List", "DelimitedList", "Tuple"}:
            one = self._field("", inner.node, inner.scope) if inner is not None else None
            return {"type": "array", "items": one.schema if one is not None else {}}
        if inner is None:
            return {}
        if kind == "Enum":
            return self._schemas.of(inner.node, inner.scope)
        node_inside = inner.node.body if isinstance(inner.node, ast.Lambda) else inner.node
        found = self.schema(node_inside, inner.scope) or {}
        many = given is not None and (
            self._evaluator.literal(given.words.get("many")) is True
            or self._evaluator.literal(given.words.get("as_list")) is True
        )
        return {"type": "array", "items": found} if many else found

    def _checked(self, schema: Schema, given: Given) -> Schema:
        """What validators allow: `validate=OneOf([…])`, `enum=[…]`."""
        values = self._evaluator.literal(given.words.get("enum"))
        told = given.words.get("validate")
        checks = told.node.elts if told is not None and isinstance(told.node, ast.List) else [told.node] if told else []
        for check in checks:
            if not isinstance(check, ast.Call) or told is None:
                continue
            inside = self._evaluator.given(check, told.scope)
            if last(check) == "OneOf":
                values = self._evaluator.literal(inside.get("choices", 0))
            elif last(check) in {"Length", "Range"}:
                words = ("minLength", "maxLength") if last(check) == "Length" else ("minimum", "maximum")
                for place, word in enumerate(words):
                    limit = self._evaluator.literal(inside.get(("min", "max")[place], place))
                    if isinstance(limit, int | float) and not isinstance(limit, bool):
                        schema = {**schema, word: limit}
        if isinstance(values, list) and values and "$ref" not in schema:
            return {**schema, **enumeration(values)}
        return schema
