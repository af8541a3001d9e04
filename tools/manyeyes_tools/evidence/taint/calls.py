"""What a call does: to whom values are handed, and what comes back."""

# ruff: noqa: ARG001, C901, E501, PERF403, PLR0911, PLR0912, PLR0917, PLR2004, PLW2901  # one branch for each kind of what is called; rules and limits explained beside them

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_names import dotted
from manyeyes_tools.evidence.taint.cleaning import (
    CLEANERS,
    DROPS,
    FILLS,
    METHOD_GUARDS,
    RECEIVER_ONLY,
    SANITIZER_WORDS,
    TEXTUAL_METHODS,
)
from manyeyes_tools.evidence.taint.conditions import CONDITIONS
from manyeyes_tools.evidence.taint.expressions import attribute, entry, evaluate, global_value, with_facts
from manyeyes_tools.evidence.taint.frames import NESTED, PIECED, UNKNOWN, UNSURE_TOO, ruled_out
from manyeyes_tools.evidence.taint.handlers import HANDLER_CALLS, is_handler
from manyeyes_tools.evidence.taint.marks import JOINED, OBJECT, PART, RESOLVED
from manyeyes_tools.evidence.taint.project import Class, Function, Reach
from manyeyes_tools.evidence.taint.sinks import METHODS as SINK_METHODS
from manyeyes_tools.evidence.taint.sinks import NAMED as SINKS
from manyeyes_tools.evidence.taint.sinks import SPREAD, Sink
from manyeyes_tools.evidence.taint.sources import (
    FUNCTIONS,
    HOST_PARTS,
    JSON_PARTS,
    LOADED,
    METHODS,
    QUERIES,
    REQUEST,
    REQUEST_CALLS,
    RETURNS,
    UPLOAD,
    UPLOADS,
)
from manyeyes_tools.evidence.taint.tables import ALL, BITS, NOT_FROM_SETS, ORIGINS, RULES, bits
from manyeyes_tools.evidence.taint.values import (
    CONSTANT,
    LONGEST_TEXT,
    NO_ATOMS,
    NOTHING,
    Atom,
    Origin,
    Value,
    Way,
    cleaned,
    extended,
    join,
    join_atoms,
)

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.frames import Frame

DEEP = 45
"""From this depth on functions that were not yet followed are left for later."""
MOST_BY_NAME = 2
"""A method called on an object of unknown class is looked for by its name if no more classes have it."""
_COMMON = frozenset(
    [
        "get",
        "set",
        "run",
        "save",
        "load",
        "open",
        "close",
        "read",
        "write",
        "update",
        "delete",
        "create",
        "add",
        "remove",
        "find",
        "filter",
        "execute",
        "send",
        "start",
        "stop",
        "items",
        "keys",
        "values",
        "pop",
        "append",
        "extend",
        "join",
        "split",
        "format",
        "strip",
        "encode",
        "decode",
        "copy",
        "query",
        "all",
        "first",
        "one",
        "count",
        "commit",
        "connect",
        "process",
        "handle",
        "call",
        "apply",
        "parse",
        "render",
        "post",
        "put",
        "patch",
        "info",
        "debug",
        "error",
        "warning",
        "main",
        "login",
        "logout",
        "validate",
        "check",
        "search",
        "fetch",
        "insert",
        "exists",
        "list",
        "show",
        "index",
        "put_object",
        "test",
        "log",
        "print",
        "reset",
        "clear",
        "is_valid",
    ]
)
_RESOLVING = {
    "os.path.realpath": RESOLVED, "os.path.abspath": RESOLVED, "os.path.normpath": RESOLVED, "pathlib.Path.resolve": RESOLVED,
}  # fmt: skip
_PARTING = frozenset({
    "split", "rsplit", "partition", "rpartition", "os.path.splitext", "os.path.split", "mimetypes.guess_type", "splitext", "suffix", "imghdr.what",
})  # fmt: skip
_STARTERS = frozenset(
    {
        "add_task",
        "Thread",
        "submit",
        "run_in_executor",
        "to_thread",
        "partial",
        "delay",
        "apply_async",
        "Process",
        "start_soon",
        "run_sync",
        "Timer",
        "call_soon",
        "call_later",
        "spawn",
        "enqueue",
        "defer",
        "apply",
        "map",
        "run_in_threadpool",
        "sync_to_async",
        "run_on_executor",
    }
)
_ENTRIES = frozenset({"namelist", "infolist", "getnames", "getmembers", "getmember", "getinfo"})
_PLAIN_MODULES = frozenset(
    {
        "os",
        "re",
        "shlex",
        "copy",
        "base64",
        "urllib",
        "posixpath",
        "ntpath",
        "textwrap",
        "string",
        "itertools",
        "functools",
        "codecs",
        "html",
        "io",
        "zlib",
        "gzip",
        "binascii",
        "operator",
        "unicodedata",
        "shutil",
        "tempfile",
        "asyncio",
    }
)
_KEEPS = frozenset({"ipaddress.ip_address", "ipaddress.ip_network", "ipaddress.IPv4Address"})
_HTML = bits("unescaped-markup stored-markup")
_NOSQL = bits("nosql-injection mass-assignment")
_PATH = bits("path-traversal archive-traversal")
_SURE_AFTER = 0.5
_PATHS = frozenset({"pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath", "anyio.Path", "aiofiles.Path"})
_TABLES = (SINKS, SINK_METHODS)


@dataclass(slots=True)
class Site:
    """A call with everything about it that conditions and sinks ask for.

    Attributes:
        node: The call.
        full: The full name of what is called; empty when unknown.
        method: The name of the method, for calls of methods.
        receiver: The object whose method it is.
        written: What stands before the method's name, as it is written.
        values: The positional arguments.
        words: The keyword arguments.
        spread: What is given by `**`.
        starred: What is given by `*`.
    """

    node: ast.Call
    full: str
    method: str
    receiver: Value
    written: str
    values: list[Value]
    words: dict[str, Value]
    spread: list[Value]
    starred: list[Value]

    def argument(self, *names: str) -> Value | None:
        """An argument by its position, written as text, or by its keyword."""
        for name in names:
            if name.isdigit():
                if int(name) < len(self.values):
                    return self.values[int(name)]
            elif name in self.words:
                return self.words[name]
        return None

    def node_of(self, name: str) -> ast.expr | None:
        """The expression of a keyword argument."""
        return next((one.value for one in self.node.keywords if one.arg == name), None)


def call(frame: Frame, node: ast.Call) -> Value:
    """What a call returns; what its arguments reach is noted."""
    site = _site(frame, node)
    _sinks(frame, site)
    _headers(frame, site)
    _pages(frame, site)
    result = _result(frame, site)
    _fill(frame, site)
    return result


def _site(frame: Frame, node: ast.Call) -> Site:
    func = node.func
    receiver, method, written, full = NOTHING, "", "", ""
    if isinstance(func, ast.Attribute):
        method = func.attr
        receiver = evaluate(frame, func.value)
        written = dotted(func.value)
        if receiver.kind:
            full = f"{receiver.kind}.{method}"
        elif written and written.split(".")[0] not in frame.env:
            full = frame.module.full(f"{written}.{method}")
    elif isinstance(func, ast.Name):
        known = frame.env.get(func.id)
        if known is not None:
            full = known.kind
        else:
            full = frame.module.full(func.id)
            if full == func.id and full not in frame.module.functions and full not in frame.module.classes:
                there = frame.module.globals.get(func.id)
                if there is not None and there.kind:
                    full = there.kind
    else:
        receiver = evaluate(frame, func)
        full = receiver.kind
    values: list[Value] = []
    starred: list[Value] = []
    for one in node.args[:100]:
        if isinstance(one, ast.Starred):
            value = evaluate(frame, one.value)
            starred.append(value)
            if value.fields and value.closed:
                values.extend(value.fields.values())
            else:
                values.append(Value(value.atoms))
        else:
            values.append(evaluate(frame, one))
    words: dict[str, Value] = {}
    spread: list[Value] = []
    for word in node.keywords[:100]:
        value = evaluate(frame, word.value)
        if word.arg is None:
            spread.append(value)
            if value.fields:
                words.update({name: one for name, one in value.fields.items() if name not in words})
        else:
            words[word.arg] = value
    return Site(node, full, method, receiver, written, values, words, spread, starred)


def _headers(frame: Frame, site: Site) -> None:
    """A header set by a method; what it means lies in its name."""
    if (
        site.method not in {"set_header", "add_header", "send_header", "setdefault", "add"} or len(site.values) < 2
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


def _pages(frame: Frame, site: Site) -> None:
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
        before = len(frame.flows)
        frame.reach(_PAGE, value, site.node)
        frame.reach(_STORED_PAGE, value, site.node)
        del before


def _sinks(frame: Frame, site: Site) -> None:
    found: tuple[Sink, ...] = ()
    if site.full:
        found = SINKS.get(site.full, ())
    named_alike = SINK_METHODS.get(site.method, ()) if site.method else ()
    if named_alike and _callee(frame, site) is None:  # the project's own methods are followed instead
        found = (*found, *(one for one in named_alike if one not in found))
    if not found and not (site.spread and any(value.atoms for value in site.spread)):
        return
    if site.spread and "mass-assignment" not in {one.rule for one in found}:
        found = (*found, *SPREAD)
    for sink in found:
        condition = CONDITIONS.get(sink.when)
        for value in _reached(site, sink):
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


# --- what comes back -----------------------------------------------------------------------------------------------


def _result(frame: Frame, site: Site) -> Value:  # one for each kind of what is called
    full, method = site.full, site.method
    special = _of_request(frame, site)
    if special is not None:
        return special
    mask = CLEANERS.get(full)
    if mask is None and method:
        mask = CLEANERS.get(f".{method}")
    if mask is not None and not _own(frame, site):
        return _cleaned_result(frame, site, mask)
    kind = FUNCTIONS.get(full) or METHODS.get(full)
    if kind is not None:
        if kind == "cli" and method in {"parse_args", "parse_known_args"}:
            return frame.source("cli", "the arguments", site.node)
        made = frame.source(kind, full, site.node)
        return replace(made, kind=RETURNS.get(full, ""))
    _handed_on(frame, site)
    function = _callee(frame, site)
    if isinstance(function, Class):
        return _made(frame, site, function)
    if isinstance(function, Function):
        given = _bind(site, function, method=_is_method(site, function))
        result = call_function(frame, function, given, site.node)
        if any(word in function.name.lower() for word in SANITIZER_WORDS) and result.atoms:
            result = replace(result, atoms=cleaned(result.atoms, 0, ALL))
        return result
    returned = RETURNS.get(full)
    if returned is not None and returned != "dbapi.Cursor":
        return _known(frame, site, returned)
    if full == "re.sub" or (method == "sub" and site.receiver.kind == "re.Pattern"):
        return _substituted_text(site)
    if full.partition(".")[0] in _PLAIN_MODULES and not site.receiver.atoms:
        return _unknown(frame, site)
    if method:
        return _of_method(frame, site)
    if full in {
        "str",
        "bytes",
        "repr",
        "list",
        "tuple",
        "set",
        "frozenset",
        "sorted",
        "dict",
        "iter",
        "reversed",
        "next",
        "enumerate",
        "zip",
        "map",
        "filter",
        "max",
        "min",
        "vars",
        "copy.copy",
        "copy.deepcopy",
    }:
        return _of_builtin(frame, site)
    if full in {"globals", "locals"}:
        return Value(NO_ATOMS, f"{full}()")
    if full == "getattr" and len(site.values) >= 2:  # an object and a name
        return Value(site.values[0].atoms, "~attribute" if site.values[1].atoms else "")
    return _unknown(frame, site)


def _handed_on(frame: Frame, site: Site) -> None:
    """A function of the project that is given to a call with its arguments: a task, a thread, a partial."""
    last = site.method or site.full.rpartition(".")[2]
    if last not in _STARTERS:
        return
    target = site.argument("target", "func") or next((one for one in site.values[:2] if one.kind), None)
    function = frame.project.find(target.kind, frame.module) if target is not None and target.kind else None
    if last in {"delay", "apply_async"} and site.receiver.kind:
        function = frame.project.find(site.receiver.kind, frame.module)
    if not isinstance(function, Function):
        return
    given = site.words.get("args")
    if given is not None and given.fields is not None:
        values = list(given.fields.values())
    elif last == "delay":
        values = site.values
    else:
        at = next((number for number, one in enumerate(site.values) if one is target), -1)
        values = site.values[at + 1 :]
    method = function.owner is not None and not function.static
    bound = {number + (1 if method else 0): one for number, one in enumerate(values)}
    if method and target is not None and target.bound is not None:
        bound[0] = target.bound
    for name, one in site.words.items():
        if name in function.parameters:
            bound[function.parameters.index(name)] = one
    call_function(frame, function, bound, site.node)


def _substituted_text(site: Site) -> Value:
    """`re.sub`: what keeps only some characters makes harmless."""
    whole = site.full == "re.sub"
    pattern = site.values[0] if whole and site.values else site.receiver
    rest = site.values[1:] if whole else site.values
    text = str(pattern.const[0]) if pattern.const else ""
    atoms: dict[Origin, Atom] = NO_ATOMS
    for one in rest[:2]:
        atoms = join_atoms(atoms, one.atoms)
    clean = 0
    if re.fullmatch(r"\(?\[\^[\w\\.\-@ :]*\]\)?[+*]?", text) or text in {r"\W", r"\W+", r"\D", r"\D+"}:
        clean = ALL & ~(bits("code-loading") if "." in text else 0)
    elif re.search(r"\\r|\\n|[\r\n]|\\s", text):
        clean = bits("log-injection header-injection")
    constant = all(one.constant for one in rest[:2]) and bool(rest)
    return Value(cleaned(atoms, clean), constant=constant)


def _own(frame: Frame, site: Site) -> bool:
    """Whether a name of the table is one of the project's own here, so that its code counts."""
    return bool(site.full) and isinstance(frame.project.find(site.full, frame.module), Function)


def _of_request(frame: Frame, site: Site) -> Value | None:  # one for each kind of object
    kind = site.receiver.kind
    method = site.method
    if not method:
        return None
    if site.written == "self" and method in HANDLER_CALLS and is_handler(frame, "tornado"):
        return frame.source("request", f"self.{method}()", site.node, _key(site))
    if kind == REQUEST:
        if method in REQUEST_CALLS:
            value = frame.source("request", f"request.{method}()", site.node, _key(site))
            if method in HOST_PARTS:
                return Value(cleaned(value.atoms, bits("open-redirect request-forgery")))
            if method in JSON_PARTS or method == "json":
                return Value(cleaned(value.atoms, OBJECT))
            if method == "form":
                return Value(value.atoms, "~form")
            return value
        return NOTHING
    if kind == UPLOADS or site.full.startswith(f"{UPLOADS}."):
        if method in {"get", "getlist", "values", "pop"}:
            return Value(frame.source("content", "an upload", site.node).atoms, UPLOAD)
        return Value(site.receiver.atoms)
    if kind == UPLOAD:
        if method in {"read", "chunks", "stream", "open"}:
            return Value(frame.source("content", "an upload", site.node).atoms)
        return NOTHING
    if kind == "~handler" or kind.startswith("~handler:"):
        return None
    if kind == "~headers" and method == "get":
        return Value(extended(site.receiver.atoms, _key(site)))
    return None


def _key(site: Site) -> str:
    return str(site.values[0].const[0]) if site.values and site.values[0].const else ""


def _cleaned_result(frame: Frame, site: Site, mask: int) -> Value:
    atoms = site.receiver.atoms if site.method and site.receiver.atoms else NO_ATOMS
    for one in (*site.values, *site.words.values()):
        atoms = join_atoms(atoms, one.atoms)
    full = site.full
    if site.method in {"split", "splitlines"}:
        atoms = site.receiver.atoms
    if mask == ALL and full not in _KEEPS:
        return Value(NO_ATOMS, "~plain")
    if full.endswith(("json.loads", "json.load")):
        mask |= OBJECT
    parting = PART if site.method in _PARTING or full in _PARTING else 0
    text = site.values[0].text if site.values else ""
    prefix = site.values[0].prefix if site.values and full in {"str", "json.dumps"} else ""
    if site.method:
        text = prefix = ""
    built = site.values[0].built if site.values and full == "str" else None
    constant = (
        all(one.constant for one in (*site.values, *site.words.values()))
        and not atoms
        and (not site.method or site.receiver.constant)
    )
    return Value(
        cleaned(atoms, mask | parting),
        "~plain" if not atoms and site.values and site.values[0].kind == "~plain" else "",
        site.values[0].const if full == "str" and site.values else (),
        prefix,
        text,
        built,
        constant=constant,
    )


def _known(frame: Frame, site: Site, returned: str) -> Value:
    """What a function of a library returns whose kind matters."""
    if returned == "~parsed":
        atoms = site.values[0].atoms if site.values else NO_ATOMS
        return Value(cleaned(atoms, OBJECT))
    if returned == "urllib.parse.ParseResult":
        return Value(site.values[0].atoms if site.values else NO_ATOMS, "")
    if returned == "re.Pattern":
        return Value(NO_ATOMS, returned, site.values[0].const if site.values else ())
    if returned in {"zipfile.ZipFile", "tarfile.TarFile"}:
        first = site.argument("0", "name", "fileobj", "file") or NOTHING
        word = site.words.get("fileobj")
        return Value(join_atoms(first.atoms, word.atoms if word else NO_ATOMS), returned)
    if returned in {"lxml.Tree", "xml.Tree"}:
        return Value(site.values[0].atoms if site.values else NO_ATOMS, returned)
    if returned == "~file":
        name = site.argument("0", "file") or NOTHING
        if any(origin.kind in {"cli", "request", "upload"} for origin in name.atoms):
            return Value(frame.source("file", "a file that the caller names", site.node).atoms, "~file")
        params = {origin: atom for origin, atom in name.atoms.items() if origin.kind == "param"}
        if params:
            return Value(extended(params, "~content"), "~file")
        return Value(NO_ATOMS, "~file")
    return Value(NO_ATOMS, returned)


def _of_method(frame: Frame, site: Site) -> Value:  # one for each kind of method
    method, receiver = site.method, site.receiver
    if method in {"render", "render_async", "generate"} and (
        receiver.kind in {"~template", "jinja2.Template", "~query"} or "emplate" in receiver.kind
    ):
        return Value(NO_ATOMS, "~page")
    if method == "get_template" and site.values and site.values[0].const:
        return Value(NO_ATOMS, "~template", prefix=str(site.values[0].const[0]))
    if method in _ENTRIES and receiver.kind in {"zipfile.ZipFile", "tarfile.TarFile"}:
        return (
            Value(frame.source("upload", "a name in an archive", site.node).atoms, "~list")
            if receiver.atoms
            else NOTHING
        )
    if receiver.kind in {"flask.session", "~request.session", "quart.session"} and method in {"get", "pop"}:
        return frame.project.kept.get(_key(site), NOTHING)
    if (receiver.kind.startswith("pathlib.") and receiver.kind in _PATHS) or site.full == "pathlib.Path.cwd":
        return _of_path(site)
    if method in {"resolve", "absolute"} and receiver.atoms:
        return Value(cleaned(receiver.atoms, RESOLVED if method == "resolve" else 0), receiver.kind)
    if method in {"format", "format_map"}:
        return _formatted(frame, site)
    if method == "join":
        atoms = receiver.atoms
        values = (*site.values, *site.starred)
        for one in values:
            atoms = join_atoms(atoms, one.atoms)
        constant = receiver.constant and all(one.constant for one in values)
        text = " ".join((receiver.text, *(one.text for one in values)))[: 2 * LONGEST_TEXT]
        first = (site.values[0].fields or {}).get("0") if site.values else None
        prefix = first.prefix if first is not None else ""
        built = next((one.built for one in values if one.built), None)
        return Value(
            atoms, "", (), prefix, text, built or (site.node if atoms and text.strip() else None), constant=constant
        )
    if method == "replace" and len(site.values) >= 2:  # what and by what
        return _replaced(site)
    if method in {"get", "pop", "setdefault"} and site.values:
        found = entry(frame, receiver, site.values[0], site.node)
        default = site.argument("1", "default")
        if found is CONSTANT and receiver.fields is None and not receiver.constant:
            found = NOTHING
        if not receiver.atoms and not receiver.constant and _asks_store(site):
            return frame.source("store", f"{site.written or 'a query'}.{method}", site.node)
        if found is NOTHING and receiver.kind == "" and not receiver.constant and default is None:
            return NOTHING
        return (
            join(found, default)
            if default is not None and (default.atoms or default.constant) and found is not NOTHING
            else found
        )
    if method in LOADED and not _from_outside(receiver):
        if receiver.kind in {"~list", "~dict"} or (receiver.constant and not receiver.kind):
            return Value(receiver.atoms)
        if method in {"first", "all", "one", "values", "values_list"} and not _asks_store(site) and not receiver.atoms:
            return NOTHING
        if (
            method in {"all", "first", "values"}
            and receiver.atoms
            and any(o.kind in {"request", "upload"} for o in receiver.atoms)
        ):
            return Value(receiver.atoms)
        return frame.source("store", f"{method}()", site.node)
    if method in {"execute", "fetch"} and _asks_store(site):
        return Value(frame.source("store", f"{site.written or 'a query'}.{method}()", site.node).atoms, "dbapi.Cursor")
    if method in QUERIES and (_asks_store(site) or site.full.startswith(("sqlalchemy.", "dbapi.", "django."))):
        kept = (
            frame.source("store", f"{method}()", site.node)
            if method in {"find", "aggregate", "get", "all"}
            else NOTHING
        )
        return Value(kept.atoms, RETURNS.get(site.full, "~query"))
    if method == "items":
        first = (receiver.fields or {}).get("*")
        pair = {
            "0": Value(extended(receiver.atoms, "~key")) if receiver.atoms else NOTHING,
            "1": first or Value(extended(receiver.atoms, "*")) if receiver.atoms or first else NOTHING,
        }
        return Value(
            receiver.atoms,
            "~list",
            fields={"*": Value(receiver.atoms, "~list", fields=pair, closed=True, constant=receiver.constant)},
            constant=receiver.constant,
        )
    if method in {"keys", "values"}:
        return Value(
            receiver.atoms,
            "~list",
            constant=receiver.constant,
            fields={"*": Value(extended(receiver.atoms, "*"))} if receiver.atoms else None,
        )
    if method in {"split", "rsplit", "partition", "rpartition"}:
        return Value(cleaned(receiver.atoms, PART), "~split")
    if method in RECEIVER_ONLY:
        keep_kind = receiver.kind if method == "copy" else ""
        return Value(
            receiver.atoms,
            keep_kind,
            (),
            receiver.prefix if method not in {"read", "lstrip"} else "",
            receiver.text,
            receiver.built,
            receiver.fields if method in {"copy", "dict", "model_dump", "to_dict"} else None,
            constant=receiver.constant and not receiver.kind,
        )
    if method in DROPS and method != "update":
        return NOTHING
    if _is_sink(site):
        return NOTHING
    if receiver.kind in {"logging.Logger", "~response", "~json", "~page", "~session", "~file", "~query"}:
        return Value(NO_ATOMS, receiver.kind if receiver.kind == "~query" else "")
    return _unknown(frame, site)


def _is_sink(site: Site) -> bool:
    return site.full in SINKS or (
        site.method in SINK_METHODS
        and site.method
        not in {
            "run",
            "query",
            "find",
            "filter",
            "where",
            "update",
            "write",
            "open",
            "save",
            "create",
            "values",
            "parse",
            "search",
            "match",
            "objects",
            "group_by",
            "extract",
        }
    )


def _from_outside(value: Value) -> bool:
    return value.kind == REQUEST or any(
        origin.kind in {"request", "upload", "content", "cli"} for origin in value.atoms
    )


def _asks_store(site: Site) -> bool:
    """Whether a method is called on something that loads from a store, by what it is or how it is written."""
    kind, written = site.receiver.kind, site.written.lower()
    if (
        kind in {"~query", "dbapi.Cursor", "dbapi.Connection", "flask_sqlalchemy.SQLAlchemy"}
        or ".objects" in kind
        or kind.endswith((".query", ".session", ".objects"))
    ):
        return True
    last = written.rpartition(".")[2]
    return last in {
        "objects",
        "query",
        "session",
        "db",
        "database",
        "collection",
        "cursor",
        "cur",
        "conn",
        "connection",
        "repo",
        "repository",
        "select",
        "qs",
        "queryset",
    } or last.endswith(("_query", "_collection", "_qs"))


def _of_path(site: Site) -> Value:
    receiver, method = site.receiver, site.method
    atoms, kind = receiver.atoms, receiver.kind
    if method in {"joinpath", "with_name", "with_stem", "with_suffix"}:
        for one in site.values:
            atoms = join_atoms(atoms, cleaned(one.atoms, JOINED))
        return Value(atoms, kind)
    if method == "resolve":
        return Value(cleaned(atoms, RESOLVED), kind)
    if method == "relative_to":
        return Value(cleaned(atoms, _PATH if all(atom.clean & RESOLVED for atom in atoms.values()) else 0), kind)
    if method in {"absolute", "expanduser", "as_posix", "parent"}:
        return Value(atoms, kind if method != "as_posix" else "")
    return NOTHING


def _formatted(frame: Frame, site: Site) -> Value:
    receiver = site.receiver
    if receiver.kind == "~markup":
        return Value(NO_ATOMS, "~markup")
    values = (*site.values, *site.words.values(), *site.starred)
    atoms = receiver.atoms
    prefix = receiver.prefix.split("{", 1)[0]
    from manyeyes_tools.evidence.taint.expressions import _kept

    for one in values:
        atoms = join_atoms(atoms, _kept(one.atoms, prefix, ""))
    for one in site.spread:
        atoms = join_atoms(atoms, one.atoms)
    constant = receiver.constant and all(one.constant for one in values) and not site.spread
    text = " ".join((receiver.text, *(one.text for one in values)))[: 2 * LONGEST_TEXT]
    return Value(
        atoms,
        "",
        (),
        prefix,
        text,
        receiver.built or (site.node if atoms and receiver.text else None),
        constant=constant,
    )


def _replaced(site: Site) -> Value:
    receiver = site.receiver
    what = site.values[0].const[0] if site.values[0].const else None
    by = site.values[1]
    clean = doubt = 0
    if what in {"\n", "\r", "\r\n"}:
        clean = bits("log-injection header-injection")
    elif what in {"'", '"', ";"}:
        doubt = bits("sql-injection command-injection xpath-injection unescaped-markup")
    elif what in {"<", "<script>", "&", ">"}:
        clean, doubt = (
            (bits("unescaped-markup stored-markup") if what == "<" else 0),
            bits("unescaped-markup stored-markup"),
        )
    elif what in {"..", "../", "/"}:
        clean, doubt = (_PATH if what == "/" else 0), _PATH
    atoms = join_atoms(cleaned(receiver.atoms, clean, doubt), by.atoms)
    return Value(
        atoms,
        "",
        (),
        receiver.prefix,
        f"{receiver.text} {by.text}"[: 2 * LONGEST_TEXT],
        receiver.built or (site.node if by.atoms and receiver.text else None),
        constant=receiver.constant and by.constant,
    )


def _of_builtin(frame: Frame, site: Site) -> Value:
    full = site.full
    values = site.values
    if full == "dict":
        fields: dict[str, Value] | None = dict(site.words)
        atoms: dict[Origin, Atom] = NO_ATOMS
        if values and values[0].fields:
            fields = {**values[0].fields, **site.words}
        for one in (*values, *site.words.values(), *site.spread):
            atoms = join_atoms(atoms, one.atoms)
        return Value(
            atoms,
            "~dict",
            fields=fields,
            closed=not values and not site.spread,
            constant=all(one.constant for one in (*values, *site.words.values()))
            and bool(values or site.words)
            and not site.spread,
        )
    if full in {"zip", "enumerate"}:
        from manyeyes_tools.evidence.taint.statements import element

        parts = {str(number): element(one) for number, one in enumerate(values)}
        if full == "enumerate":
            parts = {"0": NOTHING, "1": element(values[0]) if values else NOTHING}
        atoms = NO_ATOMS
        for one in values:
            atoms = join_atoms(atoms, one.atoms)
        return Value(atoms, "~list", fields={"*": Value(atoms, "~list", fields=parts, closed=True)})
    if full in {"map", "filter"} and values:
        mask = (
            CLEANERS.get(values[0].kind, 0)
            if full == "map"
            else METHOD_GUARDS.get(values[0].kind.removeprefix("str."), 0)
        )
        atoms = NO_ATOMS
        if mask != ALL:
            for one in values[1:]:
                atoms = join_atoms(atoms, cleaned(one.atoms, mask))
        return Value(atoms, "~list", constant=all(one.constant for one in values[1:]))
    if full == "next" and values:
        from manyeyes_tools.evidence.taint.statements import element

        found = element(values[0])
        return join(found, values[1]) if len(values) > 1 else found
    if not values:
        return Value(NO_ATOMS, "~list" if full in {"list", "set", "tuple"} else "", constant=False, fields=None)
    first = values[0]
    if full == "repr":
        return Value(cleaned(first.atoms, bits("log-injection header-injection")))
    atoms = first.atoms
    for one in values[1:]:
        atoms = join_atoms(atoms, one.atoms)
    fields = (
        first.fields
        if full in {"list", "tuple", "sorted", "reversed", "iter", "set", "frozenset", "copy.copy", "copy.deepcopy"}
        else None
    )
    return Value(
        atoms, first.kind or "~list", (), first.prefix, first.text, first.built, fields, constant=first.constant
    )


def _unknown(frame: Frame, site: Site) -> Value:
    """What comes back from code that nobody can see: what was given to it, less surely."""
    if site.full in SINKS and site.full not in RETURNS:
        return Value(NO_ATOMS, _class_like(site.full))
    full = site.full
    atoms = site.receiver.atoms if site.method else NO_ATOMS
    for one in (*site.values, *site.words.values(), *site.spread):
        if one.atoms:
            atoms = join_atoms(atoms, one.atoms)
    mask = _RESOLVING.get(full, 0)
    if full in _PARTING or site.method in _PARTING:
        mask |= PART
    kind = _class_like(full)
    lowered = (site.method or full.rpartition(".")[2]).lower()
    doubt = ALL if any(word in lowered for word in SANITIZER_WORDS) else 0
    if lowered.startswith(("is_", "has_", "can_", "count", "verify", "exists", "validate_", "check_")):
        return NOTHING
    if not atoms:
        if (
            all(one.constant for one in (*site.values, *site.words.values()))
            and not site.method
            and full in {"os.path.join", "frozenset", "textwrap.dedent"}
        ):
            return Value(NO_ATOMS, kind, constant=True, prefix=site.values[0].prefix if site.values else "")
        if site.full == "" and not site.method:
            return UNKNOWN
        return Value(NO_ATOMS, kind) if kind else UNKNOWN if not site.method else NOTHING
    hop = (
        0
        if full.startswith(
            (
                "os.path.",
                "urllib.parse.",
                "posixpath.",
                "pathlib.",
                "textwrap.",
                "io.",
                "base64.",
                "copy.",
                "asyncio.",
                "functools.",
                "itertools.",
                "json.",
                "codecs.",
                "string.",
                "email.",
                "html.",
                "markdown.",
            )
        )
        else 1
    )
    changed = {
        origin: Atom(atom.clean | mask, atom.doubt | doubt, atom.hops + hop, atom.way)
        for origin, atom in atoms.items()
        if origin.kind != "unknown"
    }
    if full in {"os.path.join", "posixpath.join"} and len(site.values) > 1:
        behind: dict[Origin, Atom] = NO_ATOMS
        for one in site.values[1:]:
            behind = join_atoms(behind, one.atoms)
        changed = {
            origin: (Atom(atom.clean | JOINED, *atom[1:]) if origin in behind else atom)
            for origin, atom in changed.items()
        }
    prefix = (
        site.values[0].prefix
        if site.values and full in {"os.path.join", "urllib.parse.urljoin", "textwrap.dedent", "posixpath.join"}
        else ""
    )
    text = site.values[0].text if site.values and full in {"textwrap.dedent", "inspect.cleandoc"} else ""
    built = site.values[0].built if site.values and full in {"textwrap.dedent", "inspect.cleandoc"} else None
    if full == "urllib.parse.urljoin" and len(site.values) > 1 and not site.values[0].atoms:
        pass  # an absolute second part takes the first one's place, so nothing becomes harmless
    return Value(changed, kind, (), prefix, text, built)


def _class_like(full: str) -> str:
    last = full.rpartition(".")[2]
    return full if last[:1].isupper() and not last.isupper() else ""


# --- functions of the project --------------------------------------------------------------------------------------


def callee_of(frame: Frame, node: ast.Call) -> Function | None:
    """The function of the project that a call calls."""
    func = node.func
    if isinstance(func, ast.Name):
        known = frame.env.get(func.id)
        found = frame.project.find(known.kind if known is not None else frame.module.full(func.id), frame.module)
        return found if isinstance(found, Function) else None
    if isinstance(func, ast.Attribute):
        receiver = evaluate(frame, func.value)
        if receiver.kind:
            cls = frame.project.find(receiver.kind, frame.module)
            if isinstance(cls, Class):
                return cls.method(func.attr)
            found = frame.project.find(f"{receiver.kind}.{func.attr}", frame.module)
            return found if isinstance(found, Function) else None
        name = dotted(func)
        found = frame.project.find(frame.module.full(name), frame.module) if name else None
        return found if isinstance(found, Function) else None
    return None


def bound_arguments(frame: Frame, node: ast.Call, function: Function) -> dict[int, Value]:
    """The arguments of a call by the positions of the function's parameters."""
    site = _site(frame, node)
    return _bind(site, function, method=_is_method(site, function))


def _callee(frame: Frame, site: Site) -> Function | Class | None:
    if site.full:
        cls = None
        if site.method and site.receiver.kind:
            cls = frame.project.find(site.receiver.kind, frame.module)
            if isinstance(cls, Class):
                return cls.method(site.method)
        found = frame.project.find(site.full, frame.module)
        if isinstance(found, Function | Class):
            return found
        local = frame.env.get(site.full)
        if local is None and site.receiver.kind and not isinstance(cls, Class):
            return None if site.receiver.kind.split(".")[0] in frame.module.imports.values() else _by_name(frame, site)
        return None
    return _by_name(frame, site) if site.method else None


def _by_name(frame: Frame, site: Site) -> Function | None:
    """The only method of that name, where the object's class is not known."""
    if site.method in _COMMON or site.receiver.kind.startswith("~") or site.receiver.const:
        return None
    found = frame.project.methods.get(site.method)
    if not found or len(found) > MOST_BY_NAME:
        return None
    if site.written.split(".")[0] in frame.module.imports and "." not in site.written:
        base = frame.module.full(site.written)
        if frame.project.find(base, frame.module) is None:
            return None
    return found[0]


def _is_method(site: Site, function: Function) -> bool:
    """Whether the first parameter is the object."""
    if function.owner is None or function.static:
        return False
    last = site.receiver.kind.rpartition(".")[2]
    return bool(site.method) and not (last == function.owner.name and _names_class(site))


def _names_class(site: Site) -> bool:
    return site.receiver.constant and site.receiver.bound is None and site.receiver.fields is None


def _bind(site: Site, function: Function, *, method: bool) -> dict[int, Value]:
    given = function.node.args
    positional = [*given.posonlyargs, *given.args]
    values: dict[int, Value] = {}
    offset = 0
    if method:
        values[0] = site.receiver if site.receiver is not NOTHING else NOTHING
        offset = 1
    elif (
        function.owner is not None
        and not function.static
        and any(dotted(one) == "classmethod" for one in getattr(function.node, "decorator_list", ()))
    ):
        offset = 1
    names = {name: number for number, name in enumerate(function.parameters)}
    rest = NOTHING
    for number, value in enumerate(site.values):
        at = number + offset
        if at < len(positional):
            values[at] = value
        else:
            rest = join(rest, value)
    if given.vararg is not None:
        values[names[given.vararg.arg]] = Value(rest.atoms, "~list", fields={"*": rest} if rest.atoms else None)
    extra: dict[str, Value] = {}
    for name, value in site.words.items():
        if name in names and not (given.kwarg and name == given.kwarg.arg):
            values[names[name]] = value
        else:
            extra[name] = value
    if given.kwarg is not None:
        atoms = NO_ATOMS
        for value in (*extra.values(), *site.spread):
            atoms = join_atoms(atoms, value.atoms)
        values[names[given.kwarg.arg]] = Value(atoms, "~dict", fields=extra, closed=not site.spread)
    elif site.spread:
        for name, number in names.items():
            if number not in values:
                for value in site.spread:
                    if value.atoms:
                        values[number] = Value(extended(value.atoms, name))
    return values


def _made(frame: Frame, site: Site, cls: Class) -> Value:
    """A new object of a class of the project."""
    kind = f"{cls.module.name}.{cls.name}" if cls.module.name else cls.name
    init = cls.method("__init__")
    atoms: dict[Origin, Atom] = NO_ATOMS
    if init is None:
        fields: dict[str, Value] = dict(site.words)
        if cls.annotations and site.values:
            for name, value in zip(cls.annotations, site.values, strict=False):
                fields[name] = value
        for one in (*(() if cls.annotations else site.values), *site.spread):
            atoms = join_atoms(atoms, one.atoms)
        closed = (
            bool(cls.annotations) and not site.spread and not cls.external - {"typing.NamedTuple", "pydantic.BaseModel"}
        )
        checked = {name: one for name, one in fields.items() if not (name in cls.annotations and one.atoms)}
        for name in fields.keys() - checked.keys():
            checked[name] = _typed_field(frame, cls, name, fields[name])
        if "data" in fields and not cls.annotations:  # forms and serializers
            atoms = join_atoms(atoms, fields["data"].atoms)
        return Value(atoms, kind, fields=checked, closed=closed)
    given = _bind(site, init, method=False)
    shifted = _shifted(site, init)
    del given
    call_function(frame, init, shifted, site.node)
    fields = {}
    for (position, name), value in init.summary.stored.items():
        if position == 0:
            fields[name] = _substituted(frame, value, shifted, site.node)
    return Value(NO_ATOMS, kind, fields=fields)


def _typed_field(frame: Frame, cls: Class, name: str, value: Value) -> Value:
    from manyeyes_tools.evidence.taint.cleaning import HARMLESS_KINDS, TEXT_KINDS
    from manyeyes_tools.evidence.taint.project import annotated

    kind = annotated(cls.annotations[name], cls.module)
    if "pydantic.BaseModel" in cls.external:
        if kind in HARMLESS_KINDS:
            return NOTHING
        if kind in TEXT_KINDS:
            return replace(value, atoms=cleaned(value.atoms, _NOSQL))
    return value


def _shifted(site: Site, init: Function) -> dict[int, Value]:
    """The arguments of a class's call, whose object is still to be made."""
    from copy import copy

    moved = copy(site)
    moved.values = [NOTHING, *site.values]
    found = _bind(moved, init, method=False)
    if init.owner is not None and any(dotted(one) == "classmethod" for one in getattr(init.node, "decorator_list", ())):
        return found
    return found


def call_function(frame: Frame, function: Function, given: dict[int, Value], node: ast.AST) -> Value:
    """What a call of a function of the project returns; what its parameters reach is told for what was given."""
    from manyeyes_tools.evidence.taint.walk import follow

    function.called = True
    if function.state == 0:
        if frame.depth < DEEP and function.module is not None:
            follow(frame.project, function, frame.flows, frame.depth + 6)
        else:
            frame.stale = True
    elif function.state == 1:
        frame.stale = True
    if function.stale:  # what is not yet known of it is not yet known of whoever calls it
        frame.stale = True
    summary = function.summary
    level = _level(function)
    if summary.reaches:
        _instantiate(frame, function, given, node, level)
    for (position, name), value in summary.stored.items():
        target = given.get(position)
        if target is not None and position:
            _store_into(frame, node, function, position, name, _substituted(frame, value, given, node, level))
    return _substituted(frame, summary.returns, given, node, level)


def _level(function: Function) -> int:
    level = 0
    at = function.parent
    while at is not None:
        level += 1
        at = at.parent
    return level


def _instantiate(frame: Frame, function: Function, given: dict[int, Value], node: ast.AST, level: int) -> None:
    """Tell what the arguments reach inside the function."""
    for (origin, rule, _, _), reach in list(function.summary.reaches.items()):
        if origin.place // NESTED != level:
            continue
        value = given.get(origin.place % NESTED)
        if value is None:
            continue
        value = _at(frame, value, origin.path)
        if not value.atoms:
            continue
        bit = BITS[rule]
        excluded = NOT_FROM_SETS.get(rule, frozenset())
        built = None
        module, place = reach.module, reach.node
        run: ast.AST | None = reach.run
        if reach.run is None and rule in PIECED:
            built = value.built
            if (
                rule != "ldap-injection"
                and built is None
                and not any(o.kind in {"request", "param", "cli"} for o in value.atoms)
            ):
                continue
            if built is not None:
                from manyeyes_tools.evidence.taint.conditions import is_statement

                if rule == "sql-injection" and not is_statement(value.text):
                    continue
                if rule == "sql-injection":
                    module, place, run = frame.module, built, reach.node
        for source, atom in value.atoms.items():
            clean, doubt = atom.clean | reach.clean, atom.doubt | reach.doubt
            fact = frame.facts.get(source)
            if fact is not None:
                clean |= fact[0]
                doubt |= fact[1]
            if clean & bit or (source.kind != "param" and ruled_out(rule, source, clean)):
                continue
            way = Way(atom.way, frame.module.path, getattr(node, "lineno", 0), f"it is given to `{function.name}`")
            way = _continued(way, reach.way)
            if source.kind == "param":
                owner = frame.owner(source)
                if owner is None or owner is function:
                    continue
                key = (source, rule, getattr(place, "lineno", 0), getattr(place, "col_offset", 0))
                if key not in owner.summary.reaches and len(owner.summary.reaches) <= 200:  # see `frames`
                    owner.summary.reaches[key] = Reach(
                        rule, clean, doubt, atom.hops + reach.hops, reach.factor, module, place, run, way
                    )
                continue
            if source.kind in excluded or (source.kind == "unknown" and built is None and reach.run is None):
                continue
            sure = RULES[rule].confidence * reach.factor * ORIGINS[source.kind][1] * 0.88 ** (atom.hops + reach.hops)
            if doubt & bit:
                sure *= _SURE_AFTER
            frame.tell(rule, module, place, run, sure, source, way)


def _continued(way: Way, inner: Way | None) -> Way:
    if inner is None:
        return way
    steps = inner.steps(8)
    for one in steps:
        way = Way(way, one.path, one.line, one.note)
    return way


def _at(frame: Frame, value: Value, path: tuple[str, ...]) -> Value:
    for name in path:
        if name == "~content":
            outside = any(origin.kind in {"cli", "request", "upload"} for origin in value.atoms)
            params = {origin: atom for origin, atom in extended(value.atoms, name).items() if origin.kind == "param"}
            value = Value(
                frame.source("file", "a file that the caller names", frame.module.tree).atoms if outside else params
            )
            continue
        if name == "*" and value.fields and name not in value.fields:
            found = Value(extended(value.atoms, name)) if not value.closed and value.kind != "~dict" else NOTHING
            for one in list(value.fields.values())[:50]:
                found = join(found, one)
            value = found
            continue
        if value.fields is not None and name in value.fields:
            value = value.fields[name]
            continue
        cls = frame.project.find(value.kind, frame.module) if value.kind and not value.kind.startswith("~") else None
        if isinstance(cls, Class):
            common = cls.field(name)
            atoms = extended(value.atoms, name)
            value = Value(join_atoms(atoms, common.atoms)) if common is not None else Value(atoms)
        elif value.closed:
            return NOTHING
        elif value.kind == REQUEST:
            value = attribute(frame, value, name, ast.Constant(value="", lineno=0, col_offset=0))
        else:
            value = (
                Value(extended(value.atoms, name))
                if name != "*" or not value.fields
                else join(Value(extended(value.atoms, name)), next(iter(value.fields.values())))
            )
    return value


def _substituted(frame: Frame, value: Value, given: dict[int, Value], node: ast.AST, level: int = 0) -> Value:
    """What a function returned, with what it was given in the places of its parameters."""
    fields = value.fields
    if fields:
        fields = {name: _substituted_once(frame, one, given, node, level) for name, one in list(fields.items())[:60]}
    if not value.atoms and fields is value.fields:
        return value
    atoms, result = _atoms_for(frame, value, given, node, level)
    if result is not None and len(value.atoms) == 1 and not value.built:
        return result
    return replace(value, atoms=atoms, fields=fields)


def _substituted_once(frame: Frame, value: Value, given: dict[int, Value], node: ast.AST, level: int) -> Value:
    if not value.atoms:
        return value
    atoms, _ = _atoms_for(frame, value, given, node, level)
    return replace(value, atoms=atoms, fields=None)


def _atoms_for(
    frame: Frame, value: Value, given: dict[int, Value], node: ast.AST, level: int
) -> tuple[dict[Origin, Atom], Value | None]:
    atoms: dict[Origin, Atom] = NO_ATOMS
    same: Value | None = None
    for origin, atom in value.atoms.items():
        if origin.kind != "param" or origin.place // NESTED != level:
            atoms = join_atoms(atoms, {origin: atom})
            continue
        there = given.get(origin.place % NESTED)
        if there is None:
            continue
        there = _at(frame, there, origin.path)
        changed = {
            source: Atom(
                inner.clean | atom.clean, inner.doubt | atom.doubt, inner.hops + atom.hops,
                inner.way if inner.way is None else Way(inner.way, frame.module.path, getattr(node, "lineno", 0), "it goes through a call"),
            )
            for source, inner in there.atoms.items()
        }  # fmt: skip
        atoms = join_atoms(atoms, changed)
        same = replace(there, atoms=changed, built=there.built or value.built)
    return atoms, same


def _store_into(frame: Frame, node: ast.AST, function: Function, position: int, name: str, value: Value) -> None:
    """What a function puts into an argument's attributes or entries stays there."""
    if not isinstance(node, ast.Call) or not value.atoms:
        return
    at = position - (1 if function.owner is not None and not function.static else 0)
    if 0 <= at < len(node.args):
        target = node.args[at]
        if isinstance(target, ast.Name) and target.id in frame.env:
            before = frame.env[target.id]
            frame.env[target.id] = replace(before, fields={**(before.fields or {}), name: value})


def _fill(frame: Frame, site: Site) -> None:
    """What is put into a container stays in it."""
    if site.method not in FILLS:
        return
    func = site.node.func
    if not isinstance(func, ast.Attribute):
        return
    atoms: dict[Origin, Atom] = NO_ATOMS
    for one in (*site.values, *site.words.values()):
        atoms = join_atoms(atoms, one.atoms)
    from manyeyes_tools.evidence.taint.statements import store

    before = site.receiver
    if site.method == "write" and "io." not in before.kind and "IO" not in before.kind:
        return
    if not atoms:
        if before.constant or before.closed:
            filled = bool(site.values) and all(one.constant for one in site.values)
            store(frame, func.value, replace(before, constant=before.constant and filled, closed=False), site.node)
        return
    text = f"{before.text} {' '.join(one.text for one in site.values)}"[: 2 * LONGEST_TEXT]
    atoms = with_facts(Value(atoms), frame.facts).atoms
    store(
        frame,
        func.value,
        Value(
            join_atoms(before.atoms, atoms),
            before.kind,
            (),
            before.prefix,
            text,
            before.built or next((one.built for one in site.values if one.built), None),
            before.fields,
            closed=False,
        ),
        site.node,
    )


__all__ = ["TEXTUAL_METHODS", "Site", "call", "call_function", "global_value"]
