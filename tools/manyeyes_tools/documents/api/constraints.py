"""What annotations of the standard library and pydantic's own types mean as JSON Schemas, and what narrows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from manyeyes_tools.documents.api.values import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from manyeyes.types import Json
    from manyeyes_tools.documents.api.endpoints import Schema
    from manyeyes_tools.documents.api.evaluation import Evaluator
    from manyeyes_tools.documents.api.values import Made

_TEXT: Final[Schema] = {"type": "string"}
_WHOLE: Final[Schema] = {"type": "integer"}
_NUMBER: Final[Schema] = {"type": "number"}

PLAIN: Mapping[str, Schema] = {
    "str": _TEXT,
    "int": _WHOLE,
    "float": _NUMBER,
    "complex": _TEXT,
    "bool": {"type": "boolean"},
    "None": {"type": "null"},
    "NoneType": {"type": "null"},
    "bytes": {"type": "string", "format": "binary"},
    "dict": {"type": "object"},
    "Dict": {"type": "object"},
    "Mapping": {"type": "object"},
    "MutableMapping": {"type": "object"},
    "OrderedDict": {"type": "object"},
    "defaultdict": {"type": "object"},
    "list": {"type": "array", "items": {}},
    "List": {"type": "array", "items": {}},
    "Sequence": {"type": "array", "items": {}},
    "Iterable": {"type": "array", "items": {}},
    "tuple": {"type": "array", "items": {}},
    "Tuple": {"type": "array", "items": {}},
    "set": {"type": "array", "items": {}, "uniqueItems": True},
    "Set": {"type": "array", "items": {}, "uniqueItems": True},
    "frozenset": {"type": "array", "items": {}, "uniqueItems": True},
    "FrozenSet": {"type": "array", "items": {}, "uniqueItems": True},
    "datetime": {"type": "string", "format": "date-time"},
    "AwareDatetime": {"type": "string", "format": "date-time"},
    "NaiveDatetime": {"type": "string", "format": "date-time"},
    "PastDatetime": {"type": "string", "format": "date-time"},
    "FutureDatetime": {"type": "string", "format": "date-time"},
    "date": {"type": "string", "format": "date"},
    "PastDate": {"type": "string", "format": "date"},
    "FutureDate": {"type": "string", "format": "date"},
    "time": {"type": "string", "format": "time"},
    "timedelta": {"type": "string", "format": "duration"},
    "UUID": {"type": "string", "format": "uuid"},
    "UUID1": {"type": "string", "format": "uuid1"},
    "UUID4": {"type": "string", "format": "uuid4"},
    "Decimal": {"anyOf": [{"type": "number"}, {"type": "string"}]},
    "Path": {"type": "string", "format": "path"},
    "FilePath": {"type": "string", "format": "file-path"},
    "DirectoryPath": {"type": "string", "format": "directory-path"},
    "EmailStr": {"type": "string", "format": "email"},
    "NameEmail": {"type": "string", "format": "name-email"},
    "HttpUrl": {"type": "string", "format": "uri", "minLength": 1, "maxLength": 2083},
    "AnyHttpUrl": {"type": "string", "format": "uri", "minLength": 1},
    "AnyUrl": {"type": "string", "format": "uri", "minLength": 1},
    "Url": {"type": "string", "format": "uri", "minLength": 1},
    "PostgresDsn": {"type": "string", "format": "uri", "minLength": 1},
    "SecretStr": {"type": "string", "format": "password", "writeOnly": True},
    "SecretBytes": {"type": "string", "format": "password", "writeOnly": True},
    "IPv4Address": {"type": "string", "format": "ipv4"},
    "IPv6Address": {"type": "string", "format": "ipv6"},
    "IPvAnyAddress": {"type": "string", "format": "ipvanyaddress"},
    "Pattern": {"type": "string", "format": "regex"},
    "PositiveInt": {"type": "integer", "exclusiveMinimum": 0},
    "NonNegativeInt": {"type": "integer", "minimum": 0},
    "NegativeInt": {"type": "integer", "exclusiveMaximum": 0},
    "NonPositiveInt": {"type": "integer", "maximum": 0},
    "PositiveFloat": {"type": "number", "exclusiveMinimum": 0},
    "NonNegativeFloat": {"type": "number", "minimum": 0},
    "StrictStr": _TEXT,
    "StrictInt": _WHOLE,
    "StrictFloat": _NUMBER,
    "StrictBool": {"type": "boolean"},
    "constr": _TEXT,
    "conint": _WHOLE,
    "confloat": _NUMBER,
    "condecimal": _NUMBER,
    "SnowflakeId": _WHOLE,
    "UploadFile": {"type": "string", "contentMediaType": "application/octet-stream"},
    "Json": {"type": "string", "contentMediaType": "application/json"},
}
"""By the last name of the type."""

SEQUENCES = frozenset({
    "list", "List", "Sequence", "MutableSequence", "Iterable", "Collection", "set", "Set", "frozenset", "FrozenSet",
    "AbstractSet", "deque", "Deque", "conlist", "conset", "AsyncIterable", "Iterator", "AsyncIterator", "Generator",
    "AsyncGenerator",
})  # fmt: skip
MAPPINGS = frozenset({"dict", "Dict", "Mapping", "MutableMapping", "OrderedDict", "defaultdict", "DefaultDict"})
MARKERS = frozenset({"Query", "Path", "Header", "Cookie", "Body", "Form", "File"})
"""FastAPI's functions that say where a parameter comes from."""
FIELDS = frozenset({"Field", "field", "ib", "attrib", "PrivateAttr", "SQLField", *MARKERS})
"""What holds a default and more about a field or parameter."""

_NAMES = {
    "gt": "exclusiveMinimum", "ge": "minimum", "lt": "exclusiveMaximum", "le": "maximum",
    "multiple_of": "multipleOf", "pattern": "pattern", "regex": "pattern", "description": "description",
    "title": "title", "deprecated": "deprecated", "examples": "examples",
}  # fmt: skip
_TOLD_ONLY = frozenset({"description", "title", "deprecated", "examples"})
_LENGTHS = {"min_length": "min", "max_length": "max", "min_items": "min", "max_items": "max"}
_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list, "object": dict,
}  # fmt: skip
_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "exclusiveMinimum": (int, float), "minimum": (int, float), "exclusiveMaximum": (int, float),
    "maximum": (int, float), "multipleOf": (int, float), "pattern": str, "description": str, "title": str,
    "examples": list, "deprecated": bool,
}  # fmt: skip


def constrained(schema: Schema, marks: list[Made], evaluator: Evaluator) -> Schema:
    """A schema with what `Field(…)`, `Query(…)` and their like add to it."""
    result = dict(schema)
    for mark in marks:
        for name, given in evaluator.given(mark.call, mark.scope).words.items():
            value = evaluator.literal(given)
            if value is UNKNOWN or value is None or not is_json(value):
                continue
            if name in _NAMES:
                known = _NAMES[name]
                if isinstance(value, _KINDS[known]):
                    _constrain(result, known, cast("Json", value))
            elif name in _LENGTHS and isinstance(value, int):
                unit = "Items" if result.get("type") == "array" else "Length"
                _constrain(result, _LENGTHS[name] + unit, value)
    return result


def _constrain(schema: Schema, name: str, value: Json) -> None:
    """Set a constraint where it means something: in a union, on the member that is not null."""
    members = schema.get("anyOf")
    if name not in _TOLD_ONLY and isinstance(members, list):
        bearing = [member for member in members if isinstance(member, dict) and member.get("type") != "null"]
        if len(bearing) == 1:
            unit = {"minLength": "minItems", "maxLength": "maxItems"} if bearing[0].get("type") == "array" else {}
            bearing[0][unit.get(name, name)] = value
            return
    schema[name] = value


def with_default(schema: Schema, value: object) -> Schema:
    """A schema with a default, where there is one that the schema itself allows."""
    if value is UNKNOWN or value is None or not is_json(value):
        return schema
    kind = schema.get("type")
    wanted = _TYPES.get(kind) if isinstance(kind, str) else None
    fits = wanted is None or (isinstance(value, wanted) and (kind == "boolean" or not isinstance(value, bool)))
    allowed = schema.get("enum")
    if not fits or (isinstance(allowed, list) and value not in allowed):
        return schema
    return {**schema, "default": cast("Json", value)}


def is_json(value: object) -> bool:
    """Whether JSON can carry a value."""
    if isinstance(value, list):
        return all(is_json(item) for item in value)
    if isinstance(value, dict):
        return all(isinstance(key, str) and is_json(item) for key, item in value.items())
    return value is None or isinstance(value, str | bool | int) or (isinstance(value, float) and value - value == 0)


def enumeration(values: list[object]) -> Schema:
    """The schema of one of several plain values."""
    plain = [cast("Json", value) for value in values if isinstance(value, str | int | bool) or value is None]
    schema: Schema = {"enum": plain} if len(plain) != 1 else {"const": plain[0]}
    if not plain:
        return {}
    if all(isinstance(value, str) for value in plain):
        schema["type"] = "string"
    elif all(isinstance(value, int) and not isinstance(value, bool) for value in plain):
        schema["type"] = "integer"
    return schema
