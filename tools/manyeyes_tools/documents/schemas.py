"""JSON Schemas for annotations, pydantic models, dataclasses and enumerations, read from source."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, TypeAlias, cast

from manyeyes_tools.documents.docstrings import read_docstring
from manyeyes_tools.documents.routes import keywords, text
from manyeyes_tools.documents.symbols import dotted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from manyeyes.types import Json
    from manyeyes_tools.documents.symbols import Module

Schema: TypeAlias = "dict[str, Json]"

PLAIN: Mapping[str, Mapping[str, Json]] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "None": {"type": "null"},
    "bytes": {"type": "string", "format": "binary"},
    "dict": {"type": "object"},
    "Mapping": {"type": "object"},
    "list": {"type": "array", "items": {}},
    "tuple": {"type": "array", "items": {}},
    "set": {"type": "array", "items": {}, "uniqueItems": True},
    "datetime": {"type": "string", "format": "date-time"},
    "date": {"type": "string", "format": "date"},
    "time": {"type": "string", "format": "time"},
    "timedelta": {"type": "string", "format": "duration"},
    "UUID": {"type": "string", "format": "uuid"},
    "Decimal": {"anyOf": [{"type": "number"}, {"type": "string"}]},
    "Path": {"type": "string", "format": "path"},
    "EmailStr": {"type": "string", "format": "email"},
    "HttpUrl": {"type": "string", "format": "uri", "minLength": 1, "maxLength": 2083},
    "AnyUrl": {"type": "string", "format": "uri", "minLength": 1},
    "PositiveInt": {"type": "integer", "exclusiveMinimum": 0},
    "NonNegativeInt": {"type": "integer", "minimum": 0},
    "PositiveFloat": {"type": "number", "exclusiveMinimum": 0},
    "UploadFile": {"type": "string", "contentMediaType": "application/octet-stream"},
}
CONSTRAINTS = {
    "gt": "exclusiveMinimum", "ge": "minimum", "lt": "exclusiveMaximum", "le": "maximum",
    "multiple_of": "multipleOf", "pattern": "pattern", "regex": "pattern", "description": "description",
    "title": "title", "deprecated": "deprecated", "examples": "examples",
}  # fmt: skip
_SEQUENCES = frozenset({"list", "List", "Sequence", "Iterable", "set", "Set", "frozenset", "FrozenSet"})
_MAPPINGS = frozenset({"dict", "Dict", "Mapping", "MutableMapping"})
_MODEL_BASES = frozenset({"BaseModel", "TypedDict", "NamedTuple"})
_ENUM_BASES = frozenset({"Enum", "StrEnum", "IntEnum"})
_MISSING = object()


class Schemas:
    """Schemas by annotation.  `components` collects the classes they refer to.

    Args:
        modules: Where classes are looked for; of two of one name the first counts.
    """

    def __init__(self, modules: Sequence[Module]) -> None:
        self.components: dict[str, Schema] = {}
        self._classes: dict[str, ast.ClassDef] = {}
        for module in modules:
            for node in ast.walk(module.tree):
                if isinstance(node, ast.ClassDef):
                    self._classes.setdefault(node.name, node)

    def is_model(self, annotation: ast.expr | None) -> bool:
        """Whether an annotation names a class that a request's body is read into."""
        node = self._classes.get(_last(annotation))
        return node is not None and self._kind(node) == "object"

    def is_enum(self, annotation: ast.expr | None) -> bool:
        """Whether an annotation names an enumeration."""
        node = self._classes.get(_last(annotation))
        return node is not None and self._kind(node) == "enum"

    def default(self, node: ast.expr | None) -> object:
        """As `default_of`, and the value of an enumeration's member too."""
        given = _bare_default(node)
        owner, _, member = dotted(given).rpartition(".") if given is not None else ("", "", "")
        if owner in self._classes and self._kind(self._classes[owner]) == "enum":
            for item in self._classes[owner].body:
                if isinstance(item, ast.Assign) and any(dotted(target) == member for target in item.targets):
                    return literal(item.value)
        return default_of(node)

    def of(self, annotation: ast.expr | None) -> Schema:
        """The schema of an annotation; what is not understood may be anything."""
        if annotation is None:
            return {}
        if isinstance(annotation, ast.Constant):
            return self._constant(annotation.value)
        if isinstance(annotation, ast.BinOp) and isinstance(annotation.op, ast.BitOr):
            return self._union(_alternatives(annotation))
        if isinstance(annotation, ast.Subscript):
            return self._subscript(annotation)
        name = _last(annotation)
        if name in self._classes and self._kind(self._classes[name]):
            return self._reference(name)
        return dict(PLAIN.get(name, PLAIN.get(name.lower(), {}) if name in {"List", "Dict", "Set", "Tuple"} else {}))

    def _constant(self, value: object) -> Schema:
        if value is None:
            return {"type": "null"}
        if isinstance(value, str):
            try:
                return self.of(ast.parse(value, mode="eval").body)
            except (SyntaxError, ValueError):
                return {}
        return {}

    def _union(self, members: Sequence[ast.expr]) -> Schema:
        return {"anyOf": [self.of(member) for member in members]}

    def _subscript(self, node: ast.Subscript) -> Schema:  # noqa: PLR0911 -- one return for each generic type
        name = _last(node.value)
        inner = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
        if name == "Annotated":
            return constrained(self.of(inner[0]), *_marks(inner[1:]))
        if name == "Optional":
            return {"anyOf": [self.of(inner[0]), {"type": "null"}]}
        if name == "Union":
            return self._union(inner)
        if name == "Literal":
            return _enumeration([item.value for item in inner if isinstance(item, ast.Constant)])
        if name in _SEQUENCES:
            schema: Schema = {"type": "array", "items": self.of(inner[0])}
            return schema | ({"uniqueItems": True} if "set" in name.lower() else {})
        if name in {"tuple", "Tuple"}:
            if len(inner) == 2 and isinstance(inner[1], ast.Constant) and inner[1].value is Ellipsis:  # noqa: PLR2004 -- tuple[X, ...]
                return {"type": "array", "items": self.of(inner[0])}
            size = len(inner)
            return {"type": "array", "prefixItems": [self.of(i) for i in inner], "minItems": size, "maxItems": size}
        if name in _MAPPINGS:
            values = self.of(inner[1]) if len(inner) > 1 else {}
            return {"type": "object", "additionalProperties": values or True}
        return self.of(node.value)

    def _kind(self, node: ast.ClassDef, seen: frozenset[str] = frozenset()) -> str:
        """`object`, `enum`, or empty for a class that carries no data as far as can be seen."""
        if any(_last(d.func if isinstance(d, ast.Call) else d) == "dataclass" for d in node.decorator_list):
            return "object"
        for base in node.bases:
            name = _last(base.value if isinstance(base, ast.Subscript) else base)
            if name in _MODEL_BASES:
                return "object"
            if name in _ENUM_BASES:
                return "enum"
            if name in self._classes and name not in seen:
                inherited = self._kind(self._classes[name], seen | {node.name})
                if inherited:
                    return inherited
        return ""

    def _reference(self, name: str) -> Schema:
        if name not in self.components:
            self.components[name] = {}  # a class may refer to itself
            node = self._classes[name]
            self.components[name] = self._enum(node) if self._kind(node) == "enum" else self._object(node)
        return {"$ref": f"#/components/schemas/{name}"}

    def _enum(self, node: ast.ClassDef) -> Schema:
        values = [
            item.value.value
            for item in node.body
            if isinstance(item, ast.Assign) and isinstance(item.value, ast.Constant)
        ]
        return _enumeration(values) | _description(node)

    def _object(self, node: ast.ClassDef) -> Schema:
        properties: dict[str, Json] = {}
        required: list[Json] = []
        self._fields(node, properties, required, frozenset())
        schema: Schema = {"type": "object", "properties": properties, "title": node.name}
        if required:
            schema["required"] = required
        return schema | _description(node)

    def _fields(
        self, node: ast.ClassDef, properties: dict[str, Json], required: list[Json], seen: frozenset[str]
    ) -> None:
        for base in node.bases:
            name = _last(base)
            if name in self._classes and name not in seen:
                self._fields(self._classes[name], properties, required, seen | {node.name})
        told = read_docstring(ast.get_docstring(node) or "")
        meanings = {**told.parameters, **told.attributes}
        for name, item in _annotated(node):
            mark = item.value if isinstance(item.value, ast.Call) else None
            schema = constrained(self.of(item.annotation), *_marks([mark] if mark else []))
            alias = text(keywords(mark).get("alias")) if mark else None
            default = self.default(item.value)
            if default is not _MISSING:
                schema["default"] = cast("Json", default)
            if name in meanings and meanings[name] and "description" not in schema:
                schema["description"] = meanings[name]
            shown = alias or name
            properties[shown] = schema
            if shown in required:
                required.remove(shown)
            if not has_default(item.value):
                required.append(shown)


def _annotated(node: ast.ClassDef) -> Iterator[tuple[str, ast.AnnAssign]]:
    """The fields a class declares itself."""
    for item in node.body:
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
            annotation = item.annotation.value if isinstance(item.annotation, ast.Subscript) else item.annotation
            if not item.target.id.startswith("_") and _last(annotation) != "ClassVar":
                yield item.target.id, item


def constrained(schema: Schema, *marks: ast.Call) -> Schema:
    """A schema with what `Field(…)`, `Query(…)` and their like add to it."""
    result = dict(schema)
    for mark in marks:
        for name, node in keywords(mark).items():
            value = literal(node)
            if value is _MISSING or value is None:
                continue
            if name in CONSTRAINTS:
                _constrain(result, CONSTRAINTS[name], cast("Json", value))
            elif name in {"min_length", "max_length"}:
                unit = "Items" if result.get("type") == "array" else "Length"
                _constrain(result, name[:3] + unit, cast("Json", value))
    return result


def _constrain(schema: Schema, name: str, value: Json) -> None:
    """Set a constraint where it means something: in a union, on the member that is not null."""
    members = schema.get("anyOf")
    if name not in {"description", "title", "deprecated", "examples"} and isinstance(members, list):
        bearing = [member for member in members if isinstance(member, dict) and member.get("type") != "null"]
        if len(bearing) == 1:
            unit = {"minLength": "minItems", "maxLength": "maxItems"} if bearing[0].get("type") == "array" else {}
            bearing[0][unit.get(name, name)] = value
            return
    schema[name] = value


def has_default(node: ast.expr | None) -> bool:
    """Whether a field or a parameter with this value may be left out."""
    if node is None:
        return False
    if isinstance(node, ast.Call) and _last(node.func) in {"Field", "field", *MARKERS}:
        options = keywords(node)
        first = node.args[0] if node.args else options.get("default")
        if isinstance(first, ast.Constant) and first.value is Ellipsis:
            return False
        return first is not None or "default_factory" in options
    return not (isinstance(node, ast.Constant) and node.value is Ellipsis)


MARKERS = frozenset({"Query", "Path", "Header", "Cookie", "Body", "Form", "File"})
"""FastAPI's functions that say where a parameter comes from."""


def default_of(node: ast.expr | None) -> object:
    """The literal default of a field or parameter; a sentinel when there is none to tell, or it is None."""
    given = _bare_default(node)
    value = literal(given) if given is not None else _MISSING
    return _MISSING if value is None else value


def _bare_default(node: ast.expr | None) -> ast.expr | None:
    """The default itself, without the `Field(…)` or `Query(…)` around it."""
    if isinstance(node, ast.Call) and _last(node.func) in {"Field", "field", *MARKERS}:
        return node.args[0] if node.args else keywords(node).get("default")
    return node


def is_told(value: object) -> bool:
    """Whether `default_of` or `literal` gave a value."""
    return value is not _MISSING


def literal(node: ast.expr) -> object:
    """The JSON value of a literal; a sentinel for anything else."""
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return _MISSING
    return value if _is_json(value) else _MISSING


def _is_json(value: object) -> bool:
    if isinstance(value, list):
        return all(_is_json(item) for item in value)
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_json(item) for key, item in value.items())
    return value is None or isinstance(value, str | bool | int) or (isinstance(value, float) and value - value == 0)


def _marks(nodes: Sequence[ast.expr]) -> list[ast.Call]:
    return [node for node in nodes if isinstance(node, ast.Call) and _last(node.func) in {"Field", *MARKERS}]


def _enumeration(values: Sequence[object]) -> Schema:
    plain = [cast("Json", value) for value in values if isinstance(value, str | int | bool) or value is None]
    schema: Schema = {"enum": plain} if len(plain) != 1 else {"const": plain[0]}
    if plain and all(isinstance(value, str) for value in plain):
        schema["type"] = "string"
    elif plain and all(isinstance(value, int) and not isinstance(value, bool) for value in plain):
        schema["type"] = "integer"
    return schema


def _description(node: ast.ClassDef) -> Schema:
    told = read_docstring(ast.get_docstring(node) or "").text
    return {"description": told} if told else {}


def _alternatives(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return [*_alternatives(node.left), *_alternatives(node.right)]
    return [node]


def _last(node: ast.expr | None) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value).rpartition(".")[2]
    return dotted(node).rpartition(".")[2] if node else ""
