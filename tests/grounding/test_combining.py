"""Patches of one review go together, or say which do not."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from manyeyes_tools import unified
from manyeyes_tools.anchors import anchor
from manyeyes_tools.combining import combine, with_conflicts
from manyeyes_tools.edits import Edit, collide, edited, lines_of
from manyeyes_tools.findings import Finding, Severity
from manyeyes_tools.material import SourceFile
from manyeyes_tools.patches import make_patch

if TYPE_CHECKING:
    from pathlib import Path

TEXT = "import os\n\n\ndef f(x):\n    if x:\n        return 1\n    return 2\n\n\ndef g():\n    return 3\n"


def source(text: str = TEXT, path: str = "a.py") -> SourceFile:
    return SourceFile(path=path, language="python", text=text, masked=text)


def finding(number: int, search: str, replace: str, file: SourceFile) -> Finding:
    place = anchor(file, search)
    assert place is not None
    return Finding(
        id=f"F-{number}", title="t", severity=Severity.HIGH, category="bug", path=file.path,
        start_line=place.start_line, end_line=place.end_line, quote=place.quote, explanation="e", confidence=0.9,
        sources=["a:b"], suggestion=make_patch(file, search, replace, place, explanation="Better."),
    )  # fmt: skip


def test_what_goes_together_is_one_diff_that_git_takes(tmp_path: Path) -> None:
    a, b = source(), source("x = 1\ny = 2", "sub/b.py")
    findings = [
        finding(0, "return 1", "return 10", a), finding(1, "    return 3", "    # three\n    return 3", a),
        finding(2, "y = 2", "y = 3\nz = 4", b), finding(3, "return 1", "return 10", a), finding(4, "import os", "", a),
    ]  # fmt: skip
    combined = combine(findings, {"a.py": a, "sub/b.py": b})
    assert combined.applied == ("F-0", "F-1", "F-2", "F-3", "F-4")
    assert combined.conflicts == {}
    (tmp_path / "sub").mkdir()
    for file in (a, b):
        (tmp_path / file.path).write_text(file.text)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=combined.diff.encode(), check=True)
    after = TEXT.replace("return 1", "return 10").replace("    return 3", "    # three\n    return 3")
    assert (tmp_path / "a.py").read_text() == after.removeprefix("import os\n\n\n")
    assert (tmp_path / "sub/b.py").read_text() == "x = 1\ny = 3\nz = 4"


def test_those_that_touch_the_same_lines_say_so() -> None:
    file = source()
    findings = [
        finding(0, "return 1", "return 10", file),
        finding(1, "        return 1\n    return 2", "        return 5", file),
    ]
    combined = combine(findings, {"a.py": file})
    assert (combined.applied, combined.conflicts) == (("F-0",), {"F-1": ("F-0",)})
    told = with_conflicts(findings, [file])
    assert told[0] == findings[0]
    assert told[1].suggestion
    assert "does not go together with that of F-0" in told[1].suggestion.explanation
    assert told[1].suggestion.patch == findings[1].suggestion.patch  # type: ignore[union-attr]


def test_those_that_break_the_file_together_say_so() -> None:
    text = "try:\n    a()\nexcept E:\n    b()\n\n\n# between\n\n\nfinally:\n    c()\n"
    file = source(text)
    first = finding(0, "except E:\n    b()\n", "", file)
    second = finding(1, "finally:\n    c()\n", "", file)
    assert first.suggestion
    assert second.suggestion
    assert first.suggestion.applies
    assert second.suggestion.applies
    assert combine([first, second], {"a.py": file}).conflicts == {"F-1": ("F-0",)}


EDITS = st.lists(
    st.builds(
        lambda at, size, new: Edit(at, at + size, tuple(f"{line}\n" for line in new)),
        st.integers(0, 12), st.integers(0, 3), st.lists(st.sampled_from(["new", "other", ""]), max_size=3),
    ),
    min_size=1, max_size=5,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(EDITS, st.booleans())
def test_a_diff_written_is_read_again_as_the_same_change(edits: list[Edit], ended: bool) -> None:  # noqa: FBT001 -- hypothesis gives it
    lines = lines_of("".join(f"line {number}\n" for number in range(15)) + ("" if ended else "last"))
    kept: list[Edit] = []
    for edit in edits:
        if (edit.new or edit.end > edit.start) and not collide(kept, [edit]) and edit not in kept:
            kept.append(edit)
    (file,) = unified.read(unified.write('a "b" c.py', lines, kept))
    assert file.path == 'a "b" c.py'
    assert edited(lines, file.edits) == edited(lines, kept)
    for hunk in file.hunks:
        assert list(hunk.old) == lines[hunk.start : hunk.start + len(hunk.old)]
