"""When a value does harm as code, as an object that is loaded, or as a template."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_names import dotted
from manyeyes_tools.evidence.taint.conditions.mattering import outside
from manyeyes_tools.evidence.taint.values import NOTHING, Value

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.calling.sites import Site
    from manyeyes_tools.evidence.taint.frames import Frame

_SAFE_YAML = frozenset({"SafeLoader", "CSafeLoader", "BaseLoader", "CBaseLoader"})


def code(_frame: Frame, _site: Site, value: Value) -> Value | None:
    """Code that is not compiled yet."""
    return None if value.kind == "~compiled" else value


def compiled(_frame: Frame, site: Site, value: Value) -> Value | None:
    """Text that is compiled in order to be run."""
    if len(site.values) != 3 or "flags" in site.words:  # noqa: PLR2004  # with flags it may only parse
        return None
    return value


def request_only(_frame: Frame, _site: Site, value: Value) -> Value | None:
    """A value that comes with a request."""
    return outside(value, frozenset({"request", "upload", "content"}))


def called_attribute(frame: Frame, site: Site, value: Value) -> Value | None:
    """An attribute whose name comes from outside."""
    first = site.values[0] if site.values else NOTHING
    return outside(value) if first.kind != "~dict" and not frame.module.test else None


def named_by_caller(_frame: Frame, _site: Site, value: Value) -> Value | None:
    """A value from outside."""
    return outside(value)


def loader(_frame: Frame, site: Site, value: Value) -> Value | None:
    """Data for a loader of objects."""
    if site.full == "shelve.open":
        return outside(value)
    return value


def yaml(_frame: Frame, site: Site, value: Value) -> Value | None:
    """A document for a loader that is not one of the safe ones."""
    node = site.node_of("Loader") or (site.node.args[1] if len(site.node.args) > 1 else None)
    if node is not None and dotted(node).rpartition(".")[2] in _SAFE_YAML:
        return None
    return value


def torch(_frame: Frame, site: Site, value: Value) -> Value | None:
    """A file that may hold more than weights."""
    node = site.node_of("weights_only")
    return None if isinstance(node, ast.Constant) and node.value is True else value


def numpy(_frame: Frame, site: Site, value: Value) -> Value | None:
    """A file that may hold pickled objects."""
    node = site.node_of("allow_pickle")
    return value if isinstance(node, ast.Constant) and node.value is True else None


def template(_frame: Frame, site: Site, value: Value) -> Value | None:
    """A template that no sandbox holds."""
    if "sandbox" in site.receiver.kind.lower() or "sandbox" in site.written.lower():
        return None
    if site.full == "bottle.template" and value.built is None and not outside(value):
        return None
    return value


def format_string(_frame: Frame, _site: Site, value: Value) -> Value | None:
    """A format that begins with a value from outside."""
    return outside(value) if value.built is None and not value.prefix else None
