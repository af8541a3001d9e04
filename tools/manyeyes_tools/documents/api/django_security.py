"""What Django REST framework's authentication and permission classes ask of a caller."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from manyeyes_tools.documents.api.django_settings import names
from manyeyes_tools.documents.api.django_views import view_node

if TYPE_CHECKING:
    from collections.abc import Mapping

    from manyeyes_tools.documents.api.django_settings import DjangoSettings
    from manyeyes_tools.documents.api.endpoints import Schema
    from manyeyes_tools.documents.api.evaluation import Evaluator
    from manyeyes_tools.documents.api.values import Closure, Expression

_SCHEMES: Final[Mapping[str, tuple[str, Schema]]] = {
    "SessionAuthentication": ("cookieAuth", {"type": "apiKey", "in": "cookie", "name": "sessionid"}),
    "BasicAuthentication": ("basicAuth", {"type": "http", "scheme": "basic"}),
    "TokenAuthentication": ("tokenAuth", {"type": "apiKey", "in": "header", "name": "Authorization"}),
    "JWTAuthentication": ("jwtAuth", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}),
    "JWTStatelessUserAuthentication": ("jwtAuth", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}),
    "OAuth2Authentication": ("oauth2", {"type": "oauth2", "flows": {}}),
}  # fmt: skip
_BY_DEFAULT: Final = ("SessionAuthentication", "BasicAuthentication")
_OPEN: Final = frozenset({"AllowAny"})
_READABLE: Final = frozenset({"IsAuthenticatedOrReadOnly", "DjangoModelPermissionsOrAnonReadOnly"})
_SAFE: Final = frozenset({"get", "head", "options"})


def asked(
    view: Closure, method: str, options: Mapping[str, Expression], settings: DjangoSettings, evaluator: Evaluator
) -> dict[str, Schema]:
    """The security schemes of which a caller must satisfy one; empty where nobody needs to."""
    permissions = _listed("permission_classes", options, view, settings, evaluator)
    if not permissions or all(one in _OPEN for one in permissions):
        return {}
    if method in _SAFE and all(one in _OPEN | _READABLE for one in permissions):
        return {}
    classes = _listed("authentication_classes", options, view, settings, evaluator)
    found = (_SCHEMES.get(one) for one in (_BY_DEFAULT if classes is None else classes))
    return {one[0]: dict(one[1]) for one in found if one is not None}


def _listed(
    name: str, options: Mapping[str, Expression], view: Closure, settings: DjangoSettings, evaluator: Evaluator
) -> tuple[str, ...] | None:
    told = options.get(name) or view_node(view, name, evaluator) or settings.default(f"DEFAULT_{name.upper()}")
    return names(told, evaluator)
