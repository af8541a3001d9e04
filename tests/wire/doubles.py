"""A vendor double: one server that speaks the wire formats of all vendors and answers as it is told.

It covers what `llmock` does not: refusals with details, blocked prompts, cached and reasoning tokens, signed and
encrypted reasoning, bodies that are broken, connections that are reset.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import anyio
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from wire.served import Served

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

Json = Any
SSE = "text/event-stream"


@dataclass(frozen=True)
class Reply:
    """What to send.  `pieces` are sent one by one; `then` is what happens after the last: the end, a hold until the
    client goes away, or a reset of the connection.
    """

    pieces: Sequence[bytes] = ()
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    kind: str = SSE
    then: str = "end"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {"content-type": self.kind, **self.headers}
        pairs = [(key.encode(), value.encode()) for key, value in headers.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": pairs})
        for piece in self.pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        if self.then == "hold":
            await send({"type": "http.response.body", "body": b"", "more_body": True})
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        if self.then == "reset":
            await anyio.sleep(0.02)  # let the pieces go out first
            raise ConnectionAbortedError
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def body(content: Json, status: int = 200, **headers: str) -> Reply:
    """A JSON body, or bytes as they are."""
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Reply([raw], status, {key.replace("_", "-"): value for key, value in headers.items()}, "application/json")


def events(*items: Json, named: bool = False, done: bool = False, then: str = "end") -> Reply:
    """A stream of server-sent events, each named after its type when `named`."""
    pieces = [
        (f"event: {item['type']}\n" if named else "").encode() + b"data: " + json.dumps(item).encode() + b"\n\n"
        for item in items
    ]
    return Reply([*pieces, b"data: [DONE]\n\n"] if done else pieces, then=then)


@dataclass
class Asked:
    """A request that came in."""

    path: str
    headers: dict[str, str]
    json: Json


class Double:
    """The server.  Replies are given in the order they were queued; without one it answers 599."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.queue: list[Reply] = []
        self.gone = threading.Event()
        self.most_open = 0
        self._open: list[None] = []
        app = Starlette(routes=[Route("/{path:path}", self._answer, methods=["GET", "POST"])])
        self._served = Served(self._guarded(app), lifespan="off")

    @property
    def url(self) -> str:
        """Its address."""
        return self._served.url

    def reply(self, *replies: Reply) -> None:
        """Queue what to answer next."""
        self.queue.extend(replies)

    def reset(self) -> None:
        """Forget everything, also what is still going on: it reports to what stood here before."""
        self.asked = []
        self.queue = []
        self.gone = threading.Event()
        self._open = []
        self.most_open = 0

    def __enter__(self) -> Self:
        self._served.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._served.__exit__(*error)

    async def _answer(self, request: Request) -> Response | Reply:
        raw = await request.body()
        self.asked.append(Asked(request.url.path, dict(request.headers), json.loads(raw) if raw else None))
        return self.queue.pop(0) if self.queue else Response("no reply queued", 599)

    def _guarded(self, app: Starlette) -> Any:
        async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
            gone, now_open = self.gone, self._open

            async def watched() -> Any:
                message = await receive()
                if message["type"] == "http.disconnect":
                    gone.set()
                return message

            now_open.append(None)
            self.most_open = max(len(self._open), self.most_open)
            try:
                await app(scope, watched, send)
            finally:
                now_open.pop()

        return asgi


# What the vendors' streams look like.


def anthropic_stream(
    *blocks: Json,
    stop: str = "end_turn",
    details: Json = None,
    usage: Json = None,
    output: Json = None,
) -> Reply:
    """`blocks` as they stand in a whole message; each is sent as start, delta and stop."""

    def deltas(block: Json) -> Iterator[Json]:
        match block["type"]:
            case "text":
                half = len(block["text"]) // 2
                yield {"type": "text_delta", "text": block["text"][:half]}
                yield {"type": "text_delta", "text": block["text"][half:]}
                for citation in block.get("citations", ()):
                    yield {"type": "citations_delta", "citation": citation}
            case "thinking":
                yield {"type": "thinking_delta", "thinking": block["thinking"]}
                yield {"type": "signature_delta", "signature": block["signature"]}
            case "tool_use" | "server_tool_use":
                written = json.dumps(block["input"])
                yield {"type": "input_json_delta", "partial_json": written[:5]}
                yield {"type": "input_json_delta", "partial_json": written[5:]}

    text = {"text": "", "citations": None}
    empty = {
        "text": text,
        "server_tool_use": {"input": {}},
        "thinking": {"thinking": "", "signature": ""},
        "tool_use": {"input": {}},
    }
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "content": [],
        "model": "claude-served",
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 10, "output_tokens": 1, **(usage or {})},
    }
    items: list[Json] = [{"type": "message_start", "message": message}]
    for index, block in enumerate(blocks):
        start = {**block, **empty.get(block["type"], {})}
        items.append({"type": "content_block_start", "index": index, "content_block": start})
        items += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas(block)]
        items.append({"type": "content_block_stop", "index": index})
        items.append({"type": "ping"})
    delta = {"stop_reason": stop, "stop_sequence": None, "stop_details": details}
    items.append({"type": "message_delta", "delta": delta, "usage": {"output_tokens": 7, **(output or {})}})
    items.append({"type": "message_stop"})
    return events(*items, named=True)


def chat_stream(
    text: str = "", *, calls: Sequence[Json] = (), finish: str = "stop", usage: Json = None, refusal: str = ""
) -> Reply:
    """Chat Completions; `calls` are (id, name, written arguments)."""

    def chunk(delta: Json, reason: str | None = None) -> Json:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        return {
            "id": "c",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "gpt-served",
            "choices": [choice],
        }

    items = [chunk({"role": "assistant", "content": piece}) for piece in (text[:3], text[3:])]
    if refusal:
        items.append(chunk({"refusal": refusal}))
    for index, (call, name, written) in enumerate(calls):
        function = {"name": name, "arguments": ""}
        items.append(chunk({"tool_calls": [{"index": index, "id": call, "type": "function", "function": function}]}))
        items += [
            chunk({"tool_calls": [{"index": index, "function": {"arguments": part}}]})
            for part in (written[:4], written[4:])
        ]
    items.append(chunk({}, finish))
    items.append({**chunk({}), "choices": [], "usage": usage or {"prompt_tokens": 10, "completion_tokens": 7}})
    return events(*items, done=True)


def responses_stream(
    *output: Json, status: str = "completed", reason: str | None = None, usage: Json = None, error: Json = None
) -> Reply:
    """The Responses API; `output` are the items of the whole response."""
    response = {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "model": "gpt-served",
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "output": [],
        "status": "in_progress",
        "error": None,
        "incomplete_details": None,
    }
    last = {
        **response,
        "output": list(output),
        "status": status,
        "error": error,
        "incomplete_details": {"reason": reason} if reason else None,
        "usage": usage or {"input_tokens": 10, "output_tokens": 7, "total_tokens": 17},
    }
    return events(
        {"type": "response.created", "sequence_number": 0, "response": response},
        {"type": "response.in_progress", "sequence_number": 1, "response": response},
        {"type": f"response.{status}", "sequence_number": 2, "response": last},
        named=True,
    )


def responses_text(text: str) -> Json:
    """An output item of text."""
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": content}


def google_stream(*parts: Json, finish: str | None = "STOP", usage: Json = None, feedback: Json = None) -> Reply:
    """`generate_content`; each part is a piece of its own."""
    items: list[Json] = [{"candidates": [{"content": {"role": "model", "parts": [part]}}]} for part in parts]
    last: Json = {
        "modelVersion": "gemini-served",
        "usageMetadata": usage or {"promptTokenCount": 10, "candidatesTokenCount": 7},
    }
    if finish is not None:
        last["candidates"] = [{"content": {"role": "model", "parts": []}, "finishReason": finish}]
    if feedback is not None:
        last["promptFeedback"] = feedback
    return events(*items, last)
