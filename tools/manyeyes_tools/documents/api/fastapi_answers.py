"""What FastAPI endpoints answer: statuses, media types and the schemas of their models."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, cast

from manyeyes_tools.documents.api.constraints import is_json
from manyeyes_tools.documents.api.endpoints import last
from manyeyes_tools.documents.api.statuses import phrase, status, status_of
from manyeyes_tools.documents.api.trees import nodes
from manyeyes_tools.documents.api.values import UNKNOWN, Closure, Expression, External, Made

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes.types import Json
    from manyeyes_tools.documents.api.endpoints import Endpoint, Operation, Schema
    from manyeyes_tools.documents.api.evaluation import Evaluator
    from manyeyes_tools.documents.api.schemas import Schemas
    from manyeyes_tools.documents.api.scopes import Scope
    from manyeyes_tools.documents.api.values import Value

_JSON: Final = "application/json"
_TEXTS: Final = {"HTMLResponse": "text/html", "PlainTextResponse": "text/plain"}
_NO_SHAPE: Final = frozenset(
    {"RedirectResponse", "StreamingResponse", "FileResponse", "Response", "EventSourceResponse"}
)
_JSONS: Final = frozenset({"JSONResponse", "ORJSONResponse", "UJSONResponse"})


class Answers:
    """Reads what endpoints answer."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._evaluator = schemas.evaluator

    def add(self, endpoint: Endpoint, operation: Operation) -> None:
        """Add the answers of an endpoint to what is known of it."""
        options = endpoint.options
        told = options.get("status_code")
        good = status(self._evaluator.literal(told)) or (status_of(told.node) if told else None) or 200
        found: dict[str, Schema] = {}
        media = self._media(endpoint)
        content: dict[str, Json] = {}
        if good not in {204, 304} and good >= 200 and media is not None:  # noqa: PLR2004 -- statuses by their numbers
            content = {media: {"schema": self._model_schema(endpoint) if media == _JSON else {"type": "string"}}}
        about = self._evaluator.text(options.get("response_description")) or phrase(good)
        found[str(good)] = {"description": about, **({"content": content} if content else {})}
        for mapping in endpoint.responses:
            self._told(mapping, found, media or _JSON)
        if endpoint.handler is not None:
            raised(endpoint.handler, found, self._evaluator, endpoint.scope)
        if endpoint.framework == "starlette":
            operation.responses = {"default": {"description": "Answer"}}
            return
        if operation.parameters or operation.body:
            found.setdefault("422", {"description": "Validation Error"})
        operation.responses = found

    def _model_schema(self, endpoint: Endpoint) -> Schema:
        told = endpoint.options.get("response_model")
        if told is not None:
            if isinstance(told.node, ast.Constant) and told.node.value is None:
                return {}
            return self._schemas.of(told.node, told.scope)
        if endpoint.handler is None or endpoint.handler.returns is None:
            return {}
        returns = endpoint.handler.returns
        if isinstance(returns, ast.Constant) and returns.value is None:
            return {}  # FastAPI then promises no shape
        return self._schemas.of(returns, endpoint.scope)

    def _media(self, endpoint: Endpoint) -> str | None:
        """The media type of the good answer; None when the response class does not tell."""
        told = endpoint.options.get("response_class")
        kind = ""
        if told is not None:
            value = self._evaluator.value(told.node, told.scope)
            kind = self._response_kind(value) or last(told.node)
        elif (
            endpoint.handler is not None
            and endpoint.handler.returns is not None
            and "response_model" not in endpoint.options
        ):
            returns = self._schemas.unwrapped(endpoint.handler.returns, endpoint.scope)
            if isinstance(returns.node, ast.Name | ast.Attribute):
                kind = self._response_kind(self._evaluator.value(returns.node, returns.scope))
                if kind in _JSONS or kind not in {*_TEXTS, *_NO_SHAPE}:
                    kind = ""
                if kind in _TEXTS:  # an annotation alone does not change what FastAPI promises
                    return _TEXTS[kind]
        if kind in _TEXTS:
            return _TEXTS[kind]
        return None if kind in _NO_SHAPE else _JSON

    def _response_kind(self, value: Value) -> str:
        if isinstance(value, External):
            return value.last
        if isinstance(value, Closure):
            known = {*_TEXTS, *_NO_SHAPE, *_JSONS}
            return next((name for name in self._evaluator.ancestors(value) if name in known), "")
        return ""

    def _told(self, mapping: Expression, found: dict[str, Schema], media: str) -> None:
        """What `responses={404: {"model": …}}` says."""
        value = self._evaluator.value(mapping.node, mapping.scope)
        for name, item in self._entries(value):
            number = name if isinstance(name, str) and name == "default" else status(name)
            if number is None:
                continue
            words = dict(self._entries(self._evaluator.value(item.node, item.scope)))
            known = found.get(str(number), {})
            about = self._evaluator.text(words.get("description"))
            described = (
                about or str(known.get("description", "")) or (phrase(number) if isinstance(number, int) else "Answer")
            )
            entry: Schema = {**known, "description": described}
            model = words.get("model")
            if model is not None and not (isinstance(model.node, ast.Constant) and model.node.value is None):
                kept = known.get("content")
                entry["content"] = {
                    **(kept if isinstance(kept, dict) else {}),
                    media: {"schema": self._schemas.of(model.node, model.scope)},
                }
            content = self._evaluator.literal(words.get("content"))
            if isinstance(content, dict) and is_json(content):
                kept = entry.get("content")
                extra = {
                    kind: {k: v for k, v in one.items() if k in {"schema", "example", "examples"}}
                    for kind, one in content.items()
                    if isinstance(one, dict)
                }
                merged = dict(kept) if isinstance(kept, dict) else {}
                for kind, one in extra.items():
                    before = merged.get(kind)
                    merged[kind] = {**(before if isinstance(before, dict) else {}), **one}
                entry["content"] = cast("Json", merged)
            found[str(number)] = entry

    def _entries(self, value: Value) -> Iterator[tuple[object, Expression]]:
        if isinstance(value, Expression) and isinstance(value.node, ast.BinOp):
            yield from self._entries(self._evaluator.value(value.node.left, value.scope))
            yield from self._entries(self._evaluator.value(value.node.right, value.scope))
        elif isinstance(value, Expression) and isinstance(value.node, ast.Dict):
            for key, item in zip(value.node.keys, value.node.values, strict=True):
                if key is None:
                    yield from self._entries(self._evaluator.value(item, value.scope))
                    continue
                name = self._evaluator.literal(key, value.scope)
                yield (status_of(key) if name is UNKNOWN else name), Expression(item, value.scope)
        elif isinstance(value, Made) and value.name == "dict":
            yield from self._evaluator.given(value.call, value.scope).words.items()


def raised(handler: ast.AST, found: dict[str, Schema], evaluator: Evaluator, scope: Scope) -> None:
    """Add the answers that errors with a status that can be told give."""
    for node in nodes(handler):
        if isinstance(node, ast.Call) and last(node.func) in {"HTTPException", "abort"}:
            given = evaluator.given(node, scope)
            told = given.get("status_code", 0)
            number = status(evaluator.literal(told)) or (status_of(told.node) if told else None)
            detail = evaluator.text(given.get("detail", 1) or given.get("description"))
            if number:
                found.setdefault(str(number), {"description": detail or phrase(number)})
