from __future__ import annotations

import json
import os
import socket

import pytest
from pydantic import ValidationError

from manyeyes.errors import BadCall
from manyeyes.settings import Limits, Settings
from manyeyes_tools.arguments import CodeArguments, MaterialArguments
from manyeyes_tools.sources import gather

pytestmark = pytest.mark.anyio


def paths(material):
    return [file.path for file in material.files]


def reasons(material):
    return {item.path: item.reason for item in material.skipped}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "nothing to look at"),
        ({"code": "x", "paths": ("a",)}, "both given"),
        ({"diff": "x", "git": "HEAD"}, "both given"),
        ({"code": ""}, "empty"),
        ({"code": "a\0b"}, "NUL byte at position 1"),
        ({"code": "a\ud800"}, "surrogate pair at position 1"),
        ({"code": "x" * 2_000_001}, "2,000,001 bytes"),
        ({"paths": ()}, "`paths` is empty"),
        ({"paths": ("",)}, "empty path"),
        ({"paths": ("a\0b",)}, "characters that no path can have"),
        ({"paths": ("\udcff",)}, "characters that no path can have"),
        ({"paths": ("~/x",)}, "not expanded"),
        ({"paths": ("C:\\x",)}, "Windows path"),
        ({"paths": ("x" * 5000,)}, "too long"),
        ({"paths": ("é" * 200,)}, "too long"),
        ({"paths": ("missing.py",)}, "There is no `missing.py`"),
        ({"paths": ("../x",)}, "There is no"),
        ({"paths": ("/etc/passwd",)}, "outside the roots"),
        ({"paths": ("..",)}, "outside the roots"),
        ({"paths": ("*.nothing",)}, "fits no file"),
        ({"paths": ("{a,b}" * 9,)}, "cannot be used"),
        ({"paths": tuple("x" for _ in range(1001))}, "more than 1,000"),
        ({"diff": "hello"}, "names no file"),
        ({"diff": "a\0"}, "NUL byte"),
        ({"git": "HEAD"}, "No root is a git repository"),
    ],
)
async def test_bad_calls_say_what_is_wrong(given, says, bench):
    with pytest.raises(BadCall) as caught:
        await gather(MaterialArguments(**given), bench)
    assert says in str(caught.value)
    assert str(caught.value).count("\n") <= 1


@pytest.mark.parametrize("given", [{"paths": ("a.py",)}, {"git": "staged"}, {"paths": ("*.py",)}])
async def test_without_roots_the_way_out_is_named(given, bench):
    bench.roots = ()
    with pytest.raises(BadCall, match="MANYEYES_ROOTS"):
        await gather(MaterialArguments(**given), bench)


@pytest.mark.parametrize(
    ("code", "language", "path", "name"),
    [
        ("x = 1\n", None, "code.py", "python"),
        ("let x = {", None, "code.txt", "text"),
        ("#!/usr/bin/env node\nlet x", None, "code.js", "javascript"),
        ("let x", "TypeScript", "code.ts", "typescript"),
        ("let x", "js", "code.js", "javascript"),
        ("x", "brainfuck", "code.txt", "brainfuck"),
    ],
)
async def test_code(code, language, path, name, bench):
    material = await gather(MaterialArguments(code=code, language=language), bench)
    (file,) = material.files
    assert (file.path, file.language, file.text, file.changed) == (path, name, code, None)
    assert material.origin == "code"


async def test_code_alone_has_no_diff_or_git(bench):
    with pytest.raises(ValidationError):
        CodeArguments.model_validate({"diff": "x"})
    with pytest.raises(BadCall, match=r"Send `code` \(with `language`\) or `paths`"):
        await gather(CodeArguments(), bench)


async def test_a_folder_is_read_whole_and_in_order(bench, put):
    for name in ("b/z.py", "b/a.ts", "a.py", "README.md"):
        put(name)
    material = await gather(MaterialArguments(paths=(".",)), bench)
    assert paths(material) == ["README.md", "a.py", "b/a.ts", "b/z.py"]
    assert [file.language for file in material.files] == ["markdown", "python", "typescript", "python"]
    assert material.skipped == ()


async def test_gitignore_holds_without_git(bench, put):
    put(".gitignore", "build/\n*.log\n!keep.log\n/only_top.py\n")
    put("sub/.gitignore", "local.py\n")
    for name in ("build/x.py", "a.log", "keep.log", "only_top.py", "sub/only_top.py", "sub/local.py", "local.py"):
        put(name)
    material = await gather(MaterialArguments(paths=(".",)), bench)
    assert paths(material) == [".gitignore", "keep.log", "local.py", "sub/.gitignore", "sub/only_top.py"]
    below = await gather(MaterialArguments(paths=("sub",)), bench)
    assert paths(below) == ["sub/.gitignore", "sub/only_top.py"]
    named = await gather(MaterialArguments(paths=("build/x.py",)), bench)
    assert paths(named) == ["build/x.py"], "a file that is named is meant"


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("src/**/*.py", ["src/a.py", "src/in/b.py", "src/in/deep/c.py"]),
        ("src/*.py", ["src/a.py"]),
        ("**/*.{py,ts}", ["src/a.py", "src/in/b.py", "src/in/d.ts", "src/in/deep/c.py", "top.py"]),
        ("**/[bc].py", ["src/in/b.py", "src/in/deep/c.py"]),
        ("src/in/**", ["src/in/b.py", "src/in/d.ts", "src/in/deep/c.py"]),
        ("./*.py", ["top.py"]),
    ],
)
async def test_globs(pattern, expected, bench, put, root):
    for name in ("top.py", "src/a.py", "src/in/b.py", "src/in/d.ts", "src/in/deep/c.py"):
        put(name)
    assert paths(await gather(MaterialArguments(paths=(pattern,)), bench)) == expected
    if not pattern.startswith("."):
        assert paths(await gather(MaterialArguments(paths=(f"{root}/{pattern}",)), bench)) == expected


async def test_a_name_with_brackets_is_a_name_first(bench, put):
    put("[id].tsx")
    put("i.tsx")
    assert paths(await gather(MaterialArguments(paths=("[id].tsx",)), bench)) == ["[id].tsx"]


async def test_what_cannot_be_read_is_said(bench, put, root, tmp_path):
    put("a.py")
    put(".env", "A=1\n")
    put(".env.example", "A=\n")
    put("certs/server.pem", "x\n")
    put("id_rsa", "x\n")
    put("cloud.json", '{"type": "service_account", "private_key": "k"}')
    put("image.py", b"\x89PNG\0\0")
    put("latin.txt", b"caf\xe9\n")
    put("declared.py", b"# -*- coding: latin-1 -*-\nx = 'caf\xe9'\n")
    put("wide.txt", "héllo\n".encode("utf-16"))
    put("big.py", "x" * 2_000_001)
    (tmp_path / "outside.py").write_text("secret = 1\n", encoding="utf-8")
    (root / "link.py").symlink_to(tmp_path / "outside.py")
    (root / "inner.py").symlink_to("a.py")
    (root / "env.py").symlink_to(".env")
    (root / "loop.py").symlink_to("loop.py")
    (root / "gone.py").symlink_to("nowhere.py")
    (root / "up").symlink_to("..")
    os.mkfifo(root / "pipe.py")
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.open(".", os.O_RDONLY)
        os.chdir(root)
        try:
            listener.bind("sock")
        finally:
            os.fchdir(here)
            os.close(here)
        material = await gather(MaterialArguments(paths=(".",)), bench)
    assert paths(material) == [".env.example", "a.py", "declared.py", "inner.py", "wide.txt"]
    told = reasons(material)
    expected = {
        ".env": "secrets",
        "certs/server.pem": "secrets",
        "id_rsa": "secrets",
        "cloud.json": "service account",
        "image.py": "binary",
        "latin.txt": "not UTF-8",
        "big.py": "larger than 2,000,000 bytes",
        "link.py": "leaves the root",
        "env.py": "secrets",
        "loop.py": "circle",
        "gone.py": "nowhere",
        "up": "link to a folder",
        "pipe.py": "pipe",
        "sock": "socket",
    }
    assert set(told) == set(expected)
    for path, part in expected.items():
        assert part in told[path], path
    for path in ("env.py", "pipe.py", "big.py", "link.py", "loop.py", ".env", "sock", "image.py"):
        with pytest.raises(BadCall) as caught:
            await gather(MaterialArguments(paths=(path,)), bench)
        assert path in str(caught.value)


async def test_devices_are_not_opened(bench):
    for device in ("/dev/zero", "/dev/stdin", "/proc/self/environ"):
        with pytest.raises(BadCall, match="outside the roots"):
            await gather(MaterialArguments(paths=(device,)), bench)


@pytest.mark.parametrize("name", [".git", ".git/config", ".ssh/known_hosts", ".aws"])
async def test_folders_for_secrets_are_not_read(name, bench, put):
    put(".git/config", "[core]\n")
    put(".ssh/known_hosts")
    put(".aws/config")
    with pytest.raises(BadCall):
        await gather(MaterialArguments(paths=(name,)), bench)


async def test_limits_leave_nothing_out_in_silence(bench, put):
    for number in range(60):
        put(f"f{number:02}.py", "x" * 100)
    bench.settings = Settings(limits=Limits(files=5, total_bytes=450))
    material = await gather(MaterialArguments(paths=(".",)), bench)
    assert paths(material) == ["f00.py", "f01.py", "f02.py", "f03.py"]
    counted = sum(1 if item.path.startswith("f") else int(item.path.split()[0][1:]) for item in material.skipped)
    assert counted == 56
    assert all("450 bytes for one call" in item.reason for item in material.skipped)
    bench.settings = Settings(limits=Limits(files=5))
    material = await gather(MaterialArguments(paths=("*.py",)), bench)
    assert len(material.files) == 5
    assert {item.reason for item in material.skipped} == {"over the limit of 5 files"}


async def test_two_roots(bench, put, root, tmp_path):
    put("a.py")
    put("only_first.py")
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.py").write_text("second = 2\n", encoding="utf-8")
    (other / "b.py").write_text("b = 2\n", encoding="utf-8")
    bench.roots = (root, other.resolve())
    material = await gather(MaterialArguments(paths=("a.py", "b.py", f"{other}/a.py", f"{root}/a.py")), bench)
    assert {file.path: file.text for file in material.files} == {
        "a.py": "x = 1\n",
        "b.py": "b = 2\n",
        "other/a.py": "second = 2\n",
    }


async def test_the_same_file_is_read_once(bench, put):
    put("a.py")
    material = await gather(MaterialArguments(paths=(".", "a.py", "./a.py", "*.py")), bench)
    assert paths(material) == ["a.py"]


async def test_a_root_reached_by_a_link_is_followed_and_no_further(bench, put, root, tmp_path):
    put("pkg/a.py")
    (root / "alias").symlink_to("pkg")
    assert [file.text for file in (await gather(MaterialArguments(paths=("alias",)), bench)).files] == ["x = 1\n"]
    assert len((await gather(MaterialArguments(paths=("alias/a.py",)), bench)).files) == 1
    (root / "away").symlink_to(tmp_path)
    (tmp_path / "home2").mkdir()
    with pytest.raises(BadCall, match="outside the roots"):
        await gather(MaterialArguments(paths=("away/home2",)), bench)


async def test_very_deep_folders_are_bounded(bench, root):
    folder = root
    for _ in range(70):
        folder = folder / "d"
        folder.mkdir()
    (folder / "deep.py").write_text("x = 1\n", encoding="utf-8")
    (root / "top.py").write_text("x = 1\n", encoding="utf-8")
    material = await gather(MaterialArguments(paths=(".",)), bench)
    assert paths(material) == ["top.py"]
    assert [item.reason for item in material.skipped] == ["deeper than 60 folders"]


async def test_a_pipe_for_a_gitignore_does_not_hold_us_up(bench, put, root):
    put("a.py")
    put("trap/b.py")
    os.mkfifo(root / "trap/.gitignore")
    material = await gather(MaterialArguments(paths=(".",)), bench)
    assert paths(material) == ["a.py"]
    assert reasons(material) == {"trap": "its .gitignore is no regular file"}


async def test_without_git_the_missing_ignore_rules_are_said(bench, put, monkeypatch):
    put(".gitignore", "b.py\n")
    put("b.py")
    monkeypatch.setenv("PATH", "/nonexistent")
    material = await gather(MaterialArguments(paths=(".",)), bench)
    assert paths(material) == [".gitignore", "b.py"]
    assert material.notes == ("git is not installed, so .gitignore files were not read",)


async def test_a_git_program_of_the_project_is_never_run(bench, put, root, monkeypatch, tmp_path):
    fake = put("bin/git", f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    fake.chmod(0o755)
    put("a.py")
    monkeypatch.setenv("PATH", f"{root}/bin{os.pathsep}.{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(root / "bin")
    await gather(MaterialArguments(paths=(".",)), bench)
    assert not (tmp_path / "ran").exists()


async def test_secrets_of_one_file_are_masked_in_all(bench, put):
    put("a.py", 'print("tok k9$Lm2!pQ7x")\n')
    put("z.py", 'password = "k9$Lm2!pQ7x"\n')
    material = await gather(MaterialArguments(paths=(".",)), bench)
    assert [file.masked for file in material.files] == [
        'print("tok <secret:password:1>")\n',
        'password = "<secret:password:1>"\n',
    ]
    assert "k9$Lm2!pQ7x" in material.files[0].text


async def test_a_hostile_project_is_text(bench, put, root, tmp_path):
    boom = f"open({str(tmp_path / 'ran')!r}, 'w')\n"
    for name in ("tools/__init__.py", "server/__init__.py", "manyeyes/__init__.py", "sitecustomize.py", "conftest.py"):
        put(name, boom)
    material = await gather(MaterialArguments(paths=(".",)), bench)
    assert len(material.files) == 5
    assert not (tmp_path / "ran").exists()


def test_the_schema_is_small_and_teaches():
    schema = MaterialArguments.model_json_schema()
    assert len(json.dumps(schema, separators=(",", ":"))) < 900
    assert all(len(field["description"]) <= 60 for field in schema["properties"].values())
    assert MaterialArguments.model_validate({"code": None, "paths": ["a"]}).paths == ("a",)
