"""What handlers of requests leave out: who is asking, and how often someone may try.

Nobody can see here what lies around a program, such as a gateway that asks for a log-in, so all of this is unsure.
"""

# ruff: noqa: E501  # patterns stay on their lines

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_handlers import CHANGING, bases_of, handlers_of, words_of
from manyeyes_tools.evidence.python_names import called, dotted
from manyeyes_tools.evidence.python_places import Check, Place
from manyeyes_tools.evidence.python_walk import walk
from manyeyes_tools.evidence.rules import Rule
from manyeyes_tools.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes_tools.evidence.python_handlers import Handler
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
TRIES = Rule(
    id="missing-rate-limit", title="Log-in may be tried without end", severity=Severity.LOW, confidence=0.4, cwe="CWE-307",
    explanation="Nothing here slows down or stops someone who tries one password after the other.",
    remedy="Limit the attempts for each account and address, and lock or delay after some.",
)  # fmt: skip

_KNOWS = re.compile(
    r"login_required|auth(?!or)|permission|current_(?:\w+_)?(?:super)?user|^~session|request\.session|jwt|token|protected|_required$|require_(?!POST|GET|http|safe)|user_passes_test|verify|"
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
_ADMIN_PATH = re.compile(r"/(?:admin|internal|manage)")
_GUARDED = re.compile(r"dependencies|permission|login|AuthenticationMiddleware|auth", re.IGNORECASE)
_SECRET = re.compile(r"admin|export|backup|config|debug|internal|manage|settings|secret|dump", re.IGNORECASE)
_DESTROYS = frozenset({"delete", "unlink", "remove", "rmtree", "destroy", "delete_one"})
_CLASS_VIEWS = re.compile(r"View|ViewSet|APIView")
_READING_VIEWS = re.compile(r"ReadOnly|ListAPIView|RetrieveAPIView|TemplateView")
_READY_MADE = re.compile(r"rest_framework\.(?:viewsets\.ModelViewSet|generics\.\w*(?:Create|Update|Destroy)\w*APIView)")
_MIXIN_ASKS = re.compile(r"Auth|Permission|Login|Owner|Secure|Protected|Private|Member|Staff|Admin")
_PERMITTING = frozenset({"permission_classes", "authentication_classes"})
_CHANGING_METHODS = frozenset({"post", "put", "patch", "delete", "destroy", "create", "update"})
_CHANGING_VIEW = re.compile(r"django\..*\b(?:Update|Delete|Create)View")
_GUARDING_METHODS = frozenset({"dispatch", "test_func", "get_queryset", "get_object"})
_GUARDED_VIEW = re.compile(
    r"Login|Permission|UserPasses|Access|Auth|Staff|Admin|Owner|Role|Required|dispatch|login|permission|test_func|get_"
)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def _nobody(tree: Tree) -> Iterator[Place]:
    """Handlers that change or give away something, where nothing asks who is there."""
    for one in tree.once(handlers_of):
        prefix = next((word for word in one.around if _ADMIN_PATH.match(word)), "")
        said = f"{prefix} {one.path} {one.node.name}"
        if _ASKS_FIRST.search(said) or any(map(_KNOWS.search, one.names)) or any(map(_GUARDED.search, one.around)):
            continue
        secret = bool(_SECRET.search(said))
        calls = set(_called(one.node))
        strong = secret or "DELETE" in one.methods or bool(calls & _DESTROYS)
        if one.methods & CHANGING and (strong or calls & _CHANGES or _sets_entries(one.node)):
            yield Place(NOBODY, one.node, confidence=0.45 if strong else 0.35)
        elif secret and calls:
            yield Place(NOBODY, one.node, confidence=0.35)


def _called(node: Function) -> Iterator[str]:
    """The last names of what a function calls."""
    for one in walk(node):
        if isinstance(one, ast.Call):
            yield called(one, one.func.id if isinstance(one.func, ast.Name) else "")


def _sets_entries(node: Function) -> bool:
    """Whether it gives or takes away entries of a container."""
    return any(
        isinstance(one, ast.Delete) or (isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Subscript))
        for one in walk(node)
    )


def _open_classes(tree: Tree) -> Iterator[Place]:
    """Classes of handlers whose permissions let everyone in."""
    for _, cls in tree.each(ast.ClassDef):
        bases = " ".join(tree.name_of(base) for base in cls.bases)
        if not _CLASS_VIEWS.search(bases) or _READING_VIEWS.search(bases) or _ASKS_FIRST.search(cls.name):
            continue
        methods = {one.name for one in cls.body if isinstance(one, _FUNCTIONS)}
        if methods and not methods & _CHANGING_METHODS and "ModelViewSet" not in bases:
            continue
        yield from (Place(OPEN_TO_ALL, one) for one in cls.body if isinstance(one, ast.Assign) and _permits_all(one))


def _permits_all(node: ast.Assign) -> bool:
    if not any(isinstance(one, ast.Name) and one.id in _PERMITTING for one in node.targets):
        return False
    listed = node.value
    if not isinstance(listed, ast.List | ast.Tuple):
        return False
    return not listed.elts or [dotted(one).rpartition(".")[2] for one in listed.elts] == ["AllowAny"]


def _bare_classes(tree: Tree) -> Iterator[Place]:
    """Ready-made classes of Django REST framework that change objects and do not say who may call them.

    Then the settings say it, and they let everyone in unless told otherwise.
    """
    if "rest_framework" not in str(tree.imports):
        return
    for _, cls in tree.each(ast.ClassDef):
        bases = list(bases_of(cls, tree))
        if not any(map(_READY_MADE.fullmatch, bases)) or _ASKS_FIRST.search(cls.name):
            continue
        own = {dotted(target) for one in cls.body if isinstance(one, ast.Assign) for target in one.targets}
        own |= {one.name for one in cls.body if isinstance(one, _FUNCTIONS)}
        shown = own & {"queryset", "get_queryset", "serializer_class", "get_serializer_class"}
        said = own & {"permission_classes", "get_permissions", "check_permissions", "initial", "dispatch"}
        if shown and not said and not any(map(_MIXIN_ASKS.search, bases)):
            yield Place(NOBODY, cls)


def _open_functions(tree: Tree) -> Iterator[Place]:
    """The same of functions, by a decorator."""
    for node in tree.functions():
        for one in node.decorator_list:
            if (
                isinstance(one, ast.Call)
                and dotted(one.func).endswith("permission_classes")
                and one.args
                and any(word.endswith("AllowAny") for word in words_of(one.args[0]))
                and not _ASKS_FIRST.search(node.name)
            ):
                yield Place(OPEN_TO_ALL, node, confidence=0.4)


def _open_views(tree: Tree) -> Iterator[Place]:
    """A ready-made view of Django that changes objects, without a mixin that asks who is there."""
    for cls in tree.module.body:
        if not isinstance(cls, ast.ClassDef) or _ASKS_FIRST.search(cls.name):
            continue
        bases = list(bases_of(cls, tree))
        if any(map(_CHANGING_VIEW.fullmatch, bases)) and not any(map(_GUARDED_VIEW.search, _guarding(cls, bases))):
            yield Place(NOBODY, cls)


def _guarding(cls: ast.ClassDef, bases: list[str]) -> Iterator[str]:
    """Names at a view that may stand for a check of who is there."""
    for base in bases:
        if not base.startswith("django.views"):
            yield base.removeprefix("django.contrib.auth")
    for one in cls.decorator_list:
        yield from words_of(one)
    yield from (one.name for one in cls.body if isinstance(one, ast.FunctionDef) and one.name in _GUARDING_METHODS)


def _tries(tree: Tree) -> Iterator[Place]:
    """Log-ins that nothing slows down."""
    for one in tree.once(handlers_of):
        if one.methods == {"GET"} or not _LOGS_IN.search(_titles(one)) or not any(map(_COMPARES.search, one.body)):
            continue
        if any(map(_SLOWS.search, one.names)) or any(map(_SLOWS_ALL.search, (*one.around, *tree.imports.values()))):
            continue
        yield Place(TRIES, one.node)


def _titles(one: Handler) -> str:
    return f"{one.path} {one.node.name} {one.cls.name if one.cls else ''}"


CHECKS: tuple[Check, ...] = (
    Check(_nobody, (NOBODY,), whole=True),
    Check(_tries, (TRIES,), whole=True),
    Check(_open_views, (), whole=True),
    Check(_open_classes, (OPEN_TO_ALL,), whole=True),
    Check(_open_functions, (), whole=True),
    Check(_bare_classes, (), whole=True),
)
