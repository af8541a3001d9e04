from __future__ import annotations

import os

import pytest

from manyeyes.redaction import Redactor
from manyeyes.settings import Limits
from manyeyes_tools.findings import Severity
from manyeyes_tools.project import ProjectSettings, read_project, together
from manyeyes_tools.sources import MaterialArguments, read_material


def test_what_a_project_may_set(root, put):
    put(
        "manyeyes.toml",
        'focus = "error handling"\nignore = ["vendor/", "*.gen.py"]\n[severities]\nS101 = "low"\nstyle = "info"\n'
        "[limits]\nfindings = 10\nfiles = 3\n",
    )
    settings, problems = read_project(root)
    assert problems == ()
    assert settings == ProjectSettings(
        focus=("error handling",),
        ignore=("vendor/", "*.gen.py"),
        severities={"S101": Severity.LOW, "style": Severity.INFO},
        limits={"findings": 10, "files": 3},
    )


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('privacy = "off"', "`privacy` is not for a project to set"),
        ('roots = ["/"]', "`roots`"),
        ('[anthropic]\nbase_url = "http://evil"', "`anthropic`"),
        ('[endpoints.x]\nurl = "http://evil"', "`endpoints`"),
        ("[budget]\nusd_per_day = 1000", "`budget`"),
        ("[limits]\nusd = 1", "`limits.usd`"),
        ("[limits]\nfiles = 0", "`limits.files` must be a whole number"),
        ("[limits]\nfiles = true", "`limits.files` must be a whole number"),
        ("limits = 3", "`limits` must be a table"),
        ('[severities]\nx = "fatal"', "`severities.x` must be one of critical"),
        ("severities = []", "`severities` must be a table"),
        ("focus = 3", "`focus` must be a text"),
        ("focus = [1]", "`focus` must be a text"),
        (f'focus = "{"x" * 3000}"', "`focus` is longer"),
        ('ignore = ["{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}"]', "`ignore` pattern has no effect"),
        ("not toml", "is not valid TOML"),
        ("x = " + "[" * 5000, "is not valid TOML"),
    ],
)
def test_everything_else_is_refused_by_name(text, named, root, put):
    put("manyeyes.toml", text)
    settings, problems = read_project(root)
    assert settings == ProjectSettings()
    assert any(named in problem for problem in problems), problems


def test_a_file_that_is_none_is_not_read(root, put, tmp_path):
    assert read_project(root) == (ProjectSettings(), ())
    os.mkfifo(root / "manyeyes.toml")
    assert "pipe" in read_project(root)[1][0]
    (root / "manyeyes.toml").unlink()
    (tmp_path / "theirs.toml").write_text('focus = "x"', encoding="utf-8")
    (root / "manyeyes.toml").symlink_to(tmp_path / "theirs.toml")
    settings, problems = read_project(root)
    assert settings == ProjectSettings()
    assert "leaves the root" in problems[0]


def test_limits_only_ever_go_down():
    limits = Limits(files=10, findings=10)
    lowered = ProjectSettings(limits={"files": 3, "findings": 1_000_000}).lowered(limits)
    assert (lowered.files, lowered.findings, lowered.file_bytes) == (3, 10, limits.file_bytes)


def test_several_roots_together():
    one = ProjectSettings(focus=("a",), severities={"x": Severity.LOW}, limits={"files": 5})
    two = ProjectSettings(focus=("a", "b"), severities={"x": Severity.HIGH, "y": Severity.INFO}, limits={"files": 3})
    assert together([one, two]) == ProjectSettings(
        focus=("a", "b"), severities={"x": Severity.LOW, "y": Severity.INFO}, limits={"files": 3}
    )


def test_it_is_applied_and_shown_on_the_material(root, put, limits):
    put("manyeyes.toml", 'ignore = ["vendor", "*.gen.py", "docs/**/*.md"]\nfocus = "x"\nprivacy = "off"\n')
    for name in ("a.py", "vendor/in/b.py", "x/vendor/c.py", "m.gen.py", "docs/d.md", "docs/e.py", "docs/in/f.md"):
        put(name)
    material = read_material(MaterialArguments(paths=(".",)), (root,), limits, Redactor())
    assert [file.path for file in material.files] == ["a.py", "docs/e.py", "manyeyes.toml"]
    assert {item.reason for item in material.skipped} == {"ignored by the project's manyeyes.toml"}
    assert len(material.skipped) == 5
    assert material.project.focus == ("x",)
    assert len(material.problems) == 1
    assert "`privacy`" in material.problems[0]
    named = read_material(MaterialArguments(paths=("m.gen.py",)), (root,), limits, Redactor())
    assert [file.path for file in named.files] == ["m.gen.py"], "a file that is named is meant"
