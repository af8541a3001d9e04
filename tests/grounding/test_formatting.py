"""A patch leaves a formatted file formatted, and others as they are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from manyeyes_tools.anchors import Anchor
from manyeyes_tools.formatting import settled
from manyeyes_tools.material import SourceFile
from manyeyes_tools.patches import make_patch
from manyeyes_tools.unified import read

NEAT = "import os\n\n\ndef f(x):\n    return g(x)\n"
LOOSE = NEAT.replace("g(x)", "g( x )")


@pytest.mark.parametrize(("before", "after", "text"), [
    (NEAT, NEAT.replace("g(x)", "g( x,1 )"), NEAT.replace("g(x)", "g(x, 1)")),
    (LOOSE, LOOSE.replace("g( x )", "g( x,1 )"), LOOSE.replace("g( x )", "g( x,1 )")),
    (NEAT, NEAT.replace("g(x)", "g("), NEAT.replace("g(x)", "g(")),
    (NEAT.replace("os", "os  # 'a'"), "a = 'x'\n", "a = 'x'\n"),
])  # fmt: skip
def test_only_what_was_formatted_is_formatted(before, after, text):
    assert settled(before, after) == text


def test_the_patch_holds_the_formatted_lines(tmp_path):
    file = SourceFile(path="a.py", language="python", text=NEAT, masked=NEAT)
    suggestion = make_patch(file, "    return g(x)", "    y = {'a':1}\n    return g( x,y )", Anchor(5, 5, "", 1.0))
    assert suggestion.applies
    (hunk,) = read(suggestion.patch)[0].hunks
    target = tmp_path / "a.py"
    target.write_text("".join((*NEAT.splitlines(keepends=True)[: hunk.start], *hunk.new)))
    ruff = Path(sys.executable).with_name("ruff")
    options = ["--isolated", "--no-cache", "--config=format.quote-style='preserve'"]
    subprocess.run([str(ruff), "format", "--check", *options, str(target)], check=True, capture_output=True)
