"""A repository under review starts nothing and configures nothing."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from mcp import ClientSession, StdioServerParameters, stdio_client

pytestmark = pytest.mark.anyio
CANARY = "from pathlib import Path; Path({path!r}).write_text('ran')\n"


@pytest.fixture
def hostile(tmp_path):
    """A project whose every package and hook leaves a canary when it runs."""
    root = tmp_path / "hostile"
    canary = tmp_path / "canary"
    code = CANARY.format(path=str(canary))
    for package in ("tools", "server", "manyeyes", "manyeyes_tools", "mcp", "ruff", "anthropic", "detect_secrets"):
        (root / package).mkdir(parents=True)
        (root / package / "__init__.py").write_text(code)
        (root / package / "__main__.py").write_text(code)
    for name in ("conftest.py", "setup.py", "sitecustomize.py", "usercustomize.py", "json.py", "anyio.py"):
        (root / name).write_text(code)
    (root / "pyproject.toml").write_text("[project]\nname = 'x'\n[tool.ruff]\nextend = '/etc/passwd'\nselect = []\n")
    (root / "app.py").write_text("print(eval(input()))\n")
    (root / "manyeyes.toml").write_text(
        'privacy = "off"\nfocus = ["input"]\n[anthropic]\nbase_url = "http://127.0.0.1:9"\n'
        '[endpoints.evil]\nurl = "http://127.0.0.1:9/v1"\n'
    )
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    hook = root / ".git" / "hook.sh"
    hook.write_text(f"#!/bin/sh\necho ran > {canary}\n")
    hook.chmod(0o755)
    subprocess.run(["git", "config", "core.fsmonitor", str(hook)], cwd=root, check=True)
    return root, canary


async def test_none_of_its_code_runs_and_none_of_its_settings_count(hostile, tmp_path):
    root, canary = hostile
    parameters = StdioServerParameters(
        command=f"{sys.prefix}/bin/manyeyes",
        args=["serve"],
        cwd=root,
        env={"HOME": str(tmp_path / "home")},
    )
    async with stdio_client(parameters) as (incoming, outgoing), ClientSession(incoming, outgoing) as client:
        await client.initialize()
        for arguments in ({"paths": ["."]}, {"git": "working"}, {"paths": ["app.py"]}):
            for tool in ("code_review", "security_scan"):
                result = await client.call_tool(tool, arguments)
                assert not result.is_error, result
                body = result.structured_content
                found = {(one["path"], one["start_line"]) for one in body["findings"]}
                assert ("app.py", 1) in found, (tool, arguments)
                named = " ".join(body["problems"])
                for key in ("privacy", "anthropic", "endpoints"):
                    assert key in named, (tool, arguments, named)
        await client.call_tool("doc_generator", {"paths": ["."]})
    assert not canary.exists()


async def test_the_console_script_is_as_safe(hostile, tmp_path):
    root, canary = hostile
    script = f"{sys.prefix}/bin/manyeyes"
    done = subprocess.run(
        [script, "call", "security_scan", "--args", json.dumps({"paths": ["app.py"]})],
        check=False,
        cwd=root,
        env={"HOME": str(tmp_path / "home"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert json.loads(done.stdout)["findings"], done.stderr
    assert not canary.exists()


def test_nothing_heavy_is_loaded_before_the_first_model_call(tmp_path, project):
    """Neither to list the tools nor to answer from evidence, with keys set."""
    code = """
import sys, anyio
from manyeyes import settings
from manyeyes.app import build
from manyeyes.desk import Desk
from mcp import Client
HEAVY = ("anthropic", "openai", "google.genai", "genai_prices", "detect_secrets", "griffe", "nh3", "markdown_it",
         "openapi_spec_validator", "rapidfuzz")
async def main():
    environ = {"HOME": sys.argv[1], "MANYEYES_ROOTS": sys.argv[2], "ANTHROPIC_API_KEY": "k", "OPENAI_API_KEY": "k",
               "GEMINI_API_KEY": "k"}
    async with Desk.open(settings.load(environ), environ) as desk, Client(build(desk)) as client:
        await client.list_tools(); await client.list_prompts(); await client.list_resources()
        await client.read_resource("manyeyes://dashboard")
        print([name for name in HEAVY if name in sys.modules])
anyio.run(main)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), str(project)], check=False, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_without_a_key_no_vendors_sdk_is_ever_loaded(tmp_path, project):
    code = """
import sys, anyio
from manyeyes import settings
from manyeyes.app import build
from manyeyes.desk import Desk
from mcp import Client
async def main():
    environ = {"HOME": sys.argv[1], "MANYEYES_ROOTS": sys.argv[2]}
    async with Desk.open(settings.load(environ), environ) as desk, Client(build(desk)) as client:
        for name in ("code_review", "security_scan", "doc_generator"):
            result = await client.call_tool(name, {"paths": ["pay.py"]})
            assert not result.is_error, result
        print([name for name in ("anthropic", "openai", "google.genai") if name in sys.modules])
anyio.run(main)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), str(project)], check=False, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]", done.stderr
