"""Which files of a project an import means."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from manyeyes_tools.syntax.outline import Import

_ENDINGS = {
    "python": (".py", ".pyi", "/__init__.py"),
    "typescript": (".ts", ".tsx", ".mts", ".cts", ".d.ts", ".js", ".jsx", ".mjs", "/index.ts", "/index.tsx",
                   "/index.js"),
    "javascript": (".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", "/index.js", "/index.ts"),
    "java": (".java", ".kt"),
    "kotlin": (".kt", ".java", ".kts"),
    "rust": (".rs", "/mod.rs", "/lib.rs"),
    "csharp": (".cs",),
    "ruby": (".rb",),
    "php": (".php",),
    "shell": ("", ".sh", ".bash"),
    "c": ("",),
    "cpp": ("",),
}  # fmt: skip
_SCRIPT_ENDING = re.compile(r"\.(?:js|mjs|cjs|jsx)$")
_MOST = 5
"""A name that fits more files than these means none of them for sure."""


@dataclass(frozen=True, slots=True)
class ImportPaths:
    """The files of a project, findable by the end of their path and by folder."""

    paths: frozenset[str]
    by_name: dict[str, list[str]]
    by_folder: dict[str, list[str]]

    @classmethod
    def of(cls, paths: Iterable[str]) -> ImportPaths:
        """Over these paths, relative and with `/`."""
        by_name: dict[str, list[str]] = {}
        by_folder: dict[str, list[str]] = {}
        every = sorted(paths)
        for path in every:
            folder, name = posixpath.split(path)
            by_name.setdefault(name, []).append(path)
            by_folder.setdefault(folder, []).append(path)
        return cls(frozenset(every), by_name, by_folder)

    def meant(self, path: str, language: str, one: Import) -> tuple[str, ...]:  # noqa: PLR0911 -- a way for each language
        """The files that an import in the file `path` names; none for what is not part of the project."""
        folder = posixpath.dirname(path)
        if language == "python":
            return self._python(folder, one)
        if language in {"javascript", "typescript"}:
            return self._script(folder, language, one.module)
        if language == "go":
            return self._go(one.module)
        if language in {"c", "cpp", "shell"}:
            near = posixpath.normpath(posixpath.join(folder, one.module))
            return self._exact(near, _ENDINGS[language]) or self._ends_with(
                one.module.lstrip("./").split("/"), _ENDINGS[language]
            )
        if language == "ruby":
            if one.module.startswith("."):
                return self._exact(posixpath.normpath(posixpath.join(folder, one.module)), (".rb", ""))
            return self._ends_with(one.module.split("/"), (".rb",))
        if language == "rust":
            return self._rust(path, one)
        if language == "php":
            return self._php(folder, one)
        if language in {"java", "kotlin", "csharp"}:
            parts = one.module.removesuffix(".*").split(".")
            found = self._ends_with(parts, _ENDINGS[language]) or self._ends_with(parts[:-1], _ENDINGS[language])
            return found or (self._folder(parts) if one.module.endswith(".*") or language == "csharp" else ())
        return ()

    def _python(self, folder: str, one: Import) -> tuple[str, ...]:
        dots = len(one.module) - len(one.module.lstrip("."))
        parts = [part for part in one.module[dots:].split(".") if part]
        if dots:
            base = folder.split("/") if folder else []
            if dots - 1 > len(base):
                return ()
            start = "/".join(base[: len(base) - (dots - 1)])
            found = [self._exact(posixpath.join(start, *parts), _ENDINGS["python"])] if parts else []
            found += [self._exact(posixpath.join(start, *parts, name), _ENDINGS["python"]) for name in one.names]
        else:
            found = [self._ends_with(parts, _ENDINGS["python"])]
            found += [self._ends_with([*parts, name], _ENDINGS["python"]) for name in one.names if len(parts) > 0]
        return tuple(dict.fromkeys(path for paths in found for path in paths))

    def _script(self, folder: str, language: str, module: str) -> tuple[str, ...]:
        if not module.startswith("."):
            return ()
        near = posixpath.normpath(posixpath.join(folder, module))
        if near in self.paths:
            return (near,)
        return self._exact(near, _ENDINGS[language]) or self._exact(_SCRIPT_ENDING.sub("", near), _ENDINGS[language])

    def _go(self, module: str) -> tuple[str, ...]:
        parts = module.split("/")
        for start in range(len(parts)):
            if start and len(parts) - start < min(2, len(parts) - 1):
                break  # one folder's name alone is that of many packages
            folder = "/".join(parts[start:])
            if folder in self.by_folder:
                return tuple(path for path in self.by_folder[folder] if path.endswith(".go"))
        last = parts[-1]
        return tuple(path for path in self.by_folder.get(last, ()) if path.endswith(".go")) if len(parts) > 1 else ()

    def _rust(self, path: str, one: Import) -> tuple[str, ...]:
        parts = [part for part in one.module.split("::") if part]
        if not parts or parts[0] in {"std", "core", "alloc"}:
            return ()
        folder, name = posixpath.split(path)
        own = folder if name in {"mod.rs", "lib.rs", "main.rs"} else posixpath.join(folder, name.removesuffix(".rs"))
        if parts[0] in {"self", "super"}:
            base = own
            while parts and parts[0] in {"self", "super"}:
                base = posixpath.dirname(base) if parts[0] == "super" else base
                parts = parts[1:]
            for end in range(len(parts), 0, -1):
                if found := self._exact(posixpath.join(base, *parts[:end]), _ENDINGS["rust"]):
                    return found
            return ()
        inside = parts[0] == "crate"
        parts = parts[1:] if inside else parts
        for end in range(len(parts), 0, -1):
            if end < 2 and not inside:  # noqa: PLR2004 -- one word alone is another crate
                return ()
            if found := self._ends_with(parts[:end], _ENDINGS["rust"], near=folder):
                return found
        return ()

    def _php(self, folder: str, one: Import) -> tuple[str, ...]:
        if "\\" not in one.module and one.module.endswith((".php", ".inc")):
            near = posixpath.normpath(posixpath.join(folder, one.module.lstrip("/")))
            return self._exact(near, ("",)) or self._ends_with(one.module.lstrip("./").split("/"), ("",))
        parts = one.module.split("\\")
        for start in range(max(len(parts) - 1, 1)):
            if found := self._ends_with(parts[start:], _ENDINGS["php"]):
                return found
        return self._ends_with(parts[-1:], _ENDINGS["php"])

    def _folder(self, parts: Sequence[str]) -> tuple[str, ...]:
        while parts and parts[-1] == "*":
            parts = parts[:-1]
        wanted = "/".join(parts)
        folders = [folder for folder in self.by_folder if folder == wanted or folder.endswith(f"/{wanted}")]
        return tuple(path for folder in folders[:1] for path in self.by_folder[folder]) if wanted else ()

    def _exact(self, path: str, endings: Sequence[str]) -> tuple[str, ...]:
        return next(((path + ending,) for ending in endings if path + ending in self.paths), ())

    def _ends_with(self, parts: Sequence[str], endings: Sequence[str], near: str = "") -> tuple[str, ...]:
        """The files whose path ends with these names; of several, the one in a shared folder."""
        wanted = "/".join(part for part in parts if part)
        if not wanted:
            return ()
        for ending in endings:
            whole = wanted + ending
            found = [
                path
                for path in self.by_name.get(posixpath.basename(whole), ())
                if path == whole or path.endswith(f"/{whole}")
            ]
            if len(found) > 1 and near:
                found = sorted(found, key=lambda path: -len(posixpath.commonprefix([path, near])))[:1]
            if found:
                return tuple(found) if len(found) <= _MOST else ()
        return ()
