# ruff: noqa: E501, ISC004 -- the samples are files, in as few lines as can be read
"""Each kind of manifest and lock: names, exact versions, where they stand, what is direct, and what is not public."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from manyeyes_tools.dependencies.dependency import Ecosystem, from_purl, purl
from manyeyes_tools.dependencies.inventory import take_stock
from manyeyes_tools.dependencies.readers.parsing import Unreadable
from manyeyes_tools.dependencies.readers.registry import BY_NAME, reader_by_content, reader_for

FILES: dict[str, tuple[str, list[tuple[str, str, int, bool | None, str]]]] = {
    "requirements.txt": (
        "# tools\nFlask==2.0.1 ; python_version > '3'\nrequests[socks] >= 2 # comment\nPillow == 9.0.0 \\\n"
        "    --hash=sha256:aa \\\n    --hash=sha256:bb\n-e git+https://h/x.git#egg=mine\n./local\n-i https://pypi.org/simple\n"
        "pkg @ https://h/pkg.whl\nlib===1.0\nany==1.*\n",
        [
            ("Flask", "2.0.1", 2, True, "registry"),
            ("requests", "", 3, True, "registry"),
            ("Pillow", "9.0.0", 4, True, "registry"),
            ("mine", "", 7, True, "elsewhere"),
            ("local", "", 8, True, "local"),
            ("pkg", "", 10, True, "elsewhere"),
            ("lib", "1.0", 11, True, "registry"),
            ("any", "", 12, True, "registry"),
        ],
    ),
    "pyproject.toml": (
        '[project]\nname = "x"\ndependencies = [\n  "flask==2.0.1",\n  "requests>=2",\n]\n[dependency-groups]\n'
        'dev = ["pytest==7.0.0"]\n',
        [
            ("flask", "2.0.1", 4, True, "registry"),
            ("requests", "", 5, True, "registry"),
            ("pytest", "7.0.0", 8, True, "registry"),
        ],
    ),
    "setup.py": (
        'import os\nos.system("touch /tmp/never")\nfrom setuptools import setup\nsetup(install_requires=["six==1.0"])\n',
        [("six", "1.0", 4, True, "registry")],
    ),
    "setup.cfg": ("[options]\ninstall_requires =\n    six==1.0\n", [("six", "1.0", 3, True, "registry")]),
    "Pipfile": ('[packages]\nflask = "==2.0.1"\nother = {path = "."}\n',
                [("flask", "2.0.1", 2, True, "registry"), ("other", "", 3, True, "local")]),
    "uv.lock": (
        'version = 1\n\n[[package]]\nname = "mine"\nversion = "1"\nsource = { editable = "." }\n'
        'dependencies = [{ name = "flask" }]\n\n[[package]]\nname = "flask"\nversion = "2.0.1"\n'
        'source = { registry = "https://pypi.org/simple" }\ndependencies = [{ name = "jinja2" }]\n\n'
        '[[package]]\nname = "jinja2"\nversion = "3.0"\nsource = { registry = "https://pypi.org/simple" }\n'
        '[[package]]\nname = "own"\nversion = "1"\nsource = { registry = "https://private/simple" }\n',
        [
            ("flask", "2.0.1", 10, True, "registry"),
            ("jinja2", "3.0", 16, False, "registry"),
            ("own", "1", 20, False, "elsewhere"),
        ],
    ),
    "poetry.lock": (
        '[[package]]\nname = "flask"\nversion = "2.0.1"\n[package.dependencies]\nJinja2 = ">=3"\n[[package]]\n'
        'name = "jinja2"\nversion = "3.0"\n[package.source]\ntype = "git"\nurl = "x"\n[metadata]\nlock-version = "2.0"\n',
        [("flask", "2.0.1", 2, None, "registry"), ("jinja2", "3.0", 7, None, "elsewhere")],
    ),
    "pdm.lock": (
        '[metadata]\nlock_version = "4"\n[[package]]\nname = "flask"\nversion = "2.0.1"\n'
        'dependencies = ["jinja2>=3"]\n[[package]]\nname = "jinja2"\nversion = "3.0"\n',
        [("flask", "2.0.1", 4, None, "registry"), ("jinja2", "3.0", 8, None, "registry")],
    ),
    "pylock.toml": (
        'lock-version = "1.0"\n[[packages]]\nname = "flask"\nversion = "2.0.1"\nindex = "https://pypi.org/simple"\n',
        [("flask", "2.0.1", 3, None, "registry")],
    ),
    "Pipfile.lock": (
        json.dumps({"_meta": {}, "default": {"flask": {"version": "==2.0.1"}}, "develop": {"x": {"git": "u"}}}, indent=1),
        [("flask", "2.0.1", 4, None, "registry"), ("x", "", 9, None, "elsewhere")],
    ),
    "package.json": (
        json.dumps({"dependencies": {"a": "1.2.3", "b": "^1"}, "devDependencies": {"c": "file:../c", "d": "u/r"}}, indent=1),
        [
            ("a", "1.2.3", 3, True, "registry"),
            ("b", "", 4, True, "registry"),
            ("c", "", 7, True, "local"),
            ("d", "", 8, True, "elsewhere"),
        ],
    ),
    "package-lock.json": (
        json.dumps(
            {
                "lockfileVersion": 3,
                "packages": {
                    "": {"dependencies": {"a": "^1"}},
                    "node_modules/a": {"version": "1.0.0", "dependencies": {"b": "*"}, "license": "MIT"},
                    "node_modules/a/node_modules/b": {"version": "2.0.0", "resolved": "git+ssh://x"},
                    "node_modules/b": {"version": "1.0.0"},
                    "node_modules/w": {"link": True, "resolved": "packages/w"},
                    "packages/w": {"dependencies": {"b": "1"}},
                },
            },
            indent=1,
        ),
        [
            ("a", "1.0.0", 9, True, "registry"),
            ("b", "2.0.0", 16, False, "elsewhere"),
            ("b", "1.0.0", 20, True, "registry"),
        ],
    ),
    "npm-shrinkwrap.json": (
        json.dumps({"lockfileVersion": 1, "dependencies": {
            "a": {"version": "1.0.0", "requires": {"b": "2"}, "dependencies": {"b": {"version": "2.0.0"}}}}}, indent=1),
        [("a", "1.0.0", 4, None, "registry"), ("b", "2.0.0", 10, None, "registry")],
    ),
    "pnpm-lock.yaml": (
        "lockfileVersion: '9.0'\n\nimporters:\n\n  .:\n    dependencies:\n      '@s/a':\n        specifier: ^1\n"
        "        version: 1.0.0(b@2.0.0)\n\npackages:\n\n  '@s/a@1.0.0':\n    resolution: {integrity: x}\n\n"
        "  b@2.0.0:\n    resolution: {integrity: x}\n\n  c@https://x/y.tgz:\n    resolution: {tarball: https://x/y.tgz}\n"
        "    version: 1.0.0\n\nsnapshots:\n\n  '@s/a@1.0.0(b@2.0.0)':\n    dependencies:\n      b: 2.0.0\n",
        [
            ("@s/a", "1.0.0", 13, True, "registry"),
            ("b", "2.0.0", 16, False, "registry"),
            ("c@https://x/y.tgz", "1.0.0", 19, None, "elsewhere"),
        ],
    ),
    "yarn.lock": (
        '# yarn lockfile v1\n\n"@s/a@^1.0.0", "@s/a@^1.1.0":\n  version "1.2.0"\n'
        '  resolved "https://registry.yarnpkg.com/@s/a/-/a-1.2.0.tgz#x"\n  dependencies:\n    b "^2.0.0"\n\n'
        'b@^2.0.0:\n  version "2.0.0"\n  resolved "https://private/b.tgz"\n',
        [("@s/a", "1.2.0", 3, None, "registry"), ("b", "2.0.0", 9, None, "elsewhere")],
    ),
    "go.mod": (
        "module example.com/x\n\ngo 1.21\n\nrequire (\n\tgithub.com/a/b v1.2.3\n\tgithub.com/c/d v0.1.0 // indirect\n)\n"
        "require golang.org/x/net v0.1.0\nreplace github.com/c/d => ../d\nreplace golang.org/x/net => golang.org/x/net v0.2.0\n",
        [
            ("github.com/a/b", "1.2.3", 6, True, "registry"),
            ("github.com/c/d", "", 7, False, "local"),
            ("golang.org/x/net", "0.2.0", 9, True, "registry"),
        ],
    ),
    "go.sum": (
        "github.com/a/b v1.0.0 h1:x=\ngithub.com/a/b v1.2.0 h1:x=\ngithub.com/a/b v1.2.0/go.mod h1:x=\n",
        [("github.com/a/b", "1.2.0", 2, None, "registry")],
    ),
    "Cargo.toml": (
        '[package]\nname = "x"\n[dependencies]\nserde = "1"\nexact = "=1.2.3"\nown = { path = "../own" }\n'
        'g = { git = "u" }\n[dev-dependencies]\nrand = { version = "0.8" }\n',
        [
            ("serde", "", 4, True, "registry"),
            ("exact", "1.2.3", 5, True, "registry"),
            ("own", "", 6, True, "local"),
            ("g", "", 7, True, "elsewhere"),
            ("rand", "", 9, True, "registry"),
        ],
    ),
    "Cargo.lock": (
        'version = 3\n\n[[package]]\nname = "x"\nversion = "0.1.0"\ndependencies = ["serde"]\n\n[[package]]\nname = "serde"\n'
        'version = "1.0.1"\nsource = "registry+https://github.com/rust-lang/crates.io-index"\ndependencies = ["g 0.1.0"]\n\n'
        '[[package]]\nname = "g"\nversion = "0.1.0"\nsource = "git+https://x"\n',
        [("serde", "1.0.1", 9, True, "registry"), ("g", "0.1.0", 15, False, "elsewhere")],
    ),
    "pom.xml": (
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n<project xmlns="http://maven.apache.org/POM/4.0.0">\n'
        "<properties><v>2.9.8</v></properties>\n<dependencies>\n<dependency><groupId>com.f</groupId>\n"
        "<artifactId>jackson</artifactId><version>${v}</version></dependency>\n"
        "<dependency><groupId>g</groupId><artifactId>a</artifactId></dependency>\n"
        "<dependency><groupId>j</groupId><artifactId>u</artifactId><version>[1,2)</version></dependency>\n"
        "</dependencies></project>\n",
        [
            ("com.f:jackson", "2.9.8", 5, True, "registry"),
            ("g:a", "", 7, True, "registry"),
            ("j:u", "", 8, True, "registry"),
        ],
    ),
    "gradle.lockfile": (
        "# This is a Gradle generated file\ncom.a:b:1.0=compileClasspath,runtimeClasspath\nempty=\n",
        [("com.a:b", "1.0", 2, None, "registry")],
    ),
    "build.gradle": (
        "dependencies {\n  implementation 'com.a:b:1.0'\n  testImplementation(\"c:d:2.+\")\n"
        "  api group: 'e', name: 'f', version: '3.0'\n  implementation project(':x')\n}\n",
        [
            ("com.a:b", "1.0", 2, True, "registry"),
            ("c:d", "", 3, True, "registry"),
            ("e:f", "3.0", 4, True, "registry"),
        ],
    ),
    "composer.json": (json.dumps({"require": {"php": ">=8", "a/b": "^1", "c/d": "1.2.3"}}, indent=1),
                      [("a/b", "", 4, True, "registry"), ("c/d", "1.2.3", 5, True, "registry")]),
    "composer.lock": (
        json.dumps({"packages": [{"name": "A/b", "version": "v1.2.3", "license": ["MIT"]}],
                    "packages-dev": [{"name": "c/d", "version": "dev-main"}]}, indent=1),
        [("A/b", "1.2.3", 4, None, "registry"), ("c/d", "", 13, None, "registry")],
    ),
    "Gemfile": ("source 'https://rubygems.org'\ngem 'rails', '~> 6'\ngem \"x\", '= 1.0', require: false\ngem 'y', path: 'y'\n",
                [("rails", "", 2, True, "registry"), ("x", "1.0", 3, True, "registry"), ("y", "", 4, True, "local")]),
    "Gemfile.lock": (
        "GIT\n  remote: https://x\n  specs:\n    g (0.1)\n\nGEM\n  remote: https://rubygems.org/\n  specs:\n"
        "    nokogiri (1.10.0-x86_64-linux)\n      mini (~> 2)\n    mini (2.4.0)\n\nDEPENDENCIES\n  g!\n  nokogiri (~> 1)\n",
        [
            ("g", "0.1", 4, True, "elsewhere"),
            ("nokogiri", "1.10.0", 9, True, "registry"),
            ("mini", "2.4.0", 11, False, "registry"),
        ],
    ),
    "packages.lock.json": (
        json.dumps({"version": 1, "dependencies": {"net6.0": {
            "A.B": {"type": "Direct", "resolved": "1.0.0", "dependencies": {"C": "2.0"}},
            "C": {"type": "Transitive", "resolved": "2.0.0"}, "own": {"type": "Project"}}}}, indent=1),
        [
            ("A.B", "1.0.0", 5, True, "registry"),
            ("C", "2.0.0", 12, False, "registry"),
            ("own", "", 16, False, "local"),
        ],
    ),
    "app.csproj": (
        '<Project Sdk="x">\n<ItemGroup>\n<PackageReference Include="A.B" Version="1.0.0" />\n'
        '<PackageReference Include="C"><Version>2.*</Version></PackageReference>\n</ItemGroup></Project>\n',
        [("A.B", "1.0.0", 3, True, "registry"), ("C", "", 4, True, "registry")],
    ),
    "bom.json": (
        json.dumps({"bomFormat": "CycloneDX", "metadata": {"component": {"bom-ref": "r"}}, "components": [
            {"type": "library", "name": "a", "purl": "pkg:npm/%40s/a@1.0.0", "bom-ref": "1",
             "licenses": [{"license": {"id": "MIT"}}]},
            {"type": "library", "name": "b", "purl": "pkg:maven/g/b@2.0", "bom-ref": "2"}],
            "dependencies": [{"ref": "r", "dependsOn": ["1"]}, {"ref": "1", "dependsOn": ["2"]}]}, indent=1),
        [("@s/a", "1.0.0", 12, True, "registry"), ("g:b", "2.0", 25, False, "registry")],
    ),
}  # fmt: skip
BERRY = (
    '__metadata:\n  version: 6\n\n"@s/a@npm:^1.0.0":\n  version: 1.2.0\n  resolution: "@s/a@npm:1.2.0"\n  dependencies:\n'
    '    b: ^2.0.0\n\n"b@npm:^2.0.0":\n  version: 2.0.0\n  resolution: "b@npm:2.0.0"\n\n"mine@workspace:.":\n'
    '  version: 0.0.0-use.local\n  resolution: "mine@workspace:."\n  dependencies:\n    "@s/a": ^1.0.0\n'
)
"""yarn.lock as yarn 2 and later write it."""


def seen(name, text, fetch=lambda _path: None):
    reading = reader_for(name)(name, text, fetch)
    return [(one.name, one.version, one.line, one.direct, one.origin) for one in reading.dependencies]


@pytest.mark.parametrize("name", FILES)
def test_every_kind(name):
    text, expected = FILES[name]
    got = seen(name, text)
    if name == "pnpm-lock.yaml":
        got = [(*one[:3], None if "://" in one[0] else one[3], one[4]) for one in got]
    assert got == expected


def test_every_reader_has_a_sample():
    untried = set(BY_NAME) - set(FILES) - {"buildscript-gradle.lockfile", "build.gradle.kts", "gems.rb", "gems.locked",
                                           "packages.config", "Directory.Packages.props", "Directory.Build.props",
                                           "Directory.Build.targets", "sbom.json"}  # fmt: skip
    assert not untried


def test_yarn_of_the_second_kind():
    assert seen("yarn.lock", BERRY) == [
        ("@s/a", "1.2.0", 4, True, "registry"),
        ("b", "2.0.0", 10, False, "registry"),
    ]


def test_included_requirements_and_constraints():
    files = {"more/base.txt": "-r ../more/base.txt\nsix\nflask==2.0\n", "c.txt": "six==1.16.0\n"}
    text = "-r more/base.txt\n-c c.txt\n-r ../../out.txt\n-r https://x/y.txt\n"
    reading = reader_for("requirements.txt")("requirements.txt", text, files.get)
    assert [(one.name, one.version, one.line) for one in reading.dependencies] == [
        ("six", "1.16.0", 1),
        ("flask", "2.0", 1),
    ]
    assert len(reading.problems) == 2


def test_ways_lead_from_direct_ones():
    reading = reader_for("Cargo.lock")("Cargo.lock", FILES["Cargo.lock"][0], lambda _: None)
    components, _ = take_stock({"Cargo.lock": reading})
    assert [(one.package, one.direct, one.via) for one in components] == [("serde", True, ()), ("g", False, ("serde",))]


def test_a_lock_stands_for_its_manifest():
    names = ("pyproject.toml", "poetry.lock")
    readings = {name: reader_for(name)(name, FILES[name][0], lambda _: None) for name in names}
    components, _ = take_stock(readings)
    assert [(one.package, one.path, one.direct) for one in components if one.path == "poetry.lock"] == [
        ("flask", "poetry.lock", True),
        ("jinja2", "poetry.lock", False),
    ]
    assert {one.package for one in components if one.path == "pyproject.toml"} == {"flask", "requests", "pytest"}


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("package-lock.json", '{"a":' * 100_000, "nested too deep"),
        ("package-lock.json", "[]", "not a JSON object"),
        ("poetry.lock", "a = " + "[" * 100_000, "nested too deep|not TOML"),
        ("uv.lock", "x = '" + "a" * 300_000 + "'", "too large"),
        ("uv.lock", "version = 1\n" + "a." * 80_000 + "b = 1\n", "nested too deep"),
        ("uv.lock", "x = {" + "'a' . " * 30_000 + "b = 1}\n", "nested too deep"),
        ("pnpm-lock.yaml", "\n".join(" " * depth + "a:" for depth in range(500)), "too deep"),
        ("pom.xml", "<a>" * 1_000, "nested too deep"),
        ("pom.xml", '<!DOCTYPE l [<!ENTITY a "x"><!ENTITY b "&a;&a;">]><project>&b;</project>', "document type"),
        ("pom.xml", '<!DOCTYPE p SYSTEM "file:///etc/passwd"><project/>', "document type"),
        ("yarn.lock", "nothing of the kind", "neither of yarn"),
        ("setup.py", "(" * 100_000, "not Python"),
    ],
)
def test_hostile_files_are_refused_with_a_reason(name, text, why):
    with pytest.raises(Unreadable, match=why):
        reader_for(name)(name, text, lambda _: None)


def test_properties_that_name_each_other_do_not_grow():
    bomb = "".join(f"<p{n}>{('${p' + str(n + 1) + '}') * 50}</p{n}>" for n in range(20))
    text = (f"<project><properties>{bomb}</properties><dependencies><dependency><groupId>g</groupId>"
            "<artifactId>a</artifactId><version>${p0}</version></dependency></dependencies></project>")  # fmt: skip
    (one,) = reader_for("pom.xml")("pom.xml", text, lambda _: None).dependencies
    assert not one.version
    assert len(one.asked) <= 1_000


@pytest.mark.parametrize(
    "url",
    [
        "pkg:pypi/flask@2.0",
        "pkg:npm/%40s/a@1.0.0",
        "pkg:golang/github.com/a/b@v1.2.3",
        "pkg:maven/g/a@1",
        "pkg:cargo/a@1",
    ],
)
def test_package_urls_go_both_ways(url):
    ecosystem, name, version = from_purl(url)
    assert purl(ecosystem, name, version) == url


def test_names_in_one_spelling():
    assert purl(Ecosystem.PYPI, "Ruamel.YAML_x") == "pkg:pypi/ruamel-yaml-x"
    assert from_purl("pkg:deb/debian/curl@1") is None
    assert from_purl("nothing") is None


@pytest.mark.parametrize(
    "name", sorted({"requirements.txt", "package-lock.json", "go.mod", "pom.xml", "Cargo.lock", "bom.json"})
)
def test_text_without_a_name_is_known_by_what_stands_in_it(name):
    text = FILES[name][0] if name != "requirements.txt" else "flask==2.0\nrequests>=2\n"
    assert reader_by_content(text) is reader_for(name)
    assert reader_by_content("hello there, this is prose") is None


def test_this_projects_own_lock():
    path = Path(__file__).parents[2] / "requirements.lock"
    reading = reader_for("requirements.lock")("requirements.lock", path.read_text(), lambda _: None)
    assert len(reading.dependencies) > 30
    assert all(one.version for one in reading.dependencies)
    assert not reading.problems
