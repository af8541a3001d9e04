# ruff: noqa: E501 -- the samples are files, in as few lines as can be read
"""A project of each ecosystem from its files to the reports: what is direct, by which way the rest comes, and advice."""

from __future__ import annotations

import json

import pytest

from dependencies.osv_service import record
from manyeyes import settings as operator
from manyeyes.desk import Desk
from manyeyes_tools.dependencies import sbom
from manyeyes_tools.reports import html, markdown, sarif, terminal

pytestmark = pytest.mark.anyio

COMPOSER = {
    "packages": [
        {"name": "top/web", "version": "v1.0.0", "license": ["MIT"], "require": {"deep/log": "^1"},
         "autoload": {"psr-4": {"Web\\": "src/"}}},
        {"name": "deep/log", "version": "1.0.0", "license": ["MIT", "GPL-3.0-only"]},
        {"name": "own/git", "version": "1.0.0", "source": {"type": "git", "url": "https://h/x"}},
    ],
    "packages-dev": [],
}  # fmt: skip
NUGET = {
    "version": 1,
    "dependencies": {
        "net8.0": {
            "Top.Web": {"type": "Direct", "resolved": "1.0.0", "dependencies": {"Deep.Log": "1.0.0"}},
            "Deep.Log": {"type": "Transitive", "resolved": "1.0.0"},
            "own": {"type": "Project"},
        }
    },
}
NPM = {
    "lockfileVersion": 3,
    "packages": {
        "": {"dependencies": {"top-web": "1.0.0"}},
        "node_modules/top-web": {"version": "1.0.0", "license": "MIT", "dependencies": {"deep-log": "1"}},
        "node_modules/deep-log": {"version": "1.0.0"},
        "node_modules/own": {"version": "1.0.0", "resolved": "git+ssh://h/x"},
    },
}
SOURCE = "[package.source]\ntype = 'git'\nurl = 'https://h/x'\n"
SOURCE_CARGO = 'source = "registry+https://github.com/rust-lang/crates.io-index"\n'
PROJECTS = {
    "poetry": ("PyPI", "top-web", "deep-log", "own", {
        "pyproject.toml": '[tool.poetry.dependencies]\npython = "^3.11"\ntop-web = "^1"\nown = {git = "https://h/x"}\n',
        "poetry.lock": '[[package]]\nname = "top-web"\nversion = "1.0.0"\n[package.dependencies]\ndeep-log = "*"\n'
        f'[[package]]\nname = "deep-log"\nversion = "1.0.0"\n[[package]]\nname = "own"\nversion = "1.0.0"\n{SOURCE}'
        '[metadata]\nlock-version = "2.1"\n',
        "app.py": "import top_web\n",
    }),
    "pdm": ("PyPI", "top-web", "deep-log", "own", {
        "pyproject.toml": '[project]\nname = "x"\ndependencies = ["top-web", "own @ git+https://h/x"]\n',
        "pdm.lock": '[metadata]\nlock_version = "4.5.0"\n[[package]]\nname = "top-web"\nversion = "1.0.0"\n'
        'dependencies = ["deep-log"]\n[[package]]\nname = "deep-log"\nversion = "1.0.0"\n'
        '[[package]]\nname = "own"\nversion = "1.0.0"\ngit = "https://h/x"\n',
        "app.py": "import top_web\n",
    }),
    "npm": ("npm", "top-web", "deep-log", "own", {"package-lock.json": json.dumps(NPM, indent=1),
                                                  "app.js": "const web = require('top-web');\n"}),
    "cargo": ("crates.io", "top-web", "deep-log", "own", {
        "Cargo.lock": f'version = 3\n[[package]]\nname = "x"\nversion = "0.1.0"\ndependencies = ["top-web", "own"]\n'
        f'[[package]]\nname = "top-web"\nversion = "1.0.0"\n{SOURCE_CARGO}dependencies = ["deep-log"]\n'
        f'[[package]]\nname = "deep-log"\nversion = "1.0.0"\n{SOURCE_CARGO}'
        '[[package]]\nname = "own"\nversion = "1.0.0"\nsource = "git+https://h/x"\n',
        "src/main.rs": "use top_web::serve;\n",
    }),
    "composer": ("Packagist", "top/web", "deep/log", "own/git", {
        "composer.json": '{"require": {"top/web": "^1", "own/git": "*"}}', "composer.lock": json.dumps(COMPOSER, indent=1),
        "app.php": "<?php\nuse Web\\Server;\n",
    }),
    "bundler": ("RubyGems", "top-web", "deep-log", "own", {
        "Gemfile.lock": "GIT\n  remote: https://h/x\n  specs:\n    own (1.0.0)\n\nGEM\n  remote: https://rubygems.org/\n"
        "  specs:\n    deep-log (1.0.0)\n    top-web (1.0.0)\n      deep-log (~> 1)\n\nDEPENDENCIES\n  own!\n  top-web\n",
        "app.rb": "require 'top-web'\n",
    }),
    "nuget": ("NuGet", "Top.Web", "Deep.Log", "own", {"packages.lock.json": json.dumps(NUGET, indent=1),
                                                      "app.cs": "using Top.Web;\n"}),
}  # fmt: skip


async def scanned(root, folder):
    environ = {"HOME": str(root.parent), "MANYEYES_ROOTS": str(root), "MANYEYES_STATE_URL": "sqlite://"}
    environ["MANYEYES_OSV_DB"] = str(folder)
    async with Desk.open(operator.load(environ, cwd=root), environ) as desk:
        return await desk.call("security_scan", {"scan_type": "sca", "paths": ["."]})


def laid(folder, files):
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder


def advisories(folder, ecosystem, *names):
    told = {f"GHSA-{number}": name for number, name in enumerate(names)}
    return laid(
        folder,
        {f"{key}.json": json.dumps(record(key, ecosystem, name, fixed="2.0.0")) for key, name in told.items()},
    )


@pytest.mark.parametrize("kind", PROJECTS)
async def test_from_the_files_to_the_reports(tmp_path, kind):
    ecosystem, top, deep, own, files = PROJECTS[kind]
    database = advisories(tmp_path / "osv", ecosystem, top, deep, own)
    result = await scanned(laid(tmp_path / "project", files), database)
    assert result.checked == {"vulnerable": 2, "clean": 0, "unchecked": 1}
    by_title = {one.title.partition(" ")[0]: one for one in result.findings}
    assert set(by_title) == {top, deep}
    assert "It is a direct dependency. Reachability: imported" in by_title[top].explanation
    assert by_title[top].suggestion.explanation == f"Upgrade to {top} 2.0.0 or newer."
    assert f"It comes by way of {top} > {deep}." in by_title[deep].explanation
    assert f"Upgrade {top} to a version that takes {deep} 2.0.0 or newer" in by_title[deep].suggestion.explanation

    shown = terminal.report(result, colour=False, width=200)
    assert "Where it is used:" in shown
    assert "The way of the value" not in shown + markdown.report(result) + html.report(result)
    run = json.loads(sarif.report(result, tool_version="1"))["runs"][0]
    assert all("2.0.0 or newer" in one["message"]["text"] for one in run["results"])

    # Read back, the bill of materials says the same: what came from git is not taken for a public package.
    again = await scanned(laid(tmp_path / "again", {"bom.json": sbom.report(result, tool_version="1")}), database)
    assert again.checked == result.checked
    assert {one.purl: (one.status, one.direct) for one in again.packages} == {
        one.purl: (one.status, one.direct) for one in result.packages
    }


async def test_a_build_by_maven_and_one_by_gradle(tmp_path):
    parent = "<groupId>g</groupId><artifactId>{}</artifactId><version>1.0</version>"
    files = {
        "pom.xml": f"<project>{parent.format('top')}<properties><v>1.0.0</v></properties></project>",
        "app/pom.xml": f"<project><parent>{parent.format('top')}</parent><artifactId>app</artifactId><dependencies>"
        "<dependency><groupId>o.web</groupId><artifactId>web</artifactId><version>${v}</version></dependency>"
        "<dependency><groupId>o.far</groupId><artifactId>far</artifactId></dependency>"
        "</dependencies></project>",
        "gradle/libs.versions.toml": '[libraries]\nlog = "o.log:log:1.0.0"\n',
        "lib/build.gradle.kts": "dependencies {\n    implementation(libs.log)\n    api(made())\n}\n",
        "lib/src/A.kt": "import o.log.Logger\n",
    }
    database = advisories(tmp_path / "osv", "Maven", "o.web:web", "o.log:log", "o.far:far")
    result = await scanned(laid(tmp_path / "project", files), database)
    assert {(one.purl, one.status, one.path) for one in result.packages} == {
        ("pkg:maven/o.web/web@1.0.0", "vulnerable", "app/pom.xml"),
        ("pkg:maven/o.log/log@1.0.0", "vulnerable", "gradle/libs.versions.toml"),
        ("pkg:maven/o.far/far", "unchecked", "app/pom.xml"),
    }
    said = " ".join(result.problems)
    assert "its version stands in a parent or bill of materials that is not in the project" in said
    assert "lib/build.gradle.kts: what is asked for on line 3 is worked out when it is built" in said
    assert "imported (it is imported at lib/src/A.kt:1)" in next(
        one.explanation for one in result.findings if "o.log" in one.title
    )


async def test_a_lock_in_the_middle_of_a_merge_leaves_nothing_clean(tmp_path):
    lock = PROJECTS["bundler"][4]["Gemfile.lock"]
    database = advisories(tmp_path / "osv", "RubyGems", "top-web")
    files = {"Gemfile.lock": f"<<<<<<< ours\n{lock}=======\n{lock}>>>>>>> theirs\n", "requirements.txt": "six==1.0\n"}
    result = await scanned(laid(tmp_path / "project", files), database)
    assert result.checked["clean"] == 0
    assert any("a merge in it was not finished: its marks stand on line 1" in line for line in result.problems)


async def test_versions_that_are_none_are_not_clean(tmp_path):
    database = advisories(tmp_path / "osv", "npm", "other")
    lock = {"lockfileVersion": 3, "packages": {"node_modules/a": {"version": "not a version"}}}
    result = await scanned(laid(tmp_path / "project", {"package-lock.json": json.dumps(lock)}), database)
    assert result.checked == {"vulnerable": 0, "clean": 0, "unchecked": 1}
    assert "is no version that npm knows" in result.packages[0].why


async def test_licences_with_a_choice_bind_to_nothing(tmp_path):
    database = advisories(tmp_path / "osv", "Packagist", "other/x")
    packages = [{"name": f"a/{name}", "version": "1.0.0", "license": said} for name, said in
                {"b": ["MIT", "GPL-3.0-only"], "c": ["mit"], "d": ["MIT"], "e": ["GPL-2.0-only"]}.items()]  # fmt: skip
    lock = json.dumps({"packages": packages})
    result = await scanned(laid(tmp_path / "project", {"composer.lock": lock}), database)
    (line,) = [one for one in result.notes if one.startswith("Licences")]
    assert "mit 2" in line
    assert line.endswith("With conditions on what is built from them: GPL-2.0-only.")
