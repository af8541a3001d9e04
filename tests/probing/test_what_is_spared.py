"""What a run without leave to change anything never asks for, however the application leads there."""

from __future__ import annotations

from typing import ClassVar
from urllib.parse import unquote

import pytest

from manyeyes.errors import BadCall
from manyeyes.settings import Dast
from manyeyes_tools.probing.client import Asked, connected
from manyeyes_tools.probing.endings import ends
from manyeyes_tools.probing.entries import Entry, Parameter
from manyeyes_tools.probing.prober import probe
from manyeyes_tools.probing.scope import is_local, origin_of, pinned
from wire.answering import Quiet, answering


@pytest.mark.parametrize(
    "target",
    [
        "/account/delete?id=9", "/logout", "/log-out", "/signOff", "/%64elete?id=7", "/%2564elete", "/do?action=purge",
        "/x?a=%72emove", "/table/drop", "/password/reset", "/tokens/revoke", "/order/cancel", "/job/kill",
        "/userDestroy", "/DELETE", "/%EF%BD%84elete", "/unsubscribe", "/a%25" + "25" * 30 + "64elete",
    ],
)  # fmt: skip
def test_names_that_end_or_take_away(target):
    assert ends(target)


@pytest.mark.parametrize(
    "target",
    ["/", "/search?q=%2541", "/skills", "/dropdown", "/dropbox", "/presets", "/nuclear", "/model?x=%00", "/form"],
)
def test_names_that_do_not(target):
    assert not ends(target)


class Traps(Quiet):
    asked: ClassVar[list[str]] = []

    def do_GET(self):
        Traps.asked.append(self.path)
        path = self.path.partition("?")[0]
        body = b""
        if path == "/":
            body = (
                b"<a href='/go?x=1'>g</a><a href='/%64elete?id=7'>d</a><a href='/purge?id=3'>p</a>"
                b"<form action='/account/delete'><input name='id' value='9'></form>"
                b"<form action='/act'><input name='do' value='remove'></form>"
                b"<form action='/logout'><input name='q'></form><form action='/find'><input name='q'></form>"
            )
        self.send_response(302 if path == "/go" else 200)
        if path == "/go":
            self.send_header("Location", "/logout?all=1")
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def traps():
    with answering(Traps) as url:
        Traps.asked.clear()
        yield origin_of(url)


async def told(*_):
    return None


@pytest.mark.anyio
async def test_no_form_redirect_or_encoded_link_leads_to_an_ending(traps):
    known = [Entry("GET", "/users/{id}", (Parameter("id", "path", "1"), Parameter("op", "query", "delete")), "openapi")]
    run = await probe(traps, ("127.0.0.1",), "/", known, limits=Dast(requests_per_second=5_000), tell=told)
    bad = [path for path in Traps.asked if ends(path)]
    assert not bad
    assert any(path.startswith("/find?") for path in Traps.asked)  # what is harmless is tried as before
    assert "/find" in {one.path for one in run.entries}
    assert not {"/account/delete", "/logout", "/act"} & {one.path for one in run.entries}
    (note,) = [one for one in run.notes if "end or take away" in one]
    assert "/account/delete" in unquote(note)


@pytest.mark.anyio
async def test_the_client_itself_sends_none(traps):
    async with connected(traps, ("127.0.0.1",), Dast(requests_per_second=5_000)) as client:
        assert (await client.ask(Asked("GET", "/%2564elete?x=1"))).status == 0
        assert (await client.ask(Asked("GET", "/go"), follow=True)).status == 302
        assert list(client.spared) == ["/%2564elete", "/logout"]
    assert Traps.asked == ["/", "/go"]
    async with connected(traps, ("127.0.0.1",), Dast(requests_per_second=5_000, unsafe_methods=True)) as client:
        assert (await client.ask(Asked("GET", "/delete"))).status == 200


@pytest.mark.parametrize(
    "address",
    ["64:ff9b::7f00:1", "2002:7f00:1::", "::ffff:7f00:1", "::7f00:1", "64:ff9b::a9fe:a9fe", "::ffff:0:7f00:1", "::1"],
)
def test_this_machine_inside_an_address_of_ipv6(address):
    assert is_local(address)


def test_other_machines_are_not_local():
    assert not any(map(is_local, ("64:ff9b::808:808", "2002:808:808::", "2001:db8::1", "192.0.2.1", "name")))


@pytest.mark.anyio
async def test_localhost_is_this_machine_or_nothing():
    async def lookup(_host, _port):
        return ("127.0.0.1", "192.0.2.1")

    with pytest.raises(BadCall, match="leads to another one"):
        await pinned(origin_of("http://localhost:8000"), lookup)


def test_no_port_zero():
    with pytest.raises(BadCall, match="port 0"):
        origin_of("http://127.0.0.1:0/")
