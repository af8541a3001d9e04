from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from manyeyes_tools.findings import Severity, Step
from manyeyes_tools.reports import html

EVIL = '</code></pre><script>alert(1)</script><img src=x onerror=alert(1)> `<b>` " onload="x'
VOID = {"meta", "input"}


class Page(HTMLParser):
    """Every tag with its attributes, and what was left open."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.wrong = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def page_of(result):
    page = Page(html.report(result))
    assert not page.open
    assert not page.wrong
    return page


def test_the_page_says_what_the_result_says(review):
    text = html.report(review)
    for part in (
        "<h1>Code review: request changes</h1>",
        "SQL injection in <code>pay</code>",
        "shop/payment.py:12",
        "Anyone can read every row.",
        "The patch was tried: it applies.",
        "is a number.",
        "3 findings are not shown",
        "Run r-0123",
    ):
        assert part in text


def test_the_page_is_accessible_and_loads_nothing(review):
    page = page_of(review)
    names = [tag for tag, _ in page.tags]
    assert names.count("h1") == 1
    assert dict(page.tags)["html"] == {"lang": "en"}
    assert not {"script", "link", "img", "iframe"} & set(names)
    policy = next(attrs["content"] for tag, attrs in page.tags if attrs.get("http-equiv"))
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    ids = {attrs["id"] for _, attrs in page.tags if "id" in attrs}
    for tag, attrs in page.tags:
        if tag == "a" and attrs["href"].startswith("#"):
            assert attrs["href"][1:] in ids
        if tag == "article":
            assert attrs["aria-labelledby"] in ids


def test_each_severity_that_occurs_can_be_hidden(review):
    boxes = [attrs["id"] for tag, attrs in page_of(review).tags if tag == "input"]
    assert boxes == ["show-critical", "show-low"]
    assert all(f"body:has(#{box}:not(:checked)) .{box.removeprefix('show-')}" in html.report(review) for box in boxes)


def test_hostile_text_stays_text(scan, injection):
    evil = injection.model_copy(
        update={
            "title": EVIL,
            "explanation": EVIL,
            "quote": EVIL,
            "path": EVIL,
            "category": EVIL,
            "id": EVIL,
            "dissent": EVIL,
            "sources": [EVIL],
            "trace": [Step(path=EVIL, line=1, note=EVIL)],
            "suggestion": injection.suggestion.model_copy(update={"patch": EVIL, "explanation": EVIL}),
        }
    )
    result = scan.model_copy(update={"findings": [evil], "dismissed": [evil], "summary": EVIL, "notes": [EVIL]})
    names = {tag for tag, _ in page_of(result).tags}
    assert not {"script", "img", "b"} & names
    assert not any(key.startswith("on") for _, attrs in page_of(result).tags for key in attrs)


def test_the_way_of_a_value_and_what_was_dismissed_are_shown(scan, injection):
    traced = injection.model_copy(update={"trace": [Step(path="web.py", line=4, note="it comes in")]})
    gone = injection.model_copy(update={"dissent": "openai:gpt-6: constant"})
    text = html.report(scan.model_copy(update={"findings": [traced], "dismissed": [gone]}))
    assert "<li><code>web.py:4</code> it comes in</li>" in text
    assert "Dismissed by models that read the code: 1" in text
    assert "openai:gpt-6: constant" in text


@pytest.mark.parametrize("severity", list(Severity))
def test_every_severity_has_colours_of_its_own(severity):
    assert re.search(rf"--{severity}: #", html._style())
