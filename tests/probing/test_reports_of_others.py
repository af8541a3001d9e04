"""Reports of other scanners held against requests: places are compared quickly, and what was tried is known."""

from __future__ import annotations

import time

import pytest

from manyeyes.settings import Dast
from manyeyes_tools.probing.client import Client
from manyeyes_tools.probing.engines.engine import Reported
from manyeyes_tools.probing.engines.wapiti import _KINDS
from manyeyes_tools.probing.proof import Lab
from manyeyes_tools.probing.reproving import Known, _fits, reprove
from manyeyes_tools.probing.scope import origin_of


@pytest.mark.parametrize(
    ("template", "path", "fits"),
    [
        ("/a", "/a", True),
        ("/a", "/b", False),
        ("/u/{id}", "/u/7", True),
        ("/u/{id}", "/u/{key}", True),
        ("/u/{id}", "/u/", False),
        ("/u/{id}", "/u/7/x", False),
        ("/{a}-{b}.json", "/1-2.json", True),
        ("/{a}-{b}.json", "/1-.json", False),
        ("/{a}-{b}.json", "/-1.json", False),
        ("/x{a}x", "/xx", False),
        ("/x{a}x", "/xyx", True),
    ],
)
def test_paths_and_templates(template, path, fits):
    assert _fits(template, path) is fits


def test_a_hostile_template_takes_no_time():
    began = time.process_time()
    assert not _fits("/" + "{a}" * 200 + "!", "/" + "a" * 2_000)
    assert time.process_time() - began < 1


@pytest.mark.anyio
async def test_what_was_tried_now_is_tried_once_and_said_to_be_tried():
    asked = []

    class Silent(Client):
        async def ask(self, asked_, **_more):
            from manyeyes_tools.probing.client import Answer

            asked.append(asked_.target)
            return Answer(asked_, 200, body="nothing")

    client = Silent(origin_of("http://127.0.0.1:1"), "127.0.0.1", Dast(), None)
    one = Reported("wapiti", _KINDS["Open Redirect"], "GET", "/go", "next", target="/go?next=1")
    known, unproved = Known((), [], set()), []
    await reprove([one], known, Lab(client), unproved)
    once = len(asked)
    await reprove([one], known, Lab(client), unproved)
    assert len(asked) == once > 0
    assert unproved[0].tried
