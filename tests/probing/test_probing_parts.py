"""Scope, pages, entries, descriptions, listener and client, each by itself."""

from __future__ import annotations

import json
import time
from typing import ClassVar

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manyeyes.errors import BadCall
from manyeyes.settings import Dast
from manyeyes_tools.probing.client import AGENT, Answer, Asked, Exhausted, connected
from manyeyes_tools.probing.crawler import crawl
from manyeyes_tools.probing.entries import Entry, Parameter, Point, from_link, points, together
from manyeyes_tools.probing.listener import listening
from manyeyes_tools.probing.openapi import entries_of
from manyeyes_tools.probing.pages import read_page, runs
from manyeyes_tools.probing.plan import MOST, plan
from manyeyes_tools.probing.probes import PROBES
from manyeyes_tools.probing.probes.errors import trace_in
from manyeyes_tools.probing.probes.scripts import held_back
from manyeyes_tools.probing.proof import shape
from manyeyes_tools.probing.scope import allowed, origin_of, pinned
from wire.answering import Quiet, answering

HERE = origin_of("http://127.0.0.1:8000/")


@pytest.mark.parametrize(
    ("base", "location", "inside"),
    [
        ("/", "/next?a=1", "/next?a=1"),
        ("/a/b", "c", "/a/c"),
        ("/", "http://127.0.0.1:8000/x", "/x"),
        ("/", "HTTP://127.0.0.1:8000", "/"),
        ("/", "/a b\r\nX: y", "/a%20bX:%20y"),
        ("/", "http://127.0.0.1:8001/", None),
        ("/", "https://127.0.0.1:8000/", None),
        ("/", "http://localhost:8000/", None),
        ("/", "//evil.example/", None),
        ("/", "http://127.0.0.1:8000@evil.example/", None),
        ("/", "http://user@127.0.0.1:8000/", None),
        ("/", "javascript:alert(1)", None),
        ("/", "http://[::1/", None),
        ("/", "http://127.0.0.1:99999/", None),
    ],
)
def test_what_lies_inside_the_origin(base, location, inside):
    assert HERE.inside(base, location) == inside


@given(st.text(max_size=60))
@settings(max_examples=100, deadline=None)
def test_whatever_a_page_links_to_the_target_is_plain_text_for_the_wire(link):
    target = HERE.inside("/", link)
    assert target is None or (
        target.startswith("/") and target.isascii() and target.isprintable() and " " not in target
    )


@pytest.mark.parametrize(
    "url",
    ["ftp://127.0.0.1/", "127.0.0.1:8000", "http://", "http://user:x@127.0.0.1/", "http://127.0.0.1:x/", "http://a b/"],
)
def test_what_is_no_address_is_refused(url):
    with pytest.raises(BadCall):
        origin_of(url)


def test_only_what_is_listed_is_allowed():
    assert allowed("http://127.0.0.1:8000/deep?x=1", ["http://127.0.0.1:8000"]) == HERE
    assert allowed("https://app.example/", ["https://app.example:443"]).port == 443
    for url in ("http://127.0.0.1:8001/", "http://app.example/", "http://sub.app.example/"):
        with pytest.raises(BadCall, match="has not listed"):
            allowed(url, ["http://127.0.0.1:8000", "https://app.example"])


@pytest.mark.parametrize("target", ["http://127.0.0.1:8000/path", "127.0.0.1", "ftp://x", "http://u:p@x"])
def test_a_list_holds_origins(target):
    with pytest.raises(ValueError, match="must be"):
        Dast(targets=(target,))


@pytest.mark.anyio
async def test_a_name_that_leads_to_this_machine_is_not_followed_there():
    async def lookup(host, port):
        return {"app.example": ("192.0.2.1",), "sly.example": ("192.0.2.1", "127.0.0.1"), "gone.example": ()}[host]

    assert await pinned(origin_of("http://app.example"), lookup) == ("192.0.2.1",)
    for host, said in (("sly.example", "leads to this machine"), ("gone.example", "no address")):
        with pytest.raises(BadCall, match=said):
            await pinned(origin_of(f"http://{host}"), lookup)
    for address in ("::ffff:127.0.0.1", "169.254.169.254", "0.0.0.0", "::1"):

        async def to(host, port, address=address):
            return (address,)

        with pytest.raises(BadCall):
            await pinned(origin_of("http://sly.example"), to)


class Echo(Quiet):
    protocol_version = "HTTP/1.1"
    asked: ClassVar[list[tuple[str, str, dict[str, str]]]] = []

    def do_GET(self):
        Echo.asked.append((self.command, self.path, dict(self.headers)))
        if self.path == "/huge":
            self.send_response(200)
            self.end_headers()
            try:
                for _ in range(100):
                    self.wfile.write(b"x" * 100_000)
            except OSError:
                pass
            self.close_connection = True
            return
        self.send_response(302 if self.path.startswith("/hop") else 200)
        if self.path.startswith("/hop"):
            self.send_header("Location", f"/hop{int(self.path[4:]) + 1}" if int(self.path[4:]) < 20 else "/")
        self.send_header("Set-Cookie", "session=abc; Path=/")
        self.send_header("Content-Type", "text/html")
        body = b"<a href='/logout'>x</a><a href='//other.example/'>y</a>" + b"".join(
            b"<a href='/item/%d'>i</a>" % n for n in range(40)
        )
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def echo():
    with answering(Echo) as url:
        Echo.asked.clear()
        yield int(url.rpartition(":")[2])


def limits(**more):
    return Dast(requests_per_second=5_000, **more)


@pytest.mark.anyio
async def test_the_client_goes_to_the_pinned_address_and_says_who_it_is(echo, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    origin = origin_of(f"http://app.example:{echo}")
    async with connected(origin, ("127.0.0.1",), limits()) as client:
        answer = await client.ask(Asked("GET", "/../raw%2f?x=%00"))
        assert answer.status == 200
    _, path, headers = Echo.asked[-1]
    assert path == "/../raw%2f?x=%00"
    assert headers["Host"] == f"app.example:{echo}"
    assert headers["User-Agent"] == AGENT
    assert "ManyEyes" in AGENT
    assert headers["Cookie"] == "session=abc"


@pytest.mark.anyio
async def test_methods_hops_bodies_and_counts_are_bounded(echo):
    origin = origin_of(f"http://127.0.0.1:{echo}")
    async with connected(origin, ("127.0.0.1",), limits(max_requests=12)) as client:
        with pytest.raises(BadCall, match="unsafe_methods"):
            await client.ask(Asked("POST", "/"))
        assert len((await client.ask(Asked("GET", "/huge"))).body) == 1_000_000
        await client.ask(Asked("GET", "/hop0"), follow=True)
        assert client.sent <= 9
        broken = await client.ask(Asked("GET", "/", (("X", "a\r\nb"),)))
        assert broken.status == 0
        while client.sent < 12:
            await client.ask(Asked("GET", "/"))
        with pytest.raises(Exhausted, match="12 requests"):
            await client.ask(Asked("GET", "/"))
    assert all(command == "GET" for command, *_ in Echo.asked)


@pytest.mark.anyio
async def test_requests_are_spaced(echo):
    origin = origin_of(f"http://127.0.0.1:{echo}")
    began = time.monotonic()
    async with connected(origin, ("127.0.0.1",), Dast(requests_per_second=50)) as client:
        for _ in range(10):
            await client.ask(Asked("GET", "/"))
    assert time.monotonic() - began >= 0.19


@pytest.mark.anyio
async def test_crawling_keeps_inside_and_leaves_endings_alone(echo):
    origin = origin_of(f"http://127.0.0.1:{echo}")
    async with connected(origin, ("127.0.0.1",), limits(max_pages=30)) as client:
        found = await crawl(client, ["/"])
    assert found.left == ["/logout"]
    assert not any(path.startswith("/logout") for _, path, _ in Echo.asked)
    assert len(found.answers) == 4  # three of one shape tell as much as forty
    assert [one.path for one in together(found.entries)] == ["/", "/item/{segment2}"]


@pytest.mark.anyio
async def test_the_listener_hears_paths():
    async with listening(None) as listener, httpx2.AsyncClient(trust_env=False) as http:
        assert not listener.heard("word")
        await http.get(f"{listener.url}/word?x=1")
        assert listener.heard("word")
        with pytest.raises(BadCall, match="callback"):
            async with listening(listener.url):
                pass


@pytest.mark.parametrize(
    ("page", "how"),
    [
        ("<p>{c}</p>", ""),
        ("<script>{c}</script>", "script"),
        ("<SCRIPT type=x>var a = 1; {c}</SCRIPT >", "script"),
        ("&lt;script&gt;{c}&lt;/script&gt;", ""),
        ("<!-- <script>{c}</script> -->", ""),
        ("<!--> <script>{c}</script>", "script"),
        ("<textarea><script>{c}</script></textarea>", ""),
        ("<title><script>{c}</script></title>", ""),
        ("<textarea></textarea><script>{c}</script>", "script"),
        ("<script>var a = '{c}';</script>", ""),
        ("<script>var a = '';{c};'';</script>", "script"),
        (r"<script>var a = '\';{c};//';</script>", ""),
        ("<script>// {c}\n</script>", ""),
        ("<script>/* {c} */</script>", ""),
        ("<script>/* x */ {c}</script>", "script"),
        ("<script>`{c}`</script>", ""),
        ('<input value="{c}">', ""),
        ('<input value="" onfocus="{c}">', "event"),
        ("<input value=a onfocus={c}>", "event"),
        ('<input value="&quot; onfocus=&quot;{c}">', ""),
        ('<a href="javascript:{c}">', "javascript"),
        ('<a href="/javascript:{c}">', ""),
        ('<a title="javascript:{c}">', ""),
        ("<script>{c}", "script"),
        ("<script {c}", ""),
        ("<style><script>{c}</script></style>", ""),
    ],
)
def test_where_a_browser_would_run_it(page, how):
    found = runs(page.replace("{c}", "me123()"), "me123()")
    assert how in found
    assert bool(found) == bool(how)


@given(st.text(alphabet="<>!-/ab='\" scriptea?", max_size=200))
@settings(max_examples=150, deadline=None)
def test_any_text_can_be_read_as_a_page(text):
    read_page(text)


@pytest.mark.parametrize("part", ["<!--", "<a ", "<a href='", "<script>", "<a b=", "<form><input name=a>", "<![", "</"])
def test_a_hostile_page_takes_no_longer_than_its_length(part):
    began = time.perf_counter()
    read_page((part * 100_000)[:300_000])
    assert time.perf_counter() - began < 3


def test_forms_are_read_with_values_that_fit():
    page = read_page(
        "<form action=/go method=post><input name=a value=1><input type=email name=b><input type=submit name=no>"
        "<select name=c><option value=x>x<option value=y>y</select><textarea name=d>old</textarea></form>"
        "<input name=out>"
    )
    (form,) = page.forms
    assert (form.action, form.method) == ("/go", "POST")
    assert form.fields == [("a", "1"), ("b", "someone@example.invalid"), ("c", "x"), ("d", "text")]


def test_entries_put_each_value_in_its_place():
    entry = Entry(
        "POST",
        "/a/{id}",
        (
            Parameter("id", "path", "1"),
            Parameter("q", "query", "x y"),
            Parameter("f", "json", "v"),
            Parameter("H", "header", "h"),
            Parameter("c", "cookie", "k"),
            Parameter("csrf_token", "query", "t"),
        ),
    )
    asked = entry.asked()
    assert asked.target == "/a/1?q=x%20y&csrf_token=t"
    assert json.loads(asked.body) == {"f": "v"}
    assert dict(asked.headers) == {"H": "h", "Cookie": "c=k", "Content-Type": "application/json"}
    assert Point(entry, entry.parameters[0]).asked("../x").target.startswith("/a/../x?")
    assert Point(entry, entry.parameters[3]).asked("a\r\nb: c").headers[0] == ("H", "ab: c")
    assert [one.parameter.name for one in points(entry)] == ["id", "q", "f", "H", "c"]


def test_links_with_numbers_and_files_are_values_too():
    assert from_link("/item/12?x=1").path == "/item/{segment2}"
    assert from_link("/files/readme.txt").parameters == (Parameter("segment2", "path", "readme.txt"),)
    assert from_link("/index.html").parameters == ()


def test_entries_known_from_code_keep_their_place_and_take_values_from_pages():
    code = Entry("GET", "/item/{id}", (Parameter("id", "path", "text"), Parameter("q", "query", "text")), "code")
    page = from_link("/item/7?q=real&more=1")
    (both,) = together([code, page])
    assert both.path == "/item/{id}"
    assert [(one.name, one.value) for one in both.parameters] == [("id", "7"), ("q", "real"), ("more", "1")]


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"openapi": 1, "paths": []}', '{"openapi": "3", "paths": {"/a": 1}}', "9" * 5000]
)
def test_what_is_no_description_gives_no_entries(text):
    assert entries_of(text) == []


def test_descriptions_of_both_kinds_are_read():
    three = {
        "openapi": "3.1.0",
        "paths": {
            "/a/{id}": {
                "parameters": [{"$ref": "#/components/parameters/Id"}],
                "post": {
                    "parameters": [{"name": "bad name\n", "in": "header"}, {"name": "Host", "in": "header"}],
                    "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/S"}}}},
                },
                "trace": {},
            }
        },
        "components": {
            "parameters": {"Id": {"name": "id", "in": "path", "schema": {"type": "integer"}}},
            "schemas": {"S": {"properties": {"n": {"enum": ["one"]}, "r": {"$ref": "http://evil.example/x"}}}},
        },
    }
    (entry,) = entries_of(json.dumps(three))
    assert entry.asked().target == "/a/1"
    assert json.loads(entry.asked().body) == {"n": "one", "r": "text"}
    assert entry.asked().headers == (("Content-Type", "application/json"),)
    two = {
        "swagger": "2.0",
        "basePath": "/v1",
        "paths": {"/b": {"post": {"parameters": [{"name": "f", "in": "formData", "type": "string"}]}}},
    }
    (entry,) = entries_of(json.dumps(two))
    assert (entry.path, entry.asked().body) == ("/v1/b", b"f=text")


def test_a_description_that_refers_to_itself_ends():
    circle = {"openapi": "3", "paths": {"/a": {"get": {"parameters": [{"$ref": "#/x"}]}}}, "x": {"$ref": "#/x"}}
    assert [one.parameters for one in entries_of(json.dumps(circle))] == [()]


def test_what_reflects_the_payload_does_not_count_as_a_difference():
    def answer(body):
        return Answer(Asked("GET", "/"), 200, (), body)

    one, two = "' AND 11=11", "' AND 22=23"
    for form in ("{}", "&#39; AND {}", "&#x27; AND {}", "%27%20AND%20{}", "'+AND+{}"):
        first, second = form.format(one if form == "{}" else "11=11"), form.format(two if form == "{}" else "22=23")
        first, second = (text.replace("=", "%3D") if "%20" in form or "+" in form else text for text in (first, second))
        if "+" in form:
            first, second = first.replace("'", "%27"), second.replace("'", "%27")
        assert shape(answer(f"<p>{first}</p> 12:30:01"), one) == shape(answer(f"<p>{second}</p> 12:30:02"), two)
    assert shape(answer("yes"), one) != shape(answer("no"), two)


@pytest.mark.parametrize(
    ("policy", "held"),
    [
        ("", False),
        ("default-src 'self'", True),
        ("script-src 'self' 'unsafe-inline'", False),
        ("script-src 'unsafe-inline' 'nonce-abc'", True),
        ("img-src 'self'", False),
        ("default-src 'none'; script-src 'unsafe-inline'", False),
    ],
)
def test_a_policy_that_holds_scripts_back(policy, held):
    headers = (("content-security-policy", policy),) if policy else ()
    assert held_back(Answer(Asked("GET", "/"), 200, headers)) is held


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('Traceback (most recent call last):\n  File "/a.py", line 3, in f', True),
        ("Traceback (most recent call last)", False),
        ("at a.b.C.run(C.java:12)\n at a.b.D.go(D.java:3)\n", True),
        ("look at a.b.C.run(C.java:12)", False),
        ("TypeError: x\n    at f (/app/index.js:3:4)\n    at g (/app/index.js:5:6)\n", True),
        ("Fatal error: Uncaught Error in /var/www/a.php on line 3", True),
        ("goroutine 1 [running]:\nmain.main()\n\t/app/main.go:3", True),
        ("An error occurred.", False),
    ],
)
def test_what_is_a_call_stack(text, found):
    assert bool(trace_in(Answer(Asked("GET", "/"), 500, (), text))) is found


def test_a_plan_that_is_cut_still_names_every_weakness():
    entries = [Entry("POST", f"/{n}", (Parameter("a", "form", "1"), Parameter("b", "form", "1"))) for n in range(20)]
    rows, total = plan(entries)
    assert len(rows) == MOST < total
    assert {probe.weakness.cwe for probe in PROBES} <= {row.cwe for row in rows}
    assert rows[0].parameters == ["a", "b"]
    assert rows[0].request.startswith("POST /0 with a=")
    assert plan([]) == ([], 0)
