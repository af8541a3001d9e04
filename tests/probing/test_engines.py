"""Other people's scanners: held to the scope, their words judged, their failures told."""

from __future__ import annotations

import base64
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from manyeyes.cli import main
from manyeyes.settings import Dast, found_program
from manyeyes_tools.probing.client import connected
from manyeyes_tools.probing.engines import schemathesis, wapiti
from manyeyes_tools.probing.engines.engine import Nonsense, Reported, Task
from manyeyes_tools.probing.engines.running import Work, run_engine
from manyeyes_tools.probing.prober import Run, _others, _Work
from manyeyes_tools.probing.proof import Lab
from manyeyes_tools.probing.scope import origin_of

BEGIN = f"""#!{sys.executable}
import json, os, socket, sys, time, urllib.request
if "--version" in sys.argv:
    print("9.8.7")
    sys.exit()
given = dict(zip(sys.argv[1:], sys.argv[2:]))
through = urllib.request.build_opener(urllib.request.ProxyHandler({{"http": given["--proxy"]}}))
"""
REPORT = """
def entry(path, parameter, **more):
    return dict(method="GET", path=path, parameter=parameter, info="seen by me", module="m",
                http_request=f"GET {path}?{parameter}=1 HTTP/1.1\\nhost: x", **more)
found = {"SQL Injection": [entry("/search", "q"), entry("/search", "q")],
         "Path Traversal": [entry("/hidden/read", "name")], "LDAP Injection": [entry("/length", "q")],
         "Internal Server Error": [entry("/go", "next")], "Unheard Of": [entry("/", "")], "Open Redirect": "nonsense"}
json.dump({"vulnerabilities": found, "anomalies": {}}, open(given["--output"], "w"))
"""
ESCAPE = """
tried = {}
def attempt(name, what):
    try:
        what()
        tried[name] = "went through"
    except PermissionError as error:
        tried[name] = "kept"
    except Exception as error:
        tried[name] = type(error).__name__
host, port = OUTSIDE
attempt("direct", lambda: socket.create_connection((host, port), 2))
attempt("udp", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", (host, port)))
attempt("name", lambda: socket.getaddrinfo("example.com", 80))
attempt("program", lambda: __import__("subprocess").run(["true"]))
attempt("shell", lambda: os.system("true"))
attempt("unhooked", lambda: sys.addaudithook(lambda *_: None) or socket.create_connection((host, port), 2))
attempt("redirect", lambda: through.open(given["--url"].rstrip("/") + "/away", timeout=5))
print(json.dumps(tried), file=sys.stderr)
json.dump(tried, open(os.environ["HOME"] + "/../TRIED", "w"))
"""


def program(folder, text):
    path = folder / "engine"
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


FEW = {
    "MANYEYES_DAST_MAX_PAGES": "1",
    "MANYEYES_DAST_UNSAFE_METHODS": "true",
    "MANYEYES_DAST_ENGINES": "wapiti",
    "MANYEYES_DAST_TIMEOUT_S": "5",
}


@pytest.mark.anyio
async def test_what_is_reported_is_proved_or_said_to_be_unproved(weak, away, scan, tmp_path):
    ask = "through.open(given['--url'].rstrip('/') + '/about').read()\n"
    path = program(tmp_path, BEGIN + ask + REPORT)
    result = await scan(weak, {**FEW, "MANYEYES_DAST_WAPITI": path}, target_url=f"{weak}/about")
    by_source = {source: one for one in result.findings for source in one.sources if source.startswith("wapiti:")}
    proved = by_source["wapiti:sql"]
    assert "manyeyes:dast-sql-injection" in proved.sources
    assert proved.confidence > 0.9
    assert proved.path == f"{weak}/search"
    unproved = by_source["wapiti:file"]
    assert unproved.confidence <= 0.5
    assert unproved.explanation.count("Not proved: wapiti reports it") == 1
    assert "wapiti:ldap" in by_source
    assert len([one for one in result.findings if one.path == f"{weak}/search" and one.cwe == "CWE-89"]) == 1
    assert "wapiti:error" in by_source  # the same request was asked for again, and did not fail
    assert "3 more were reported by other scanners and not proved" in result.summary
    assert any(note.startswith("wapiti 9.8.7 sent 1 requests and reported 4 things") for note in result.notes)
    assert not [one for one in result.problems if "wapiti" in one]
    assert away[1] == []


@pytest.mark.anyio
@pytest.mark.skipif(not Path("/proc").exists(), reason="the guard is told apart by what the system says")
async def test_a_scanner_that_wants_out_stays_in(weak, away, scan, tmp_path):
    url, heard = away
    host, port = url.removeprefix("http://").removesuffix("/outside").split(":")
    tried = tmp_path / "TRIED"
    text = ESCAPE.replace("OUTSIDE", repr((host, int(port)))).replace(
        'os.environ["HOME"] + "/../TRIED"', repr(str(tried))
    )
    path = program(tmp_path, BEGIN + text + REPORT)
    await scan(weak, {**FEW, "MANYEYES_DAST_WAPITI": path}, target_url=f"{weak}/about")
    said = json.loads(tried.read_text())
    assert said.pop("redirect") == "HTTPError"  # the gate answers in the other's place
    assert set(said) == {"direct", "udp", "name", "program", "shell", "unhooked"}
    assert set(said.values()) == {"kept"}
    assert heard == []


FAULTS = {
    "missing": (None, "is not installed, or not on the PATH"),
    "dies": (BEGIN + "sys.exit('it broke: no such thing')\n", "it broke: no such thing"),
    "hangs": (BEGIN + "time.sleep(600)\n", "took longer than"),
    "nonsense": (BEGIN + "open(given['--output'], 'w').write('<html>no</html>')\n", "no report in JSON"),
    "half": (BEGIN + "open(given['--output'], 'w').write('{\"vulnerabilities\": {\"SQL')\n", "no report in JSON"),
    "silent": (BEGIN, "no report in JSON"),
    "no Python": ("#!/bin/sh\necho 1.0\n", "no Python program that can be kept"),
    "isolated": (BEGIN.replace("\n", " -I\n", 1) + REPORT, "no Python program that can be kept"),
    "fails late": (BEGIN + REPORT + "sys.exit(3)\n", "ended with exit code 3"),
}


@pytest.mark.anyio
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_scanner_that_fails_is_named_and_takes_nothing_along(weak, scan, tmp_path, fault):
    text, said = FAULTS[fault]
    path = program(tmp_path, text) if text is not None else str(tmp_path / "not-there")
    few = {**FEW, "MANYEYES_DAST_MAX_REQUESTS": "600", "MANYEYES_DAST_WAPITI": path}
    if fault == "hangs":
        few["MANYEYES_DAST_MAX_SECONDS"] = "18"
    result = await scan(weak, few, target_url=f"{weak}/about")
    assert result.status == "partial"
    assert any(one.startswith("wapiti") and said in one for one in result.problems), result.problems
    assert any(one.cwe == "CWE-693" for one in result.findings)


@pytest.mark.anyio
async def test_saying_its_version_takes_no_more_than_its_time(weak, tmp_path):
    path = program(tmp_path, BEGIN.replace("    print(", "    time.sleep(30)\n    print("))
    limits = Dast(engines=("wapiti",), wapiti=path)
    async with connected(origin_of(weak), ("127.0.0.1",), limits) as client:
        work = Work(client, path, "/", None, most=5, seconds=1.5, mask=str)
        with anyio.fail_after(10):
            heard = await run_engine(wapiti.ENGINE, work)
    assert heard.problems[0].startswith("wapiti: ")


TELLS = """
parts = dict(argv=sys.argv, line=open("/proc/self/cmdline").read(), left=dict(os.environ))
json.dump(parts, open(os.path.dirname(sys.argv[0]) + "/TOLD", "w"))
through.open(given["--url"]).read()
"""
KEYLESS = """
from urllib.parse import urlsplit
bare = "http://127.0.0.1:%d" % urlsplit(given["--proxy"]).port
through = urllib.request.build_opener(urllib.request.ProxyHandler({"http": bare}))
try:
    through.open(given["--url"])
except urllib.error.HTTPError as error:
    assert error.code == 407
"""


@pytest.mark.anyio
@pytest.mark.skipif(not Path("/proc").exists(), reason="what others see of a program is told by the system")
async def test_the_key_of_the_proxy_stands_where_no_other_user_reads_it(weak, tmp_path):
    path = program(tmp_path, BEGIN + TELLS + REPORT)
    async with connected(origin_of(weak), ("127.0.0.1",), Dast(wapiti=path)) as client:
        heard = await run_engine(wapiti.ENGINE, Work(client, path, "/", None, most=5, seconds=30, mask=str))
    told = json.loads((tmp_path / "TOLD").read_text())
    proxy = told["argv"][told["argv"].index("--proxy") + 1]
    key = proxy.removeprefix("http://manyeyes:").partition("@")[0]
    assert len(key) > 30
    assert key not in told["line"]
    assert "--proxy\0http://127.0.0.1:" in told["line"]
    assert key not in str(told["left"])
    assert heard.problems == []
    assert heard.notes[0].startswith("wapiti 9.8.7 sent 1 requests and reported")


@pytest.mark.anyio
async def test_a_scanner_that_does_not_use_its_key_is_not_taken_for_a_clean_one(weak, tmp_path):
    path = program(tmp_path, BEGIN + KEYLESS + REPORT.replace("[entry", "[] and [entry"))
    async with connected(origin_of(weak), ("127.0.0.1",), Dast(wapiti=path)) as client:
        heard = await run_engine(wapiti.ENGINE, Work(client, path, "/", None, most=5, seconds=30, mask=str))
    assert heard.problems == ["wapiti tried nothing: 1 requests came to its proxy without the key that it was given."]


HANGS = """
open(os.path.dirname(sys.argv[0]) + "/PID.part", "w").write(str(os.getpid()))
os.rename(os.path.dirname(sys.argv[0]) + "/PID.part", os.path.dirname(sys.argv[0]) + "/PID")
time.sleep(600)
"""


@pytest.mark.anyio
async def test_time_that_is_up_loses_nothing_of_those_that_were_done(weak, tmp_path):
    (tmp_path / "late").mkdir()
    limits = Dast(
        engines=("wapiti", "schemathesis"),
        wapiti=program(tmp_path, BEGIN + REPORT),
        schemathesis=program(tmp_path / "late", BEGIN + HANGS),
    )
    marker, run = tmp_path / "late" / "PID", Run()
    async with connected(origin_of(weak), ("127.0.0.1",), limits) as client:

        async def tell(*_said):
            pass

        work = _Work(client, Lab(client), run, tell, "/", '{"openapi": "3.0.3", "paths": {"/a": {"get": {}}}}')
        with anyio.fail_after(60):
            async with anyio.create_task_group() as group:
                group.start_soon(_others, work, anyio.current_time() + 600, str)
                while not marker.exists():
                    await anyio.sleep(0.02)
                group.cancel_scope.cancel()
    assert {one.reported.source for one in run.unproved} >= {"wapiti:sql", "wapiti:file", "wapiti:ldap"}
    assert run.problems == ["Stopped before they were done: schemathesis."]
    assert run.notes[0].startswith("wapiti 9.8.7 sent 0 requests and reported 4 things")
    with pytest.raises(ProcessLookupError):
        os.kill(int(marker.read_text()), 0)


@pytest.mark.anyio
async def test_no_room_for_what_a_scanner_needs_is_told(weak, tmp_path):
    def full(_task):
        raise OSError(28, "No space left on device")

    path = program(tmp_path, BEGIN)
    async with connected(origin_of(weak), ("127.0.0.1",), Dast(wapiti=path)) as client:
        work = Work(client, path, "/", None, most=5, seconds=30, mask=str)
        heard = await run_engine(replace(wapiti.ENGINE, prepare=full), work)
    assert heard.problems == ["wapiti was not run: No space left on device."]


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"null", b'{"vulnerabilities": []}', b"\xff\xfe", b"[" * 99_999])
def test_what_is_no_report_is_nonsense(data):
    with pytest.raises(Nonsense):
        wapiti.read(data, None)
    with pytest.raises(Nonsense):
        schemathesis.read(data, None)


def task(tmp_path, **more):
    return Task("http://127.0.0.1:80", "http://127.0.0.1:9", "/", tmp_path, 10.0, 5.0, "us", **more)


def test_requests_of_schemathesis_are_read_as_they_were_sent(tmp_path):
    request = {
        "method": "POST", "uri": "http://127.0.0.1:80/api/notes?a=1", "headers": {"Content-Type": ["application/json"]},
        "body": {"$base64": base64.b64encode(b'{"text": {}}').decode()},
    }  # fmt: skip
    check = {"name": "not_a_server_error", "status": "failure", "failure_info": {"failure": {"title": "Server error"}}}
    recorder = {"label": "POST /notes", "checks": {"x": [check, {}, 5]}, "interactions": {"x": {"request": request}}}
    lines = [{"Initialize": {}}, {"ScenarioFinished": {"recorder": recorder}}]
    data = b"\n".join(json.dumps(one).encode() for one in lines) + b'\n{"ScenarioFin'
    (one,) = schemathesis.read(data, task(tmp_path, base="/api"))
    assert (one.method, one.path, one.target, one.body) == ("POST", "/api/notes", "/api/notes?a=1", b'{"text": {}}')
    assert (one.source, one.headers) == ("schemathesis:not_a_server_error", (("Content-Type", "application/json"),))


def test_a_document_leads_nowhere_else(tmp_path):
    document = {
        "openapi": "3.0.3", "$id": "http://evil.example/", "servers": [{"url": "http://evil.example/v1"}],
        "paths": {"/a": {"$ref": "http://evil.example/a.json"}, "/b": {"get": {"parameters": [{"$ref": "#/c"}]}}},
        "x": {"externalValue": "http://evil.example/x", "properties": {"id": {"type": "string"}}},
    }  # fmt: skip
    given = task(tmp_path, description=document, base="/v1")
    schemathesis._prepare(given)
    written = (tmp_path / "openapi.json").read_text()
    assert "evil" not in written
    read = json.loads(written)
    assert read["servers"] == [{"url": "http://127.0.0.1:80/v1"}]
    assert read["paths"]["/b"]["get"]["parameters"] == [{"$ref": "#/c"}]
    assert read["x"]["properties"] == {"id": {"type": "string"}}


def test_no_secret_stands_in_a_command(tmp_path):
    for engine in (wapiti.ENGINE, schemathesis.ENGINE):
        line = " ".join(engine.arguments(task(tmp_path, description={}, known_visitor=True)))
        assert "Authorization" not in line
        assert "ignored_auth" not in line  # the gate logs in for it, so it could not tell
    assert "--include-method GET" in " ".join(schemathesis.ENGINE.arguments(task(tmp_path, description={})))
    assert schemathesis.ENGINE.needs(task(tmp_path))


def test_reports_of_wapiti_give_the_request_that_showed_it():
    http = (
        "POST /notes?a=1 HTTP/1.1\nhost: x\ncontent-type: application/x-www-form-urlencoded\ncookie: s=1\n\ntext=%3Cb"
    )
    entry = {"method": "POST", "path": "/notes", "parameter": "text", "info": "i", "http_request": http}
    data = json.dumps(
        {"vulnerabilities": {"Stored Cross Site Scripting": [entry, {**entry, "path": "no"}, 7]}}
    ).encode()
    (one,) = wapiti.read(data, None)
    assert isinstance(one, Reported)
    assert (one.target, one.body, one.parameter) == ("/notes?a=1", b"text=%3Cb", "text")
    assert one.headers == (("content-type", "application/x-www-form-urlencoded"),)


@pytest.mark.anyio
@pytest.mark.skipif(found_program("schemathesis") is None, reason="schemathesis is not installed")
async def test_schemathesis_itself_behind_the_gate(weak, away, scan):
    few = {**FEW, "MANYEYES_DAST_ENGINES": "schemathesis", "MANYEYES_DAST_MAX_SECONDS": "200"}
    with anyio.fail_after(200):
        result = await scan(weak, few, target_url=f"{weak}/about")
    proved = {source for one in result.findings for source in one.sources if source.startswith("schemathesis:")}
    assert proved >= {"schemathesis:not_a_server_error", "schemathesis:ignored_auth"}
    assert away[1] == []


def test_doctor_says_which_are_there(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MANYEYES_STATE_URL", "sqlite://")
    monkeypatch.setenv("MANYEYES_DAST_ENGINES", "wapiti,schemathesis")
    monkeypatch.setenv("MANYEYES_DAST_WAPITI", program(tmp_path, BEGIN))
    monkeypatch.setenv("MANYEYES_DAST_SCHEMATHESIS", str(tmp_path / "not-there"))
    assert main(["doctor", "--json"]) == 4
    told = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    assert told["wapiti"]["state"] == "ok"
    assert told["schemathesis"]["state"] == "broken"
    assert ".[dast]" in told["schemathesis"]["detail"]


def test_programs_are_found_by_name_or_whole_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = program(tmp_path, "#!/bin/sh\n")
    monkeypatch.setenv("PATH", f".:{tmp_path}")
    assert found_program("engine") == path
    monkeypatch.setenv("PATH", ".")
    assert found_program("engine") is None
    assert found_program("./engine") is None
    assert found_program(path) == path
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert found_program("engine") == path  # beside our own, as an extra is installed
