"""Objects that are loaded by a number of the caller's, with nothing that checks whose they are."""

# ruff: noqa: E501  # patterns stay on their lines

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_handlers import bases_of, handlers_of, words_of
from manyeyes_tools.evidence.python_names import called, dotted
from manyeyes_tools.evidence.python_places import Check, Place
from manyeyes_tools.evidence.python_walk import walk
from manyeyes_tools.evidence.rules import Rule
from manyeyes_tools.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes_tools.evidence.python_names import Function, Tree

OWNER = Rule(
    id="missing-ownership", title="Anyone's object by its number", severity=Severity.HIGH, confidence=0.45, cwe="CWE-639",
    explanation="The caller names the object, and nothing checks that it is the caller's own.",
    remedy="Look it up among the user's own objects: `filter_by(id=…, owner_id=current_user.id)`.",
)  # fmt: skip

_LOADS = frozenset({
    "get", "get_or_404", "first", "first_or_404", "one", "one_or_none", "get_object_or_404", "filter_by", "filter",
    "find", "find_one", "execute", "fetchone", "fetch_one", "fetchrow", "scalar_one_or_none", "scalars", "load",
    "delete_one", "objects",
})  # fmt: skip
_LOADING = re.compile(r"^(?:get|load|find|fetch|delete|read)_")
_NUMBER = re.compile(r"(?:^|_)(?:id|pk|uuid|number|no|key|slug|ref|code)$|Id$|ID$", re.IGNORECASE)
_OWNERS = re.compile(
    r"owner|author(?!i[sz]ed_userid|i[sz]ed)|user_id|userid|current_user|request\.user|created_by|belongs|has_perm|\bcan_|check_(?!authori[sz]ed)|permission|forbid|403|denied|"
    r"tenant|^~session|request\.session|identity|claims|principal|is_admin|is_staff|is_superuser|policy|ensure|visible_to|\.user\b|\bsub\b|viewer|holder|\bstaff|admin_required",
    re.IGNORECASE,
)
_PRIVILEGED = re.compile(
    r"permissions?_required|PermissionRequired|user_passes_test|UserPassesTest|staff_member_required|superuser|"
    r"roles?_(?:required|accepted|allowed)|requires?_(?:role|admin|permission|scope)|(?:admin|staff|manager)_(?:required|only)|"
    r"(?:Admin|Staff|Superuser|Role)Required|IsAdmin|IsStaff|IsSuperUser|DjangoModelPermissions|DjangoObjectPermissions|^scopes$",
)
"""What lets in only those who may do this to everyone's objects, at the handler or its class."""
_IN_PATH = re.compile(r"[<{](?:\w+:)?(\w+)(?::\w+)?[>}]")
_KNOWN = re.compile(
    r"login_required|current_user|request\.user|get_current_user|jwt_required|authenticated|IsAuthenticated|LoginRequired|authori[sz]ed|^~session|request\.session|identity|\.user\b|_required\b|claims|(?:^|\.)g\.",
    re.IGNORECASE,
)
_OF_REQUEST = ("request.", "self.request.", "self.get_", "req.")
_OF_PATH = re.compile(r"match_info|path_params|view_args|path_kwargs")
_FILTERS = re.compile(r"filter_backends|permission")
_OWN = re.compile(r"Owner|Author|Object|Own")


def _owner(tree: Tree) -> Iterator[Place]:
    """Handlers that know who is there, load an object by its number, and do not hold the one against the other."""
    for one in tree.once(handlers_of):
        numbers = {name for name in one.arguments if _NUMBER.search(name)}
        numbers.update(_IN_PATH.findall(one.path), _local_numbers(one.node))
        if not numbers or not any(map(_KNOWN.search, one.names)) or any(map(_OWNERS.search, one.body)):
            continue
        if any(map(_PRIVILEGED.search, one.names)):
            continue
        loads = _loads(one.node, numbers)
        if loads is not None:
            yield Place(OWNER, loads)


def _local_numbers(node: Function) -> Iterator[str]:
    """Variables that take a number from the request."""
    for one in walk(node):
        match one:
            case ast.Assign(targets=[ast.Name(id=name), *_], value=value):
                if not _NUMBER.search(name) and not any(map(_OF_PATH.search, words_of(value))):
                    continue
                if any(
                    isinstance(part, ast.Attribute) and dotted(part).startswith(_OF_REQUEST) for part in walk(value)
                ):
                    yield name
            case _:
                pass


def _loads(node: Function, numbers: set[str]) -> ast.expr | None:
    """The first expression that loads something by one of the numbers."""
    for one in walk(node):
        match one:
            case ast.Call():
                name = called(one, one.func.id if isinstance(one.func, ast.Name) else "")
                loading = name in _LOADS or _LOADING.search(name)
                if loading and _numbers_in(one) & numbers and dotted(one.func).split(".")[0].lower() != "request":
                    return one
            case ast.Subscript(slice=ast.Name(id=name), ctx=ast.Load() | ast.Del()) if name in numbers:
                return one
            case _:
                pass
    return None


def _numbers_in(call: ast.Call) -> set[object]:
    """The variables and the keys of entries in what a call is given."""
    found: set[object] = set()
    for argument in (*call.args, *(word.value for word in call.keywords)):
        for part in walk(argument):
            match part:
                case ast.Name(id=name):
                    found.add(name)
                case ast.Subscript(slice=ast.Constant(value=key)):
                    found.add(key)
                case _:
                    pass
    return found


def _open_sets(tree: Tree) -> Iterator[Place]:
    """A set of objects that notes whose each is, and shows all of them to everyone."""
    for _, cls in tree.each(ast.ClassDef):
        bases = " ".join(bases_of(cls, tree))
        if "ViewSet" not in bases and "APIView" not in bases:
            continue
        methods = {one.name: one for one in cls.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}
        made = methods.get("perform_create")
        if made is None or "get_object" in methods or not any("request.user" in word for word in words_of(made)):
            continue
        assigned = [one for one in cls.body if isinstance(one, ast.Assign)]
        queryset = (one for one in assigned if any(dotted(target) == "queryset" for target in one.targets))
        shown = methods.get("get_queryset") or next(queryset, None)
        if shown is None or any(map(_filters_own, assigned)):
            continue
        if not any("user" in word or "owner" in word for word in words_of(shown)):
            yield Place(OWNER, shown)


def _filters_own(node: ast.Assign) -> bool:
    return bool(_FILTERS.search(dotted(node.targets[0]))) and any(map(_OWN.search, words_of(node.value)))


CHECKS: tuple[Check, ...] = (
    Check(_owner, (OWNER,), whole=True),
    Check(_open_sets, (), whole=True),
)
