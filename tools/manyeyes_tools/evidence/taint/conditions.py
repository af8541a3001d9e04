"""What a call must be, beside having a value from outside, to do harm: each by the name that `sinks` uses.

A condition takes the frame, the call and the value that comes to it, and gives the value that does the harm, or None.
"""

# ruff: noqa: ARG001, C901, E501, PLR0911, PLR2004  # conditions share one shape; the numbers are explained beside them

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_names import dotted
from manyeyes_tools.evidence.python_walk import walk
from manyeyes_tools.evidence.taint.marks import JOINED, OBJECT, PART
from manyeyes_tools.evidence.taint.project import Class
from manyeyes_tools.evidence.taint.values import NO_ATOMS, NOTHING, Value, cleaned, join_atoms

if TYPE_CHECKING:
    from collections.abc import Callable

    from manyeyes_tools.evidence.taint.frames import Frame
    from manyeyes_tools.evidence.taint.sites import Site
    from manyeyes_tools.evidence.taint.values import Atom, Origin

_STATEMENT = re.compile(
    r"\b(?:select\b|insert\s+into|delete\s+from|drop\s+\w|alter\s+\w|create\s+\w|truncate\s+\w|replace\s+into|"
    r"merge\s+into|grant\s+\w|where\s+\S|order\s+by|exec(?:ute)?\s+\w|pragma\s+\w|call\s+\w|attach\s+\w|"
    r"update\s+.{1,400}?\bset\b|from\s+\w+|set\s+\w+\s*(?:=|to\b)|values\s*\(|union\b|limit\s|having\s|and\s+\w+\s*(?:=|like)|use\s+\w|copy\s+\w|\w+\s*(?:=|like|<|>)\s*'|group\s+by|explain\s)",
    re.IGNORECASE | re.DOTALL,
)
_DATABASE = re.compile(
    r"cur(?:sor)?\d?$|conn|(?:^|_|\.)db|session|engine|database|(?:^|_|\.)(?:c|con|tx|sql|orm|crsr)$|pool|trans|objects|manager|query|client|store$|repo|bind|postgres|sqlite|mysql|duck|dbh|transaction",
    re.IGNORECASE,
)
_OUTSIDE = frozenset({"request", "upload", "cli", "content", "remote"})
_REQUESTED = frozenset({"request", "upload", "content", "param"})
_SHELLS = frozenset(
    {
        "sh",
        "bash",
        "/bin/sh",
        "/bin/bash",
        "zsh",
        "cmd",
        "cmd.exe",
        "powershell",
        "ksh",
        "dash",
        "/usr/bin/env",
        "/bin/zsh",
        "pwsh",
        "powershell.exe",
    }
)
_RUNNERS = frozenset({"python", "python3", "perl", "ruby", "node", "php", "ssh", "su", "sudo"})
_SAFE_YAML = frozenset({"SafeLoader", "CSafeLoader", "BaseLoader", "CBaseLoader"})
_HTML_TYPE = re.compile(r"html|svg|xml", re.IGNORECASE)
_LOGGERS = re.compile(r"(?:^|\.|_)(?:log|logger|logging|LOG|LOGGER)$|\.logger$|^_?log(?:ger)?$", re.IGNORECASE)
_MARKUP = re.compile(r"<\s*/?[a-zA-Z!]|&lt;")


def is_statement(text: str) -> bool:
    """Whether text reads like a part of a statement in SQL."""
    return bool(_STATEMENT.search(text))


def _outside(value: Value, kinds: frozenset[str] = _OUTSIDE) -> Value | None:
    atoms = {origin: atom for origin, atom in value.atoms.items() if origin.kind in kinds or origin.kind == "param"}
    return Value(atoms, value.kind, value.const, value.prefix, value.text, value.built, value.fields) if atoms else None


def _statement(frame: Frame, site: Site, value: Value) -> Value | None:  # the shape of all
    if value.built is not None:
        return value if is_statement(value.text) else None
    if value.kind in {"~list", "~dict", "~query"}:
        return None
    database = (
        site.receiver.kind.startswith(("dbapi.", "sqlalchemy.", "asyncpg.", "flask_sqlalchemy.", "django.db."))
        or bool(_DATABASE.search(site.written))
        or site.method in {"executescript", "execute_sql", "exec_driver_sql", "mogrify"}
    )
    return _outside(value, _OUTSIDE | {"param"}) if database else None


def _strict_statement(frame: Frame, site: Site, value: Value) -> Value | None:
    if value.built is not None:
        return (
            value
            if is_statement(value.text)
            and (
                site.method in {"raw", "fetch", "fetchrow", "fetchval"}
                or _DATABASE.search(site.written)
                or re.search(r"\b(?:select|insert|update|delete)\b", value.text, re.IGNORECASE)
            )
            else None
        )
    if site.method not in {"raw", "fetchrow", "fetchval", "read_sql_query"}:
        return None
    return _outside(value)


def _built(frame: Frame, site: Site, value: Value) -> Value | None:  # the shape of all
    if value.built is not None:
        return value
    if value.kind in {"~list", "~dict"}:
        for one in (value.fields or {}).values():
            if one.built is not None and one.atoms:
                return one
            if one.kind == "~list":
                inner = next(
                    (part for part in (one.fields or {}).values() if part.built is not None and part.atoms), None
                )
                if inner is not None:
                    return inner
        return None
    return _outside(value, _OUTSIDE | {"param"})


def _raw_text(frame: Frame, site: Site, value: Value) -> Value | None:  # the shape of all
    return value if value.built is not None and is_statement(value.text) and _outside(value) else None


def _document(frame: Frame, site: Site, value: Value) -> Value | None:  # the shape of all
    """A query of a document store: a value in it that may be an object, or the whole of it."""
    if value.kind == "~dict" or value.fields:
        atoms = dict(NO_ATOMS)
        pending = [(value, "", 0)]
        while pending:
            one, name, depth = pending.pop()
            if name in {"$where", "$function", "$accumulator", "$expr"}:
                return Value(cleaned(one.atoms, OBJECT)) if _outside(one, _REQUESTED) else None
            if one.fields and depth < 4:  # as deep as queries are written
                pending.extend((inner, key, depth + 1) for key, inner in one.fields.items())
            elif name not in {"$eq", "$regex"}:
                atoms.update({origin: atom for origin, atom in one.atoms.items() if _may_be_object(origin, atom)})
        return Value(atoms) if atoms else None
    if value.built is not None:
        return None
    if value.kind and not value.kind.startswith("~"):
        return None
    return (
        _outside(
            Value({origin: atom for origin, atom in value.atoms.items() if _may_be_object(origin, atom)}), _REQUESTED
        )
        or None
    )


def _may_be_object(origin: Origin, atom: Atom) -> bool:
    return bool(atom.clean & OBJECT) or "json" in origin.what or origin.kind == "param"


def _mongo_code(frame: Frame, site: Site, value: Value) -> Value | None:
    return (
        value
        if (_outside(value) and "pymongo" in frame.module.frameworks)
        or (_DATABASE.search(site.written) and value.built is not None)
        else None
    )


def _command(frame: Frame, site: Site, value: Value) -> Value | None:
    if site.method in {"exec_command", "run_command", "send_command"}:
        return (
            value
            if site.receiver.kind.startswith("paramiko")
            or "paramiko" in frame.module.frameworks
            or "netmiko" in frame.module.frameworks
            or value.built is not None
            or "ssh" in site.written
            else None
        )
    if value.kind == "~list" and site.full == "anyio.run_process":
        return None
    return (
        value if value.built is not None or _outside(value, _OUTSIDE | {"param", "store", "environ", "file"}) else None
    )


def _shell(frame: Frame, site: Site, value: Value) -> Value | None:
    node = site.node_of("shell")
    on = node is not None and not (isinstance(node, ast.Constant) and not node.value)
    if not on:
        return _shell_program(frame, site, value)
    if value.kind == "~list" and value.fields:
        first = value.fields.get("0")
        return first if first is not None and first.atoms else Value(value.atoms)
    return _command(frame, site, value)


def _shell_program(frame: Frame, site: Site, value: Value) -> Value | None:  # the shape of all
    """`["sh", "-c", value]`."""
    parts = list((value.fields or {}).values()) if value.fields and value.kind == "~list" else site.values
    if len(parts) < 3:  # a shell, its option and the command
        return None
    program = str(parts[0].const[0]) if parts[0].const else ""
    options = [str(one.const[0]) for one in parts[1:4] if one.const]
    if program in _SHELLS and any(one in {"-c", "/c", "-lc", "-Command", "/C", "-ic", "sh"} for one in options):
        atoms = NO_ATOMS
        built = None
        for one in parts[1:]:
            atoms = join_atoms(atoms, one.atoms)
            built = built or one.built
        return Value(atoms, built=built)
    if program.rpartition("/")[2] == "ssh" and parts[-1].built is not None:
        return parts[-1]
    return None


def _program(frame: Frame, site: Site, value: Value) -> Value | None:
    node = site.node_of("shell")
    if node is not None and not (isinstance(node, ast.Constant) and not node.value):
        return None
    if value.kind == "~list" and value.fields:
        if _shell_program(frame, site, value) is not None:
            return None
        parts = list(value.fields.values())
        first = parts[0]
        if first.atoms and not first.constant and _outside(first, _REQUESTED | {"remote"}):
            return _outside(first)
        program = str(first.const[0]).rpartition("/")[2] if first.const else ""
        if (
            program in _RUNNERS
            and any(one.atoms for one in parts[1:])
            and any(one.const and one.const[0] in {"-c", "-e", "-r"} for one in parts[1:])
        ):
            return _outside(Value(value.atoms))
        if program in {
            "git",
            "curl",
            "wget",
            "tar",
            "find",
            "rsync",
            "ssh",
            "scp",
            "zip",
            "sed",
            "awk",
            "convert",
            "ffmpeg",
            "hg",
            "sort",
            "man",
            "nmap",
            "tcpdump",
            "gdb",
            "psql",
            "mysql",
            "sendmail",
            "grep",
            "dig",
            "sqlmap",
            "pip",
            "npm",
            "docker",
            "kubectl",
            "xargs",
        }:
            ended = False
            for one in parts[1:]:
                if one.const and one.const[0] == "--":
                    ended = True
                if not ended and one.atoms and not one.prefix and one.built is None:
                    return _outside(one)
        return None
    if value.built is not None and value.prefix:
        return None
    if value.kind == "~split":
        return None
    return _outside(value)


def _code(frame: Frame, site: Site, value: Value) -> Value | None:  # the shape of all
    return None if value.kind == "~compiled" else value


def _compiled(frame: Frame, site: Site, value: Value) -> Value | None:  # the shape of all
    if len(site.values) != 3 or "flags" in site.words:  # with flags it may only parse
        return None
    return value


def _request_only(frame: Frame, site: Site, value: Value) -> Value | None:  # the shape of all
    return _outside(value, frozenset({"request", "upload", "content"}))


def _called_attribute(frame: Frame, site: Site, value: Value) -> Value | None:
    first = site.values[0] if site.values else NOTHING
    return _outside(value) if first.kind != "~dict" and not frame.module.test else None


def _named_by_caller(frame: Frame, site: Site, value: Value) -> Value | None:  # the shape of all
    return _outside(value)


def _loader(frame: Frame, site: Site, value: Value) -> Value | None:  # the shape of all
    if site.full == "shelve.open":
        return _outside(value)
    return value


def _yaml(frame: Frame, site: Site, value: Value) -> Value | None:  # the shape of all
    node = site.node_of("Loader") or (site.node.args[1] if len(site.node.args) > 1 else None)
    if node is not None and dotted(node).rpartition(".")[2] in _SAFE_YAML:
        return None
    return value


def _torch(frame: Frame, site: Site, value: Value) -> Value | None:  # the shape of all
    node = site.node_of("weights_only")
    return None if isinstance(node, ast.Constant) and node.value is True else value


def _numpy(frame: Frame, site: Site, value: Value) -> Value | None:  # the shape of all
    node = site.node_of("allow_pickle")
    return value if isinstance(node, ast.Constant) and node.value is True else None


def _template(frame: Frame, site: Site, value: Value) -> Value | None:  # the shape of all
    if "sandbox" in site.receiver.kind.lower() or "sandbox" in site.written.lower():
        return None
    if site.full == "bottle.template" and value.built is None and not _outside(value):
        return None
    return value


def _format(frame: Frame, site: Site, value: Value) -> Value | None:  # the shape of all
    return _outside(value) if value.built is None and not value.prefix else None


def _markup(frame: Frame, site: Site, value: Value) -> Value | None:  # the shape of all
    return value


def _content_type(site: Site) -> str | None:
    for name in ("content_type", "mimetype", "media_type"):
        value = site.words.get(name)
        if value is not None:
            return str(value.const[0]) if value.const else "unknown"
    if len(site.values) > 1 and site.full.startswith("django."):
        value = site.values[1]
        return str(value.const[0]) if value.const else "unknown"
    headers = site.words.get("headers")
    if headers is not None and headers.fields:
        for name, value in headers.fields.items():
            if name.lower() == "content-type":
                return str(value.const[0]) if value.const else "unknown"
    return None


def _html_response(frame: Frame, site: Site, value: Value) -> Value | None:  # the shape of all
    declared = _content_type(site)
    if declared is not None and not _HTML_TYPE.search(declared):
        return None
    if value.kind in {"~response", "~json", "~page", "~dict", "~query", "~file"} or any(
        value.kind.endswith(one) for one in ("Response", "jsonify")
    ):
        return None
    return value


def _declared_html(frame: Frame, site: Site, value: Value) -> Value | None:  # the shape of all
    declared = _content_type(site)
    return value if declared is not None and "html" in declared else None


def _handler_write(frame: Frame, site: Site, value: Value) -> Value | None:
    from manyeyes_tools.evidence.taint.handlers import is_handler

    if site.written != "self" or value.kind in {"~dict", "~json"}:
        return None
    return value if is_handler(frame, "tornado") and not _sets_plain(frame) else None


def _sets_plain(frame: Frame) -> bool:
    """Whether the handler declares another type than HTML."""
    node = frame.function.node if frame.function else None
    if node is None:
        return False
    for one in walk(node):
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute) and one.func.attr == "set_header":
            texts = [str(arg.value).lower() for arg in one.args if isinstance(arg, ast.Constant)]
            if texts[:1] == ["content-type"] and not any("html" in text for text in texts):
                return True
    return False


def _handler_address(frame: Frame, site: Site, value: Value) -> Value | None:
    from manyeyes_tools.evidence.taint.handlers import is_handler

    if site.written == "self" and is_handler(frame, "tornado"):
        return _address(frame, site, value)
    if site.receiver.kind.startswith("~res") or site.written in {"response", "resp", "res"}:
        return _address(frame, site, value)
    return None


def _handler_error(frame: Frame, site: Site, value: Value) -> Value | None:
    from manyeyes_tools.evidence.taint.handlers import is_handler

    return value if site.written == "self" and is_handler(frame, "tornado") else None


def _address(frame: Frame, site: Site, value: Value) -> Value | None:  # the shape of all
    from manyeyes_tools.evidence.taint.expressions import fixes_host

    if value.prefix and (
        fixes_host(value.prefix)
        or (value.prefix.startswith("/") and not value.prefix.startswith("//") and len(value.prefix) > 1)
    ):
        return None
    if value.kind in {"~response", "~query"}:
        return None
    return value


def _host(frame: Frame, site: Site, value: Value) -> Value | None:  # the shape of all
    if value.kind == "~list" and value.fields:
        first = value.fields.get("0")
        return first if first is not None and first.atoms else None
    return value


def _file(frame: Frame, site: Site, value: Value) -> Value | None:  # the shape of all
    if value.kind in {"~upload", "~file", "~dict"} or value.kind.startswith(("io.", "tempfile.")):
        return None
    atoms = {
        origin: atom
        for origin, atom in value.atoms.items()
        if origin.kind != "content" and (origin.kind != "cli" or atom.clean & JOINED)
    }
    return Value(atoms, value.kind, (), value.prefix, value.text, value.built) if atoms else None


def _rooted_file(frame: Frame, site: Site, value: Value) -> Value | None:
    root = site.argument("1", "root")
    return _file(frame, site, value) if root is None or root.atoms else None


def _path_object(frame: Frame, site: Site, value: Value) -> Value | None:
    if not value.kind.startswith(("pathlib.", "anyio.")):
        return None
    return _file(frame, site, value)


def _saved_upload(frame: Frame, site: Site, value: Value) -> Value | None:
    return (
        _file(frame, site, value)
        if site.receiver.kind == "~upload" or any(origin.kind == "upload" for origin in value.atoms)
        else None
    )


def _upload_name(frame: Frame, site: Site, value: Value) -> Value | None:  # the shape of all
    if site.full == "open" or site.full in {"io.open", "builtins.open", "aiofiles.open"}:
        mode = site.argument("1", "mode")
        if mode is None or not mode.const or not any(one in str(mode.const[0]) for one in "wax"):
            return None
    atoms = {origin: atom for origin, atom in value.atoms.items() if origin.kind == "upload" and not atom.clean & PART}
    return Value(atoms) if atoms else None


def _archive(frame: Frame, site: Site, value: Value) -> Value | None:  # the shape of all
    if value.kind != "tarfile.TarFile":
        return None  # `zipfile` takes `..` and roots out of names by itself
    given = site.words.get("filter")
    if given is not None and given.const and given.const[0] in {"data", "tar"}:
        return None
    return value


def _archive_content(frame: Frame, site: Site, value: Value) -> Value | None:  # the shape of all
    return None if "filter" in site.words else _outside(value)


def _lxml(frame: Frame, site: Site, value: Value) -> Value | None:
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


def _xml(frame: Frame, site: Site, value: Value) -> Value | None:  # the shape of all
    return value


def _sax(frame: Frame, site: Site, value: Value) -> Value | None:
    """Parsers of `xml.sax` leave external entities out unless they are told to take them."""
    if not site.receiver.kind.startswith("xml.sax") or frame.function is None:
        return None
    for one in walk(frame.function.node):
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute) and one.func.attr == "setFeature":
            on = one.args[1] if len(one.args) > 1 else None
            if isinstance(on, ast.Constant) and on.value and re.search(r"_ges|_pes|external", ast.unparse(one.args[0])):
                return value
    return None


def _log(frame: Frame, site: Site, value: Value) -> Value | None:
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


def _raw_head(frame: Frame, site: Site, value: Value) -> Value | None:  # the shape of all
    """A head of HTTP or of a mail that the program writes itself."""
    if value.built is None or not re.search(
        r"HTTP/1|\r\n|(?:^|\n)(?:Subject|To|From|Cc|Reply-To|Set-Cookie|Location): ", value.text
    ):
        return None
    return _outside(value, frozenset({"request", "upload", "cli"}))


def _pandas_text(frame: Frame, site: Site, value: Value) -> Value | None:
    node = site.node_of("regex")
    return (
        value
        if "pandas" in frame.module.frameworks and not (isinstance(node, ast.Constant) and node.value is False)
        else None
    )


def _model(frame: Frame, site: Site, value: Value) -> Value | None:
    """`Model(**data)`, where the class keeps what it is given."""
    last = site.full.rpartition(".")[2]
    if (
        site.method
        in {
            "create",
            "update",
            "update_or_create",
            "get_or_create",
            "filter_by_",
            "insert",
            "build",
        }
        or site.full == "setattr"
    ):
        return _whole(value)
    if not last[:1].isupper() or last.isupper():
        return None
    cls = frame.project.find(site.full, frame.module)
    if isinstance(cls, Class):
        if cls.external & {
            "pydantic.BaseModel",
            "typing.NamedTuple",
            "marshmallow.Schema",
            "django.forms.Form",
            "rest_framework.serializers.Serializer",
            "rest_framework.serializers.ModelSerializer",
        }:
            return None
        if cls.method("__init__") is not None and not any(base for base in cls.external):
            init = cls.method("__init__")
            if init is not None and init.node.args.kwarg is None:
                return None
    return _whole(value)


def _whole(value: Value) -> Value | None:
    """The whole of what the caller sent, and not entries that the code chose."""
    if value.closed or (value.fields and value.kind == "~dict" and "*" not in value.fields):
        return None
    atoms = {origin: atom for origin, atom in value.atoms.items() if origin.kind in {"request", "content"}}
    return Value(atoms) if atoms else None


def _whole_request(frame: Frame, site: Site, value: Value) -> Value | None:
    if site.method == "populate_obj":
        return None
    if any(value is one for one in site.spread):
        return _model(frame, site, value)
    if site.method in {"update", "insert", "values"}:
        if site.method == "update" and not (
            site.receiver.kind.endswith("__dict__")
            or "__dict__" in site.written
            or site.receiver.kind == "~query"
            or _DATABASE.search(site.written)
            or "query" in ast.dump(site.node.func)[:400]
        ):
            return None
        return _whole(value)
    if site.method == "insert_one":
        return _whole(value)
    return None


def _xpath_text(frame: Frame, site: Site, value: Value) -> Value | None:  # the shape of all
    return (
        value
        if value.built is not None
        and re.search(r"\[|//|@", value.text)
        and ("lxml" in frame.module.frameworks or "xml" in frame.module.frameworks)
        else None
    )


CONDITIONS: dict[str, Callable[[Frame, Site, Value], Value | None]] = {
    "statement": _statement, "strict statement": _strict_statement, "built": _built, "raw text": _raw_text,
    "document": _document, "mongo code": _mongo_code, "command": _command, "shell": _shell,
    "shell program": _shell_program, "program": _program, "code": _code, "compiled": _compiled,
    "request only": _request_only, "called attribute": _called_attribute, "named by caller": _named_by_caller,
    "loader": _loader, "yaml": _yaml, "torch": _torch, "numpy": _numpy, "template": _template, "format": _format,
    "markup": _markup, "html response": _html_response, "declared html": _declared_html,
    "handler write": _handler_write, "handler address": _handler_address, "handler error": _handler_error,
    "address": _address, "host": _host, "file": _file, "rooted file": _rooted_file, "path object": _path_object,
    "saved upload": _saved_upload, "upload name": _upload_name, "archive": _archive,
    "archive content": _archive_content, "lxml": _lxml, "xml": _xml, "sax": _sax, "log": _log,
    "raw head": _raw_head, "pandas text": _pandas_text, "model": _model, "whole request": _whole_request, "xpath text": _xpath_text,
}  # fmt: skip
"""The conditions by their names."""
