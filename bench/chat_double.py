"""Chat Completions on loopback, for measurements whose model says what the measurement wants; no command of its own."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_COMMON = {"id": "c", "created": 1, "model": "m"}
_USAGE = {"prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20}


class _Server(ThreadingHTTPServer):
    request_queue_size = 256  # many connect at once; the usual five would make them wait
    daemon_threads = True


class ChatDouble:
    """Answers every request, streamed or not, with what `say` makes of it.

    Attributes:
        asked: How many requests have come.
        delay: Seconds before each answer.
    """

    def __init__(self, say: Callable[[Any], str], delay: float = 0.0) -> None:
        self.asked = 0
        self.delay = delay
        double, lock = self, threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_: object) -> None:
                pass

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
                with lock:
                    double.asked += 1
                    said = say(asked)
                time.sleep(double.delay)
                stream = bool(asked.get("stream"))
                body = (_streamed(said) if stream else _whole(said)).encode()
                self.send_response(200)
                self.send_header("content-type", "text/event-stream" if stream else "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self._server = _Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def url(self) -> str:
        """The base address that a client of the API is given."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()


def _streamed(said: str) -> str:
    choice = {"index": 0, "delta": {"role": "assistant", "content": said}, "finish_reason": "stop"}
    common = {**_COMMON, "object": "chat.completion.chunk"}
    chunks = [{**common, "choices": [choice]}, {**common, "choices": [], "usage": _USAGE}]
    return "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"


def _whole(said: str) -> str:
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": said}}
    return json.dumps({**_COMMON, "object": "chat.completion", "choices": [choice], "usage": _USAGE})
