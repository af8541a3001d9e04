"""Where the values of a call arrive: sinks, headers, and the variables of templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes_tools.evidence.taint.callees import called
from manyeyes_tools.evidence.taint.conditions import CONDITIONS
from manyeyes_tools.evidence.taint.frames import PIECED, UNKNOWN, UNSURE_TOO
from manyeyes_tools.evidence.taint.sinks import METHODS as SINK_METHODS
from manyeyes_tools.evidence.taint.sinks import NAMED as SINKS
from manyeyes_tools.evidence.taint.sinks import SPREAD, Sink

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.frames import Frame
    from manyeyes_tools.evidence.taint.sites import Site
    from manyeyes_tools.evidence.taint.values import Value


def note_headers(frame: Frame, site: Site) -> None:
    """A header set by a method; what it means lies in its name."""
    if (
        site.method not in {"set_header", "add_header", "send_header", "setdefault", "add"} or len(site.values) <= 1
    ):  # a name and a value
        return
    if site.method in {"setdefault", "add"} and not site.written.endswith("headers"):
        return
    from manyeyes_tools.evidence.taint.statements import keep_header

    keep_header(frame, site.values[0], site.values[1], site.node)


_RENDERERS = frozenset(
    {
        "render_template",
        "render",
        "TemplateResponse",
        "render_to_string",
        "render_to_response",
        "get_template",
        "template",
        "render_async",
        "jinja2_template",
        "render_template_async",
        "select_template",
        "stream_template",
        "HTMLResponse",
    }
)


_PAGE = Sink("unescaped-markup", (), "", 1.0)


_STORED_PAGE = Sink("stored-markup", (), "", 1.0)


def fill_pages(frame: Frame, site: Site) -> None:  # noqa: C901  # the ways to name a template and to give it values
    """A template that is filled: values for variables that it puts into the page as they come."""
    last = site.method or site.full.rpartition(".")[2]
    if last not in _RENDERERS or not frame.project.templates:
        return
    names = [
        str(one.const[0])
        for one in (*site.values[:3], *(site.words[word] for word in ("name", "template_name") if word in site.words))
        if one.const and isinstance(one.const[0], str)
    ]
    holes = next((frame.project.templates[name] for name in names if name in frame.project.templates), None)
    if holes is None:
        name = site.receiver.prefix  # `env.get_template("x").render(…)`
        holes = frame.project.templates.get(name) if name else None
    if holes is None:
        return
    given: dict[str, Value] = dict(site.words)
    for one in (*site.values, *site.words.values()):
        if one.fields and one.kind in {"~dict", ""}:
            given.update({name: value for name, value in one.fields.items() if name not in given})
    for hole in holes:
        frame.project.rendered.add(hole.path)
        value = given.get(hole.names[0])
        if value is None:
            continue
        for name in hole.names[1:]:
            if name == "*":
                value = (value.fields or {}).get("*") or value
            elif value.fields and name in value.fields:
                value = value.fields[name]
        if not value.atoms:
            continue
        frame.reach(_PAGE, value, site.node)
        frame.reach(_STORED_PAGE, value, site.node)


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
