"""Is every public symbol of a package in its documentation, and what does writing it take?

    python bench/documentation.py [--json]

Installed packages of more than 5,000 lines are documented without a model, by the tool's own functions, in a process
of their own each.  What has to be there is counted in another way than the index counts: a Python package is imported,
and `inspect` tells the public functions, classes, methods and properties that its modules define themselves (those of
`__all__` where a module has one); of TypeScript, every `export` at the beginning of a line is looked for with a regular
expression.  `covered` is the share of these names that have an entry of their own in the Markdown document.
`same` says whether writing it a second time gave the same bytes.  The TypeScript package is that of tests/clients, and
is left out where it is not installed.
"""

from __future__ import annotations

import argparse
import ast
import functools
import importlib
import importlib.util
import inspect
import json
import re
import resource
import subprocess
import sys
import time
import warnings
from pathlib import Path

PACKAGES = ("click", "fastapi", "griffe", "jinja2", "openai")
ZOD = Path(__file__).parent.parent / "tests" / "clients" / "node_modules" / "zod" / "src" / "v4"
EXPORT = re.compile(
    r"^export (?:declare )?(?:abstract )?(?:async )?"
    r"(?:function\*?|class|interface|type|const|let|enum|namespace) ([\w$]+)",
    re.MULTILINE,
)


def files_of(name: str) -> dict[str, str]:
    """The sources of a package by their paths, tests left out."""
    if name == "zod":
        return {
            f"zod/{path.relative_to(ZOD)}": path.read_text("utf-8")
            for path in sorted(ZOD.rglob("*.ts"))
            if "tests" not in path.relative_to(ZOD).parts
        }
    spec = importlib.util.find_spec(name)
    assert spec
    assert spec.submodule_search_locations
    root = Path(next(iter(spec.submodule_search_locations)))
    found = {
        str(path.relative_to(root.parent)): path for path in sorted(root.rglob("*.py")) if "tests" not in path.parts
    }
    if name == "openai":  # half a million lines of generated types say nothing new
        found = {path: file for path, file in found.items() if "/types/" not in path}
    return {path: file.read_text("utf-8") for path, file in found.items()}


def expected(name: str, files: dict[str, str]) -> tuple[set[tuple[str, str]], int]:
    """The file and dotted name of all that must be documented, and how many modules could not be imported."""
    if name == "zod":
        return {(path, found) for path, text in files.items() for found in EXPORT.findall(text)}, 0
    found: set[tuple[str, str]] = set()
    left = 0
    for path, text in files.items():
        dotted = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                module = importlib.import_module(dotted)
        except (ImportError, RuntimeError, AttributeError, AssertionError, SystemExit):
            left += 1
            continue
        listed = literal_all(text)
        for key, value in vars(module).items():
            if (key not in listed) if listed is not None else key.startswith("_"):
                continue
            if (
                inspect.isfunction(value)
                and value.__module__ == dotted
                and written(value, path)
                and value.__name__ == key
            ):
                found.add((path, key))
            elif (
                inspect.isclass(value)
                and value.__module__ == dotted
                and value.__qualname__ == key
                and re.search(rf"^\s*class {key}\b", text, re.MULTILINE)
            ):
                found.add((path, key))
                found.update((path, member) for member in members(value, key, path))
    return found, left


def literal_all(text: str) -> list[str] | None:
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and any(getattr(one, "id", "") == "__all__" for one in node.targets):
            try:
                return list(ast.literal_eval(node.value)) or None
            except ValueError:
                return None
    return None


def members(owner: type, name: str, path: str) -> list[str]:
    result = []
    for key, value in vars(owner).items():
        inner = value
        if isinstance(value, staticmethod | classmethod):
            inner = value.__func__
        elif isinstance(value, property):
            inner = value.fget
        elif isinstance(value, functools.cached_property):
            inner = value.func
        if (
            not key.startswith("_")
            and inspect.isfunction(inner)
            and written(inner, path)
            and inner.__qualname__ == f"{name}.{key}"
        ):
            result.append(f"{name}.{key}")
    return result


def written(value: object, path: str) -> bool:
    """Whether a function is written in that file, and not made or wrapped elsewhere."""
    code = getattr(value, "__code__", None)
    return (
        code is not None
        and code.co_filename.endswith(path)
        and not hasattr(value, "__wrapped__")
        and code.co_name == value.__name__
    )  # type: ignore[attr-defined]


def measure(name: str) -> dict[str, object]:
    from manyeyes_tools.documenting import _index, _render
    from manyeyes_tools.documents.writing import Written
    from manyeyes_tools.languages import language_of
    from manyeyes_tools.material import SourceFile

    files = files_of(name)
    sources = [
        SourceFile(path=path, language=language_of(path), text=text, masked=text) for path, text in files.items()
    ]
    began = time.perf_counter()
    document = _render(_index(sources).modules, Written(), "markdown", None, ()).text
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    began = time.perf_counter()
    page = _render(_index(sources).modules, Written(), "html", None, ())
    page_seconds = time.perf_counter() - began
    again = _render(_index(sources).modules, Written(), "markdown", None, ()).text
    wanted, left = expected(name, files)
    headed = entries(document)
    missing = sorted(one for one in wanted if one not in headed)
    return {
        "package": name,
        "language": "typescript" if name == "zod" else "python",
        "lines": sum(text.count("\n") for text in files.values()),
        "symbols": len(wanted),
        "covered": 1 - len(missing) / max(len(wanted), 1),
        "missing": [f"{path} {symbol}" for path, symbol in missing[:10]],
        "not_imported": left,
        "seconds": seconds,
        "megabytes": peak,
        "document_kb": len(document) // 1024,
        "html_seconds": page_seconds,
        "html_kb": len(page.text) // 1024,
        "valid": page.valid,
        "same": again == document,
    }


def entries(document: str) -> set[tuple[str, str]]:
    """The file and name of every entry: its heading, and where it says it comes from."""
    found: set[tuple[str, str]] = set()
    name = path = ""
    for line in document.split("\n"):
        if heading := re.match(r"^#+ \w+ `([^`]+)`$", line):
            name = heading[1]
        elif (source := re.match(r"^Source: `(.+?):\d+`$", line)) and name:
            found.add((source[1], name))
        elif constant := re.match(r"^\| `([\w$]+)` \|", line):
            found.add((path, constant[1]))
        elif source := re.match(r"^Source: `([^:]+)`$", line):
            path = source[1]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one)))
        return
    rows = []
    for name in (*PACKAGES, *(("zod",) if ZOD.is_dir() else ())):
        done = subprocess.run([sys.executable, __file__, "--one", name], capture_output=True, text=True, check=True)
        rows.append(json.loads(done.stdout.splitlines()[-1]))
    if options.json:
        print(json.dumps(rows))
        return
    heads = ("lines", "symbols", "covered", "seconds", "MB", "KB", "html s", "html KB", "valid", "same")
    print(f"{'package':<10}" + "".join(f"{head:>9}" for head in heads))
    for one in rows:
        print(
            f"{one['package']:<10}{one['lines']:>9}{one['symbols']:>9}{one['covered']:>9.2%}{one['seconds']:>9.1f}"
            f"{one['megabytes']:>9.0f}{one['document_kb']:>9}{one['html_seconds']:>9.1f}{one['html_kb']:>9}"
            f"{one['valid']!s:>9}{one['same']!s:>9}"
        )
        for missing in one["missing"]:
            print(f"    missing: {missing}")


if __name__ == "__main__":
    main()
