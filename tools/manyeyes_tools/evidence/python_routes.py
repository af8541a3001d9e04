"""What handlers of requests leave out: who is asking, whose object it is, and how often someone may try.

Nobody can see here what lies around a program, such as a gateway that asks for a log-in, so all of this is unsure.
"""

# ruff: noqa: C901, E501, PLR0911, PLR2004, SIM102  # a check has a branch for each framework; patterns stay on their lines

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_names import dotted, keyword
from manyeyes_tools.evidence.python_places import Check, Place
from manyeyes_tools.evidence.python_walk import walk
from manyeyes_tools.evidence.rules import Rule
from manyeyes_tools.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes_tools.evidence.python_names import Function, Tree

NOBODY = Rule(
    id="missing-authentication", title="Changes something for whoever asks", severity=Severity.HIGH, confidence=0.4, cwe="CWE-306",
    explanation="This handler changes or gives away what is stored, and nothing in it or around it asks who is there.",
    remedy="Require a log-in and check that the user may do this.",
)  # fmt: skip
OPEN_TO_ALL = Rule(
    id="open-to-all", title="Permission given to everyone", severity=Severity.MEDIUM, confidence=0.5, cwe="CWE-862",
    explanation="Whoever asks may call every method of this class, those that change something too.",
    remedy="Require a log-in: `permission_classes = [IsAuthenticated]`, or a narrower permission.",
)  # fmt: skip
OWNER = Rule(
    id="missing-ownership", title="Anyone's object by its number", severity=Severity.HIGH, confidence=0.45, cwe="CWE-639",
    explanation="The caller names the object, and nothing checks that it is the caller's own.",
    remedy="Look it up among the user's own objects: `filter_by(id=…, owner_id=current_user.id)`.",
)  # fmt: skip
TRIES = Rule(
    id="missing-rate-limit", title="Log-in may be tried without end", severity=Severity.LOW, confidence=0.4, cwe="CWE-307",
    explanation="Nothing here slows down or stops someone who tries one password after the other.",
    remedy="Limit the attempts for each account and address, and lock or delay after some.",
)  # fmt: skip

_ROUTES = frozenset({"route", "get", "post", "put", "patch", "delete", "api_route"})
_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_KNOWS = re.compile(
    r"login_required|auth(?!or)|permission|current_user|^~session|request\.session|jwt|token|protected|_required$|require_(?!POST|GET|http|safe)|user_passes_test|verify|"
    r"signature|hmac|api_?key|identity|(?:^|\.)g\.|principal|credential|is_staff|is_admin|(?<![a-z])roles?\b|request\.user|(?<![a-z])acl|policy|guard|signed|compare_digest|x-api|"
    r"logged_in|get_secure_cookie|get_signed_cookie|remote_user|basic|bearer|claims|secured|whoami|(?<![a-z])actor|signed_in|remote_addr|passkey|only_|_only",
    re.IGNORECASE,
)
_ASKS_FIRST = re.compile(
    r"log_?in|log_?out|sign_?in|sign_?up|sign_?out|register|health|ping|webhook|hook|callback|contact|forgot|reset|newsletter|subscribe|unsubscribe|feedback|search|token|oauth|confirm|activate|authenticate|captcha|metrics|public|track|vote|enrol",
    re.IGNORECASE,
)
_CHANGES = frozenset({
    "delete", "commit", "save", "insert", "insert_one", "update_one", "delete_one", "delete_many", "update_many", "remove", "unlink", "rmtree", "create",
    "bulk_create", "drop", "truncate", "destroy", "execute", "executemany", "pop", "clear", "update", "add", "set", "system", "run", "replace_one", "kill", "terminate", "refund", "transfer", "write_text", "write", "append", "setex", "hset", "flushall", "flushdb", "update_or_create",
})  # fmt: skip
_LOADS = frozenset(
    {
        "get",
        "get_or_404",
        "first",
        "first_or_404",
        "one",
        "one_or_none",
        "get_object_or_404",
        "filter_by",
        "filter",
        "find_one",
        "execute",
        "fetchone",
        "fetch_one",
        "fetchrow",
        "scalar_one_or_none",
        "scalars",
        "find",
        "load",
        "delete_one",
        "objects",
    }
)
_NUMBER = re.compile(r"(?:^|_)(?:id|pk|uuid|number|no|key|slug|ref|code)$|Id$|ID$", re.IGNORECASE)
_OWNERS = re.compile(
    r"owner|author(?!i[sz]ed_userid|i[sz]ed)|user_id|userid|current_user|request\.user|created_by|belongs|has_perm|\bcan_|check_(?!authori[sz]ed)|permission|forbid|403|denied|"
    r"tenant|^~session|request\.session|identity|claims|principal|is_admin|is_staff|is_superuser|policy|ensure|visible_to|\.user\b|\bsub\b|viewer|holder|\bstaff|admin_required",
    re.IGNORECASE,
)
_LOGS_IN = re.compile(
    r"log_?in|sign_?in|authenticate|obtain_token|issue_token|access_token|verify_(?:otp|code|pin)|check_pin|(?:^|_)otp|session|token|two_factor|mfa|unlock",
    re.IGNORECASE,
)
_COMPARES = re.compile(
    r"check_password|verify_password|authenticate|checkpw|check_password_hash|verify|compare_digest|pwd_context|password_hash|\.password$|hashpw|(?:^|_)otp|(?:^|\.|_)pin$|passcode",
    re.IGNORECASE,
)
_SLOWS = re.compile(
    r"limit|throttl|attempt|lock|captcha|axes|backoff|slow|brute|failures|failed_|cooldown|bucket|tries|blocked|quota|delay|sleep",
    re.IGNORECASE,
)


_SLOWS_ALL = re.compile(
    r"default_limits|(?:slowapi|limit\w*|throttl\w*|axes)\w*middleware|^axes|default_throttle|application_limits",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Handler:
    """A function that handles requests.

    Attributes:
        node: It.
        names: All names and short texts in it, its decorators and its class, joined.
        path: The route's path, where it stands at the function.
        methods: The methods of HTTP that it takes; empty when unknown.
        arguments: Its own parameters that come from the path.
        body: The names in its body alone.
        cls: The class that it is a method of.
        text: The names of its module outside of functions.
    """

    node: Function
    names: tuple[str, ...]
    path: str
    methods: frozenset[str]
    arguments: tuple[str, ...]
    body: tuple[str, ...]
    cls: ast.ClassDef | None
    around: tuple[str, ...]


def words_of(node: ast.AST) -> Iterator[str]:
    """All names and short texts in a piece of code."""
    for one in walk(node):
        if isinstance(one, ast.Attribute):
            yield dotted(one) or one.attr
        elif isinstance(one, ast.Name):
            yield one.id
        elif (
            isinstance(one, ast.Constant) and isinstance(one.value, str) and len(one.value) < 200
        ):  # names and statements, not pages
            yield one.value
        elif isinstance(one, ast.keyword | ast.arg) and one.arg:
            yield one.arg
        elif isinstance(one, ast.Constant) and one.value == 403:  # forbidden
            yield "403"


def handlers_of(tree: Tree) -> Iterator[Handler]:
    """The functions of a file that handle requests."""
    web = str(tree.imports)
    if not re.search(
        r"flask|django|fastapi|starlette|aiohttp|tornado|bottle|sanic|quart|rest_framework|litestar|falcon|ninja", web
    ) and not any(isinstance(n, ast.Import) for n in tree.module.body):
        return
    top = [
        node
        for node in tree.module.body
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom)
    ]
    around = tuple(word for node in top for word in words_of(node))
    before = tuple(
        word
        for node in tree.module.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and any(
            re.search(
                r"before_request|middleware|before_app_request", dotted(one.func if isinstance(one, ast.Call) else one)
            )
            for one in node.decorator_list
        )
        if any(
            re.search(r"abort|redirect|unauthori[sz]ed|forbidden|denied|HTTPException|40[13]", word, re.IGNORECASE)
            for word in words_of(node)
        )
        for word in words_of(node)
    )
    classes = {id(child): one for one in tree.nodes if isinstance(one, ast.ClassDef) for child in one.body}
    registered = _registered(tree.module)
    for scope in tree.scopes:
        node = scope.node
        if isinstance(node, ast.Module):
            continue
        cls = classes.get(id(node))
        path, methods = _route(node, cls, tree, registered)
        if path is None:
            continue
        inside = tuple(word for one in node.body for word in words_of(one))
        outer = [*node.decorator_list, node.args]
        if cls is not None:
            outer.extend(
                (
                    *cls.decorator_list,
                    *cls.bases,
                    *(one for one in cls.body if isinstance(one, ast.Assign | ast.AnnAssign)),
                )
            )
            inside_class = tuple(
                word
                for one in cls.body
                if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
                and one.name
                in {
                    "prepare",
                    "dispatch",
                    "get_queryset",
                    "get_current_user",
                    "initial",
                    "test_func",
                    "check_permissions",
                    "get_permissions",
                }
                for word in (one.name, *words_of(one))
            )
        else:
            inside_class = ()
        names = (*inside, *inside_class, *(word for one in outer for word in words_of(one)), *before)
        if re.match(r"(?:flask|quart)\.", tree.imports.get("session", "")):
            names = tuple(f"~{word}" if word.partition(".")[0] == "session" else word for word in names)
            inside = tuple(f"~{word}" if word.partition(".")[0] == "session" else word for word in inside)
        skip = {"self", "cls", "request", "req"}
        arguments = tuple(
            one.arg for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs) if one.arg not in skip
        )
        yield Handler(node, names, path, methods, arguments, (*inside, *inside_class), cls, around)


def _registered(module: ast.Module) -> dict[str, tuple[str, frozenset[str]]]:
    """Functions that are given to a router by a call, with path and methods."""
    found: dict[str, tuple[str, frozenset[str]]] = {}
    for node in walk(module):
        if not isinstance(node, ast.Call):
            continue
        last = (dotted(node.func) or getattr(node.func, "attr", "")).rpartition(".")[2]
        verb = {
            "add_post": "POST",
            "add_put": "PUT",
            "add_delete": "DELETE",
            "add_patch": "PATCH",
            "add_get": "GET",
            "post": "POST",
            "delete": "DELETE",
            "put": "PUT",
            "get": "GET",
            "patch": "PATCH",
        }.get(last, "")
        if (last not in {"Route", "add_route", "add_url_rule", "add_api_route", "path", "re_path"} and not verb) or len(
            node.args
        ) < 2:  # a path and a function
            continue
        texts = [one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
        given = keyword(node, "methods")
        methods = frozenset(
            {verb}
            if verb
            else (str(one.value).upper() for one in given.elts if isinstance(one, ast.Constant))
            if isinstance(given, ast.List | ast.Tuple)
            else ()
        )
        if last == "add_route" and texts and texts[0].upper() in _CHANGING | {"GET"}:
            methods, texts = frozenset({texts[0].upper()}), texts[1:]
        for one in (*node.args, *(word.value for word in node.keywords)):
            name = dotted(one)
            if name:
                found[name.rpartition(".")[2]] = (texts[0] if texts else "", methods)
    return found


def _bases(cls: ast.ClassDef, tree: Tree) -> Iterator[str]:
    """The names of a class's bases, and of theirs where they stand in the same file."""
    known = {one.name: one for one in tree.module.body if isinstance(one, ast.ClassDef)}
    pending, seen = [cls], 0
    while pending and seen < 10:  # nobody inherits over more
        one = pending.pop()
        seen += 1
        for base in one.bases:
            name = tree.name_of(base)
            yield name
            if name in known and known[name] is not one:
                pending.append(known[name])


def _route(
    node: Function, cls: ast.ClassDef | None, tree: Tree, registered: dict[str, tuple[str, frozenset[str]]]
) -> tuple[str | None, frozenset[str]]:  # one for each framework
    for one in node.decorator_list:
        called = one.func if isinstance(one, ast.Call) else one
        last = dotted(called).rpartition(".")[2]
        if last in _ROUTES and isinstance(one, ast.Call) and isinstance(called, ast.Attribute):
            path = (
                one.args[0].value if one.args and isinstance(one.args[0], ast.Constant) else keyword(one, "path") or ""
            )
            if not isinstance(path, str):
                path = ""
            methods = keyword(one, "methods") or keyword(one, "method")
            if last in {"route", "api_route"}:
                parts = (
                    methods.elts
                    if isinstance(methods, ast.List | ast.Tuple)
                    else [methods]
                    if methods is not None
                    else []
                )
                return path, frozenset(
                    str(part.value).upper() for part in parts if isinstance(part, ast.Constant)
                ) or frozenset({"GET"})
            return path, frozenset({last.upper()})
        if last == "api_view" and isinstance(one, ast.Call):
            parts = one.args[0].elts if one.args and isinstance(one.args[0], ast.List | ast.Tuple) else []
            return "", frozenset(
                str(part.value).upper() for part in parts if isinstance(part, ast.Constant)
            ) or frozenset({"GET"})
        if last in {"require_POST", "require_http_methods"}:
            parts = (
                one.args[0].elts
                if isinstance(one, ast.Call) and one.args and isinstance(one.args[0], ast.List | ast.Tuple)
                else []
            )
            return "", frozenset(
                str(part.value).upper() for part in parts if isinstance(part, ast.Constant)
            ) or frozenset({"POST"})
    if cls is not None:
        bases = " ".join(_bases(cls, tree))
        if node.name in {"post", "put", "patch", "delete", "get"} and re.search(
            r"View|Handler|Resource|Endpoint|APIView", bases
        ):
            return "", frozenset({node.name.upper()})
        if node.name in {"destroy", "create", "update", "partial_update", "retrieve"} and "ViewSet" in bases:
            return "", frozenset({"POST" if node.name != "retrieve" else "GET"})
        return None, frozenset()
    if node.name in registered:
        return registered[node.name]
    first = node.args.args[0] if node.args.args else None
    if first is not None and first.arg == "request" and "django" in str(tree.imports):
        posts = any(
            isinstance(one, ast.Attribute) and dotted(one) in {"request.POST", "request.body"} for one in walk(node)
        ) or any(isinstance(one, ast.Constant) and one.value in _CHANGING for one in walk(node))
        return "", frozenset({"POST"} if posts else {"GET"})
    return None, frozenset()


def _nobody(handlers: list[Handler]) -> Iterator[Place]:
    for one in handlers:
        prefix = next((word for word in one.around if re.match(r"/(?:admin|internal|manage)", word)), "")
        said = f"{prefix} {one.path} {one.node.name}"
        if _ASKS_FIRST.search(said) or any(_KNOWS.search(word) for word in one.names):
            continue
        if any(
            re.search(r"dependencies|permission|login|AuthenticationMiddleware|auth", word, re.IGNORECASE)
            for word in one.around
        ):
            continue
        changing = one.methods & _CHANGING
        calls = {
            part.func.attr
            if isinstance(part.func, ast.Attribute)
            else part.func.id
            if isinstance(part.func, ast.Name)
            else ""
            for part in walk(one.node)
            if isinstance(part, ast.Call)
        }
        deletes = any(isinstance(part, ast.Delete) for part in walk(one.node)) or any(
            isinstance(part, ast.Assign) and isinstance(part.targets[0], ast.Subscript) for part in walk(one.node)
        )
        secret = re.search(
            r"admin|export|backup|config|debug|internal|manage|settings|secret|dump", said, re.IGNORECASE
        )
        if changing and (calls & _CHANGES or deletes or "DELETE" in changing or secret):
            strong = (
                "DELETE" in changing
                or secret
                or bool(calls & {"delete", "unlink", "remove", "rmtree", "destroy", "delete_one"})
            )
            yield Place(NOBODY, one.node, confidence=0.45 if strong else 0.35)
        elif secret and calls:
            yield Place(NOBODY, one.node, confidence=0.35)


def _open_classes(tree: Tree) -> Iterator[Place]:
    for node in tree.nodes:
        if isinstance(node, ast.ClassDef):
            bases = " ".join(tree.name_of(base) for base in node.bases)
            if not re.search(r"View|ViewSet|APIView", bases):
                continue
            reads = re.search(r"ReadOnly|ListAPIView|RetrieveAPIView|TemplateView", bases)
            for part in node.body:
                if isinstance(part, ast.Assign) and any(
                    isinstance(one, ast.Name) and one.id in {"permission_classes", "authentication_classes"}
                    for one in part.targets
                ):
                    value = part.value
                    names = (
                        [dotted(one).rpartition(".")[2] for one in value.elts]
                        if isinstance(value, ast.List | ast.Tuple)
                        else []
                    )
                    empty = isinstance(value, ast.List | ast.Tuple) and not value.elts
                    if (names == ["AllowAny"] or empty) and not reads and not _ASKS_FIRST.search(node.name):
                        methods = {
                            child.name
                            for child in node.body
                            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
                        }
                        if (
                            not methods
                            or methods & {"post", "put", "patch", "delete", "destroy", "create", "update"}
                            or "ModelViewSet" in bases
                        ):
                            yield Place(OPEN_TO_ALL, part)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for one in node.decorator_list:
                if (
                    isinstance(one, ast.Call)
                    and dotted(one.func).endswith("permission_classes")
                    and one.args
                    and "AllowAny" in ast.dump(one.args[0])
                    and not _ASKS_FIRST.search(node.name)
                ):
                    yield Place(OPEN_TO_ALL, node, confidence=0.4)


def _open_views(tree: Tree) -> Iterator[Place]:
    """A ready-made view of Django that changes objects, without a mixin that asks who is there."""
    for node in tree.module.body:
        if not isinstance(node, ast.ClassDef):
            continue
        bases = list(_bases(node, tree))
        if not any(
            re.fullmatch(r"(?:Update|Delete|Create)View", base.rpartition(".")[2]) and base.startswith("django.")
            for base in bases
        ):
            continue
        guarded = [
            *bases,
            *(word for one in node.decorator_list for word in words_of(one)),
            *(
                one.name
                for one in node.body
                if isinstance(one, ast.FunctionDef)
                and one.name in {"dispatch", "test_func", "get_queryset", "get_object"}
            ),
        ]
        if not any(
            re.search(
                r"Login|Permission|UserPasses|Access|Auth|Staff|Admin|Owner|Role|Required|dispatch|login|permission|test_func|get_",
                word.removeprefix("django.contrib.auth"),
            )
            for word in guarded
            if not word.startswith("django.views")
        ) and not _ASKS_FIRST.search(node.name):
            yield Place(NOBODY, node)


def _owner(handlers: list[Handler]) -> Iterator[Place]:
    for one in handlers:
        numbers = [name for name in one.arguments if _NUMBER.search(name)]
        numbers += re.findall(r"[<{](?:\w+:)?(\w+)(?::\w+)?[>}]", one.path)
        local = _local_numbers(one.node)
        if not numbers and not local:
            continue
        known = any(
            re.search(
                r"login_required|current_user|request\.user|get_current_user|jwt_required|authenticated|IsAuthenticated|LoginRequired|authori[sz]ed|^~session|request\.session|identity|\.user\b|_required\b|claims|(?:^|\.)g\.",
                word,
                re.IGNORECASE,
            )
            for word in one.names
        )
        if not known:
            continue
        if any(_OWNERS.search(word) for word in one.body):
            continue
        loads = _loads(one.node, {*numbers, *local})
        if loads is not None:
            yield Place(OWNER, loads)


def _open_sets(tree: Tree) -> Iterator[Place]:
    """A set of objects that notes whose each is, and shows all of them to everyone."""
    for node in tree.nodes:
        if not isinstance(node, ast.ClassDef) or not re.search(r"ViewSet|APIView", " ".join(_bases(node, tree))):
            continue
        methods = {one.name: one for one in node.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}
        made = methods.get("perform_create")
        if made is None or not any("request.user" in word for word in words_of(made)):
            continue
        shown: ast.stmt | None = methods.get("get_queryset") or next(
            (
                one
                for one in node.body
                if isinstance(one, ast.Assign)
                and any(isinstance(target, ast.Name) and target.id == "queryset" for target in one.targets)
            ),
            None,
        )
        filtered = any(
            isinstance(one, ast.Assign)
            and re.search(r"filter_backends|permission", dotted(one.targets[0]))
            and re.search(r"Owner|Author|Object|Own", ast.dump(one.value))
            for one in node.body
        )
        if (
            shown is not None
            and not filtered
            and "get_object" not in methods
            and not any(re.search(r"user|owner", word) for word in words_of(shown))
        ):
            yield Place(OWNER, shown)


def _local_numbers(node: Function) -> set[str]:
    """Variables that take a number from the request."""
    found: set[str] = set()
    for one in walk(node):
        if (
            isinstance(one, ast.Assign)
            and isinstance(one.targets[0], ast.Name)
            and (
                _NUMBER.search(one.targets[0].id)
                or re.search(r"match_info|path_params|view_args|path_kwargs", " ".join(words_of(one.value)))
            )
        ):
            if any(
                isinstance(part, ast.Attribute)
                and dotted(part).startswith(("request.", "self.request.", "self.get_", "req."))
                for part in walk(one.value)
            ):
                found.add(one.targets[0].id)
    return found


def _loads(node: Function, numbers: set[str]) -> ast.expr | None:
    for one in walk(node):
        if isinstance(one, ast.Call):
            called = (
                one.func.attr
                if isinstance(one.func, ast.Attribute)
                else one.func.id
                if isinstance(one.func, ast.Name)
                else ""
            )
            if called in _LOADS or re.search(r"^(?:get|load|find|fetch|delete|read)_", called):
                given = {
                    part.id
                    for argument in (*one.args, *(word.value for word in one.keywords))
                    for part in walk(argument)
                    if isinstance(part, ast.Name)
                }
                keyed = {
                    part.slice.value
                    for argument in (*one.args, *(word.value for word in one.keywords))
                    for part in walk(argument)
                    if isinstance(part, ast.Subscript) and isinstance(part.slice, ast.Constant)
                }
                if (given & numbers or keyed & numbers) and "request" not in dotted(one.func).lower().split(".")[:1]:
                    return one
        elif (
            isinstance(one, ast.Subscript)
            and isinstance(one.slice, ast.Name)
            and one.slice.id in numbers
            and isinstance(one.ctx, ast.Load | ast.Del)
        ):
            return one
    return None


def _tries(handlers: list[Handler], tree: Tree) -> Iterator[Place]:
    for one in handlers:
        said = f"{one.path} {one.node.name} {one.cls.name if one.cls else ''}"
        if not _LOGS_IN.search(said) or one.methods == {"GET"}:
            continue
        if not any(_COMPARES.search(word) for word in one.body):
            continue
        if any(_SLOWS.search(word) for word in one.names) or any(
            _SLOWS_ALL.search(word) for word in (*one.around, *tree.imports.values())
        ):
            continue
        yield Place(TRIES, one.node)


def _left_out(tree: Tree) -> Iterator[Place]:
    handlers = list(handlers_of(tree))
    if handlers:
        yield from _nobody(handlers)
        yield from _owner(handlers)
        yield from _tries(handlers, tree)


CHECKS: tuple[Check, ...] = (
    Check(_left_out, (NOBODY, OWNER, TRIES), whole=True),
    Check(_open_views, (), whole=True),
    Check(_open_classes, (OPEN_TO_ALL,), whole=True),
    Check(_open_sets, (), whole=True),
)
