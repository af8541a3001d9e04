"""Which language a file is written in, by its name or first line, and what follows from it."""

from __future__ import annotations

import re
import warnings

from manyeyes_tools.python_ast import parse_module

TEXT = "text"
"""The language of what is in none that we know."""

_ENDINGS = {
    "python": "py pyi pyw",
    "typescript": "ts tsx mts cts",
    "javascript": "js jsx mjs cjs",
    "go": "go",
    "rust": "rs",
    "java": "java",
    "kotlin": "kt kts",
    "scala": "scala sc",
    "groovy": "groovy gradle",
    "c": "c h",
    "cpp": "cpp cc cxx c++ hpp hh hxx h++ inl ipp tpp",
    "csharp": "cs csx",
    "swift": "swift",
    "objective-c": "m mm",
    "ruby": "rb rake gemspec ru rbi podspec",
    "php": "php phtml php5 php7 php8",
    "perl": "pl pm",
    "lua": "lua",
    "r": "r",
    "julia": "jl",
    "dart": "dart",
    "elixir": "ex exs",
    "erlang": "erl hrl",
    "haskell": "hs",
    "ocaml": "ml mli",
    "clojure": "clj cljs cljc edn",
    "zig": "zig",
    "nim": "nim",
    "shell": "sh bash zsh ksh dash bats",
    "powershell": "ps1 psm1",
    "sql": "sql ddl dml pgsql psql mysql",
    "html": "html htm",
    "css": "css",
    "scss": "scss sass less",
    "vue": "vue",
    "svelte": "svelte",
    "xml": "xml xsd xsl svg",
    "json": "json jsonc json5",
    "yaml": "yaml yml",
    "toml": "toml",
    "ini": "ini cfg conf properties",
    "terraform": "tf tfvars hcl",
    "protobuf": "proto",
    "graphql": "graphql gql",
    "markdown": "md markdown",
    "restructuredtext": "rst",
    TEXT: "txt",
}
_BY_ENDING = {ending: language for language, endings in _ENDINGS.items() for ending in endings.split()}
_BY_NAME = {
    "dockerfile": "dockerfile",
    "containerfile": "dockerfile",
    "makefile": "make",
    "gnumakefile": "make",
    "jenkinsfile": "groovy",
    "gemfile": "ruby",
    "rakefile": "ruby",
    "podfile": "ruby",
    "vagrantfile": "ruby",
    "cmakelists.txt": "cmake",
    "requirements.txt": "requirements",
    "go.mod": "go-mod",
    "build": "starlark",
    "build.bazel": "starlark",
    ".bashrc": "shell",
    ".profile": "shell",
    ".bash_profile": "shell",
    ".bash_aliases": "shell",
    ".zshrc": "shell",
    "pkgbuild": "shell",
    "brewfile": "ruby",
    "fastfile": "ruby",
    "config.ru": "ruby",
}
_ALIASES = {
    "py": "python", "python3": "python", "ts": "typescript", "js": "javascript", "node": "javascript",
    "golang": "go", "rs": "rust", "c++": "cpp", "c#": "csharp", "cs": "csharp", "rb": "ruby", "sh": "shell",
    "bash": "shell", "zsh": "shell", "yml": "yaml", "md": "markdown", "kt": "kotlin", "objc": "objective-c",
    "hcl": "terraform", "tsx": "typescript", "jsx": "javascript", "docker": "dockerfile", "plaintext": TEXT,
    "plain": TEXT, "txt": TEXT, "kotlinscript": "kotlin", "postgres": "sql", "postgresql": "sql", "plpgsql": "sql",
}  # fmt: skip
_INTERPRETERS = {
    "python": "python", "node": "javascript", "deno": "typescript", "bun": "typescript", "bash": "shell",
    "sh": "shell", "zsh": "shell", "ksh": "shell", "dash": "shell", "ruby": "ruby", "perl": "perl", "php": "php",
    "lua": "lua", "rscript": "r", "pwsh": "powershell", "pypy": "python", "nodejs": "javascript", "ts": "typescript",
    "tsx": "typescript", "ash": "shell", "mksh": "shell", "jruby": "ruby", "kotlin": "kotlin", "java": "java",
    "psql": "sql", "groovy": "groovy",
}  # fmt: skip
_SHEBANG = re.compile(r"#!\s*(?:\S*/)?(?:env\s+(?:-\S+\s+)*)?(?:\S*/)?([A-Za-z]+)")
_SLASHES = frozenset(
    [
        "typescript",
        "javascript",
        "go",
        "rust",
        "java",
        "kotlin",
        "scala",
        "groovy",
        "c",
        "cpp",
        "csharp",
        "swift",
        "objective-c",
        "php",
        "dart",
        "zig",
        "protobuf",
        "scss",
        "json",
        "go-mod",
    ]
)
_OWN_MARKS = {
    "sql": "--", "lua": "--", "haskell": "--", "erlang": "%", "clojure": ";", "ini": ";", "css": "/*", "html": "<!--",
    "xml": "<!--", "vue": "<!--", "svelte": "<!--", "markdown": "<!--", "ocaml": "(*", "restructuredtext": "..",
}  # fmt: skip


def language_of(path: str, text: str = "") -> str:
    """The language of a file by its name, else by the interpreter its first line names; `text` when unknown."""
    name = path.replace("\\", "/").rpartition("/")[2].lower()
    if name in _BY_NAME:
        return _BY_NAME[name]
    if name.startswith(("dockerfile.", "containerfile.")):
        return "dockerfile"
    if name.startswith("requirements") and name.endswith((".txt", ".in")):
        return "requirements"
    stem, dot, ending = name.rpartition(".")
    if dot and stem and ending in _BY_ENDING:
        return _BY_ENDING[ending]
    return _from_first_line(text)


def named_language(name: str) -> str:
    """The language a caller means: `Python`, `py` and `.py` are all `python`.  An unknown name is kept."""
    name = name.strip().lower().removeprefix(".")
    if name in _ENDINGS:
        return name
    return _ALIASES.get(name) or _BY_ENDING.get(name, name)


def guess(text: str) -> str:
    """The language of code that came without a name: by its first line, `python` when it parses, else `text`."""
    if (language := _from_first_line(text)) != TEXT:
        return language
    if not text.strip():
        return TEXT
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parse_module(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return TEXT
    return "python"


def ending_of(language: str) -> str:
    """The usual file name ending of a language, without the dot; `txt` when it has none."""
    return _ENDINGS.get(language, "txt").split()[0]


def comment_mark(language: str) -> str:
    """What begins a comment in this language."""
    if language in _OWN_MARKS:
        return _OWN_MARKS[language]
    return "//" if language in _SLASHES else "#"


def _from_first_line(text: str) -> str:
    match = _SHEBANG.match(text[:200])
    return _INTERPRETERS.get(match[1].lower(), TEXT) if match else TEXT
