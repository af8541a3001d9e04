"""What a module defines, as all that is said of code rests on."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

ParameterKind: TypeAlias = Literal["positional", "either", "variadic", "keyword", "keywords"]
"""How an argument may be given: by place only, by either way, as `*args`, by name only, as `**kwargs`."""
SymbolKind: TypeAlias = Literal[
    "module", "class", "function", "method", "property", "attribute", "constant", "interface", "struct", "enum",
    "type", "macro", "namespace", "table", "view",
]  # fmt: skip
"""What a symbol is; from `interface` on only in other languages than Python."""
FIELD_BASES = frozenset({"BaseModel", "NamedTuple", "TypedDict"})
"""Bases that make the annotated attributes of a class the parameters of its constructor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of a callable.  `annotation` and `default` are source text; no default is None.

    `description` is what its annotation itself says of it: `Annotated[int, Doc("How many.")]`.
    """

    name: str
    kind: ParameterKind = "either"
    annotation: str = ""
    default: str | None = None
    description: str = ""

    @property
    def required(self) -> bool:
        """Whether a call must give it."""
        return self.default is None and self.kind not in {"variadic", "keywords"}

    @property
    def shown(self) -> str:
        """The name as a signature shows it, with its stars."""
        return {"variadic": "*", "keywords": "**"}.get(self.kind, "") + self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbol:
    """Something that a module defines, or the module itself.

    Attributes:
        path: The file, as people and models name it.
        name: Its dotted name within the module, without the module's own; a module's is its import name.
        kind: What it is.
        line, end_line: Where it is defined, decorators left out, counted from 1.
        public: Whether it is meant for others: no underscore anywhere in its name, or listed in `__all__`.
        docstring: Its docstring without the indentation, empty when it has none.
        signature: Its definition on one or several lines, without decorators and body.
        parameters: What it is called with (a class: its constructor), `self` and `cls` left out; None when a
            base class that is not in the module decides.
        returns: The annotation of what it returns, empty when there is none.
        annotation: The annotated type of an attribute or a constant.
        value: The source text of an attribute's or a constant's value.
        raises: The exceptions that its body raises by name, in order, each once.
        bases: The base classes, as written.
        decorators: The decorators, as written, without the `@`.
        yields: True for a generator.
    """

    path: str
    name: str
    kind: SymbolKind
    line: int
    end_line: int
    public: bool
    docstring: str = ""
    signature: str = ""
    parameters: tuple[Parameter, ...] | None = ()
    returns: str = ""
    annotation: str = ""
    value: str = ""
    raises: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    decorators: tuple[str, ...] = ()
    yields: bool = False

    @property
    def callable(self) -> bool:
        """Whether it has a signature that callers must keep to."""
        return self.kind in {"class", "function", "method", "macro"}

    @property
    def documentable(self) -> bool:
        """Whether it can have documentation of its own: a constant of Python cannot have a docstring."""
        return self.kind not in {"constant", "attribute"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """All that one file defines.  `symbols` is in source order, members right after their class."""

    itself: Symbol
    symbols: tuple[Symbol, ...]
    tree: ast.Module
    lines: tuple[str, ...]
    language: str = "python"

    @property
    def path(self) -> str:
        """The file, as people and models name it."""
        return self.itself.path

    @property
    def public(self) -> tuple[Symbol, ...]:
        """What is meant for others, attributes left out: they are told with their class."""
        return tuple(symbol for symbol in self.symbols if symbol.public and symbol.kind != "attribute")

    def members(self, owner: Symbol) -> tuple[Symbol, ...]:
        """What a class defines directly."""
        return tuple(s for s in self.symbols if s.name.rpartition(".")[0] == owner.name)

    def named(self, name: str) -> Symbol | None:
        """The symbol of that dotted name."""
        return next((symbol for symbol in self.symbols if symbol.name == name), None)


def import_name(path: str) -> str:
    """What a file is imported as, going by its path alone: `src/shop/__init__.py` is `shop`."""
    parts = path.removesuffix(".pyi").removesuffix(".py").strip("/").split("/")
    if parts[0] == "src" and len(parts) > 1:
        del parts[0]
    if parts[-1] == "__init__" and len(parts) > 1:
        del parts[-1]
    return ".".join(parts)


def dotted(node: ast.expr) -> str:
    """`a.b.c` for a name or a chain of attributes, empty for anything else."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join((node.id, *reversed(names)))


def has_fields(symbol: Symbol) -> bool:
    """Whether a class's annotated attributes are its constructor's parameters, going by itself alone."""
    return any(base.partition("[")[0].rpartition(".")[2] in FIELD_BASES for base in symbol.bases) or any(
        name.partition("(")[0].rpartition(".")[2] == "dataclass" for name in symbol.decorators
    )


def signature(head: str, parameters: tuple[Parameter, ...], returns: str, *, width: int = 88) -> str:
    """A definition line; one parameter to a line where it would be wider than `width` characters."""
    shown: list[str] = []
    previous: ParameterKind = "either"
    starred = False
    for parameter in parameters:
        if previous == "positional" and parameter.kind != "positional":
            shown.append("/")
        if parameter.kind == "keyword" and not starred:
            shown.append("*")
        starred = starred or parameter.kind in {"keyword", "variadic"}
        typed = f"{parameter.shown}: {parameter.annotation}" if parameter.annotation else parameter.shown
        equals = " = " if parameter.annotation else "="
        shown.append(typed if parameter.default is None else f"{typed}{equals}{parameter.default}")
        previous = parameter.kind
    if previous == "positional":
        shown.append("/")
    tail = f" -> {returns}" if returns else ""
    line = f"{head}({', '.join(shown)}){tail}"
    if len(line) <= width or not shown:
        return line
    return f"{head}(\n" + "".join(f"    {part},\n" for part in shown) + f"){tail}"


def in_order(symbols: Iterable[Symbol]) -> tuple[Symbol, ...]:
    """In source order, and members right after their class."""
    every = list(symbols)
    lines = {symbol.name: symbol.line for symbol in every}

    def place(symbol: Symbol) -> tuple[tuple[int, str], ...]:
        parts = symbol.name.split(".")
        chain = [".".join(parts[: size + 1]) for size in range(len(parts))]
        return tuple((lines.get(name, 0), name) for name in chain)

    return tuple(sorted(every, key=place))
