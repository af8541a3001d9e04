"""FastAPI and Starlette routers as the source makes them: what each declares, includes and mounts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from manyeyes_tools.documents.api.scopes import Scope
    from manyeyes_tools.documents.api.values import Given, Value

Kind: TypeAlias = Literal["FastAPI", "APIRouter", "Starlette", "Router"]


@dataclass(frozen=True, slots=True)
class Declared:
    """One route as a router declares it."""

    paths: str | None
    methods: tuple[str, ...]
    handler: Value
    given: Given
    scope: Scope
    line: int
    name: str
    plain: bool


@dataclass(frozen=True, slots=True)
class Included:
    """A router within another, or an application mounted on one."""

    router: Router
    given: Given
    prefix: str | None
    mounted: bool = False


@dataclass(slots=True, eq=False)
class Router:
    """An application or a router.

    Attributes:
        kind: What it is.
        given: What it was made with.
        scope: Where it was made.
        items: What it declares and includes, in the order it was met.
        inner: Whether another one holds it.
        origin: The place in the code that makes it; a function that is called twice makes two of one origin.
    """

    kind: Kind
    given: Given
    scope: Scope
    line: int
    items: list[Declared | Included] = field(default_factory=list)
    inner: bool = False
    origin: int = 0

    @property
    def whole(self) -> bool:
        """Whether it is an application by itself."""
        return self.kind in {"FastAPI", "Starlette"}
