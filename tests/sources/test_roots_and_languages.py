# ruff: noqa: E501 -- a row of a table stays on its line
from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manyeyes_tools.globs import matches
from manyeyes_tools.languages import comment_mark, ending_of, guess, language_of, named_language
from manyeyes_tools.roots import Place, Refused, holds_secrets, inside, read


@pytest.mark.parametrize(
    ("path", "secret"),
    [
        (".env", True), ("a/.env.production", True), ("x.env", True), (".env.example", False), (".env.sample", False),
        ("key.pem", True), ("ID_RSA", True), ("id_rsa.pub", False), (".aws/credentials", True), ("credentials.json", True),
        (".npmrc", True), (".netrc", True), (".pypirc", True), ("a.p12", True), ("a.kdbx", True), ("my-service-account.json", True),
        (".git/config", True), (".ssh/config", True), ("environment.py", False), ("keys.py", False), ("monkey.py", False),
        (".env~", True), ("prod.env.bak", True), ("secrets.yml.old", True), ("id_rsa.bak", True), (".env.orig", True),
        (".secrets.json.swp", True), ("a.pem.save", True), ("server.key.bak2", True), ("#secrets.toml#", True),
        (".env.example.bak", False), ("app.py~", False), ("notes.old", False), (".old", False), ("~", False),
        ("credentials.py", True), ("secrets.py", False), ("src/env.ts", False), ("package.json", False),
    ],
)  # fmt: skip
def test_files_for_secrets(path, secret):
    assert holds_secrets(path) is secret


def test_a_folder_swapped_for_a_link_is_not_followed(root, put, tmp_path):
    put("pkg/a.py", "mine = 1\n")
    place = inside(root, "pkg/a.py")
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "a.py").write_text("theirs = 1\n", encoding="utf-8")
    assert read(place, 100) == "mine = 1\n"
    (root / "pkg").rename(root / "pkg2")
    (root / "pkg").symlink_to(tmp_path / "theirs")
    with pytest.raises(Refused, match="changed while it was read"):
        read(place, 100)


def test_a_file_swapped_for_a_link_or_pipe_is_not_opened(root, put, tmp_path):
    put("a.py")
    place = inside(root, "a.py")
    (root / "a.py").unlink()
    (tmp_path / "theirs.py").write_text("theirs = 1\n", encoding="utf-8")
    (root / "a.py").symlink_to(tmp_path / "theirs.py")
    with pytest.raises(Refused, match="link"):
        read(place, 100)
    (root / "a.py").unlink()
    os.mkfifo(root / "a.py")
    with pytest.raises(Refused, match="pipe"):
        read(place, 100)


def test_descriptors_are_closed(root, put):
    put("a/b/c.py")
    descriptors = Path("/proc/self/fd")
    if not descriptors.is_dir():
        pytest.skip("this system does not list the descriptors of a process")
    before = len(list(descriptors.iterdir()))
    for name in ("a/b/c.py", "a/b", "a/b/missing.py"):
        for _ in range(20):
            try:
                read(Place(root, name, name), 100)
            except Refused:
                continue
    assert len(list(descriptors.iterdir())) == before


@pytest.mark.parametrize(
    ("path", "text", "language"),
    [
        ("a/b.py", "", "python"), ("X.TSX", "", "typescript"), ("Dockerfile", "", "dockerfile"), ("Dockerfile.dev", "", "dockerfile"),
        ("Makefile", "", "make"), ("run", "#!/usr/bin/env -S python3 -u\n", "python"), ("run", "#!/bin/bash\n", "shell"),
        ("run", "x", "text"), ("a.weird", "", "text"), ("requirements-dev.txt", "", "requirements"), (".py", "", "text"),
        ("go.mod", "", "go-mod"), ("a.txt", "", "text"),
    ],
)  # fmt: skip
def test_languages(path, text, language):
    assert language_of(path, text) == language


def test_what_follows_from_a_language():
    assert [comment_mark(name) for name in ("python", "go", "sql", "html", "unknown")] == ["#", "//", "--", "<!--", "#"]
    assert [ending_of(name) for name in ("python", "typescript", "unknown")] == ["py", "ts", "txt"]
    assert [named_language(name) for name in (" Py ", ".rs", "C#", "cobol")] == ["python", "rust", "csharp", "cobol"]
    assert [guess(text) for text in ("x = 1", "", "x +", "a\0b", "(" * 9999)] == [
        "python",
        "text",
        "text",
        "text",
        "text",
    ]


@given(st.text("ab/*", min_size=1, max_size=30))
def test_hostile_globs_end(pattern):
    matches("a" * 200 + "/" + "b" * 200, pattern + "*a" * 100)


@pytest.mark.parametrize(
    ("path", "pattern", "fits"),
    [
        ("a/b/c.py", "**", True), ("a/b/c.py", "a/**/c.py", True), ("a/c.py", "a/**/c.py", True), ("a/c.py", "*.py", False),
        ("c.py", "**/c.py", True), ("a/b", "a/*/b", False), ("a.py", "[!b].py", True), ("x.tsx", "*.{ts,tsx}", True),
    ],
)  # fmt: skip
def test_glob_rules(path, pattern, fits):
    assert matches(path, pattern) is fits
