"""Scripts that nest deeper than anybody writes take no longer for it."""

from __future__ import annotations

import time

import pytest

from manyeyes_tools.evidence import script_calls
from manyeyes_tools.material import SourceFile


def script(text):
    return SourceFile(path="deep.js", language="javascript", text=text, masked=text)


def test_a_deep_nest_is_looked_at_in_no_time():
    began = time.thread_time()
    hits, problems = script_calls._search([script("f(" * 3_000 + "eval(req.body)" + ")" * 3_000)])
    assert time.thread_time() - began < 5  # minutes, when each node looks for its place from the root on
    assert [hit.rule.id for hit in hits] == ["eval-injection"]
    assert not problems


def test_what_a_file_leaves_no_time_for_is_told(monkeypatch):
    monkeypatch.setattr(script_calls, "SECONDS", 0.2)
    began = time.monotonic()
    _, problems = script_calls._search([script("eval(req.body+" * 3_000 + ")" * 3_000), script("eval(req.body)")])
    assert time.monotonic() - began < 5
    assert problems == ["script calls: there was no time for all of 2 files, among them deep.js."]


@pytest.mark.parametrize("around", ["function resetToken() {{ {} }}", "const resetToken = () => {{ {} }};"])
def test_what_stands_around_is_still_known(around):
    hits, _ = script_calls._search([script(around.format("return wrap(Math.random());"))])
    assert [hit.rule.id for hit in hits] == ["predictable-random"]
