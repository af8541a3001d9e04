"""The grammars, one package for each language, loaded when the first file in it is met."""

from __future__ import annotations

import importlib
import re
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Language

_CPP = re.compile(
    r"(?m)^[ \t]{0,40}(?:class\s|namespace\s|template[ \t]{0,9}<|using\s|(?:public|private|protected)[ \t]{0,9}:)|::"
)
_LOCK = threading.Lock()
_LOADED: dict[str, Language] = {}


@dataclass(frozen=True, slots=True)
class Grammar:
    """Where a grammar comes from: the package, and the function in it that gives the grammar."""

    name: str
    package: str
    function: str = "language"

    def load(self) -> Language:
        """The grammar, ready for a parser."""
        with _LOCK:
            if self.name not in _LOADED:
                from tree_sitter import Language

                module = importlib.import_module(self.package)
                _LOADED[self.name] = Language(getattr(module, self.function)())
            return _LOADED[self.name]


_GRAMMARS = {
    grammar.name: grammar
    for grammar in (
        Grammar("c", "tree_sitter_c"),
        Grammar("cpp", "tree_sitter_cpp"),
        Grammar("csharp", "tree_sitter_c_sharp"),
        Grammar("go", "tree_sitter_go"),
        Grammar("java", "tree_sitter_java"),
        Grammar("javascript", "tree_sitter_javascript"),
        Grammar("kotlin", "tree_sitter_kotlin"),
        Grammar("php", "tree_sitter_php", "language_php"),
        Grammar("php_only", "tree_sitter_php", "language_php_only"),
        Grammar("python", "tree_sitter_python"),
        Grammar("ruby", "tree_sitter_ruby"),
        Grammar("rust", "tree_sitter_rust"),
        Grammar("shell", "tree_sitter_bash"),
        Grammar("sql", "tree_sitter_sql"),
        Grammar("tsx", "tree_sitter_typescript", "language_tsx"),
        Grammar("typescript", "tree_sitter_typescript", "language_typescript"),
    )
}
LANGUAGES = frozenset(_GRAMMARS) - {"tsx", "php_only"}
"""The languages of `languages.language_of` that have a grammar."""


def grammars_for(text: str, language: str) -> tuple[Grammar, ...]:
    """The grammars to try on a text, the likeliest first; none when the language has no grammar.

    A TypeScript file may hold JSX, a `.h` file C++, and a piece of PHP may come without its opening tag.
    """
    if language not in LANGUAGES:
        return ()
    names = [language]
    if language == "typescript" and ("</" in text or "/>" in text):
        names.append("tsx")
    elif language == "c" and _CPP.search(text):
        names.append("cpp")
    elif language == "php" and "<?" not in text:
        names = ["php_only"]
    return tuple(_GRAMMARS[name] for name in names)
