"""What a test tells of the values in it: which of them can do no harm behind it."""

# ruff: noqa: C901, PLR0911, PLR0912, PLR2004  # a branch for each kind of test; numbers explained beside them

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_names import dotted
from manyeyes_tools.evidence.taint.cleaning import (
    GUARDS,
    HARMLESS_KINDS,
    METHOD_GUARDS,
    SOUNDS_LIKE_CHECK,
    TEXT_KINDS,
)
from manyeyes_tools.evidence.taint.frames import meet, unite
from manyeyes_tools.evidence.taint.marks import HOST, PART, RESOLVED, SCHEME, TYPED
from manyeyes_tools.evidence.taint.tables import ALL, bits

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.frames import Facts, Frame
    from manyeyes_tools.evidence.taint.values import Atom, Origin, Value

PATH = bits("path-traversal archive-traversal")
ADDRESS = bits("open-redirect request-forgery")
UPLOAD = bits("unrestricted-upload")
LINES = bits("header-injection log-injection")
_DEEPEST = 40
_PRIVATE = frozenset({"is_private", "is_loopback", "is_global", "is_link_local", "is_reserved", "is_multicast"})
_HOSTS = re.compile(r"^(?:https?:)?//[\w.:\[\]-]+/|^https?://[\w.-]+$")
_LOOSE = re.compile(r"(?<!\\)\.(?![\w\\]*\])|\[\^|\\S|\\D|\\W")
_CLASS = re.compile(r"\[(?:\\.|[^\]])*\]")


def facts_of(frame: Frame, test: ast.expr, depth: int = 0) -> tuple[Facts, Facts]:  # one for each kind of test
    """What holds where a test is true, and where it is false."""
    if depth > _DEEPEST:
        return {}, {}
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            true, false = facts_of(frame, inner, depth + 1)
            return false, true
        case ast.BoolOp(op=op, values=values):
            return _of_several(frame, op, values, depth)
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return _of_comparison(frame, left, op, right)
        case ast.Call():
            return _of_call(frame, test)
        case ast.Attribute(value=value, attr=attr) if attr in _PRIVATE:
            found = _facts(_value(frame, value).atoms, bits("request-forgery"))
            return found, found
        case ast.Attribute(attr="netloc" | "hostname" | "host"):
            return {}, _facts(_value(frame, test).atoms, ADDRESS)
        case ast.NamedExpr(value=value):
            return facts_of(frame, value, depth + 1)
        case ast.Name(id=name):
            held = frame.env.get(name)
            known = held.fields.get("~test") if held is not None and held.fields else None
            if known is not None:  # the result of a test that was kept in a variable
                return _facts(known.atoms, 0, 0, own=True), {}
        case _:
            pass
    return {}, {}


def _of_several(frame: Frame, op: ast.boolop, values: list[ast.expr], depth: int) -> tuple[Facts, Facts]:
    trues: Facts | None = None
    falses: Facts | None = None
    every = isinstance(op, ast.And)
    for value in values[:32]:
        true, false = facts_of(frame, value, depth + 1)
        if every:
            trues = unite(trues or {}, true)
            falses = meet(falses, false)
        else:
            trues = meet(trues, true)
            falses = unite(falses or {}, false)
    # `x.startswith("/") and not x.startswith("//")` leaves only paths of this site.
    sure = trues if every else falses
    if sure:
        heads = [dotted_head(value) for value in values]
        if "/" in heads and any(head in {"//", "/\\", ("//", "/\\")} for head in heads):
            for origin, (clean, doubt) in list(sure.items()):
                sure[origin] = (clean | ADDRESS, doubt)
        if ".." in heads and ("/" in heads or "\\" in heads or "absolute" in heads):
            for origin, (clean, doubt) in list(sure.items()):
                sure[origin] = (clean | PATH, doubt)
    return trues or {}, falses or {}


def dotted_head(node: ast.expr) -> object:
    """The text that a value is tested to begin with, or to hold."""
    if isinstance(node, ast.UnaryOp):
        node = node.operand
    match node:
        case ast.Call(func=ast.Attribute(attr="startswith"), args=[ast.Constant(value=head)]):
            return head
        case ast.Call(func=ast.Attribute(attr="startswith"), args=[ast.Tuple(elts=parts)]):
            heads = [one.value for one in parts if isinstance(one, ast.Constant)]
            return "//" if "//" in heads else heads[0] if heads else None
        case ast.Call(func=ast.Attribute(attr="is_absolute" | "isabs")):
            return "absolute"
        case ast.Compare(left=ast.Constant(value=head), ops=[ast.In() | ast.NotIn()]):
            return head
        case _:
            return None


def _value(frame: Frame, node: ast.expr) -> Value:
    from manyeyes_tools.evidence.taint.expressions import evaluate

    return evaluate(frame, node)


def _facts(atoms: dict[Origin, Atom], clean: int, doubt: int = 0, *, own: bool = False) -> Facts:
    """Facts of all origins; what only a part of the value was tested for holds for less."""
    found: Facts = {}
    for origin, atom in atoms.items():
        mask, unsure = (atom.clean, atom.doubt) if own else (clean, doubt)
        if not own:
            if atom.clean & SCHEME:
                mask, unsure = 0, unsure | (clean & ADDRESS)
            elif atom.clean & HOST:
                mask &= ADDRESS
            elif atom.clean & PART:
                unsure |= mask
                mask &= UPLOAD | LINES
            elif atom.clean & TYPED:
                mask, unsure = 0, unsure | UPLOAD
        if mask or unsure:
            found[origin] = (mask, unsure)
    return found


def _of_comparison(frame: Frame, left: ast.expr, op: ast.cmpop, right: ast.expr) -> tuple[Facts, Facts]:
    subject, other = _value(frame, left), _value(frame, right)
    match op:
        case ast.In() | ast.NotIn():
            if subject.const and other.atoms:
                found = _without(subject.const[0], other.atoms)
                return ({}, found) if isinstance(op, ast.In) else (found, {})
            exact = is_list(right, other) or not any(
                o.kind in {"request", "upload", "cli", "content", "store", "param", "remote"} for o in other.atoms
            )
            found = _facts(subject.atoms, ALL) if exact else _facts(subject.atoms, 0, ALL)
            if not exact and any(origin.kind in {"request", "upload"} for origin in other.atoms):
                found = {}
        case ast.Eq() | ast.NotEq():
            if not subject.atoms and other.atoms:
                subject, other, left, right = other, subject, right, left
            found = _equal(subject, other, left, right)
        case _:
            return {}, {}
    return ({}, found) if isinstance(op, ast.NotIn | ast.NotEq) else (found, {})


def _equal(subject: Value, other: Value, left: ast.expr, right: ast.expr) -> Facts:
    for one in (left, right):
        if isinstance(one, ast.Call) and dotted(one.func).rpartition(".")[2] in {"commonpath", "commonprefix"}:
            return _facts({**subject.atoms, **other.atoms}, PATH)
        if isinstance(one, ast.Call) and dotted(one.func).rpartition(".")[2] in {
            "basename",
            "secure_filename",
            "normpath",
            "quote",
            "escape",
        }:
            return _facts(subject.atoms, PATH)
    if any(atom.clean & HOST for atom in subject.atoms.values()):
        return _facts(subject.atoms, ADDRESS)
    if other.const or other.constant or not any(o.kind in {"request", "upload", "param", "cli"} for o in other.atoms):
        return _facts(subject.atoms, ALL)
    return {}


def _without(held: object, atoms: dict[Origin, Atom]) -> Facts:
    """What holds of values in which some text does not stand."""
    if held in {"..", "../"}:
        return _facts(atoms, 0, PATH)
    if held in {"/", "\\", "."}:
        return _facts(atoms, PATH if held == "/" else 0, PATH)
    if held in {"\n", "\r", "\r\n"}:
        return _facts(atoms, LINES)
    if held in {"://", "//"}:
        return _facts(atoms, 0, ADDRESS)
    return {}


def is_list(node: ast.expr, value: Value) -> bool:
    """Whether an expression is a list of what is allowed that nobody outside can change."""
    if value.constant or value.const or (value.kind == "~dict" and value.closed and value.fields):
        return True
    if value.atoms and any(
        origin.kind in {"request", "upload", "cli", "param"} and not origin.path for origin in value.atoms
    ):
        return False
    name = dotted(node.func if isinstance(node, ast.Call) else node)
    last = name.rpartition(".")[2]
    if isinstance(node, ast.Call) and last not in {"keys", "values", "set", "frozenset", "list", "tuple"}:
        return False
    if isinstance(node, ast.Call):
        name = (
            dotted(node.func.value)
            if isinstance(node.func, ast.Attribute)
            else dotted(node.args[0])
            if node.args
            else ""
        )
        last = name.rpartition(".")[2]
    return bool(last) and (
        last.isupper()
        or last.lstrip("_").isupper()
        or "allow" in last.lower()
        or "permitted" in last.lower()
        or "whitelist" in last.lower()
        or "registry" in last.lower()
    )


def _of_call(frame: Frame, call: ast.Call) -> tuple[Facts, Facts]:  # one for each kind
    name = dotted(call.func)
    full = frame.module.full(name)
    last = name.rpartition(".")[2] or (call.func.attr if isinstance(call.func, ast.Attribute) else "")
    if full == "isinstance" and len(call.args) == 2:  # a value and its class
        return _facts(_value(frame, call.args[0]).atoms, _of_class(frame, call.args[1])), {}
    if full in {"all", "any"} and call.args and isinstance(call.args[0], ast.GeneratorExp | ast.ListComp):
        return (_of_each(frame, call.args[0]), {}) if full == "all" else ({}, {})
    if full in GUARDS:
        return _facts(_arguments(frame, call), GUARDS[full]), {}
    if full in {"bool", "os.path.exists", "os.path.isfile", "len", "hasattr", "callable", "os.path.isdir", "str"}:
        return {}, {}
    if last in {"match", "fullmatch", "search"}:
        found = _of_expression(frame, call, last)
        if found is not None:
            return found, {}
    if last in {"issubset", "issuperset"} and isinstance(call.func, ast.Attribute):
        return _facts(_value(frame, call.func.value).atoms, ALL), {}
    if isinstance(call.func, ast.Attribute):
        receiver = _value(frame, call.func.value)
        if last in METHOD_GUARDS:
            if last == "is_relative_to":
                return _within(receiver.atoms), {}
            return _facts(receiver.atoms, METHOD_GUARDS[last]), {}
        if last in {"startswith", "endswith"} and call.args:
            return _of_ends(frame, receiver, last, call.args[0])
        if last == "is_absolute":
            return {}, _facts(receiver.atoms, 0, PATH)
    if full == "os.path.isabs":
        return {}, _facts(_arguments(frame, call), 0, PATH)
    known = _of_project(frame, call)
    if known is not None:
        return known, {}
    lowered = last.lower()
    if any(word in lowered for word in SOUNDS_LIKE_CHECK) or lowered.startswith(("is_", "has_", "can_")):
        return _facts(_arguments(frame, call), 0, ALL), {}
    return {}, {}


def _of_project(frame: Frame, call: ast.Call) -> Facts | None:
    """What a function of the project that returned something true tells of its arguments."""
    from manyeyes_tools.evidence.taint.callees import bound_arguments, callee_of

    function = callee_of(frame, call)
    if function is None:
        return None
    found: Facts = {}
    if not function.summary.when_true:
        return None
    values = bound_arguments(frame, call, function)
    for origin, (clean, doubt) in function.summary.when_true.items():
        value = values.get(origin.place % 1000)
        if value is not None:
            found = unite(found, _facts(value.atoms, clean, doubt))
    return found


def _arguments(frame: Frame, call: ast.Call) -> dict[Origin, Atom]:
    atoms: dict[Origin, Atom] = {}
    for one in (*call.args, *(word.value for word in call.keywords)):
        atoms.update(_value(frame, one.value if isinstance(one, ast.Starred) else one).atoms)
    return atoms


def _of_class(frame: Frame, node: ast.expr) -> int:
    names = [dotted(one) for one in (node.elts if isinstance(node, ast.Tuple) else [node])]
    full = [frame.module.full(name) for name in names]
    if all(name in HARMLESS_KINDS for name in full):
        return ALL
    if all(name in HARMLESS_KINDS or name in TEXT_KINDS for name in full):
        return bits("nosql-injection mass-assignment")
    return 0


def _of_each(frame: Frame, node: ast.GeneratorExp | ast.ListComp) -> Facts:
    """`all(c in SAFE for c in value)`."""
    made = node.generators[0]
    atoms = _value(frame, made.iter).atoms
    if not isinstance(made.target, ast.Name):
        return {}
    before = frame.env.get(made.target.id)
    from manyeyes_tools.evidence.taint.values import Value

    frame.env[made.target.id] = Value(atoms)
    try:
        true, _ = facts_of(frame, node.elt)
    finally:
        if before is None:
            frame.env.pop(made.target.id, None)
        else:
            frame.env[made.target.id] = before
    return {origin: fact for origin, fact in true.items() if origin in atoms}


def _of_expression(frame: Frame, call: ast.Call, method: str) -> Facts | None:
    """`re.fullmatch(PATTERN, value)`, or the same as the pattern's method."""
    from manyeyes_tools.evidence.taint.expressions import evaluate

    pattern: Value
    if not isinstance(call.func, ast.Attribute):
        return None
    base = dotted(call.func.value)
    if frame.module.full(base) in {"re", "regex"}:
        if len(call.args) < 2:  # the expression and what it is held against
            return None
        pattern, subject = evaluate(frame, call.args[0]), evaluate(frame, call.args[1])
    else:
        pattern = evaluate(frame, call.func.value)
        if not call.args:
            return None
        subject = evaluate(frame, call.args[0])
    if not pattern.const or not isinstance(pattern.const[0], str | bytes):
        if pattern.kind == "re.Pattern" or base.isupper() or base.rpartition(".")[2].isupper():
            return _facts(subject.atoms, 0, ALL)
        return None
    text = pattern.const[0] if isinstance(pattern.const[0], str) else pattern.const[0].decode("latin-1")
    mask = expression_mask(text, method)
    return _facts(subject.atoms, mask, ALL)


def expression_mask(text: str, method: str) -> int:
    """For which weaknesses text that a regular expression matches is harmless."""
    stripped = re.sub(r"^\(\?[aiLmsux]+\)", "", text)
    ends = method == "fullmatch" or (stripped.endswith(("$", r"\Z", r"\z")) and not stripped.endswith(r"\$"))
    starts = method in {"fullmatch", "match"} or stripped.startswith(("^", r"\A"))
    address = bool(re.match(r"^\^?(?:https\??|\(\?:https\??\))://[\w\\.()|-]+(?:/|\\/|\$|\[/\?#\]|\(\?:)", stripped))
    if starts and address:
        return ADDRESS
    if not (starts and ends) or _LOOSE.search(_CLASS.sub(lambda m: "[^" if m[0].startswith("[^") else "[]", stripped)):
        return 0
    classes = _CLASS.findall(stripped)
    mask = ALL
    if any(
        "/" in one
        or "\\" in one.replace("\\w", "").replace("\\d", "").replace("\\-", "").replace("\\.", "").replace("\\s", "")
        for one in classes
    ) or re.search(r"(?<!\[)/", stripped):
        mask &= ~(PATH | ADDRESS)
    if any(re.search(r"['\";`$|&<>(){}=]", one) for one in classes):
        mask = ALL & PATH
    if any("\\s" in one or " " in one for one in classes) or "\\s" in stripped:
        mask &= ~bits("command-injection header-injection log-injection sql-injection")
    return mask


def _within(atoms: dict[Origin, Atom]) -> Facts:
    found: Facts = {}
    for origin, atom in atoms.items():
        found[origin] = (PATH, 0) if atom.clean & RESOLVED else (0, PATH)
    return found


def _of_ends(frame: Frame, receiver: Value, which: str, node: ast.expr) -> tuple[Facts, Facts]:
    given = _value(frame, node)
    texts = given.const or ()
    if isinstance(node, ast.Tuple):
        texts = tuple(one.value for one in node.elts if isinstance(one, ast.Constant))
    atoms = receiver.atoms
    if which == "endswith":
        host = {o: a for o, a in atoms.items() if a.clean & HOST}
        if host and all(isinstance(text, str) and text.startswith(".") for text in texts) and texts:
            return _facts(host, ADDRESS), {}
        return _facts(atoms, UPLOAD, ALL & ~PATH), {}
    if texts and all(isinstance(text, str) and _HOSTS.match(text) for text in texts):
        return _facts(atoms, ADDRESS), {}
    if texts and all(isinstance(text, str) for text in texts):
        negative = any(text in {"/", "..", "\\", "../", "/etc", "."} for text in texts)
        slashes = any(text in {"//", "/\\"} for text in texts)
        address = any(str(text).startswith(("http", "ftp", "//")) for text in texts)
        true = unite(_facts(atoms, 0, ADDRESS | PATH), _resolved(atoms))
        return true, _facts(
            atoms, 0, (PATH if negative else 0) | (ADDRESS if slashes or address else 0) | bits("argument-injection")
        ) if negative or slashes or address or "-" in texts else {}
    if any(
        origin.kind in {"request", "upload"} and not atom.clean & HOST
        for origin, atom in given.atoms.items()
        if origin in atoms
    ):
        return _resolved(atoms), {}
    return unite(_resolved(atoms), _facts(atoms, 0, ADDRESS | PATH)), {}


def _resolved(atoms: dict[Origin, Atom]) -> Facts:
    return {origin: (PATH, 0) for origin, atom in atoms.items() if atom.clean & RESOLVED}
