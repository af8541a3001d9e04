"""The ways into an application that outsiders have, as far as its source tells them: where a hunt goes along."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from manyeyes_tools.documents.api.endpoints import Endpoint
    from manyeyes_tools.material import SourceFile

MOST_CHARS = 2_000_000
"""Of more source than this no routes are told: reading them takes its time, and models find them themselves."""
MOST = 200
"""Routes told with one piece."""
_HINTS = ("route", "router", "Router", "APIRouter", "fastapi", "FastAPI", "flask", "Flask", "aiohttp", "starlette",
          "express", ".get(", ".post(")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path: where it is answered, by what, and what stands before it."""

    method: str
    path: str
    file: str
    line: int
    handler: str
    before: tuple[str, ...]

    def told(self) -> str:
        """In one line, for models."""
        guards = f"; before it: {', '.join(self.before)}" if self.before else ""
        return f"- {self.method.upper()} {self.path} -> {self.handler or '?'} ({self.file}:{self.line}{guards})"


def routes_in(files: Iterable[SourceFile]) -> tuple[Route, ...]:
    """The routes that files declare, in the order of their places; none where they cannot be read.

    Blocking: to be called in a worker thread.
    """
    from manyeyes_tools.documents.api.describing import read  # builds on much that only this needs
    from manyeyes_tools.documents.foreign import Unreadable, read_foreign
    from manyeyes_tools.documents.python_symbols import read_module

    likely = [one for one in files if one.language in {"python", "javascript", "typescript"} and not one.partial]
    likely = [one for one in likely if any(hint in one.masked for hint in _HINTS)]
    if not likely or sum(len(one.masked) for one in likely) > MOST_CHARS:
        return ()
    modules = []
    for file in likely:
        try:
            if file.language == "python":
                modules.append(read_module(file.path, file.masked))
            else:
                modules.append(read_foreign(file.path, file.masked, file.language)[0])
        except (Unreadable, SyntaxError, ValueError, RecursionError, MemoryError):
            continue  # engines say so; a hunt does without its routes
    try:
        found = [endpoint for endpoint, _ in read(modules).operations]
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError):
        return ()  # a help for the hunt, and no more than that
    return tuple(sorted(map(_route, found), key=lambda one: (one.file, one.line, one.path, one.method)))


def _route(endpoint: Endpoint) -> Route:
    before: list[str] = []
    if endpoint.handler is not None:
        before = [_said(one) for one in endpoint.handler.decorator_list]
    return Route(
        method=endpoint.method,
        path=endpoint.path,
        file=endpoint.module.path,
        line=endpoint.line,
        handler=endpoint.name,
        before=tuple(one for one in before if one and not _declares(one)),
    )


def _said(node: ast.expr) -> str:
    try:
        return " ".join(ast.unparse(node).split())[:80]
    except (ValueError, RecursionError):
        return ""


def _declares(decorator: str) -> bool:
    """Whether a decorator is the one that makes it a route."""
    name = decorator.partition("(")[0].rpartition(".")[2]
    return name in {"route", "get", "post", "put", "patch", "delete", "head", "options", "api_route", "view"}
