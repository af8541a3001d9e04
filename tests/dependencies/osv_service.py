"""A double of OSV's service on loopback, which answers from a table and can be made to fail in many ways."""

from __future__ import annotations

import json
import random
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FAULTS = ("500", "429", "cut", "slow", "garbage", "fewer", "null", "redirect")


@dataclass
class Osv:
    """What the double knows and how it behaves.

    Attributes:
        ids: The advisories by ecosystem, package and version.
        records: What each says.
        fault: Which fault, and `share` how often; `only` keeps it to requests whose path begins so.
        slow_s: Seconds that a slow answer takes.
        delay_s: Seconds that every answer takes.
        page: So many ids on a page at most.
        refuse: A package's name that makes the service refuse the whole batch.
    """

    ids: Mapping[tuple[str, str, str], tuple[str, ...]] = field(default_factory=dict)
    records: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    fault: str = ""
    share: float = 1.0
    only: str = "/"
    slow_s: float = 2.0
    delay_s: float = 0.0
    page: int = 1000
    refuse: str = ""
    url: str = ""
    requests: list[str] = field(default_factory=list)
    most_at_once: int = 0
    dice: random.Random = field(default_factory=lambda: random.Random(7))
    _at_once: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def batch(self, body: dict[str, Any]) -> tuple[int, Any]:
        results: list[Any] = []
        for query in body["queries"]:
            package = query["package"]
            if self.refuse and package["name"] == self.refuse:
                return 400, {"code": 3, "message": "Invalid query."}
            if version := query.get("version"):
                named = list(self.ids.get((package["ecosystem"], package["name"], version), ()))
            else:
                named = sorted(
                    {one for key, ids in self.ids.items() if key[:2] == tuple(package.values()) for one in ids}
                )
            start = int(query.get("page_token") or 0)
            shown = named[start : start + self.page]
            result: dict[str, Any] = {"vulns": [{"id": one, "modified": "2026-01-01T00:00:00Z"} for one in shown]}
            if start + self.page < len(named):
                result["next_page_token"] = str(start + self.page)
            results.append(result if named else {})
        return 200, {"results": results}

    def record(self, name: str) -> tuple[int, Any]:
        return (200, self.records[name]) if name in self.records else (404, {"code": 5, "message": "Bug not found."})


def record(
    name: str, ecosystem: str, package: str, *, fixed: str = "", introduced: str = "0", **more: Any
) -> dict[str, Any]:
    events = [{"introduced": introduced}, *([{"fixed": fixed}] if fixed else [])]
    affected = {
        "package": {"ecosystem": ecosystem, "name": package},
        "ranges": [{"type": "ECOSYSTEM", "events": events}],
    }
    affected.update(more.pop("affected", {}))
    return {
        "id": name,
        "modified": "2026-01-01T00:00:00Z",
        "summary": f"A weakness of {package}",
        "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
        "affected": [affected],
        **more,
    }


@contextmanager
def serving(osv: Osv) -> Iterator[Osv]:  # noqa: C901 -- it is one class inside, of short methods
    """The double, running; its address is in `osv.url`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.answer(None)

        def do_POST(self) -> None:
            self.answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def answer(self, body: Any) -> None:
            with osv._lock:
                osv.requests.append(self.path)
                osv._at_once += 1
                osv.most_at_once = max(osv.most_at_once, osv._at_once)
                bad = bool(osv.fault) and self.path.startswith(osv.only) and osv.dice.random() < osv.share
            try:
                if osv.delay_s:
                    time.sleep(osv.delay_s)
                status, told = osv.batch(body) if body else osv.record(self.path.rpartition("/")[2])
                self.send(status, told, osv.fault if bad else "")
            except OSError:
                pass  # the client has gone
            finally:
                with osv._lock:
                    osv._at_once -= 1

        def send(self, status: int, told: Any, fault: str) -> None:
            if fault == "slow":
                time.sleep(osv.slow_s)
            elif fault == "fewer" and "results" in told:
                told = {"results": told["results"][:-1]}
            elif fault == "null" and "results" in told:
                told = {"results": [None] * len(told["results"])}
            data = b"<html>oops" if fault == "garbage" else json.dumps(told).encode()
            status = {"500": 500, "429": 429, "redirect": 302}.get(fault, status)
            self.send_response(status)
            if fault == "redirect":
                self.send_header("Location", f"{osv.url}/elsewhere")
            if fault == "429":
                self.send_header("Retry-After", "0")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data[: len(data) // 2] if fault == "cut" else data)
            if fault == "cut":
                self.close_connection = True

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    osv.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02))
    thread.start()
    try:
        yield osv
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
