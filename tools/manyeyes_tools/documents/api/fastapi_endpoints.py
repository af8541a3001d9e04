"""The endpoints that FastAPI and Starlette routers come to, with all that the routers above add."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from manyeyes_tools.documents.api.endpoints import CONVERTERS, METHODS, Endpoint
from manyeyes_tools.documents.api.fastapi_routers import Included
from manyeyes_tools.documents.api.scopes import FUNCTIONS
from manyeyes_tools.documents.api.values import Closure, Expression

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from manyeyes_tools.documents.api.endpoints import Framework, Schema
    from manyeyes_tools.documents.api.evaluation import Evaluator
    from manyeyes_tools.documents.api.fastapi_routers import Declared, Router
    from manyeyes_tools.documents.api.values import Given

_PART: Final = re.compile(r"\{([a-zA-Z_]\w*)(?::(\w+))?\}")


@dataclass(frozen=True, slots=True)
class _Above:
    """What the routers above add to a route."""

    prefix: str = ""
    tags: tuple[str, ...] = ()
    dependencies: tuple[Expression, ...] = ()
    responses: tuple[Expression, ...] = ()
    answer: Expression | None = None
    deprecated: Expression | None = None
    known: bool = True


@dataclass(slots=True)
class FastapiEndpoints:
    """Goes from applications down to endpoints.

    Attributes:
        problems: What could not be told, for people.
    """

    _evaluator: Evaluator
    _routers: Mapping[int, Router]
    _unresolved: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def applications(self) -> list[Router]:
        """The applications that no other holds, those with the most routes first."""
        held = self._held
        whole = [one for one in self._routers.values() if one.whole and one.origin not in held]
        ordered = sorted(whole, key=lambda one: -len(list(self._of(one, _Above()))))
        return list({one.origin: one for one in reversed(ordered)}.values())[::-1]

    @property
    def _held(self) -> set[int]:
        """The places that make what another router or application holds."""
        return {one.origin for one in self._routers.values() if one.inner}

    def endpoints(self) -> Iterator[Endpoint]:
        """Every endpoint, those of applications first."""
        applications = self.applications
        for one in applications:
            yield from self._of(one, _Above(), say=True)
        held = self._held
        alone = [one for one in self._routers.values() if not one.whole and one.origin not in held and one.items]
        for one in alone:
            plain = one.scope.parent is None and one.scope.owner is None
            if any(app.items for app in applications) and not (self._unresolved and plain):
                self.problems.append(
                    f"{one.scope.module.path}:{one.line}: no application includes this router, so it is left out"
                )
                continue
            if applications:
                self.problems.append(
                    f"{one.scope.module.path}:{one.line}: no application that was read includes this router; "
                    "its routes are told as they stand"
                )
            yield from self._of(one, _Above(), say=True)

    def _of(
        self, router: Router, above: _Above, *, say: bool = False, within: tuple[int, ...] = ()
    ) -> Iterator[Endpoint]:
        if id(router) in within:
            return
        here = self._below(
            above,
            router.given,
            self._evaluator.text(router.given.words.get("prefix")) if "prefix" in router.given.words else "",
        )
        for item in router.items:
            if isinstance(item, Included):
                self_prefix = item.prefix
                if item.mounted:
                    start = _Above(
                        prefix=here.prefix + (item.prefix or "").rstrip("/"),
                        known=here.known and item.prefix is not None,
                    )
                    yield from self._of(item.router, start, say=say, within=(*within, id(router)))
                    continue
                if self._hidden(item.given):
                    continue
                inner = self._below(here, item.given, self_prefix)
                yield from self._of(item.router, inner, say=say, within=(*within, id(router)))
            else:
                if self._hidden(router.given):
                    continue
                yield from self._declared(router, item, here, say=say)

    def _hidden(self, given: Given) -> bool:
        shown = given.words.get("include_in_schema")
        return shown is not None and self._evaluator.literal(shown) is False

    def _below(self, above: _Above, given: Given, prefix: str | None) -> _Above:
        words = given.words
        tags = self._evaluator.literal(words["tags"]) if "tags" in words else []
        responses = (words["responses"],) if "responses" in words else ()
        return _Above(
            prefix=above.prefix + (prefix or ""),
            tags=above.tags + (tuple(str(one) for one in tags) if isinstance(tags, list) else ()),
            dependencies=above.dependencies + self._dependencies(given),
            responses=above.responses + responses,
            answer=words.get("default_response_class") or above.answer,
            deprecated=words.get("deprecated") or above.deprecated,
            known=above.known and prefix is not None,
        )

    def _dependencies(self, given: Given) -> tuple[Expression, ...]:
        told = given.words.get("dependencies")
        if told is None:
            return ()
        found = self._evaluator.value(told.node, told.scope)
        if isinstance(found, Expression) and isinstance(found.node, ast.List | ast.Tuple):
            return tuple(Expression(one, found.scope) for one in found.node.elts)
        return ()

    def _declared(self, router: Router, item: Declared, above: _Above, *, say: bool) -> Iterator[Endpoint]:
        where = f"{item.scope.module.path}:{item.line}"
        if self._hidden(item.given):
            return
        framework: Framework = "starlette" if item.plain else "fastapi"
        if item.plain and router.kind in {"FastAPI", "APIRouter"}:
            if say:
                self.problems.append(
                    f"{where}: {item.name} is a plain Starlette route, which FastAPI does not describe"
                )
            return
        if item.paths is None or not above.known:
            if say:
                self.problems.append(f"{where}: the path of {item.name} is not a literal, so it is left out")
            return
        path, parts = template(above.prefix + item.paths)
        handler = item.handler
        node = handler.node if isinstance(handler, Closure) and isinstance(handler.node, FUNCTIONS) else None
        options = dict(item.given.words)
        if above.answer is not None:
            options.setdefault("response_class", above.answer)
        if above.deprecated is not None:
            options.setdefault("deprecated", above.deprecated)
        tags = self._evaluator.literal(options["tags"]) if "tags" in options else []
        own = tuple(str(one) for one in tags) if isinstance(tags, list) else ()
        for method in item.methods:
            if method not in METHODS:
                continue
            yield Endpoint(
                method=method,
                path=path,
                parts=parts,
                framework=framework,
                module=handler.scope.module if node is not None and isinstance(handler, Closure) else item.scope.module,
                line=node.lineno if node is not None else item.line,
                name=item.name,
                handler=node,
                scope=handler.scope if isinstance(handler, Closure) else item.scope,
                bound=isinstance(handler, Closure) and handler.bound is not None,
                options=options,
                tags=tuple(dict.fromkeys(above.tags + own)),
                dependencies=above.dependencies + self._dependencies(item.given),
                responses=above.responses + ((options["responses"],) if "responses" in options else ()),
            )


def template(path: str) -> tuple[str, dict[str, Schema]]:
    """A path as OpenAPI writes it, and its parameters with what their converters say."""
    parts: dict[str, Schema] = {}

    def shown(match: re.Match[str]) -> str:
        parts[match[1]] = dict(CONVERTERS.get(match[2] or "", {"type": "string"}))
        return f"{{{match[1]}}}"

    full = _PART.sub(shown, path)
    return full if full.startswith("/") else f"/{full}", parts
