"""`review --apply` writes what was shown and wanted, and nothing else."""

from __future__ import annotations

import errno
import os
import stat
import time

import pytest

from manyeyes.redaction import Redactor
from manyeyes.settings import Limits
from manyeyes_tools.anchors import anchor
from manyeyes_tools.applying import plan
from manyeyes_tools.arguments import MaterialArguments
from manyeyes_tools.findings import Finding, Severity
from manyeyes_tools.patches import make_patch
from manyeyes_tools.sources import read_material

TEXT = 'import os\n\nPASSWORD = "hunter2-Ab9xQ7"\nHOST = "h"\n\n\ndef f(x):\n    return eval(x)\n'


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "a.py").write_text(TEXT)
    return folder.resolve()


def reviewed(root, *changes, name="a.py"):
    """Findings as a review of the file would have them, and when it began."""
    time.sleep(0.02)  # files written just now were there before the review
    since = time.time()
    (file,) = read_material(MaterialArguments(paths=(name,)), (root,), Limits(), Redactor()).files
    findings = []
    for number, (search, replace) in enumerate(changes):
        place = anchor(file, search)
        assert place is not None
        findings.append(
            Finding(
                id=f"F-{number}", title="t", severity=Severity.HIGH, category="bug", path=file.path,
                start_line=place.start_line, end_line=place.end_line, quote=place.quote, explanation="e",
                confidence=0.9, sources=["a:b"], suggestion=make_patch(file, search, replace, place),
            )
        )  # fmt: skip
    return findings, since


EVAL = ("    return eval(x)", "    return int(x)")


def test_what_was_wanted_is_written_and_nothing_else(root):
    (root / "a.py").chmod(0o754)
    findings, since = reviewed(root, EVAL, ('HOST = "h"', 'HOST = "i"'))
    made = plan(findings, [root], since)
    assert [fix.id for fix in made.offered] == ["F-0", "F-1"]
    written = made.write({"F-0"})
    assert (written.files, written.fixes, written.failed) == (("a.py",), ("F-0",), ())
    assert (root / "a.py").read_text() == TEXT.replace("eval", "int")
    assert stat.S_IMODE((root / "a.py").stat().st_mode) == 0o754
    assert sorted(path.name for path in root.iterdir()) == ["a.py"]


@pytest.mark.parametrize("ending", ["\r\n", "\n"])
def test_line_ends_and_a_missing_last_one_stay(root, ending):
    text = TEXT.rstrip("\n").replace("\n", ending).encode()
    (root / "a.py").write_bytes(text)
    findings, since = reviewed(root, EVAL)
    plan(findings, [root], since).write({"F-0"})
    assert (root / "a.py").read_bytes() == text.replace(b"eval", b"int")


def test_masked_secrets_come_back(root):
    findings, since = reviewed(root, ('HOST = "h"', 'HOST = "i"'))
    masked = 'PASSWORD = "<secret:password:1>"\nHOST = "h"'
    (file,) = read_material(MaterialArguments(paths=("a.py",)), (root,), Limits(), Redactor()).files
    assert masked in file.masked
    place = anchor(file, masked)
    kept = make_patch(file, masked, masked.replace("PASSWORD", "SECRET").replace('"h"', '"i"'), place)
    assert kept.patch
    assert not kept.applies
    assert "hunter2" not in kept.patch
    assert "review --apply" in kept.explanation
    findings = [findings[0].model_copy(update={"suggestion": kept})]
    assert plan(findings, [root], since).write({"F-0"}).fixes == ("F-0",)
    assert (root / "a.py").read_text() == TEXT.replace("PASSWORD", "SECRET").replace('"h"', '"i"')


def test_a_secret_can_be_taken_out(root):
    (file,) = read_material(MaterialArguments(paths=("a.py",)), (root,), Limits(), Redactor()).files
    line = 'PASSWORD = "<secret:password:1>"'
    findings, since = reviewed(root, EVAL)
    patch = make_patch(file, line, 'PASSWORD = os.environ["PASSWORD"]', anchor(file, line))
    findings = [findings[0].model_copy(update={"suggestion": patch})]
    plan(findings, [root], since).write({"F-0"})
    assert (root / "a.py").read_text() == TEXT.replace('"hunter2-Ab9xQ7"', 'os.environ["PASSWORD"]')


def test_a_secret_is_not_put_elsewhere(root):
    (file,) = read_material(MaterialArguments(paths=("a.py",)), (root,), Limits(), Redactor()).files
    place = anchor(file, 'HOST = "h"')
    assert "did not stand" in make_patch(file, 'HOST = "h"', 'HOST = "<secret:password:1>"', place).explanation


def test_a_file_changed_since_is_left_alone(root):
    findings, since = reviewed(root, EVAL)
    made = plan(findings, [root], since)
    (root / "a.py").write_text("# more\n" + TEXT)
    assert "changed since" in plan(findings, [root], since).refused[0].reason
    written = made.write({"F-0"})
    assert written.files == ()
    assert "changed since" in written.failed[0].reason
    assert (root / "a.py").read_text() == "# more\n" + TEXT


def test_what_does_not_fit_line_by_line_is_refused(root):
    findings, _ = reviewed(root, EVAL)
    (root / "a.py").write_text("# more\n" + TEXT)
    time.sleep(0.02)
    assert "not as they were read" in plan(findings, [root], time.time()).refused[0].reason


def test_nothing_is_written_through_links_or_outside(root, tmp_path):
    findings, _ = reviewed(root, EVAL)
    outside = tmp_path / "elsewhere.py"
    (root / "a.py").rename(outside)
    (root / "a.py").symlink_to(outside)
    time.sleep(0.02)
    (refused,) = plan(findings, [root], time.time()).refused
    assert "outside" in refused.reason
    (root / "b.py").write_text(TEXT)
    (root / "a.py").unlink()
    (root / "a.py").symlink_to("b.py")
    time.sleep(0.02)
    (refused,) = plan(findings, [root], time.time()).refused
    assert "link" in refused.reason
    assert outside.read_text() == (root / "b.py").read_text() == TEXT


def test_a_link_put_there_after_the_plan_is_not_followed(root, tmp_path):
    findings, since = reviewed(root, EVAL)
    made = plan(findings, [root], since)
    outside = tmp_path / "elsewhere.py"
    outside.write_text(TEXT)
    (root / "a.py").unlink()
    (root / "a.py").symlink_to(outside)
    assert made.write({"F-0"}).files == ()
    assert outside.read_text() == TEXT


@pytest.mark.parametrize("path", ["../x.py", "/etc/passwd", "a.py\0", "", "sub/../../x.py"])
def test_a_patch_for_another_place_is_refused(root, path):
    findings, since = reviewed(root, EVAL)
    patch = findings[0].suggestion.patch.replace("a/a.py", f"a/{path}").replace("b/a.py", f"b/{path}")
    forged = findings[0].model_copy(update={"suggestion": findings[0].suggestion.model_copy(update={"patch": patch})})
    made = plan([forged], [root], since)
    assert not made.offered
    assert made.refused


def test_of_two_that_conflict_the_earlier_is_written(root):
    findings, since = reviewed(root, EVAL, ("    return eval(x)", "    return float(x)"), ("import os", "import sys"))
    made = plan(findings, [root], since)
    assert [fix.conflicts for fix in made.offered] == [(), ("F-0",), ()]
    written = made.write({"F-0", "F-1", "F-2"})
    assert (set(written.fixes), [one.id for one in written.failed]) == ({"F-0", "F-2"}, ["F-1"])
    assert (root / "a.py").read_text() == TEXT.replace("eval", "int").replace("import os", "import sys")


def test_what_cannot_be_written_says_so_and_leaves_nothing_behind(root, monkeypatch):
    findings, since = reviewed(root, EVAL)
    made = plan(findings, [root], since)

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "rename", full)
    assert made.write({"F-0"}).failed[0].reason == "cannot be written: no space left on device"
    assert [path.name for path in root.iterdir()] == ["a.py"]
    assert (root / "a.py").read_text() == TEXT


HEAD = "--- a/a.py\n+++ b/a.py\n"


@pytest.mark.parametrize(
    ("patch", "why"),
    [
        ("@@ -1 +1 @@\n-import os\n+import re\n@@ -1 +1 @@\n-import os\n+import io\n", "overlap"),
        ('@@ -4 +4 @@\n-HOST = "h"\n+HOST = "i"\n@@ -1 +1 @@\n-import os\n+import io\n', "not in order"),
        ("@@ -1,0 +2 @@\n+b = 1\n@@ -1,0 +2 @@\n+a = 1\n", "overlap"),
        ("@@ -999999999,0 +1 @@\n+z = 1\n", "the file has 8"),
        ("@@ -8,2 +8,2 @@\n-    return eval(x)\n-\n+    return 1\n+\n", "the file has 8"),
        ("@@ -1 +1 @@\n-import os\n+import os  # \udc80\n", "half a character"),
    ],
)
def test_a_patch_that_no_review_writes_is_refused_with_a_reason(root, patch, why):
    findings, since = reviewed(root, EVAL)
    suggestion = findings[0].suggestion.model_copy(update={"patch": HEAD + patch})
    made = plan([findings[0].model_copy(update={"suggestion": suggestion})], [root], since)
    assert made.offered == ()
    assert why in made.refused[0].reason
    assert made.write({"F-0"}).files == ()
    assert (root / "a.py").read_text() == TEXT
