"""What is known of code, for statements about it to be held against: names, members, what may be raised, routes."""

from __future__ import annotations

import ast
import builtins
import json
import keyword
import re
import sys
from functools import cached_property
from typing import TYPE_CHECKING

from manyeyes_tools.documents.docstrings import read_docstring
from manyeyes_tools.documents.symbols import Symbol, dotted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from manyeyes_tools.documents.symbols import Module, Parameter

WORD = re.compile(r"[A-Za-z_$][\w$]*")
ALWAYS_KNOWN = frozenset(dir(builtins)) | frozenset(keyword.kwlist) | {"self", "cls", "e", "g", "i"}
_CALLED = re.compile(r"([A-Za-z_$][\w$]*)\s*(?:<[^<>()]*>)?\(")
_IMPLIED: tuple[tuple[type[ast.AST], frozenset[str]], ...] = (
    (ast.Subscript, frozenset({"KeyError", "IndexError", "LookupError", "TypeError"})),
    (ast.Import, frozenset({"ImportError", "ModuleNotFoundError"})),
    (ast.ImportFrom, frozenset({"ImportError", "ModuleNotFoundError"})),
    (ast.Assert, frozenset({"AssertionError"})),
    (ast.Attribute, frozenset({"AttributeError"})),
)
"""What may come out of an expression without being raised by name."""
_OPENING = frozenset(
    "open read_text write_text read_bytes write_bytes stat unlink mkdir rename connect send recv listdir bind".split()  # noqa: SIM905 -- a list of words reads best as words
)
_SHORTEST = 4
"""Shorter names are like too many others."""
_ALIKE = 75.0
"""Names at least so like each other, of 100, may be meant for one another."""
_MOST_STEPS = 400
"""Functions looked into for what one of them may raise."""


class Facts:
    """An index of modules, made for questions.  Everything is worked out when it is first asked for."""

    def __init__(self, modules: Sequence[Module]) -> None:
        self.modules = tuple(modules)
        self.homes = {module.path: module for module in modules}
        self._words: dict[str, frozenset[str]] = {}
        self._raised: dict[tuple[str, str], frozenset[str]] = {}

    @cached_property
    def by_name(self) -> dict[str, list[Symbol]]:
        """The symbols by the last part of their name."""
        found: dict[str, list[Symbol]] = {}
        for module in self.modules:
            for symbol in module.symbols:
                found.setdefault(symbol.name.rpartition(".")[2], []).append(symbol)
        return found

    @cached_property
    def members(self) -> dict[tuple[str, str], set[str]]:
        """The names that each class defines, by file and class."""
        found: dict[tuple[str, str], set[str]] = {}
        for module in self.modules:
            for symbol in module.symbols:
                owner, _, name = symbol.name.rpartition(".")
                found.setdefault((module.path, owner), set()).add(name)
        return found

    @cached_property
    def module_names(self) -> dict[str, Module]:
        """The modules by every tail of their name, since the root is not known."""
        found: dict[str, Module] = {}
        for module in self.modules:
            parts = module.itself.name.split(".")
            for place in range(len(parts)):
                found.setdefault(".".join(parts[place:]), module)
        return found

    @cached_property
    def symbol_words(self) -> frozenset[str]:
        """The words of all names that the modules define, and Python's own."""
        words = set(ALWAYS_KNOWN)
        for module in self.modules:
            words.update(WORD.findall(module.itself.name))
            for symbol in module.symbols:
                words.update(symbol.name.split("."))
                words.update(parameter.name for parameter in symbol.parameters or ())
        return frozenset(words)

    @cached_property
    def every_word(self) -> frozenset[str]:
        """Every word of every file."""
        words = set(self.symbol_words)
        for module in self.modules:
            words.update(self.words(module))
        return frozenset(words)

    @cached_property
    def called(self) -> frozenset[str]:
        """Every name that is called or defined as something to call."""
        found = {symbol.name.rpartition(".")[2] for module in self.modules for symbol in module.symbols}
        for module in self.modules:
            found.update(_CALLED.findall("\n".join(module.lines)))
            found.update(name for name in _imported(module.tree))
        return frozenset(found | set(dir(builtins)))

    @cached_property
    def routes(self) -> frozenset[tuple[str, str]]:
        """The routes that the code declares: method in capitals, and path with its parameters as `{}`."""
        if not any(word in "\n".join(m.lines) for m in self.modules for word in ("route", "get(", "post(", "path(")):
            return frozenset()
        from manyeyes_tools.documents import openapi  # heavy, and wanted only where somebody speaks of routes

        described: dict[str, dict[str, dict[str, object]]] = json.loads(openapi.describe(self.modules, {}).document)
        return frozenset(
            (method.upper(), template(path)) for path, item in described.get("paths", {}).items() for method in item
        )

    @cached_property
    def foreign(self) -> frozenset[str]:
        """The first names of modules that are imported from elsewhere, and the standard library's."""
        found = set(sys.stdlib_module_names)
        for module in self.modules:
            found.update(name.partition(".")[0] for name in _sources(module.tree))
        return frozenset(found)

    def nearest(self, name: str) -> str:
        """The symbol whose name is most like this one, with its place; empty when none is like it."""
        from rapidfuzz import fuzz, process

        last = name.partition("(")[0].rpartition(".")[2]
        if len(last) < _SHORTEST:
            return ""
        found = process.extractOne(last, self.by_name.keys(), scorer=fuzz.ratio, score_cutoff=_ALIKE)
        if found is None or found[0] == last:
            return ""
        symbol = self.by_name[found[0]][0]
        return f"{symbol.name} ({symbol.path}:{symbol.line})"

    def words(self, module: Module) -> frozenset[str]:
        """Every word of a file, and the names that the others define."""
        if module.path not in self._words:
            self._words[module.path] = frozenset(WORD.findall("\n".join(module.lines))) | self.symbol_words
        return self._words[module.path]

    def class_named(self, name: str, home: Module | None) -> Symbol | None:
        """The class of that name: of the same file before any other, and none when several others have it."""
        found = [one for one in self.by_name.get(name.rpartition(".")[2], []) if one.kind in _TYPES]
        near = [one for one in found if home is not None and one.path == home.path]
        return near[0] if near else found[0] if len(found) == 1 else None

    def member(self, owner: Symbol, name: str, *, depth: int = 0) -> bool | None:  # noqa: PLR0911 -- what is sure answers
        """Whether a class has a member; None when a base, or what makes it, cannot be seen."""
        if name.startswith("__") or name in self.members.get((owner.path, owner.name), ()):
            return True
        home = self.homes[owner.path]
        if home.language != "python":
            return None if "extends" in owner.signature or ":" in owner.signature else False
        if name in self._stored(home):
            return True
        if owner.decorators and not all("dataclass" in one or "final" in one for one in owner.decorators):
            return None
        unsure = "__getattr__" in self.members.get((owner.path, owner.name), ()) or depth > _DEEPEST
        for base in owner.bases:
            plain = base.partition("[")[0]
            if plain in {"object", "Generic", "Protocol", "ABC", "Exception", "ValueError", "RuntimeError"}:
                if name in _EXCEPTION_MEMBERS:
                    return True
                continue
            above = self.class_named(plain, home)
            if above is None or above is owner:
                unsure = True
                continue
            has = self.member(above, name, depth=depth + 1)
            if has:
                return True
            unsure = unsure or has is None
        return None if unsure else False

    def parameters(self, symbol: Symbol) -> tuple[Parameter, ...] | None:
        """What may be called a parameter when somebody speaks of a symbol; None when it cannot be known."""
        if symbol.kind == "module":
            found = [p for one in self.homes[symbol.path].symbols for p in one.parameters or ()]
            return tuple(found)
        if symbol.kind in _TYPES:
            inner = [one for one in self.homes[symbol.path].symbols if one.name.startswith(f"{symbol.name}.")]
            if symbol.parameters is None:
                return None
            return (*symbol.parameters, *(p for one in inner for p in one.parameters or ()))
        own = symbol.parameters
        if own is None or any(parameter.kind == "keywords" for parameter in own):
            return None
        return own

    def named(self, symbol: Symbol, name: str) -> Parameter | None:
        """The parameter of that name, or None; of a class also a field or what its constructor takes."""
        for parameter in symbol.parameters or ():
            if parameter.name.lstrip("$&") == name.lstrip("$&*"):
                return parameter
        return None

    def may_raise(self, symbol: Symbol) -> frozenset[str]:
        """The exceptions that a symbol may raise as far as its source shows, those of what it calls included."""
        key = (symbol.path, symbol.name)
        if key not in self._raised:
            self._raised[key] = self._reach(symbol)
        return self._raised[key]

    def _reach(self, symbol: Symbol) -> frozenset[str]:
        found: set[str] = set()
        waiting = [symbol]
        seen = {(symbol.path, symbol.name)}
        while waiting and len(seen) < _MOST_STEPS:
            one = waiting.pop()
            found.update(name.rpartition(".")[2] for name in one.raises)
            if one is symbol:
                found.update(name.rpartition(".")[2] for name in read_docstring(one.docstring).raises)
            if one.kind in _TYPES or one.kind == "module":
                inner = [
                    m for m in self.homes[one.path].symbols if one.kind == "module" or m.name.startswith(f"{one.name}.")
                ]
                fresh = [m for m in inner if (m.path, m.name) not in seen]
            else:
                names = self._calls.get((one.path, one.line), frozenset())
                if one is symbol:  # further away it would be anything
                    found.update(self._implied.get((one.path, one.line), ()))
                fresh = [
                    other
                    for name in names
                    for other in self.by_name.get(name, ())
                    if len(self.by_name[name]) <= _COMMON and (other.path, other.name) not in seen
                ]
            seen.update((m.path, m.name) for m in fresh)
            waiting.extend(fresh)
        return frozenset(found)

    @cached_property
    def _walked(self) -> tuple[dict[tuple[str, int], frozenset[str]], dict[tuple[str, int], frozenset[str]]]:
        calls: dict[tuple[str, int], frozenset[str]] = {}
        implied: dict[tuple[str, int], frozenset[str]] = {}
        for module in self.modules:
            for node in ast.walk(module.tree):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    calls[module.path, node.lineno], implied[module.path, node.lineno] = _inside(node)
        return calls, implied

    @property
    def _calls(self) -> dict[tuple[str, int], frozenset[str]]:
        return self._walked[0]

    @property
    def _implied(self) -> dict[tuple[str, int], frozenset[str]]:
        return self._walked[1]

    def literals(self, symbol: Symbol) -> str:
        """The source of a symbol: a value that a default of None stands for is written there."""
        lines = self.homes[symbol.path].lines
        return "\n".join(lines[symbol.line - 1 : symbol.end_line])

    def _stored(self, home: Module) -> frozenset[str]:
        if home.path not in self._attributes:
            self._attributes[home.path] = frozenset(
                node.attr
                for node in ast.walk(home.tree)
                if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
            )
        return self._attributes[home.path]

    @cached_property
    def _attributes(self) -> dict[str, frozenset[str]]:
        return {}


_TYPES = frozenset({"class", "interface", "struct", "enum", "type"})
_EXCEPTION_MEMBERS = frozenset({"args", "with_traceback", "add_note"})
_DEEPEST = 20
_COMMON = 12
"""A name that more symbols than this have says little about what is called."""


def template(path: str) -> str:
    """A path with the names of its parameters left out."""
    return re.sub(r"\{[^}]*\}|<[^>]*>|:[A-Za-z_]\w*", "{}", path.rstrip("/") or "/")


def _inside(  # noqa: C901 -- a table of what implies what
    node: ast.FunctionDef | ast.AsyncFunctionDef,
) -> tuple[frozenset[str], frozenset[str]]:
    names: set[str] = set()
    implied: set[str] = set()
    for inner in (one for statement in node.body for one in ast.walk(statement)):
        if isinstance(inner, ast.Call):
            name = dotted(inner.func).rpartition(".")[2] or getattr(inner.func, "attr", "")
            names.add(name)
            if name in _OPENING:
                implied |= {"OSError", "FileNotFoundError", "PermissionError", "IOError", "UnicodeDecodeError"}
            elif name in {"int", "float", "loads", "decode", "encode", "index", "remove", "parse", "fromisoformat"}:
                implied |= {"ValueError", "TypeError", "UnicodeError", "UnicodeDecodeError", "JSONDecodeError"}
            elif name in {"next", "anext"}:
                implied |= {"StopIteration", "StopAsyncIteration"}
            elif name in {"pop", "popitem"}:
                implied |= {"KeyError", "IndexError"}
        elif isinstance(inner, ast.Attribute):
            names.add(inner.attr)  # a property may raise too
        elif isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Div | ast.FloorDiv):
            implied |= {"ZeroDivisionError"}
        elif isinstance(inner, ast.Await):
            implied |= {"CancelledError", "TimeoutError"}
        elif isinstance(inner, ast.Raise) and inner.exc is None:
            implied.add("")
        for kind, raised in _IMPLIED:
            if isinstance(inner, kind):
                implied |= raised
    return frozenset(names), frozenset(implied)


def _imported(tree: ast.AST) -> Iterable[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.alias):
            yield (node.asname or node.name).rpartition(".")[2]


def _sources(tree: ast.AST) -> Iterable[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
