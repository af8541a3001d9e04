"""Templates that are filled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes_tools.evidence.taint.sinks import Sink

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.calling.sites import Site
    from manyeyes_tools.evidence.taint.frames import Frame
    from manyeyes_tools.evidence.taint.values import Value

_RENDERERS = frozenset({
    "render_template", "render", "TemplateResponse", "render_to_string", "render_to_response", "get_template",
    "template", "render_async", "jinja2_template", "render_template_async", "select_template", "stream_template",
    "HTMLResponse",
})  # fmt: skip
_PAGE = Sink("unescaped-markup", (), "", 1.0)
_STORED_PAGE = Sink("stored-markup", (), "", 1.0)


def fill_pages(frame: Frame, site: Site) -> None:  # noqa: C901  # the ways to name a template and to give it values
    """A template that is filled: values for variables that it puts into the page as they come."""
    if not frame.project.templates or (site.method or site.full.rpartition(".")[2]) not in _RENDERERS:
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
