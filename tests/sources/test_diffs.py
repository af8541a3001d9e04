# ruff: noqa: E501 -- a row of a table stays on its line
from __future__ import annotations

import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manyeyes.errors import BadCall
from manyeyes.redaction import Redactor
from manyeyes.settings import Limits
from manyeyes_tools.diffs import parse
from manyeyes_tools.sources import MaterialArguments, read_material

PLAIN = "--- a/app.py\t2026-01-01\n+++ b/app.py\n@@ -1,3 +1,3 @@\n a = 1\n-b = 2\n+b = 22\n c = 3\n"
GIT = (
    "diff --git a/app.py b/app.py\nindex 123..456 100644\n--- a/app.py\n+++ b/app.py\n"
    "@@ -1,3 +1,4 @@ def f():\n a = 1\n+x = 0\n b = 2\n c = 3\n"
)


def only(text):
    (file,) = parse(text)
    return file


def sides(text):
    return [(file.old, file.new, file.binary, sorted(file.changed)) for file in parse(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (PLAIN, [("app.py", "app.py", False, [2])]),
        (PLAIN.replace("\n", "\r\n"), [("app.py", "app.py", False, [2])]),
        (PLAIN.replace("a/", "").replace("b/", ""), [("app.py", "app.py", False, [2])]),
        (GIT, [("app.py", "app.py", False, [2])]),
        (GIT + GIT.replace("app", "bar"), [("app.py", "app.py", False, [2]), ("bar.py", "bar.py", False, [2])]),
        ("commit abc\nAuthor: x\n\n    message\n\n" + GIT + "-- \n2.39.5\n", [("app.py", "app.py", False, [2])]),
        (
            "diff --git a/n.py b/n.py\nnew file mode 100644\n--- /dev/null\n+++ b/n.py\n@@ -0,0 +1 @@\n+x\n\\ No newline at end of file\n",
            [(None, "n.py", False, [1])],
        ),
        (
            "diff --git a/n.py b/n.py\ndeleted file mode 100644\n--- a/n.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n",
            [("n.py", None, False, [])],
        ),
        ("diff --git a/e.py b/e.py\nnew file mode 100644\nindex 000..e69\n", [(None, "e.py", False, [])]),
        (
            "diff --git a/old name.py b/new name.py\nsimilarity index 100%\nrename from old name.py\nrename to new name.py\n",
            [("old name.py", "new name.py", False, [])],
        ),
        ("diff --git a/my file.py b/my file.py\nold mode 100644\nnew mode 100755\n", [("my file.py", "my file.py", False, [])]),
        ("diff --git a/i.png b/i.png\nindex 1..2\nBinary files a/i.png and b/i.png differ\n", [("i.png", "i.png", True, [])]),
        ("diff --git a/i.png b/i.png\nindex 1..2\nGIT binary patch\nliteral 3\nKcmZ\n\n", [("i.png", "i.png", True, [])]),
        (
            'diff --git "a/\\303\\274 \\"q\\".py" "b/\\303\\274 \\"q\\".py"\n--- "a/\\303\\274 \\"q\\".py"\n+++ "b/\\303\\274 \\"q\\".py"\n@@ -1 +1 @@\n-a\n+b\n',
            [('ü "q".py', 'ü "q".py', False, [1])],
        ),
        ("--- i/x.py\n+++ w/x.py\n@@ -1 +1 @@\n-a\n+b\n", [("x.py", "x.py", False, [1])]),
        ("--- a/x.py\n+++ b/x.py\n@@ -1,3 +1,2 @@\n a\n-b\n c\n", [("x.py", "x.py", False, [1, 2])]),
        ("--- a/x.py\n+++ b/x.py\n@@ -1,2 +1,2 @@\n\n-b\n+c\n", [("x.py", "x.py", False, [2])]),
        ("--- a/x.sql\n+++ b/x.sql\n@@ -1,2 +1,2 @@\n--- old comment\n+++ new\n c\n", [("x.sql", "x.sql", False, [1])]),
    ],
)  # fmt: skip
def test_forms_of_diffs(text, expected):
    assert sides(text) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("just words\n", "names no file"),
        ("@@ -1 +1 @@\n-a\n+b\n", "Line 1 of the diff: a hunk without a file"),
        ("--- a/x\n+++ b/x\n", "Line 1 of the diff names a file, but no hunk"),
        ("--- a/x\n+++ b/x\n@@ nonsense @@\n", "Line 3 of the diff: `@@ nonsense @@` is no hunk header"),
        (
            "--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n a\n",
            "Line 4 of the diff: the diff ends within the hunk that begins at line 3",
        ),
        (
            "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n+c\n",
            "Line 6 of the diff: more lines than the header of the hunk at line 3",
        ),
        ("--- a/x\n+++ b/x\n@@ -1 +1,2 @@\n-a\n-b\n+b\n", "Line 5 of the diff: more lines than"),
        ("--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n-a\n*b\n", "Line 5 of the diff: `*b` within a hunk"),
        ("diff --cc x\n@@@ -1 -1 +1 @@@\n", "Line 1 of the diff: a merge's combined diff"),
        ("--- /dev/null\n+++ /dev/null\n@@ -1 +1 @@\n", "both sides are /dev/null"),
        ("diff --git nonsense\nindex 1\n", "Line 1 of the diff: the file's names"),
    ],
)
def test_broken_diffs_name_the_line(text, says):
    with pytest.raises(BadCall) as caught:
        parse(text)
    assert says in str(caught.value)
    assert "Send a unified diff" in str(caught.value)


LINES = st.lists(st.sampled_from(["a", "b", "", "- c", "+d", "@@ x", "--- e", " f", "\\ g", "ü"]), max_size=12)


@given(old=LINES, new=LINES)
def test_what_difflib_writes_we_read(old, new):
    text = "\n".join(difflib.unified_diff(old, new, "a/x.py", "b/x.py", lineterm="")) + "\n"
    if old == new:
        return
    file = only(text)
    for hunk in file.hunks:
        assert list(hunk.lines) == new[hunk.start - 1 : hunk.start - 1 + len(hunk.lines)]
    if new:
        assert file.changed or not file.hunks[0].lines
        assert all(1 <= line <= len(new) for line in file.changed)


@given(st.text(alphabet="-+@ \\ad/ifg1,\n\r", max_size=80))
def test_any_text_is_read_or_refused(text):
    try:
        assert parse("--- a/x\n+++ b/x\n" + text)
    except BadCall as error:
        assert "diff" in str(error)  # noqa: PT017 -- either outcome is right, and each is checked


def from_diff(text, roots=(), **limits):
    return read_material(MaterialArguments(diff=text), roots, Limits(**limits), Redactor())


def test_the_whole_file_where_it_is_as_the_diff_leaves_it(root, put):
    put("app.py", "a = 1\nb = 22\nc = 3\nd = 4\n")
    (file,) = from_diff(PLAIN, (root,)).files
    assert (file.text, file.changed, file.partial) == ("a = 1\nb = 22\nc = 3\nd = 4\n", frozenset({2}), False)


@pytest.mark.parametrize("there", [None, "a = 1\nb = 2\nc = 3\n", "", "z = 0\na = 1\nb = 22\nc = 3\n"])
def test_else_the_lines_that_the_diff_shows(there, root, put):
    if there is not None:
        put("app.py", there)
    text = PLAIN + "@@ -10,2 +10,3 @@\n j\n+k\n l\n"
    (file,) = from_diff(text, (root,)).files
    assert file.text == "a = 1\nb = 22\nc = 3\n" + "\n" * 6 + "j\nk\nl\n"
    assert (file.partial, file.parts, file.changed) == (True, ((1, 3), (10, 12)), frozenset({2, 11}))
    assert file.masked.count("\n") == file.text.count("\n")


def test_diffs_need_no_roots_and_read_nothing_outside(tmp_path, root):
    (tmp_path / "out.py").write_text("b\n", encoding="utf-8")
    (file,) = from_diff("--- a/../out.py\n+++ b/../out.py\n@@ -1 +1 @@\n-a\n+b\n", (root,)).files
    assert file.partial
    assert from_diff(PLAIN).files[0].partial


def test_what_is_not_shown_is_said(root):
    text = (
        "diff --git a/gone.py b/gone.py\ndeleted file mode 100644\n--- a/gone.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n"
        "diff --git a/i.png b/i.png\nBinary files a/i.png and b/i.png differ\n"
        "diff --git a/o.py b/n.py\nsimilarity index 100%\nrename from o.py\nrename to n.py\n"
        "diff --git a/.env b/.env\n--- a/.env\n+++ b/.env\n@@ -1 +1 @@\n-a\n+b\n"
        "--- a/far.py\n+++ b/far.py\n@@ -1 +999999999 @@\n-a\n+b\n"
        "--- a/cut.py\n+++ b/cut.py\n@@ -3,1 +2,0 @@\n-a\n"
    )
    material = from_diff(text, (root,))
    assert material.files == ()
    assert set(material.notes) == {
        "gone.py was deleted",
        "n.py: renamed or changed in mode only (was o.py)",
        "cut.py: lines were only taken out",
    }
    assert {item.path: item.reason[:12] for item in material.skipped} == {
        ".env": "may hold sec",
        "far.py": "its diff spe",
        "i.png": "binary",
    }
