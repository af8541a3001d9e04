"""A patch is only said to apply where git would take it and the language still does."""

from __future__ import annotations

import pytest

from manyeyes.redaction import Redactor
from manyeyes.settings import Limits
from manyeyes_tools.anchors import anchor
from manyeyes_tools.arguments import MaterialArguments
from manyeyes_tools.patches import make_patch
from manyeyes_tools.sources import read_material

BOM, LATIN, WIDE = "utf-8-sig", "latin-1", "utf-16"


def patched(root, replace):
    arguments = MaterialArguments(paths=("a.py",))
    (file,) = read_material(arguments, (root,), Limits(), Redactor()).files
    place = anchor(file, "b = 2", 3)
    assert place is not None
    return make_patch(file, "b = 2", replace, place)


@pytest.mark.parametrize("encoding", [BOM, LATIN, WIDE])
def test_a_file_that_is_not_plain_utf8_gets_prose(tmp_path, encoding):
    (tmp_path / "a.py").write_bytes("# -*- coding: latin-1 -*-\na = 'é'\nb = 2\n".encode(encoding))
    suggestion = patched(tmp_path, "b = 3")
    assert not suggestion.applies
    assert suggestion.patch is None
    assert "UTF-8" in suggestion.explanation


@pytest.mark.parametrize("replace", ["return 5", "await b", "yield 1", "break"])
def test_what_parses_and_does_not_compile_is_refused(tmp_path, replace):
    (tmp_path / "a.py").write_text("a = 1\n\nb = 2\n")
    suggestion = patched(tmp_path, replace)
    assert not suggestion.applies
    assert "compile" in suggestion.explanation


def test_a_good_one_still_applies(tmp_path):
    (tmp_path / "a.py").write_text("a = 1\n\nb = 2\n")
    assert patched(tmp_path, "b = 3").applies
