"""What the fields of Django's models and of Django REST framework's serializers are in JSON Schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from manyeyes_tools.documents.api.endpoints import Schema

_TEXT: Final[Schema] = {"type": "string"}
_WHOLE: Final[Schema] = {"type": "integer"}

FIELDS: Mapping[str, Schema] = {
    "CharField": _TEXT,
    "TextField": _TEXT,
    "RegexField": _TEXT,
    "EmailField": {"type": "string", "format": "email"},
    "URLField": {"type": "string", "format": "uri"},
    "SlugField": {"type": "string", "pattern": "^[-a-zA-Z0-9_]+$"},
    "UUIDField": {"type": "string", "format": "uuid"},
    "IPAddressField": _TEXT,
    "GenericIPAddressField": _TEXT,
    "FilePathField": _TEXT,
    "IntegerField": _WHOLE,
    "SmallIntegerField": _WHOLE,
    "BigIntegerField": {"type": "integer", "format": "int64"},
    "PositiveIntegerField": {"type": "integer", "minimum": 0},
    "PositiveSmallIntegerField": {"type": "integer", "minimum": 0},
    "PositiveBigIntegerField": {"type": "integer", "minimum": 0},
    "AutoField": _WHOLE,
    "BigAutoField": _WHOLE,
    "SmallAutoField": _WHOLE,
    "FloatField": {"type": "number", "format": "double"},
    "DecimalField": {"type": "string", "format": "decimal"},
    "BooleanField": {"type": "boolean"},
    "NullBooleanField": {"anyOf": [{"type": "boolean"}, {"type": "null"}]},
    "DateTimeField": {"type": "string", "format": "date-time"},
    "DateField": {"type": "string", "format": "date"},
    "TimeField": {"type": "string", "format": "time"},
    "DurationField": _TEXT,
    "FileField": {"type": "string", "format": "binary"},
    "ImageField": {"type": "string", "format": "binary"},
    "BinaryField": {"type": "string", "format": "byte"},
    "JSONField": {},
    "DictField": {"type": "object", "additionalProperties": True},
    "HStoreField": {"type": "object", "additionalProperties": True},
    "ListField": {"type": "array", "items": {}},
    "ArrayField": {"type": "array", "items": {}},
    "ChoiceField": {},
    "MultipleChoiceField": {"type": "array", "items": {}},
    "SerializerMethodField": _TEXT,
    "ReadOnlyField": {},
    "ModelField": {},
    "Field": {},
    "StringRelatedField": _TEXT,
    "SlugRelatedField": _TEXT,
    "PrimaryKeyRelatedField": _WHOLE,
    "RelatedField": {},
    "HyperlinkedRelatedField": {"type": "string", "format": "uri"},
    "HyperlinkedIdentityField": {"type": "string", "format": "uri"},
}
"""By the class's name, models' and serializers' alike."""

RELATIONS: Final = frozenset({"ForeignKey", "OneToOneField", "ManyToManyField", "TreeForeignKey"})
AUTOMATIC: Final = frozenset({"AutoField", "BigAutoField", "SmallAutoField"})
READ_ONLY: Final = frozenset(
    {"SerializerMethodField", "ReadOnlyField", "StringRelatedField", "HyperlinkedIdentityField"}
)

USER: Mapping[str, tuple[str, bool]] = {
    "id": ("AutoField", False), "password": ("CharField", True), "last_login": ("DateTimeField", False),
    "is_superuser": ("BooleanField", False), "username": ("CharField", True), "first_name": ("CharField", False),
    "last_name": ("CharField", False), "email": ("EmailField", False), "is_staff": ("BooleanField", False),
    "is_active": ("BooleanField", False), "date_joined": ("DateTimeField", False),
}  # fmt: skip
"""The fields of Django's own user model: their classes, and whether each must be given."""
BASE_USER: Final = frozenset({"id", "password", "last_login"})
"""Those of them that a user model of a project's own has in any case."""
