"""Malformed calls: each a clear error, and the server still answers."""

from __future__ import annotations

import itertools

import pytest
from mcp.shared.exceptions import MCPError

pytestmark = pytest.mark.anyio

TOOLS = ("code_review", "security_scan", "doc_generator")
WRONG_TYPES = (None, 7, 1.5, True, [], {}, ["x", 1], {"a": "b"}, [[]], "")
FIELDS = {
    "code_review": ("code", "language", "paths", "diff", "git", "focus", "model", "depth", "cursor"),
    "security_scan": ("code", "language", "paths", "diff", "git", "scan_type", "target_url", "model", "depth"),
    "doc_generator": ("code", "language", "paths", "format", "model", "depth", "cursor"),
}
HUGE = "x" * 30_000_000
STRANGE = (
    "a\0b",
    "\ud800",
    "/etc/passwd",
    "../../../etc/passwd",
    "..",
    "/",
    "~/secrets",
    "/dev/zero",
    "/proc/self/environ",
    "C:\\Windows\\system.ini",
    "file:///etc/passwd",
    "a" * 10_000,
    "-rf",
    "**/../**",
    "[",
    "nul",
    "no/such/file.py",
    "\u202epy.yap",
)
DIFFS = (
    "not a diff",
    "@@ -1 +1 @@",
    "--- a/x\n+++ b/x\n@@ -1,5 +1,5 @@\n one\n",
    "--- a/x\n+++ b/x\n@@ nonsense @@\n+x\n",
    "--- a/x\n+++ b/x\n@@ -99999999999999999999 +1 @@\n+x\n",
    "diff --git a/x b/x\n",
    "--- a/../../etc/passwd\n+++ b/../../etc/passwd\n@@ -1 +1 @@\n-a\n",
    "\0",
    "+++ b/x\n",
    "--- a/x\n+++ b/x\n@@ -1,1 +1,1 @@\n?x\n",
)
RANGES = (
    "--output=/tmp/x",
    "no-such-branch",
    "a..b..c",
    "-p",
    "HEAD;id",
    "$(id)",
    "@{upstream}",
    "\0",
    "",
    "a" * 5_000,
)


def bad_calls():
    for tool in TOOLS:
        yield tool, {}
        yield tool, {"no_such_argument": 1}
        yield tool, {"code": "x = 1", "paths": ["pay.py"]}
        yield tool, {"code": HUGE}
        yield tool, {"code": "x = 1", "model": "no-such-model"}
        yield tool, {"code": "x = 1", "model": "anthropic:"}
        yield tool, {"code": "x = 1", "depth": "deepest"}
        for field, value in itertools.product(FIELDS[tool], WRONG_TYPES[1:9]):
            if not (field == "paths" and isinstance(value, list) and value and all(isinstance(x, str) for x in value)):
                base = {} if field in {"code", "paths", "diff", "git"} else {"code": "x = 1"}
                yield tool, {**base, field: value}
        for path in STRANGE:
            yield tool, {"paths": [path]}
    for tool in TOOLS[:2]:
        for diff in DIFFS:
            yield tool, {"diff": diff}
        for value in RANGES:
            yield tool, {"git": value}
    yield "security_scan", {"code": "x = 1", "scan_type": "everything"}
    yield "security_scan", {"code": "x = 1", "target_url": "http://127.0.0.1"}
    yield "doc_generator", {"code": "x = 1", "format": "pdf"}


async def test_every_malformed_call_is_a_clear_error_and_the_server_lives_on(connect):
    calls = list(bad_calls())
    assert len(calls) >= 200
    async with connect() as client:
        for tool, arguments in calls:
            shown = f"{tool} {str(arguments)[:200]!r}"
            try:
                result = await client.call_tool(tool, arguments)
            except MCPError as error:
                text, failed = error.message, True
            else:
                text, failed = result.content[0].text, result.is_error
            assert failed, f"{shown} was accepted: {text[:300]}"
            assert 0 < len(text) <= 1_000, f"{shown}: {len(text)} characters"
            assert text.count("\n") <= 2, f"{shown}: {text}"
            for leak in ("Traceback", "pydantic", "errors.pydantic.dev", "site-packages", "inside the server"):
                assert leak not in text, f"{shown}: {text}"
        good = await client.call_tool("security_scan", {"paths": ["pay.py"]})
        assert not good.is_error
        assert good.structured_content["findings"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"code": "x", "langage": "python"}, "did you mean `language`?"),
        ({"code": 5}, "`code` should be a valid string"),
        ({"code": "x", "model": "claude-opus-4-77"}, "claude-opus-4-7"),
        ({"paths": ["/etc/passwd"]}, "outside"),
        ({}, "Send one of `code`"),
        ({"code": "x", "depth": "deep"}, "'quick', 'standard' or 'panel'"),
    ],
)
async def test_an_error_says_what_to_send_instead(connect, arguments, said):
    async with connect() as client:
        result = await client.call_tool("code_review", arguments)
    assert result.is_error
    assert said in result.content[0].text
