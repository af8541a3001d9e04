"""What statements do to the values of a function."""

# ruff: noqa: ARG001, C901, PLR0912, PLR2004, SIM102  # runners share one shape, with a branch for each kind of node; numbers explained beside them

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_names import dotted
from manyeyes_tools.evidence.python_walk import walk
from manyeyes_tools.evidence.taint.cleaning import CLEANERS, EXITS
from manyeyes_tools.evidence.taint.expressions import evaluate, fixes_host, with_facts
from manyeyes_tools.evidence.taint.frames import meet, merged, unite
from manyeyes_tools.evidence.taint.guards import _facts, facts_of
from manyeyes_tools.evidence.taint.marks import RESOLVED
from manyeyes_tools.evidence.taint.sinks import Sink
from manyeyes_tools.evidence.taint.tables import ALL, bits
from manyeyes_tools.evidence.taint.values import (
    NO_ATOMS,
    NOTHING,
    Atom,
    Value,
    Way,
    extended,
    join,
    join_atoms,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from manyeyes_tools.evidence.taint.frames import Facts, Frame

DEEPEST_LOOPS = 2
"""Bodies of loops nested deeper are gone through once."""
_HTML = Sink("unescaped-markup", (), "", 1.0)
_STORED = Sink("stored-markup", (), "", 1.0)
_ERROR = Sink("error-shown", (), "", 1.0)
_SESSION = Sink("session-from-outside", (), "", 1.0)
_LOCATION = Sink("open-redirect", (), "", 1.0)
_ORIGIN = Sink("origin-reflected", (), "", 1.0)
_HEADER = Sink("header-injection", (), "", 1.0)
_ROUTED_HTML = frozenset({"flask", "quart", "bottle", "cherrypy"})
_PATH = bits("path-traversal archive-traversal")
_NOT_PAGES = frozenset({"~response", "~json", "~page", "~query", "~file", "~dict", "~list", "~lambda"})


def run(frame: Frame, body: Sequence[ast.stmt]) -> bool:
    """Go through statements; True when control never comes out at their end."""
    for node in body:
        do = _RUN.get(type(node))
        if do is not None and do(frame, node):
            return True
    return False


def element(value: Value) -> Value:
    """What a loop over a value gives."""
    fields = value.fields
    if fields:
        if "*" in fields:
            return fields["*"]
        found = NOTHING
        for one in list(fields.values())[:50]:
            found = join(found, one)
        if value.kind == "~dict":
            return Value(
                NO_ATOMS if value.closed else extended(value.atoms, "~key"), constant=value.constant or value.closed
            )
        return found
    if not value.atoms:
        return Value(
            NO_ATOMS,
            value.kind.removeprefix("~list:") if value.kind.startswith("~list:") else "",
            constant=value.constant,
        )
    if value.kind in {"~list", "~split", "~parts"}:
        return Value(value.atoms)
    return Value(
        extended(value.atoms, "*"),
        value.kind.removeprefix("~list:")
        if value.kind.startswith("~list:")
        else ("~upload" if value.kind == "~uploads" else ""),
    )


def assign(frame: Frame, target: ast.expr, value: Value, source: ast.expr) -> None:
    """Give a value to a target."""
    match target:
        case ast.Name(id=name):
            if value.atoms:
                value = _stepped(frame, value, target, name)
            frame.env[name] = value
            if frame.function is None or name in frame.global_names:
                _keep_global(frame, name, value)
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            for number, part in enumerate(parts):
                inner = part.value if isinstance(part, ast.Starred) else part
                known = value.fields.get(str(number)) if value.fields and value.kind != "~dict" else None
                if known is None and value.fields and "*" in value.fields:
                    known = value.fields["*"]
                assign(
                    frame,
                    inner,
                    known if known is not None else Value(value.atoms, "", constant=value.constant),
                    source,
                )
        case ast.Attribute() | ast.Subscript():
            store(frame, target, value, target)
        case _:
            pass


def _stepped(frame: Frame, value: Value, node: ast.expr, name: str) -> Value:
    line = node.lineno
    atoms = value.atoms
    changed = False
    found = {}
    for origin, atom in atoms.items():
        way = atom.way
        if way is not None and way.line != line and (way.before is None or way.before.line != line):
            found[origin] = Atom(
                atom.clean, atom.doubt, atom.hops, Way(way, frame.module.path, line, f"it is kept in `{name}`")
            )
            changed = True
        else:
            found[origin] = atom
    return value.with_atoms(found) if changed else value


def _keep_global(frame: Frame, name: str, value: Value) -> None:
    before = frame.module.globals.get(name)
    joined = value if before is None else join(before, value)
    if before is None or joined.atoms.keys() != before.atoms.keys():
        atoms = {origin: atom for origin, atom in joined.atoms.items() if origin.kind != "param"}
        frame.module.globals[name] = joined if len(atoms) == len(joined.atoms) else replace(joined, atoms=atoms)
        if frame.function is not None and any(origin.kind not in {"unknown", "param"} for origin in atoms):
            frame.changed_globals = True
    elif before is not None and not joined.constant:
        frame.module.globals[name] = joined


def store(frame: Frame, target: ast.expr, value: Value, node: ast.AST) -> None:
    """Put a value into an attribute or entry, or in place of a variable."""
    if isinstance(target, ast.Name):
        frame.env[target.id] = value
        if frame.function is None or (target.id in frame.module.globals and target.id not in _local_names(frame)):
            _keep_global(frame, target.id, value)
        return
    if isinstance(target, ast.Attribute):
        name, base = target.attr, target.value
    elif isinstance(target, ast.Subscript):
        base = target.value
        key = evaluate(frame, target.slice) if not isinstance(target.slice, ast.Slice) else NOTHING
        name = str(key.const[0]) if key.const else "*"
        _kept_in(frame, target, base, key, value)
        if key.atoms and not key.const:
            value = Value(join_atoms(value.atoms, key.atoms))
    else:
        return
    value = with_facts(value, frame.facts)
    if isinstance(base, ast.Name):
        owner = frame.env.get(base.id)
        if owner is not None and owner.kind and not owner.kind.startswith("~") and _is_self(frame, base.id):
            _keep_field(frame, name, value)
        if owner is None and frame.function is not None and base.id in frame.module.globals:
            owner = frame.module.globals[base.id]
            if value.atoms:
                _keep_global(frame, base.id, replace(owner, atoms=join_atoms(owner.atoms, value.atoms), constant=False))
            return
        if owner is not None:
            fields = dict(owner.fields) if owner.fields else {}
            if len(fields) < 200:  # nobody writes more by hand
                fields[name] = value if name != "*" or name not in fields else join(fields[name], value)
            atoms = owner.atoms
            if owner.kind in {"~dict", "~list"} or name == "*":
                atoms = join_atoms(atoms, value.atoms)
            frame.env[base.id] = replace(owner, atoms=atoms, fields=fields, constant=owner.constant and value.constant)
            _note_stored(frame, owner, name, value)
    elif isinstance(base, ast.Attribute | ast.Subscript) and value.atoms:
        inner = evaluate(frame, base)
        if inner.kind in {"~response", "~session"}:
            return
        store(frame, base, replace(inner, atoms=join_atoms(inner.atoms, value.atoms), constant=False), node)


def _kept_in(frame: Frame, target: ast.Subscript, base: ast.expr, key: Value, value: Value) -> None:
    """`session[…] = value` and `response.headers[…] = value`."""
    written = dotted(base)
    last = written.rpartition(".")[2]
    if last == "session" and value.atoms:
        frame.reach(_SESSION, value, target)
        _keep_in_session(frame, str(key.const[0]) if key.const else "*", with_facts(value, frame.facts))
    elif (
        last == "headers" or (evaluate(frame, base).kind == "~response" and isinstance(base, ast.Name))
    ) and value.atoms:
        if written.startswith(("request.", "req.")) or not _is_reply(written):
            return
        keep_header(frame, key, value, target)


def keep_header(frame: Frame, key: Value, value: Value, node: ast.AST) -> None:
    """Note what a value does as the value of a header."""
    name = str(key.const[0]).lower() if key.const else ""
    if name == "location":
        frame.reach(_LOCATION, value if value.prefix == "" else NOTHING, node)
    elif name == "access-control-allow-origin":
        frame.reach(_ORIGIN, value, node)
    else:
        frame.reach(_HEADER, value, node)


def _keep_in_session(frame: Frame, key: str, value: Value) -> None:
    atoms = {origin: atom for origin, atom in value.atoms.items() if origin.kind not in {"param", "unknown"}}
    before = frame.project.kept.get(key)
    if atoms and (before is None or not atoms.keys() <= before.atoms.keys()):
        frame.project.kept[key] = Value(atoms if before is None else join_atoms(before.atoms, atoms))
        frame.changed_globals = True


def _is_reply(written: str) -> bool:
    lowered = written.lower()
    return any(
        word in lowered
        for word in ("resp", "reply", "answer", "result", "self", "out", "r.", "res.", "redirect", "http")
    )


def _is_self(frame: Frame, name: str) -> bool:
    function = frame.function
    while function is not None:
        if function.owner is not None and function.parameters and function.parameters[0] == name:
            return True
        function = function.parent
    return False


def _local_names(frame: Frame) -> frozenset[str]:
    return frozenset(frame.function.parameters) if frame.function is not None else frozenset()


def _keep_field(frame: Frame, name: str, value: Value) -> None:
    """What an object keeps is known wherever its class's methods read it; of parameters only those of others."""
    cls = frame.cls
    if cls is None:
        return
    atoms = {origin: atom for origin, atom in value.atoms.items() if origin.kind not in {"param", "unknown"}}
    kept = replace(
        value,
        atoms=atoms,
        const=value.const if not value.atoms else (),
        constant=value.constant and not value.atoms,
        bound=None,
    )
    before = cls.fields.get(name)
    if before is None:
        cls.fields[name] = kept
        if atoms:
            frame.changed_globals = True
    else:
        joined = join(before, kept)
        if joined.atoms.keys() != before.atoms.keys():
            frame.changed_globals = True
        cls.fields[name] = joined


def _note_stored(frame: Frame, owner: Value, name: str, value: Value) -> None:
    """Note that a parameter's attribute now holds a value, for whoever called."""
    function = frame.function
    if function is None:
        return
    for origin in owner.atoms:
        if origin.kind == "param" and not origin.path and frame.owner(origin) is function:
            key = (origin.place % 1000, name)
            before = function.summary.stored.get(key)
            if before is None and len(function.summary.stored) > 60:  # nobody writes more by hand
                return
            function.summary.stored[key] = value if before is None else join(before, value)


# --- statements ------------------------------------------------------------------------------------------------------


def _assign(frame: Frame, node: ast.Assign) -> bool:
    value = with_facts(evaluate(frame, node.value), frame.facts)
    for target in node.targets:
        assign(frame, target, value, node.value)
    return False


def _annotated(frame: Frame, node: ast.AnnAssign) -> bool:
    if node.value is not None:
        assign(frame, node.target, with_facts(evaluate(frame, node.value), frame.facts), node.value)
    return False


def _augmented(frame: Frame, node: ast.AugAssign) -> bool:
    from manyeyes_tools.evidence.taint.expressions import combined

    left = evaluate(frame, _loaded(node.target))
    right = with_facts(evaluate(frame, node.value), frame.facts)
    made = ast.copy_location(ast.BinOp(left=_loaded(node.target), op=node.op, right=node.value), node)
    assign(frame, node.target, combined(frame, left, right, made), node.value)
    return False


def _loaded(node: ast.expr) -> ast.expr:
    return node


def _expression(frame: Frame, node: ast.Expr) -> bool:
    evaluate(frame, node.value)
    call = node.value.value if isinstance(node.value, ast.Await) else node.value
    if not isinstance(call, ast.Call):
        return False
    name = dotted(call.func)
    full = frame.module.full(name)
    if full in EXITS or name.rpartition(".")[2] in {"abort", "_exit"}:
        return True
    _after_call(frame, call, full)
    return False


def _after_call(frame: Frame, call: ast.Call, full: str) -> None:
    """What holds once a call has returned and not raised: `int(x)`, `path.relative_to(base)`, `check(x)`."""
    from manyeyes_tools.evidence.taint.callees import bound_arguments, callee_of

    mask = CLEANERS.get(full)
    if (
        mask is not None
        and call.args
        and mask == ALL
        and full
        in {
            "int",
            "float",
            "uuid.UUID",
            "ipaddress.ip_address",
            "datetime.datetime.strptime",
            "decimal.Decimal",
            "bson.ObjectId",
        }
    ):
        frame.facts = unite(frame.facts, _facts(evaluate(frame, call.args[0]).atoms, ALL))
        return
    if isinstance(call.func, ast.Attribute) and call.func.attr == "relative_to":
        atoms = evaluate(frame, call.func.value).atoms
        frame.facts = unite(
            frame.facts, {o: (_PATH, 0) if a.clean & RESOLVED else (0, _PATH) for o, a in atoms.items()}
        )
        return
    function = callee_of(frame, call)
    if function is not None:
        if function.summary.after:
            values = bound_arguments(frame, call, function)
            for origin, (clean, doubt) in function.summary.after.items():
                value = values.get(origin.place % 1000)
                if value is not None:
                    frame.facts = unite(frame.facts, _facts(value.atoms, clean, doubt))
        return
    last = (full or getattr(call.func, "attr", "")).rpartition(".")[2].lower()
    if last.startswith(("validate", "check", "verify", "ensure", "assert", "require")):
        found: Facts = {}
        for argument in call.args:
            if not isinstance(argument, ast.Starred):
                found = unite(found, _facts(evaluate(frame, argument).atoms, 0, ALL))
        frame.facts = unite(frame.facts, found)


def _return(frame: Frame, node: ast.Return) -> bool:
    if node.value is not None:
        value = with_facts(evaluate(frame, node.value), frame.facts)
        frame.returns = join(frame.returns, value) if frame.returns is not NOTHING else value
        _returned(frame, value, node)
        false = isinstance(node.value, ast.Constant) and not node.value.value
        if not false:
            true, _ = facts_of(frame, node.value)
            frame.true_facts = meet(frame.true_facts, unite(frame.facts, true))
    frame.returned_facts = meet(frame.returned_facts, frame.facts)
    return True


def _returned(frame: Frame, value: Value, node: ast.Return) -> None:
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
            frame.reach(_ERROR, replace(one, atoms=errors), node)
        if (
            one.kind in _NOT_PAGES
            or one.kind.endswith(("Response", "HTTPException"))
            or one.kind.startswith("flask.")
            or one.constant
        ):
            continue
        if (frame.handler in _ROUTED_HTML and _is_html(frame)) or _declared_page(frame):
            if frame.loops < 100 and one.atoms:  # never so deep
                frame.reach(_HTML, one, node)
                frame.reach(_STORED, Value({o: a for o, a in one.atoms.items() if one.built is not None}), node)


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


def _raise(frame: Frame, node: ast.Raise) -> bool:
    if node.exc is not None:
        evaluate(frame, node.exc)
    return True


def _leave(frame: Frame, node: ast.stmt) -> bool:  # the shape of all
    return True


def _if(frame: Frame, node: ast.If) -> bool:
    """Branches, one after the other: a chain of `elif` is gone along without recursion."""
    ends: list[tuple[dict[str, Value], Facts]] = []
    at: ast.If = node
    while True:
        evaluate(frame, at.test)
        true, false = facts_of(frame, at.test)
        env, facts = frame.env, frame.facts
        frame.env, frame.facts = dict(env), unite(facts, true)
        if not run(frame, at.body):
            ends.append((frame.env, frame.facts))
        frame.env, frame.facts = env, unite(facts, false)
        if len(at.orelse) == 1 and isinstance(at.orelse[0], ast.If):
            frame.env = dict(env)
            at = at.orelse[0]
            continue
        if at.orelse:
            frame.env = dict(env)
            if not run(frame, at.orelse):
                ends.append((frame.env, frame.facts))
        else:
            ends.append((frame.env, frame.facts))
        break
    return _joined(frame, ends)


def _joined(frame: Frame, ends: list[tuple[dict[str, Value], Facts]]) -> bool:
    if not ends:
        return True
    if len(ends) > 1:
        # What holds on one way only is kept with the values of that way, before the ways are joined.
        common: Facts | None = None
        for _, facts in ends:
            common = meet(common, facts)
        made = []
        for env, facts in ends:
            own = {origin: fact for origin, fact in facts.items() if (common or {}).get(origin) != fact}
            made.append({name: with_facts(value, own) for name, value in env.items()} if own else env)
        frame.env = made[0]
        for env in made[1:]:
            frame.env = merged(frame.env, env)
        frame.facts = common or {}
    else:
        frame.env, frame.facts = ends[0]
    return False


def _loop(frame: Frame, node: ast.For | ast.AsyncFor | ast.While) -> bool:
    before_facts = frame.facts
    frame.loops += 1
    rounds = 2 if frame.loops <= DEEPEST_LOOPS else 1
    start = frame.env
    known: dict[str, Value] = dict(start)
    for turn in range(rounds):
        frame.env, frame.facts = dict(known), before_facts
        if isinstance(node, ast.While):
            evaluate(frame, node.test)
            true, _ = facts_of(frame, node.test)
            frame.facts = unite(frame.facts, true)
        else:
            assign(frame, node.target, element(evaluate(frame, node.iter)), node.iter)
        run(frame, node.body)
        after = merged(known, frame.env)
        grown = any(
            name not in known or (value is not known[name] and value.atoms.keys() != known[name].atoms.keys())
            for name, value in after.items()
        )
        known = after
        if not grown or turn == rounds - 1:
            break
    frame.loops -= 1
    frame.env, frame.facts = known, before_facts
    if isinstance(node, ast.While) and not isinstance(node.test, ast.Constant):
        _, false = facts_of(frame, node.test)
        if not any(isinstance(one, ast.Break) for one in walk(node)):
            frame.facts = unite(frame.facts, false)
    if node.orelse:
        run(frame, node.orelse)
    return (
        isinstance(node, ast.While)
        and isinstance(node.test, ast.Constant)
        and bool(node.test.value)
        and not any(isinstance(one, ast.Break) for one in walk(node))
    )


def _with(frame: Frame, node: ast.With | ast.AsyncWith) -> bool:
    for item in node.items:
        value = evaluate(frame, item.context_expr)
        if item.optional_vars is not None:
            assign(frame, item.optional_vars, value, item.context_expr)
    return run(frame, node.body)


def _try(frame: Frame, node: ast.Try | ast.TryStar) -> bool:
    env, facts = dict(frame.env), frame.facts
    ends: list[tuple[dict[str, Value], Facts]] = []
    left = run(frame, node.body)
    middle = merged(env, frame.env)
    if not left and node.orelse:
        left = run(frame, node.orelse)
    if not left:
        ends.append((frame.env, frame.facts))
    for handler in node.handlers:
        frame.env, frame.facts = dict(middle), facts
        if handler.type is not None:
            evaluate(frame, handler.type)
        if handler.name:
            frame.env[handler.name] = frame.source("error", handler.name, handler) if _tells(handler.type) else NOTHING
        if not run(frame, handler.body):
            ends.append((frame.env, frame.facts))
    left = _joined(frame, ends)
    if left:
        frame.env, frame.facts = middle, facts
    return run(frame, node.finalbody) or left


def _tells(kind: ast.expr | None) -> bool:
    """Whether an error's text may tell of the program's insides: those that a program raises on purpose do not."""
    if kind is None:
        return False
    names = [dotted(one).rpartition(".")[2] for one in (kind.elts if isinstance(kind, ast.Tuple) else [kind])]
    return any(
        name
        in {
            "Exception",
            "BaseException",
            "DatabaseError",
            "OperationalError",
            "IntegrityError",
            "SQLAlchemyError",
            "Error",
            "ProgrammingError",
            "OSError",
            "IOError",
            "DBAPIError",
            "PyMongoError",
            "CalledProcessError",
            "RuntimeError",
            "ClientError",
            "ConnectionError",
            "RequestException",
        }
        for name in names
    )


def _function(frame: Frame, node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    from manyeyes_tools.evidence.taint.walk import follow

    for one in node.decorator_list:
        evaluate(frame, one)
    function = frame.project.definitions.get(id(node))
    if function is None:
        return False
    if frame.function is not None:
        function.free = dict(frame.env)
        if function.state != 1 and frame.depth < 40:  # see `calls.DEEP`
            function.state = 0
            follow(frame.project, function, frame.flows, frame.depth + 6)
        name = f"~local:{node.name}:{id(node)}"
        frame.env[node.name] = Value(NO_ATOMS, name)
        frame.project.name_local(name, function)
    return False


def _class(frame: Frame, node: ast.ClassDef) -> bool:
    owned = frame.project.class_nodes.get(id(node))
    if owned is None:
        return False
    env = frame.env
    frame.env = dict(env)
    before, frame.cls = frame.cls, owned
    for one in node.body:
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
            function = frame.project.definitions.get(id(one))
            if function is not None and frame.function is not None:
                function.free = dict(env)
        elif isinstance(one, ast.Assign | ast.AnnAssign):
            value = evaluate(frame, one.value) if one.value is not None else NOTHING
            for target in one.targets if isinstance(one, ast.Assign) else [one.target]:
                if isinstance(target, ast.Name) and one.value is not None:
                    frame.env[target.id] = value
                    owned.fields.setdefault(target.id, value)
        elif isinstance(one, ast.ClassDef):
            _class(frame, one)
    frame.env, frame.cls = env, before
    return False


def _assert(frame: Frame, node: ast.Assert) -> bool:
    evaluate(frame, node.test)
    true, _ = facts_of(frame, node.test)
    frame.facts = unite(frame.facts, {origin: (0, clean | doubt) for origin, (clean, doubt) in true.items()})
    return False


def _match(frame: Frame, node: ast.Match) -> bool:
    subject = evaluate(frame, node.subject)
    ends: list[tuple[dict[str, Value], Facts]] = []
    env, facts = frame.env, frame.facts
    whole = False
    for case in node.cases:
        frame.env, frame.facts = dict(env), facts
        constant = True
        for part in walk(case.pattern):
            if isinstance(part, ast.MatchAs | ast.MatchStar | ast.MatchMapping):
                constant = False
                name = part.rest if isinstance(part, ast.MatchMapping) else part.name
                if name:
                    frame.env[name] = Value(subject.atoms)
        if constant:
            frame.facts = unite(frame.facts, _facts(subject.atoms, ALL))
        elif isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None and case.guard is None:
            whole = True
        if case.guard is not None:
            evaluate(frame, case.guard)
            true, _ = facts_of(frame, case.guard)
            frame.facts = unite(frame.facts, true)
        if not run(frame, case.body):
            ends.append((frame.env, frame.facts))
    if not whole:
        ends.append((env, facts))
    return _joined(frame, ends)


def _global(frame: Frame, node: ast.Global | ast.Nonlocal) -> bool:
    if isinstance(node, ast.Global):
        frame.global_names = frame.global_names | frozenset(node.names)
    return False


def _delete(frame: Frame, node: ast.Delete) -> bool:  # nothing comes or goes by it
    return False


_RUN: dict[type, Callable[..., bool]] = {
    ast.Assign: _assign, ast.AnnAssign: _annotated, ast.AugAssign: _augmented, ast.Expr: _expression,
    ast.Return: _return, ast.Raise: _raise, ast.Break: _leave, ast.Continue: _leave, ast.If: _if, ast.For: _loop,
    ast.AsyncFor: _loop, ast.While: _loop, ast.With: _with, ast.AsyncWith: _with, ast.Try: _try, ast.TryStar: _try,
    ast.FunctionDef: _function, ast.AsyncFunctionDef: _function, ast.ClassDef: _class, ast.Assert: _assert,
    ast.Match: _match, ast.Global: _global, ast.Nonlocal: _global, ast.Delete: _delete,
}  # fmt: skip
__all__ = ["assign", "element", "fixes_host", "run", "store"]
