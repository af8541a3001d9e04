"""Locks and advisories that are meant, or happen, to be misread: none of it may come out as clean or as empty."""

from __future__ import annotations

import json

import pytest

from manyeyes import settings as operator
from manyeyes.desk import Desk
from manyeyes_tools.dependencies.dependency import Ecosystem
from manyeyes_tools.dependencies.ranges import NotComparable, Range, affects, compare
from manyeyes_tools.dependencies.readers.archives import another
from manyeyes_tools.dependencies.readers.parsing import Unreadable
from manyeyes_tools.dependencies.readers.registry import reader_for

PNPM = "lockfileVersion: '6.0'\n"
YARN = "# yarn lockfile v1\n\n\n"
LODASH = (
    'lodash@^4.0.0:\n  version "4.17.20"\n  resolved "https://registry.yarnpkg.com/lodash/-/lodash-4.17.20.tgz#x"\n'
)
BERRY = "__metadata:\n  version: 6\n\n"
FROM_ZERO = ("introduced", "0")


def read(name, text):
    return reader_for(name)(name, text, lambda _: None)


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("2.4.4", "2.4.4-p2"), ("2.4.4-p2", "2.4.4-p10"), ("2.4.4-p2", "2.4.5"), ("1.0.0-beta9", "1.0.0-beta10"),
        ("1.0.0-beta10", "1.0.0-RC1"), ("1.0-alpha", "1.0a1"), ("1.0-dev", "1.0-alpha1"), ("1.0-RC1", "1.0"),
        ("v1.2.3", "1.2.3.1"), ("1.0.0-beta2-dev", "1.0.0-beta2"),
    ],
)  # fmt: skip
def test_the_order_of_composer(older, newer):
    assert (compare(Ecosystem.COMPOSER, older, newer), compare(Ecosystem.COMPOSER, newer, older)) == (-1, 1)


def test_versions_of_composer_that_are_the_same():
    for one, other in (("1.2.3.0", "v1.2.3"), ("1.0.0-p1", "1.0.0.pl1"), ("1.0-stable", "1.0"), ("1.0+x", "1.0")):
        assert compare(Ecosystem.COMPOSER, one, other) == 0
    for branch in ("dev-main", "7.4.x-dev", "1.0.0-odd"):
        with pytest.raises(NotComparable):
            compare(Ecosystem.COMPOSER, branch, "1.0")


@pytest.mark.parametrize(
    ("version", "events", "listed", "inside"),
    [
        ("1.13.0+cu117", (FROM_ZERO, ("last_affected", "1.13.0")), (), True),
        ("1.0+deb1", (), ("1.0",), True),
        ("1.0+local", (FROM_ZERO, ("fixed", "1.0")), (), False),
        ("2.0+local", (FROM_ZERO, ("last_affected", "1.0")), ("1.0",), False),
    ],
)
def test_local_builds_count_as_the_public_version(version, events, listed, inside):
    assert affects(Ecosystem.PYPI, [Range(events)] if events else [], listed, version) is inside


@pytest.mark.parametrize(
    ("ranges", "listed", "version"), [([], (), "1.0"), ([Range(())], (), "1.0"), ([], ("1.0",), "no version")]
)
def test_what_cannot_be_compared_is_not_told(ranges, listed, version):
    with pytest.raises(NotComparable):
        affects(Ecosystem.PYPI, ranges, listed, version)


def entry(identity, name, **affected):
    told = {"package": {"ecosystem": "PyPI", "name": name}, **affected}
    return {"id": identity, "summary": "x", "modified": "2024-01-01T00:00:00Z", "affected": [told]}


async def scan(root, folder):
    environ = {"HOME": str(root.parent), "MANYEYES_ROOTS": str(root), "MANYEYES_STATE_URL": "sqlite://"}
    environ["MANYEYES_OSV_DB"] = str(folder)
    async with Desk.open(operator.load(environ, cwd=root), environ) as desk:
        return await desk.call("security_scan", {"scan_type": "sca", "paths": ["."]})


def written(folder, files):
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


GIT = {"type": "GIT", "repo": "https://x/y", "events": [{"introduced": "0"}, {"fixed": "abc"}]}


@pytest.mark.anyio
async def test_advisories_with_nothing_to_compare_leave_their_package_unchecked(tmp_path):
    def ranges(*events):
        return [{"type": "ECOSYSTEM", "events": list(events)}]

    records = {
        "git": entry("PYSEC-1", "git", ranges=[GIT]),
        "nothing": entry("PYSEC-2", "nothing"),
        "number": entry("PYSEC-3", "number", ranges=ranges({"introduced": 0}, {"fixed": "2.0"})),
        "broken": entry("PYSEC-4", "broken", ranges=ranges({"introduced": "0"}, {"fixed": 2.5})),
        "long": entry("PYSEC-" + "x" * 120, "long", ranges=ranges({"introduced": "0"})),
        "both": entry("PYSEC-5", "both", ranges=[GIT], versions=["0.9"]),
    }
    # A second entry for the same package, which holds, counts although the first cannot be compared.
    records["two"] = entry("PYSEC-6", "two", ranges=[GIT])
    records["two"]["affected"] += entry("", "two", versions=["1.0"])["affected"]
    database = written(tmp_path / "db", {f"{name}.json": json.dumps(told) for name, told in records.items()})
    root = written(
        tmp_path / "project", {"requirements.txt": "".join(f"{name}==1.0\n" for name in (*records, "other"))}
    )
    result = await scan(root, database)
    assert {one.purl.removeprefix("pkg:pypi/").partition("@")[0]: one.status for one in result.packages} == {
        "git": "unchecked",
        "nothing": "unchecked",
        "number": "vulnerable",
        "broken": "unchecked",
        "long": "unchecked",
        "both": "clean",
        "two": "vulnerable",
        "other": "clean",
    }


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        ("require(\n\tg.com/o/m v1.4.0\n)\n", [("g.com/o/m", "1.4.0")]),
        ("require\tg.com/o/m\tv1.4.0\n", [("g.com/o/m", "1.4.0")]),
        ('require "g.com/o/m" v1.4.0\nrequire `g.com/a/b` v1.0.0//c\n',
         [("g.com/o/m", "1.4.0"), ("g.com/a/b", "1.0.0")]),
        ("require g.com/a v1.0.0\nreplace(\n\tg.com/a => g.com/b v1.1.0\n)\n", [("g.com/b", "1.1.0")]),
        ("require ()\nretract [v1.0.0, v1.1.0]\nexclude(\n\ta v1.0.0\n)\n", []),
        ("require g.com/a main\n", [("g.com/a", "")]),
    ],
)  # fmt: skip
def test_go_statements_in_all_their_forms(statements, found):
    reading = read("go.mod", f"module x\n\ngo 1.20\n{statements}")
    assert [(one.name, one.version) for one in reading.dependencies] == found
    assert not reading.problems


@pytest.mark.parametrize(
    "statement",
    [
        "require a v1.0.0 /* c */", "requires a v1.0.0", "require a", 'require "a v1.0.0', "require (\n\ta v1.0.0",
        "replace a b v1",
    ],
)  # fmt: skip
def test_go_statements_that_are_not_understood_are_told(statement):
    (problem,) = read("go.mod", f"module x\n{statement}\n").problems
    assert problem.startswith("not understood")
    assert "line 2" in problem


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pnpm-lock.yaml", f'{PNPM}packages: {{"/lodash@4.17.20": {{resolution: {{integrity: x}}}}}}\n'),
        ("pnpm-lock.yaml", f"{PNPM}a: &a [x,x]\nb: &b [*a,*a]\npackages: *b\n"),
        ("pnpm-lock.yaml", f"{PNPM}packages: {'[' * 100_000}"),
        ("pnpm-lock.yaml", f"{PNPM}packages:\n  {'[' * 100_000}"),
        ("pnpm-lock.yaml", f'{PNPM}"packages":\n  ? /lodash@4.17.20\n  : resolution: {{integrity: x}}\n'),
        ("pnpm-lock.yaml", f"{PNPM}packages:\n  <<: *a\n"),
        ("pnpm-lock.yaml", f"{PNPM}packages:\n  /a@1.0.0: *a\n"),
        ("pnpm-lock.yaml", f'{PNPM}"\\x70ackages":\n  /a@1.0.0:\n    dev: true\n'),
        ("pnpm-lock.yaml", f"{PNPM}dependencies:\n  a: 1.0.0\n"),
        (
            "pnpm-lock.yaml",
            f"{PNPM}packages:\n\n  /a@1.0.0:\n    dev: true\n\npackages:\n\n  /b@1.0.0:\n    dev: true\n",
        ),
        ("yarn.lock", f"{YARN}<<<<<<< HEAD\n{LODASH}"),
        ("yarn.lock", f"{YARN}{LODASH}  junk\n"),
        ("yarn.lock", f'{YARN}{LODASH}a@1:\n\tversion "1.0.0"\n'),
        ("yarn.lock", f'{YARN}{LODASH}\na@1:\n  resolved "x"\n'),
        ("yarn.lock", f'{YARN}{LODASH}  version "4.17.21"\n'),
        ("yarn.lock", f'{BERRY}"a@npm:^1": {{version: 1.2.0, resolution: "a@npm:1.2.0"}}\n'),
    ],
)
def test_locks_in_a_form_that_nobody_writes_are_not_empty(name, text):
    with pytest.raises(Unreadable):
        read(name, text)


def test_what_package_managers_do_write_is_still_read():
    text = (
        f"{PNPM}packages:\n\n  /a@1.0.0:\n    resolution: {{integrity: x}}\n    deprecated: >-\n      no\n      colon\n"
    )
    text += "\n  /b@1.0.0: {resolution: {integrity: x}, dev: false}\n"
    assert [one.name for one in read("pnpm-lock.yaml", text).dependencies] == ["a", "b"]
    long = f'{BERRY}? "a@npm:^1, a@npm:^2"\n:\n  version: 1.2.0\n  resolution: "a@npm:1.2.0"\n  checksum: 8\n'
    assert [(one.name, one.version) for one in read("yarn.lock", long).dependencies] == [("a", "1.2.0")]
    assert not read("pnpm-lock.yaml", f"{PNPM}dependencies:\n  a: link:../a\n").dependencies


PUBLIC = "https://registry.npmjs.org/"


@pytest.mark.parametrize(
    ("name", "version", "address", "other"),
    [
        ("lodash", "4.17.20", f"{PUBLIC}lodash/-/lodash-4.17.20.tgz", False),
        ("@s/a", "1.0.0", f"{PUBLIC}@s/a/-/a-1.0.0.tgz#sum", False),
        ("@s/a", "1.0.0", f"{PUBLIC}@s%2fa/-/a-1.0.0.tgz", False),
        ("a", "3001.1.0-dev", f"{PUBLIC}a/-/a-3001.0001.0000-dev.tgz", False),
        ("a", "1.0.0", "https://registry.yarnpkg.com/a/-/a-1.0.0.tgz?x#y", False),
        ("a", "1.0.0", "https://mirror.example/npm/a/-/a-1.0.0.tgz", False),
        ("a", "1.0.0", "https://codeload.example/tar.gz/main", False),
        ("a", "1.0.0", "", False),
        ("left-pad", "1.3.0", f"{PUBLIC}lodash/-/lodash-4.17.20.tgz", True),
        ("left-pad", "1.3.0", f"{PUBLIC}left-pad/-/left-pad-1.2.0.tgz", True),
        ("@s/a", "1.0.0", f"{PUBLIC}a/-/a-1.0.0.tgz", True),
        ("a", "1.0.0", f"{PUBLIC}a/-/../../b/-/a-1.0.0.tgz", True),
        ("a", "1.0.0", "https://mirror.example/npm/b/-/b-1.0.0.tgz", True),
        ("a", "1.0.0", f"{PUBLIC}other.tgz", True),
    ],
)
def test_whether_an_archive_is_the_packages_own(name, version, address, other):
    assert bool(another(name, version, address)) is other


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "package-lock.json",
            json.dumps({"lockfileVersion": 3, "packages": {
                "": {},
                "node_modules/left-pad": {"version": "1.3.0", "resolved": f"{PUBLIC}left-pad/-/left-pad-1.3.0.tgz"},
                "node_modules/a/node_modules/left-pad":
                    {"version": "1.3.0", "resolved": f"{PUBLIC}lodash/-/lodash-4.17.20.tgz"},
            }}, indent=1),
        ),
        (
            "package-lock.json",
            json.dumps({"lockfileVersion": 1, "dependencies": {
                "left-pad": {"version": "1.3.0", "resolved": f"{PUBLIC}lodash/-/lodash-4.17.20.tgz"}}}, indent=1),
        ),
        ("yarn.lock", f'{YARN}left-pad@^1:\n  version "1.3.0"\n  resolved "{PUBLIC}lodash/-/lodash-4.17.20.tgz#x"\n'),
        ("yarn.lock", f'{BERRY}"left-pad@npm:^1":\n  version: 1.3.0\n  resolution: "left-pad@npm:1.2.0"\n'),
        ("pnpm-lock.yaml",
         f"{PNPM}packages:\n\n  /left-pad@1.3.0:\n    resolution: {{tarball: {PUBLIC}lodash/-/lodash-4.17.20.tgz}}\n"),
    ],
)  # fmt: skip
async def test_a_lock_that_fetches_another_package_is_a_finding(tmp_path, name, text):
    told = entry("GHSA-o", "other", versions=["1.0"])
    told["affected"][0]["package"]["ecosystem"] = "npm"
    database = written(tmp_path / "db", {"a.json": json.dumps(told)})
    result = await scan(written(tmp_path / "project", {name: text}), database)
    (finding,) = [one for one in result.findings if one.cwe == "CWE-494"]
    assert (finding.severity, finding.category, finding.path.endswith(name)) == ("high", "substituted-package", True)
    assert result.checked["unchecked"] == 1
    assert any("fetches another package" in one for one in result.problems)
