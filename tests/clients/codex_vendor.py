"""A double of OpenAI's Responses API for Codex, whose tools stand in namespaces that other doubles cannot call."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(slots=True)
class CodexVendor:
    """Asks for one tool, and ends with `end` once its result has come.

    Attributes:
        server: Name of the MCP server that has the tool.
        tool: Its name there.
        arguments: What to call it with.
        end: The last message.
        bodies: The requests that came in.
        url: Where it listens.
    """

    server: str
    tool: str
    arguments: dict[str, Any]
    end: str
    bodies: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    @contextmanager
    def serve(self) -> Iterator[CodexVendor]:
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
                vendor.bodies.append(body)
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.end_headers()
                for event in vendor.answer(body):
                    self.wfile.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())

            def do_GET(self) -> None:
                self.send_error(404)

            def log_message(self, *_: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()

    def answer(self, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The events of one response."""
        done = any(item.get("type") == "function_call_output" for item in body["input"])
        item = self._message() if done or not self._offered(body) else self._call()
        response: dict[str, Any] = {"id": f"resp_{len(self.bodies)}", "object": "response", "output": [item]}
        usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
        yield {"type": "response.created", "response": {**response, "status": "in_progress", "output": []}}
        yield {"type": "response.output_item.done", "output_index": 0, "item": item}
        yield {"type": "response.completed", "response": {**response, "status": "completed", "usage": usage}}

    def _offered(self, body: dict[str, Any]) -> bool:
        """Whether the tool is among those that the request offers."""
        namespaces = (tool for tool in body.get("tools", []) if tool.get("name") == f"mcp__{self.server}")
        return any(tool["name"] == self.tool for namespace in namespaces for tool in namespace.get("tools", []))

    def _call(self) -> dict[str, Any]:
        return {
            "type": "function_call",
            "id": "fc_1",
            "call_id": "call_1",
            "namespace": f"mcp__{self.server}",
            "name": self.tool,
            "arguments": json.dumps(self.arguments),
            "status": "completed",
        }

    def _message(self) -> dict[str, Any]:
        text = {"type": "output_text", "text": self.end, "annotations": []}
        return {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [text]}
