"""`docs/article.md` says what of the article's code does not run any more: the same is tried on what is installed."""

from __future__ import annotations

import importlib.util
import inspect

import anthropic
import mcp
import pytest
from anthropic.types import model
from mcp.server import MCPServer

from manyeyes.catalog import Catalog


def test_the_old_google_package_is_not_what_is_installed() -> None:
    assert importlib.util.find_spec("google.genai") is not None
    assert importlib.util.find_spec("google.generativeai") is None


def test_the_synchronous_client_cannot_be_awaited() -> None:
    with anthropic.Anthropic(api_key="x") as client:
        assert not inspect.iscoroutinefunction(client.messages.create)


def test_temperature_is_gone() -> None:
    with anthropic.Anthropic(api_key="x") as client, pytest.raises(TypeError, match="temperature"):
        client.messages.create(  # type: ignore[call-overload]
            model="claude-opus-4-7", max_tokens=1, messages=[{"role": "user", "content": "?"}], temperature=0.0
        )


def test_the_server_class_is_elsewhere() -> None:
    assert not hasattr(mcp, "MCPServer")


def test_the_decorator_wants_its_parentheses() -> None:
    server = MCPServer("x")
    with pytest.raises(TypeError):

        @server.tool  # type: ignore[arg-type]
        def tool(_code: str) -> str:
            return ""


def test_fastmcp_is_gone() -> None:
    with pytest.raises(ImportError, match="MCPServer"):
        importlib.import_module("mcp.server.fastmcp")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("claude-4.7", "anthropic:claude-opus-4-7"),
        ("gpt-5.5", "openai:gpt-5.5"),
        ("gemini-2.5-pro", "google:gemini-2.5-pro"),
    ],
)
def test_the_articles_names_are_understood(written: str, meant: str) -> None:
    spec = Catalog.load().find(written)
    assert spec is not None
    assert str(spec.ref) == meant


def test_its_spelling_is_none_of_the_sdks() -> None:
    assert '"claude-4.7"' not in inspect.getsource(model)
    assert '"claude-opus-4-7"' in inspect.getsource(model)
