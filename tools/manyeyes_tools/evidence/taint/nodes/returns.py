"""What a function returns, and what becomes of it when a handler does."""

from __future__ import annotations

import ast
import sys
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_names import dotted
from manyeyes_tools.evidence.taint.calling.callees import callee_of
from manyeyes_tools.evidence.taint.evaluation import evaluate, facts_of
from manyeyes_tools.evidence.taint.facts import meet, unite, with_facts
from manyeyes_tools.evidence.taint.sinks import Sink
from manyeyes_tools.evidence.taint.values import NOTHING, Value, join

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.frames import Frame

_HTML = Sink("unescaped-markup", (), "", 1.0)
_UNSEEN = Sink("unescaped-markup", (), "", 0.5)
"""A page that code made which nobody can see: it may as well be JSON, or a template that was filled."""
_STORED = Sink("stored-markup", (), "", 1.0)
_ERROR = Sink("error-shown", (), "", 1.0)
_ROUTED_HTML = frozenset({"flask", "quart", "bottle", "cherrypy"})
_MAKES_PAGES = _ROUTED_HTML | {"markupsafe", "markdown", "markdown2", "mistune", "jinja2"}
"""What their functions return of text is a page."""
_NOT_PAGES = frozenset({"~response", "~json", "~page", "~query", "~file", "~dict", "~list", "~lambda"})


def returned(frame: Frame, node: ast.Return) -> bool:
    """`return value`."""
    if node.value is not None:
        value = with_facts(evaluate(frame, node.value), frame.facts)
        frame.returns = join(frame.returns, value) if frame.returns is not NOTHING else value
        _sent(frame, value, node)
        false = isinstance(node.value, ast.Constant) and not node.value.value
        if not false:
            true, _ = facts_of(frame, node.value)
            frame.true_facts = meet(frame.true_facts, unite(frame.facts, true))
    frame.returned_facts = meet(frame.returned_facts, frame.facts)
    return True


def _sent(frame: Frame, value: Value, node: ast.Return) -> None:
    """What a handler returns is sent: as a page, or with an error in it."""
    if not frame.handler or frame.handler == "cli":
        return
    shown: list[Value] = [value]
    if value.kind == "~list" and value.fields and "0" in value.fields and isinstance(node.value, ast.Tuple):
        if _declares_other(value):
            return
        shown = [value.fields["0"]]
    for one in shown:
        errors = {origin: atom for origin, atom in one.atoms.items() if origin.kind == "error"}
        if errors and one.kind not in {"~response", "~json", "~page"}:
            frame.reach(_ERROR, one.with_atoms(errors), node)
        if (
            one.kind in _NOT_PAGES
            or one.kind.endswith(("Response", "HTTPException"))
            or one.kind.startswith("flask.")
            or one.constant
        ):
            continue
        if one.atoms and ((frame.handler in _ROUTED_HTML and _is_html(frame)) or _declared_page(frame)):
            frame.reach(_UNSEEN if _made_unseen(frame, node) else _HTML, one, node)
            frame.reach(_STORED, Value({o: a for o, a in one.atoms.items() if one.built is not None}), node)


def _made_unseen(frame: Frame, node: ast.Return) -> bool:
    """Whether what is returned comes straight from an imported function that is not here to be read."""
    made = node.value.elts[0] if isinstance(node.value, ast.Tuple) and node.value.elts else node.value
    made = made.value if isinstance(made, ast.Await) else made
    if not isinstance(made, ast.Call):
        return False
    name = dotted(made.func)
    if name.partition(".")[0] not in frame.module.imports or callee_of(frame, made) is not None:
        return False
    root = frame.module.full(name).partition(".")[0]
    return root not in sys.stdlib_module_names and root not in _MAKES_PAGES


def _declared_page(frame: Frame) -> bool:
    """`@app.get("/", response_class=HTMLResponse)`."""
    return frame.function is not None and any(
        isinstance(one, ast.Call)
        and any(
            word.arg in {"response_class", "media_type"}
            and ("HTML" in dotted(word.value) or "html" in str(getattr(word.value, "value", "")))
            for word in one.keywords
        )
        for one in getattr(frame.function.node, "decorator_list", ())
    )


def _declares_other(value: Value) -> bool:
    """`return text, 200, {"Content-Type": "text/plain"}`."""
    for one in (value.fields or {}).values():
        for name, inner in (one.fields or {}).items():
            if name.lower() == "content-type" and inner.const and "html" not in str(inner.const[0]):
                return True
    return False


def _is_html(frame: Frame) -> bool:
    """Whether text that this handler returns is sent as a page; interfaces of Flask-RESTful send JSON."""
    function = frame.function
    if function is None:
        return False
    if function.owner is not None and any("Resource" in name for name in function.owner.external):
        return False
    return function.name not in {"before_request", "load_user"} and not any(
        dotted(one.func if isinstance(one, ast.Call) else one).rpartition(".")[2]
        in {"context_processor", "template_filter", "user_loader", "before_request", "teardown_appcontext"}
        for one in getattr(function.node, "decorator_list", ())
    )
