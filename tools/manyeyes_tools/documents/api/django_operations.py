"""What Django's routes take and give, and those of Django REST framework in full."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, cast

from manyeyes_tools.documents.api.django_filters import filtered, paged
from manyeyes_tools.documents.api.django_models import DjangoModels
from manyeyes_tools.documents.api.django_requests import query_parameters, statuses
from manyeyes_tools.documents.api.django_security import asked
from manyeyes_tools.documents.api.django_serializers import Serializers
from manyeyes_tools.documents.api.django_settings import names, settings, uses_django
from manyeyes_tools.documents.api.django_urls import DjangoUrls
from manyeyes_tools.documents.api.django_views import allowed, answered, answers, has_action, of_framework, view_node
from manyeyes_tools.documents.api.endpoints import METHODS, Endpoint, Operation, Parameter, last
from manyeyes_tools.documents.api.extended_schemas import Extension, extension
from manyeyes_tools.documents.api.scopes import FUNCTIONS
from manyeyes_tools.documents.api.statuses import phrase
from manyeyes_tools.documents.api.values import Closure, Expression

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from manyeyes.types import Json
    from manyeyes_tools.documents.api.django_settings import DjangoSettings
    from manyeyes_tools.documents.api.django_urls import DjangoRoute
    from manyeyes_tools.documents.api.endpoints import Schema
    from manyeyes_tools.documents.api.evaluation import Evaluator
    from manyeyes_tools.documents.api.schemas import Schemas
    from manyeyes_tools.documents.api.scopes import FunctionNode

_JSON: Final = "application/json"
_PARSED: Final = {
    "JSONParser": _JSON, "FormParser": "application/x-www-form-urlencoded", "MultiPartParser": "multipart/form-data",
    "FileUploadParser": "*/*",
}  # fmt: skip
_BY_DEFAULT: Final = ("JSONParser", "FormParser", "MultiPartParser")
_GOOD: Final = {"create": 201, "destroy": 204}
_TAKING: Final = frozenset({"post", "put", "patch"})


@dataclass(frozen=True, slots=True)
class _Answering:
    """One method of one route.  `action` is what the framework calls it; `handler` is None where that is its own."""

    route: DjangoRoute
    view: Closure
    method: str
    action: str
    handler: FunctionNode | None
    scope_of: Closure | None
    extra: bool


def operations(
    evaluator: Evaluator, schemas: Schemas, schemes: dict[str, Schema], problems: list[str]
) -> Iterator[tuple[Endpoint, Operation]]:
    """Every route of a Django project with what it takes and gives."""
    if not uses_django(evaluator):
        return
    known = settings(evaluator)
    urls = DjangoUrls(evaluator)
    models = DjangoModels(evaluator, known.user)
    reader = _Reader(evaluator, known, models, Serializers(schemas, models), schemes)
    for route in urls.routes(known.roots):
        if route.view is None:
            urls.problems.append(
                f"{route.scope.module.path}:{route.line}: {route.shown} is not in these files, so its route is left out"
            )
            continue
        yield from reader.route(route)
    problems.extend(dict.fromkeys(urls.problems))


@dataclass(slots=True)
class _Reader:
    evaluator: Evaluator
    settings: DjangoSettings
    models: DjangoModels
    serializers: Serializers
    schemes: dict[str, Schema]

    def route(self, route: DjangoRoute) -> Iterator[tuple[Endpoint, Operation]]:
        """The operations of one path."""
        view = route.view
        assert view is not None  # noqa: S101 -- narrows the type; the caller tested it
        node = view.node
        if isinstance(node, FUNCTIONS):
            verbs, framework = answered(node, view, self.evaluator)
            for verb in verbs:
                told = self._endpoint(view, verb, node.name, node, view, dict(route.parts), route.path)
                yield told, self._function(told, node, view, framework=framework)
            return
        if route.actions is not None:
            pairs = {verb: name for verb, name in route.actions.items() if has_action(view, name, self.evaluator)}
        else:
            pairs = answers(view, self.evaluator)
        left = allowed(view, self.evaluator)
        for verb in METHODS:
            if verb not in pairs or (left is not None and verb not in left):
                continue
            action = pairs[verb]
            own = self._handler(view, verb if route.actions is None else action)
            own = own or self._handler(view, action)
            handler = own.node if own is not None and isinstance(own.node, FUNCTIONS) else None
            extra = route.actions is not None and action not in _USUAL
            one = _Answering(route, view, verb, action, handler, own, extra)
            yield from self._class(one)

    def _handler(self, view: Closure, name: str) -> Closure | None:
        found = self.evaluator.class_attribute(view, name)
        return found if isinstance(found, Closure) and isinstance(found.node, FUNCTIONS) else None

    def _endpoint(  # noqa: PLR0917 -- the parts of an endpoint
        self,
        view: Closure,
        verb: str,
        name: str,
        handler: FunctionNode | None,
        where: Closure,
        parts: Mapping[str, Schema],
        path: str,
    ) -> Endpoint:
        first = next((one for one in path.split("/") if one and not one.startswith("{") and one not in _PLAIN), "")
        return Endpoint(
            method=verb,
            path=path if path.startswith("/") else f"/{path}",
            parts=parts,
            framework="django",
            module=where.scope.module,
            line=handler.lineno if handler is not None else view.node.lineno,
            name=name,
            handler=handler,
            scope=where.scope,
            bound=isinstance(view.node, ast.ClassDef),
            tags=(first,) if first and (of_framework(view, self.evaluator)) else (),
        )

    def _function(self, endpoint: Endpoint, node: FunctionNode, view: Closure, *, framework: bool) -> Operation:
        result = Operation()
        for name, schema in endpoint.parts.items():
            result.add(Parameter(name, "path", dict(schema), required=True))
        for parameter in query_parameters(node, endpoint.method):
            result.add(parameter)
        said = extension(node, endpoint.method, view.scope, self.evaluator)
        self._extend(result, said, endpoint.method, _BY_DEFAULT_MEDIA)
        if framework:
            options = {last(one): Expression(one.args[0], view.scope) for one in _called(node) if one.args}
            wanted = asked(view, endpoint.method, options, self.settings, self.evaluator)
            self._secure(result, wanted)
        found = statuses(node, self.evaluator, view.scope) or {200}
        result.responses = result.responses or {str(one): {"description": phrase(one)} for one in sorted(found)}
        return result

    def _class(self, one: _Answering) -> Iterator[tuple[Endpoint, Operation]]:
        framework = of_framework(one.view, self.evaluator)
        where = one.scope_of or one.view
        cls = self._owner(one) or one.view
        name = f"{getattr(cls.node, 'name', '')}.{one.handler.name if one.handler is not None else one.action}"
        model = self._model(one.view)
        said = Extension()
        if one.handler is not None:
            said = extension(one.handler, one.method, where.scope, self.evaluator)
        for wanted in dict.fromkeys((one.method, one.action)):
            said = said.below(extension(one.view.node, wanted, one.view.scope, self.evaluator, by_action=True))
        if said.exclude:
            return
        path, parts = one.route.path, dict(one.route.parts)
        if framework:
            path, parts = self._coerced(one, model, said)
            known = tuple(x for x in said.parameters if x.place != "path" or x.name in parts)
            said = replace(said, parameters=known)
        endpoint = self._endpoint(one.view, one.method, name, one.handler, where, parts, path)
        result = Operation()
        for part, schema in parts.items():
            result.add(Parameter(part, "path", self._typed(part, schema, model), required=True))
        if one.handler is not None:
            for parameter in query_parameters(one.handler, one.method):
                result.add(parameter)
        if framework:
            self._framework(one, result, said, model)
        else:
            result.responses = {"200": {"description": phrase(200)}}
        if one.handler is None:
            doc = ast.get_docstring(cast("ast.ClassDef", one.view.node)) or ""
            result.summary = one.action.replace("_", " ").capitalize()
            result.description = doc
        yield endpoint, result

    def _owner(self, one: _Answering) -> Closure | None:
        """The class whose body holds the handler."""
        for cls in self.evaluator.mro(one.view):
            if isinstance(cls, Closure) and isinstance(cls.node, ast.ClassDef) and one.handler in cls.node.body:
                return cls
        return None

    def _framework(
        self, one: _Answering, result: Operation, said: Extension, model: tuple[bool, Closure | None]
    ) -> None:
        options = {name: Expression(node, one.route.scope) for name, node in one.route.options.items()}
        self._secure(result, asked(one.view, one.method, options, self.settings, self.evaluator))
        serializer = self._serializer(one, options)
        listing = one.action == "list" and serializer is not None
        shape: Schema | None = self.serializers.reference(serializer) if serializer is not None else None
        if listing:
            kind, reads = paged(one.view, self.settings, self.evaluator)
            for parameter in [*reads, *filtered(one.view, self.settings, self.models, model)]:
                result.add(parameter)
            shape = _page(kind, shape)
        media = self._media(one, options)
        if one.method in _TAKING and serializer is not None:
            body = self.serializers.reference(serializer, partial=one.method == "patch")
            result.body = dict.fromkeys(media, body)
            fields = self.serializers.fields(serializer).values()
            result.body_required = one.method != "patch" and any(f.required and not f.read_only for f in fields)
        self._extend(result, said, one.method, media)
        if result.responses:
            return
        good = _GOOD.get(one.action, 204 if one.method == "delete" else 200)
        seen = statuses(one.handler, self.evaluator, one.view.scope) if one.handler is not None else set()
        good = good if one.action in _USUAL or not seen else min(seen)
        found: dict[str, Schema] = {str(good): {"description": phrase(good)}}
        if shape is not None and good != _GOOD["destroy"] and good < _FAILING:
            found[str(good)]["content"] = {_JSON: {"schema": shape}}
        for number in sorted(seen - {good}):
            found[str(number)] = {"description": phrase(number)}
        result.responses = found

    def _extend(self, result: Operation, said: Extension, method: str, media: tuple[str, ...]) -> None:
        """What `@extend_schema` says takes the place of what was read."""
        for parameter in said.parameters:
            result.parameters[parameter.place, parameter.name] = parameter
        if said.removed:
            result.body = {}
            result.body_required = False
        elif said.bodies and method in _TAKING:
            partial = method == "patch"
            result.body = {kind: self._told(one, partial=partial) or {} for kind, one in said.bodies.items()}
        elif said.request is not None and method in _TAKING:
            schema = self._told(said.request, partial=method == "patch")
            if schema is not None:
                result.body = dict.fromkeys(media, schema)
        result.summary = said.summary or result.summary
        result.description = said.description or result.description
        for number, told in said.responses.items():
            shape = self._told(told) if told is not None else None
            entry: Schema = {"description": phrase(number)}
            if shape:
                entry["content"] = {_JSON: {"schema": shape}}
            result.responses[str(number)] = entry

    def _told(self, told: Expression, *, partial: bool = False) -> Schema | None:
        """The schema of a serializer, named by its class or made with `many=True`."""
        node = told.node
        many = isinstance(node, ast.Call) and any(
            word.arg == "many" and isinstance(word.value, ast.Constant) and word.value.value is True
            for word in node.keywords
        )
        value = self.evaluator.value(node.func if isinstance(node, ast.Call) else node, told.scope)
        if isinstance(value, Closure) and self.serializers.is_serializer(value):
            found = self.serializers.reference(value, partial=partial)
            return {"type": "array", "items": found} if many else found
        literal = self.evaluator.literal(told)
        return cast("Schema", literal) if isinstance(literal, dict) and "type" in literal else None

    def _secure(self, result: Operation, wanted: Mapping[str, Schema]) -> None:
        for name, scheme in wanted.items():
            self.schemes.setdefault(name, scheme)
            result.security[name] = []

    def _media(self, one: _Answering, options: Mapping[str, Expression]) -> tuple[str, ...]:
        told = options.get("parser_classes") or view_node(one.view, "parser_classes", self.evaluator)
        told = told or self.settings.default("DEFAULT_PARSER_CLASSES")
        listed = names(told, self.evaluator)
        found = [_PARSED[name] for name in (_BY_DEFAULT if listed is None else listed) if name in _PARSED]
        return tuple(dict.fromkeys(found)) or (_JSON,)

    def _model(self, view: Closure) -> tuple[bool, Closure | None]:
        query = view_node(view, "queryset", self.evaluator)
        if query is not None:
            return self.serializers.queried(query)
        own = self._handler(view, "get_queryset")
        for node in ast.walk(own.node) if own is not None else ():
            if isinstance(node, ast.Attribute) and node.attr == "objects" and own is not None:
                found = self.models.model(Expression(node.value, own.scope))
                if found[0]:
                    return found
        told = view_node(view, "serializer_class", self.evaluator)
        serializer = self.evaluator.value(told.node, told.scope) if told is not None else None
        if isinstance(serializer, Closure) and self.serializers.is_serializer(serializer):
            return self.serializers.model_of(serializer)
        return False, None

    def _coerced(
        self, one: _Answering, model: tuple[bool, Closure | None], said: Extension
    ) -> tuple[str, dict[str, Schema]]:
        """A path with the name of the model's key for `pk`, as Django REST framework describes it."""
        path, parts = one.route.path, dict(one.route.parts)
        if "pk" in parts:
            told = next((x.name for x in said.parameters if x.place == "path" and x.name not in parts), None)
            name = self.models.key(model[1]).name if model[0] else told
            if name is not None and name not in parts:
                path = path.replace("{pk}", f"{{{name}}}")
                parts = {name if part == "pk" else part: schema for part, schema in parts.items()}
        return path, parts

    def _typed(self, name: str, schema: Schema, model: tuple[bool, Closure | None]) -> Schema:
        if schema == {"type": "string"} and model[0]:
            known = self.models.fields(model[1]).get(name)
            if known is not None and isinstance(known.schema.get("type"), str):
                return {key: value for key, value in known.schema.items() if key in {"type", "format"}}
        return dict(schema)

    def _serializer(self, one: _Answering, options: Mapping[str, Expression]) -> Closure | None:
        """The serializer of one method: by `get_serializer_class`, or as the class or its action says."""
        own = self._handler(one.view, "get_serializer_class")
        if own is not None and isinstance(own.node, FUNCTIONS):
            value = self._chosen(own.node.body, own, one)
            if value is not None:
                return value
        told = options.get("serializer_class") or view_node(one.view, "serializer_class", self.evaluator)
        value_of = self.evaluator.value(told.node, told.scope) if told is not None else None
        if told is None:
            value_of = self.evaluator.class_attribute(one.view, "serializer_class")
        if isinstance(value_of, Closure) and self.serializers.is_serializer(value_of):
            return value_of
        return None

    def _chosen(self, body: list[ast.stmt], own: Closure, one: _Answering) -> Closure | None:
        """What `get_serializer_class` returns for a method and action, as far as these decide it."""
        for line in body:
            if isinstance(line, ast.If):
                taken = _decided(line.test, one)
                if taken is not False and (found := self._chosen(line.body, own, one)) is not None:
                    return found
                if taken is not True and (found := self._chosen(line.orelse, own, one)) is not None:
                    return found
            elif isinstance(line, ast.Return) and line.value is not None:
                value = self.evaluator.value(line.value, own.scope)
                if isinstance(value, Closure) and self.serializers.is_serializer(value):
                    return value
        return None


_USUAL: Final = frozenset({"list", "create", "retrieve", "update", "partial_update", "destroy"})
_PLAIN: Final = frozenset({"api", "v1", "v2", "v3"})
_FAILING: Final = 300
_BY_DEFAULT_MEDIA: Final = tuple(_PARSED[one] for one in _BY_DEFAULT)


def _page(kind: str, shape: Schema | None) -> Schema:
    """The schema of a list in pages."""
    items: Schema = {"type": "array", "items": shape or {}}
    if not kind:
        return items
    link: Json = {"type": ["string", "null"], "format": "uri"}
    properties: dict[str, Json] = {"next": link, "previous": link, "results": items}
    if kind != "CursorPagination":
        properties = {"count": {"type": "integer"}, **properties}
    return {"type": "object", "properties": properties, "required": ["results"]}


def _called(node: FunctionNode) -> list[ast.Call]:
    """The decorators of a function that are calls of plain names."""
    return [one for one in node.decorator_list if isinstance(one, ast.Call) and isinstance(one.func, ast.Name)]


def _decided(test: ast.expr, one: _Answering) -> bool | None:
    """Whether a condition on the action or method holds; None when something else decides it."""
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=ast.Compare() as inner):
            known = _decided(inner, one)
            return None if known is None else not known
        case ast.Compare(left=ast.Attribute(attr="action" | "method" as kind), ops=[op], comparators=[right]):
            mine = one.action if kind == "action" else one.method.upper()
            elements = right.elts if isinstance(right, ast.List | ast.Tuple | ast.Set) else [right]
            listed = [x.value for x in elements if isinstance(x, ast.Constant)]
            if len(listed) != len(elements):
                return None
            return (mine in listed) is isinstance(op, ast.Eq | ast.In)
        case _:
            return None
