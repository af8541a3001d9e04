"""When text of XML, a log or a table does harm."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_names import dotted
from manyeyes_tools.evidence.python_walk import walk
from manyeyes_tools.evidence.taint.values import Value

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.calling.sites import Site
    from manyeyes_tools.evidence.taint.frames import Frame

_LOGGERS = re.compile(r"(?:^|\.|_)(?:log|logger|logging|LOG|LOGGER)$|\.logger$|^_?log(?:ger)?$", re.IGNORECASE)


def lxml(frame: Frame, site: Site, value: Value) -> Value | None:
    """A document for a parser of lxml that resolves entities."""
    node = site.node_of("parser") or (site.node.args[1] if len(site.node.args) > 1 else None)
    if node is None:
        # Without a parser of its own lxml resolves entities of files in versions before 5.
        return Value(value.atoms)
    made = _parser(frame, node)
    if made is None:
        return value
    flag = next((one.value for one in made.keywords if one.arg == "resolve_entities"), None)
    if isinstance(flag, ast.Constant) and flag.value in {False, "internal"}:
        return None
    return value


def _parser(frame: Frame, node: ast.expr) -> ast.Call | None:
    """The call that made a parser, which may stand in a variable."""
    if isinstance(node, ast.Call):
        return node
    name = dotted(node)
    if not name:
        return None
    scopes: list[ast.AST] = [frame.function.node] if frame.function else []
    scopes.append(frame.module.tree)
    for scope in scopes:
        for one in walk(scope):
            if (
                isinstance(one, ast.Assign)
                and isinstance(one.value, ast.Call)
                and any(dotted(target) == name for target in one.targets)
            ):
                return one.value
    return None


def xml(_frame: Frame, _site: Site, value: Value) -> Value | None:
    """A document for a parser of the standard library."""
    return value


def sax(frame: Frame, site: Site, value: Value) -> Value | None:
    """Parsers of `xml.sax` leave external entities out unless they are told to take them."""
    if not site.receiver.kind.startswith("xml.sax") or frame.function is None:
        return None
    for one in walk(frame.function.node):
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute) and one.func.attr == "setFeature":
            on = one.args[1] if len(one.args) > 1 else None
            if isinstance(on, ast.Constant) and on.value and re.search(r"_ges|_pes|external", ast.unparse(one.args[0])):
                return value
    return None


def log(frame: Frame, site: Site, value: Value) -> Value | None:
    """A value in a log that a line break in it can forge."""
    if site.method and not (
        site.receiver.kind == "logging.Logger"
        or _LOGGERS.search(site.written)
        or site.full.startswith("logging.")
        or site.full.startswith("loguru.")
    ):
        return None
    if frame.module.test:
        return None
    if (
        site.values
        and site.values[0].const
        and value is not site.values[0]
        and "%r" in str(site.values[0].const[0])
        and "%s" not in str(site.values[0].const[0])
    ):
        return None
    atoms = {
        origin: atom
        for origin, atom in value.atoms.items()
        if origin.kind in {"request", "upload", "param"}
        or (origin.kind == "cli" and origin.what.startswith(("sys.stdin", "input", "fileinput")))
    }
    return Value(atoms) if atoms else None


def pandas_text(frame: Frame, site: Site, value: Value) -> Value | None:
    """An expression for a column of text."""
    node = site.node_of("regex")
    return (
        value
        if "pandas" in frame.module.frameworks and not (isinstance(node, ast.Constant) and node.value is False)
        else None
    )
