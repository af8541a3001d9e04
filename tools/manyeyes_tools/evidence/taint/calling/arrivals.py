"""Where the values of a call arrive: at sinks and in headers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes_tools.evidence.taint.calling.callees import called
from manyeyes_tools.evidence.taint.conditions.table import CONDITIONS
from manyeyes_tools.evidence.taint.frames import PIECED, UNKNOWN, UNSURE_TOO, Frame
from manyeyes_tools.evidence.taint.nodes.stores import keep_header
from manyeyes_tools.evidence.taint.sinks import METHODS as SINK_METHODS
from manyeyes_tools.evidence.taint.sinks import NAMED as SINKS
from manyeyes_tools.evidence.taint.sinks import SPREAD, Sink

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.calling.sites import Site
    from manyeyes_tools.evidence.taint.values import Value

_SETTING = frozenset({"set_header", "add_header", "send_header", "setdefault", "add"})


def note_headers(frame: Frame, site: Site) -> None:
    """A header set by a method; what it means lies in its name."""
    if len(site.values) <= 1 or site.method not in _SETTING:  # a name and a value
        return
    if site.method in {"setdefault", "add"} and not site.written.endswith("headers"):
        return
    keep_header(frame, site.values[0], site.values[1], site.node)


def note_sinks(frame: Frame, site: Site) -> None:  # noqa: C901  # each reason why a value does no harm
    """Note what of a call's values reaches a sink."""
    found: tuple[Sink, ...] = ()
    if site.full:
        found = SINKS.get(site.full, ())
    named_alike = SINK_METHODS.get(site.method, ()) if site.method else ()
    if named_alike and called(frame, site) is None:  # the project's own methods are followed instead
        found = (*found, *(one for one in named_alike if one not in found))
    if not found and not (site.spread and any(value.atoms for value in site.spread)):
        return
    if site.spread and "mass-assignment" not in {one.rule for one in found}:
        found = (*found, *SPREAD)
    for sink in found:
        condition = CONDITIONS.get(sink.when)
        for given in _reached(site, sink):
            value = given
            if (
                not value.atoms
                and sink.rule in UNSURE_TOO
                and not value.constant
                and not value.const
                and value.kind not in {"~file", "~compiled", "~plain"}
                and value.bound is None
            ):
                value = UNKNOWN  # nothing is known of it, which is not to say that it is harmless
            if not value.atoms and not (value.fields and sink.when in {"shell program", "program", "shell"}):
                continue
            harmful = value
            if condition is not None:
                result = condition(frame, site, value)
                if result is None:
                    continue
                harmful = result
            if not harmful.atoms:
                continue
            built = harmful.built if sink.rule in PIECED else None
            frame.reach(sink, harmful, site.node, built=built)


def _reached(site: Site, sink: Sink) -> list[Value]:
    found: list[Value] = []
    for name in sink.arguments:
        if name == "self":
            found.append(site.receiver)
        elif name == "*":
            found.extend(site.values)
        elif name == "**":
            found.extend(site.spread)
        else:
            value = site.argument(name)
            if value is not None:
                found.append(value)
    return found
