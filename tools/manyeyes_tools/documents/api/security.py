"""Security schemes: what an application's dependencies and extensions ask a caller to show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from manyeyes_tools.documents.api.values import Instance, Made

if TYPE_CHECKING:
    from manyeyes.types import Json
    from manyeyes_tools.documents.api.endpoints import Schema
    from manyeyes_tools.documents.api.evaluation import Evaluator
    from manyeyes_tools.documents.api.values import Given, Value

_HTTP: Final = {"HTTPBearer": "bearer", "HTTPBasic": "basic", "HTTPDigest": "digest"}
_KEYS: Final = {"APIKeyHeader": "header", "APIKeyQuery": "query", "APIKeyCookie": "cookie"}
_FLOWS: Final = {"OAuth2PasswordBearer": "password", "OAuth2AuthorizationCodeBearer": "authorizationCode"}
_OTHERS: Final = frozenset({"OpenIdConnect", "OAuth2"})
KNOWN: Final = frozenset({*_HTTP, *_KEYS, *_FLOWS, *_OTHERS})
"""FastAPI's security classes, by name."""


def scheme(value: Value, evaluator: Evaluator) -> tuple[str, Schema] | None:
    """The name and description of a FastAPI security scheme; None for anything else."""
    if isinstance(value, Made) and value.last in KNOWN:
        kind, shown, given = value.last, value.last, evaluator.given(value.call, value.scope)
    elif isinstance(value, Instance):
        kind = next((name for name in evaluator.ancestors(value.cls) if name in KNOWN), "")
        if not kind or value.call is None:
            return None
        shown, given = value.cls.node.name, evaluator.given(value.call, value.scope)
    else:
        return None
    described = _described(kind, given, evaluator)
    if described is None:
        return None
    if about := evaluator.text(given.words.get("description")):
        described["description"] = about
    return evaluator.text(given.words.get("scheme_name")) or shown, described


def _described(kind: str, given: Given, evaluator: Evaluator) -> Schema | None:
    if kind in _HTTP:
        result: Schema = {"type": "http", "scheme": _HTTP[kind]}
        form = evaluator.text(given.words.get("bearerFormat"))
        return result | ({"bearerFormat": form} if form and kind == "HTTPBearer" else {})
    if kind in _KEYS:
        name = evaluator.text(given.words.get("name"))
        return {"type": "apiKey", "in": _KEYS[kind], "name": name} if name else None
    if kind in _FLOWS:
        return _flow(kind, given, evaluator)
    if kind == "OpenIdConnect":
        url = evaluator.text(given.words.get("openIdConnectUrl"))
        return {"type": "openIdConnect", "openIdConnectUrl": url} if url else None
    return {"type": "oauth2", "flows": {}}


def _flow(kind: str, given: Given, evaluator: Evaluator) -> Schema | None:
    token = evaluator.text(given.get("tokenUrl", 0 if kind == "OAuth2PasswordBearer" else 1))
    told = evaluator.literal(given.words.get("scopes"))
    scopes: dict[str, Json] = {}
    if isinstance(told, dict):
        scopes = {str(name): str(about) for name, about in told.items()}
    if token is None:
        return None
    flow: Schema = {"scopes": cast("Json", scopes), "tokenUrl": token}
    if kind == "OAuth2AuthorizationCodeBearer":
        asked = evaluator.text(given.get("authorizationUrl", 0))
        if asked is None:
            return None
        flow["authorizationUrl"] = asked
    if refresh := evaluator.text(given.words.get("refreshUrl")):
        flow["refreshUrl"] = refresh
    return {"type": "oauth2", "flows": {_FLOWS[kind]: flow}}
