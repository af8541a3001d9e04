"""One connection to a vendor, against servers that do as they are told."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
from contextlib import asynccontextmanager
from shutil import which

import anyio
import httpx2
import pytest

from manyeyes.providers.connections import Connections, Single
from manyeyes.providers.sdk import tls

pytestmark = pytest.mark.anyio

LARGE = b"HTTP/1.1 200 OK\r\ncontent-length: 3000000\r\n\r\n" + b"x" * 3_000_000
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Server(asyncio.Protocol):
    """Notes what arrives, packet by packet, and does one thing for each request."""

    def __init__(self, do, seen):
        self.do, self.seen, self.heard = do, seen, b""

    def connection_made(self, transport):
        self.transport = transport
        self.seen.append([])

    def data_received(self, data):
        self.seen[-1].append(data)
        self.heard += data
        head, _, body = self.heard.partition(b"\r\n\r\n")
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")]
        if b"\r\n\r\n" in self.heard and len(body) >= (int(lengths[0].split(b":")[1]) if lengths else 0):
            self.heard = b""
            self.do(self.transport)


@asynccontextmanager
async def serving(do, *, over=None, trust=None):
    seen = []
    server = await asyncio.get_running_loop().create_server(lambda: Server(do, seen), "127.0.0.1", 0, ssl=over)
    async with httpx2.AsyncClient(transport=Connections(lambda: Single(trust or tls())), timeout=2) as client:
        scheme = "https" if over else "http"
        yield client, f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}/", seen
    server.close()


async def test_head_and_body_go_out_together_and_the_connection_is_used_again():
    async with serving(lambda transport: transport.write(OK)) as (client, url, seen):
        for _ in range(3):
            assert (await client.post(url, content=b"question")).text == "ok"
        (packets,) = seen
        assert len(packets) == 3
        assert all(packet.endswith(b"\r\n\r\nquestion") for packet in packets)


async def test_a_large_body_does_not_wait_for_its_end():
    async with serving(lambda transport: transport.write(OK)) as (client, url, seen):
        assert (await client.post(url, content=b"x" * 1_000_000)).text == "ok"
        assert sum(map(len, seen[0])) > 1_000_000


async def test_a_large_answer_comes_whole():
    async with serving(lambda transport: transport.write(LARGE)) as (client, url, _):
        for _ in range(2):
            assert len((await client.post(url, content=b"question")).content) == 3_000_000


async def test_a_server_that_does_not_read_is_not_waited_for():
    deaf = socket.create_server(("127.0.0.1", 0))  # which nobody accepts connections of
    url = f"http://127.0.0.1:{deaf.getsockname()[1]}/"
    async with httpx2.AsyncClient(transport=Connections(lambda: Single(tls()))) as client:
        with pytest.raises(httpx2.WriteTimeout):
            await client.post(url, content=b"x" * 30_000_000, timeout=0.1)
    deaf.close()


async def test_whoever_is_cancelled_leaves_no_connection_behind():
    closed = asyncio.Event()

    async def silent(reader, writer):
        assert await reader.read() != b""  # to the end
        writer.close()
        closed.set()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with httpx2.AsyncClient(transport=Connections(lambda: Single(tls()))) as client:
        with anyio.move_on_after(0.05) as scope:
            await client.post(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", content=b"question")
        assert scope.cancelled_caught
        await asyncio.wait_for(closed.wait(), 2)
    server.close()


async def test_whoever_is_cancelled_between_two_reads_leaves_no_connection_behind():
    closed = asyncio.Event()

    async def begin(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok")
        assert await reader.read() == b""  # to the end
        writer.close()
        closed.set()

    server = await asyncio.start_server(begin, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with httpx2.AsyncClient(transport=Connections(lambda: Single(tls()))) as client:
        with anyio.move_on_after(0.05) as scope:
            async with client.stream("GET", url):
                await anyio.sleep_forever()
        assert scope.cancelled_caught
        await asyncio.wait_for(closed.wait(), 2)
    server.close()


async def test_one_that_the_server_has_closed_is_made_anew():
    def answer_and_close(transport):
        transport.write(OK)
        transport.close()

    async with serving(answer_and_close) as (client, url, seen):
        for _ in range(3):
            assert (await client.post(url, content=b"question")).text == "ok"
            await asyncio.sleep(0.02)  # the end arrives
        assert len(seen) == 3


async def test_an_answer_left_unread_ends_the_connection():
    async with serving(lambda transport: transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok")) as (
        client,
        url,
        seen,
    ):
        async with client.stream("POST", url, content=b"question"):
            pass
        async with client.stream("POST", url, content=b"question"):
            pass
        assert len(seen) == 2


async def test_a_server_that_answers_before_it_has_read_everything_is_heard():
    class Hasty(asyncio.Protocol):
        def connection_made(self, transport):
            self.transport = transport

        def data_received(self, _data):
            self.transport.write(b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno")

    server = await asyncio.get_running_loop().create_server(Hasty, "127.0.0.1", 0)
    async with httpx2.AsyncClient(transport=Connections(lambda: Single(tls())), timeout=2) as client:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        assert (await client.post(url, content=b"x" * 200_000)).status_code == 413
    server.close()


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (b"", httpx2.RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok", httpx2.RemoteProtocolError),
        (b"nonsense\r\n\r\n", httpx2.RemoteProtocolError),
    ],
)
async def test_faults_are_those_of_the_library(answer, fault):
    def break_off(transport):
        transport.write(answer)
        transport.close()

    async with serving(break_off) as (client, url, _):
        with pytest.raises(fault):
            await client.post(url, content=b"question")


async def test_a_silent_server_and_one_that_is_not_there():
    async with serving(lambda _: None) as (client, url, _):
        with pytest.raises(httpx2.ReadTimeout):
            await client.post(url, content=b"question", timeout=0.05)
    async with httpx2.AsyncClient(transport=Connections(lambda: Single(tls()))) as client:
        with pytest.raises(httpx2.ConnectError):
            await client.get("http://127.0.0.1:1/")
        with pytest.raises(httpx2.UnsupportedProtocol):
            await Single(tls()).handle_async_request(httpx2.Request("GET", "ftp://127.0.0.1/"))


@pytest.mark.skipif(which("openssl") is None, reason="nobody makes a certificate")
async def test_the_same_over_tls(tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate]
    subprocess.run(command, check=True, capture_output=True)
    over = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    over.load_cert_chain(certificate, key)
    trusting = ssl.create_default_context(cafile=certificate)
    async with serving(lambda transport: transport.write(OK), over=over, trust=trusting) as (client, url, seen):
        for _ in range(2):
            assert (await client.post(url, content=b"question")).text == "ok"
        assert [len(packets) for packets in seen] == [2]
    async with serving(lambda transport: transport.write(LARGE), over=over, trust=trusting) as (client, url, _):
        for _ in range(2):
            assert len((await client.post(url, content=b"question")).content) == 3_000_000
    async with serving(lambda transport: transport.write(OK), over=over) as (client, url, _):
        with pytest.raises(httpx2.ConnectError):  # nobody vouches for it
            await client.post(url, content=b"question")
