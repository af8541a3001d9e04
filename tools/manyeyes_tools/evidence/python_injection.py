"""Values that reach an interpreter: SQL, shells, Python itself, loaders of objects, templates, addresses, paths."""

from __future__ import annotations

import ast
import re
from copy import deepcopy
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_names import Scope, Tree, dotted, is_value, keyword
from manyeyes_tools.evidence.python_places import Check, Place
from manyeyes_tools.evidence.rules import Rule
from manyeyes_tools.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    r"\b(?:select\b[\s\S]*\bfrom|insert\s+into|update\b[\s\S]*\bset|delete\s+from|drop\s+\w+|alter\s+\w+|create\s+\w+|"
    r"truncate\s+\w+|replace\s+into|merge\s+into|grant\s+\w+|union\s+(?:all\s+)?select|"
    r"where\s+\S+\s*(?:=|<|>|in\b|like\b)|order\s+by|exec(?:ute)?\s+\w+|pragma\s+\w+|call\s+\w+|attach\s+\w+|select\b)",
    re.IGNORECASE,
)
_RUN = frozenset({"execute", "executemany", "executescript", "raw", "execute_sql", "fetch", "fetchrow", "fetchval"})
_RUN_NAMED = frozenset({
    "sqlalchemy.text", "sqlalchemy.sql.text", "pandas.read_sql", "pandas.read_sql_query", "pd.read_sql",
    "pd.read_sql_query", "django.db.models.expressions.RawSQL",
})  # fmt: skip
_TABLE_LIKE = re.compile(r"table|column|schema|field|order|placeholder|clause|dialect", re.IGNORECASE)
_UNSURE, _MIDDLING = 0.4, 0.75
_HOPS = 4
"""Through how many variables a value is followed."""
_COMPILE = 3
"""The arguments of `compile` that make code; with flags it may only parse."""

_SHELLS = frozenset({
    "os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput", "commands.getoutput",
    "asyncio.create_subprocess_shell", "pty.spawn",
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
    for scope, call, name in tree.calls():
        method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if not call.args or (method not in _RUN and name not in _RUN_NAMED):
            continue
        for built in _origins(scope, call.args[0]):
            if not _pieced(scope, built) or not _STATEMENT.search(_constant_text(scope, built)):
                continue
            elsewhere = built.lineno != call.lineno
            yield Place(
                SQL,
                _statement(scope, built),
                detail=f"It is run in line {call.lineno}." if elsewhere else "",
                confidence=_sql_confidence(scope, built),
                related=(call,),
            )


def _origins(scope: Scope, node: ast.expr, depth: int = 0) -> Iterator[ast.expr]:
    """The expression itself, or those that its variable may stand for; through wrapping calls such as `text(…)`."""
    match node:
        case ast.Name() if depth < _HOPS:
            for value in scope.values(node.id, node.lineno):
                yield from _origins(scope, value, depth + 1)
        case ast.Call(
            func=ast.Name(id="text" | "str" | "dedent") | ast.Attribute(attr="text" | "dedent"), args=[inner]
        ):
            yield from _origins(scope, inner, depth + 1)
        case ast.Call(func=ast.Attribute(attr="strip" | "encode", value=inner)) if depth < _HOPS:
            yield from _origins(scope, inner, depth + 1)
        case ast.IfExp():
            yield from _origins(scope, node.body, depth + 1)
            yield from _origins(scope, node.orelse, depth + 1)
        case _:
            yield node


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
    while isinstance(node, ast.BinOp):
        if isinstance(node.right, ast.JoinedStr) or (
            isinstance(node.right, ast.Constant) and isinstance(node.right.value, str)
        ):
            return True
        node = node.left
    if isinstance(node, ast.Name):
        return any(
            not isinstance(value, ast.Name) and _textual(scope, value) for value in scope.values(node.id, node.lineno)
        )
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _constant_text(scope: Scope, node: ast.expr) -> str:
    """The constant parts of an expression, one after the other."""
    parts = []
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            parts.append(part.value)
        elif isinstance(part, ast.Name):
            for value in scope.values(part.id, part.lineno):
                parts.extend(
                    one.value for one in ast.walk(value) if isinstance(one, ast.Constant) and isinstance(one.value, str)
                )
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


def _statement(scope: Scope, node: ast.expr) -> ast.stmt | ast.expr:
    """The simple statement that an expression is the value of, so that the finding's lines begin where it does."""
    for one in scope.nodes:
        if isinstance(one, ast.Assign | ast.AnnAssign | ast.AugAssign) and (
            one.value is node or one.lineno == node.lineno
        ):
            return one
    return node


def _tainted(scope: Scope, node: ast.expr, depth: int = 0) -> bool:
    """Whether a value comes from a web request, through variables too."""
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute) and _FROM_REQUEST.search(dotted(part)):
            return True
        if isinstance(part, ast.Name) and depth < _HOPS:
            values = [value for value in scope.values(part.id, part.lineno) if value is not node]
            if any(_tainted(scope, value, depth + 1) for value in values):
                return True
    return False


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
        for built in _origins(scope, command):
            if not scope.constant(_unquoted(built)):
                known = _pieced(scope, built) or _tainted(scope, built)
                yield Place(SHELL, call, confidence=None if known else 0.65, related=(built,))


def _unquoted(node: ast.expr) -> ast.expr:
    """The expression with each value that `shlex.quote` made safe taken for a constant."""

    class Quoted(ast.NodeTransformer):
        def visit_Call(self, node: ast.Call) -> ast.expr:
            if dotted(node.func).rpartition(".")[2] in {"quote", "list2cmdline"} or dotted(node.func) == "shlex.join":
                return ast.copy_location(ast.Constant(value=""), node)
            self.generic_visit(node)
            return node

    changed = Quoted().visit(deepcopy(node))  # the tree is shared with the other rules, so a copy is changed
    return changed if isinstance(changed, ast.expr) else node


def _loader(tree: Tree) -> Iterator[Place]:
    for scope, call, name in tree.calls():
        first = call.args[0] if call.args else None
        if name in _LOADERS:
            if not (name.endswith("loads") and scope.constant(first)):
                yield Place(LOADER, call)
        elif name in {"yaml.load", "yaml.load_all"}:
            loader = keyword(call, "Loader") or (call.args[1] if len(call.args) > 1 else None)
            if loader is None or dotted(loader).rpartition(".")[2] not in _SAFE_YAML:
                yield Place(LOADER, call, confidence=0.85)
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
            for built in _origins(scope, call.args[0]):
                known = _pieced(scope, built) or _tainted(scope, built)
                yield Place(TEMPLATE, call, confidence=None if known else _UNSURE, related=(built,))
        elif last in {"Markup", "mark_safe"} and any(_pieced(scope, one) for one in _origins(scope, call.args[0])):
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
    for scope, call, name in tree.calls():
        if not call.args or (name not in _FILE_USES and name not in {"open", "io.open", "send_file"}):
            continue
        if any(isinstance(node, ast.Attribute) and node.attr in _PATH_CHECKS for node in scope.nodes) or any(
            isinstance(node, ast.Name) and node.id in _PATH_CHECKS for node in scope.nodes
        ):
            continue
        for built in _origins(scope, call.args[0]):
            if _tainted(scope, built):
                yield Place(PATH, call, confidence=0.75, related=(built,))
            elif _joined_with_parameter(scope, tree, built):
                yield Place(PATH, call, related=(built,))


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
