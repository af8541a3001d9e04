from __future__ import annotations

import os
import pty
import subprocess
from dataclasses import dataclass, field
from pathlib import Path  # noqa: TC003 -- `dataclass` looks at the annotations below

import pytest

from manyeyes.redaction import Redactor
from manyeyes.settings import Limits, Settings


@dataclass
class SourceBench:
    """What `gather` uses of a bench."""

    roots: tuple[Path, ...] = ()
    settings: Settings = field(default_factory=Settings)
    redactor: Redactor = field(default_factory=Redactor)


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    return folder.resolve()


@pytest.fixture
def bench(root):
    return SourceBench(roots=(root,))


@pytest.fixture
def limits():
    return Limits()


@pytest.fixture
def put(root):
    def write(name, text="x = 1\n"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


@pytest.fixture
def plain_git(tmp_path):
    """Git as a user runs it, with a home of its own: the one that a hostile repository reaches."""
    home = tmp_path / "home"
    home.mkdir()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@example.org",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@example.org",
        "GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z",
        "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z",
    }

    def run(*arguments, cwd, check=True, given="", terminal=False):
        leader, follower = pty.openpty() if terminal else (-1, subprocess.PIPE)
        done = subprocess.run(
            ["git", *arguments],
            cwd=cwd,
            env=environment,
            input=given,
            stdout=follower,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=30,
        )
        if terminal:
            os.close(leader)
            os.close(follower)
        if check:
            assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def repository(root, plain_git, put):
    """A repository with two commits; `app.py` has three lines, the second of which the second commit changed."""
    plain_git("init", "-q", "-b", "main", cwd=root)
    put("app.py", "a = 1\nb = 2\nc = 3\n")
    put("old.py", "gone = True\n")
    plain_git("add", ".", cwd=root)
    plain_git("commit", "-qm", "one", cwd=root)
    put("app.py", "a = 1\nb = 22\nc = 3\n")
    plain_git("rm", "-q", "old.py", cwd=root)
    plain_git("commit", "-qam", "two", cwd=root)
    return root
