"""What manifests hold in unusual places: it is found, or it is said that it was not."""

from __future__ import annotations

import json
import time

import pytest

from manyeyes_tools.dependencies.readers.parsing import Unreadable, line_of
from manyeyes_tools.dependencies.readers.registry import understood

DYNAMIC = '[project]\nname = "x"\ndynamic = ["dependencies"]\n[tool.setuptools.dynamic]\ndependencies = {file = %s}\n'
REFERENCE = '<Project><ItemGroup><PackageReference Include="%s" Version="1.0.0"/></ItemGroup></Project>'
BERRY = (
    "__metadata:\n  version: 6\n\n"
    '"x@workspace:., lodash@npm:^4":\n  version: 4.17.0\n  resolution: "lodash@npm:4.17.0"\n'
)
NAMELESS = (
    "<project><artifactId>m</artifactId><dependencies>\n"
    + "".join(f"<dependency><groupId>${{a{n}}}</groupId><artifactId>b</artifactId></dependency>\n" for n in range(8))
    + "</dependencies></project>"
)


def profiles(count):
    """A project whose profiles give the version of a dependency, each on a line of its own."""
    many = "".join(
        f"<profile><id>p{n}</id><properties><v>{n}.0</v></properties></profile>\n" for n in range(1, count + 1)
    )
    asked = "<dependency><groupId>g</groupId><artifactId>a</artifactId><version>${v}</version></dependency>"
    return (
        f"<project><artifactId>m</artifactId><properties><v>0.9</v></properties>\n<dependencies>{asked}</dependencies>\n"
        f"<profiles>\n{many}</profiles></project>"
    )


def read(name, text, beside=None):
    return understood(name, text, (beside or {}).get)


@pytest.mark.parametrize(
    ("name", "text", "beside", "found"),
    [
        ("build.gradle", "dependencies { implementation 'a.b:c:1.0' }\n", {}, ["a.b:c 1.0"]),
        ("build.gradle", "buildscript { dependencies { classpath 'a.b:c:1.0' } }\n", {}, ["a.b:c 1.0"]),
        ("build.gradle", "dependencies {\n implementation('a.b:c:1.0') { transitive = false }\n}\n", {}, ["a.b:c 1.0"]),
        (
            "build.gradle",
            "dependencies {\n implementation(\n" + ",\n".join(f"  'g:a{n}:1'" for n in range(300)) + "\n )\n}\n",
            {},
            [f"g:a{n} 1" for n in range(300)],
        ),
        (
            "build.gradle",
            "dependencies {\n api(\n [group: 'a', name: 'b'],\n [group: 'c', name: 'd'],\n 'e:name:3')\n}\n",
            {},
            ["a:b ", "c:d ", "e:name 3"],
        ),
        (
            "build.gradle",
            "dependencies {\n api('a:b:1') { because('sad :( {') }\n api 'c:d:2'\n foo { }\n api 'e:exclude:3'\n}\n",
            {},
            ["a:b 1", "c:d 2", "e:exclude 3"],
        ),
        ("build.gradle", "dependencies {\n api('a:b:1', { isForce = true\n }, 'c:d:2')\n}\n", {}, ["a:b 1", "c:d 2"]),
        ("requirements.txt", "-c base.txt\n-r base.txt\n", {"base.txt": "django==1.0\n"}, ["django 1.0"]),
        ("setup.py", "from setuptools import setup\nsetup(install_requires={'django==1.0'})\n", {}, ["django 1.0"]),
        (
            "package-lock.json",
            json.dumps({"lockfileVersion": 2, "packages": {}, "dependencies": {"a": {"version": "1.0.0"}}}),
            {},
            ["a 1.0.0"],
        ),
        ("pom.xml", profiles(200), {}, ["g:a 0.9", *(f"g:a {n}.0" for n in range(1, 201))]),
        ("yarn.lock", BERRY, {}, ["lodash 4.17.0"]),
        ("a.csproj", REFERENCE % ";".join(f"p{n}" for n in range(150)), {}, [f"p{n} 1.0.0" for n in range(150)]),
    ],
)
def test_it_is_found(name, text, beside, found):
    assert [f"{one.name} {one.version}" for one in read(name, text, beside).dependencies] == found


@pytest.mark.parametrize(
    ("name", "text", "beside", "said"),
    [
        ("pyproject.toml", DYNAMIC % '["deps.txt"]', {"deps.txt": "-r gone.txt\nflask==1.0\n"}, "includes gone.txt"),
        ("pyproject.toml", DYNAMIC % '["a.txt", "b.txt"]', {"a.txt": "flask==1.0\n"}, "b.txt: not there"),
        ("setup.py", "import setuptools\nsetuptools.setup(**given())\n", {}, "`**`"),
        ("build.gradle", f"dependencies {{ {' ' * 4_000} implementation 'a.b:c:1.0' }}", {}, "longer than 4,000"),
        (
            "build.gradle",
            "dependencies {\n api(\n" + "  'a:b:1',\n" * 1_001 + " )\n}\n",
            {},
            "so what else they ask for was not checked: line 2",
        ),
        ("build.gradle", "dependencies {\n api(made('a:b:1'\n}\n", {}, "was not checked: line 2"),
        ("pom.xml", profiles(1_000), {}, "on make of versions was not checked"),
        ("pom.xml", NAMELESS, {}, "3 more have names that are not known"),
        ("composer.lock", json.dumps({"packages": [], "packages-dev": {"a": {"name": "a/b"}}}), {}, "packages-dev"),
        ("package.json", json.dumps({"dependencies": ["a"]}), {}, "dependencies"),
    ],
)
def test_it_is_said(name, text, beside, said):
    assert any(said in problem for problem in read(name, text, beside).problems)


def test_what_is_whole_is_not_complained_of():
    assert not read("setup.py", "setup(install_requires=['a==1'], **more)\n").problems
    assert not read("package-lock.json", json.dumps({"lockfileVersion": 3, "packages": {}})).problems
    assert not read("package.json", json.dumps({"dependencies": {}, "devDependencies": []})).problems


def test_what_is_nested_too_deep_is_refused():
    inner = {"version": "1.0.0"}
    for number in range(100):
        inner = {"version": "1.0.0", "dependencies": {f"n{number}": inner}}
    with pytest.raises(Unreadable, match="too deep"):
        read("package-lock.json", json.dumps({"lockfileVersion": 1, "dependencies": {"top": inner}}))
    with pytest.raises(Unreadable, match="names more than"):
        read("a.csproj", REFERENCE % ";".join("p" * 5_000))
    with pytest.raises(Unreadable, match="no table"):
        read("Pipfile.lock", json.dumps({"_meta": {}, "default": ["a"]}))


def _bill(number, most):
    imports = "".join(
        f"<dependency><groupId>g</groupId><artifactId>m{one}</artifactId><scope>import</scope></dependency>"
        for one in range(most)
    )
    return (
        f"<project><groupId>g</groupId><artifactId>m{number}</artifactId><version>1</version>"
        f"<dependencyManagement><dependencies>{imports}</dependencies></dependencyManagement></project>"
    )


def test_bills_that_import_each_other_are_read_a_few_times():
    most, asked = 12, []
    files = {f"m{one}/pom.xml": _bill(one, most) for one in range(most)}

    def fetch(path):
        asked.append(path)
        return files.get(path)

    understood("x/pom.xml", _bill(99, most), fetch)
    assert 0 < len(asked) < 20 * most**2  # not most**5


def test_many_of_a_kind_take_no_square_of_their_number():
    many = range(8_000)
    texts = {
        "pyproject.toml": '[project]\nname = "x"\ndependencies = [\n' + "".join(f' "p{n}==1",\n' for n in many) + "]\n",
        "uv.lock": "version = 1\n"
        + "".join(f'[[package]]\nname = "p{n}"\nversion = "1"\nsource = {{ editable = "." }}\n' for n in many),
        "pom.xml": "<project><dependencies>"
        + "".join(f"<dependency><groupId>${{g}}</groupId><artifactId>a{n}</artifactId></dependency>" for n in many)
        + "</dependencies></project>",
    }
    for name, text in texts.items():
        began = time.process_time()
        read(name, text)
        assert time.process_time() - began < 4, name  # 5 to 30 s before


@pytest.mark.parametrize(
    ("needle", "start", "line"), [("six", 1, 3), ("SIX", 1, 3), ("six", 4, 5), ("gone", 2, 2), ("", 4, 4), ("a", 1, 1)]
)
def test_the_line_of_a_word(needle, start, line):
    assert line_of("a\nsix-two xsix .six\n'six>=1'\n\nSix", needle, start) == line
