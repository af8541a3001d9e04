"""The fields of Django models, read from their classes."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from manyeyes_tools.documents.api.constraints import enumeration
from manyeyes_tools.documents.api.django_fields import AUTOMATIC, BASE_USER, FIELDS, RELATIONS, USER
from manyeyes_tools.documents.api.endpoints import last
from manyeyes_tools.documents.api.values import UNKNOWN, Closure, Expression, Instance, Made

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes_tools.documents.api.endpoints import Schema
    from manyeyes_tools.documents.api.evaluation import Evaluator
    from manyeyes_tools.documents.api.scopes import Scope
    from manyeyes_tools.documents.api.values import Given

_DEEP: Final = 8


@dataclass(frozen=True, slots=True)
class ModelField:
    """One field of a model as a serializer shows it.

    Attributes:
        required: Whether it must be given when an object is made.
        read_only: Whether it is never given.
        related: The model it refers to; `many` says that it refers to several of them.
    """

    name: str
    schema: Schema
    required: bool
    read_only: bool = False
    nullable: bool = False
    related: Closure | None = None
    relation: bool = False
    many: bool = False
    key: bool = False


@dataclass(slots=True)
class DjangoModels:
    """Knows the models of a project.

    Args:
        user: The name of the class of the user model.
    """

    evaluator: Evaluator
    user: str
    _fields: dict[int, dict[str, ModelField]] = field(default_factory=dict)
    _named: dict[str, Closure] | None = None

    def fields(self, model: Closure | None, depth: int = 0) -> dict[str, ModelField]:
        """The fields of a model by name, its key first; Django's own user model when there is no class."""
        if model is None:
            return {name: _of_user(name) for name in USER}
        known = self._fields.get(id(model.node))
        if known is not None:
            return known
        found: dict[str, ModelField] = {}
        if depth > _DEEP:
            return found
        self._fields[id(model.node)] = found
        own: dict[str, ModelField] = {}
        for one in reversed(list(self.evaluator.mro(model))):
            if isinstance(one, Closure) and isinstance(one.node, ast.ClassDef):
                own.update(self._own(one, depth))
            elif not isinstance(one, Closure) and one.last == "AbstractUser":
                own.update({name: _of_user(name) for name in USER})
            elif not isinstance(one, Closure) and one.last == "AbstractBaseUser":
                own.update({name: _of_user(name) for name in BASE_USER})
        if not any(one.key for one in own.values()) and "id" not in own:
            found["id"] = ModelField("id", {"type": "integer"}, required=False, read_only=True, key=True)
        found.update({name: one for name, one in own.items() if one.key})
        found.update({name: one for name, one in own.items() if not one.key and not one.relation})
        found.update({name: one for name, one in own.items() if not one.key and one.relation})
        return found

    def key(self, model: Closure | None) -> ModelField:
        """The primary key of a model."""
        fields = self.fields(model)
        return next((one for one in fields.values() if one.key), None) or next(iter(fields.values()), _of_user("id"))

    def named(self, name: str) -> Closure | None:
        """The class of a model by its name, as in `"shop.Item"`."""
        if self._named is None:
            self._named = {}
            for module in self.evaluator.project.modules:
                for node in module.tree.body:
                    if isinstance(node, ast.ClassDef) and node.bases:
                        scope = self.evaluator.project.scope(module)
                        self._named.setdefault(node.name, self.evaluator.closure(node, scope))
        return self._named.get(name.rpartition(".")[2])

    def model(self, told: Expression | None) -> tuple[bool, Closure | None]:  # noqa: PLR0911 -- a return for each way of naming a model
        """Whether an expression names a model, and its class; no class for Django's own user."""
        if told is None:
            return False, None
        if isinstance(told.node, ast.Call) and last(told.node.func) == "get_user_model":
            return True, self.named(self.user) if self.user != "User" else None
        value = self.evaluator.value(told.node, told.scope)
        if isinstance(value, Closure) and isinstance(value.node, ast.ClassDef):
            return True, value
        if isinstance(value, Made) and value.last == "get_user_model":
            return True, self.named(self.user) if self.user != "User" else None
        text = self.evaluator.text(told)
        if text == "self":
            return False, None
        if (text is not None and text.endswith("User")) or last(told.node) in {"User", "AUTH_USER_MODEL"}:
            return True, self.named(self.user)
        found = self.named(text) if text is not None else None
        return found is not None, found

    def reverse(self, model: Closure, name: str) -> tuple[bool, Closure | None]:
        """Whether other models refer to one under a name, and the class that does."""
        self.named("")
        for other in (self._named or {}).values():
            for made in self._declared(other):
                if made[1].last not in RELATIONS:
                    continue
                given = self.evaluator.given(made[1].call, made[1].scope)
                _, target = self.model(given.get("to", 0))
                related = self.evaluator.text(given.words.get("related_name"))
                shown = related or f"{getattr(other.node, 'name', '').lower()}_set"
                if target is not None and target.node is model.node and shown == name:
                    return True, other
        return False, None

    def _declared(self, cls: Closure) -> Iterator[tuple[str, Made]]:
        assert isinstance(cls.node, ast.ClassDef)  # noqa: S101 -- narrows the type; only such nodes are passed in
        scope = self.evaluator.class_scope(cls)
        for line in cls.node.body:
            if isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name):
                target: str = line.targets[0].id
                value: ast.expr = line.value
            elif isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name) and line.value is not None:
                target, value = line.target.id, line.value
            else:
                continue
            if isinstance(value, ast.Call):
                made = as_field(value, scope, self.evaluator, {*FIELDS, *RELATIONS})
                if made is not None:
                    yield target, made

    def _own(self, cls: Closure, depth: int) -> dict[str, ModelField]:
        return {name: self._field(name, made, cls, depth) for name, made in self._declared(cls)}

    def _field(self, name: str, made: Made, cls: Closure, depth: int) -> ModelField:
        given = self.evaluator.given(made.call, made.scope)
        word = {key: self.evaluator.literal(value) for key, value in given.words.items()}
        nullable = word.get("null") is True
        key = word.get("primary_key") is True or made.last in AUTOMATIC
        optional = nullable or word.get("blank") is True or "default" in given.words or "db_default" in given.words
        fixed = made.last in AUTOMATIC or word.get("editable") is False
        fixed = fixed or word.get("auto_now") is True or word.get("auto_now_add") is True
        if made.last in RELATIONS:
            return self._relation(name, made, given, cls, depth, nullable=nullable, optional=optional, fixed=fixed)
        schema = dict(FIELDS.get(made.last, {}))
        longest = word.get("max_length")
        if isinstance(longest, int) and schema.get("type") == "string" and "format" not in schema:
            schema["maxLength"] = longest
        if "choices" in given.words:
            values = choices(given.words["choices"], self.evaluator)
            schema = enumeration(values) or schema
        return ModelField(name, schema, not optional and not fixed, fixed, nullable, key=key)

    def _relation(
        self,
        name: str,
        made: Made,
        given: Given,
        cls: Closure,
        depth: int,
        *,
        nullable: bool,
        optional: bool,
        fixed: bool,
    ) -> ModelField:
        target = given.get("to", 0)
        known, model = self.model(target)
        if target is not None and self.evaluator.text(target) == "self":
            known, model = True, cls
        schema: Schema = {"type": "integer"}
        if known and depth < _DEEP and (model is None or model.node is not cls.node):
            keys = self.fields(model, depth + 1).values()
            schema = next((one.schema for one in keys if one.key), schema)
        many = made.last == "ManyToManyField"
        if many:
            through = "through" in given.words
            schema = {"type": "array", "items": dict(schema)}
            return ModelField(
                name, schema, not optional and not through, fixed or through, related=model, relation=True, many=True
            )
        return ModelField(name, dict(schema), not optional and not fixed, fixed, nullable, model, relation=True)


def as_field(node: ast.expr, scope: Scope, evaluator: Evaluator, known: set[str]) -> Made | None:
    """A field as the framework's class that it is made of, also where a class of the project stands between."""
    value = evaluator.value(node, scope)
    if isinstance(value, Made):
        if value.last in known or value.last.endswith("Field"):
            return value
        return None
    if isinstance(value, Instance) and value.call is not None:
        name = next((one for one in evaluator.ancestors(value.cls) if one in known or one.endswith("Field")), None)
        return Made(name, value.call, value.scope) if name else None
    return None


def choices(told: Expression, evaluator: Evaluator) -> list[object]:
    """The values that a field may have."""
    value = evaluator.value(told.node, told.scope)
    if isinstance(told.node, ast.Attribute) and told.node.attr == "choices":
        value = evaluator.value(told.node.value, told.scope)
    if isinstance(value, Closure) and isinstance(value.node, ast.ClassDef):
        scope = evaluator.class_scope(value)
        found: list[object] = []
        for line in value.node.body:
            if isinstance(line, ast.Assign):
                one = line.value.elts[0] if isinstance(line.value, ast.Tuple) and line.value.elts else line.value
                found.append(evaluator.literal(one, scope))
        return [] if UNKNOWN in found else found
    if isinstance(value, Expression) and isinstance(value.node, ast.List | ast.Tuple):
        found = []
        for item in value.node.elts:
            one = item.elts[0] if isinstance(item, ast.Tuple | ast.List) and item.elts else item
            found.append(evaluator.literal(one, value.scope))
        return [] if UNKNOWN in found else found
    return []


def _of_user(name: str) -> ModelField:
    kind, required = USER[name]
    return ModelField(name, dict(FIELDS[kind]), required, read_only=name == "id", key=name == "id")
