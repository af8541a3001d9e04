"""Scanning as someone who is logged in: the operator's headers are sent to the target alone, and shown nowhere."""

from __future__ import annotations

import json
import logging
from typing import ClassVar
from urllib.parse import unquote_plus

import httpx2
import pytest

from manyeyes.cli import main
from manyeyes.errors import SettingsError
from manyeyes.settings import Dast, load
from manyeyes_tools.probing.client import Asked, connected
from manyeyes_tools.probing.scope import origin_of
from wire.answering import Quiet, answering

TOKEN = "letmein-token-5521"
FEW = {"MANYEYES_DAST_MAX_PAGES": "6", "MANYEYES_DAST_UNSAFE_METHODS": "true", "TOKEN_OF_MINE": TOKEN}


@pytest.mark.anyio
@pytest.mark.parametrize("line", ["Authorization: Bearer $TOKEN_OF_MINE", "Cookie: token=${TOKEN_OF_MINE}; theme=dark"])
async def test_what_lies_behind_a_login_is_proved_and_the_token_is_nowhere(weak, scan, line, caplog):
    caplog.set_level(logging.DEBUG)
    result = await scan(weak, {**FEW, "MANYEYES_DAST_HEADERS": line}, target_url=f"{weak}/account")
    inside = [one for one in result.findings if one.cwe == "CWE-89" and one.path == f"{weak}/account/find"]
    assert inside, [one.path for one in result.findings]
    assert TOKEN not in result.model_dump_json() + caplog.text
    assert any("/logout" in note for note in result.notes)
    async with httpx2.AsyncClient(trust_env=False, headers={"Authorization": f"Bearer {TOKEN}"}) as http:
        assert (await http.get(f"{weak}/account")).status_code == 200  # nobody was logged out, by any method


@pytest.mark.anyio
async def test_without_the_header_it_is_not_seen_and_that_is_said(weak, scan):
    result = await scan(weak, FEW, target_url=f"{weak}/account")
    assert not [one for one in result.findings if one.path == f"{weak}/account/find"]
    assert any("401" in problem and "headers" in problem for problem in result.problems)


class Mirror(Quiet):
    asked: ClassVar[list[dict[str, str]]] = []

    def do_GET(self):
        Mirror.asked.append({key.lower(): value for key, value in self.headers.items()})
        self.send_response(200)
        self.send_header("Set-Cookie", "token=; Max-Age=0")
        self.send_header("Set-Cookie", "other=new")
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.fixture
def mirror():
    with answering(Mirror) as url:
        Mirror.asked.clear()
        yield origin_of(url)


class Echo(Quiet):
    """Puts the token that it was sent into its own addresses."""

    def do_GET(self):
        token = (self.headers.get("Authorization") or "").rpartition(" ")[2]
        away = self.path.startswith("/go")
        self.send_response(302 if away else 200)
        if away:
            self.send_header("Location", f"http://192.0.2.1/{token}")
        page = (
            f"<a href='/go'>x</a><a href='/delete/{token}'>x</a><a href='/in/{token}/page?{token}=1'>x</a>"
            f"<form method=post action='/post/{token}'><input name=a></form>"
        )
        if self.path.startswith("/in/"):
            page = "".join(line.rpartition("=")[2] for line in self.path.partition("?")[2].split("&"))
            page = f"<p>{unquote_plus(page)}</p>"
        body = page.encode()
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def echo():
    with answering(Echo) as url:
        yield url


@pytest.mark.anyio
async def test_a_target_that_puts_the_token_into_addresses_shows_it_to_nobody(echo, scan):
    few = {"MANYEYES_DAST_MAX_REQUESTS": "300", "MANYEYES_DAST_HEADERS": f"Authorization: Bearer {TOKEN}"}
    result = await scan(echo, few, target_url=f"{echo}/")
    assert TOKEN not in result.model_dump_json()
    assert any("192.0.2.1/<secret:" in note for note in result.notes)
    assert any("/post/<secret:" in problem for problem in result.problems)
    assert any("/in/<secret:" in one.path for one in result.findings)


@pytest.mark.anyio
async def test_headers_that_another_target_gets_are_not_said_to_be_refused(weak, scan):
    few = {
        "MANYEYES_DAST_MAX_REQUESTS": "30",
        "MANYEYES_DAST_HEADERS": f"Authorization: Bearer {TOKEN}",
        "MANYEYES_DAST_HEADERS_FOR": "http://127.0.0.1:9",
    }
    result = await scan(f"{weak},http://127.0.0.1:9", few, target_url=f"{weak}/account")
    (said,) = [problem for problem in result.problems if "401" in problem]
    assert "either" not in said


def limits(origin, **more):
    headers = {"Authorization": "Bearer abc", "Cookie": "token=mine"}
    return Dast(targets=(str(origin),), requests_per_second=5_000, headers=headers, **more)


@pytest.mark.anyio
async def test_the_session_is_kept_and_nobody_is_nobody(mirror):
    async with connected(mirror, ("127.0.0.1",), limits(mirror)) as client:
        await client.ask(Asked("GET", "/a", (("authorization", "Bearer forged"), ("Cookie", "mine=1"))))
        await client.pass_on(Asked("GET", "/b", (("Cookie", "token=forged; engine=1"),)))
        await client.bare(Asked("GET", "/c"))
    asked = Mirror.asked[1:]
    assert [one.get("authorization") for one in asked] == ["Bearer abc", "Bearer abc", None]
    assert [one.get("cookie") for one in asked] == ["token=mine; other=new; mine=1", "token=mine; engine=1", None]


@pytest.mark.anyio
async def test_another_target_is_told_nothing(mirror):
    elsewhere = Dast(
        targets=(str(mirror), "http://127.0.0.1:9"),
        headers={"Authorization": "Bearer abc"},
        headers_for="http://127.0.0.1:9",
        requests_per_second=5_000,
    )
    async with connected(mirror, ("127.0.0.1",), elsewhere) as client:
        await client.ask(Asked("GET", "/a"))
    assert not any("authorization" in one for one in Mirror.asked)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"MANYEYES_DAST_HEADERS": "A: $NOT_THERE"}, r"\$NOT_THERE, which is not set"),
        ({"MANYEYES_DAST_HEADERS": "secret-of-mine"}, "must be lines such as"),
        ({"MANYEYES_DAST_HEADERS": "Host: secret-of-mine"}, "cannot have the header"),
        ({"MANYEYES_DAST_HEADERS": "A: secret-of-mine\u00e9"}, "plain ASCII"),
        (
            {"MANYEYES_DAST_HEADERS": "A: secret-of-mine", "MANYEYES_DAST_TARGETS": "http://a.b,http://c.d"},
            "headers_for",
        ),
        ({"MANYEYES_DAST_HEADERS_FOR": "http://a.b"}, "headers_for"),
        ({"MANYEYES_DAST_ENGINES": "zap"}, "wapiti"),
    ],
)
def test_settings_that_cannot_be_meant(tmp_path, values, said):
    with pytest.raises(SettingsError, match=said) as error:
        load({"HOME": str(tmp_path), **values}, cwd=tmp_path)
    assert "secret-of-mine" not in str(error.value)


def test_headers_in_the_file_name_variables_too(tmp_path):
    file = tmp_path / "m.toml"
    file.write_text('[dast.headers]\nAuthorization = "Bearer ${T} $$5"\n')
    dast = load({"HOME": str(tmp_path), "MANYEYES_CONFIG": str(file), "T": "token-9"}, cwd=tmp_path).dast
    assert dast.headers["Authorization"].get_secret_value() == "Bearer token-9 $5"
    assert "token-9" not in repr(dast)
    assert "Bearer token-9 $5" in dast.secrets


def test_what_is_masked_is_what_is_secret():
    headers = {
        "Authorization": "Bearer YWJjZGVmZ2g==", "Cookie": "sessionid=0123456789ab; theme=dark", "X-Key": "k-123456",
        "Accept": "application/json",
    }  # fmt: skip
    secrets = Dast(headers=headers).secrets
    assert {"YWJjZGVmZ2g==", "0123456789ab", "k-123456"} <= set(secrets)
    assert not {"sessionid", "theme", "dark", "Bearer", "application/json"} & set(secrets)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MANYEYES_STATE_URL", "sqlite://")
    monkeypatch.setenv("MANYEYES_DAST_MAX_REQUESTS", "150")
    monkeypatch.setenv("MANYEYES_DAST_REQUESTS_PER_SECOND", "5000")
    monkeypatch.setenv("TOKEN_OF_MINE", TOKEN)


@pytest.mark.usefixtures("here")
def test_a_header_on_the_command_line(weak, capsys):
    command = ["scan", "--target", f"{weak}/account/find?term=alice", "--yes", "--json"]
    main([*command, "--header", "Authorization: Bearer $TOKEN_OF_MINE"])
    said = capsys.readouterr()
    assert TOKEN not in said.out + said.err
    assert any(one["path"] == f"{weak}/account/find" for one in json.loads(said.out)["findings"])


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--target", "http://127.0.0.1:9", "--header", "Authorization: $NOT_SET"], "$NOT_SET, which is not set"),
        (["--target", "http://127.0.0.1:9", "--header", "secret-of-mine"], "--header takes a line"),
        (["--target", "http://127.0.0.1:9", "--header", "Host: secret-of-mine"], "--header takes a line"),
        (["--header", "A: b"], "--header goes with --target"),
        (["--engine", "wapiti"], "--engine goes with --target"),
    ],
)
def test_options_that_cannot_be_meant(capsys, more, said):
    assert main(["scan", "--yes", *more]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert "secret-of-mine" not in error
