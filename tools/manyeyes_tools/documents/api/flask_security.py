"""Security schemes that Flask's extensions ask for by decorators: Flask-HTTPAuth's and Flask-JWT-Extended's."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from manyeyes_tools.documents.api.endpoints import last
from manyeyes_tools.documents.api.values import External, Made

if TYPE_CHECKING:
    from collections.abc import Mapping

    from manyeyes_tools.documents.api.endpoints import Endpoint, Schema
    from manyeyes_tools.documents.api.evaluation import Evaluator

_SCHEMES: Final[Mapping[str, tuple[str, Schema]]] = {
    "HTTPBasicAuth": ("basicAuth", {"type": "http", "scheme": "basic"}),
    "HTTPDigestAuth": ("digestAuth", {"type": "http", "scheme": "digest"}),
    "HTTPTokenAuth": ("tokenAuth", {"type": "http", "scheme": "bearer"}),
}
_TOKENS: Final = frozenset({"jwt_required", "fresh_jwt_required"})


def asked(endpoint: Endpoint, evaluator: Evaluator) -> dict[str, Schema]:
    """The schemes of which a caller must satisfy one, by name; empty where no decorator asks for any."""
    found: dict[str, Schema] = {}
    for decorator in endpoint.handler.decorator_list if endpoint.handler is not None else ():
        given = evaluator.given(decorator, endpoint.scope).words if isinstance(decorator, ast.Call) else {}
        if evaluator.literal(given.get("optional")) in {True, "optional"}:
            continue
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        value = evaluator.value(target, endpoint.scope)
        if isinstance(value, External) and value.name.startswith("flask_jwt_extended.") and value.last in _TOKENS:
            found["jwtAuth"] = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
        elif isinstance(target, ast.Attribute) and last(target) == "login_required":
            owner = evaluator.value(target.value, endpoint.scope)
            if isinstance(owner, Made) and owner.last in _SCHEMES:
                name, scheme = _SCHEMES[owner.last]
                word = evaluator.text(evaluator.given(owner.call, owner.scope).get("scheme", 0))
                found[name] = {**scheme, "scheme": word.lower()} if word and name == "tokenAuth" else dict(scheme)
    return found
