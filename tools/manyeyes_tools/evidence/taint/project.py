"""What names stand for in a project: its modules, functions and classes, and what they import from one another."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.taint.definitions import _BASES, Class, Function, Module, Unescaped
from manyeyes_tools.evidence.taint.survey import survey

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterable

    from manyeyes_tools.evidence.taint.values import Value

_RE_EXPORTS = 6


def module_name(path: str) -> str:
    """`a.b` of `a/b.py` and of `a/b/__init__.py`."""
    name = path.removesuffix(".pyi").removesuffix(".pyw").removesuffix(".py").replace("\\", "/").strip("/")
    return name.removesuffix("/__init__").replace("/", ".")


def is_test(path: str) -> bool:
    """Whether a file holds tests, in which bad habits are no risk."""
    parts = path.lower().replace("\\", "/").split("/")
    return (
        parts[-1].startswith("test_") or parts[-1].endswith("_test.py") or parts[-1] == "conftest.py"
        or any(part in {"tests", "test", "testing"} for part in parts[:-1])
    )  # fmt: skip


class Project:
    """All modules together."""

    def __init__(self, files: Iterable[tuple[str, ast.Module]]) -> None:
        self.modules: list[Module] = []
        self.named: dict[str, list[Module]] = defaultdict(list)
        self.methods: dict[str, list[Function]] = defaultdict(list)
        self.definitions: dict[int, Function] = {}
        self.class_nodes: dict[int, Class] = {}
        for path, tree in files:
            module = Module(path, module_name(path), tree, number=len(self.modules), test=is_test(path))
            self.modules.append(module)
            parts = module.name.split(".")
            for start in range(len(parts)):
                self.named[".".join(parts[start:])].append(module)
            survey(module, self)
        self.kept: dict[str, Value] = {}
        """What sessions hold, by key."""
        self.templates: dict[str, list[Unescaped]] = {}
        """What templates put into pages as it is, by the template's path and every end of it."""
        self.rendered: set[str] = set()
        self.texts: dict[str, Value] = {}
        """The value of each constant text."""
        self.web = False
        self.path_names: frozenset[str] = frozenset()
        """Names of parameters that Django's routes give."""
        self.numbers: frozenset[str] = frozenset()
        """Those of them that are numbers wherever they are named."""
        self._known: dict[str, Function | Class | Module | tuple[Module, str] | None] = {}
        for module in self.modules:
            for one in module.classes.values():
                for method in one.methods.values():
                    self.methods[method.name].append(method)
        for cls in self.class_nodes.values():
            cls.known_bases = tuple(
                found
                for base in cls.bases
                if isinstance(found := self.find(base, cls.module), Class) and found is not cls
            )
        for cls in self.class_nodes.values():
            cls.external = self._external(cls)

    def let_go(self) -> None:
        """Give up the trees.

        Modules and what they define know each other; left like that, they would stay in memory until the collector
        looks through everything, which it seldom does.
        """
        for cls in self.class_nodes.values():
            cls.methods.clear()
        for module in self.modules:
            module.functions.clear()
            module.classes.clear()
            module.globals.clear()
            module.every.clear()
        self.modules.clear()
        self.named.clear()
        self.methods.clear()
        self.definitions.clear()
        self.class_nodes.clear()
        self._known.clear()
        self.texts.clear()

    def _external(self, cls: Class) -> frozenset[str]:
        names: set[str] = set()
        pending, seen = [cls], 0
        while pending and seen < _BASES:
            one = pending.pop()
            seen += 1
            names.update(one.bases)
            pending.extend(one.known_bases)
        return frozenset(names)

    def name_local(self, name: str, function: Function) -> None:
        """Give a function within a function a name that it can be found by."""
        self._known[name] = function

    def find(self, name: str, near: Module) -> Function | Class | Module | tuple[Module, str] | None:
        """What a full name stands for in the project; a variable of a module comes as the module and its name."""
        # What begins with a tilde is a function within a function, or nothing that the project defines.
        own = "." not in name or name[0] == "."
        key = f"{near.number}:{name}" if own and name[:1] != "~" else name
        if key in self._known:
            return self._known[key]
        self._known[key] = None
        found = self._known[key] = self._find(name, near, _RE_EXPORTS)
        return found

    def _find(self, name: str, near: Module, depth: int) -> Function | Class | Module | tuple[Module, str] | None:
        if not name or depth < 0:
            return None
        if "." not in name:
            return near.functions.get(name) or near.classes.get(name) or self._module(name, near)
        parts = name.split(".")
        for cut in range(len(parts), 0, -1):
            module = self._module(".".join(parts[:cut]), near)
            if module is None:
                continue
            rest = parts[cut:]
            if not rest:
                return module
            return self._inside(module, rest, depth)
        head = near.classes.get(parts[0])
        if head is not None and len(parts) == 2:  # noqa: PLR2004  # a class and its attribute
            return head.method(parts[1])
        return None

    def _inside(
        self, module: Module, rest: list[str], depth: int
    ) -> Function | Class | Module | tuple[Module, str] | None:
        first = rest[0]
        cls = module.classes.get(first)
        if cls is not None:
            return cls if len(rest) == 1 else cls.method(rest[1])
        function = module.functions.get(first)
        if function is not None:
            return function if len(rest) == 1 else None
        imported = module.imports.get(first)
        if imported is not None and imported != ".".join((module.name, *rest)):
            return self._find(".".join((imported, *rest[1:])), module, depth - 1)
        return (module, first) if len(rest) == 1 and module.name else None

    def _module(self, name: str, near: Module) -> Module | None:
        found = self.named.get(name)
        if not found:
            return None
        if len(found) == 1:
            return found[0]
        return max(found, key=lambda one: (_shared(one.name, near.name), -len(one.name)))


def _shared(one: str, other: str) -> int:
    count = 0
    for left, right in zip(one.split("."), other.split("."), strict=False):
        if left != right:
            break
        count += 1
    return count
