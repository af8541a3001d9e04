"""Schemas of Django REST framework's serializers, those of models with the fields that the models give them."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, TypeAlias, cast

from manyeyes_tools.documents.api.constraints import enumeration, with_default
from manyeyes_tools.documents.api.django_fields import FIELDS, READ_ONLY
from manyeyes_tools.documents.api.django_models import DjangoModels, ModelField, as_field, choices
from manyeyes_tools.documents.api.values import UNKNOWN, Closure, Expression, Instance, Made
from manyeyes_tools.documents.docstrings import read_docstring

if TYPE_CHECKING:
    from manyeyes.types import Json
    from manyeyes_tools.documents.api.endpoints import Schema
    from manyeyes_tools.documents.api.evaluation import Evaluator
    from manyeyes_tools.documents.api.schemas import Schemas
    from manyeyes_tools.documents.api.scopes import Scope
    from manyeyes_tools.documents.api.values import Given

_ALL: Final = "__all__"
_DEEP: Final = 12


@dataclass(frozen=True, slots=True)
class SerializerField:
    """One field of a serializer."""

    name: str
    schema: Schema
    required: bool
    read_only: bool = False
    write_only: bool = False


Fields: TypeAlias = "dict[str, SerializerField]"


@dataclass(slots=True)
class Serializers:
    """Serializers by class, as components of the document."""

    schemas: Schemas
    models: DjangoModels
    _names: dict[tuple[int, bool], str] = field(default_factory=dict)
    _depth: int = 0

    @property
    def _evaluator(self) -> Evaluator:
        return self.schemas.evaluator

    def is_serializer(self, value: object) -> bool:
        """Whether a value is a class of serializers."""
        return isinstance(value, Closure) and any(
            name.endswith("Serializer") for name in self._evaluator.ancestors(value)
        )

    def reference(self, cls: Closure, *, partial: bool = False) -> Schema:
        """The schema of a serializer; with `partial` that of a PATCH, in which nothing must be given."""
        key = (id(cls.node), partial)
        if key not in self._names:
            assert isinstance(cls.node, ast.ClassDef)  # noqa: S101 -- narrows the type; only such nodes are passed in
            base = ("Patched" if partial else "") + (cls.node.name.removesuffix("Serializer") or cls.node.name)
            name, number = base, 2
            while name in self.schemas.components:
                name, number = f"{base}{number}", number + 1
            self._names[key] = name
            self.schemas.components[name] = {}  # a serializer may refer to itself
            self.schemas.components[name] = self._object(cls, partial=partial)
        return {"$ref": f"#/components/schemas/{self._names[key]}"}

    def _object(self, cls: Closure, *, partial: bool) -> Schema:
        fields = self.fields(cls)
        properties: dict[str, Json] = {}
        required: list[Json] = []
        for one in fields.values():
            schema = dict(one.schema)
            if one.read_only or one.write_only:
                word = "readOnly" if one.read_only else "writeOnly"
                schema = {"allOf": [schema], word: True} if "$ref" in schema else {**schema, word: True}
            properties[one.name] = schema
            if (one.required or one.read_only) and not partial:
                required.append(one.name)
        result: Schema = {"type": "object", "properties": properties}
        if required:
            result["required"] = required
        told = read_docstring(ast.get_docstring(cast("ast.ClassDef", cls.node)) or "").text
        return result | ({"description": told} if told else {})

    def fields(self, cls: Closure) -> Fields:
        """The fields of a serializer: those it declares, and those its model gives it."""
        self._depth += 1
        try:
            if self._depth > _DEEP:
                return {}
            declared = self._declared(cls)
            if not any("Model" in name for name in self._evaluator.ancestors(cls)):
                return declared
            return self._of_model(cls, declared)
        finally:
            self._depth -= 1

    # declared fields -------------------------------------------------------------------------------------------

    def _declared(self, cls: Closure) -> Fields:
        found: Fields = {}
        for one in reversed(list(self._evaluator.mro(cls))):
            if not isinstance(one, Closure) or not isinstance(one.node, ast.ClassDef):
                continue
            scope = self._evaluator.class_scope(one)
            for line in one.node.body:
                if isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name):
                    name, value = line.targets[0].id, line.value
                elif isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name) and line.value:
                    name, value = line.target.id, line.value
                else:
                    continue
                if isinstance(value, ast.Constant) and value.value is None:
                    found.pop(name, None)  # taken back
                    continue
                made = self._field(name, value, scope, cls)
                if made is not None:
                    found.pop(name, None)
                    found[name] = made
        return found

    def _field(self, name: str, node: ast.expr, scope: Scope, owner: Closure | None) -> SerializerField | None:
        """The field that an expression makes; None for what is no field."""
        if not isinstance(node, ast.Call):
            return None
        value = self._evaluator.value(node, scope)
        if isinstance(value, Instance) and value.call is not None and self.is_serializer(value.cls):
            given = self._evaluator.given(value.call, value.scope)
            schema = self.reference(value.cls)
            if self._evaluator.literal(given.words.get("many")) is True:
                schema = {"type": "array", "items": schema}
            return self._finished(name, schema, given, read_only=False)
        made = as_field(node, scope, self._evaluator, set(FIELDS))
        if made is None or made.last == "HiddenField":
            return None
        given = self._evaluator.given(made.call, made.scope)
        schema = self._schema(name, made, given, owner)
        return self._finished(name, schema, given, read_only=made.last in READ_ONLY)

    def _schema(self, name: str, made: Made, given: Given, owner: Closure | None) -> Schema:
        schema = dict(FIELDS.get(made.last, {}))
        if made.last == "SerializerMethodField" and owner is not None:
            return self._computed(name, given, owner) or schema
        if made.last in {"ChoiceField", "MultipleChoiceField"} and (told := given.get("choices", 0)) is not None:
            inner = enumeration(choices(told, self._evaluator))
            return {"type": "array", "items": inner} if made.last.startswith("Multiple") else inner
        if made.last in {"ListField", "ArrayField", "DictField"}:
            return self._container(name, made, given, owner) or schema
        if made.last == "PrimaryKeyRelatedField":
            query = given.words.get("queryset")
            model = self.queried(query) if query is not None else (False, None)
            schema = dict(self.models.key(model[1]).schema) if model[0] else schema
        if made.last.endswith("RelatedField") and self._evaluator.literal(given.words.get("many")) is True:
            return {"type": "array", "items": schema}
        return self._limited(schema, given)

    def _computed(self, name: str, given: Given, owner: Closure) -> Schema:
        """What the method of a `SerializerMethodField` says that it returns."""
        method = self._evaluator.text(given.get("method_name", 0)) or f"get_{name}"
        found = self._evaluator.class_attribute(owner, method)
        node = found.node if isinstance(found, Closure) else None
        if isinstance(found, Closure) and isinstance(node, ast.FunctionDef) and node.returns is not None:
            return self.schemas.of(node.returns, found.scope)
        return {}

    def _container(self, name: str, made: Made, given: Given, owner: Closure | None) -> Schema:
        child = given.get("child") or given.words.get("base_field")
        inside = self._field(name, child.node, child.scope, owner) if child is not None else None
        if inside is None:
            return {}
        if made.last == "DictField":
            return {"type": "object", "additionalProperties": inside.schema or True}
        return {"type": "array", "items": inside.schema}

    def _limited(self, schema: Schema, given: Given) -> Schema:
        for word, told_as in (("max_length", "maxLength"), ("min_length", "minLength")):
            limit = self._evaluator.literal(given.words.get(word))
            if isinstance(limit, int) and schema.get("type") == "string":
                schema[told_as] = limit
        for word, told_as in (("max_value", "maximum"), ("min_value", "minimum")):
            limit = self._evaluator.literal(given.words.get(word))
            if isinstance(limit, int | float) and schema.get("type") in {"integer", "number"}:
                schema[told_as] = limit
        return schema

    def _finished(self, name: str, schema: Schema, given: Given, *, read_only: bool) -> SerializerField:
        word = {key: self._evaluator.literal(value) for key, value in given.words.items()}
        read_only = read_only or word.get("read_only") is True
        if word.get("allow_null") is True:
            schema = {"anyOf": [schema, {"type": "null"}]} if schema else schema
        default = word.get("default", UNKNOWN)
        text = word.get("help_text")
        if isinstance(text, str) and "$ref" not in schema:
            schema = {**schema, "description": text}
        optional = "default" in given.words or word.get("required") is False or read_only
        return SerializerField(
            name, with_default(schema, default), not optional, read_only, word.get("write_only") is True
        )

    def queried(self, query: Expression) -> tuple[bool, Closure | None]:
        """The model that a query set is of: `Item.objects.filter(…)` is of `Item`."""
        node, scope = query.node, query.scope
        for _ in range(_DEEP * 2):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                node = node.func.value
            elif isinstance(node, ast.Attribute):
                node = node.value
                if isinstance(node, ast.Call) or isinstance(self._evaluator.value(node, scope), Closure):
                    return self.models.model(Expression(node, scope))
            else:
                break
        return False, None

    # fields of models ------------------------------------------------------------------------------------------

    def _meta(self, cls: Closure, name: str) -> Expression | None:
        """What the nearest `Meta` of a serializer, or a base of that, sets a name to."""
        for one in self._evaluator.mro(cls):
            if not isinstance(one, Closure) or not isinstance(one.node, ast.ClassDef):
                continue
            for inner in one.node.body:
                if isinstance(inner, ast.ClassDef) and inner.name == "Meta":
                    meta = self._evaluator.closure(inner, self._evaluator.class_scope(one))
                    for layer in self._evaluator.mro(meta):
                        if isinstance(layer, Closure) and isinstance(layer.node, ast.ClassDef):
                            scope = self._evaluator.class_scope(layer)
                            for item in reversed(scope.bindings.get(name, [])):
                                if isinstance(item, ast.expr):
                                    return Expression(item, scope)
                    return None
        return None

    def model_of(self, cls: Closure) -> tuple[bool, Closure | None]:
        """The model that a serializer is of, as `DjangoModels.model` tells it."""
        return self.models.model(self._meta(cls, "model"))

    def _of_model(self, cls: Closure, declared: Fields) -> Fields:
        known, model = self.model_of(cls)
        if not known:
            return declared
        given = self.models.fields(model)
        wanted = self._evaluator.literal(self._meta(cls, "fields"))
        excluded = self._evaluator.literal(self._meta(cls, "exclude"))
        listed = [str(one) for one in wanted] if isinstance(wanted, list) else None
        hyper = any("Hyperlinked" in name for name in self._evaluator.ancestors(cls))
        if listed is None:
            left = {str(one) for one in excluded} if isinstance(excluded, list) else set()
            key = self.models.key(model).name
            plain = [one.name for one in given.values() if not one.relation and one.name != key]
            forward = [one.name for one in given.values() if one.relation]
            first = "url" if hyper else key
            listed = [one for one in dict.fromkeys([first, *declared, *plain, *forward]) if one not in left]
        fixed = self._evaluator.literal(self._meta(cls, "read_only_fields"))
        extra = self._extra(cls)
        found: Fields = {}
        for name in listed:
            if name in declared:
                found[name] = declared[name]
                continue
            one = self._modelled(name, given.get(name), model, hyper=hyper)
            if isinstance(fixed, list) and name in fixed:
                one = replace(one, read_only=True, required=False)
            found[name] = self._changed(one, extra.get(name, {}))
        return found

    def _modelled(self, name: str, known: ModelField | None, model: Closure | None, *, hyper: bool) -> SerializerField:
        if known is None:
            link: Schema = {"type": "string", "format": "uri"}
            if name == "url" and hyper:
                return SerializerField(name, link, required=False, read_only=True)
            if name == "pk":
                return SerializerField(name, dict(self.models.key(model).schema), required=False, read_only=True)
            reversed_, other = self.models.reverse(model, name) if model is not None else (False, None)
            if reversed_:
                items: Schema = link if hyper else dict(self.models.key(other).schema)
                return SerializerField(name, {"type": "array", "items": items}, required=True)
            return SerializerField(name, self._property(name, model), required=False, read_only=True)
        schema = dict(known.schema)
        if hyper and known.relation:
            schema = {"type": "string", "format": "uri"}
            schema = {"type": "array", "items": schema} if known.many else schema
        if known.nullable and schema:
            schema = {"anyOf": [schema, {"type": "null"}]}
        return SerializerField(name, schema, known.required, known.read_only)

    def _property(self, name: str, model: Closure | None) -> Schema:
        """What a method or property of a model gives."""
        found = self._evaluator.class_attribute(model, name) if model is not None else None
        node = found.node if isinstance(found, Closure) else None
        if isinstance(found, Closure) and isinstance(node, ast.FunctionDef) and node.returns is not None:
            return self.schemas.of(node.returns, found.scope)
        return {}

    def _extra(self, cls: Closure) -> dict[str, dict[str, object]]:
        """What `extra_kwargs` says of fields."""
        told = self._meta(cls, "extra_kwargs")
        value = self._evaluator.value(told.node, told.scope) if told is not None else None
        found: dict[str, dict[str, object]] = {}
        if isinstance(value, Expression) and isinstance(value.node, ast.Dict):
            for key, item in zip(value.node.keys, value.node.values, strict=True):
                name = self._evaluator.text(key, value.scope) if key is not None else None
                if name is not None and isinstance(item, ast.Dict):
                    found[name] = {
                        str(self._evaluator.text(word, value.scope)): self._evaluator.literal(one, value.scope)
                        for word, one in zip(item.keys, item.values, strict=True)
                        if word is not None
                    }
        return found

    @staticmethod
    def _changed(one: SerializerField, words: dict[str, object]) -> SerializerField:
        if words.get("read_only") is True:
            one = replace(one, read_only=True, required=False)
        if words.get("write_only") is True:
            one = replace(one, write_only=True)
        if "default" in words:
            one = replace(one, required=False)
        if isinstance(words.get("required"), bool) and not one.read_only:
            one = replace(one, required=words["required"] is True)
        return one
