"""Files and folders that everybody on the machine may write."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_names import called, dotted, is_value, keyword
from manyeyes_tools.evidence.python_options import options
from manyeyes_tools.evidence.python_places import Check, Place
from manyeyes_tools.evidence.rules import Rule
from manyeyes_tools.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes_tools.evidence.python_names import Scope, Tree

MODE = Rule(
    id="permissions-too-wide", title="Permissions too wide", severity=Severity.MEDIUM, confidence=0.8, cwe="CWE-732",
    explanation="Others on the machine may write this file or folder.",
    remedy="Grant no more than the owner needs, such as 0o600 or 0o700.",
)  # fmt: skip

_WRITERS = dict.fromkeys(("os.chmod", "os.fchmod", "os.lchmod", "os.mkdir", "os.makedirs", "os.mkfifo"), 1) | {
    "os.open": 2
}
"""Functions that take a mode, and its position."""
_METHODS = {"chmod": 0, "mkdir": 0, "touch": None}
"""The same of paths' methods; None where it is only taken by name."""
_SETTINGS = frozenset({"FILE_UPLOAD_PERMISSIONS", "FILE_UPLOAD_DIRECTORY_PERMISSIONS"})
_OTHERS_WRITE = 0o002
_ALL_BITS = 0o7777


def _modes(tree: Tree) -> Iterator[Place]:
    for scope, call, name in tree.calls():
        last = called(call, name)
        if name == "os.umask":
            if call.args and is_value(call.args[0], value=0):
                yield Place(MODE, call)
        elif name in _WRITERS:
            if _opens(scope, _mode(call, _WRITERS[name])):
                yield Place(MODE, call)
        elif last in _METHODS and isinstance(call.func, ast.Attribute) and _opens(scope, _mode(call, _METHODS[last])):
            yield Place(MODE, call)
    for option in tree.once(options):
        if option.name in _SETTINGS and _opens(None, option.value):
            yield Place(MODE, option.node)


def _mode(call: ast.Call, position: int | None) -> ast.expr | None:
    named = keyword(call, "mode")
    if named is not None or position is None:
        return named
    return call.args[position] if len(call.args) > position else None


def _opens(scope: Scope | None, node: ast.expr | None) -> bool:
    """Whether a mode lets everyone write."""
    if node is None:
        return False
    if isinstance(node, ast.Constant):
        bits = node.value
        return isinstance(bits, int) and not isinstance(bits, bool) and bool(bits & _OTHERS_WRITE) and bits <= _ALL_BITS
    if isinstance(node, ast.Name) and scope is not None:
        last = scope.values(node.id, node.lineno)[-1:]
        return any(not isinstance(one, ast.Name) and _opens(scope, one) for one in last)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _opens(scope, node.left) or _opens(scope, node.right)
    return dotted(node).rpartition(".")[2] in {"S_IWOTH", "S_IRWXO"}


CHECKS: tuple[Check, ...] = (Check(_modes, (MODE,)),)
