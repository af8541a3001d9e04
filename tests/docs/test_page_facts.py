"""What the pages tell in tables, links and pictures is what the code does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from docs.pages import PAGES, ROOT, anchors, links, prose, script, tables
from manyeyes.catalog import Catalog
from manyeyes.plugins import installed_tools
from manyeyes.prompts import PROMPTS
from manyeyes.resources import RESOURCES, TEMPLATES
from manyeyes.results import Wire
from manyeyes.routing.rules import rules
from manyeyes.settings import Settings
from manyeyes.types import Tier

README = ROOT / "README.md"
ROUTING = ROOT / "docs" / "routing.md"
TOOLS_PAGE = ROOT / "docs" / "tools.md"
PICTURE = ROOT / "docs" / "images" / "scan.svg"
_LARGEST_PICTURE = 200_000


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in links(page):
        if link.startswith(("https://", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name}: {link}"
        assert target.is_relative_to(ROOT)
        if anchor:
            assert anchor in anchors(target), f"{page.name}: {link}"


def test_the_routing_table_is_the_shipped_one() -> None:
    shown = {row[0]: (row[1], row[2], row[3]) for row in tables(ROUTING, "kind of work")}
    real = {kind: (rule.vendors[0], ", ".join(rule.vendors[1:]), str(rule.tier)) for kind, rule in rules({}).items()}
    assert shown == real


def test_the_models_shown_are_the_defaults() -> None:
    catalog = Catalog.load()
    real = {
        vendor: [spec.model if (spec := catalog.default(vendor, tier)) else "" for tier in Tier]
        for vendor in catalog.providers
    }
    assert {row[0]: row[1:] for row in tables(ROUTING, "vendor | flagship")} == real


def test_every_argument_of_every_tool_is_told() -> None:
    told = set(re.findall(r"`(\w+)`", prose(README)))
    for tool in installed_tools(Settings()).values():
        assert not set(tool.arguments.model_fields) - told, tool.name


def test_every_field_of_every_result_is_told() -> None:
    told = set(re.findall(r"`(\w+)`", prose(TOOLS_PAGE)))
    for tool in installed_tools(Settings()).values():
        assert set(fields(tool.result)) <= told | {"reasons", "count"}, tool.name


def fields(model: type[Wire]) -> list[str]:
    """The names of a result's fields and of those inside them."""
    found = list(model.model_fields)
    for field in model.model_fields.values():
        for inner in (field.annotation, *get_args(field.annotation)):
            if isinstance(inner, type) and issubclass(inner, Wire):
                found += fields(inner)
    return found


def test_every_resource_and_prompt_is_told() -> None:
    text = prose(TOOLS_PAGE)
    for uri in (*(one.uri for one in RESOURCES), *(one.uri_template for one in TEMPLATES)):
        assert f"`{uri}`" in text
    shown = {row[0]: row[1] for row in tables(TOOLS_PAGE, "prompt")}
    real = {prompt.name: ", ".join(one.name for one in prompt.arguments or ()) for prompt in PROMPTS}
    assert shown == real


def test_the_layers_drawn_are_the_layers_checked() -> None:
    module = script("build_layers")
    assert module.PAGE.read_text(encoding="utf-8") == module.page(), "run: python docs/build_layers.py"


def test_the_files_that_architecture_names_exist() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:server/manyeyes|tools/manyeyes_tools)/[\w./]*)`", text)
    assert named
    assert not [path for path in named if not (ROOT / path).exists()]


def test_the_picture_shows_what_the_command_prints(tmp_path: Path) -> None:
    assert PICTURE.stat().st_size < _LARGEST_PICTURE
    drawn = PICTURE.read_text(encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "manyeyes", "scan", "examples/payment.py"],
        cwd=ROOT,
        env={"HOME": str(tmp_path), "LC_ALL": "C.UTF-8", "PATH": str(Path(sys.executable).parent)},
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    heads = re.findall(r"^(?:CRITICAL|HIGH|MEDIUM|LOW|INFO) .+\n.+$", done.stdout, re.MULTILINE)
    assert heads
    for head in heads:
        assert head.replace("&", "&amp;") in drawn, f"{head}\nis not in the picture; run: python docs/build_picture.py"
