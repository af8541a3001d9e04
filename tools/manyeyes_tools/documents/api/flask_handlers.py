"""What a Flask handler reads from a request and what it answers, for one method at a time.

A handler for several methods often asks `request.method`; where that decides a branch, only the branch that the
method takes is read.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal, TypeAlias

from manyeyes_tools.documents.api.statuses import status_of
from manyeyes_tools.documents.symbols import dotted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

Place: TypeAlias = Literal["query", "header", "cookie", "form", "file"]

UNKNOWN = "*/*"
"""The media type of an answer that the source does not tell."""
HTML, JSON, BINARY = "text/html", "application/json", "application/octet-stream"

_READS: dict[str, Place] = {
    "args": "query", "values": "query", "headers": "header", "cookies": "cookie", "form": "form", "files": "file",
}  # fmt: skip
_MEDIA = {
    "render_template": HTML, "render_template_string": HTML, "stream_template": HTML, "escape": HTML, "Markup": HTML,
    "jsonify": JSON, "dict": JSON, "list": JSON, "send_file": BINARY, "send_from_directory": BINARY,
    "str": HTML, "join": HTML, "format": HTML, "dumps": HTML,
}  # fmt: skip
"""What the calls give whose result a handler returns; a plain text goes out as HTML."""
_REDIRECTS = frozenset({"redirect"})
_RESPONSES = frozenset({"Response", "make_response", "response_class"})
_NO_BODY = frozenset({"get", "head", "options", "trace"})
_NEAR = 4
"""Through how many variables an answer is followed."""


@dataclass(frozen=True, slots=True)
class Read:
    """One value that a handler takes from the request.  `many` says that it may be given several times."""

    name: str
    place: Place
    required: bool
    many: bool
    call: ast.Call | None


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: its status, None when the source does not tell it, and its media type, None when it has no body."""

    status: int | None
    media: str | None


@dataclass(slots=True)
class Handled:
    """What a handler does for one method.

    Attributes:
        nodes: The nodes that are reached.
        reads: What is taken from the request, each once.
        json: Whether the body is read as JSON.
        answers: What is returned, in source order.
    """

    nodes: list[ast.AST] = field(default_factory=list)
    reads: dict[tuple[str, Place], Read] = field(default_factory=dict)
    json: bool = False
    answers: list[Answer] = field(default_factory=list)


def handled(body: Sequence[ast.stmt], method: str) -> Handled:
    """What the body of a handler does for a method."""
    result = Handled(list(_nodes(body, method)))
    with_body = method not in _NO_BODY
    asked = {(one.name, one.place) for node in result.nodes if isinstance(node, ast.Compare) and (one := _read(node))}
    for node in result.nodes:
        read = _read(node)
        if read is not None and (with_body or read.place not in {"form", "file"}):
            if (read.name, read.place) in asked:
                read = replace(read, required=False)
            known = result.reads.get((read.name, read.place))
            if known is None or (read.required and not known.required):
                result.reads[read.name, read.place] = read
        result.json = result.json or (with_body and _reads_json(node))
    assigned = _assigned(result.nodes)
    for node in result.nodes:
        if isinstance(node, ast.Return) and node.value is not None:
            result.answers.extend(_answers(node.value, assigned))
    return result


def _reached(block: Iterable[ast.stmt], method: str) -> Iterator[ast.stmt]:
    """The statements that a request of this method can reach, as far as `request.method` decides it."""
    for node in block:
        if isinstance(node, ast.If) and (taken := _decided(node.test, method)) is not None:
            inner = list(_reached(node.body if taken else node.orelse, method))
            yield from inner
            if inner and _leaves(inner[-1]):
                return
            continue
        yield node
        if _leaves(node):
            return


def _leaves(node: ast.stmt) -> bool:
    return isinstance(node, ast.Return | ast.Raise) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and _last(node.value.func) == "abort"
    )


def _decided(test: ast.expr, method: str) -> bool | None:
    """Whether a condition holds for a method; None when something else decides it too."""
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            known = _decided(inner, method)
            return None if known is None else not known
        case ast.BoolOp(op=op, values=values):
            every = [_decided(value, method) for value in values]
            settling = isinstance(op, ast.Or)
            return settling if settling in every else None if None in every else not settling
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            if _is_method(right):
                left, right = right, left
            if not _is_method(left):
                return None
            named = strings(right) if isinstance(op, ast.In | ast.NotIn) else ((text(right) or ""),)
            if not any(named):
                return None
            inside = method.upper() in {name.upper() for name in named}
            return inside if isinstance(op, ast.Eq | ast.In) else not inside
        case _:
            return None


def _is_method(node: ast.expr) -> bool:
    return dotted(node).removeprefix("flask.") == "request.method"


def _nodes(block: Iterable[ast.stmt], method: str) -> Iterator[ast.AST]:
    """The nodes that are reached, in source order, without those of functions and classes inside."""
    waiting: list[ast.AST] = []
    waiting.extend([*_reached(block, method)][::-1])
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            continue
        children: list[ast.AST] = []
        for _, value in ast.iter_fields(node):
            if isinstance(value, list):
                blocks = [one for one in value if isinstance(one, ast.stmt)]
                children.extend(_reached(blocks, method) if blocks else (x for x in value if isinstance(x, ast.AST)))
            elif isinstance(value, ast.AST):
                children.append(value)
        waiting.extend(children[::-1])


def _read(node: ast.AST) -> Read | None:
    call: ast.Call | None = None
    match node:
        case ast.Subscript(value=source, slice=key, ctx=ast.Load()):
            required, many = dotted(source).rpartition(".")[2] != "values", False
        case ast.Call(func=ast.Attribute(attr="get" | "getlist" as method, value=source), args=[key, *_]):
            call, required, many = node, False, method == "getlist"
        case ast.Compare(left=key, ops=[ast.In() | ast.NotIn()], comparators=[source]):
            required, many = False, False
        case _:
            return None
    place, name = _place(source), text(key)
    return Read(name, place, required, many, call) if place and name else None


def _place(node: ast.expr) -> Place | None:
    head, _, last = dotted(node).removeprefix("flask.").rpartition(".")
    return _READS.get(last) if head == "request" else None


def _reads_json(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return dotted(node.func).removeprefix("flask.") == "request.get_json"
    return isinstance(node, ast.Attribute) and dotted(node).removeprefix("flask.") == "request.json"


def _assigned(nodes: Iterable[ast.AST]) -> dict[str, list[ast.expr]]:
    assigned: dict[str, list[ast.expr]] = {}
    for node in nodes:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ):
                assigned.setdefault(name, []).append(value)
            case _:
                pass
    return assigned


def _answers(node: ast.expr, assigned: dict[str, list[ast.expr]], depth: int = 0) -> Iterator[Answer]:
    match node:
        case ast.IfExp(body=one, orelse=other):
            yield from _answers(one, assigned, depth)
            yield from _answers(other, assigned, depth)
        case ast.Name(id=name) if depth < _NEAR and assigned.get(name):
            for value in assigned[name]:
                yield from _answers(value, assigned, depth + 1)
        case ast.Tuple(elts=[body, second, *_]):
            status = status_of(second)
            kept = isinstance(second, ast.Dict)  # body and headers: the status stays what it was
            for answer in _answers(body, assigned, depth + 1):
                yield answer if kept else _answer(status, answer.media)
        case ast.Call(func=called, args=args) if _last(called) in _REDIRECTS:
            code = args[1] if len(args) > 1 else keywords(node).get("code")
            yield Answer(status_of(code) if code is not None else HTTPStatus.FOUND.value, None)
        case ast.Call(func=called) if _last(called) in _RESPONSES:
            yield from _made(node, assigned, depth)
        case _:
            yield Answer(HTTPStatus.OK.value, _media(node))


def _made(node: ast.Call, assigned: dict[str, list[ast.expr]], depth: int) -> Iterator[Answer]:
    """The answers of `Response(…)` and `make_response(…)`."""
    options = keywords(node)
    body = node.args[0] if node.args else options.get("response")
    code = node.args[1] if len(node.args) > 1 else options.get("status")
    said = text(options.get("mimetype")) or text(options.get("content_type"))
    inner = list(_answers(body, assigned, depth + 1)) if body is not None and depth < _NEAR else []
    for answer in inner or [Answer(HTTPStatus.OK.value, HTML if body is None else UNKNOWN)]:
        media = said.partition(";")[0].strip() if said else answer.media
        if "mimetype" in options and not said:
            media = UNKNOWN
        yield _answer(status_of(code) if code is not None else answer.status, media)


def _answer(status: int | None, media: str | None) -> Answer:
    empty = status in {HTTPStatus.NO_CONTENT.value, HTTPStatus.NOT_MODIFIED.value}
    return Answer(status, None if empty else media)


def _media(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str()) | ast.JoinedStr():
            return HTML
        case ast.Dict() | ast.List() | ast.DictComp() | ast.ListComp():
            return JSON
        case ast.Constant(value=bytes()):
            return HTML
        case ast.BinOp(op=ast.Add() | ast.Mod(), left=left, right=right):
            return HTML if HTML in {_media(left), _media(right)} else UNKNOWN
        case ast.Call(func=called):
            return _MEDIA.get(_last(called), UNKNOWN)
        case _:
            return UNKNOWN


def keywords(call: ast.Call) -> Mapping[str, ast.expr]:
    """A call's keyword arguments."""
    return {word.arg: word.value for word in call.keywords if word.arg}


def text(node: ast.expr | None) -> str | None:
    """The value of a string literal; None for anything else."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def strings(node: ast.expr | None) -> tuple[str, ...]:
    """The string literals of a list, tuple or set."""
    elements = node.elts if isinstance(node, ast.List | ast.Tuple | ast.Set) else []
    return tuple(value for element in elements if (value := text(element)) is not None)


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
