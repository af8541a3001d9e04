"""Connecting, and streams that break: against servers that misbehave."""

from __future__ import annotations

import asyncio
import gc
import socket
import ssl
import subprocess
import warnings
from contextlib import asynccontextmanager, suppress
from shutil import which

import httpcore2
import httpx2
import pytest

from manyeyes.providers.connections import Connections, Single
from manyeyes.providers.network import Network
from manyeyes.providers.sdk import tls

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


@asynccontextmanager
async def serving(serve, **options):
    server = await asyncio.start_server(serve, "127.0.0.1", 0, **options)
    yield server.sockets[0].getsockname()[1]
    server.close()


def client(trust=None):
    return httpx2.AsyncClient(transport=Connections(lambda: Single(trust or tls())), timeout=2)


async def test_what_came_before_a_connection_broke_is_read():
    async def refuse(_reader, writer):
        writer.write(b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno")
        await asyncio.sleep(0.05)
        writer.transport.abort()  # with much of the question unread

    async with serving(refuse, limit=1) as port, client() as http:
        said = await http.post(f"http://127.0.0.1:{port}/", content=b"x" * 5_000_000)
        assert (said.status_code, said.text) == (413, "no")


async def test_what_comes_unasked_is_no_answer_to_the_next_question():
    async def answer(reader, writer):
        with suppress(asyncio.IncompleteReadError):
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(OK)
                await asyncio.sleep(0.01)
                writer.write(b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    async with serving(answer) as port, client() as http:
        for _ in range(3):
            assert (await http.get(f"http://127.0.0.1:{port}/")).status_code == 200
            await asyncio.sleep(0.03)


@pytest.mark.parametrize("host", ["a" * 70 + ".invalid", "a..invalid"])
async def test_a_name_that_cannot_be_one_is_not_found(host):
    async with client() as http:
        with pytest.raises(httpx2.ConnectError):
            await http.get(f"http://{host}/")


@pytest.fixture
async def two_addresses(monkeypatch):
    """The port of a name of two addresses of which one is refused, and the address that is."""
    closed = socket.socket()
    closed.bind(("127.0.0.1", 0))  # and nobody listens there
    dead = closed.getsockname()
    async with serving(lambda _reader, writer: writer.close()) as port:

        async def found(*_, **__):
            inet = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
            return [(*inet, dead), (*inet, ("127.0.0.1", port))]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", found)
        yield port, dead
    closed.close()


async def test_where_one_address_is_refused_the_next_is_asked(two_addresses):
    port, _ = two_addresses
    stream = await Network().connect_tcp("two.invalid", port, timeout=2)
    assert stream.get_extra_info("server_addr") == ("127.0.0.1", port)
    await stream.aclose()


async def test_where_one_address_is_silent_the_next_is_asked_beside_it(two_addresses, monkeypatch):
    port, dead = two_addresses
    loop = asyncio.get_running_loop()
    to = loop.sock_connect
    silent = {dead}

    async def connect(own, where):
        if where in silent:
            await asyncio.Event().wait()
        await to(own, where)

    monkeypatch.setattr(loop, "sock_connect", connect)
    stream = await Network().connect_tcp("two.invalid", port, timeout=2)
    await stream.aclose()
    silent.add(("127.0.0.1", port))
    with pytest.raises(httpcore2.ConnectTimeout):
        await Network().connect_tcp("two.invalid", port, timeout=0.4)


async def test_where_no_address_answers_each_fault_is_told(two_addresses, monkeypatch):
    port, dead = two_addresses

    async def refuse(_own, where):
        raise ConnectionRefusedError(f"refused by {where[1]}")

    monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", refuse)
    with pytest.raises(httpcore2.ConnectError, match=f"refused by {dead[1]}; refused by {port}"):
        await Network().connect_tcp("two.invalid", port, timeout=2)


@pytest.mark.parametrize("name", ["two.invalid", "127.0.0.1"])
async def test_whoever_is_cancelled_while_connecting_leaves_no_socket_open(two_addresses, name):
    port, _ = two_addresses
    done = 0
    with warnings.catch_warnings(record=True) as left:
        warnings.simplefilter("always")
        for steps in range(40):
            task = asyncio.ensure_future(Network().connect_tcp(name, port, timeout=2))
            for _ in range(steps // 2):
                await asyncio.sleep(0)
            task.cancel()
            try:
                await (await task).aclose()
                done += 1
            except asyncio.CancelledError:
                pass
            await asyncio.sleep(0)
            gc.collect()
    assert done > 0  # every moment before that was met
    assert not [one for one in left if one.category is ResourceWarning]


@pytest.mark.skipif(which("openssl") is None, reason="nobody makes a certificate")
async def test_over_tls_too_a_server_that_does_not_read_is_not_waited_for(tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate]
    subprocess.run(command, check=True, capture_output=True)
    over = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    over.load_cert_chain(certificate, key)
    over_now = asyncio.Event()

    async def deaf(_reader, writer):
        await over_now.wait()
        writer.transport.abort()

    trust = ssl.create_default_context(cafile=certificate)
    async with serving(deaf, ssl=over, limit=1) as port, client(trust) as http:
        with pytest.raises(httpx2.WriteTimeout):
            await http.post(f"https://127.0.0.1:{port}/", content=b"x" * 30_000_000, timeout=0.2)
        over_now.set()
        await asyncio.sleep(0.01)
