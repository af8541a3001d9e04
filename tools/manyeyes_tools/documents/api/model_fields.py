"""The fields of pydantic models, dataclasses and their like, read from their classes."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from manyeyes_tools.documents.api.annotations import PARTS, Annotation
from manyeyes_tools.documents.api.constraints import FIELDS, PLAIN, is_json
from manyeyes_tools.documents.api.endpoints import last
from manyeyes_tools.documents.api.scopes import Scope
from manyeyes_tools.documents.api.values import UNKNOWN, Closure, Expression, Instance, Made
from manyeyes_tools.documents.docstrings import read_docstring

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes_tools.documents.api.annotations import Annotations
    from manyeyes_tools.documents.api.evaluation import Evaluator

Kind: TypeAlias = Literal["object", "enum", "root", "scalar", ""]
"""What a class is to a schema; empty for one that carries no data as far as can be seen."""

_MODELS = frozenset({"BaseModel", "TypedDict", "NamedTuple", "SQLModel", "GenericModel", "BaseSettings", "Struct"})
ENUMS = frozenset({"Enum", "StrEnum", "IntEnum", "Flag", "IntFlag", "ReprEnum"})
"""The bases of enumerations."""
_DATA = frozenset({"dataclass", "define", "frozen", "attrs", "s"})


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


class ModelFields:
    """Reads the fields of models."""

    def __init__(self, evaluator: Evaluator, annotations: Annotations) -> None:
        self._evaluator = evaluator
        self._annotations = annotations

    def kind(self, cls: Closure) -> Kind:  # noqa: PLR0911 -- one return for each kind of class
        """What a class is to a schema; empty for one that carries no data as far as can be seen."""
        if not isinstance(cls.node, ast.ClassDef):
            return ""
        names = self._evaluator.ancestors(cls)
        if any(name in ENUMS for name in names):
            return "enum"
        if "RootModel" in names:
            return "root"
        if any(name in _MODELS for name in names):
            return "object"
        for one in self._evaluator.mro(cls):
            if isinstance(one, Closure) and any(last(d) in _DATA for d in getattr(one.node, "decorator_list", [])):
                return "object"
        if any(name in PLAIN for name in names):
            return "scalar"
        if any(name.endswith(("Model", "Schema")) for name in names):
            return "object"
        return ""

    def fields(self, cls: Closure, given: tuple[Expression, ...] = ()) -> list[Field]:
        """The fields of a model, those of its bases first."""
        found: dict[str, Field] = {}
        for layer, scope in reversed(list(self._layers(cls, given))):
            assert isinstance(layer.node, ast.ClassDef)  # noqa: S101 -- narrows the type; only such nodes are passed in
            doc = read_docstring(ast.get_docstring(layer.node) or "")
            meanings = {**doc.parameters, **doc.attributes}
            total = not any(
                word.arg == "total" and self._evaluator.literal(word.value, scope) is False
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
                        found[name], required=False, default=self._evaluator.literal(line.value, scope)
                    )
        return list(found.values())

    def _field(self, name: str, item: ast.AnnAssign, scope: Scope, cls: Closure, *, total: bool) -> Field | None:
        wrapped = item.annotation.value if isinstance(item.annotation, ast.Subscript) else item.annotation
        annotation = self._annotations.unwrapped(item.annotation, scope)
        marks = list(annotation.marks)
        made = self._evaluator.value(item.value, scope) if isinstance(item.value, ast.Call) else None
        if isinstance(made, Made) and (made.last in {"Relationship", "relationship", "PrivateAttr"}):
            return None
        if isinstance(made, Instance):
            made = next(self._annotations.marks_of(made), None)
        if isinstance(made, Made) and made.last in FIELDS:
            marks.append(made)
        else:
            made = None
        alias: str | None = None
        for mark in marks:
            words = self._evaluator.given(mark.call, mark.scope).words
            for key in ("validation_alias", "alias"):
                alias = self._evaluator.text(words.get(key)) or alias
            if (
                self._evaluator.literal(words.get("init")) is False
                or self._evaluator.literal(words.get("exclude")) is True
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

    def default(self, node: ast.expr | None, scope: Scope, marks: list[Made]) -> tuple[bool, object]:
        """Whether a field or parameter must be given, and its default when that can be told."""
        if node is not None:
            found = (
                self._evaluator.value(node, scope) if isinstance(node, ast.Call | ast.Name | ast.Attribute) else None
            )
            if isinstance(found, Made) and found.last in FIELDS:
                return self._mark_default(found)
            if isinstance(found, Instance) and any(mark.call is found.call for mark in marks):
                return self._mark_default(next(mark for mark in marks if mark.call is found.call))
            if isinstance(node, ast.Constant) and node.value is Ellipsis:
                return True, UNKNOWN
            value = self._evaluator.literal(node, scope)
            return False, value if is_json(value) else UNKNOWN
        for mark in marks:
            required, value = self._mark_default(mark)
            if not required and mark.last in {"Field", *FIELDS}:
                return False, value
        return True, UNKNOWN

    def _mark_default(self, mark: Made) -> tuple[bool, object]:
        given = self._evaluator.given(mark.call, mark.scope)
        first = given.get("default", 0)
        if first is not None:
            value = self._evaluator.literal(first)
            name = last(first.node)
            if value is Ellipsis or name in {"Undefined", "PydanticUndefined", "Required"}:
                return True, UNKNOWN
            return False, value if is_json(value) else UNKNOWN
        return not ({"default_factory", "factory"} & set(given.words)), UNKNOWN

    def _layers(self, cls: Closure, given: tuple[Expression, ...], seen: int = 0) -> Iterator[tuple[Closure, Scope]]:
        """A class and its bases in the files, nearest first, each with what its type variables stand for."""
        assert isinstance(cls.node, ast.ClassDef)  # noqa: S101 -- narrows the type; only such nodes are passed in
        scope = self.inside(cls, given)
        yield cls, scope
        if seen > PARTS:
            return
        for base in cls.node.bases:
            node = base.value if isinstance(base, ast.Subscript) else base
            found = self._evaluator.value(node, cls.scope)
            if isinstance(found, Closure) and isinstance(found.node, ast.ClassDef) and found.node is not cls.node:
                inner = base.slice if isinstance(base, ast.Subscript) else None
                parts = inner.elts if isinstance(inner, ast.Tuple) else [inner] if inner is not None else []
                yield from self._layers(found, tuple(Expression(one, scope) for one in parts), seen + 1)

    def inside(self, cls: Closure, given: tuple[Expression, ...]) -> Scope:
        """Where a class's annotations are looked up: its own classes, its type variables, then what is around it."""
        assert isinstance(cls.node, ast.ClassDef)  # noqa: S101 -- narrows the type; only such nodes are passed in
        nested = {
            one.name: self._evaluator.closure(one, cls.scope) for one in cls.node.body if isinstance(one, ast.ClassDef)
        }
        variables: dict[str, object] = dict(zip(self._variables(cls), given, strict=False))
        key = Scope(cls.scope.module, {}, cls.scope, given={**nested, **variables})
        return key if nested or variables else cls.scope

    def _variables(self, cls: Closure) -> list[str]:
        assert isinstance(cls.node, ast.ClassDef)  # noqa: S101 -- narrows the type; only such nodes are passed in
        own = [str(getattr(one, "name", "")) for one in getattr(cls.node, "type_params", [])]
        if own:
            return own
        for base in cls.node.bases:
            if isinstance(base, ast.Subscript) and last(base.value) in {"Generic", "Protocol"}:
                return list(self._annotations.type_variables(base.slice, cls.scope))
        names = [
            name
            for base in cls.node.bases
            if isinstance(base, ast.Subscript)
            for name in self._annotations.type_variables(base.slice, cls.scope)
        ]
        return list(dict.fromkeys(names))

    def config(self, cls: Closure, name: str) -> object:  # noqa: C901 -- one case for each place of a configuration
        """What a model's configuration says under a name."""
        for one in self._evaluator.mro(cls):
            if not isinstance(one, Closure) or not isinstance(one.node, ast.ClassDef):
                continue
            scope = self._evaluator.class_scope(one)
            for keyword in one.node.keywords:
                if keyword.arg == name:
                    return self._evaluator.literal(keyword.value, one.scope)
            for item in one.node.body:
                if isinstance(item, ast.Assign) and last(item.targets[0]) == "model_config":
                    told = self._config_word(item.value, scope, name)
                    if told is not None:
                        return self._evaluator.literal(told)
                if isinstance(item, ast.ClassDef) and item.name == "Config":
                    for line in item.body:
                        if isinstance(line, ast.Assign) and last(line.targets[0]) == name:
                            return self._evaluator.literal(line.value, scope)
        return UNKNOWN

    def _config_word(self, node: ast.expr, scope: Scope, name: str) -> Expression | None:
        if isinstance(node, ast.Call):
            return self._evaluator.given(node, scope).words.get(name)
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == name:
                    return Expression(value, scope)
        return None

    def _generated(self, cls: Closure, name: str) -> str:
        """The alias that a model's `alias_generator` makes, where it is one of pydantic's own or plainly named so."""
        for one in self._evaluator.mro(cls):
            if not isinstance(one, Closure) or not isinstance(one.node, ast.ClassDef):
                continue
            for item in one.node.body:
                told: Expression | None = None
                scope = self._evaluator.class_scope(one)
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
