"""Faults in Python code that ruff does not tell: how functions end, what is forgotten, what is thrown away."""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_names import Function, Scope, Tree, dotted, is_value
from manyeyes_tools.evidence.python_places import Check, Place
from manyeyes_tools.evidence.python_walk import walk
from manyeyes_tools.evidence.rules import Rule
from manyeyes_tools.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

SWALLOWED = Rule(
    id="swallowed-error", title="Every error is swallowed", severity=Severity.MEDIUM, confidence=0.75, category="bug",
    cwe="CWE-390",
    explanation="Whatever goes wrong here goes unseen, faults of its own included.",
    remedy="Catch the errors that are expected, and log or handle them; let the others pass.",
)  # fmt: skip
LEAK = Rule(
    id="unclosed-file", title="File opened and not closed", severity=Severity.LOW, confidence=0.7, category="bug",
    cwe="CWE-772",
    explanation="Nothing closes the file when an error comes in between, and elsewhere than in CPython not at all.",
    remedy="Open it in a `with` statement.",
)  # fmt: skip
UNREACHABLE = Rule(
    id="unreachable", title="Code that is never reached", severity=Severity.MEDIUM, confidence=0.9, category="bug",
    cwe="CWE-561",
    explanation="The statement before it leaves this block in any case.",
    remedy="Remove it, or correct the statement before it.",
)  # fmt: skip
UNUSED = Rule(
    id="unused-result", title="Result thrown away", severity=Severity.MEDIUM, confidence=0.85, category="bug",
    explanation="The call changes nothing; it only returns a value, which is not used.",
    remedy="Assign the result, or remove the call.",
)  # fmt: skip
NOT_AWAITED = Rule(
    id="not-awaited", title="Coroutine never awaited", severity=Severity.HIGH, confidence=0.95, category="bug",
    explanation="Calling an async function only makes a coroutine; without `await` its body never runs.",
    remedy="Put `await` before the call, or give it to a task group.",
)  # fmt: skip
NO_RETURN = Rule(
    id="missing-return", title="A way through returns nothing", severity=Severity.MEDIUM, confidence=0.75,
    category="bug", cwe="CWE-394",
    explanation="The function promises a value, yet its end can be reached without `return`: that gives None.",
    remedy="Return a value or raise an error at the end, or say `| None` in the annotation.",
)  # fmt: skip
CHANGED_LOOP = Rule(
    id="changed-while-iterated", title="Changed while it is iterated over", severity=Severity.HIGH, confidence=0.85,
    category="bug",
    explanation="Adding or removing entries during the loop skips some of them, or raises RuntimeError.",
    remedy="Iterate over a copy, or build a new collection.",
)  # fmt: skip
FLOAT_EQUAL = Rule(
    id="float-equality", title="Floating-point numbers compared with `==`", severity=Severity.LOW, confidence=0.65,
    category="bug", cwe="CWE-1077",
    explanation="Most fractions have no exact binary form, so that equal amounts compare unequal.",
    remedy="Use `math.isclose`, or `decimal.Decimal` for money.",
)  # fmt: skip
ALWAYS_TRUE = Rule(
    id="always-true", title="Condition that is always true", severity=Severity.HIGH, confidence=0.9, category="bug",
    cwe="CWE-571",
    explanation="`or` stands between whole conditions: a constant behind it is a condition of its own, and true.",
    remedy="Compare with each value: `x in ('a', 'b')`.",
)  # fmt: skip
FIRST_ALONE = Rule(
    id="first-value-alone", title="Compared with the first value alone", severity=Severity.HIGH, confidence=0.9,
    category="bug", cwe="CWE-480",
    explanation="`'a' or 'b'` is `'a'`, so the other values are never compared with.",
    remedy="Compare with each value: `x in ('a', 'b')`.",
)  # fmt: skip

_PURE_METHODS = frozenset({
    "strip", "lstrip", "rstrip", "lower", "upper", "capitalize", "casefold", "swapcase", "zfill",
    "removeprefix", "removesuffix", "startswith", "endswith", "isdigit", "isalpha", "islower", "isupper", "splitlines",
})  # fmt: skip
_PURE_FUNCTIONS = frozenset({"sorted", "len", "reversed", "abs", "round", "sum", "min", "max", "zip", "enumerate"})
_ENDS = frozenset({
    "sys.exit", "os._exit", "exit", "quit", "os.abort", "pytest.fail", "pytest.skip", "typing.assert_never",
    "assert_never", "self.fail", "parser.error",
})  # fmt: skip
_MAY_BE_NONE = re.compile(
    r"\b(?:None|Optional|Any|Iterator|Generator|Iterable|AsyncIterator|AsyncGenerator|AsyncIterable|"
    r"NoReturn|Never|object)\b"
)
_TEXTUAL = frozenset({"input", "str", "read", "readline", "decode", "format", "replace", "join", *_PURE_METHODS})
_UNKNOWN = 0.55
"""How sure a thrown away result is where the object's class is not known."""
_SHRINKS = frozenset({"remove", "append", "pop", "insert", "clear", "extend", "add", "discard", "popitem", "update"})


def _swallowed(tree: Tree) -> Iterator[Place]:
    for _, node in tree.among(ast.ExceptHandler):
        if isinstance(node, ast.ExceptHandler) and _catches_all(node.type) and all(map(_nothing, node.body)):
            yield Place(SWALLOWED, node, related=(node.body[0],))


def _catches_all(kind: ast.expr | None) -> bool:
    kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(one is None or dotted(one) in {"Exception", "BaseException"} for one in kinds)


def _nothing(node: ast.stmt) -> bool:
    return isinstance(node, ast.Pass | ast.Continue) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    )


def _leak(tree: Tree) -> Iterator[Place]:
    for scope, node in tree.among(ast.Assign, ast.Call):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call) if tree.name_of(call.func) == "open":
                if not isinstance(scope.node, ast.Module) and name not in _handed_on(scope):
                    yield Place(LEAK, node)
            case ast.Call(
                func=ast.Attribute(attr="read" | "readlines" | "write" | "readline", value=ast.Call() as call)
            ) if tree.name_of(call.func) == "open":
                yield Place(LEAK, node)
            case _:
                pass


@lru_cache(maxsize=4)  # asked for every file that a scope opens
def _handed_on(scope: Scope) -> frozenset[str]:
    """The names that are closed, put into `with`, returned, kept elsewhere or given to another function."""
    handed: set[str] = set()

    def held(node: ast.AST) -> None:
        handed.update(part.id for part in walk(node) if isinstance(part, ast.Name))

    for node in scope.nodes:
        match node:
            case ast.Attribute(attr="close" | "detach", value=ast.Name(id=found)):
                handed.add(found)
            case ast.withitem(context_expr=value):
                held(value)
            case (
                ast.Return(value=ast.Name(id=found)) | ast.Yield(value=ast.Name(id=found))
                | ast.Assign(value=ast.Name(id=found)) | ast.keyword(value=ast.Name(id=found))
            ):  # fmt: skip
                handed.add(found)
            case ast.Call(args=args):
                handed.update(one.id for one in args if isinstance(one, ast.Name))
            case ast.List() | ast.Tuple() | ast.Dict() | ast.FunctionDef() | ast.Lambda():
                held(node)
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                handed.update(names)
            case _:
                pass
    return frozenset(handed)


def _blocks(node: ast.AST) -> Iterator[list[ast.stmt]]:
    for field in ("body", "orelse", "finalbody"):
        block = getattr(node, field, None)
        if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
            yield block


def _followers(tree: Tree) -> dict[ast.AST, ast.stmt]:
    """For each statement the one below it in its block."""
    return {before: after for node in tree.nodes for block in _blocks(node) for before, after in pairwise(block)}


def _generators(tree: Tree) -> set[int]:
    """The scopes that yield, by identity."""
    return {id(scope) for scope, _ in tree.among(ast.Yield, ast.YieldFrom)}


def _unreachable(tree: Tree) -> Iterator[Place]:
    generators = tree.once(_generators)
    for scope, end in tree.among(ast.Return, ast.Raise, ast.Continue, ast.Break):
        after = tree.once(_followers).get(end)
        # A yield there makes the function a generator, on purpose.
        if after and not (id(scope) in generators and any(isinstance(part, ast.Yield) for part in walk(after))):
            yield Place(UNREACHABLE, after)


def _unused(tree: Tree) -> Iterator[Place]:
    for scope, node in tree.among(ast.Expr):
        match node:
            case ast.Expr(value=ast.Call(func=ast.Name(id=name))) if name in _PURE_FUNCTIONS:
                if name not in tree.imports and not _in_raises(scope, node):
                    yield Place(UNUSED, node)
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr=name, value=value))) if name in _PURE_METHODS:
                if isinstance(value, ast.Name | ast.Constant | ast.Attribute) and not _in_raises(scope, node):
                    yield Place(UNUSED, node, confidence=None if _is_text(scope, value) else _UNKNOWN)
            case _:
                pass


def _is_text(scope: Scope, node: ast.expr) -> bool:
    """Whether an expression is known to be text; other classes may have methods of these names that change them."""
    if not isinstance(node, ast.Name):
        return isinstance(node, ast.Constant)
    annotated = [one for one in scope.nodes if isinstance(one, ast.arg) and one.arg == node.id and one.annotation]
    if annotated:
        return all(one.annotation is not None and dotted(one.annotation) == "str" for one in annotated)
    values = scope.values(node.id, node.lineno)
    return any(
        isinstance(value, ast.JoinedStr)
        or (isinstance(value, ast.Constant) and isinstance(value.value, str))
        or (isinstance(value, ast.Call) and dotted(value.func).rpartition(".")[2] in _TEXTUAL)
        for value in values
    )


def _in_raises(scope: Scope, node: ast.stmt) -> bool:
    """Whether a call may be made only to see it fail: in a `try` or below `with pytest.raises`."""
    return any(isinstance(outer, ast.Try | ast.With) and node in walk(outer) for outer in scope.nodes)


def _not_awaited(tree: Tree) -> Iterator[Place]:
    functions = {
        scope.name: scope.node for scope in tree.scopes if scope.outer and isinstance(scope.outer.node, ast.Module)
    }
    methods = {id(child): node for _, node in tree.each(ast.ClassDef) for child in node.body}
    plain = {name for name, node in functions.items() if isinstance(node, ast.FunctionDef)}
    plain |= {name for scope in tree.scopes for name in scope.assigned} | set(tree.imports)
    asynchronous = {
        name
        for name, node in functions.items()
        if isinstance(node, ast.AsyncFunctionDef) and id(node) not in methods and not node.decorator_list
    } - plain
    for scope, node in tree.each(ast.Expr):
        own = methods.get(id(scope.node))
        match node.value:
            case ast.Call(func=ast.Name(id=name)) if name in asynchronous:
                yield Place(NOT_AWAITED, node)
            case ast.Call(func=ast.Attribute(attr=name, value=ast.Name(id="self"))) if own:
                same = [one for one in own.body if isinstance(one, Function) and one.name == name]
                if same and all(isinstance(one, ast.AsyncFunctionDef) and not one.decorator_list for one in same):
                    yield Place(NOT_AWAITED, node)
            case _:
                pass


def _no_return(tree: Tree) -> Iterator[Place]:
    for scope in tree.scopes:
        node = scope.node
        if isinstance(node, ast.Module) or node.returns is None or _MAY_BE_NONE.search(ast.unparse(node.returns)):
            continue
        if id(scope) in tree.once(_generators):
            continue
        returns = [
            part for part in scope.nodes if isinstance(part, ast.Return) and not is_value(part.value, value=None)
        ]
        if any(part.value is not None for part in returns) and not _ends(tree, node.body):
            yield Place(NO_RETURN, node, related=tuple(returns))


def _ends(tree: Tree, block: list[ast.stmt]) -> bool:
    """Whether control never comes out at the end of a block."""
    return any(_leaves(tree, node) for node in block)


def _leaves(tree: Tree, node: ast.stmt) -> bool:  # noqa: PLR0911  # as above
    match node:
        case ast.Return() | ast.Raise() | ast.Continue() | ast.Break():
            return True
        case ast.Expr(value=ast.Call(func=called)) | ast.Expr(value=ast.Await(value=ast.Call(func=called))):
            name = tree.name_of(called)
            return name in _ENDS or name.rpartition(".")[2] in {"abort", "fail", "exit", "assert_never"}
        case ast.Assert(test=test):
            return is_value(test, value=False)
        case ast.If():
            return _ends(tree, node.body) and bool(node.orelse) and _ends(tree, node.orelse)
        case ast.With() | ast.AsyncWith():
            return _ends(tree, node.body)
        case ast.Try() | ast.TryStar():
            handled = all(_ends(tree, handler.body) for handler in node.handlers)
            body = _ends(tree, node.body) or _ends(tree, node.orelse)
            return _ends(tree, node.finalbody) or (body and handled)
        case ast.While(test=ast.Constant(value=forever)) if forever:
            return not _breaks(node.body)
        case ast.For() | ast.AsyncFor() | ast.While():
            return bool(node.orelse) and _ends(tree, node.orelse) and not _breaks(node.body)
        case ast.Match(cases=cases):
            last = cases[-1]
            exhaustive = isinstance(last.pattern, ast.MatchAs) and last.pattern.pattern is None and last.guard is None
            # Without a last `case _` the cases may still be all there are; a type checker knows, this does not.
            return all(_ends(tree, case.body) for case in cases) and (exhaustive or len(cases) > 1)
        case _:
            return False


def _breaks(block: list[ast.stmt]) -> bool:
    """Whether a `break` in it leaves the loop whose body it is."""
    for node in block:
        if isinstance(node, ast.Break):
            return True
        if isinstance(node, ast.For | ast.AsyncFor | ast.While | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if _breaks(getattr(node, "orelse", [])):
                return True
            continue
        inner = [*_blocks(node), *(one.body for one in getattr(node, "handlers", ())), *(
            one.body for one in getattr(node, "cases", ())
        )]  # fmt: skip
        if any(map(_breaks, inner)):
            return True
    return False


def _changed_loop(tree: Tree) -> Iterator[Place]:
    for _, node in tree.among(ast.For):
        if not isinstance(node, ast.For):
            continue
        over = node.iter
        if (
            isinstance(over, ast.Call)
            and isinstance(over.func, ast.Attribute)
            and over.func.attr in {"items", "keys", "values"}
        ):
            over = over.func.value
        name = dotted(over)
        if name:
            yield from (Place(CHANGED_LOOP, found, related=(node,)) for found in _changes(node.body, name))


def _changes(block: list[ast.stmt], name: str) -> Iterator[ast.stmt]:
    if block and isinstance(block[-1], ast.Break | ast.Return | ast.Raise):
        return  # the loop is left after the change
    for node in block:
        match node:
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr=method, value=value))) if method in _SHRINKS:
                if dotted(value) == name:
                    yield node
            case ast.Delete(targets=[ast.Subscript(value=value)]) if dotted(value) == name:
                yield node
            case ast.Assign(targets=[target]) if dotted(target) == name:
                return
            case ast.If() | ast.Try() | ast.With() | ast.For():
                for inner in _blocks(node):
                    yield from _changes(inner, name)
            case _:
                pass


def _constant_condition(tree: Tree) -> Iterator[Place]:
    for _, node in tree.among(ast.BoolOp, ast.Compare):
        match node:
            case ast.BoolOp(op=ast.Or(), values=[*before, last]) if _is_true(last):
                # Behind anything but a comparison it is a default: `name or "nobody"`.
                if any(isinstance(one, ast.Compare) for one in before):
                    yield Place(ALWAYS_TRUE, node)
            case ast.Compare(
                ops=[ast.Eq() | ast.NotEq() | ast.Is() | ast.IsNot() | ast.In() | ast.NotIn()],
                comparators=[ast.BoolOp(op=ast.Or(), values=[first, *_])],
            ) if _is_true(first):
                yield Place(FIRST_ALONE, node)
            case _:
                pass


def _is_true(node: ast.expr) -> bool:
    """Whether it is a text or number that counts as true; True itself may stand there on purpose."""
    return isinstance(node, ast.Constant) and not isinstance(node.value, bool) and bool(node.value)


def _float_equal(tree: Tree) -> Iterator[Place]:
    for scope, node in tree.each(ast.Compare):
        match node:
            case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq()], comparators=[right]):
                if (_is_fraction(left) or _is_fraction(right)) and not scope.name.startswith("test"):
                    yield Place(FLOAT_EQUAL, node)
            case _:
                pass


def _is_fraction(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, float) and not node.value.is_integer()


CHECKS = (
    Check(_swallowed, (SWALLOWED,)),
    Check(_leak, (LEAK,)),
    Check(_unreachable, (UNREACHABLE,)),
    Check(_unused, (UNUSED,)),
    Check(_not_awaited, (NOT_AWAITED,), whole=True),
    Check(_no_return, (NO_RETURN,), whole=True),
    Check(_changed_loop, (CHANGED_LOOP,)),
    Check(_float_equal, (FLOAT_EQUAL,)),
    Check(_constant_condition, (ALWAYS_TRUE, FIRST_ALONE)),
)
