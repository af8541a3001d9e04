"""What an expression stands for."""

# ruff: noqa: ARG001, C901, PERF403, PLR0911, PLR0912, PLR2004  # evaluators share one shape, with a branch for each kind of node; numbers explained beside them

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_names import dotted
from manyeyes_tools.evidence.python_walk import children, walk
from manyeyes_tools.evidence.taint.cleaning import HARMLESS_KINDS, PATH_PARTS, TEXT_KINDS
from manyeyes_tools.evidence.taint.frames import UNKNOWN, unite
from manyeyes_tools.evidence.taint.guards import facts_of
from manyeyes_tools.evidence.taint.marks import HOST, JOINED, OBJECT, PART, SCHEME, TYPED
from manyeyes_tools.evidence.taint.project import Class, Function, Module, annotated
from manyeyes_tools.evidence.taint.sources import (
    FRAMEWORKS,
    HARMLESS_PARTS,
    HOST_PARTS,
    JSON_PARTS,
    OBJECTS,
    REQUEST,
    REQUEST_PARTS,
    UPLOAD,
    UPLOAD_PARTS,
    UPLOADS,
)
from manyeyes_tools.evidence.taint.tables import bits
from manyeyes_tools.evidence.taint.values import (
    CONSTANT,
    LONGEST_TEXT,
    NO_ATOMS,
    NOTHING,
    Atom,
    Value,
    cleaned,
    extended,
    join,
    join_atoms,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from manyeyes_tools.evidence.taint.frames import Frame
    from manyeyes_tools.evidence.taint.values import Origin

DEEPEST = 90
"""Expressions nested deeper are read for their names alone."""
LONGEST_DISPLAY = 200
"""Entries of a list or dictionary written out that are looked at."""
REQUEST_OBJECTS = frozenset(name for one in FRAMEWORKS for name in one.objects.split())
REQUEST_TYPES = frozenset(name for one in FRAMEWORKS for name in one.types.split())
_BUILTINS = frozenset(dir(builtins))
_HTML = bits("unescaped-markup stored-markup")
_NOSQL = bits("nosql-injection mass-assignment")
_CONSTANT_TYPES = (int, float, complex, bool, type(None))
_HOST_PARTS = frozenset({"netloc", "hostname", "host", "authority", "raw_host"})


def evaluate(frame: Frame, node: ast.expr) -> Value:
    """What is known of an expression's value."""
    do = _EVALUATE.get(type(node))
    if do is None:
        return NOTHING
    if frame.depth > DEEPEST:
        return _shallow(frame, node)
    frame.depth += 1
    try:
        return do(frame, node)
    finally:
        frame.depth -= 1


def _shallow(frame: Frame, node: ast.expr) -> Value:
    """Of an expression that is nested too deeply, what comes with the variables in it."""
    atoms: dict[Origin, Atom] = NO_ATOMS
    seen = 0
    pending: list[ast.AST] = [node]
    while pending and seen < 5_000:  # as far as anyone would write
        one = pending.pop()
        seen += 1
        if isinstance(one, ast.Name):
            value = frame.env.get(one.id)
            if value is not None:
                atoms = join_atoms(atoms, value.atoms)
                if value.kind == REQUEST:
                    atoms = join_atoms(atoms, frame.source("request", "request", one).atoms)
        else:
            pending.extend(children(one))
    return Value(atoms)


def _constant(frame: Frame, node: ast.Constant) -> Value:  # the shape of all
    if isinstance(node.value, str):
        text = node.value[:LONGEST_TEXT]
        return Value(
            NO_ATOMS, "", (node.value if len(node.value) <= LONGEST_TEXT else text,), text, text, constant=True
        )
    return Value(NO_ATOMS, "", (node.value,), constant=True)


def _name(frame: Frame, node: ast.Name) -> Value:
    found = frame.env.get(node.id)
    if found is not None:
        return found
    return global_value(frame, node.id)


def global_value(frame: Frame, name: str) -> Value:
    """What a name stands for outside the function."""
    module = frame.module
    found = module.globals.get(name)
    if found is not None:
        return found
    full = module.imports.get(name)
    if full is None:
        if name in module.functions or name in module.classes:
            return Value(NO_ATOMS, f"{module.name}.{name}" if module.name else name, constant=True)
        if name in _BUILTINS:
            return Value(NO_ATOMS, name)
        if name == "request" and frame.project.web:
            return Value(NO_ATOMS, REQUEST)
        return CONSTANT if name.isupper() else UNKNOWN
    return named_value(frame, full)


def named_value(frame: Frame, full: str) -> Value:
    """What a full name stands for."""
    if full in REQUEST_OBJECTS:
        return Value(NO_ATOMS, REQUEST)
    kind = OBJECTS.get(full)
    if kind is not None:
        return Value(frame.source(kind, full, frame.module.tree).atoms, full)
    found = frame.project.find(full, frame.module)
    if isinstance(found, tuple):
        there, name = found
        value = there.globals.get(name)
        if value is not None:
            return value
    if isinstance(found, Function | Class | Module):
        return Value(NO_ATOMS, full, constant=True)
    last = full.rpartition(".")[2]
    return Value(NO_ATOMS, full, constant=last.isupper())


def _attribute(frame: Frame, node: ast.Attribute) -> Value:
    base = evaluate(frame, node.value)
    return attribute(frame, base, node.attr, node)


def attribute(frame: Frame, base: Value, attr: str, node: ast.expr) -> Value:  # one for each kind of object
    """What an attribute of a value stands for."""
    kind = base.kind
    if base.fields is not None:
        known = base.fields.get(attr)
        if known is not None:
            return known
    if kind == REQUEST:
        return _of_request(frame, attr, node)
    if kind == UPLOADS:
        return Value(base.atoms, f"{UPLOADS}.{attr}", bound=base)
    if kind == UPLOAD:
        if attr in {"filename", "name"}:
            return frame.source("upload", f"upload.{attr}", node)
        if attr in {"content_type", "mimetype"}:
            return Value(cleaned(frame.source("request", f"upload.{attr}", node).atoms, TYPED))
        if attr == "size":
            return NOTHING
        return Value(base.atoms, f"{UPLOAD}.{attr}", bound=base)
    if attr in _HOST_PARTS and base.atoms:
        return Value(cleaned(base.atoms, HOST), bound=base)
    if attr in {"scheme", "port"} and base.atoms:
        return Value(cleaned(base.atoms, SCHEME), bound=base)
    if attr in PATH_PARTS and base.atoms and kind.startswith("pathlib."):
        clean = bits("path-traversal archive-traversal")
        return Value(cleaned(base.atoms, clean | (PART if attr == "suffix" else 0)))
    if kind:
        cls = frame.project.find(kind, frame.module)
        if isinstance(cls, Class):
            found = _of_object(frame, cls, base, attr)
            if found is not None:
                return found
        elif isinstance(cls, Module):
            return named_value(frame, f"{kind}.{attr}")
        else:
            full = f"{kind}.{attr}"
            if base.atoms:
                return Value(extended(base.atoms, attr), full, bound=base)
            special = OBJECTS.get(full)
            if special is not None or full in REQUEST_OBJECTS:
                return named_value(frame, full)
            if isinstance(cls, tuple) or kind.split(".")[0] in frame.project.named:
                return named_value(frame, full)
            return Value(NO_ATOMS, full, bound=base, constant=attr.isupper())
    if base.atoms:
        return Value(extended(base.atoms, attr), bound=base)
    return Value(NO_ATOMS, bound=base, constant=attr.isupper())


def _of_request(frame: Frame, attr: str, node: ast.expr) -> Value:
    if attr in UPLOAD_PARTS:
        return Value(frame.source("request", f"request.{attr}", node).atoms, UPLOADS)
    if attr in REQUEST_PARTS:
        value = frame.source("request", f"request.{attr}", node)
        if attr in HOST_PARTS:
            return Value(cleaned(value.atoms, bits("open-redirect request-forgery")))
        atoms = cleaned(value.atoms, OBJECT) if attr in JSON_PARTS else value.atoms
        if attr in {"host", "headers", "META"}:
            return Value(atoms, f"~{attr}" if attr != "host" else "")
        return Value(atoms)
    if attr in HARMLESS_PARTS:
        return Value(NO_ATOMS, f"{REQUEST}.{attr}")
    return Value(NO_ATOMS, f"{REQUEST}.{attr}", bound=Value(NO_ATOMS, REQUEST))


def _of_object(frame: Frame, cls: Class, base: Value, attr: str) -> Value | None:
    """An attribute of an object of a class of the project."""
    method = cls.method(attr)
    if method is not None:
        if any(
            dotted(one).rpartition(".")[2] in {"property", "cached_property"}
            for one in getattr(method.node, "decorator_list", ())
        ):
            from manyeyes_tools.evidence.taint.substitution import call_function

            return call_function(frame, method, {0: base}, method.node)
        return Value(NO_ATOMS, f"{base.kind}.{attr}", bound=base)
    if harmless_base(cls, attr):
        return Value(NO_ATOMS, REQUEST)
    if attr in {"kwargs", "path_kwargs", "path_args"} and harmless_base(cls, "request"):
        return frame.source("request", f"self.{attr}", cls.node)
    if attr in {"cleaned_data", "validated_data", "data"} and base.atoms and _is_form(cls):
        return _checked_fields(frame, cls, base)
    annotation = cls.annotations.get(attr)
    harmless = False
    text = False
    if annotation is not None:
        name = annotated(annotation, cls.module)
        last = name.removeprefix("~list:")
        harmless = last in HARMLESS_KINDS or last == "typing.Literal" or is_enum(frame, last, cls.module)
        text = last in TEXT_KINDS
    if harmless:
        return NOTHING
    common = cls.field(attr)
    if common is not None and common.constant and not base.atoms:
        return common
    atoms = extended(base.atoms, attr) if base.atoms else NO_ATOMS
    if text:
        atoms = cleaned(atoms, _NOSQL)
    if atoms and annotation is not None:
        atoms = cleaned(atoms, _declared_pattern(annotation, cls.defaults.get(attr)))
    if common is not None:
        if common.const and all(origin.kind == "param" for origin in atoms):
            return common
        if (
            atoms
            and all(origin.kind == "param" and origin.place % 1000 == 0 for origin in atoms)
            and (common.constant or common.kind)
            and not common.atoms
        ):
            return common
        return Value(
            join_atoms(atoms, common.atoms),
            common.kind,
            common.const if not atoms else (),
            fields=common.fields,
            prefix=common.prefix,
        )
    if base.closed and not base.atoms:
        return Value(NO_ATOMS)
    if cls.external & {"django.forms.Form", "django.forms.ModelForm"} and attr == "cleaned_data":
        return Value(atoms)
    return Value(atoms, "", bound=base, constant=attr.isupper() and not base.atoms)


_CHECKED = (
    "IPAddress",
    "Integer",
    "Float",
    "Decimal",
    "Boolean",
    "Date",
    "Time",
    "Duration",
    "UUID",
    "Choice",
    "Slug",
    "PrimaryKey",
    "Null",
    "Number",
)


def _declared_pattern(annotation: ast.expr, default: ast.expr | None) -> int:
    """For which weaknesses a field is harmless by the pattern that it must match."""
    from manyeyes_tools.evidence.taint.guards import expression_mask

    for part in (annotation, default):
        for one in walk(part) if part is not None else ():
            if isinstance(one, ast.keyword) and one.arg in {"pattern", "regex"} and isinstance(one.value, ast.Constant):
                return expression_mask(str(one.value.value), "search")
    return 0


def _is_form(cls: Class) -> bool:
    return any("Form" in name or "Serializer" in name or "Schema" in name for name in cls.external)


def _checked_fields(frame: Frame, cls: Class, base: Value) -> Value:
    """What a form or serializer let through, field by field, each with what its kind rules out."""
    del frame
    fields: dict[str, Value] = {}
    for name, field in cls.fields.items():
        last = field.kind.rpartition(".")[2]
        if any(word in last for word in _CHECKED):
            fields[name] = NOTHING
        elif last:
            fields[name] = Value(cleaned(extended(base.atoms, name), _NOSQL, _DOUBTED if last == "RegexField" else 0))
    return Value(base.atoms, "~dict", fields=fields)


_DOUBTED = bits("all")


def harmless_base(cls: Class, attr: str) -> bool:
    """Whether an attribute of a handler is the request."""
    from manyeyes_tools.evidence.taint.handlers import HANDLER_CLASSES

    return attr == "request" and not cls.external.isdisjoint(HANDLER_CLASSES)


def is_enum(frame: Frame, name: str, near: Module) -> bool:
    """Whether a class of the project is an enumeration."""
    found = frame.project.find(name, near) if name else None
    return isinstance(found, Class) and any(
        base.rpartition(".")[2] in {"Enum", "StrEnum", "IntEnum", "TextChoices", "IntegerChoices"}
        for base in found.external
    )


def _subscript(frame: Frame, node: ast.Subscript) -> Value:
    base = evaluate(frame, node.value)
    if not isinstance(node.slice, ast.Slice):
        key = evaluate(frame, node.slice)
        return entry(frame, base, key, node)
    return Value(
        base.atoms,
        base.kind if base.kind == "~parts" else "",
        fields=None,
        prefix=base.prefix if node.slice.lower is None and node.slice.upper is None else "",
    )


def entry(frame: Frame, base: Value, key: Value, node: ast.expr) -> Value:
    """What an entry of a value stands for."""
    name = str(key.const[0]) if key.const else "*"
    if base.kind in {"flask.session", "~request.session", "quart.session"}:
        return frame.project.kept.get(name, NOTHING)
    if base.kind in {"globals()", "locals()"}:
        return Value(NO_ATOMS)
    if base.fields is not None:
        known = base.fields.get(name)
        if known is not None:
            return known
        if key.const and base.closed:
            return Value(extended(base.atoms, name)) if base.atoms else NOTHING
        if not key.const and base.fields:
            found = NOTHING
            for one in list(base.fields.values())[:LONGEST_DISPLAY]:
                found = join(found, one)
            if base.closed:
                return Value(found.atoms, found.kind, constant=base.constant)
    if base.kind == UPLOADS:
        return Value(frame.source("content", "an upload", node).atoms, UPLOAD)
    if base.constant and not base.atoms:
        return CONSTANT if base.fields is None else Value(NO_ATOMS)
    if not base.atoms:
        return Value(NO_ATOMS, base.kind.removesuffix("[]") if base.kind.endswith("[]") else "")
    if base.kind in {"~parts", "~split"} or any(atom.clean & PART for atom in base.atoms.values()):
        return Value(base.atoms)
    return Value(extended(base.atoms, name), base.kind.removeprefix("~list:") if base.kind.startswith("~list:") else "")


def _joined(frame: Frame, node: ast.JoinedStr) -> Value:
    atoms: dict[Origin, Atom] = NO_ATOMS
    texts: list[str] = []
    prefix: str | None = ""
    constant = True
    built: ast.expr | None = None
    before = ""
    for part in node.values[:LONGEST_DISPLAY]:
        if isinstance(part, ast.Constant):
            text = str(part.value)
            texts.append(text[:LONGEST_TEXT])
            if constant and prefix is not None:
                prefix += text[:LONGEST_TEXT]
            before = text
            continue
        if not isinstance(part, ast.FormattedValue):
            continue
        value = evaluate(frame, part.value)
        if value.const:
            text = str(value.const[0])
            texts.append(text[:LONGEST_TEXT])
            if constant and prefix is not None:
                prefix += text[:LONGEST_TEXT]
            continue
        if part.format_spec is not None and isinstance(part.format_spec, ast.JoinedStr):
            spec = "".join(str(one.value) for one in part.format_spec.values if isinstance(one, ast.Constant))
            if spec and spec[-1] in "dfexXobgGEn%":
                constant = constant and value.constant
                continue
        if not value.constant:
            if constant and prefix is not None and value.prefix:
                prefix += value.prefix
            constant = False
        here = value.atoms
        if part.conversion == 114:  # !r
            here = cleaned(here, bits("log-injection header-injection"))
        built = built or value.built
        texts.append(value.text)
        atoms = join_atoms(atoms, _kept(here, prefix or "", before))
        before = "x"
    if constant:
        return Value(
            NO_ATOMS, "", (), (prefix or "")[:LONGEST_TEXT], " ".join(texts)[: 2 * LONGEST_TEXT], constant=True
        )
    return Value(
        _passed(frame, atoms, node), "", (), (prefix or "")[:LONGEST_TEXT], " ".join(texts)[: 2 * LONGEST_TEXT],
        built or (node if atoms else None),
    )  # fmt: skip


def _kept(atoms: dict[Origin, Atom], prefix: str, before: str) -> dict[Origin, Atom]:
    """What is put behind text whose beginning fixes the host, and so can no longer choose it."""
    if not atoms or not prefix:
        return atoms
    clean = 0
    if fixes_host(prefix):
        clean |= bits("request-forgery open-redirect")
    elif prefix.startswith("/") and not prefix.startswith("//") and len(prefix) > 1:
        clean |= bits("open-redirect")
    return cleaned(atoms, clean) if clean else atoms


def fixes_host(prefix: str) -> bool:
    """Whether an address that begins so goes to a host that it names."""
    head, sep, rest = prefix.partition("://")
    return bool(sep) and len(head) <= 10 and ("/" in rest or "?" in rest or "#" in rest)  # schemes are short


def _passed(frame: Frame, atoms: dict[Origin, Atom], node: ast.expr) -> dict[Origin, Atom]:
    """The same origins, with the place as a step, where it stands in a line of its own."""
    line = node.lineno
    found: dict[Origin, Atom] = {}
    for origin, atom in atoms.items():
        way = atom.way
        if way is not None and way.line != line:
            found[origin] = Atom(atom.clean, atom.doubt, atom.hops, frame.way(way, node, "it is put into text"))
        else:
            found[origin] = atom
    return found


def _operation(frame: Frame, node: ast.BinOp) -> Value:
    # Sums lean to the left and can be long; they are taken apart without recursion.
    parts: list[ast.BinOp] = []
    at: ast.expr = node
    while isinstance(at, ast.BinOp):
        parts.append(at)
        at = at.left
    value = evaluate(frame, at)
    for one in reversed(parts):
        value = combined(frame, value, evaluate(frame, one.right), one)
    return value


def combined(frame: Frame, left: Value, right: Value, node: ast.BinOp) -> Value:
    """What two values become by an operator."""
    if isinstance(node.op, ast.Add):
        if left.constant and right.constant:
            if left.const and right.const and isinstance(left.const[0], str) and isinstance(right.const[0], str):
                text = (left.const[0] + right.const[0])[:LONGEST_TEXT]
                return Value(NO_ATOMS, "", (text,), text, text, constant=True)
            return Value(
                NO_ATOMS,
                "",
                (),
                left.prefix or right.prefix,
                f"{left.text}{right.text}"[: 2 * LONGEST_TEXT],
                constant=True,
            )
        atoms = join_atoms(left.atoms, _kept(right.atoms, left.prefix, left.text))
        if left.kind == "~list" or right.kind == "~list":
            return Value(atoms, "~list", fields=left.fields if left.fields is not None else None)
        prefix = left.prefix + (right.prefix if left.constant else "")
        built = left.built or right.built or (node if atoms and (left.text or right.text or left.prefix) else None)
        return Value(
            _passed(frame, atoms, node) if atoms else atoms,
            "",
            (),
            prefix[:LONGEST_TEXT],
            f"{left.text} {right.text}"[: 2 * LONGEST_TEXT],
            built,
        )
    if isinstance(node.op, ast.Mod):
        if isinstance(node.left, ast.Constant) and not isinstance(node.left.value, str | bytes):
            return NOTHING
        if left.constant and right.constant:
            return Value(NO_ATOMS, "", (), left.prefix, left.text, constant=True)
        prefix = left.prefix.split("%", 1)[0]
        atoms = join_atoms(
            left.atoms, _kept(right.atoms if right.atoms or right.fields is None else _all(right), prefix, "")
        )
        if (
            left.text
            and "%" in left.text
            and not any(f"%{one}" in left.text or ")" + one in left.text for one in "sra")
        ):
            atoms = left.atoms
        built = left.built or (node if atoms and (left.text or right.text) else None)
        return Value(
            _passed(frame, atoms, node) if atoms else atoms,
            "",
            (),
            prefix,
            f"{left.text} {right.text}"[: 2 * LONGEST_TEXT],
            built,
        )
    if isinstance(node.op, ast.Div):
        if right.atoms or left.atoms:
            kind = (
                left.kind
                if left.kind.startswith("pathlib.")
                else "pathlib.Path"
                if right.kind.startswith("pathlib.") or not left.atoms
                else left.kind
            )
            return Value(
                join_atoms(left.atoms, cleaned(right.atoms, JOINED)),
                kind,
                built=node if left.constant or left.kind else None,
            )
        return Value(NO_ATOMS, left.kind)
    if isinstance(node.op, ast.BitOr):
        return join(left, right)
    if isinstance(node.op, ast.Mult) and left.constant:
        return CONSTANT
    return Value(join_atoms(left.atoms, right.atoms), left.kind)


def _all(value: Value) -> dict[Origin, Atom]:
    atoms = value.atoms
    for one in (value.fields or {}).values():
        atoms = join_atoms(atoms, one.atoms)
    return atoms


def _either(frame: Frame, node: ast.BoolOp) -> Value:
    found = evaluate(frame, node.values[0])
    before = frame.facts
    if isinstance(node.op, ast.And):
        true, _ = facts_of(frame, node.values[0])
        frame.facts = unite(frame.facts, true)
    for one in node.values[1:LONGEST_DISPLAY]:
        value = evaluate(frame, one)
        found = (
            join(found, value)
            if isinstance(node.op, ast.Or)
            else Value(join_atoms(found.atoms, value.atoms), value.kind)
        )
    frame.facts = before
    return found


def _choice(frame: Frame, node: ast.IfExp) -> Value:
    evaluate(frame, node.test)
    true, false = facts_of(frame, node.test)
    before = frame.facts
    frame.facts = unite(before, true)
    one = with_facts(evaluate(frame, node.body), frame.facts)
    frame.facts = unite(before, false)
    other = with_facts(evaluate(frame, node.orelse), frame.facts)
    frame.facts = before
    return join(one, other)


def with_facts(value: Value, facts: dict[Origin, tuple[int, int]]) -> Value:
    """The value with what is known of its origins here made its own, since it leaves the place where that holds."""
    if not facts or not value.atoms:
        return value
    changed = {
        origin: Atom(atom.clean | facts[origin][0], atom.doubt | facts[origin][1], atom.hops, atom.way)
        for origin, atom in value.atoms.items()
        if origin in facts
    }
    if not changed:
        return value

    return value.with_atoms({**value.atoms, **changed})


def _comparison(frame: Frame, node: ast.Compare) -> Value:
    evaluate(frame, node.left)
    for one in node.comparators[:LONGEST_DISPLAY]:
        evaluate(frame, one)
    return _tested(frame, node)


def _tested(frame: Frame, node: ast.expr) -> Value:
    """The result of a test: nothing comes with it, but what it tells is kept."""
    true, _ = facts_of(frame, node)
    if not true:
        return NOTHING
    told = Value({origin: Atom(clean, doubt, 0, None) for origin, (clean, doubt) in true.items()})
    return Value(NO_ATOMS, fields={"~test": told})


def _negation(frame: Frame, node: ast.UnaryOp) -> Value:
    value = evaluate(frame, node.operand)
    return NOTHING if isinstance(node.op, ast.Not) else value


def _display(frame: Frame, node: ast.List | ast.Tuple | ast.Set) -> Value:
    atoms: dict[Origin, Atom] = NO_ATOMS
    fields: dict[str, Value] = {}
    constant = True
    closed = True
    for number, one in enumerate(node.elts[:LONGEST_DISPLAY]):
        if isinstance(one, ast.Starred):
            value = evaluate(frame, one.value)
            closed = False
        else:
            value = evaluate(frame, one)
            if closed:
                fields[str(number)] = value
        constant = constant and value.constant
        atoms = join_atoms(atoms, value.atoms) if value.atoms else atoms
    return Value(atoms, "~list", fields=fields, closed=closed, constant=constant)


def _dictionary(frame: Frame, node: ast.Dict) -> Value:
    atoms: dict[Origin, Atom] = NO_ATOMS
    fields: dict[str, Value] = {}
    constant = True
    closed = True
    for key, one in zip(node.keys[:LONGEST_DISPLAY], node.values, strict=False):
        value = evaluate(frame, one)
        if key is None:
            closed = False
            for name, inner in (value.fields or {}).items():
                fields[name] = inner
            constant = constant and value.constant
        else:
            named = evaluate(frame, key)
            if named.const:
                fields[str(named.const[0])] = value
                constant = constant and value.constant
            else:
                closed = False
                constant = constant and named.constant
                atoms = join_atoms(atoms, named.atoms)
        atoms = join_atoms(atoms, value.atoms) if value.atoms else atoms
    return Value(atoms, "~dict", fields=fields, closed=closed, constant=constant)


def _comprehension(frame: Frame, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> Value:
    from manyeyes_tools.evidence.taint.statements import assign, element

    before, facts = dict(frame.env), frame.facts
    for made in node.generators:
        assign(frame, made.target, element(evaluate(frame, made.iter)), made.iter)
        for test in made.ifs:
            evaluate(frame, test)
            true, _ = facts_of(frame, test)
            frame.facts = unite(frame.facts, true)
    if isinstance(node, ast.DictComp):
        key, value = evaluate(frame, node.key), evaluate(frame, node.value)
        key = with_facts(key, frame.facts)
        value = with_facts(value, frame.facts)
        result = Value(join_atoms(key.atoms, value.atoms), "~dict", fields={"*": value})
        # `{k: v for k, v in data.items() if k in ALLOWED}` has no key that the caller chose.
    else:
        value = with_facts(evaluate(frame, node.elt), frame.facts)
        result = Value(value.atoms, "~list", fields={"*": value}, constant=value.constant, text=value.text)
    frame.env, frame.facts = before, facts
    return result


def _lambda(frame: Frame, node: ast.Lambda) -> Value:
    before = dict(frame.env)
    given = node.args
    for one in (*given.posonlyargs, *given.args, *given.kwonlyargs):
        frame.env[one.arg] = NOTHING
    value = evaluate(frame, node.body)
    frame.env = before
    return Value(value.atoms, "~lambda")


def _walrus(frame: Frame, node: ast.NamedExpr) -> Value:
    value = evaluate(frame, node.value)
    frame.env[node.target.id] = value
    return value


def _inner(frame: Frame, node: ast.Await | ast.YieldFrom | ast.Starred | ast.FormattedValue) -> Value:
    return evaluate(frame, node.value)


def _yield(frame: Frame, node: ast.Yield) -> Value:
    if node.value is not None:
        value = with_facts(evaluate(frame, node.value), frame.facts)
        frame.returns = join(frame.returns, Value(value.atoms, "~list", fields={"*": value}))
    return NOTHING


def _call(frame: Frame, node: ast.Call) -> Value:
    from manyeyes_tools.evidence.taint.calls import call

    return call(frame, node)


_EVALUATE: dict[type, Callable[..., Value]] = {
    ast.Constant: _constant, ast.Name: _name, ast.Attribute: _attribute, ast.Subscript: _subscript, ast.Call: _call,
    ast.JoinedStr: _joined, ast.BinOp: _operation, ast.BoolOp: _either, ast.IfExp: _choice, ast.Compare: _comparison,
    ast.UnaryOp: _negation, ast.List: _display, ast.Tuple: _display, ast.Set: _display, ast.Dict: _dictionary,
    ast.ListComp: _comprehension, ast.SetComp: _comprehension, ast.GeneratorExp: _comprehension,
    ast.DictComp: _comprehension, ast.Lambda: _lambda, ast.NamedExpr: _walrus, ast.Await: _inner,
    ast.YieldFrom: _inner, ast.Starred: _inner, ast.FormattedValue: _inner, ast.Yield: _yield,
}  # fmt: skip
__all__ = ["attribute", "entry", "evaluate", "global_value"]
