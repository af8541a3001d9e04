from __future__ import annotations

import pytest

from manyeyes.desk import operator_secrets
from manyeyes.errors import SettingsError
from manyeyes.settings import load


def loaded(tmp_path, text, **environ):
    path = tmp_path / "manyeyes.toml"
    path.write_text(text)
    return load({"MANYEYES_CONFIG": str(path), "HOME": str(tmp_path), **environ}, cwd=tmp_path)


def test_a_server_is_named_in_the_operators_file(tmp_path):
    text = (
        '[mcp_servers.files]\ncommand = "srv"\nargs = ["/data"]\ntools = ["read_*"]\n'
        'env = { TOKEN = "tok_0123456789abc", DEBUG = "1" }\n'
    )
    settings = loaded(tmp_path, text)
    server = settings.mcp_servers["files"]
    assert (server.command, server.args, server.tools, server.allow_destructive) == (
        "srv",
        ("/data",),
        ("read_*",),
        False,
    )
    assert "tok_" not in repr(settings)
    assert operator_secrets(settings) == ("tok_0123456789abc",)


def test_a_server_may_be_set_by_variables(tmp_path):
    settings = loaded(
        tmp_path, "", MANYEYES_MCP_SERVERS_NOTES_URL="http://127.0.0.1:9/mcp", MANYEYES_MCP_SERVERS_NOTES_TOOLS="a, b"
    )
    assert settings.mcp_servers["notes"].tools == ("a", "b")
    assert settings.mcp_servers["notes"].local


@pytest.mark.parametrize(
    ("section", "why"),
    [
        ('[mcp_servers.x]\ntools = ["*"]', "either a command or a url"),
        ('[mcp_servers.x]\ncommand = "a"\nurl = "http://b/mcp"', "either a command or a url"),
        ('[mcp_servers.x]\nurl = "file:///etc"', "https://host"),
        ('[mcp_servers."a b"]\ncommand = "a"', "name"),
        ('[mcp_servers.x]\ncommand = "a"\nallow_everything = true', "There is no setting"),
    ],
)
def test_what_cannot_be_is_said_at_the_start(tmp_path, section, why):
    with pytest.raises(SettingsError, match=why):
        loaded(tmp_path, section)
