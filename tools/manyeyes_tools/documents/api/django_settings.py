"""What a Django project's settings say about its routes: the root of its URLs and the framework's defaults."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from manyeyes_tools.documents.api.scopes import Imported
from manyeyes_tools.documents.api.values import Expression

if TYPE_CHECKING:
    from collections.abc import Mapping

    from manyeyes_tools.documents.api.evaluation import Evaluator
    from manyeyes_tools.documents.symbols import Module

_SIGNS = ("django", "rest_framework")


@dataclass(frozen=True, slots=True)
class DjangoSettings:
    """The settings that matter here.

    Attributes:
        roots: The modules that hold the outermost URL patterns; empty when no settings name one.
        framework: Django REST framework's defaults by name.
        user: The name of the user model's class, `User` when it is Django's own.
    """

    roots: tuple[Module, ...]
    framework: Mapping[str, Expression]
    user: str

    def default(self, name: str) -> Expression | None:
        """A default of Django REST framework."""
        return self.framework.get(name)


def uses_django(evaluator: Evaluator) -> bool:
    """Whether any of the files imports Django."""
    return any(
        isinstance(one, Imported) and one.module.partition(".")[0] in _SIGNS
        for module in evaluator.project.modules
        for bound in evaluator.project.scope(module).bindings.values()
        for one in bound
    )


def settings(evaluator: Evaluator) -> DjangoSettings:
    """Read the settings of a project, wherever they lie."""
    roots: dict[str, Module] = {}
    framework: dict[str, Expression] = {}
    user = "User"
    for module in evaluator.project.modules:
        scope = evaluator.project.scope(module)
        bound = scope.bindings
        for node in bound.get("ROOT_URLCONF", ()):
            name = evaluator.text(node, scope) if isinstance(node, ast.expr) else None
            root = evaluator.project.module(name, module) if name else None
            if root is not None:
                roots[root.path] = root
        for node in bound.get("REST_FRAMEWORK", ()):
            if isinstance(node, ast.Dict):
                for key, value in zip(node.keys, node.values, strict=True):
                    if isinstance(key, ast.Constant) and isinstance(key.value, str):
                        framework.setdefault(key.value, Expression(value, scope))
        for node in bound.get("AUTH_USER_MODEL", ()):
            told = evaluator.text(node, scope) if isinstance(node, ast.expr) else None
            user = told.rpartition(".")[2] if told else user
    return DjangoSettings(tuple(roots.values()), framework, user)


def names(told: Expression | None, evaluator: Evaluator) -> tuple[str, ...] | None:
    """The last names of classes listed in settings or on a view, as text or as the classes themselves."""
    if told is None:
        return None
    found = evaluator.value(told.node, told.scope)
    if not isinstance(found, Expression) or not isinstance(found.node, ast.List | ast.Tuple | ast.Set):
        return None
    result: list[str] = []
    for one in found.node.elts:
        text = evaluator.text(one, found.scope)
        if text is not None:
            result.append(text.rpartition(".")[2])
        elif isinstance(one, ast.Name | ast.Attribute):
            result.append(one.id if isinstance(one, ast.Name) else one.attr)
        else:
            # permissions combined: `IsAdmin | IsOwner`
            result.append(ast.unparse(one)[:80])
    return tuple(result)
