"""What a reference begins with, what packages offer, and how its pages lead from name to name."""

import re
from importlib.resources import files
from itertools import pairwise

import pytest

from manyeyes_tools.documents.checking import check_markdown
from manyeyes_tools.documents.comments import read_comment
from manyeyes_tools.documents.entries import chapters
from manyeyes_tools.documents.facts import Facts
from manyeyes_tools.documents.html import faults, render_html
from manyeyes_tools.documents.markdown import render_markdown
from manyeyes_tools.documents.overview import overview, readme
from manyeyes_tools.documents.python_symbols import read_module

INIT = '''"""Sells things."""
from ._till import Till as Register
from ._till import close_all
from .items import *
__version__ = "1"
'''
TILL = '''
class Till:
    """A till."""

    def put(self, item: "Item", *, count: int = 1) -> None:
        """Put an `Item` in, as `close_all()` expects."""

def close_all(tills: list[Till]) -> int:
    """Close every one."""

def other() -> None:
    """Nobody's business."""
'''
ITEMS = '''
__all__ = ["Item"]

class Item:
    """What is sold."""
    price: int
'''
MODULES = [
    read_module("src/shop/_till.py", TILL),
    read_module("src/shop/__init__.py", INIT),
    read_module("src/shop/items.py", ITEMS),
]
README = """# Shop

[![badge](https://e.org/b.svg)](https://e.org)

<p align="center">A logo</p>

Shop sells *things* of `Item` by [tills](https://e.org/x_y), in any number.

## Install

```console
$ pip install shop
```

```python
from shop import close_all

close_all([])
```

```python
from shop import close_all

close_all([], [], [])
```

```python
this does not parse
```
"""
GUIDES = [("docs/README.md", "# Other"), ("README.md", README)]


def test_the_readme_nearest_to_the_root_tells_what_it_is_for() -> None:
    assert readme(GUIDES) == ("README.md", README)
    found = overview(MODULES, GUIDES)
    assert found.title == "shop"
    assert found.about == ("Shop sells things of `Item` by tills, in any number.",)
    assert found.source == "README.md"


def test_only_examples_that_hold_are_shown() -> None:
    assert overview(MODULES, GUIDES).usage == (("from shop import close_all\n\nclose_all([])", "python"),)


def test_without_a_readme_there_is_a_title_alone() -> None:
    found = overview(MODULES)
    assert (found.title, found.about, found.usage, found.source) == ("shop", (), (), "")


def test_a_package_lists_what_it_offers_and_internal_modules_come_last() -> None:
    reference = chapters(MODULES, {})
    assert [one.module.itself.name for one in reference] == ["shop", "shop.items", "shop._till"]
    assert [one.internal for one in reference] == [False, False, True]
    assert [(one.name, one.alias) for one in reference[0].offers] == [
        ("Till", "Register"),
        ("close_all", ""),
        ("Item", ""),
    ]
    till = reference[2].entries[0]
    assert (till.symbol.name, till.imported) == ("Till", "shop.Register")


def test_the_document_agrees_with_itself_with_and_without_the_readme() -> None:
    before = overview(MODULES, GUIDES)
    for one in (before, overview(MODULES)):
        document = render_markdown(chapters(MODULES, {}), by_model=False, before=one)
        assert document.startswith("# shop reference\n")
        assert check_markdown("api.md", document, Facts(MODULES), before) == []
    assert "## Usage" in render_markdown(chapters(MODULES, {}), by_model=False, before=before)
    changed = document.replace("count: int = 1", "count: int = 2")
    found = check_markdown("api.md", changed, Facts(MODULES), before)
    assert [one.instead for one in found] == ["count: int = 1 (src/shop/_till.py:5)"]


def test_a_page_leads_from_names_to_what_they_are() -> None:
    page = render_html(chapters(MODULES, {}), by_model=False, before=overview(MODULES, GUIDES))
    assert faults(page) == []
    assert '<a href="#src.shop.items.Item"><code>Item</code></a>' in page
    assert '<a href="#src.shop._till.close_all"><code>close_all()</code></a>' in page
    assert 'list[<a href="#src.shop._till.Till">Till</a>]' in page
    assert "<h1>shop reference</h1>" in page
    assert '<p class="group">Internal</p>' in page


def test_markup_of_javadoc_is_markdown() -> None:
    read = read_comment(
        "Adds <b>one</b>.\n<p>See {@link #take(Item) taking} and <code>a &lt; b</code>:\n<ul><li>one<li>two</ul>\n"
        "<pre>\nadd(1);\n</pre>\n@see #take(Item)\n@param item a {@code List<String>}"
    )
    assert read.summary == "Adds **one**."
    assert "See `take(Item)` and `a < b`:" in read.text
    assert "\n- one\n- two" in read.text
    assert "```\nadd(1);\n```" in read.text
    assert "**See:** `take(Item)`" in read.text
    assert read.parameters == {"item": "a `List<String>`"}


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("page", "papers"), [("documents", ("paper", "panel", "tint")), ("reports", ("page", "card"))])
def test_every_colour_can_be_read_on_every_ground(page: str, papers: tuple[str, ...]) -> None:
    style = files("manyeyes_tools").joinpath(page, "page.css").read_text("utf-8")
    roots = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    schemes = [dict(re.findall(r"--(\w+): (#\w{6})", part)) for part in roots]
    assert len(schemes) == 3  # light, dark, print
    for scheme in schemes[:2]:
        grounds = {scheme[name] for name in papers}
        inks = set(scheme) - {*papers, "line", "mark", "plus", "minus"}
        for name in inks:
            for ground in grounds:
                assert contrast(scheme[name], ground) >= 4.5, (name, ground)
        for name in {"plus", "minus", "mark"} & set(scheme):
            ink = scheme.get("ink") or scheme["text"]
            assert contrast(ink, scheme[name]) >= 4.5, name


@pytest.mark.parametrize("page", ["documents", "reports"])
def test_no_page_loads_anything(page: str) -> None:
    style = files("manyeyes_tools").joinpath(page, "page.css").read_text("utf-8")
    assert "url(" not in style
    assert "@import" not in style


def test_headings_go_down_by_one() -> None:
    page = render_html(chapters(MODULES, {}), by_model=False, before=overview(MODULES, GUIDES))
    levels = [int(one) for one in re.findall(r"<h([1-6])", page)]
    assert all(after - before <= 1 for before, after in pairwise(levels))
