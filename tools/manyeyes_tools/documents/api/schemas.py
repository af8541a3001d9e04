"""JSON Schemas for annotations, pydantic models, dataclasses and enumerations, read from source."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast

from manyeyes_tools.documents.api.constraints import (
    FIELDS,
    MAPPINGS,
    PLAIN,
    SEQUENCES,
    constrained,
    enumeration,
    is_json,
    with_default,
)
from manyeyes_tools.documents.api.endpoints import last
from manyeyes_tools.documents.api.evaluation import UNKNOWN, Closure, Evaluator, Expression, External, Instance, Made
from manyeyes_tools.documents.api.scopes import Scope
from manyeyes_tools.documents.docstrings import read_docstring

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes.types import Json
    from manyeyes_tools.documents.api.endpoints import Schema
    from manyeyes_tools.documents.api.evaluation import Value

Shape: TypeAlias = Literal["model", "sequence", "mapping", "scalar", "file", "unknown"]
Kind: TypeAlias = Literal["object", "enum", "root", "scalar", ""]

_MODELS = frozenset({"BaseModel", "TypedDict", "NamedTuple", "SQLModel", "GenericModel", "BaseSettings", "Struct"})
_ENUMS = frozenset({"Enum", "StrEnum", "IntEnum", "Flag", "IntFlag", "ReprEnum"})
_DATA = frozenset({"dataclass", "define", "frozen", "attrs", "s"})
_WRAPPERS = frozenset(
    {"Final", "Required", "NotRequired", "ReadOnly", "SkipValidation", "SerializeAsAny", "Mapped", "InitVar"}
)
_PARTS: Final = 12
"""How deep an annotation is looked into."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """An annotation without what surrounds the type: aliases followed, `Annotated` taken apart."""

    node: ast.expr | None
    scope: Scope
    marks: tuple[Made, ...] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a model.

    Attributes:
        name: Its name in Python.
        shown: Its name outside, its alias if it has one.
        annotation: What it holds, with its marks.
        required: Whether it must be given.
        default: Its default, `UNKNOWN` when there is none or it cannot be told.
        description: What the docstring of the class says of it.
    """

    name: str
    shown: str
    annotation: Annotation
    required: bool
    default: object = UNKNOWN
    description: str = ""


@dataclass(slots=True)
class Schemas:
    """Schemas by annotation.

    Attributes:
        components: The classes that schemas refer to, by their names in the document.
        notes: What could not be told, for people.
    """

    evaluator: Evaluator
    components: dict[str, Schema] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    _names: dict[tuple[int, str], str] = field(default_factory=dict)
    _depth: int = 0

    # annotations -----------------------------------------------------------------------------------------------

    def unwrapped(self, node: ast.expr | None, scope: Scope) -> Annotation:  # noqa: C901 -- one branch for each form of code
        """An annotation's type and the marks beside it."""
        marks: list[Made] = []
        for _ in range(_PARTS):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                node = self.evaluator.parsed(node)
                continue
            if isinstance(node, ast.Name | ast.Attribute):
                found = self.evaluator.value(node, scope)
                if isinstance(found, Expression) and found.node is not node and not _is_none(found.node):
                    node, scope = found.node, found.scope
                    continue
                break
            if not isinstance(node, ast.Subscript):
                break
            name = last(node.value)
            if name == "Annotated" and isinstance(node.slice, ast.Tuple):
                for item in node.slice.elts[1:]:
                    made = self.evaluator.value(item, scope)
                    if isinstance(made, Made):
                        marks.append(made)
                    elif isinstance(made, Instance) and made.call is not None:
                        marks.extend(self._marks_of(made))
                node = node.slice.elts[0]
            elif name in _WRAPPERS:
                node = node.slice.elts[0] if isinstance(node.slice, ast.Tuple) else node.slice
            else:
                break
        return Annotation(node, scope, tuple(marks))

    def _marks_of(self, made: Instance) -> Iterator[Made]:
        """A mark of a class of the project that derives from one of the frameworks' own."""
        for name in self.evaluator.ancestors(made.cls):
            if name in {*FIELDS, "Depends", "Security"} and made.call is not None:
                yield Made(name, made.call, made.scope)
                return

    def of(self, node: ast.expr | None, scope: Scope) -> Schema:
        """The schema of an annotation; what is not understood may be anything."""
        if node is None or self._depth > _PARTS * 4:
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

    def _made(self, made: Made) -> Schema:  # noqa: PLR0911 -- one return for each form of code
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
        if made.last in _ENUMS:
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

    def _subscript(self, node: ast.Subscript, scope: Scope) -> Schema:  # noqa: C901, PLR0911 -- one branch for each form of code
        name = last(node.value)
        inner = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
        if name == "Optional":
            return self._union([inner[0], ast.Constant(None)], scope)
        if name == "Union":
            return self._union(inner, scope)
        if name == "Literal":
            return enumeration([value for item in inner for value in self._literal_values(item, scope)])
        if name in SEQUENCES:
            schema: Schema = {"type": "array", "items": self.of(inner[0], scope)}
            return schema | ({"uniqueItems": True} if "set" in name.lower() else {})
        if name in {"tuple", "Tuple"}:
            if len(inner) == 2 and isinstance(inner[1], ast.Constant) and inner[1].value is Ellipsis:  # noqa: PLR2004 -- plain to a reader here
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
        names = list(dict.fromkeys(self._type_variables(alias.node, alias.scope)))
        given: dict[str, object] = {name: Expression(one, scope) for name, one in zip(names, inner, strict=False)}
        return self.of(alias.node, Scope(alias.scope.module, {}, alias.scope, given=given))

    def _type_variables(self, node: ast.AST, scope: Scope) -> Iterator[str]:
        for one in ast.walk(node):
            if isinstance(one, ast.Name):
                found = self.evaluator.value(one, scope)
                if isinstance(found, Made) and found.last == "TypeVar":
                    yield one.id

    def _literal_values(self, node: ast.expr, scope: Scope) -> Iterator[object]:
        if isinstance(node, ast.Subscript):  # Literal[Literal["a"], "b"]
            for one in node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]:
                yield from self._literal_values(one, scope)
            return
        if isinstance(node, ast.Name):
            inner = self.unwrapped(node, scope)
            if isinstance(inner.node, ast.Subscript):
                yield from self._literal_values(inner.node, inner.scope)
                return
        value = self.evaluator.literal(node, scope)
        if value is not UNKNOWN:
            yield value

    # shapes ----------------------------------------------------------------------------------------------------

    def shape(self, node: ast.expr | None, scope: Scope) -> Shape:
        """What kind of value an annotation stands for; decides where FastAPI looks for it."""
        inner = self.unwrapped(node, scope)
        node, scope = inner.node, inner.scope
        if node is None:
            return "scalar"
        if isinstance(node, ast.BinOp):
            return _widest([self.shape(one, scope) for one in alternatives(node)])
        if isinstance(node, ast.Subscript):
            return self._subscript_shape(node, scope)
        if isinstance(node, ast.Constant):
            return "scalar"
        return self._value_shape(self.evaluator.value(node, scope))

    def _subscript_shape(self, node: ast.Subscript, scope: Scope) -> Shape:
        name = last(node.value)
        members = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if name in {"Optional", "Union"}:
            return _widest([self.shape(one, scope) for one in members])
        if name in SEQUENCES or name in {"tuple", "Tuple"}:
            inner = self.shape(members[0], scope)
            return "file" if inner == "file" else "model" if inner in {"model", "mapping", "sequence"} else "sequence"
        if name in MAPPINGS:
            return "mapping"
        if name in {"Literal", "Json", "type", "Type"}:
            return "scalar"
        owner = self.evaluator.value(node.value, scope)
        if isinstance(owner, Expression):
            return self.shape(owner.node, owner.scope)
        return self._value_shape(owner)

    def _value_shape(self, value: Value) -> Shape:  # noqa: PLR0911 -- one return for each form of code
        if isinstance(value, Closure) and isinstance(value.node, ast.ClassDef):
            kind = self.kind(value)
            return "model" if kind in {"object", "root"} else "scalar"
        if isinstance(value, Made):
            if value.last == "NewType" and len(value.call.args) > 1:
                return self.shape(value.call.args[1], value.scope)
            return (
                "sequence"
                if value.last in {"conlist", "conset"}
                else "model"
                if value.last == "create_model"
                else "scalar"
            )
        if isinstance(value, External):
            name = value.last
            if name == "UploadFile":
                return "file"
            if name in SEQUENCES or name in {"tuple", "Tuple"}:
                return "sequence"
            if name in MAPPINGS:
                return "mapping"
            known = (
                name in PLAIN
                or name in {"Any", "object", "Hashable", "AnyStr"}
                or value.name.startswith("pydantic_extra_types.")
            )
            return "scalar" if known or not name[:1].isupper() else "unknown"
        return "scalar"

    # classes ---------------------------------------------------------------------------------------------------

    def kind(self, cls: Closure) -> Kind:  # noqa: PLR0911 -- one return for each form of code
        """What a class is to a schema; empty for one that carries no data as far as can be seen."""
        if not isinstance(cls.node, ast.ClassDef):
            return ""
        names = self.evaluator.ancestors(cls)
        if any(name in _ENUMS for name in names):
            return "enum"
        if "RootModel" in names:
            return "root"
        if any(name in _MODELS for name in names):
            return "object"
        for one in self.evaluator.mro(cls):
            if isinstance(one, Closure) and any(last(d) in _DATA for d in getattr(one.node, "decorator_list", [])):
                return "object"
        if any(name in PLAIN for name in names):
            return "scalar"
        if any(name.endswith(("Model", "Schema")) for name in names):
            return "object"
        return ""

    def _class(self, cls: Closure, given: tuple[Expression, ...]) -> Schema:
        kind = self.kind(cls)
        assert isinstance(cls.node, ast.ClassDef)  # noqa: S101 -- for the type checker; callers saw to it
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
            text = found.node.name if isinstance(found, Closure) else ast.unparse(inner.node) if inner.node else ""
            parts.append(re.sub(r"\W+", "_", text).strip("_"))
        return "_".join(parts)

    def _name(self, cls: Closure, args: str) -> str:
        """The name in the document; of two classes of one name the second has its module's before it."""
        key = (id(cls.node), args)
        if key not in self._names:
            assert isinstance(cls.node, ast.ClassDef)  # noqa: S101 -- for the type checker; callers saw to it
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
        assert isinstance(cls.node, ast.ClassDef)  # noqa: S101 -- for the type checker; callers saw to it
        for base in cls.node.bases:
            if isinstance(base, ast.Subscript) and last(base.value) == "RootModel":
                return self.of(base.slice, self._inside(cls, given)) | self._described(cls)
        return {}

    def _object(self, cls: Closure, given: tuple[Expression, ...]) -> Schema:
        assert isinstance(cls.node, ast.ClassDef)  # noqa: S101 -- for the type checker; callers saw to it
        properties: dict[str, Json] = {}
        required: list[Json] = []
        for one in self.fields(cls, given):
            properties[one.shown] = self.field_schema(one)
            if one.required:
                required.append(one.shown)
        schema: Schema = {"type": "object", "properties": properties, "title": cls.node.name}
        if required:
            schema["required"] = required
        extra = self._config(cls, "extra")
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

    def fields(self, cls: Closure, given: tuple[Expression, ...] = ()) -> list[Field]:
        """The fields of a model, those of its bases first."""
        found: dict[str, Field] = {}
        for layer, scope in reversed(list(self._layers(cls, given))):
            assert isinstance(layer.node, ast.ClassDef)  # noqa: S101 -- for the type checker; callers saw to it
            doc = read_docstring(ast.get_docstring(layer.node) or "")
            meanings = {**doc.parameters, **doc.attributes}
            total = not any(
                word.arg == "total" and self.evaluator.literal(word.value, scope) is False
                for word in layer.node.keywords
            )
            for name, item in _annotated(layer.node):
                one = self._field(name, item, scope, cls, total=total)
                if one is None:
                    found.pop(name, None)
                    continue
                found[name] = replace(one, description=meanings.get(name, ""))
            for line in layer.node.body:  # a plain value overrides an inherited field's default
                if (
                    isinstance(line, ast.Assign)
                    and isinstance(line.targets[0], ast.Name)
                    and line.targets[0].id in found
                ):
                    name = line.targets[0].id
                    found[name] = replace(
                        found[name], required=False, default=self.evaluator.literal(line.value, scope)
                    )
        return list(found.values())

    def _field(self, name: str, item: ast.AnnAssign, scope: Scope, cls: Closure, *, total: bool) -> Field | None:
        wrapped = item.annotation.value if isinstance(item.annotation, ast.Subscript) else item.annotation
        annotation = self.unwrapped(item.annotation, scope)
        marks = list(annotation.marks)
        made = self.evaluator.value(item.value, scope) if isinstance(item.value, ast.Call) else None
        if isinstance(made, Made) and (made.last in {"Relationship", "relationship", "PrivateAttr"}):
            return None
        if isinstance(made, Instance):
            made = next(self.marks_of(made), None)
        if isinstance(made, Made) and made.last in FIELDS:
            marks.append(made)
        else:
            made = None
        alias: str | None = None
        for mark in marks:
            words = self.evaluator.given(mark.call, mark.scope).words
            for key in ("validation_alias", "alias"):
                alias = self.evaluator.text(words.get(key)) or alias
            if (
                self.evaluator.literal(words.get("init")) is False
                or self.evaluator.literal(words.get("exclude")) is True
            ):
                return None
        required, default = self.default(item.value, scope, [mark for mark in marks if mark.last in FIELDS])
        if last(wrapped) == "NotRequired" or (not total and last(wrapped) != "Required"):
            required = False
        if last(wrapped) == "Relationship":
            return None
        return Field(
            name,
            alias or self._generated(cls, name),
            Annotation(annotation.node, annotation.scope, tuple(marks)),
            required,
            default,
        )

    marks_of = _marks_of

    def default(self, node: ast.expr | None, scope: Scope, marks: list[Made]) -> tuple[bool, object]:
        """Whether a field or parameter must be given, and its default when that can be told."""
        if node is not None:
            found = self.evaluator.value(node, scope) if isinstance(node, ast.Call | ast.Name | ast.Attribute) else None
            if isinstance(found, Made) and found.last in FIELDS:
                return self._mark_default(found)
            if isinstance(found, Instance) and any(mark.call is found.call for mark in marks):
                return self._mark_default(next(mark for mark in marks if mark.call is found.call))
            if isinstance(node, ast.Constant) and node.value is Ellipsis:
                return True, UNKNOWN
            value = self.evaluator.literal(node, scope)
            return False, value if is_json(value) else UNKNOWN
        for mark in marks:
            required, value = self._mark_default(mark)
            if not required and mark.last in {"Field", *FIELDS}:
                return False, value
        return True, UNKNOWN

    def _mark_default(self, mark: Made) -> tuple[bool, object]:
        given = self.evaluator.given(mark.call, mark.scope)
        first = given.get("default", 0)
        if first is not None:
            value = self.evaluator.literal(first)
            name = last(first.node)
            if value is Ellipsis or name in {"Undefined", "PydanticUndefined", "Required"}:
                return True, UNKNOWN
            return False, value if is_json(value) else UNKNOWN
        return not ({"default_factory", "factory"} & set(given.words)), UNKNOWN

    def _layers(self, cls: Closure, given: tuple[Expression, ...], seen: int = 0) -> Iterator[tuple[Closure, Scope]]:
        """A class and its bases in the files, nearest first, each with what its type variables stand for."""
        assert isinstance(cls.node, ast.ClassDef)  # noqa: S101 -- for the type checker; callers saw to it
        scope = self._inside(cls, given)
        yield cls, scope
        if seen > _PARTS:
            return
        for base in cls.node.bases:
            node = base.value if isinstance(base, ast.Subscript) else base
            found = self.evaluator.value(node, cls.scope)
            if isinstance(found, Closure) and isinstance(found.node, ast.ClassDef) and found.node is not cls.node:
                inner = base.slice if isinstance(base, ast.Subscript) else None
                parts = inner.elts if isinstance(inner, ast.Tuple) else [inner] if inner is not None else []
                yield from self._layers(found, tuple(Expression(one, scope) for one in parts), seen + 1)

    def _inside(self, cls: Closure, given: tuple[Expression, ...]) -> Scope:
        """Where a class's annotations are looked up: its own classes, its type variables, then what is around it."""
        assert isinstance(cls.node, ast.ClassDef)  # noqa: S101 -- for the type checker; callers saw to it
        nested = {
            one.name: self.evaluator.closure(one, cls.scope) for one in cls.node.body if isinstance(one, ast.ClassDef)
        }
        variables: dict[str, object] = dict(zip(self._variables(cls), given, strict=False))
        key = Scope(cls.scope.module, {}, cls.scope, given={**nested, **variables})
        return key if nested or variables else cls.scope

    def _variables(self, cls: Closure) -> list[str]:
        assert isinstance(cls.node, ast.ClassDef)  # noqa: S101 -- for the type checker; callers saw to it
        own = [str(getattr(one, "name", "")) for one in getattr(cls.node, "type_params", [])]
        if own:
            return own
        for base in cls.node.bases:
            if isinstance(base, ast.Subscript) and last(base.value) in {"Generic", "Protocol"}:
                return list(self._type_variables(base.slice, cls.scope))
        names = [
            name
            for base in cls.node.bases
            if isinstance(base, ast.Subscript)
            for name in self._type_variables(base.slice, cls.scope)
        ]
        return list(dict.fromkeys(names))

    def _config(self, cls: Closure, name: str) -> object:  # noqa: C901 -- one branch for each form of code
        """What a model's configuration says under a name."""
        for one in self.evaluator.mro(cls):
            if not isinstance(one, Closure) or not isinstance(one.node, ast.ClassDef):
                continue
            scope = self.evaluator.class_scope(one)
            for keyword in one.node.keywords:
                if keyword.arg == name:
                    return self.evaluator.literal(keyword.value, one.scope)
            for item in one.node.body:
                if isinstance(item, ast.Assign) and last(item.targets[0]) == "model_config":
                    told = self._config_word(item.value, scope, name)
                    if told is not None:
                        return self.evaluator.literal(told)
                if isinstance(item, ast.ClassDef) and item.name == "Config":
                    for line in item.body:
                        if isinstance(line, ast.Assign) and last(line.targets[0]) == name:
                            return self.evaluator.literal(line.value, scope)
        return UNKNOWN

    def _config_word(self, node: ast.expr, scope: Scope, name: str) -> Expression | None:
        if isinstance(node, ast.Call):
            return self.evaluator.given(node, scope).words.get(name)
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == name:
                    return Expression(value, scope)
        return None

    def _generated(self, cls: Closure, name: str) -> str:
        """The alias that a model's `alias_generator` makes, where it is one of pydantic's own or plainly named so."""
        for one in self.evaluator.mro(cls):
            if not isinstance(one, Closure) or not isinstance(one.node, ast.ClassDef):
                continue
            for item in one.node.body:
                told: Expression | None = None
                scope = self.evaluator.class_scope(one)
                if isinstance(item, ast.Assign) and last(item.targets[0]) == "model_config":
                    told = self._config_word(item.value, scope, "alias_generator")
                elif isinstance(item, ast.ClassDef) and item.name == "Config":
                    told = next(
                        (
                            Expression(x.value, scope)
                            for x in item.body
                            if isinstance(x, ast.Assign) and last(x.targets[0]) == "alias_generator"
                        ),
                        None,
                    )
                if told is None:
                    continue
                maker = last(told.node)
                if maker == "AliasGenerator":
                    inner = (
                        told.node.keywords[0].value
                        if isinstance(told.node, ast.Call) and told.node.keywords
                        else told.node
                    )
                    maker = last(inner)
                return _cased(maker, name)
        return name

    def _described(self, cls: Closure) -> Schema:
        told = read_docstring(ast.get_docstring(cast("ast.ClassDef", cls.node)) or "").text
        return {"description": told} if told else {}


def _cased(maker: str, name: str) -> str:
    words = [word for word in name.split("_") if word]
    if "camel" in maker.lower() and words:
        return words[0] + "".join(word[:1].upper() + word[1:] for word in words[1:])
    if "pascal" in maker.lower():
        return "".join(word[:1].upper() + word[1:] for word in words)
    return name


def _annotated(node: ast.ClassDef) -> Iterator[tuple[str, ast.AnnAssign]]:
    """The fields a class declares itself."""
    for item in node.body:
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
            annotation = item.annotation.value if isinstance(item.annotation, ast.Subscript) else item.annotation
            plain = last(annotation) if not isinstance(annotation, ast.Constant) else str(annotation.value)
            if (
                not item.target.id.startswith("_")
                and not plain.rpartition(".")[2].startswith("ClassVar")
                and item.target.id != "model_config"
            ):
                yield item.target.id, item


def alternatives(node: ast.expr | None) -> list[ast.expr]:
    """The members of a union, however it is written; the annotation itself when it is none."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return [*alternatives(node.left), *alternatives(node.right)]
    if isinstance(node, ast.Subscript) and last(node.value) == "Optional":
        return [*alternatives(node.slice), ast.Constant(None)]
    if isinstance(node, ast.Subscript) and last(node.value) == "Union" and isinstance(node.slice, ast.Tuple):
        return [one for member in node.slice.elts for one in alternatives(member)]
    return [node] if node is not None else []


def _widest(shapes: list[Shape]) -> Shape:
    order: tuple[Shape, ...] = ("file", "model", "mapping", "sequence", "unknown", "scalar")
    return next((one for one in order if one in shapes), "scalar")


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
