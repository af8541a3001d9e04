"""The whole scan: what is found where, how far it is used, what a model adds, and what hostile projects achieve."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from dependencies.osv_service import Osv, record, serving
from manyeyes import settings as operator
from manyeyes.cli import main
from manyeyes.desk import Desk
from manyeyes.errors import BadCall
from manyeyes_tools.dependencies.cvss import base_score, severity_of_vector
from manyeyes_tools.dependencies.dependency import Dependency, Ecosystem
from manyeyes_tools.dependencies.hints import looks_like
from manyeyes_tools.dependencies.inventory import Component
from manyeyes_tools.dependencies.ranges import NotComparable, Range, affects, holds, next_fixed

pytestmark = pytest.mark.anyio

YAML = record(
    "GHSA-yaml", "PyPI", "pyyaml", fixed="5.4", aliases=["CVE-2020-14343"],
    affected={"ecosystem_specific": {"affected_functions": ["yaml.load"]}}, database_specific={"cwe_ids": ["CWE-20"]},
)  # fmt: skip
NET = record(
    "GO-1", "Go", "golang.org/x/net", fixed="0.7.0",
    affected={"ecosystem_specific": {"imports": [{"path": "golang.org/x/net/http2", "symbols": ["Server.ServeConn"]}]}},
)  # fmt: skip


def osv(*told):
    ids = {}
    for (ecosystem, name, version), one in told:
        ids[ecosystem, name, version] = (*ids.get((ecosystem, name, version), ()), one["id"])
    return Osv(ids, {one["id"]: one for _, one in told})


PYYAML = (("PyPI", "pyyaml", "5.3"), YAML)


async def scan(root, double, arguments=None, **environ):
    environ = {
        "HOME": str(root.parent),
        "MANYEYES_ROOTS": str(root),
        "MANYEYES_STATE_URL": "sqlite://",
        "MANYEYES_OSV_URL": double.url,
        **environ,
    }
    async with Desk.open(operator.load(environ, cwd=root), environ) as desk:
        try:
            return await desk.call("security_scan", {"scan_type": "sca", **(arguments or {"paths": ["."]})})
        except BadCall as error:  # raised through the desk's task group it would be wrapped
            return error


def written(folder, **files):
    root = folder / "project"
    for path, text in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


@pytest.mark.parametrize(
    ("code", "level", "confidence"),
    [
        ("import yaml\n\ndef f(x):\n    return yaml.load(x)\n", "called", 0.97),
        ("from yaml import load\n\nload('x')\n", "called", 0.97),
        ("import yaml\n\nyaml.safe_load('x')\n", "imported", 0.85),
        ("import json\n", "not imported", 0.5),
        ("load('x')\n", "not imported", 0.5),
    ],
)
async def test_how_far_it_is_used(tmp_path, code, level, confidence):
    root = written(tmp_path, **{"requirements.txt": "PyYAML==5.3\n", "app.py": code})
    with serving(osv(PYYAML)) as double:
        result = await scan(root, double)
    (finding,) = result.findings
    assert f"Reachability: {level} (" in finding.explanation
    assert finding.confidence == confidence
    assert (finding.cwe, finding.start_line, finding.quote) == ("CWE-1395", 1, "PyYAML==5.3")


async def test_use_in_other_languages(tmp_path):
    lodash = record("GHSA-l", "npm", "lodash", fixed="4.17.21")
    root = written(
        tmp_path,
        **{
            "go.mod": "module x\n\nrequire golang.org/x/net v0.1.0\n",
            "main.go": 'package main\n\nimport "golang.org/x/net/html"\n\nfunc main() { html.Parse(nil) }\n',
            "package.json": '{"dependencies": {"lodash": "4.17.20"}}',
            "a.js": "const _ = require('lodash');\n",
        },
    )
    with serving(osv((("Go", "golang.org/x/net", "0.1.0"), NET), (("npm", "lodash", "4.17.20"), lodash))) as double:
        result = await scan(root, double)
    said = {one.title.split()[0]: one.explanation for one in result.findings}
    assert "imported at a.js:1" in said["lodash"]
    assert "not imported (it is imported at main.go:3, though not the part" in said["golang.org/x/net"]


async def test_the_way_of_a_transitive_one(tmp_path):
    placed = {
        "": {"dependencies": {"a": "^1"}},
        "node_modules/a": {"version": "1.0.0", "dependencies": {"b": "*"}, "license": "MIT"},
        "node_modules/b": {"version": "1.0.0", "dependencies": {"c": "*"}, "license": "GPL-3.0"},
        "node_modules/c": {"version": "1.0.0"},
    }
    lock = json.dumps({"lockfileVersion": 3, "packages": placed}, indent=1)
    root = written(tmp_path, **{"package-lock.json": lock, "package.json": '{"dependencies": {"a": "^1"}}'})
    weak = record("GHSA-c", "npm", "c", fixed="1.0.1")
    with serving(osv((("npm", "c", "1.0.0"), weak))) as double:
        result = await scan(root, double)
    (finding,) = result.findings
    assert "by way of a > b > c" in finding.explanation
    assert "Upgrade a to a version that takes c 1.0.1" in finding.suggestion.explanation
    assert [one.direct for one in result.packages] == [False, True, False]
    assert any("GPL-3.0" in note and "MIT 1" in note for note in result.notes)


async def test_imports_without_a_manifest(tmp_path):
    root = written(
        tmp_path, **{"app.py": "import os\nimport yaml\nimport helper\n", "helper.py": "import requests.auth\n"}
    )
    with serving(osv(PYYAML)) as double:
        result = await scan(root, double)
    assert [(one.purl, one.path, one.line, one.status) for one in result.packages] == [
        ("pkg:pypi/pyyaml", "app.py", 2, "unchecked"),
        ("pkg:pypi/requests", "helper.py", 1, "unchecked"),
    ]
    assert "None of the 2" in result.summary


async def test_a_change_reports_what_it_brought_in(tmp_path):
    root = written(tmp_path, **{"requirements.txt": "six==1.0\nPyYAML==5.3\nold==1.0\n"})
    diff = "--- a/requirements.txt\n+++ b/requirements.txt\n@@ -1,2 +1,3 @@\n six==1.0\n+PyYAML==5.3\n old==1.0\n"
    old = record("GHSA-old", "PyPI", "old")
    with serving(osv(PYYAML, (("PyPI", "old", "1.0"), old))) as double:
        result = await scan(root, double, {"diff": diff})
    assert [one.start_line for one in result.findings] == [2]
    assert result.suppressed.reasons == {"it lies outside the change": 1}


async def test_a_lock_as_text(tmp_path):
    root = written(tmp_path, x="")
    with serving(osv(PYYAML)) as double:
        result = await scan(root, double, {"code": "PyYAML==5.3\nsix==1.16.0\n"})
        nothing = await scan(root, double, {"code": "just some words of prose", "language": "text"})
    assert result.checked == {"vulnerable": 1, "clean": 1, "unchecked": 0}
    assert isinstance(nothing, BadCall)


async def test_a_model_weighs_and_cannot_invent(tmp_path):
    root = written(tmp_path, **{"requirements.txt": "PyYAML==5.3\n", "app.py": "import yaml\nyaml.load(input())\n"})
    script = tmp_path / "script.json"
    with serving(osv(PYYAML)) as double:
        plain = await scan(root, double)
        told = {
            "summary": "Upgrade PyYAML.",
            "findings": [
                {"id": plain.findings[0].id, "exploitable": "unlikely", "why": "Only the operator types here."},
                {"id": "F-invented", "exploitable": "likely", "why": "Made up."},
            ],
            "order": ["F-invented", plain.findings[0].id],
        }
        script.write_text(json.dumps({"models": {"scripted": [{"shape": "UpgradeAnswer", "json": told}]}}))
        result = await scan(root, double, MANYEYES_SCRIPTED_FILE=str(script))
    assert result.status == "complete", result.problems
    (finding,) = result.findings
    assert "Exploitable here: unlikely" in finding.explanation
    assert finding.confidence < plain.findings[0].confidence
    assert finding.dissent
    assert "Made up" not in result.model_dump_json()


@pytest.mark.parametrize("name", ["pom.xml", "package-lock.json"])
async def test_what_is_skipped_is_said(tmp_path, name):
    bad = {"pom.xml": '<!DOCTYPE x [<!ENTITY a "b">]><project>&a;</project>', "package-lock.json": "x" * 17_000_000}
    root = written(tmp_path, **{name: bad[name], "requirements.txt": "six==1.0\n"})
    with serving(osv()) as double:
        result = await scan(root, double)
    assert result.checked == {"vulnerable": 0, "clean": 1, "unchecked": 0}
    assert any(name in problem for problem in result.problems)


async def test_a_service_that_is_not_there_is_named_with_what_to_do(tmp_path):
    root = written(tmp_path, **{"requirements.txt": "six==1.0\n"})
    with serving(osv()) as double:
        pass  # its port is free again, and nobody answers there
    result = await scan(root, double, MANYEYES_RETRY_BACKOFF_S="0.01")
    (told,) = [problem for problem in result.problems if "service at" in problem]
    assert told.startswith(f"The vulnerability service at {double.url} could not be reached: ")
    assert "ConnectError" in told
    for way in ("MANYEYES_OSV_URL", "MANYEYES_OSV_DB", "--osv-db PATH"):
        assert way in told
    assert not [note for note in result.notes if "looked up" in note]


async def test_a_service_that_answers_and_fails_is_not_called_unreachable(tmp_path):
    root = written(tmp_path, **{"requirements.txt": "six==1.0\n"})
    with serving(osv()) as double:
        double.fault = "500"
        result = await scan(root, double, MANYEYES_RETRY_BACKOFF_S="0.01")
    (told,) = [problem for problem in result.problems if "service at" in problem]
    assert f"service at {double.url} did not answer everything: HTTP 500" in told


async def test_nothing_of_the_project_runs(tmp_path):
    mark = tmp_path / "ran"
    evil = f"open({str(mark)!r}, 'w')\n"
    root = written(
        tmp_path,
        **{
            "setup.py": f"{evil}from setuptools import setup\nsetup(install_requires=['PyYAML==5.3'])\n",
            "conftest.py": evil,
            "tools/__init__.py": evil,
            "yaml/__init__.py": evil,
        },
    )
    with serving(osv(PYYAML)) as double:
        result = await scan(root, double)
    assert result.checked["vulnerable"] == 1
    assert not mark.exists()


def test_on_the_command_line(tmp_path, monkeypatch, capsys):
    root = written(tmp_path, **{"requirements.txt": "PyYAML==5.3\nsix==1.0\n"})
    database = tmp_path / "db"
    database.mkdir()
    (database / "x.json").write_text(json.dumps(YAML))
    monkeypatch.chdir(root)
    monkeypatch.setenv("MANYEYES_STATE_URL", "sqlite://")
    bill = tmp_path / "bom.json"
    common = ["scan", "--type", "sca", "--osv-db", str(database)]
    assert main([*common, "--fail-on", "high", "--sbom", str(bill), "--sarif", str(tmp_path / "s.sarif")]) == 1
    out = capsys.readouterr().out
    assert "1 vulnerable, 1 clean, 0 unchecked" in out
    told = json.loads(bill.read_text())
    assert [one["purl"] for one in told["components"]] == ["pkg:pypi/pyyaml@5.3", "pkg:pypi/six@1.0"]
    assert told["vulnerabilities"][0]["affects"] == [{"ref": "pkg:pypi/pyyaml@5.3"}]
    (root / "requirements.txt").unlink()
    (root / "bom.json").write_text(bill.read_text())
    assert main([*common, "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["checked"] == {"vulnerable": 1, "clean": 1, "unchecked": 0}, "what was written is read back"
    assert main(["scan", "--sbom", "x", "."]) == 2


@pytest.mark.parametrize(
    ("ecosystem", "version", "events", "inside"),
    [
        ("PyPI", "1.0rc1", [("introduced", "0"), ("fixed", "1.0")], True),
        ("PyPI", "1.0.post1", [("introduced", "0"), ("fixed", "1.0")], False),
        ("PyPI", "1.5", [("introduced", "0"), ("fixed", "1.0"), ("introduced", "1.4"), ("fixed", "1.6")], True),
        ("PyPI", "1.2", [("introduced", "1.4"), ("fixed", "1.6"), ("introduced", "0"), ("fixed", "1.0")], False),
        ("npm", "1.0.0-alpha.10", [("introduced", "1.0.0-alpha.2"), ("fixed", "1.0.0")], True),
        ("npm", "2.0.0", [("introduced", "0"), ("last_affected", "2.0.0")], True),
        ("npm", "2.0.1", [("introduced", "0"), ("last_affected", "2.0.0")], False),
        ("npm", "0.0.0-beta", [("introduced", "0"), ("fixed", "1.0.0")], True),
        ("Go", "0.0.0-20200101000000-abcdef", [("introduced", "0"), ("fixed", "0.0.0-20210101000000-abcdef")], True),
        ("Maven", "5.3.17.RELEASE", [("introduced", "5.3.0"), ("fixed", "5.3.18")], True),
        ("Maven", "5.3.18.RELEASE", [("introduced", "5.3.0"), ("fixed", "5.3.18")], False),
        ("RubyGems", "6.0.3.1", [("introduced", "6.0.0"), ("fixed", "6.0.3.2")], True),
        ("NuGet", "4.3.0.1", [("introduced", "4.0.0"), ("fixed", "4.3.1")], True),
        ("Packagist", "1.0.0", [("introduced", "1.0.0-beta1"), ("fixed", "1.0.1")], True),
    ],
)  # fmt: skip
def test_ranges(ecosystem, version, events, inside):
    assert holds(Ecosystem(ecosystem), Range(tuple(events)), version) is inside


def test_versions_that_do_not_compare():
    with pytest.raises(NotComparable):
        affects(Ecosystem.PYPI, [Range((("introduced", "0"), ("fixed", "2.0")))], [], "2004d")
    assert affects(Ecosystem.PYPI, [Range((("introduced", "0"), ("fixed", "2.0")))], ["2004d"], "2004d")
    assert next_fixed(Ecosystem.NPM, [Range((("fixed", "1.0.0"),)), Range((("fixed", "0.5.2"),))], "0.5.1") == "0.5.2"


@pytest.mark.parametrize(
    ("vector", "score"),
    [
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1),
        ("CVSS:3.0/AV:L/AC:H/PR:L/UI:N/S:U/C:H/I:N/A:N", 4.7),
        ("AV:N/AC:L/Au:N/C:P/I:P/A:P", 7.5),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 9.3),
        ("CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:P/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 7.7),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:A/VC:N/VI:N/VA:N/SC:L/SI:L/SA:N", 5.1),
        ("CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 7.3),
        ("CVSS:3.1/AV:N", None),
        ("nonsense", None),
    ],
)
def test_scores_of_vectors(vector, score):
    assert base_score(vector) == score
    assert (severity_of_vector(vector) is None) is (score is None)


def test_names_one_slip_away():
    one = Component(
        dependency=Dependency(ecosystem=Ecosystem.PYPI, name="reqeusts", version="1"), path="r", direct=True
    )
    assert [other for _, other in looks_like([one])] == ["requests"]
    for honest in ("requests", "preact", "mine"):
        other = replace(one, dependency=replace(one.dependency, name=honest))
        assert not looks_like([other])
    assert not looks_like([replace(one, direct=False)])
