"""The proxy that other scanners are behind: nothing passes it that our own prober would not send."""

from __future__ import annotations

from base64 import b64encode
from typing import ClassVar

import anyio
import httpx2
import pytest

from manyeyes.settings import Dast
from manyeyes_tools.probing.client import AGENT, Answer, Asked, connected
from manyeyes_tools.probing.gate import Gate, opened
from manyeyes_tools.probing.scope import origin_of
from wire.answering import Quiet, answering


class Target(Quiet):
    protocol_version = "HTTP/1.1"
    asked: ClassVar[list[tuple[str, str, dict[str, str], bytes]]] = []

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        Target.asked.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        self.send_response(204 if self.path == "/none" else 200)
        self.send_header("X-Kept", "yes")
        self.send_header("Content-Type", "text/plain; charset=latin-1")
        if self.path != "/none":
            self.send_header("Content-Length", "4")
        self.end_headers()
        if self.command != "HEAD" and self.path != "/none":
            self.wfile.write(b"caf\xe9")

    do_POST = do_GET
    do_HEAD = do_GET


@pytest.fixture
def target():
    with answering(Target) as url:
        yield origin_of(url)


def limits(**more):
    return Dast(requests_per_second=5_000, **more)


def through(gate):
    return httpx2.AsyncClient(proxy=gate.opened_by, trust_env=False)


def key(gate):
    return f"Proxy-Authorization: Basic {b64encode(f'manyeyes:{gate.key}'.encode()).decode()}\r\n"


@pytest.mark.anyio
async def test_who_does_not_show_the_key_is_sent_away(target):
    async with (
        connected(target, ("127.0.0.1",), limits()) as client,
        opened(client, 100) as gate,
        opened(client, 100) as other,
    ):
        Target.asked.clear()
        wrong = (gate.proxy, gate.opened_by.replace(gate.key, other.key), gate.opened_by.replace("manyeyes", "x"))
        for number, way in enumerate(wrong):
            async with httpx2.AsyncClient(proxy=way, trust_env=False) as http:
                answer = await http.get(f"{gate.url}/", headers={"Authorization": "Basic x"})
                assert (answer.status_code, gate.refused) == (407, number * 2 + 1)
                assert answer.headers["proxy-authenticate"].startswith("Basic ")
                assert (await http.get("http://evil.example/")).status_code == 407
        assert (Target.asked, gate.sent, gate.outside) == ([], 0, {})
        async with through(gate) as http:
            assert (await http.get(f"{gate.url}/")).status_code == 200
        assert (len(Target.asked), gate.refused) == (1, 6)
        assert gate.key not in str(Target.asked) + repr(gate)


@pytest.mark.anyio
async def test_what_may_be_sent_is_sent_as_it_was_written(target):
    async with connected(target, ("127.0.0.1",), limits(unsafe_methods=True)) as client, opened(client, 100) as gate:
        Target.asked.clear()
        async with through(gate) as http:
            answer = await http.get(f"{gate.url}/a/..%2f?q=%27", headers={"X-Mine": "1", "User-Agent": "theirs"})
            assert (answer.status_code, answer.content, answer.headers["x-kept"]) == (200, b"caf\xe9", "yes")
            assert (await http.post(f"{gate.url}/b", content=b"x=1")).status_code == 200
            assert (await http.post(f"{gate.url}/c", content=iter_of(b"x", b"=2"))).status_code == 200
            assert (await http.head(f"{gate.url}/d")).headers["content-length"] == "0"
            assert (await http.get(f"{gate.url}/none")).status_code == 204
    assert [one[:2] for one in Target.asked] == [
        ("GET", "/a/..%2f?q=%27"), ("POST", "/b"), ("POST", "/c"), ("HEAD", "/d"), ("GET", "/none"),
    ]  # fmt: skip
    assert [one[3] for one in Target.asked[1:3]] == [b"x=1", b"x=2"]
    assert Target.asked[0][2]["x-mine"] == "1"
    assert Target.asked[0][2]["host"] == target.authority
    assert gate.sent == 5
    assert client.sent == 6
    assert Target.asked[0][2]["user-agent"] == "theirs"
    assert Target.asked[1][2]["user-agent"] != AGENT


async def iter_of(*parts):
    for part in parts:
        yield part


@pytest.mark.anyio
async def test_what_lies_outside_reaches_nobody(target, away):
    url, heard = away
    async with connected(target, ("127.0.0.1",), limits()) as client, opened(client, 100) as gate:
        Target.asked.clear()
        async with through(gate) as http:
            for address in (url, gate.url.replace("127.0.0.1", "localhost"), gate.url.replace("http", "ftp")):
                with pytest.raises(httpx2.HTTPError) if address.startswith("ftp") else anyio.CancelScope():
                    assert (await http.get(address)).status_code == 403
            with pytest.raises(httpx2.ProxyError):
                await http.get("https://example.com/")
        keyed = f"GET /plain HTTP/1.1\r\nHost: x\r\n{key(gate)}\r\n".encode()
        for line in (keyed, b"nonsense\r\n\r\n", b"GET " + b"x" * 90_000):
            async with await anyio.connect_tcp("127.0.0.1", gate.port) as stream:
                await stream.send(line)
                try:
                    said = await stream.receive()
                except anyio.EndOfStream:
                    said = b"403"
                assert b"403" in said or b"400" in said
    assert (heard, Target.asked, gate.sent) == ([], [], 0)
    assert len(gate.outside) >= 3


@pytest.mark.anyio
async def test_methods_names_counts_and_time_hold(target):
    async with connected(target, ("127.0.0.1",), limits()) as client, opened(client, 3) as gate:
        Target.asked.clear()
        async with through(gate) as http:
            assert (await http.post(f"{gate.url}/a")).status_code == 405
            assert (await http.get(f"{gate.url}/users/%64elete?id=1")).status_code == 405
            assert gate.held == 2
            codes = [(await http.get(f"{gate.url}/{number}")).status_code for number in range(5)]
            assert codes == [200, 200, 200, 429, 429]
            assert "share of 3" in gate.spent
        async with opened(client, 100, seconds=0.0) as late, through(late) as http:
            assert (await http.get(f"{late.url}/")).status_code == 429
            assert "time" in late.spent
    assert len(Target.asked) == 3


@pytest.mark.anyio
async def test_what_is_not_ascii_ends_no_run(target):
    async with connected(target, ("127.0.0.1",), limits(unsafe_methods=True)) as client, opened(client, 100) as gate:
        Target.asked.clear()
        async with await anyio.connect_tcp("127.0.0.1", gate.port) as stream:
            line = f"GET {gate.url}/odd HTTP/1.1\r\nHost: x\r\nX-Name: caf\u00e9\r\n{key(gate)}\r\n"
            await stream.send(line.encode("latin-1"))
            assert b" 200 " in (await stream.receive()).partition(b"\r\n")[0]
        assert Target.asked[0][2]["x-name"] == "caf\u00e9"
        assert (await client.ask(Asked("GET", "/", (("X-Name", "\u4e2d"),)))).status == 200
        assert (await client.ask(Asked("GET", "/", (("X-Name", "a\r\nX-Other: b"),)))).status == 0
        assert not client.may("G\u00c4T")


@pytest.mark.anyio
async def test_the_rate_is_everyone_s_together(target):
    slow = Dast(requests_per_second=50)
    async with connected(target, ("127.0.0.1",), slow) as client, opened(client, 100) as gate, through(gate) as http:
        began = anyio.current_time()
        async with anyio.create_task_group() as group:
            for number in range(8):
                group.start_soon(http.get, f"{gate.url}/{number}")
                group.start_soon(client.ask, Asked("GET", f"/own{number}"))
        assert anyio.current_time() - began >= 15 / 50


def test_a_target_with_tls_is_reached_by_what_leads_there():
    origin = origin_of("https://example.com")
    gate = Gate(type("Client", (), {"origin": origin})(), 1)
    assert gate._inside("http://example.com:443/a?b=http://x/", "GET") == "/a?b=http://x/"
    assert gate._inside("http://example.com:443?a=/b", "GET") == "/?a=/b"
    assert gate._inside("http://example.com:443", "GET") == "/"
    assert gate._inside("http://example.com/a", "GET") is None
    came = Answer(
        Asked("GET", "/"), 302, (("location", "https://example.com/b"),), data=b"<a href='https://example.com/c'>"
    )
    status, headers, data = gate._back(came)
    assert (status, headers) == (302, [("location", "http://example.com:443/b")])
    assert data == b"<a href='http://example.com:443/c'>"
