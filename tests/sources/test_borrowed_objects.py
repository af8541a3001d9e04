"""A repository under a root shows its own history, not somebody else's."""

from __future__ import annotations

import subprocess

import pytest

from manyeyes.errors import BadCall
from manyeyes.redaction import Redactor
from manyeyes.settings import Limits
from manyeyes_tools.arguments import MaterialArguments
from manyeyes_tools.sources import read_material


def git(*args, cwd):
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@t", *args]
    return subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def victim(tmp_path):
    """A repository outside the roots, and its commit."""
    folder = tmp_path / "victim"
    folder.mkdir()
    git("init", "-q", cwd=folder)
    (folder / "private.py").write_text("eval(input())\n")
    git("add", ".", cwd=folder)
    git("commit", "-q", "-m", "private", cwd=folder)
    return folder, git("rev-parse", "HEAD", cwd=folder)


@pytest.fixture
def own(tmp_path):
    """A repository that is a root."""
    folder = tmp_path / "own"
    folder.mkdir()
    git("init", "-q", cwd=folder)
    git("commit", "-q", "--allow-empty", "-m", "start", cwd=folder)
    return folder


def look(root, revisions, *more):
    return read_material(MaterialArguments(git=revisions), (root, *more), Limits(), Redactor())


def test_alternates_outside_the_roots_are_refused(victim, own):
    folder, commit = victim
    (own / ".git" / "objects" / "info").mkdir(exist_ok=True)
    (own / ".git" / "objects" / "info" / "alternates").write_text(f"{folder}/.git/objects\n")
    assert git("show", "--stat", commit, cwd=own)  # plain git shows it
    with pytest.raises(BadCall, match="outside the roots"):
        look(own, f"HEAD..{commit}")


def test_links_among_the_objects_are_refused(victim, own):
    folder, commit = victim
    for path in (folder / ".git" / "objects").iterdir():
        here = own / ".git" / "objects" / path.name
        if len(path.name) == 2 and not here.exists():
            here.symlink_to(path)
    with pytest.raises(BadCall, match="outside the roots"):
        look(own, f"HEAD..{commit}")


def test_alternates_within_the_roots_serve(victim, own):
    folder, commit = victim
    (own / ".git" / "objects" / "info").mkdir(exist_ok=True)
    (own / ".git" / "objects" / "info" / "alternates").write_text(f"{folder}/.git/objects\n")
    assert [file.path for file in look(own, f"HEAD..{commit}", folder).files] == ["private.py"]


def test_a_project_file_with_a_monstrous_number_is_named_and_passed_over(own):
    (own / "manyeyes.toml").write_text("n = " + "1" * 5_000 + "\n")
    (own / "a.py").write_text("x = 1\n")
    material = look(own, "working")
    assert any("manyeyes.toml" in problem for problem in material.problems)
