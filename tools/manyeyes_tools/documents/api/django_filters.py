"""The query parameters that paging and filtering add to the lists of Django REST framework."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from manyeyes_tools.documents.api.constraints import enumeration
from manyeyes_tools.documents.api.django_models import as_field, choices
from manyeyes_tools.documents.api.django_settings import names
from manyeyes_tools.documents.api.django_views import view_node, view_value
from manyeyes_tools.documents.api.endpoints import Parameter
from manyeyes_tools.documents.api.values import UNKNOWN, Closure, Expression, External

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from manyeyes_tools.documents.api.django_models import DjangoModels
    from manyeyes_tools.documents.api.django_settings import DjangoSettings
    from manyeyes_tools.documents.api.endpoints import Schema
    from manyeyes_tools.documents.api.evaluation import Evaluator
    from manyeyes_tools.documents.api.values import Value

_KINDS: Final[Mapping[str, Schema]] = {
    "NumberFilter": {"type": "number"}, "BooleanFilter": {"type": "boolean"},
    "DateFilter": {"type": "string", "format": "date"},
    "DateTimeFilter": {"type": "string", "format": "date-time"},
    "IsoDateTimeFilter": {"type": "string", "format": "date-time"},
    "UUIDFilter": {"type": "string", "format": "uuid"}, "ModelChoiceFilter": {"type": "integer"},
    "ModelMultipleChoiceFilter": {"type": "array", "items": {"type": "integer"}},
    "MultipleChoiceFilter": {"type": "array", "items": {"type": "string"}},
    "BaseInFilter": {"type": "array", "items": {"type": "string"}},
}  # fmt: skip
_RANGES: Final = {
    "RangeFilter": ("min", "max"), "NumericRangeFilter": ("min", "max"), "DateRangeFilter": (),
    "DateFromToRangeFilter": ("after", "before"), "DateTimeFromToRangeFilter": ("after", "before"),
    "IsoDateTimeFromToRangeFilter": ("after", "before"), "TimeRangeFilter": ("after", "before"),
}  # fmt: skip
_TEXT: Final[Schema] = {"type": "string"}
_WHOLE: Final[Schema] = {"type": "integer"}


def paged(view: Closure, settings: DjangoSettings, evaluator: Evaluator) -> tuple[str, list[Parameter]]:
    """The kind of paging of a view's lists, empty without, and the parameters that it reads."""
    own = view_value(view, "pagination_class", evaluator)
    told = view_node(view, "pagination_class", evaluator)
    if isinstance(own, Expression) and isinstance(own.node, ast.Constant):
        return "", []
    if own is None and told is None:
        default = settings.default("DEFAULT_PAGINATION_CLASS")
        text = evaluator.text(default) if default is not None else None
        if text is None:
            return "", []
        own = _by_path(text, evaluator)
    if isinstance(own, Closure):
        bases, cls = evaluator.ancestors(own), own
    elif isinstance(own, External):
        bases, cls = (own.last,), None
    else:
        return "", []
    kind = next((one for one in bases if one.endswith("Pagination")), "")

    def word(name: str, default: str | None) -> str | None:
        node = view_node(cls, name, evaluator) if cls is not None else None
        return evaluator.text(node) if node is not None else default

    if kind == "LimitOffsetPagination":
        wanted = [(word("limit_query_param", "limit"), _WHOLE), (word("offset_query_param", "offset"), _WHOLE)]
    elif kind == "PageNumberPagination":
        wanted = [(word("page_query_param", "page"), _WHOLE), (word("page_size_query_param", None), _WHOLE)]
    elif kind == "CursorPagination":
        wanted = [(word("cursor_query_param", "cursor"), _TEXT), (word("page_size_query_param", None), _WHOLE)]
    else:
        wanted = []
    return kind, [Parameter(name, "query", dict(schema), required=False) for name, schema in wanted if name]


def _by_path(name: str, evaluator: Evaluator) -> Value:
    """A class that settings name by its dotted path."""
    module, _, cls = name.rpartition(".")
    found = evaluator.project.module(module)
    if found is None:
        return External(name)
    scope = evaluator.project.scope(found)
    return next(evaluator.candidates(cls, scope), None)


def filtered(
    view: Closure, settings: DjangoSettings, models: DjangoModels, model: tuple[bool, Closure | None]
) -> Iterator[Parameter]:
    """The parameters that a view's filters read."""
    evaluator = models.evaluator
    backends = names(view_node(view, "filter_backends", evaluator), evaluator)
    if backends is None:
        backends = names(settings.default("DEFAULT_FILTER_BACKENDS"), evaluator) or ()
    for backend in backends:
        if backend == "SearchFilter":
            yield Parameter("search", "query", dict(_TEXT), required=False)
        elif backend == "OrderingFilter":
            yield Parameter("ordering", "query", dict(_TEXT), required=False)
        elif backend.endswith("FilterBackend"):
            yield from _set(view, models, model)


def _set(view: Closure, models: DjangoModels, model: tuple[bool, Closure | None]) -> Iterator[Parameter]:
    """django-filter's: `filterset_class` or `filterset_fields`."""
    evaluator = models.evaluator
    for name in ("filterset_class", "filter_class"):
        cls = view_value(view, name, evaluator)
        if isinstance(cls, Closure) and isinstance(cls.node, ast.ClassDef):
            yield from _declared(cls, models)
            return
    for name in ("filterset_fields", "filter_fields"):
        told = view_node(view, name, evaluator)
        if told is not None:
            yield from _listed(told, models, model)
            return


def _declared(cls: Closure, models: DjangoModels) -> Iterator[Parameter]:
    evaluator = models.evaluator
    seen: dict[str, Parameter] = {}
    for one in evaluator.mro(cls):
        if not isinstance(one, Closure) or not isinstance(one.node, ast.ClassDef):
            continue
        scope = evaluator.class_scope(one)
        for line in one.node.body:
            if isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name):
                for parameter in _filter(line.targets[0].id, line.value, Expression(line.value, scope), evaluator):
                    seen.setdefault(parameter.name, parameter)
            if isinstance(line, ast.ClassDef) and line.name == "Meta":
                meta = evaluator.closure(line, scope)
                known = models.model(view_node(meta, "model", evaluator))
                told = view_node(meta, "fields", evaluator)
                for parameter in _listed(told, models, known) if told is not None else ():
                    seen.setdefault(parameter.name, parameter)
    yield from seen.values()


def _filter(name: str, node: ast.expr, told: Expression, evaluator: Evaluator) -> Iterator[Parameter]:
    if not isinstance(node, ast.Call):
        return
    made = as_field(node, told.scope, evaluator, _FILTERS)
    if made is None or not made.last.endswith("Filter"):
        return
    given = evaluator.given(made.call, made.scope)
    ends = _RANGES.get(made.last)
    if ends:
        for end in ends:
            yield Parameter(f"{name}_{end}", "query", dict(_TEXT), required=False)
        return
    schema: Schema = dict(_KINDS.get(made.last, _TEXT))
    if "choices" in given.words and (values := choices(given.words["choices"], evaluator)):
        inner = enumeration(values)
        schema = {"type": "array", "items": inner} if schema.get("type") == "array" else inner
    required = evaluator.literal(given.words.get("required")) is True
    yield Parameter(name, "query", schema, required)


_FILTERS: Final = {
    *_KINDS, *_RANGES, "CharFilter", "ChoiceFilter", "OrderingFilter", "AllValuesFilter", "LookupChoiceFilter",
    "TypedChoiceFilter", "BaseCSVFilter", "BaseRangeFilter", "TimeFilter", "DurationFilter", "Filter",
}  # fmt: skip


def _listed(told: Expression, models: DjangoModels, model: tuple[bool, Closure | None]) -> Iterator[Parameter]:
    """Fields with their lookups, as a list or as a mapping."""
    evaluator = models.evaluator
    fields = models.fields(model[1]) if model[0] else {}
    value = evaluator.literal(told)
    if value == "__all__":
        value = list(fields)
    lookups: dict[str, list[object]] = {}
    if isinstance(value, list):
        lookups = {str(one): ["exact"] for one in value}
    elif isinstance(value, dict):
        lookups = {str(name): list(one) if isinstance(one, list) else ["exact"] for name, one in value.items()}
    elif value is UNKNOWN:
        return
    for name, several in lookups.items():
        known = fields.get(name)
        for lookup in several:
            shown = name if lookup == "exact" else f"{name}__{lookup}"
            schema: Schema = dict(known.schema) if known is not None else dict(_TEXT)
            if lookup == "isnull":
                schema = {"type": "boolean"}
            elif lookup in {"in", "range"}:
                schema = {"type": "array", "items": schema}
            yield Parameter(shown, "query", schema, required=False)
