"""What a Python module defines, read from its syntax tree: nothing is imported or run."""

from __future__ import annotations

import ast
import inspect
import threading
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from manyeyes_tools.documents.symbols import (
    FIELD_BASES,
    Module,
    Parameter,
    ParameterKind,
    Symbol,
    dotted,
    has_fields,
    import_name,
    in_order,
    signature,
)
from manyeyes_tools.python_ast import parse_module

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FunctionNode: TypeAlias = "ast.FunctionDef | ast.AsyncFunctionDef"
_PARSING = threading.Lock()
"""Warning filters belong to the whole process, so only one thread may put them aside at a time."""


def read_module(path: str, text: str) -> Module:
    """Read what a file defines.

    Raises:
        SyntaxError: it is not Python of this interpreter's version.
        ValueError: it holds NUL bytes.
        RecursionError: it is nested too deeply.
        MemoryError: likewise, told by the parser.
    """
    with _PARSING, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a module's odd escapes are not this program's warnings
        tree = parse_module(text)
    lines = tuple(text.splitlines())
    exported = _exported(tree)
    found: dict[str, Symbol] = {}
    for symbol in _body(tree.body, path, "", public=True, exported=exported):
        if (_adapts(symbol) and symbol.name in found) or (symbol.kind == "constant" and symbol.name in found):
            continue
        found[symbol.name] = symbol
    known = {symbol.name: symbol for symbol in found.values() if symbol.kind == "class"}
    symbols = in_order(_with_constructor(symbol, found, known) for symbol in found.values())
    itself = Symbol(
        path=path,
        name=import_name(path),
        kind="module",
        line=1,
        end_line=max(len(lines), 1),
        public=True,
        docstring=ast.get_docstring(tree) or "",
    )
    return Module(itself=itself, symbols=symbols, tree=tree, lines=lines)


def parameters_of(node: FunctionNode, *, bound: bool = False) -> tuple[Parameter, ...]:
    """A function's parameters; the first is left out when `bound`."""
    arguments = node.args
    placed = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(placed) - len(arguments.defaults))
    defaults += arguments.defaults
    result = [
        _parameter(argument, "positional" if place < len(arguments.posonlyargs) else "either", default)
        for place, (argument, default) in enumerate(zip(placed, defaults, strict=True))
    ]
    if bound and result:
        del result[0]
    if arguments.vararg:
        result.append(_parameter(arguments.vararg, "variadic", None))
    result += [
        _parameter(argument, "keyword", default)
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    ]
    if arguments.kwarg:
        result.append(_parameter(arguments.kwarg, "keywords", None))
    return tuple(result)


def _parameter(argument: ast.arg, kind: ParameterKind, default: ast.expr | None) -> Parameter:
    annotation, description = _told(argument.annotation) if argument.annotation else ("", "")
    return Parameter(
        name=argument.arg,
        kind=kind,
        annotation=annotation,
        default=ast.unparse(default) if default else None,
        description=description,
    )


def _told(node: ast.expr) -> tuple[str, str]:
    """An annotation without the documentation in it, and that documentation."""
    if not isinstance(node, ast.Subscript) or dotted(node.value).rpartition(".")[2] != "Annotated":
        return ast.unparse(node), ""
    elements = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    docs = [one for one in elements if isinstance(one, ast.Call) and dotted(one.func).rpartition(".")[2] == "Doc"]
    kept = [one for one in elements if one not in docs]
    text = "".join(
        str(argument.value) for one in docs for argument in one.args[:1] if isinstance(argument, ast.Constant)
    )
    if len(kept) == 1 and docs:
        return ast.unparse(kept[0]), inspect.cleandoc(text)
    inside = ", ".join(ast.unparse(one) for one in kept)
    return f"{ast.unparse(node.value)}[{inside}]", inspect.cleandoc(text)


def _body(
    body: Iterable[ast.stmt], path: str, owner: str, *, public: bool, exported: frozenset[str] | None
) -> Iterator[Symbol]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield _function(node, path, owner, public=public and _is_public(node.name, exported))
        elif isinstance(node, ast.ClassDef):
            seen = public and _is_public(node.name, exported)
            yield _class(node, path, owner, public=seen)
            yield from _body(node.body, path, _join(owner, node.name), public=seen, exported=None)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            yield from _assigned(node, path, owner, public=public, exported=exported)
        else:
            for inner in _branches(node):
                yield from _body(inner, path, owner, public=public, exported=exported)


def _branches(node: ast.stmt) -> Iterator[list[ast.stmt]]:
    """The blocks of a statement whose definitions count as the module's or the class's own."""
    if isinstance(node, ast.If):
        yield from (node.body, node.orelse)
    elif isinstance(node, ast.Try | ast.TryStar):
        yield from (node.body, *(handler.body for handler in node.handlers), node.orelse, node.finalbody)
    elif isinstance(node, ast.For | ast.While):
        yield from (node.body, node.orelse)
    elif isinstance(node, ast.Match):
        yield from (case.body for case in node.cases)
    elif isinstance(node, ast.With):
        yield node.body


def _function(node: FunctionNode, path: str, owner: str, *, public: bool) -> Symbol:
    decorators = tuple(ast.unparse(decorator) for decorator in node.decorator_list)
    bound = bool(owner) and "staticmethod" not in decorators
    word = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    returns = ast.unparse(node.returns) if node.returns else ""
    is_property = any(name.rpartition(".")[2] in {"property", "cached_property"} for name in decorators)
    raises, yields = _effects(node)
    every = parameters_of(node)
    return Symbol(
        path=path,
        name=_join(owner, node.name),
        kind="property" if owner and is_property else "method" if owner else "function",
        line=node.lineno,
        end_line=node.end_lineno or node.lineno,
        public=public,
        docstring=ast.get_docstring(node) or "",
        signature=signature(f"{word} {node.name}", every, returns),
        parameters=parameters_of(node, bound=bound),
        returns=returns,
        raises=raises,
        decorators=decorators,
        yields=yields,
    )


def _class(node: ast.ClassDef, path: str, owner: str, *, public: bool) -> Symbol:
    bases = tuple(ast.unparse(base) for base in node.bases)
    keywords = tuple(f"{word.arg}={ast.unparse(word.value)}" for word in node.keywords if word.arg)
    inside = ", ".join((*bases, *keywords))
    return Symbol(
        path=path,
        name=_join(owner, node.name),
        kind="class",
        line=node.lineno,
        end_line=node.end_lineno or node.lineno,
        public=public,
        docstring=ast.get_docstring(node) or "",
        signature=f"class {node.name}({inside})" if inside else f"class {node.name}",
        bases=bases,
        decorators=tuple(ast.unparse(decorator) for decorator in node.decorator_list),
    )


def _assigned(
    node: ast.Assign | ast.AnnAssign, path: str, owner: str, *, public: bool, exported: frozenset[str] | None
) -> Iterator[Symbol]:
    """Class attributes, and those names of the module that are written as constants or exported."""
    for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
        if not isinstance(target, ast.Name) or target.id == "__all__":
            continue
        listed = exported is not None and target.id in exported
        if not owner and not target.id.isupper() and not listed:
            continue
        yield Symbol(
            path=path,
            name=_join(owner, target.id),
            kind="attribute" if owner else "constant",
            line=node.lineno,
            end_line=node.end_lineno or node.lineno,
            public=public and _is_public(target.id, exported),
            annotation=ast.unparse(node.annotation) if isinstance(node, ast.AnnAssign) else "",
            value=ast.unparse(node.value) if node.value else "",
        )


def _with_constructor(symbol: Symbol, found: dict[str, Symbol], classes: dict[str, Symbol]) -> Symbol:
    if symbol.kind != "class":
        return symbol
    return replace(symbol, parameters=_constructor(symbol, found, classes, frozenset()))


def _constructor(
    symbol: Symbol, found: dict[str, Symbol], classes: dict[str, Symbol], seen: frozenset[str]
) -> tuple[Parameter, ...] | None:
    """What a class is called with; None when something outside the module decides."""
    own = found.get(f"{symbol.name}.__init__")
    if own:
        return own.parameters
    if symbol.name in seen or f"{symbol.name}.__new__" in found:
        return None
    inherited: tuple[Parameter, ...] = ()
    for base in symbol.bases:
        plain = base.partition("[")[0]
        if plain.rpartition(".")[2] in {*FIELD_BASES, "object", "Generic", "Protocol", "ABC"}:
            continue
        if plain not in classes:
            return None
        above = _constructor(classes[plain], found, classes, seen | {symbol.name})
        if above is None:
            return None
        inherited += above
    if not has_fields(symbol) and not inherited:
        return None if _is_decorated(symbol) else ()
    fields = {parameter.name: parameter for parameter in inherited}
    for member in found.values():
        if member.name.rpartition(".")[0] == symbol.name and member.annotation and "ClassVar" not in member.annotation:
            name = member.name.rpartition(".")[2]
            fields[name] = Parameter(name=name, annotation=member.annotation, default=member.value or None)
    return tuple(fields.values())


def _is_decorated(symbol: Symbol) -> bool:
    """A decorator that is not known may give the class any constructor."""
    return any(
        name.partition("(")[0].rpartition(".")[2] not in {"final", "total_ordering"} for name in symbol.decorators
    )


def _effects(node: FunctionNode) -> tuple[tuple[str, ...], bool]:
    """The names a body raises and whether it yields; functions inside it are left out."""
    raised: dict[str, None] = {}
    yields = False
    waiting: list[ast.AST] = list(reversed(node.body))
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            continue
        if isinstance(inner, ast.Raise) and inner.exc is not None:
            name = dotted(inner.exc.func if isinstance(inner.exc, ast.Call) else inner.exc)
            if name and name.rpartition(".")[2][:1].isupper():  # `raise error` names a variable, not a class
                raised[name] = None
        yields = yields or isinstance(inner, ast.Yield | ast.YieldFrom)
        waiting.extend(reversed(list(ast.iter_child_nodes(inner))))
    return tuple(raised), yields


def _exported(tree: ast.Module) -> frozenset[str] | None:
    """The names of a literal `__all__`; None when there is none, or when it is put together by code."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(dotted(target) == "__all__" for target in node.targets):
            elements = node.value.elts if isinstance(node.value, ast.List | ast.Tuple) else []
            names = [item.value for item in elements if isinstance(item, ast.Constant) and isinstance(item.value, str)]
            return frozenset(names) if names and len(names) == len(elements) else None
    return None


def _is_public(name: str, exported: frozenset[str] | None) -> bool:
    return name in exported if exported is not None else not name.startswith("_")


def _adapts(symbol: Symbol) -> bool:
    """A property's setter or deleter, which is no symbol of its own."""
    return any(name.endswith((".setter", ".deleter")) for name in symbol.decorators)


def _join(owner: str, name: str) -> str:
    return f"{owner}.{name}" if owner else name
