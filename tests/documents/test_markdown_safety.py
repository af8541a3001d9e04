from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from manyeyes_tools.documents.markdown import _cell, block, code, fence, inline
from manyeyes_tools.reports import markdown as report
from manyeyes_tools.reports import wording

PARSER = MarkdownIt("commonmark").enable("table")
LIVE = {"heading_open", "link_open", "image", "html_block", "html_inline", "hr"}
PIECES = st.lists(
    st.sampled_from(
        ["# x", "## ", "[x](http://e.example)", "[x][1]", "[1]: http://e.example", "![i](http://e.example)", "<b>",
         "<http://e.example>", "<a@e.example>", "`", "``", "```", "~~~", "- ", "* ", "> ", "1. ", "===", "---",
         "-", "=", "    ", "\t", "\n", "\n\n", "word", " ", "\\", ">>> f()", "|a|b|",
         "<!-- ", "***", "___", "]", "[", "(", ")"]
    ),
    max_size=14,
).map("".join)  # fmt: skip


def kinds(text: str) -> set[str]:
    tokens = PARSER.parse(text)
    return {one.type for token in tokens for one in (token, *(token.children or ()))}


@settings(max_examples=400, deadline=None)
@example("a ` b\nc ` [x](http://e.example)`")
@example("- ```\nx")
@example("text\n    [x](http://e.example)")
@example("- a\n\n      [x](http://e.example)")
@example("> a\n> ---")
@example("a\n-")
@example("## * ")  # stars around stars would be a rule
@example("*\n=")
@example("\\<b>")
@example("a \\`\n`[x](http://e.example)`")
@given(PIECES)
def test_text_makes_no_headings_links_or_html(text: str) -> None:
    shown = block(text)
    assert not kinds(shown) & LIVE, shown
    after = PARSER.parse(f"{shown}\n\n<!-- end -->\n\n# After")
    assert [token.content for token in after if token.type == "inline"][-1:] == ["After"], shown
    assert not kinds(f"| a | b |\n| --- | --- |\n| {_cell(inline(text))} | x |") & LIVE
    assert not kinds(report.quoted(text)) & LIVE
    assert not kinds(report.inline(text)) & LIVE


@pytest.mark.parametrize("line", ["see https://e.example/x", "www.e.example", "mail a@e.example"])
def test_bare_addresses_are_no_links(line: str) -> None:
    linking = MarkdownIt("gfm-like", {"linkify": False}).parse(report.inline(line))
    assert "\\" in report.inline(line)
    assert "".join(child.content for token in linking for child in token.children or ()) == line


@pytest.mark.parametrize(
    "hidden", ["\u00ad", "\u200b", "\u200d", "\u202e", "\u2066", "\U000e0041", "\U000e0100", "\ufe00", "\u3164", "\x1b"]
)
def test_invisible_characters_are_written_out(hidden: str) -> None:
    text = f"a{hidden}b"
    for shown in (block(text), inline(text), code(text), "\n".join(fence(text)), wording.visible(text)):
        assert hidden not in shown
        assert "\\" in shown


def test_signs_keep_their_colour() -> None:
    assert wording.visible("a ⚠\ufe0f b") == "a ⚠\ufe0f b"
    assert "\ufe0f" not in wording.visible("x\ufe0f\ufe0fy")
