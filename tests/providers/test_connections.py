from __future__ import annotations

import anyio
import httpx2
import pytest

from manyeyes.model import no_pulse
from manyeyes.providers.connections import KEPT_S, Connections, transport
from manyeyes.providers.sdk import tls
from manyeyes.types import Message, Request

pytestmark = pytest.mark.anyio


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Body(httpx2.AsyncByteStream):
    closed = False

    async def __aiter__(self):
        yield b"ok"

    async def aclose(self):
        self.closed = True


class One(httpx2.AsyncBaseTransport):
    """A transport that says how it fared."""

    def __init__(self):
        self.asked = 0
        self.closed = False
        self.fault: Exception | None = None
        self.hold: anyio.Event | None = None

    async def handle_async_request(self, request):
        self.asked += 1
        if self.hold is not None:
            await self.hold.wait()
        if self.fault is not None:
            raise self.fault
        return httpx2.Response(200, stream=Body())

    async def aclose(self):
        self.closed = True


@pytest.fixture
def made():
    return []


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def client(made, clock):
    def make() -> One:
        made.append(One())
        return made[-1]

    return httpx2.AsyncClient(transport=Connections(make, clock=clock))


async def test_one_after_another_take_the_same(client, made):
    for _ in range(3):
        assert (await client.get("http://a/")).text == "ok"
    assert [one.asked for one in made] == [3]


async def test_each_at_the_same_time_has_its_own_and_the_last_used_comes_first(client, made):
    async with client.stream("GET", "http://a/"), client.stream("GET", "http://a/"):
        pass
    assert [one.asked for one in made] == [1, 1]
    await client.get("http://a/")
    assert [one.asked for one in made] == [2, 1]  # the outer one was given back last


async def test_a_request_that_fails_or_is_cancelled_gives_its_connection_back(client, made):
    await client.get("http://a/")
    made[0].fault = httpx2.ConnectError("no")
    with pytest.raises(httpx2.ConnectError):
        await client.get("http://a/")
    made[0].fault, made[0].hold = None, anyio.Event()
    async with anyio.create_task_group() as group:
        group.start_soon(client.get, "http://a/")
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()
    made[0].hold = None
    await client.get("http://a/")
    assert len(made) == 1


async def test_what_is_idle_for_long_is_closed(client, made, clock):
    async with client.stream("GET", "http://a/"), client.stream("GET", "http://a/"):
        pass
    clock.now += KEPT_S + 1
    await client.get("http://a/")
    assert [one.closed for one in made] == [False, True]


async def test_closing_closes_all(client, made):
    async with client.stream("GET", "http://a/"):
        await client.get("http://a/")
        await client.aclose()
    assert [one.closed for one in made] == [True, True]


async def test_where_there_is_a_proxy_the_library_asks_it(monkeypatch):
    assert transport(tls(), "https://vendor.example") is not None
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid:1")
    assert transport(tls(), "https://vendor.example") is None


@pytest.mark.parametrize("url", ["http://127.0.0.1:11434/v1", "http://localhost:1/v1", "https://[::1]:1"])
async def test_on_the_way_to_loopback_there_is_no_proxy(monkeypatch, url):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid:1")
    assert transport(tls(), url) is not None


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
async def test_no_sdk_asks_a_proxy_on_the_way_to_loopback(monkeypatch, name, double, vendor):
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    double.reply(vendor.says("Good morning."))
    provider = vendor.provider(double.url)
    request = Request(messages=(Message(role="user", text="hello"),))
    assert (await provider.model(vendor.model).complete(request, no_pulse)).text == "Good morning."
    await provider.aclose()
