from __future__ import annotations

import os
import shutil

import pytest

from manyeyes.errors import BadCall, NothingChanged
from manyeyes.redaction import Redactor
from manyeyes_tools.sources import MaterialArguments, read_material


@pytest.fixture
def changes(root, limits):
    def read(revisions, roots=None):
        return read_material(MaterialArguments(git=revisions), roots or (root,), limits, Redactor())

    return read


def shown(material):
    return {file.path: (file.text, file.changed and sorted(file.changed)) for file in material.files}


@pytest.mark.parametrize(
    "revisions", ["HEAD~1..HEAD", "HEAD~1", "HEAD^", "main~1..main", "HEAD~..", "@~1", "HEAD~1...main"]
)
def test_a_range_shows_the_new_side_and_its_changed_lines(revisions, repository, changes):
    material = changes(revisions)
    assert shown(material) == {"app.py": ("a = 1\nb = 22\nc = 3\n", [2])}
    assert material.notes == ("old.py was deleted",)
    assert material.origin == "git"


def test_the_new_side_of_a_range_is_the_commit_and_that_of_a_revision_the_work_tree(repository, changes, put):
    put("app.py", "a = 1\nb = 22\nc = 33\n")
    assert shown(changes("HEAD~1..HEAD")) == {"app.py": ("a = 1\nb = 22\nc = 3\n", [2])}
    assert shown(changes("HEAD~1")) == {"app.py": ("a = 1\nb = 22\nc = 33\n", [2, 3])}


def test_staged_and_working(repository, changes, put, plain_git):
    put("app.py", "a = 1\nb = 22\nc = 33\n")
    put("new one.py", "n = 1\n")
    plain_git("add", ".", cwd=repository)
    put("app.py", "a = 0\nb = 22\nc = 33\n")
    put("fresh.py", "f = 1\n")
    put(".gitignore", "ignored.py\n")
    put("ignored.py")
    assert shown(changes("staged")) == {
        "app.py": ("a = 1\nb = 22\nc = 33\n", [3]),
        "new one.py": ("n = 1\n", [1]),
    }
    assert shown(changes("working")) == {
        ".gitignore": ("ignored.py\n", None),
        "app.py": ("a = 0\nb = 22\nc = 33\n", [1, 3]),
        "fresh.py": ("f = 1\n", None),
        "new one.py": ("n = 1\n", [1]),
    }


def test_of_several_roots_the_first_that_has_changed_is_compared_and_told(repository, changes, plain_git, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    plain_git("init", "-q", "-b", "main", cwd=other)
    (other / "new.py").write_text("n = 1\n")
    for roots, told in (
        ((repository, other), f"nothing has changed in {repository.name}"),
        ((other, repository), f"of several roots only other was compared, not {repository.name}"),
    ):
        material = changes("working", roots)
        assert list(shown(material)) == ["new.py"]
        assert material.notes == (told,)
    (other / "new.py").unlink()
    with pytest.raises(NothingChanged, match="no changes since the last commit"):
        changes("working", (repository, other))


def test_a_branch_against_where_it_left(repository, changes, put, plain_git):
    plain_git("checkout", "-qb", "topic/é-x", "HEAD~1", cwd=repository)
    put("feature.py", "f = 1\n")
    plain_git("add", ".", cwd=repository)
    plain_git("commit", "-qm", "f", cwd=repository)
    plain_git("branch", "feature", cwd=repository)
    plain_git("tag", "-am", "t", "v1", cwd=repository)
    plain_git("pack-refs", "--all", cwd=repository)
    for name in ("feature", "v1", "HEAD", "topic/é-x"):
        assert list(shown(changes(f"main...{name}"))) == ["feature.py"]
    assert sorted(shown(changes("main..feature"))) == ["app.py", "feature.py", "old.py"]


def test_renames_links_binaries_and_secrets(repository, changes, put, plain_git):
    put("long.py", "".join(f"line_{n} = {n}\n" for n in range(30)))
    put("ünï.py", "x = 1\n")
    plain_git("add", ".", cwd=repository)
    plain_git("commit", "-qm", "three", cwd=repository)
    plain_git("mv", "long.py", "moved.py", cwd=repository)
    put("moved.py", "".join(f"line_{n} = {n}\n" for n in range(29)) + "line_29 = 30\n")
    put("ünï.py", "x = 2\n")
    put("image.png", b"\x89PNG\0\0")
    put(".env", "TOKEN=abc\n")
    (repository / "link.py").symlink_to("/etc/passwd")
    plain_git("add", ".", cwd=repository)
    for revisions in ("staged", "working"):
        material = changes(revisions)
        assert {path: changed for path, (_, changed) in shown(material).items()} == {"moved.py": [30], "ünï.py": [1]}
        assert {item.path: item.reason.split(" (")[0] for item in material.skipped} == {
            "image.png": "binary",
            ".env": "may hold secrets, by its name",
            "link.py": "a link",
        }


@pytest.mark.parametrize(
    "revisions",
    [
        "--output=/tmp/x", "-O/tmp/x", "--ext-diff", "HEAD --output=x", "HEAD:app.py", "a b", "HEAD\n", "..--output=x",
        "HEAD..-x", "$(id)", "`id`", ";id", "HEAD..HEAD..HEAD", ":/two", "--", "-", "../x", "a\0b", "é" * 400, "",
    ],
)  # fmt: skip
def test_what_is_no_revision_never_reaches_git(revisions, repository, changes, tmp_path):
    if revisions == "HEAD\n":
        revisions = "HE\nAD"
    with pytest.raises(BadCall, match=r"no revision or range|is empty"):
        changes(revisions)


def test_errors_are_told_apart(repository, changes, root, tmp_path, monkeypatch):
    with pytest.raises(BadCall, match="no revision `nope`"):
        changes("nope")
    with pytest.raises(BadCall, match="no revision `nope"):
        changes("main..nope")
    with pytest.raises(BadCall, match="no changes since the last commit"):
        changes("working")
    elsewhere = tmp_path / "plain"
    elsewhere.mkdir()
    with pytest.raises(BadCall, match="No root is a git repository"):
        changes("HEAD", (elsewhere,))
    monkeypatch.setenv("PATH", "")
    with pytest.raises(BadCall, match="git is not installed"):
        changes("working")


def test_a_repository_without_a_commit(root, plain_git, put, changes):
    plain_git("init", "-q", cwd=root)
    put("a.py", "a = 1\n")
    plain_git("add", "a.py", cwd=root)
    put("b.py", "b = 1\n")
    assert shown(changes("staged")) == {"a.py": ("a = 1\n", [1])}
    assert sorted(shown(changes("working"))) == ["a.py", "b.py"]
    with pytest.raises(BadCall, match="no revision `HEAD`"):
        changes("HEAD")


def test_a_root_within_a_repository_sees_its_own_folder(repository, put, plain_git, changes):
    put("pkg/in.py", "i = 1\n")
    put("pkgs/out.py", "o = 1\n")
    plain_git("add", ".", cwd=repository)
    assert list(shown(changes("staged", (repository / "pkg",)))) == ["in.py"]
    put("pkg/new.py", "n = 1\n")
    assert list(shown(changes("working", (repository / "pkg",)))) == ["in.py", "new.py"]


def test_the_first_root_with_a_repository_is_meant(repository, changes, tmp_path):
    plain = tmp_path / "plain"
    plain.mkdir()
    assert list(shown(changes("HEAD~1", (plain, repository)))) == ["app.py"]


def test_linked_work_trees(repository, plain_git, changes, tmp_path):
    tree = tmp_path / "tree"
    plain_git("worktree", "add", "-q", "-b", "side", str(tree), "HEAD~1", cwd=repository)
    tree = tree.resolve()
    (tree / "app.py").write_text("a = 1\nb = 2\nc = 4\n", encoding="utf-8")
    assert shown(changes("working", (tree,))) == {"app.py": ("a = 1\nb = 2\nc = 4\n", [3])}
    assert shown(changes("side..main", (tree,))) == {"app.py": ("a = 1\nb = 22\nc = 3\n", [2])}


def test_submodules(repository, plain_git, changes, tmp_path):
    above = tmp_path / "above"
    above.mkdir()
    plain_git("init", "-q", cwd=above)
    plain_git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(repository), "sub", cwd=above)
    sub = (above / "sub").resolve()
    assert (sub / ".git").is_file()
    assert list(shown(changes("HEAD~1", (sub,)))) == ["app.py"]
    material = changes("staged", (above.resolve(),))
    assert list(shown(material)) == [".gitmodules"]


def test_sha256_repositories(root, plain_git, put, changes):
    plain_git("init", "-q", "--object-format=sha256", cwd=root)
    put("a.py", "a = 1\n")
    plain_git("add", ".", cwd=root)
    plain_git("commit", "-qm", "one", cwd=root)
    put("a.py", "a = 2\n")
    assert shown(changes("working")) == {"a.py": ("a = 2\n", [1])}
    plain_git("commit", "-qam", "two", cwd=root)
    assert shown(changes("HEAD~1..HEAD")) == {"a.py": ("a = 2\n", [1])}


def test_shallow_clones(repository, plain_git, changes, tmp_path):
    plain_git("clone", "-q", "--depth=1", f"file://{repository}", str(tmp_path / "shallow"), cwd=tmp_path)
    shallow = (tmp_path / "shallow").resolve()
    with pytest.raises(BadCall, match="no revision `HEAD~1`"):
        changes("HEAD~1", (shallow,))
    (shallow / "app.py").write_text("a = 5\n", encoding="utf-8")
    assert list(shown(changes("working", (shallow,)))) == ["app.py"]


def test_a_git_file_that_points_at_somebody_elses_repository_is_refused(repository, changes, tmp_path):
    for number, content in enumerate((f"gitdir: {repository}/.git\n", f"gitdir: ../{repository.name}/.git")):
        hostile = (tmp_path / f"hostile{number}").resolve()
        hostile.mkdir()
        (hostile / ".git").write_text(content, encoding="utf-8")
        with pytest.raises(BadCall, match="outside the roots"):
            changes("HEAD~1..HEAD", (hostile,))
    linked = (tmp_path / "linked").resolve()
    linked.mkdir()
    (linked / ".git").symlink_to(repository / ".git")
    with pytest.raises(BadCall, match="outside the roots"):
        changes("HEAD~1..HEAD", (linked,))


@pytest.mark.parametrize("part", ["objects", "commondir", "refs", "refs/heads/main", "HEAD", "packed-refs"])
def test_parts_borrowed_from_somebody_elses_repository_show_nothing(part, repository, plain_git, changes, tmp_path):
    hostile = (tmp_path / "hostile").resolve()
    hostile.mkdir()
    plain_git("init", "-q", "-b", "main", cwd=hostile)
    theirs = repository / ".git"
    ours = hostile / ".git"
    (ours / "objects" / "info" / "alternates").write_text(f"{theirs}/objects\n", encoding="utf-8")
    if part == "commondir":
        (ours / "commondir").write_text(f"{theirs}\n", encoding="utf-8")
    else:
        plain_git("pack-refs", "--all", "--no-prune", cwd=repository)
        target = ours / part
        target.parent.mkdir(exist_ok=True, parents=True)
        if target.is_dir():
            shutil.rmtree(target)
        target.unlink(missing_ok=True)
        target.symlink_to(theirs / part)
    if part != "HEAD":
        assert "22" in plain_git("show", "main:app.py", cwd=hostile, check=False) or part == "objects"
    with pytest.raises(BadCall):
        changes("main~1..main", (hostile,))


def test_pipes_within_the_git_folder_do_not_hold_us_up(repository, changes):
    os.mkfifo(repository / ".git/refs/heads/pipe")
    os.mkfifo(repository / ".git/shallow")
    assert list(shown(changes("HEAD~1..HEAD"))) == ["app.py"]


def test_line_ends_follow_the_repositorys_own_setting(repository, plain_git, changes, put):
    plain_git("config", "core.autocrlf", "true", cwd=repository)
    put("app.py", "a = 1\r\nb = 22\r\nc = 9\r\n")
    assert shown(changes("working")) == {"app.py": ("a = 1\r\nb = 22\r\nc = 9\r\n", [3])}


def test_attributes_cannot_hide_a_file(repository, plain_git, changes, put):
    put(".gitattributes", "*.py binary -diff\n")
    put("app.py", "a = 1\nb = 22\nc = 5\n")
    assert "Binary" in plain_git("diff", cwd=repository)
    assert shown(changes("working"))["app.py"] == ("a = 1\nb = 22\nc = 5\n", [3])


def test_the_repository_is_left_as_it_was(repository, changes, put):
    def state():
        return {
            str(path): (path.lstat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
            for path in repository.rglob("*")
        }

    put("app.py", "a = 1\nb = 22\nc = 5\n")
    before = state()
    changes("working")
    changes("HEAD~1")
    assert state() == before


def test_a_change_of_the_same_size_in_the_same_second_is_seen(repository, changes, put, plain_git):
    for number in range(5):
        put("app.py", f"a = 1\nb = 22\nc = {number}\n")
        plain_git("add", "app.py", cwd=repository)
        put("app.py", f"a = 1\nb = 22\nc = {number + 4}\n")
        assert shown(changes("working"))["app.py"][0].endswith(f"c = {number + 4}\n")
