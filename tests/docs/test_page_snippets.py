"""Configuration that a page shows can be used as it stands, and names only settings that there are."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from docs.pages import PAGES, ROOT, Block, blocks, script
from manyeyes.catalog import Catalog
from manyeyes.prices import Prices
from manyeyes.routing.router import Router
from manyeyes.settings import Settings, load
from manyeyes_tools.project import read_project

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLE = ROOT / "examples" / "operator.example.toml"
JSON_BLOCKS = [block for page in PAGES for block in blocks(page, "json")]
TOML_BLOCKS = [block for page in PAGES for block in blocks(page, "toml")]
_NOT_SETTINGS = {"MANYEYES_CONFIG"}


def check_server(server: dict[str, Any], folder: Path) -> None:
    """What starts a server starts ours, may read something, and sets nothing that we do not know."""
    assert server["args"][-1] == "serve"
    assert server["command"].rpartition("/")[2] in {"manyeyes", "uvx"}
    environment = dict(server["env"])
    assert environment.pop("MANYEYES_ROOTS")
    known = known_variables()
    assert all(known.fullmatch(name) for name in environment)
    assert load({**environment, "MANYEYES_ROOTS": str(folder), "HOME": str(folder)}).roots == (folder.resolve(),)


def known_variables() -> re.Pattern[str]:
    names = [name for row in script("build_settings").rows() for name in row.variables]
    own = [f"MANYEYES_{row.key.replace('.', '_').upper()}" for row in script("build_settings").rows()]
    return re.compile("|".join(sorted({name.replace("NAME", "[A-Z0-9_]+") for name in (*names, *own)})))


@pytest.mark.parametrize("block", JSON_BLOCKS, ids=str)
def test_json_parses_and_servers_are_ours(block: Block, tmp_path: Path) -> None:
    value = json.loads(block.text)
    for server in {**value.get("mcpServers", {}), **value.get("servers", {})}.values():
        check_server(server, tmp_path)


def test_the_repositorys_own_configuration_is_of_that_form(tmp_path: Path) -> None:
    for server in json.loads((ROOT / "mcp.json").read_text(encoding="utf-8"))["mcpServers"].values():
        check_server(server, tmp_path)


@pytest.mark.parametrize("block", TOML_BLOCKS, ids=str)
def test_toml_is_a_clients_a_projects_or_an_operators(block: Block, tmp_path: Path) -> None:
    values = tomllib.loads(block.text)
    if "manyeyes" in values.get("mcp_servers", {}):  # a client's; an operator's names other servers
        for server in values["mcp_servers"].values():
            check_server(server, tmp_path)
    elif "focus" in values:
        (tmp_path / "manyeyes.toml").write_text(block.text, encoding="utf-8")
        settings, problems = read_project(tmp_path)
        assert not problems
        assert settings.focus
    else:
        Settings.model_validate(values)


def test_the_example_of_an_operators_file_can_be_used(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    text = EXAMPLE.read_text(encoding="utf-8").replace("~/src", str(tmp_path / "src"))
    file = tmp_path / "manyeyes.toml"
    file.write_text(text, encoding="utf-8")
    settings = load({"MANYEYES_CONFIG": str(file), "HOME": str(tmp_path)})
    assert settings.roots == ((tmp_path / "src").resolve(),)
    assert settings.dast.targets == ()
    catalog = Catalog.load().with_settings(settings)
    router = Router.build(catalog, dict.fromkeys(settings.endpoints, True), settings, Prices.of(settings))
    assert router.rules["code_review"].vendors == ("anthropic", "ollama")


def test_what_is_switched_off_in_the_example_can_be_switched_on(tmp_path: Path) -> None:
    text = re.sub(r"(?m)^#(?=\S)", "", EXAMPLE.read_text(encoding="utf-8"))
    for folder in ("src", "support/knowledge", "osv"):
        (tmp_path / folder).mkdir(parents=True)
        text = text.replace(f"~/{folder}", str(tmp_path / folder))
    file = tmp_path / "manyeyes.toml"
    file.write_text(text, encoding="utf-8")
    settings = load({"MANYEYES_CONFIG": str(file), "HOME": str(tmp_path), "APPLICATION_TOKEN": "a-token-of-the-test"})
    assert settings.dast.targets
    assert "a-token-of-the-test" in settings.dast.headers["Authorization"].get_secret_value()
    assert settings.security.external
    assert settings.mcp_servers["files"].tools
    assert settings.osv.db == tmp_path / "osv"


@pytest.mark.parametrize("page", [*PAGES, EXAMPLE], ids=lambda page: page.name)
def test_every_variable_named_is_a_setting(page: Path) -> None:
    known = known_variables()
    vendors = "ANTHROPIC|OPENAI|GEMINI|GOOGLE"
    named = set(re.findall(rf"\b(?:MANYEYES|{vendors})_[A-Z0-9_]*[A-Z0-9]\b", page.read_text(encoding="utf-8")))
    assert {name for name in named - _NOT_SETTINGS if not known.fullmatch(name)} == set()


def test_the_settings_page_is_up_to_date() -> None:
    module = script("build_settings")
    assert module.PAGE.read_text(encoding="utf-8") == module.page(), "run: python docs/build_settings.py"


def test_a_setting_without_a_meaning_stops_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    module = script("build_settings")
    monkeypatch.delitem(module.MEANINGS, "privacy")
    with pytest.raises(LookupError, match="privacy"):
        module.rows()


def test_a_meaning_without_a_setting_stops_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    module = script("build_settings")
    monkeypatch.setitem(module.MEANINGS, "budget.usd_per_year", "Never was.")
    with pytest.raises(LookupError, match="usd_per_year"):
        module.rows()


def test_a_projects_own_file_cannot_set_more_and_the_result_says_so(tmp_path: Path) -> None:
    (tmp_path / "manyeyes.toml").write_text('privacy = "off"\n', encoding="utf-8")
    (tmp_path / "app.py").write_text("print(1)\n", encoding="utf-8")
    assert any("`privacy`" in problem for problem in scan("app.py", tmp_path, code=4)["problems"])


def test_a_language_without_engines_is_named(tmp_path: Path) -> None:
    (tmp_path / "main.rs").write_text("fn main() {}\n", encoding="utf-8")
    result = scan("main.rs", tmp_path, code=0)
    assert any("No engine has rules for rust" in note for note in result["notes"])
    assert "No engine has rules for rust" in result["summary"]


def scan(path: str, root: Path, *, code: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "manyeyes", "call", "security_scan", "--args", json.dumps({"paths": [path]})]
    environment = {"MANYEYES_ROOTS": str(root), "HOME": str(root / "home"), "PATH": os.environ["PATH"]}
    done = subprocess.run(command, env=environment, capture_output=True, check=False, encoding="utf-8")
    assert done.returncode == code, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result
