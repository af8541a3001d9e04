"""Where a rule of ruff holds by the letter and means little: such hits are dropped, or weighed for what they are."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from manyeyes.secret_values import is_value
from manyeyes_tools.evidence.python_names import dotted
from manyeyes_tools.evidence.python_walk import walk
from manyeyes_tools.findings import Severity
from manyeyes_tools.fragments import Unparsable, parse
from manyeyes_tools.weaknesses import family_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from manyeyes_tools.evidence.rules import Hit, Looked
    from manyeyes_tools.material import Origin, SourceFile

_PASTED = 0.4
_HANDED_ON = 0.4
_IMPORTED = re.compile(r"\s*(?:from\s|import\s|[\w.]+(?:\s+as\s+\w+)?\s*(?:,|\)|\\|$))")
"""A line of an import, alone or within its brackets."""
_TOLD_TYPE_CHECKERS = re.compile(r"#\s*(?:type:\s*ignore\[[^\]]*name-defined|pyright:\s*ignore)")
_STRING = re.compile(r"\"([^\"\n]*)\"|'([^'\n]*)'")
_PASSWORDS = frozenset({"S105", "S106", "S107"})
_EXPRESSION = re.compile(r"\(\?|\\[bdswB]|\[\^|\w\|\w")
"""What regular expressions hold and passwords seldom do."""
_CONSTANT_NAME = re.compile(r"[A-Z]+(?:_[A-Z0-9]+)+|[a-z]+(?:[._-][a-z]+)+")
_CHANGES = frozenset({
    "append", "add", "extend", "insert", "update", "setdefault", "pop", "popitem", "remove", "discard", "clear",
    "sort", "reverse", "appendleft", "extendleft",
})  # fmt: skip


FOLLOWED = frozenset({
    "S102", "S105", "S106", "S107", "S201", "S202", "S301", "S302", "S306", "S307", "S308", "S310", "S311", "S313",
    "S314", "S315", "S316", "S317", "S318", "S319", "S323", "S501", "S506", "S601", "S602", "S604", "S605", "S608",
    "S610", "S611", "S701", "S702", "S704",
})  # fmt: skip
"""Rules that go by the letter what following the values finds out: where that was done, they only second it."""


def settled_by_tree(looked: dict[str, Looked]) -> dict[str, tuple[Hit, ...]]:
    """The hits of each engine; of ruff's rules that `FOLLOWED` names only those that the tree's own rules bear out.

    Ruff cannot tell a value that was checked, or is constant, from one that comes from outside.
    """
    spoken = {name: one.hits for name, one in looked.items()}
    tree, ruff = looked.get("python tree"), looked.get("ruff")
    if tree is None or ruff is None:
        return spoken
    places = {
        (hit.file.path, family_of(hit.rule.cwe or ""), line)
        for hit in tree.hits
        for line in range(hit.start_line - 1, hit.end_line + 2)
    }
    spoken["ruff"] = tuple(
        hit
        for hit in ruff.hits
        if hit.rule.id not in FOLLOWED
        or hit.file.path not in tree.followed
        or any(
            (hit.file.path, family_of(hit.rule.cwe or ""), line) in places
            for line in range(hit.start_line, hit.end_line + 1)
        )
    )
    return spoken


def settled(hits: Iterable[Hit], origin: Origin) -> list[Hit]:
    """The hits that are worth a reader's time, each with the weight it has here."""
    kept: list[Hit] = []
    trees: dict[str, ast.Module | None] = {}
    for hit in hits:
        rule = hit.rule.id
        if (rule == "F811" and _IMPORTED.match(_line(hit))) or (rule in _PASSWORDS and not _holds_value(hit)):
            continue
        if rule == "F821":
            kept.append(_undefined(hit, origin))
        elif rule == "B006":
            if hit.file.path not in trees:
                trees[hit.file.path] = _tree(hit.file)
            kept.append(_default(hit, trees[hit.file.path]))
        else:
            kept.append(hit)
    return kept


def _line(hit: Hit) -> str:
    return "".join(hit.file.text.split("\n")[hit.start_line - 1 : hit.start_line])


def _holds_value(hit: Hit) -> bool:
    """Whether a string there can be a password: not the name of a variable or field, a path or a stand-in."""
    lines = hit.file.text.split("\n")[hit.start_line - 1 : hit.end_line]
    values = [one or other for line in lines for one, other in _STRING.findall(line)]
    return not values or any(
        is_value(value) and not _CONSTANT_NAME.fullmatch(value) and not _EXPRESSION.search(value) for value in values
    )


def _undefined(hit: Hit, origin: Origin) -> Hit:
    """In pasted code a name may be defined in what was not pasted along, and a comment may say that it is known."""
    if origin != "code" and not _TOLD_TYPE_CHECKERS.search(_line(hit)):
        return hit
    rule = replace(
        hit.rule,
        severity=Severity.LOW,
        explanation="If nothing around this code defines the name, reaching this line raises NameError.",
    )
    return replace(hit, rule=rule, confidence=_PASTED)


def _default(hit: Hit, tree: ast.Module | None) -> Hit:
    """A shared default does harm once it is changed, or given to something that may change it."""
    function = _function_with_default(tree, hit.start_line) if tree is not None else None
    if function is None or any(_changes(function[0].body, function[1])):
        return hit
    rule = replace(
        hit.rule,
        severity=Severity.LOW,
        explanation="One object is shared by all calls. This function does not change it; what it hands it to may.",
    )
    return replace(hit, rule=rule, confidence=_HANDED_ON)


def _tree(file: SourceFile) -> ast.Module | None:
    if file.partial:
        return None
    try:
        return parse(file.text)
    except Unparsable:
        return None


def _function_with_default(tree: ast.Module, line: int) -> tuple[ast.FunctionDef | ast.AsyncFunctionDef, str] | None:
    """The function whose parameter has its default on a line, and the parameter's name."""
    for node in walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            given = node.args
            placed = [*given.posonlyargs, *given.args]
            pairs = [
                *zip(placed[len(placed) - len(given.defaults) :], given.defaults, strict=True),
                *zip(given.kwonlyargs, given.kw_defaults, strict=True),
            ]
            for argument, default in pairs:
                if isinstance(default, ast.List | ast.Dict | ast.Set | ast.Call) and default.lineno == line:
                    return node, argument.arg
    return None


def _changes(body: list[ast.stmt], name: str) -> Iterator[bool]:
    """Whether each node that uses a variable changes its object, gives it back or keeps it."""
    for node in (part for statement in body for part in walk(statement)):
        match node:
            case ast.Call(func=ast.Attribute(attr=method, value=value)) if dotted(value) == name:
                yield method in _CHANGES
            case ast.Subscript(ctx=ast.Store() | ast.Del(), value=value) | ast.AugAssign(target=value):
                yield dotted(value) == name
            case ast.Return(value=ast.Name(id=found)) | ast.Yield(value=ast.Name(id=found)):
                yield found == name
            case ast.Assign(targets=targets, value=ast.Name(id=found)) if found == name:
                yield any(isinstance(target, ast.Attribute | ast.Subscript | ast.Name) for target in targets)
            case _:
                pass
