"""Schemathesis: an engine that makes requests up from an OpenAPI document and looks how the application bears them."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from manyeyes_tools.findings import Severity
from manyeyes_tools.probing.engines.engine import Engine, Kind, Nonsense, Reported, Task, rows, table, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes.types import Json

_MOST = 300
_SAFE = ("GET", "HEAD", "OPTIONS")
_DROPPED = frozenset(
    {"host", "user-agent", "content-length", "connection", "accept-encoding", "accept", "cookie", "proxy-authorization"}
)
ERROR = Kind(
    "not_a_server_error", "Requests that the server fails at", "CWE-755", Severity.LOW,
    "A request that the description allows, or one with an unexpected value, makes the server fail.",
    "Check the values, and answer what is wrong with them.",
)  # fmt: skip
NO_LOGIN = Kind(
    "ignored_auth", "No login needed where the description says so", "CWE-306", Severity.HIGH,
    "The description says that this operation needs a login, and it answers without one.",
    "Check who asks before the operation does anything.",
)  # fmt: skip
_KINDS = {
    "not_a_server_error": ERROR,
    "ignored_auth": NO_LOGIN,
    "use_after_free": Kind(
        "use_after_free", "What was deleted is still there", "CWE-672", Severity.MEDIUM,
        "After it was deleted it is still answered for.", "Delete it everywhere, or say that it is gone.",
    ),
    "object_level_authorization": Kind(
        "object_level_authorization", "Another's object can be had", "CWE-639", Severity.HIGH,
        "An object seems to be given to someone it does not belong to.", "Check whose it is at every access.",
    ),
}  # fmt: skip


def _prepare(task: Task) -> None:
    """Write the document, leading nowhere but into itself: what it names elsewhere would be fetched past the gate."""
    document = table(_within(task.description, 0))
    if "swagger" in document:
        document |= {"host": urlsplit(task.url).netloc, "schemes": ["http"]}
    else:
        document["servers"] = [{"url": f"{task.url}{task.base}"}]
    (task.folder / "openapi.json").write_text(json.dumps(document), encoding="utf-8")


_DEEPEST = 100
_LEADS = ("$ref", "$dynamicRef", "$recursiveRef")
_AWAY = frozenset({"$id", "id", "$schema", "externalValue", "operationRef"})


def _within(value: Json, depth: int) -> Json:
    if depth > _DEEPEST:
        return {}
    if isinstance(value, dict):
        if any(isinstance(one, str) and not one.startswith("#") for one in map(value.get, _LEADS)):
            return {}
        return {
            key: _within(one, depth + 1)
            for key, one in value.items()
            if key not in _AWAY or not isinstance(one, str)  # a property may be called so
        }
    return [_within(one, depth + 1) for one in value] if isinstance(value, list) else value


def _arguments(task: Task) -> list[str]:
    checks = [name for name in _KINDS if not (task.known_visitor and name == NO_LOGIN.rule)]
    methods = [] if task.unsafe else [part for one in _SAFE for part in ("--include-method", one)]
    return [
        "run", str(task.folder / "openapi.json"), "--url", f"{task.url}{task.base}", "--proxy", task.proxy,
        "--header", f"User-Agent: {task.agent}", "--checks", ",".join(checks), *methods,
        "--phases", "examples,coverage,fuzzing", "--max-examples", "25", "--generation-deterministic", "--no-color",
        "--workers", "1", "--continue-on-failure", "--max-redirects", "5", "--warnings", "off",
        "--request-timeout", f"{task.timeout_s:g}",
        "--report", "ndjson", "--report-ndjson-path", str(task.output), "--output-sanitize", "false",
    ]  # fmt: skip


def read(data: bytes, task: Task) -> list[Reported]:
    """What a report in lines of JSON holds; one that was cut off holds what came before.

    Raises:
        Nonsense: it is none.
    """
    found: dict[tuple[str, str, str], Reported] = {}
    begun = False
    for line in data.split(b"\n"):
        try:
            event = json.loads(line) if line.strip() else {}
        except (ValueError, RecursionError):
            continue
        begun = begun or "Initialize" in table(event)
        for one in _failures(table(table(table(event).get("ScenarioFinished")).get("recorder"))):
            if len(found) < _MOST:
                found.setdefault((one.kind.rule, one.method, one.path), one)
    if not begun:
        raise Nonsense("what it wrote is no report of Schemathesis'")
    return [replace(one, path=task.base + one.path) for one in found.values()]


def _failures(recorder: dict[str, object]) -> Iterator[Reported]:
    label = text(recorder.get("label"))
    for case, checks in table(recorder.get("checks")).items():
        for check in rows(checks):
            kind = _KINDS.get(text(table(check).get("name")))
            if kind is None or table(check).get("status") != "failure":
                continue
            failure = table(table(table(check).get("failure_info")).get("failure"))
            interaction = table(table(recorder.get("interactions")).get(case))
            request = table(interaction.get("request"))
            one = _reported(kind, label, text(failure.get("title")), request)
            if one is not None:
                yield one


def _reported(kind: Kind, label: str, said: str, request: dict[str, object]) -> Reported | None:
    try:
        parts = urlsplit(str(request.get("uri") or ""))
        body = base64.b64decode(str(table(request.get("body")).get("$base64") or ""), validate=True)
    except (ValueError, binascii.Error):
        return None
    method = text(request.get("method"), 20).upper()
    _, _, path = label.partition(" ")
    if not method.isalpha() or not parts.path.startswith("/"):
        return None
    headers = [
        (str(name), str(values[0]))
        for name, values in table(request.get("headers")).items()
        if name.lower() not in _DROPPED and isinstance(values, list) and values
    ]
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    return Reported(
        engine="schemathesis",
        kind=kind,
        method=method,
        path=path if path.startswith("/") else parts.path,
        said=said,
        target=target,
        headers=tuple(headers),
        body=body,
    )


def _needs(task: Task) -> str:
    return "" if task.description is not None else "there is no OpenAPI document, and none could be made from code"


ENGINE = Engine(
    name="schemathesis",
    arguments=_arguments,
    read=read,
    ends=frozenset({0, 1}),
    needs=_needs,
    install='in a clone of manyeyes: pip install -e ".[dast]"',
    prepare=_prepare,
)
