"""Patches that git takes, and reasons where there is none."""

# ruff: noqa: E501, PLR0917  # a case of a table stays on its line, however many parts it has

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from manyeyes_tools.anchors import Anchor
from manyeyes_tools.material import SourceFile
from manyeyes_tools.patches import make_patch

if TYPE_CHECKING:
    from pathlib import Path

TEXT = "import os\n\n\ndef f(x):\n    y = 1\n    if x:\n        return eval(x)\n    return y\n\n\ndef g():\n    y = 1\n    return y\n"


def source(text: str = TEXT, path: str = "a.py", **more: Any) -> SourceFile:
    return SourceFile(
        path=path, language=more.pop("language", "python"), text=text, masked=more.pop("masked", text), **more
    )


def near(line: int) -> Anchor:
    return Anchor(line, line, "", 1.0)


def git_applies(folder: Path, path: str, text: str, patch: str) -> str:
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(text.encode())
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    done = subprocess.run(["git", "apply", "-"], cwd=folder, input=patch.encode(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode() + patch
    return target.read_bytes().decode()


CASES = [
    # text, search, replace, line, path, what comes out
    (TEXT, "return eval(x)", "return ast.literal_eval(x)", 7, "a.py", TEXT.replace("eval(x)", "ast.literal_eval(x)")),
    (TEXT, "if x:\n    return eval(x)", "if x:\n    z = 2\n    return z", 7, "a.py", TEXT.replace("        return eval(x)", "        z = 2\n        return z")),
    (TEXT, "    y = 1", "    y = 2", 5, "a.py", TEXT.replace("y = 1", "y = 2", 1)),
    (TEXT, "    y = 1", "    y = 2", 12, "a.py", TEXT[:-25] + TEXT[-25:].replace("y = 1", "y = 2")),
    (TEXT, "import os\n", "import ast\nimport os\n", 1, "b/my file.py", "import ast\n" + TEXT),
    (TEXT, "import os\n\n\ndef f(x):", "def f(x):", 1, "a.py", TEXT.removeprefix("import os\n\n\n")),
    (TEXT, "import os", "", 1, 'q"uo\\te.py', TEXT.removeprefix("import os\n\n\n")),
    ("a = 1\nb = 2", "b = 2", "b = 3", 2, "a.py", "a = 1\nb = 3"),
    ("a = 1\nb = 2", "a = 1", "a = 3", 1, "grün.py", "a = 3\nb = 2"),
    ("a = 1", "a = 1", "a = 2\nc = 3", 1, "a.py", "a = 2\nc = 3"),
    ("a = 1\r\nb = 2\r\nc = 3\r\n", "b = 2", "b = 4\nd = 5", 2, "a.py", "a = 1\r\nb = 4\r\nd = 5\r\nc = 3\r\n"),
    ("a = 1\r\nb = 2", "b = 2", "b = 4", 2, "a.py", "a = 1\r\nb = 4"),
    ("x\n\x0cy\n", "y", "z", 2, "a.txt", "x\n\x0cz\n"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "search", "replace", "line", "path", "after"), CASES)
def test_git_takes_the_patch(
    text: str, search: str, replace: str, line: int, path: str, after: str, tmp_path: Path
) -> None:
    language = "python" if path.endswith(".py") else "text"
    suggestion = make_patch(source(text, path, language=language), search, replace, near(line), explanation="Better.")
    assert suggestion.explanation == "Better."
    assert suggestion.applies
    assert suggestion.patch
    assert git_applies(tmp_path, path, text, suggestion.patch) == after


@pytest.mark.parametrize(("search", "replace", "line", "reason"), [
    ("nowhere", "x", 5, "not in the file"), ("    y = 1", "    y = 1", 5, "change nothing"), ("  ", "x", 5, "what to replace"),
    ("    y = 1", "    y = (", 5, "no longer parse"), ("y", "z", 90, "several times"),
])  # fmt: skip
def test_reasons_for_no_patch(search: str, replace: str, line: int, reason: str) -> None:
    suggestion = make_patch(source(), search, replace, near(line), explanation="Better.")
    assert (suggestion.patch, suggestion.applies) == (None, False)
    assert suggestion.explanation.startswith("Better. (No patch: ")
    assert reason in suggestion.explanation


SECRET = 'host = "h"\nport = 1\nkey = "hunter2"\nname = "n"\nmore = 2\nlast = 3\n'
MASKED = SECRET.replace("hunter2", "<secret:password:1>")


@pytest.mark.parametrize(("search", "replace", "applies"), [
    ('key = "<secret:password:1>"', 'key = os.environ["KEY"]', False), ("last = 3", 'last = "<secret:password:1>"', False),
    ("port = 1", "port = 2", False), ("last = 3", "last = 4", True), ("more = 2", "more = 4", True), ('name = "n"', 'name = "m"', True),
    ('key = "<secret:password:1>"\nname = "n"', 'key = "<secret:password:1>"\nname = "m"', True), ('host = "h"', 'host = "i"', True),
])  # fmt: skip
def test_masked_secrets_are_neither_shown_nor_touched(
    search: str, replace: str, *, applies: bool, tmp_path: Path
) -> None:
    suggestion = make_patch(source(SECRET, masked=MASKED), search, replace, near(4))
    assert suggestion.applies is applies
    assert "hunter2" not in suggestion.model_dump_json()
    assert ("<secret" in (suggestion.patch or "")) is (not applies and "<secret" not in replace)
    if suggestion.applies:
        assert suggestion.patch
        assert "hunter2" in git_applies(tmp_path, "a.py", SECRET, suggestion.patch)


def test_in_a_diff_only_known_lines_take_part(tmp_path: Path) -> None:
    whole = "def f(x):\n    a = 1\n    b = 2\n    c = 3\n    d = 4\n    e = 5\n    return a\n"
    known = "\n".join(line if 3 <= number <= 5 else "" for number, line in enumerate(whole.split("\n"), 1))
    file = source(known, partial=True, parts=((3, 5),))
    suggestion = make_patch(file, "c = 3", "c = 9", near(4))
    assert suggestion.patch
    assert git_applies(tmp_path, "a.py", whole, suggestion.patch) == whole.replace("c = 3", "c = 9")
    assert "follows at once" in make_patch(file, "d = 4", "d = 9", near(5)).explanation
    assert "does not parse" in make_patch(file, "c = 3", "c = (", near(4)).explanation


def test_what_never_parsed_is_not_said_to_apply() -> None:
    assert "before or after" in make_patch(source("def f(:\nx = 1\n"), "x = 1", "x = 2", near(2)).explanation
