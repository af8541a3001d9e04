"""What a module defines and imports."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_names import dotted
from manyeyes_tools.evidence.taint.definitions import Class, Function, FunctionNode, Module

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.project import Project


def parameters_of(node: FunctionNode) -> tuple[str, ...]:
    """All parameters' names, in the order of their positions; the starred ones last."""
    given = node.args
    names = [one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    names.extend(one.arg for one in (given.vararg, given.kwarg) if one is not None)
    return tuple(names)


_BLOCKS: dict[type[ast.AST], tuple[str, ...]] = {
    ast.Module: ("body",), ast.FunctionDef: ("body",), ast.AsyncFunctionDef: ("body",), ast.ClassDef: ("body",),
    ast.If: ("body", "orelse"), ast.For: ("body", "orelse"), ast.AsyncFor: ("body", "orelse"), ast.With: ("body",),
    ast.While: ("body", "orelse"), ast.AsyncWith: ("body",), ast.Try: ("body", "handlers", "orelse", "finalbody"),
    ast.TryStar: ("body", "handlers", "orelse", "finalbody"), ast.ExceptHandler: ("body",), ast.Match: ("cases",),
    ast.match_case: ("body",),
}  # fmt: skip
"""The fields of each kind of node that hold statements."""


def survey(module: Module, project: Project) -> None:
    """Note what a module defines and imports, inside of functions too.  Without recursion."""
    pending: list[tuple[ast.AST, Function | None, Class | None]] = [(module.tree, None, None)]
    frameworks: set[str] = set()
    while pending:
        node, function, cls = pending.pop()
        for field in _BLOCKS[node.__class__]:
            for child in getattr(node, field):
                if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                    pending.append((child, _define(project, module, child, function, cls), None))
                elif isinstance(child, ast.ClassDef):
                    pending.append((child, function, _define_class(project, module, child)))
                elif isinstance(child, ast.Import | ast.ImportFrom):
                    _import(module, child, frameworks)
                elif isinstance(child, ast.Assign | ast.AnnAssign) and cls is None:
                    _define_lambda(project, module, child, function)
                elif child.__class__ in _BLOCKS:
                    pending.append((child, function, cls))
    # A class's bases may be imported below it in the order of the walk.
    for owned in module.classes.values():
        owned.bases = _bases(module, owned.node)
    module.frameworks = frozenset(frameworks)


def _define(
    project: Project, module: Module, node: ast.FunctionDef | ast.AsyncFunctionDef, outer: Function | None,
    cls: Class | None,
) -> Function:  # fmt: skip
    made = Function(node.name, node, module, cls, parameters_of(node), outer)
    for one in node.decorator_list:
        if isinstance(one, ast.Name):
            made.static = made.static or one.id == "staticmethod"
            made.of_class = made.of_class or one.id == "classmethod"
    _add(project, module, made)
    return made


def _add(project: Project, module: Module, made: Function) -> None:
    module.every.append(made)
    project.definitions[id(made.node)] = made
    if made.owner is not None:
        made.owner.methods.setdefault(made.name, made)
    elif made.parent is None:
        module.functions[made.name] = made


def _define_lambda(project: Project, module: Module, node: ast.Assign | ast.AnnAssign, outer: Function | None) -> None:
    """`name = lambda x: …`, which is a function like any other."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    match targets, node.value:
        case [ast.Name(id=name)], ast.Lambda() as value:
            _add(project, module, Function(name, value, module, None, parameters_of(value), outer))
        case _:
            pass


def _define_class(project: Project, module: Module, node: ast.ClassDef) -> Class:
    made = Class(node.name, node, module, _bases(module, node))
    project.class_nodes[id(node)] = made
    module.classes.setdefault(node.name, made)
    for part in node.body:
        if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
            made.annotations[part.target.id] = part.annotation
            if part.value is not None:
                made.defaults[part.target.id] = part.value
    return made


def _bases(module: Module, node: ast.ClassDef) -> tuple[str, ...]:
    return tuple(filter(None, (module.full(dotted(_unsubscripted(base))) for base in node.bases)))


def _import(module: Module, node: ast.Import | ast.ImportFrom, frameworks: set[str]) -> None:
    if isinstance(node, ast.ImportFrom):
        _import_from(module, node, frameworks)
        return
    for alias in node.names:
        first = alias.name.partition(".")[0]
        frameworks.add(first)
        if alias.asname:
            module.imports[alias.asname] = alias.name
        else:
            module.imports.setdefault(first, first)


def _import_from(module: Module, node: ast.ImportFrom, frameworks: set[str]) -> None:
    base = node.module or ""
    if node.level:
        package = module.name if module.path.endswith("__init__.py") else module.name.rpartition(".")[0]
        parts = package.split(".") if package else []
        parts = parts[: len(parts) - (node.level - 1)] if node.level > 1 else parts
        base = ".".join((*parts, base)) if base else ".".join(parts)
    frameworks.add(base.partition(".")[0])
    for alias in node.names:
        module.imports[alias.asname or alias.name] = f"{base}.{alias.name}" if base else alias.name


def _unsubscripted(node: ast.expr) -> ast.expr:
    return node.value if isinstance(node, ast.Subscript) else node
