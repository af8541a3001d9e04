from __future__ import annotations

import pytest

from manyeyes.errors import BadCall
from manyeyes.redaction import Redactor
from manyeyes.settings import Limits
from manyeyes_tools.arguments import MaterialArguments
from manyeyes_tools.sealing import sealed_text
from manyeyes_tools.sources import read_material

SECRET = "s3cr3t-Zq81xkP0vLwT"


def read(root, *, sealed=True, **arguments):
    return read_material(MaterialArguments(**arguments), (root,), Limits(), Redactor(), sealed=sealed)


@pytest.mark.parametrize(
    "name", ["production.env", ".env", "deploy/service.key", "id_rsa", ".npmrc", "deploy/.ssh/id_rsa"]
)
def test_files_for_secrets_lie_apart_and_show_no_value(tmp_path, name):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(f"PASSWORD={SECRET}\n")
    (tmp_path / "app.py").write_text("x = 1\n")
    material = read(tmp_path, paths=(".",))
    assert [file.path for file in material.files] == ["app.py"]
    (file,) = material.sealed
    assert (file.path, file.text) == (name, f"PASSWORD={SECRET}\n")
    assert file.masked == "PASSWORD=<secret:sealed:1>\n"
    assert any(name in note and "no model" in note for note in material.notes)
    without = read(tmp_path, paths=(".",), sealed=False)
    assert not without.sealed
    assert any(skipped.path == name for skipped in without.skipped)


def test_a_link_to_a_file_for_secrets_is_one(tmp_path):
    (tmp_path / ".env").write_text(f"PASSWORD={SECRET}\n")
    (tmp_path / "notes.txt").symlink_to(tmp_path / ".env")
    material = read(tmp_path, paths=("notes.txt",))
    assert not material.files
    assert SECRET not in material.sealed[0].masked


def test_gits_own_files_are_never_read(tmp_path):
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "credentials").write_text(SECRET)
    with pytest.raises(BadCall):
        read(tmp_path, paths=(".git/credentials",))


def test_a_service_account_is_sealed_by_its_form(tmp_path):
    (tmp_path / "robot.json").write_text(f'{{"type": "service_account",\n "private_key": "{SECRET}"}}\n')
    material = read(tmp_path, paths=(".",))
    assert not material.files
    assert SECRET not in material.sealed[0].masked


def test_of_a_diff_only_its_own_lines_are_read(tmp_path):
    (tmp_path / ".env").write_text(f"OTHER={SECRET}\n")
    diff = "--- a/.env\n+++ b/.env\n@@ -1,0 +2,1 @@\n+PASSWORD=abc123\n"
    (file,) = read(tmp_path, diff=diff).sealed
    assert SECRET not in file.text
    assert file.changed == {2}


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("KEY=abc", "KEY=<secret:sealed:1>"),
        ("export KEY = abc", "export KEY = <secret:sealed:1>"),
        ('  "key": "abc",', '  "key": <secret:sealed:1>'),
        ("key: abc", "key: <secret:sealed:1>"),
        ("//registry/:_authToken=abc", "<secret:sealed:1>"),
        ("QUJDREVGR0g==", "<secret:sealed:1>"),
        ("just a word", "<secret:sealed:1>"),
        ("# comment abc", "<secret:sealed:1>"),
        ("", ""),
        ("[default]", "[default]"),
        ("}", "}"),
    ],
)
def test_only_names_stay(line, shown):
    assert sealed_text(line) == shown


def test_a_private_key_is_hidden_to_its_end():
    text = "-----BEGIN RSA PRIVATE KEY-----\nA=B\n[x]\n-----END RSA PRIVATE KEY-----\nK=v\n"
    masked = sealed_text(text).split("\n")
    assert all(line.startswith("<secret:private-key:") for line in masked[:4])
    assert masked[4] == "K=<secret:sealed:5>"
