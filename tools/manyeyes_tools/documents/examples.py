"""Whether an example that a model wrote uses only what exists; it is read, never run."""

from __future__ import annotations

import ast
import builtins
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from manyeyes_tools.documents.exports import Exports
from manyeyes_tools.documents.symbols import dotted
from manyeyes_tools.documents.told_types import contradicts
from manyeyes_tools.python_ast import parse_module

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from manyeyes_tools.documents.exports import Export
    from manyeyes_tools.documents.facts import Facts
    from manyeyes_tools.documents.symbols import Module, Parameter, Symbol

_FENCE = re.compile(r"\A\s*```\w*\n(.*?)\n?```\s*\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Example:
    """Some lines of Python that show how a symbol is used."""

    code: str
    symbol: Symbol


def plain_example(text: str) -> str:
    """An example without the fence or the prompts it was written with."""
    fenced = _FENCE.match(text)
    code = fenced.group(1) if fenced else text
    lines = code.strip("\n").splitlines()
    if any(line.startswith(">>>") for line in lines):
        lines = [line[4:] for line in lines if line.startswith((">>>", "..."))]
    return "\n".join(line.rstrip() for line in lines).strip()


def call_faults(code: str, home: Module, facts: Facts) -> Iterator[str]:
    """What is wrong with the calls in a piece of code that a sentence quotes; nothing when it does not parse."""
    try:
        tree = parse_module(code.strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    scope = _Scope(tree, home, facts.modules)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            # what is left out may only be left out of the sentence
            yield from (fault for fault in scope.call(node) if not fault.startswith("leaves out"))


def check_example(example: Example, home: Module, modules: Sequence[Module], *, guide: bool = False) -> str:
    """What is wrong with it, in words that follow "example that"; empty when nothing is.

    With `guide`, it need not stand alone: it may go on from an example before it, and need not use its symbol.
    """
    try:
        tree = parse_module(example.code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "does not parse"
    name = example.symbol.name.rpartition(".")[2]
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    used |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    if example.symbol.kind != "module" and name not in used and not guide:
        return "does not use its symbol"
    scope = _Scope(tree, home, modules)
    found = scope.faults()
    if guide:
        return next((fault for fault in found if not fault.startswith(_OF_ANOTHER)), "")
    return next(found, "")


_OF_ANOTHER = ("names something", "imports a module", "leaves out")
"""Faults that an example may have which goes on from another."""


def foreign_fault(code: str, symbol: Symbol, home: Module) -> str:
    """What is wrong with an example in another language than Python, as far as its grammar and the names tell."""
    from manyeyes_tools.syntax.parsing import parses

    if parses(code, home.language) is False:
        return "does not parse"
    name = symbol.name.rpartition(".")[2]
    if symbol.kind != "module" and not re.search(rf"(?<![\w$]){re.escape(name)}(?![\w$])", code):
        return "does not use its symbol"
    given = re.search(rf"(?<![\w$.]){re.escape(name)}\(([^()]*)\)", code)
    if given and symbol.parameters is not None and symbol.callable and symbol.kind != "class":
        count = given[1].count(",") + 1 if given[1].strip() else 0
        most = len(symbol.parameters)
        takes_any = any(one.kind in {"variadic", "keywords"} for one in symbol.parameters)
        if count > most and not takes_any and not re.search(r"[\[{<]", given[1]):
            return "gives too many arguments"
    return ""


class _Scope:
    """What the names in an example stand for."""

    def __init__(self, tree: ast.Module, home: Module, modules: Sequence[Module]) -> None:
        self.tree = tree
        self.symbols = {symbol.name: symbol for symbol in home.symbols}
        self.by_name = {form: module for module in modules for form in _forms(module)}
        self.modules = modules
        self.offered: dict[str, dict[str, Export]] = {}
        self.aliases: dict[str, Module] = {}
        self.imported: set[str] = set()
        self.bound = set(_bound(tree))
        self.known = {*dir(builtins), *self.symbols, *_surface(home.tree), *self.bound}
        self.home_imports = {name.partition(".")[0] for name in _import_sources(home.tree)}
        self.instances: dict[str, Symbol] = {}

    def faults(self) -> Iterator[str]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                yield from self._import(node)
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                made = self._type_of(node.value)
                if made:
                    self.instances[node.targets[0].id] = made
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in self.known:
                yield f"names something that does not exist: {node.id}"
            elif isinstance(node, ast.Attribute):
                yield from self._attribute(node)
            elif isinstance(node, ast.Call):
                yield from self.call(node)

    def _import(self, node: ast.Import | ast.ImportFrom) -> Iterator[str]:
        if isinstance(node, ast.Import):
            for alias in node.names:
                module = self.by_name.get(alias.name)
                if module:
                    self.aliases[alias.asname or alias.name] = module
                elif not self._foreign(alias.name):
                    yield f"imports a module that does not exist: {alias.name}"
            return
        yield from self._import_from(node)

    def _import_from(self, node: ast.ImportFrom) -> Iterator[str]:
        source = node.module or ""
        module = self.by_name.get(source)
        if module is None:
            if not self._foreign(source):
                yield f"imports a module that does not exist: {source}"
            return
        names = {*_surface(module.tree), *(symbol.name for symbol in module.symbols)}
        for alias in node.names:
            if alias.name != "*" and alias.name not in names and not _is_open(module):
                yield f"imports a name that does not exist: {alias.name} from {source}"
            symbol, home = module.named(alias.name), module
            if symbol is None:
                symbol, home = self._passed_on(module, alias.name)
            if symbol:
                members = {member.name: member for member in home.members(symbol)}
                self.symbols = {**members, **self.symbols, alias.asname or alias.name: symbol}

    def _passed_on(self, package: Module, name: str) -> tuple[Symbol | None, Module]:
        """What a package offers under a name that another of its modules defines, and that module."""
        if package.path not in self.offered:
            self.offered[package.path] = {one.name: one for one in Exports(self.modules).of(package)}
        found = self.offered[package.path].get(name)
        return (found.symbol, found.home) if found else (None, package)

    def _foreign(self, name: str) -> bool:
        """Whether a module is one that neither this project defines nor a model made up."""
        root = name.partition(".")[0]
        return root in sys.stdlib_module_names or root in self.home_imports

    def _type_of(self, value: ast.expr) -> Symbol | None:
        """The class whose instance an expression gives, as far as that can be seen."""
        inner = value.value if isinstance(value, ast.Await) else value
        target = self._resolve(inner.func) if isinstance(inner, ast.Call) else None
        if target and target.kind == "class":
            return target
        made = self.symbols.get(target.returns.strip("'\"")) if target else None
        return made if made and made.kind == "class" else None

    def _resolve(self, node: ast.expr) -> Symbol | None:
        """The symbol that `f`, `Class.method`, `module.f` or `instance.method` stands for."""
        name = dotted(node)
        if name in self.symbols:
            return self.symbols[name]
        head, _, rest = name.rpartition(".")
        if head in self.aliases:
            found = self.aliases[head].named(rest)
            if found is None:
                passed, _ = self._passed_on(self.aliases[head], rest)
                found = passed if passed is not None and passed.kind == "function" else None
            return found
        if head in self.instances:
            return self._member(self.instances[head], rest)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Call):
            made = self._type_of(node.value)
            return self._member(made, node.attr) if made else None
        return None

    def _member(self, owner: Symbol, name: str) -> Symbol | None:
        own = self.symbols.get(f"{owner.name}.{name}")
        if own:
            return own
        inherited = (self.symbols.get(base.partition("[")[0]) for base in owner.bases)
        return next((found for base in inherited if base and (found := self._member(base, name))), None)

    def _attribute(self, node: ast.Attribute) -> Iterator[str]:
        head = dotted(node.value)
        if (
            head in self.aliases
            and not _is_open(self.aliases[head])
            and node.attr
            not in {
                *_surface(self.aliases[head].tree),
                *(symbol.name for symbol in self.aliases[head].symbols),
            }
        ):
            yield "uses a name that its module does not define"
        owner = self.instances.get(head) or self.symbols.get(head)
        if owner and owner.kind == "class" and self._closed(owner) and not self._member(owner, node.attr):
            body = self._assigned_on_self(owner)
            if node.attr not in body and not node.attr.startswith("__"):
                yield f"uses a member that does not exist: {owner.name}.{node.attr}"

    def _closed(self, owner: Symbol) -> bool:
        """Whether all members of a class can be seen: no base outside the file."""
        return not owner.decorators and all(
            base == "object" or (base in self.symbols and self._closed(self.symbols[base])) for base in owner.bases
        )

    def _assigned_on_self(self, owner: Symbol) -> frozenset[str]:
        """Attributes that the home module sets on any object: enough to let an example read them."""
        trees = {id(module.tree): module.tree for module in self.by_name.values() if module.path == owner.path}
        return frozenset(
            node.attr
            for tree in trees.values()
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
        )

    def call(self, node: ast.Call) -> Iterator[str]:
        """What is wrong with one call: its arguments' names, their number, and the kinds of those that are literals."""
        target = self._resolve(node.func)
        if target is None or not target.callable or target.parameters is None:
            return
        if any(target.decorators) and target.kind != "class" and not _transparent(target):
            return  # a decorator that is not known may change what it is called with
        yield from _fits(node, target.parameters)
        yield from self._kinds(node, target.parameters)

    def _kinds(self, node: ast.Call, parameters: tuple[Parameter, ...]) -> Iterator[str]:
        """Literals given where the annotation has another type."""
        placed = [parameter for parameter in parameters if parameter.kind in {"positional", "either"}]
        by_name = {parameter.name: parameter for parameter in parameters}
        given: list[tuple[Parameter, ast.expr]] = []
        for parameter, argument in zip(placed, node.args, strict=False):
            if isinstance(argument, ast.Starred):
                break
            given.append((parameter, argument))
        given += [(by_name[word.arg], word.value) for word in node.keywords if word.arg in by_name]
        for parameter, value in given:
            kind = _literal_kind(value)
            if kind and parameter.annotation and contradicts(kind, parameter.annotation, self._is_plain_class):
                yield "gives an argument of the wrong type"

    def _is_plain_class(self, name: str) -> bool:
        """Whether a name is a class that no literal is an instance of."""
        symbol = self.symbols.get(name)
        return (
            symbol is not None
            and symbol.kind == "class"
            and all(base in {"object", "ABC", "BaseModel"} for base in symbol.bases)
        )


def _literal_kind(value: ast.expr) -> str:
    """The name of a literal's type; empty for what is no literal."""
    if isinstance(value, ast.Constant) and value.value is not Ellipsis:
        return "None" if value.value is None else type(value.value).__name__
    if isinstance(value, ast.JoinedStr):
        return "str"
    kinds = {ast.List: "list", ast.Dict: "dict", ast.Set: "set", ast.Tuple: "tuple", ast.ListComp: "list"}
    return kinds.get(type(value), "")


def _fits(node: ast.Call, parameters: tuple[Parameter, ...]) -> Iterator[str]:
    kinds = {parameter.kind for parameter in parameters}
    placed = [parameter.name for parameter in parameters if parameter.kind in {"positional", "either"}]
    named = {parameter.name for parameter in parameters if parameter.kind in {"either", "keyword"}}
    unpacked = any(isinstance(argument, ast.Starred) for argument in node.args)
    keywords = {word.arg for word in node.keywords}
    if "keywords" not in kinds and not keywords - {None} <= named:
        yield "gives a parameter that does not exist"
    if "variadic" not in kinds and len(node.args) > len(placed) and not unpacked:
        yield "gives too many arguments"
    if unpacked or None in keywords:
        return
    given = {*placed[: len(node.args)], *keywords}
    if any(parameter.required and parameter.name not in given for parameter in parameters):
        yield "leaves out a required parameter"


def _transparent(symbol: Symbol) -> bool:
    names = {name.partition("(")[0].rpartition(".")[2] for name in symbol.decorators}
    return names <= {"staticmethod", "classmethod", "abstractmethod", "override", "cache", "lru_cache", "final"}


def _is_open(module: Module) -> bool:
    """Whether a module may have names that its text does not show."""
    return any(
        (isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names))
        or (isinstance(node, ast.FunctionDef) and node.name == "__getattr__")
        for node in module.tree.body
    ) or module.path.endswith("__init__.py")  # whose submodules are its names too


def _forms(module: Module) -> Iterator[str]:
    """The names a module may be imported by: its own, or any tail of it, since the root is not known."""
    parts = module.itself.name.split(".")
    return (".".join(parts[place:]) for place in range(len(parts)))


def _surface(tree: ast.Module) -> Iterator[str]:
    """The names that a module binds outside its functions and classes."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield from _bound_by(node)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))


def _bound(tree: ast.AST) -> Iterator[str]:
    """Every name bound anywhere in an example."""
    for node in ast.walk(tree):
        yield from _bound_by(node)


def _bound_by(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, ast.alias):
        yield node.asname or node.name.partition(".")[0]
    elif isinstance(node, ast.ExceptHandler) and node.name:
        yield node.name


def _import_sources(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
