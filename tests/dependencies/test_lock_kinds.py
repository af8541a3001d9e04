# ruff: noqa: E501 -- the samples are files, in as few lines as can be read
"""What real files of each kind hold beyond the plain case, and what must not go unseen in them."""

from __future__ import annotations

import json

import pytest

from manyeyes_tools.dependencies.dependency import Ecosystem
from manyeyes_tools.dependencies.inventory import take_stock
from manyeyes_tools.dependencies.reach import modules_of
from manyeyes_tools.dependencies.readers.parsing import Unreadable
from manyeyes_tools.dependencies.readers.registry import understood

SOURCES = [{"name": "pypi", "url": "https://pypi.org/simple"}, {"name": "own", "url": "https://own.example/simple"}]


def read(name, text, files=None):
    return understood(name, text if isinstance(text, str) else json.dumps(text, indent=1), (files or {}).get)


def seen(name, text, files=None):
    return [(one.name, one.version, one.origin) for one in read(name, text, files).dependencies]


def stock(files):
    readings = {path: read(path, text, files) for path, text in files.items()}
    components, problems = take_stock(readings)
    assert not problems
    return {(one.path, one.dependency.name, one.version): one.direct for one in components}


SAMPLES = {
    "Gemfile.lock": "GEM\n  remote: https://rubygems.org/\n  specs:\n    rack (2.0.0)\n\nDEPENDENCIES\n  rack\n",
    "gradle.lockfile": "# made by Gradle\na:b:1.0=compileClasspath\nempty=\n",
    "composer.lock": json.dumps({"packages": [{"name": "a/b", "version": "1.0.0"}]}, indent=1),
    "Pipfile.lock": json.dumps({"_meta": {}, "default": {"a": {"version": "==1.0"}}}, indent=1),
    "packages.lock.json": json.dumps({"dependencies": {"net8.0": {"A": {"type": "Direct", "resolved": "1.0.0"}}}}),
    "poetry.lock": '[[package]]\nname = "a"\nversion = "1.0"\n[metadata]\nlock-version = "2.1"\n',
    "pdm.lock": '[metadata]\nlock_version = "4.5"\n[[package]]\nname = "a"\nversion = "1.0"\n',
    "uv.lock": 'version = 1\n[[package]]\nname = "a"\nversion = "1.0"\nsource = { registry = "https://pypi.org/simple" }\n',
    "Cargo.lock": 'version = 3\n[[package]]\nname = "a"\nversion = "1.0.0"\n'
    'source = "registry+https://github.com/rust-lang/crates.io-index"\n',
    "pnpm-lock.yaml": "lockfileVersion: '9.0'\n\npackages:\n\n  a@1.0.0:\n    resolution: {integrity: x}\n",
    "yarn.lock": '# yarn lockfile v1\n\n\na@^1.0.0:\n  version "1.0.0"\n',
    "package-lock.json": json.dumps(
        {"lockfileVersion": 3, "packages": {"node_modules/a": {"version": "1.0.0"}}}, indent=1
    ),
    "go.mod": "module x\n\nrequire g.com/a v1.0.0\n",
    "requirements.txt": "a==1.0\n",
    "pom.xml": "<project>\n<dependencies>\n<dependency><groupId>g</groupId><artifactId>a</artifactId>"
    "<version>1.0</version></dependency>\n</dependencies>\n</project>\n",
    "libs.versions.toml": '[versions]\nv = "1.0"\n[libraries]\na = { module = "g:a", version.ref = "v" }\n',
    "build.gradle": "dependencies {\n  implementation 'g:a:1.0'\n}\n",
    "app.csproj": '<Project>\n<ItemGroup>\n<PackageReference Include="A" Version="1.0.0" />\n</ItemGroup>\n</Project>\n',
    "packages.config": '<packages>\n<package id="A" version="1.0.0" />\n</packages>\n',
}


@pytest.mark.parametrize("name", SAMPLES)
def test_line_ends_and_a_mark_at_the_beginning_do_not_matter(name):
    plain = read(name, SAMPLES[name])
    assert [one.version[:3] for one in plain.dependencies] in (["1.0"], ["2.0"])
    assert read(name, "\ufeff" + SAMPLES[name].replace("\n", "\r\n")) == plain


@pytest.mark.parametrize("name", SAMPLES)
def test_a_merge_that_was_not_finished_is_told(name):
    lines = SAMPLES[name].split("\n")
    text = "\n".join(["<<<<<<< HEAD", *lines, "=======", *lines, ">>>>>>> other"])
    with pytest.raises(Unreadable, match="a merge in it was not finished: its marks stand on line 1"):
        read(name, text)


WITH_AN_END = {
    "Gemfile.lock": SAMPLES["Gemfile.lock"],
    "gradle.lockfile": SAMPLES["gradle.lockfile"],
    "poetry.lock": SAMPLES["poetry.lock"],
    "pnpm-lock.yaml": f"{SAMPLES['pnpm-lock.yaml']}\nsnapshots:\n\n  a@1.0.0: {{}}\n",
}
CLOSED = ("composer.lock", "Pipfile.lock", "packages.lock.json", "package-lock.json", "pom.xml", "app.csproj")


@pytest.mark.parametrize("name", WITH_AN_END)
def test_what_is_cut_off_before_its_end_is_told(name):
    text = WITH_AN_END[name]
    assert not read(name, text).problems
    ends = ("DEPENDENCIES", "empty=", "[metadata]", "snapshots:")
    for end in range(12, next(text.index(one) for one in ends if one in text)):
        try:
            reading = read(name, text[:end])
        except Unreadable:
            continue
        assert reading.problems or not reading.dependencies, text[:end]


@pytest.mark.parametrize("name", CLOSED)
def test_what_is_cut_off_is_refused_where_its_form_closes(name):
    text = SAMPLES[name].rstrip()
    for end in range(1, len(text)):
        with pytest.raises(Unreadable):
            read(name, text[:end])


def test_every_category_of_pipenv_counts():
    text = {
        "_meta": {"sources": SOURCES},
        "default": {"a": {"version": "==1.0", "index": "pypi"}, "b": {"version": "==1.0", "index": "own"}},
        "docs": {"c": {"version": "==1.0"}, "d": {"hg": "https://h/x"}, "e": {"version": "*"}},
    }
    reading = read("Pipfile.lock", text)
    assert [(one.name, one.version, one.origin) for one in reading.dependencies] == [
        ("a", "1.0", "registry"), ("b", "1.0", "elsewhere"), ("c", "1.0", "registry"), ("d", "", "elsewhere"),
        ("e", "", "registry"),
    ]  # fmt: skip
    assert "several sources" in reading.notes[0]
    own = {"_meta": {"sources": SOURCES[1:]}, "default": {"a": {"version": "==1.0"}}}
    assert seen("Pipfile.lock", own) == [("a", "1.0", "elsewhere")]


def test_composer_tells_registries_by_whom_an_install_is_told_to():
    def package(name, **more):
        return {"name": name, "version": "v1.0.0", "dist": {"type": "zip", "url": "https://x"}, **more}

    packages = [
        package("a/old", **{"notification-url": "http://packagist.org/downloads/"}),
        package("a/new", **{"notification-url": "https://packagist.org/downloads/"}),
        package("drupal/x", **{"notification-url": "https://packages.drupal.org/8/downloads"}),
        package("own/vcs"),
        package("own/path") | {"dist": {"type": "path", "url": "../x"}},
        {"name": "w/number", "version": 20180828},
        {"version": "1.0"},
    ]
    reading = read("composer.lock", {"packages": packages, "packages-dev": None})
    assert [(one.name, one.version, one.origin) for one in reading.dependencies] == [
        ("a/old", "1.0.0", "registry"), ("a/new", "1.0.0", "registry"), ("drupal/x", "1.0.0", "elsewhere"),
        ("own/vcs", "1.0.0", "elsewhere"), ("own/path", "1.0.0", "local"), ("w/number", "20180828", "registry"),
    ]  # fmt: skip
    assert reading.problems == ("entries without a name: 1; they were not checked",)
    require = {"php-64bit": "*", "php": "*", "ext-json": "*", "composer-runtime-api": "^2", "a/b": "=1.2.3"}
    assert seen("composer.json", {"require": require}) == [("a/b", "1.2.3", "registry")]


def test_namespaces_of_composer_are_what_is_imported():
    package = {"name": "laravel/framework", "version": "1.0.0", "autoload": {"psr-4": {"Illuminate\\": "src/"}}}
    (one,) = read("composer.lock", {"packages": [package]}).dependencies
    assert one.modules == ("Illuminate",)
    assert modules_of(Ecosystem.NUGET, "Google.Protobuf") == ("Google.Protobuf",)


def test_gems_for_platforms_sources_and_odd_lines():
    text = (
        "GIT\n  remote: https://x\n  specs:\n    g (0.1)\n\nPATH\n  remote: .\n  specs:\n    own (1.0)\n      rack\n\n"
        "GEM\n  remote: https://gems.example/\n  specs:\n    hidden (1.0)\n\n"
        "GEM\n  remote: https://rubygems.org.evil.example/\n  specs:\n    false (1.0)\n\n"
        "GEM\n  remote: https://rubygems.org/\n  remote: https://gems.example/\n  specs:\n    mixed (1.0)\n"
        "    nokogiri (1.19.4)\n    nokogiri (1.19.4-aarch64-linux-gnu)\n    nokogiri (1.19.4-java)\n    pre (1.0.0.rc1)\n"
        "    bare\n\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n  mixed (~> 1)\n  own!\n\nCHECKSUMS\n  mixed (1.0) sha256=x\n\n"
        "ODD\n    lost (1.0)\n\nBUNDLED WITH\n   2.5.0\n"
    )
    reading = read("Gemfile.lock", text)
    assert [(one.name, one.version, one.origin, one.direct) for one in reading.dependencies] == [
        ("g", "0.1", "elsewhere", False), ("own", "1.0", "local", True), ("hidden", "1.0", "elsewhere", False),
        ("false", "1.0", "elsewhere", False), ("mixed", "1.0", "registry", True),
        ("nokogiri", "1.19.4", "registry", False), ("pre", "1.0.0.rc1", "registry", False),
        ("bare", "", "registry", False),
    ]  # fmt: skip
    assert "several sources" in reading.notes[0]
    assert "was not checked: line" in reading.problems[0]


def test_nuget_by_framework_and_what_is_direct():
    text = {
        "version": 2,
        "dependencies": {
            "net6.0": {
                "A": {"type": "Direct", "resolved": "1.0.0", "dependencies": {"B": "1.0"}},
                "B": {"type": "Transitive", "resolved": "1.0.0"},
                "C": {"type": "CentralTransitive", "resolved": "3.0.0"},
            },
            "net8.0": {
                "A": {"type": "Direct", "resolved": "1.0.0", "dependencies": {"B": "2.0"}},
                "B": {"type": "Transitive", "resolved": "2.0.0"},
            },
        },
    }
    reading = read("packages.lock.json", text, {"nuget.config": '<add key="x" value="https://feed.example/v3" />'})
    assert "further sources" in reading.notes[0]
    components, _ = take_stock({"packages.lock.json": reading})
    assert [(one.title, one.direct, one.via) for one in components] == [
        ("A 1.0.0", True, ()), ("B 1.0.0", False, ("A",)), ("C 3.0.0", False, ()), ("B 2.0.0", False, ("A",)),
    ]  # fmt: skip
    assert components[0].needs == (1, 3)


CENTRAL = (
    "<Project><PropertyGroup><V>2.0.0</V></PropertyGroup><ItemGroup>\n"
    '<PackageVersion Include="A" Version="$(V)" />\n<PackageVersion Include="B" Version="1.0.0" />\n'
    '<PackageVersion Include="B" Version="3.0.0" Condition="x" />\n<PackageVersion Include="Unused" Version="1.0.0" />\n'
    '<GlobalPackageReference Include="G" Version="1.0.0" />\n</ItemGroup></Project>'
)
PROJECT = (
    '<Project><ItemGroup>\n<PackageReference Include="A" />\n<PackageReference Include="B;D" />\n'
    '<PackageReference Include="E" VersionOverride="[5.0.0]" />\n<PackageReference Include="F" Version="1.*" />\n'
    '<PackageReference Include="H" Version="$(Unknown)" />\n</ItemGroup></Project>'
)


def test_central_versions_of_nuget_count_where_they_are_asked_for():
    files = {"Directory.Packages.props": CENTRAL, "src/app/app.csproj": PROJECT}
    assert stock(files) == {
        ("Directory.Packages.props", "Unused", "1.0.0"): None,
        ("Directory.Packages.props", "G", "1.0.0"): True,
        ("src/app/app.csproj", "A", "2.0.0"): True,
        ("src/app/app.csproj", "B", "1.0.0"): True,
        ("src/app/app.csproj", "B", "3.0.0"): True,
        ("src/app/app.csproj", "D", ""): True,
        ("src/app/app.csproj", "E", "5.0.0"): True,
        ("src/app/app.csproj", "F", ""): True,
        ("src/app/app.csproj", "H", ""): True,
    }
    lock = {"dependencies": {"net8.0": {"A": {"type": "Direct", "resolved": "2.1.0"}}}}
    locked = stock({**files, "src/app/packages.lock.json": json.dumps(lock)})
    assert ("src/app/packages.lock.json", "A", "2.1.0") in locked
    assert ("src/app/app.csproj", "A", "2.0.0") not in locked  # the least that is asked, and the lock says which
    elsewhere = stock({**files, "packages.lock.json": json.dumps(lock)})
    assert ("src/app/app.csproj", "A", "2.0.0") in elsewhere  # another project's lock says nothing of this one


def pom(inner, artifact="a", parent=""):
    return f"<project>{parent}<groupId>g</groupId><artifactId>{artifact}</artifactId><version>1.0</version>{inner}</project>"


def needs(*names):
    inner = ""
    for name in names:
        artifact, _, version = name.partition("@")
        inner += f"<dependency><groupId>o</groupId><artifactId>{artifact}</artifactId>"
        inner += f"{f'<version>{version}</version>' if version else ''}</dependency>"
    return f"<dependencies>{inner}</dependencies>"


PARENT = "<parent><groupId>g</groupId><artifactId>top</artifactId><version>1.0</version></parent>"


def test_parents_and_bills_of_materials_in_the_project_count():
    bill = "<dependency><groupId>g</groupId><artifactId>bill</artifactId><version>${project.version}</version><type>pom</type>"
    imports = f"<dependencyManagement><dependencies>{bill}<scope>import</scope></dependency></dependencies></dependencyManagement>"
    top = pom(f"<properties><x>2.0</x></properties>{imports}{needs('shared@1.0')}", "top")
    files = {
        "pom.xml": top,
        "bill/pom.xml": pom(f"<dependencyManagement>{needs('z@3.0')}</dependencyManagement>", "bill"),
        "a/pom.xml": pom(needs("x@${x}", "z", "y", "latest@LATEST", "hard@[4.0]", "range@[1,2)"), "a", PARENT),
    }
    assert stock(files) == {
        ("pom.xml", "o:shared", "1.0"): True,
        ("a/pom.xml", "o:x", "2.0"): True,
        ("a/pom.xml", "o:z", "3.0"): True,
        ("a/pom.xml", "o:y", ""): True,
        ("a/pom.xml", "o:latest", ""): True,
        ("a/pom.xml", "o:hard", "4.0"): True,
        ("a/pom.xml", "o:range", ""): True,
    }
    reading = read("a/pom.xml", files["a/pom.xml"], files)
    assert {one.name: one.unknown for one in reading.dependencies if one.unknown} == {
        "o:y": "its version stands in a parent or bill of materials that is not in the project"
    }
    # Where only the module is scanned, what it inherits is its own.
    components, _ = take_stock({"a/pom.xml": reading})
    assert "o:shared" in {one.package for one in components}


def test_modules_of_the_project_itself_are_no_packages():
    files = {
        "a/pom.xml": pom("", "a"),
        "b/pom.xml": pom(
            needs("x@1.0").replace("<groupId>o</groupId><artifactId>x", "<groupId>g</groupId><artifactId>a"), "b"
        ),
    }
    readings = {path: read(path, text, files) for path, text in files.items()}
    (one,), _ = take_stock(readings)
    assert (one.package, one.dependency.origin) == ("g:a", "local")


def test_versions_that_a_profile_changes_are_both_listed():
    profile = "<profiles><profile><id>p</id><properties><x>2.0</x></properties></profile></profiles>"
    text = pom(f"<properties><x>1.0</x></properties>{needs('x@${x}', 'fixed@1.0')}{profile}")
    assert seen("pom.xml", text) == [
        ("o:x", "1.0", "registry"),
        ("o:fixed", "1.0", "registry"),
        ("o:x", "2.0", "registry"),
    ]


def test_parents_that_name_each_other_end():
    loop = "<parent><groupId>g</groupId><artifactId>{}</artifactId><version>1.0</version><relativePath>../{}</relativePath></parent>"
    files = {
        "a/pom.xml": pom(needs("x@1"), "a", loop.format("b", "b")),
        "b/pom.xml": pom("", "b", loop.format("a", "a")),
    }
    assert seen("a/pom.xml", files["a/pom.xml"], files) == [("o:x", "1", "registry")]
    named = pom(
        "<dependencies><dependency><groupId>${no}</groupId><artifactId>x</artifactId></dependency></dependencies>"
    )
    assert "has a name that is not known" in read("pom.xml", named).problems[0]


CATALOG = (
    '[versions]\nkotlin = "2.0.0"\nrich = { strictly = "[1.0, 2.0[", prefer = "1.5" }\n[libraries]\n'
    'ok-http = { module = "o:okhttp", version = "4.0" }\nstd = { group = "k", name = "std", version.ref = "kotlin" }\n'
    'short = "s:short:1.1"\nplat = { module = "p:plat" }\nwide = { module = "w:wide", version.ref = "rich" }\nodd = 3\n'
    '[bundles]\nall = ["ok-http", "short"]\n[plugins]\nx = { id = "x", version = "1" }\n'
)


def test_a_version_catalog_and_the_builds_that_ask_for_it():
    reading = read("gradle/libs.versions.toml", CATALOG)
    assert [(one.name, one.version, one.line) for one in reading.dependencies] == [
        ("o:okhttp", "4.0", 5), ("k:std", "2.0.0", 6), ("s:short", "1.1", 7), ("p:plat", "", 8), ("w:wide", "", 9),
    ]  # fmt: skip
    assert "libraries that are not understood: 1; they were not checked" in reading.problems[0]
    build = "dependencies {\n  implementation(libs.ok.http)\n  api(libs.bundles.all)\n  api 'x:y:${libs.versions.kotlin.get()}'\n}\n"
    files = {"gradle/libs.versions.toml": CATALOG, "app/build.gradle": build}
    asked = read("app/build.gradle", build, files)
    assert [(one.name, one.version, one.within) for one in asked.dependencies] == [
        ("o:okhttp", "4.0", "gradle/libs.versions.toml"), ("o:okhttp", "4.0", "gradle/libs.versions.toml"),
        ("s:short", "1.1", "gradle/libs.versions.toml"), ("x:y", "2.0.0", ""),
    ]  # fmt: skip
    everything = stock(files)
    assert ("gradle/libs.versions.toml", "o:okhttp", "4.0") in everything
    locked = stock({**files, "app/gradle.lockfile": "o:okhttp:4.9=compileClasspath\n"})
    assert ("gradle/libs.versions.toml", "o:okhttp", "4.0") not in locked
    assert ("app/gradle.lockfile", "o:okhttp", "4.9") in locked


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("implementation(\n  'a:b:1.0',\n  \"c:d:2.0\"\n)", [("a:b", "1.0"), ("c:d", "2.0")]),
        ("def v = '1.0'\nimplementation \"a:b:$v\"", [("a:b", "1.0")]),
        ("ext.v = '1.0'\nimplementation \"a:b:${v}\"", [("a:b", "1.0")]),
        ("def v = '1.0'\ndef v = '2.0'\nimplementation \"a:b:${v}\"", [("a:b", "")]),
        ('implementation "a:b:${p}"', [("a:b", "3.0")]),
        ("// implementation 'a:b:1.0'\n/* api 'c:d:1' */", []),
        ("implementation('a:b:1.0') {\n  exclude group: 'x', module: 'y'\n}", [("a:b", "1.0")]),
        ("implementation(platform(\"a:bom:1.0\"))\napi('a:b')", [("a:bom", "1.0"), ("a:b", "")]),
        ('implementation(kotlin("stdlib"))', [("org.jetbrains.kotlin:kotlin-stdlib", "")]),
        ("errorprone('a:b:1.0')\nexclude('c:d:1')", [("a:b", "1.0")]),
        ('implementation("a", "b", "1.0")', [("a:b", "1.0")]),
        ('"customApi"("a:b:1.0")\nadd("ksp", "c:d:1.0")', [("a:b", "1.0"), ("c:d", "1.0")]),
        ("api 'a:b:1.0:linux@aar'\ncompileOnly 'c:d:latest.release'", [("a:b", "1.0"), ("c:d", "")]),
        ("implementation npm('left-pad', '1.0.0')", [("left-pad", "1.0.0")]),
        ("implementation project(':x')\nexplicitApi()\napi = 3", []),
    ],
)  # fmt: skip
def test_the_plain_lines_of_a_gradle_build(text, found):
    reading = read("build.gradle", text, {"gradle.properties": "p=3.0\n"})
    assert [(one.name, one.version) for one in reading.dependencies] == found
    assert not reading.problems


def test_what_a_gradle_build_works_out_is_told_unless_a_lock_names_it():
    text = "implementation(chosen())\nimplementation fileTree('libs')\n"
    alone = read("build.gradle", text)
    assert "line 1 is worked out when it is built" in alone.problems[0]
    assert "takes files in place of packages on line 2" in alone.notes[0]
    assert not read("build.gradle", text, {"gradle.lockfile": "a:b:1=x\n"}).problems


def test_locks_of_gradle_in_both_forms():
    older = read("gradle/dependency-locks/testCompile.lockfile", "# x\na:b:1.0\n")
    assert [(one.name, one.version, one.development) for one in older.dependencies] == [("a:b", "1.0", True)]
    reading = read("gradle.lockfile", "a:b:1.0=x\nwhat is this\n")
    assert "not checked: line 2" in reading.problems[0]
    with pytest.raises(Unreadable):
        read("gradle.lockfile", "nothing of the kind\n")


def test_what_pnpm_needs_itself_and_what_lies_on_a_host():
    first = "---\nlockfileVersion: '9.0'\n\nimporters:\n\n  .:\n    packageManagerDependencies:\n      pnpm:\n        version: 11.0.0\n\npackages:\n\n  pnpm@11.0.0:\n    resolution: {integrity: x}\n\n---\n"
    second = "lockfileVersion: '9.0'\n\nimporters:\n\n  .:\n    dependencies:\n      a:\n        version: 1.0.0\n\npackages:\n\n  a@1.0.0:\n    resolution: {integrity: x}\n"
    reading = read("pnpm-lock.yaml", first + second)
    assert [(one.name, one.version, one.direct, one.development, one.line) for one in reading.dependencies] == [
        ("pnpm", "11.0.0", True, True, 13), ("a", "1.0.0", True, False, 28),
    ]  # fmt: skip
    hosted = (
        "lockfileVersion: '6.0'\n\ndependencies:\n  own:\n    version: github.com/o/own/abc\n\npackages:\n\n"
        "  github.com/o/own/abc:\n    resolution: {tarball: https://x}\n    name: own\n    version: 1.0.0\n\n"
        "  npm.own.example/hidden/1.0.0:\n    resolution: {integrity: x}\n\n  /old/1.0.0_peer@2.0.0:\n    resolution: {integrity: x}\n\n"
        "  /string_decoder@1.0.3(peer@1.0.0):\n    resolution: {integrity: x}\n"
    )
    assert [(one.version, one.origin, one.direct) for one in read("pnpm-lock.yaml", hosted).dependencies] == [
        ("1.0.0", "elsewhere", True), ("", "elsewhere", False), ("1.0.0", "registry", False), ("1.0.3", "registry", False),
    ]  # fmt: skip


def test_groups_of_poetry_and_extras_of_pdm():
    groups = {"main": False, "dev": True, "main, dev": False}
    for said, development in groups.items():
        named = json.dumps(said.split(", "))
        text = f'[[package]]\nname = "a"\nversion = "1"\ngroups = {named}\n[metadata]\nlock-version = "2.1"\n'
        assert read("poetry.lock", text).dependencies[0].development is development
    text = '[metadata]\nlock_version = "4.5"\n[[package]]\nname = "a"\nversion = "1"\ngroups = ["pg"]\n'
    beside = {"pyproject.toml": '[project]\nname = "x"\n[project.optional-dependencies]\npg = ["a"]\n'}
    assert read("pdm.lock", text).dependencies[0].development
    assert not read("pdm.lock", text, beside).dependencies[0].development


def test_two_versions_of_one_package_are_both_reached():
    text = (
        '[[package]]\nname = "top"\nversion = "1"\n[package.dependencies]\nnum = "*"\n'
        '[[package]]\nname = "num"\nversion = "1.0"\n[[package]]\nname = "num"\nversion = "2.0"\n[metadata]\nlock-version = "2"\n'
    )
    components, _ = take_stock({"poetry.lock": read("poetry.lock", text)})
    assert [(one.title, one.via) for one in components] == [("top 1", ()), ("num 1.0", ("top",)), ("num 2.0", ("top",))]
    assert components[0].needs == (1, 2)


def test_dependencies_that_a_project_takes_from_files():
    text = '[project]\nname = "x"\ndynamic = ["dependencies"]\n[tool.setuptools.dynamic]\ndependencies = {file = ["base.txt"]}\n'
    reading = read("pyproject.toml", text, {"base.txt": "six==1.0\n"})
    assert [(one.name, one.version, one.within) for one in reading.dependencies] == [("six", "1.0", "base.txt")]
    assert not reading.problems
    assert "made when it is built" in read("pyproject.toml", text).problems[0]
    poetry = '[project]\nname = "x"\ndynamic = ["dependencies"]\n[tool.poetry.dependencies]\nsix = "1.0"\n'
    assert not read("pyproject.toml", poetry).problems


def test_files_that_are_known_by_a_part_of_their_name():
    build = '<Project><ItemGroup><PackageReference Include="A" Version="1.0.0" /></ItemGroup></Project>'
    for name, text in {
        "Directory.Build.props": build,
        "gradle/dependencies.gradle": "dependencies {\n  api 'g:A:1.0.0'\n}\n",
        "src/main/kotlin/own.gradle.kts": 'dependencies {\n  api("g:A:1.0.0")\n}\n',
        "packages.App.lock.json": {"dependencies": {"net8.0": {"A": {"type": "Direct", "resolved": "1.0.0"}}}},
    }.items():
        assert [one[:2] for one in seen(name, text)] in ([("A", "1.0.0")], [("g:A", "1.0.0")])


def test_sums_of_go_and_what_is_none():
    assert seen("go.sum", "a v1.0.0/go.mod h1:x=\n") == []
    assert "not checked: line 2" in read("go.sum", "a v1.0.0 h1:x=\nwhat\n").problems[0]


def test_bills_of_materials_tell_what_is_not_public():
    def component(name, more="", **properties):
        return {"type": "library", "name": name, "purl": f"pkg:npm/{name}@1.0.0{more}", **properties}

    components = [
        component("a"), component("b", "?repository_url=https%3A%2F%2Fnpm.own.example"),
        component("c", "?repository_url=https%3A%2F%2Fregistry.npmjs.org"),
        component("d", properties=[{"name": "manyeyes:origin", "value": "local"}]),
    ]  # fmt: skip
    assert [one[2] for one in seen("bom.json", {"bomFormat": "CycloneDX", "components": components})] == [
        "registry", "elsewhere", "registry", "local",
    ]  # fmt: skip
