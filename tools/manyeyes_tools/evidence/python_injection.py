"""Values that reach an interpreter: SQL, shells, Python itself, loaders of objects, templates, addresses, paths."""

from __future__ import annotations

import ast
import re
from collections import defaultdict, deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_names import Earlier, Scope, dotted, is_value, keyword
from manyeyes_tools.evidence.python_places import Check, Place
from manyeyes_tools.evidence.rules import Rule
from manyeyes_tools.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes_tools.evidence.python_names import Item, Items, Tree

SQL = Rule(
    id="sql-injection", title="SQL injection", severity=Severity.CRITICAL, confidence=0.9, cwe="CWE-89",
    explanation="The statement is put together from text and values, so that a value can change what it does.",
    remedy="Keep the statement constant and pass the values as parameters: `execute('… WHERE id = ?', (value,))`.",
)  # fmt: skip
EVAL = Rule(
    id="eval-injection", title="Text run as Python code", severity=Severity.CRITICAL, confidence=0.85, cwe="CWE-95",
    explanation="What is run is not a constant: whoever can influence it can run any code.",
    remedy="Use `ast.literal_eval` for literals, or a table of the operations that are allowed.",
)  # fmt: skip
SHELL = Rule(
    id="command-injection", title="Shell command built from values", severity=Severity.CRITICAL, confidence=0.85,
    cwe="CWE-78",
    explanation="A shell reads this command, and a part of it is not constant: a value can add commands of its own.",
    remedy="Pass a list of arguments to `subprocess.run` without `shell=True`.",
)  # fmt: skip
LOADER = Rule(
    id="unsafe-deserialisation", title="Objects loaded from untrusted data", severity=Severity.HIGH, confidence=0.7,
    cwe="CWE-502",
    explanation="This loader can run code that the data names.",
    remedy="Use JSON or `yaml.safe_load`, or verify a signature before loading.",
)  # fmt: skip
YAML = replace(LOADER, title="Unsafe YAML loader", confidence=0.85, remedy="Use `yaml.safe_load`.")
TEMPLATE = Rule(
    id="template-injection", title="Template made from values", severity=Severity.HIGH, confidence=0.8, cwe="CWE-1336",
    explanation="A template that is not constant runs whatever expressions a value brings along.",
    remedy="Keep the template constant and pass the values to it.",
)  # fmt: skip
MARKUP = Rule(
    id="unescaped-markup", title="Values put into HTML unescaped", severity=Severity.HIGH, confidence=0.7, cwe="CWE-79",
    explanation="The text is declared safe though it holds values; scripts among them run in the reader's browser.",
    remedy="Let the template escape it, or use `Markup('…{}…').format(value)` or `format_html`.",
)  # fmt: skip
SSRF = Rule(
    id="request-forgery", title="Address taken from the request", severity=Severity.HIGH, confidence=0.75,
    cwe="CWE-918",
    explanation="The caller chooses which address the server opens, internal ones included.",
    remedy="Allow only known hosts and `https`, and check the address that the name resolves to.",
)  # fmt: skip
REDIRECT = Rule(
    id="open-redirect", title="Redirect to an address from the request", severity=Severity.MEDIUM, confidence=0.75,
    cwe="CWE-601",
    explanation="A link to this site can lead on to any other, which helps to deceive its users.",
    remedy="Redirect only to paths of this site, or to addresses from a list.",
)  # fmt: skip
PATH = Rule(
    id="path-traversal", title="Path built from a parameter", severity=Severity.MEDIUM, confidence=0.35, cwe="CWE-22",
    explanation="If the value comes from outside, `..` or an absolute path in it reaches files elsewhere.",
    remedy="Resolve the path and check with `is_relative_to` that it lies in the folder meant.",
)  # fmt: skip

_STATEMENT = re.compile(
    r"\b(?:select\b|insert\s+into|delete\s+from|drop\s+\w|alter\s+\w|create\s+\w|truncate\s+\w|replace\s+into|"
    r"merge\s+into|grant\s+\w|where\s+\S+\s*(?:=|<|>|in\b|like\b)|order\s+by|exec(?:ute)?\s+\w|pragma\s+\w|"
    r"call\s+\w|attach\s+\w)",
    re.IGNORECASE,
)
_UPDATE, _SET = re.compile(r"\bupdate\b", re.IGNORECASE), re.compile(r"\bset", re.IGNORECASE)
_RUN = frozenset({"execute", "executemany", "executescript", "raw", "execute_sql", "fetch", "fetchrow", "fetchval"})
_RUN_NAMED = frozenset({
    "sqlalchemy.text", "sqlalchemy.sql.text", "pandas.read_sql", "pandas.read_sql_query", "pd.read_sql",
    "pd.read_sql_query", "django.db.models.expressions.RawSQL",
})  # fmt: skip
_TABLE_LIKE = re.compile(r"table|column|schema|field|order|placeholder|clause|dialect", re.IGNORECASE)
_UNSURE, _MIDDLING = 0.4, 0.75
_HOPS = 4
"""Through how many variables a statement is followed."""
_ENDS = 20
"""Of a variable's values the first and the last so many are read for what the statement says."""
_LONGEST = 2_000
"""Characters of each of them."""
_COMPILE = 3
"""The arguments of `compile` that make code; with flags it may only parse."""

_SHELLS = frozenset({
    "os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput", "commands.getoutput",
    "asyncio.create_subprocess_shell",
})  # fmt: skip
_SUBPROCESS = frozenset(f"subprocess.{name}" for name in ("run", "call", "Popen", "check_call", "check_output"))
_LOADERS = frozenset({
    "pickle.load", "pickle.loads", "pickle.Unpickler", "cPickle.load", "cPickle.loads", "marshal.load", "marshal.loads",
    "dill.load", "dill.loads", "cloudpickle.load", "cloudpickle.loads", "joblib.load", "jsonpickle.decode",
    "shelve.open", "pandas.read_pickle", "pd.read_pickle", "yaml.unsafe_load", "yaml.unsafe_load_all", "yaml.full_load",
})  # fmt: skip
_SAFE_YAML = frozenset({"SafeLoader", "CSafeLoader", "BaseLoader", "CBaseLoader"})
_CLIENTS = re.compile(
    r"^(?:requests|httpx)\.(?:get|post|put|patch|delete|head|options|request)$|^urllib\.request\.urlopen$"
)
_FROM_REQUEST = re.compile(
    r"(?:^|\.)request\.(?:args|form|values|json|data|cookies|headers|files|GET|POST|query_params|path_params|query)\b"
    r"|(?:^|\.)request\.(?:get_json|get_data)\b"
)
_PATH_CHECKS = frozenset({
    "is_relative_to", "resolve", "realpath", "commonpath", "secure_filename", "basename", "relative_to", "safe_join",
    "normpath", "startswith", "abspath",
})  # fmt: skip
_FILE_USES = frozenset({"os.remove", "os.unlink", "shutil.rmtree", "flask.send_file", "shutil.copy", "shutil.move"})


def _sql(tree: Tree) -> Iterator[Place]:
    followed: defaultdict[int, _Followed] = defaultdict(_Followed)
    told: set[int] = set()
    for scope, call, name in tree.calls():
        method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if not call.args or (method not in _RUN and name not in _RUN_NAMED):
            continue
        for owner, built in _origins(scope, call.args[0], followed[id(scope)]):
            if id(built) in told:
                continue
            told.add(id(built))
            if not _pieced(owner, built) or not _is_statement(_constant_text(owner, built)):
                continue
            elsewhere = built.lineno != call.lineno
            yield Place(
                SQL,
                owner.statement(built),
                detail=f"It is run in line {call.lineno}." if elsewhere else "",
                confidence=_sql_confidence(owner, built),
                related=(call,),
            )


def _is_statement(text: str) -> bool:
    """Whether text reads like a part of a statement in SQL."""
    if _STATEMENT.search(text):
        return True
    update = _UPDATE.search(text)
    return update is not None and _SET.search(text, update.end()) is not None


@dataclass(slots=True)
class _Followed:
    """Which expressions were already followed, and through how few variables; shared where one telling is enough."""

    depths: dict[int, int] = field(default_factory=dict)
    values: defaultdict[tuple[int, str], list[int]] = field(default_factory=lambda: defaultdict(lambda: [0] * _HOPS))

    def first_time(self, node: ast.expr, depth: int) -> bool:
        if self.depths.get(id(node), _HOPS + 1) <= depth:
            return False
        self.depths[id(node)] = depth
        return True

    def new_values(self, found: Earlier, depth: int) -> list[ast.expr]:
        """Those among a variable's expressions that were not yet followed from so near."""
        counts = self.values[id(found.scope), found.name]
        before = max(counts[: depth + 1])
        counts[depth] = max(before, found.count)
        return [value for _, value in found.scope.assigned[found.name][before : found.count]]


def _origins(scope: Scope, start: ast.expr, followed: _Followed | None = None) -> Iterator[tuple[Scope, ast.expr]]:
    """The expression itself, or those that its variable may stand for; through wrapping calls such as `text(…)`.

    Each comes with the scope it stands in.
    """
    followed = followed or _Followed()
    pending: deque[tuple[Scope, ast.expr, int]] = deque([(scope, start, 0)])
    while pending and scope.work.step():
        owner, node, depth = pending.popleft()
        if not followed.first_time(node, depth):
            continue
        match node:
            case ast.Name() if depth < _HOPS:
                found = owner.behind(node.id, node.lineno)
                if found:
                    pending.extend((found.scope, one, depth + 1) for one in followed.new_values(found, depth))
            case ast.Call(
                func=ast.Name(id="text" | "str" | "dedent") | ast.Attribute(attr="text" | "dedent"), args=[inner]
            ):
                pending.append((owner, inner, depth))
            case ast.Call(func=ast.Attribute(attr="strip" | "encode", value=inner)) if depth < _HOPS:
                pending.append((owner, inner, depth + 1))
            case ast.IfExp():
                pending.extend(((owner, node.body, depth), (owner, node.orelse, depth)))
            case _:
                yield owner, node


def _pieced(scope: Scope, node: ast.expr) -> bool:
    """Whether an expression is text with values put in."""
    match node:
        case ast.JoinedStr():
            return not scope.constant(node)
        case ast.BinOp(op=ast.Mod(), left=left):
            return _textual(scope, left) and not scope.constant(node.right)
        case ast.BinOp(op=ast.Add()):
            return _textual(scope, node) and not scope.constant(node)
        case ast.Call(func=ast.Attribute(attr="format", value=template)):
            return _textual(scope, template) and not scope.constant(node)
        case _:
            return False


def _textual(scope: Scope, node: ast.expr) -> bool:
    return scope.reaches(node, "text", _text_step)


def _text_step(scope: Scope, item: Item) -> Items | bool:
    match item:
        case Earlier():
            value, before = item.split()
            last: Items = [] if isinstance(value, ast.Name) else [(item.scope, value)]
            return [*last, (item.scope, before)] if before else last
        case ast.JoinedStr() | ast.Constant(value=str()) | ast.BinOp(right=ast.JoinedStr() | ast.Constant(value=str())):
            return True
        case ast.BinOp():
            return [(scope, item.left)]
        case ast.Name():
            found = scope.behind(item.id, item.lineno)
            return [(found.scope, found)] if found else False
        case _:
            return False


def _constant_text(scope: Scope, node: ast.expr) -> str:
    """The constant parts of an expression, one after the other, and those of its variables' values."""
    parts = []
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            parts.append(part.value)
        elif isinstance(part, ast.Name):
            found = scope.behind(part.id, part.lineno)
            if found is None:
                continue
            values = found.scope.assigned[found.name]
            for at in sorted({*range(min(_ENDS, found.count)), *range(max(found.count - _ENDS, 0), found.count)}):
                if not scope.work.step():
                    break
                parts.append(found.scope.text(values[at][1])[:_LONGEST])
    return " ".join(parts)


def _sql_confidence(scope: Scope, node: ast.expr) -> float:
    """Lower where only names of tables and the like, or what the class itself holds, are put in."""
    varying = [
        part
        for part in ast.walk(node)
        if isinstance(part, ast.Name | ast.Attribute) and isinstance(part.ctx, ast.Load) and not scope.constant(part)
    ]
    names = [name for name in map(dotted, varying) if name and name not in {"self", "cls"}]
    if names and all(_TABLE_LIKE.search(name) or name.isupper() or name.startswith("self._") for name in names):
        return _UNSURE
    known = any(name.split(".")[0] in scope.parameters for name in names) or _tainted(scope, node)
    return SQL.confidence if known else _MIDDLING


def _tainted(scope: Scope, node: ast.expr) -> bool:
    """Whether a value comes from a web request, through variables too."""
    return scope.reaches(node, "request", _request_step)


def _request_step(scope: Scope, item: Item) -> Items | bool:
    match item:
        case Earlier():
            value, before = item.split()
            return [(item.scope, value), *([(item.scope, before)] if before else [])]
        case ast.Attribute() if _FROM_REQUEST.search(dotted(item)):
            return True
        case ast.Name():
            found = scope.behind(item.id, item.lineno)
            return [(found.scope, found)] if found else False
        case _:
            return [(scope, part) for part in ast.iter_child_nodes(item)]


def _eval(tree: Tree) -> Iterator[Place]:
    for scope, call, name in tree.calls():
        if name in {"eval", "exec", "builtins.eval", "builtins.exec"} and call.args:
            code = call.args[0]
            if not scope.constant(code) and not (isinstance(code, ast.Call) and tree.name_of(code.func) == "compile"):
                yield Place(EVAL, call)
        elif (
            name == "compile"
            and len(call.args) == _COMPILE
            and not (keyword(call, "flags") or scope.constant(call.args[0]))
        ):
            yield Place(EVAL, call, confidence=_UNSURE)


def _shell(tree: Tree) -> Iterator[Place]:
    for scope, call, name in tree.calls():
        shell = name in _SHELLS or (name in _SUBPROCESS and is_value(keyword(call, "shell"), value=True))
        command = call.args[0] if call.args else keyword(call, "args") or keyword(call, "cmd")
        if not shell or command is None:
            continue
        if scope.constant(command, quoted=True):
            continue
        places = []
        for owner, built in _origins(scope, command):
            if owner.constant(built, quoted=True):
                continue
            known = _pieced(owner, built) or _tainted(owner, built)
            places.append(Place(SHELL, call, confidence=None if known else 0.65, related=(built,)))
            if known:
                break  # nothing makes it surer
        yield from places[-1:]


def _loader(tree: Tree) -> Iterator[Place]:
    for scope, call, name in tree.calls():
        first = call.args[0] if call.args else None
        if name in _LOADERS:
            if not (name.endswith("loads") and scope.constant(first)):
                yield Place(YAML if name.startswith("yaml.") else LOADER, call)
        elif name in {"yaml.load", "yaml.load_all"}:
            loader = keyword(call, "Loader") or (call.args[1] if len(call.args) > 1 else None)
            if loader is None or dotted(loader).rpartition(".")[2] not in _SAFE_YAML:
                yield Place(YAML, call)
        elif name == "torch.load" and not is_value(keyword(call, "weights_only"), value=True):
            yield Place(LOADER, call, confidence=0.5)
        elif name in {"numpy.load", "np.load"} and is_value(keyword(call, "allow_pickle"), value=True):
            yield Place(LOADER, call)


def _template(tree: Tree) -> Iterator[Place]:
    for scope, call, name in tree.calls():
        last = name.rpartition(".")[2]
        if not call.args or scope.constant(call.args[0]):
            continue
        if last == "render_template_string" or name in {"jinja2.Template", "mako.template.Template"}:
            places = []
            for owner, built in _origins(scope, call.args[0]):
                known = _pieced(owner, built) or _tainted(owner, built)
                places.append(Place(TEMPLATE, call, confidence=None if known else _UNSURE, related=(built,)))
                if known:
                    break  # nothing makes it surer
            yield from places[-1:]
        elif last in {"Markup", "mark_safe"} and any(_pieced(own, one) for own, one in _origins(scope, call.args[0])):
            yield Place(MARKUP, call)


def _address(tree: Tree) -> Iterator[Place]:
    for scope, call, name in tree.calls():
        position = 1 if name.endswith(".request") and not name.startswith("urllib") else 0
        address = call.args[position] if len(call.args) > position else keyword(call, "url")
        if address is None or not _tainted(scope, address):
            continue
        if _CLIENTS.match(name):
            yield Place(SSRF, call)
        elif name.rpartition(".")[2] in {"redirect", "HttpResponseRedirect", "RedirectResponse"}:
            yield Place(REDIRECT, call)


def _path(tree: Tree) -> Iterator[Place]:
    checks: dict[Scope, bool] = {}
    for scope, call, name in tree.calls():
        if not call.args or (name not in _FILE_USES and name not in {"open", "io.open", "send_file"}):
            continue
        if scope not in checks:
            checks[scope] = any(
                (isinstance(node, ast.Attribute) and node.attr in _PATH_CHECKS)
                or (isinstance(node, ast.Name) and node.id in _PATH_CHECKS)
                for node in scope.nodes
            )
        if checks[scope] or scope.constant(call.args[0]):
            continue
        joined: ast.expr | None = None
        for owner, built in _origins(scope, call.args[0]):
            if _tainted(owner, built):
                yield Place(PATH, call, confidence=0.75, related=(built,))
                break  # nothing makes it surer
            if joined is None and _joined_with_parameter(owner, tree, built):
                joined = built
        else:
            if joined is not None:
                yield Place(PATH, call, related=(joined,))


def _joined_with_parameter(scope: Scope, tree: Tree, node: ast.expr) -> bool:
    """Whether a parameter is put behind something else to make a path."""
    match node:
        case ast.JoinedStr(values=parts):
            pass
        case ast.BinOp(op=ast.Add() | ast.Div(), right=right):
            parts = [right]
        case ast.Call(func=called, args=args) if tree.name_of(called).endswith("path.join"):
            parts = args[1:]
        case _:
            return False
    names = {one.id for part in parts for one in ast.walk(part) if isinstance(one, ast.Name)}
    return not names.isdisjoint(scope.parameters - {"self", "cls"})


CHECKS = (
    Check(_sql, (SQL,)),
    Check(_eval, (EVAL,)),
    Check(_shell, (SHELL,)),
    Check(_loader, (LOADER,)),
    Check(_template, (TEMPLATE, MARKUP)),
    Check(_address, (SSRF, REDIRECT)),
    Check(_path, (PATH,)),
)
