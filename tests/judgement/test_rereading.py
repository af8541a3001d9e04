"""A second review reads what has changed, and what depends on it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manyeyes_tools.findings import Finding
from manyeyes_tools.material import Material, SourceFile
from manyeyes_tools.rereading import Memory, Reviewed, credited, renamed, resolved, still_open

FILLER = "".join(f"\n\ndef helper_{n}(value):\n    total = value + {n}\n    return total\n" for n in range(12))
CODE = (
    "import os\n\n\ndef load(name):\n    with open(name) as file:\n        return file.read()\n"
    + FILLER
    + "\n\ndef show(name):\n    print(load(name))\n"
)


def material(text, path="app.py", language="python"):
    file = SourceFile(path=path, language=language, text=text, masked=text)
    return Material(files=(file,), origin="paths")


def finding(quote, line, name="F-1", path="app.py"):
    return Finding(
        id=name,
        title="It",
        severity="high",
        category="bug",
        path=path,
        start_line=line,
        end_line=line,
        quote=quote,
        explanation="So.",
        confidence=0.8,
        sources=["a:b"],
    )


def reviewed(text, *findings, **more):
    kept = Memory.of(material(text, **more)).reviewed(findings, ["comment"], "Fine.", [], {})
    assert kept is not None
    return Reviewed.read(kept.model_dump_json())


def again(before, text, **more):
    now = material(text, **more)
    return Memory.of(now).reread(now, before)


def shown(reread):
    return [line for line in reread.material.files[0].masked.split("\n") if line]


def test_nothing_changed_is_nothing_to_read():
    reread = again(reviewed(CODE, finding("    with open(name) as file:", 5)), CODE)
    assert reread.material is None
    assert [one.id for one in reread.carried] == ["F-1"]
    assert reread.lines == 0


def test_a_changed_function_is_read_again_and_those_who_call_it_are_not():
    lines = shown(again(reviewed(CODE), CODE.replace("file.read()", "file.read().strip()")))
    assert lines == ["def load(name):", "    with open(name) as file:", "        return file.read().strip()"]


def test_when_its_signature_changes_those_who_call_it_are_read_again_too():
    reread = again(
        reviewed(CODE),
        CODE.replace("def load(name)", "def load(name, mode)").replace("file.read()", "file.read().strip()"),
    )
    lines = shown(reread)
    assert "        return file.read().strip()" in lines
    assert "    print(load(name))" in lines
    assert not any("helper" in line for line in lines)


def test_lines_keep_their_numbers():
    text = "# new\n" + CODE.replace("value + 7", "value * 7")
    reread = again(reviewed(CODE), text)
    source = text.split("\n")
    for number, line in enumerate(reread.material.files[0].masked.split("\n")):
        assert line in {"", source[number]}


def test_code_that_moved_is_not_read_again_and_its_finding_moves_along():
    before = reviewed(CODE, finding("    with open(name) as file:", 5))
    reread = again(before, CODE.replace("import os\n", "import os\nimport sys\nimport json\n"))
    (carried,) = reread.carried
    assert carried.start_line == 7
    assert not any("with open" in line for line in shown(reread))


def test_a_finding_in_what_changed_is_left_to_the_models():
    before = reviewed(CODE, finding("    with open(name) as file:", 5), finding("    return total", 11, "F-2"))
    reread = again(before, CODE.replace("open(name)", "open(name, encoding='utf-8')"))
    assert [one.id for one in reread.gone] == ["F-1"]
    assert [one.id for one in reread.carried] == ["F-2"]
    assert resolved(reread, reread.carried) == ["F-1"]
    assert resolved(reread, [*reread.carried, *reread.gone]) == []


def test_what_still_stands_in_what_changed_is_put_to_the_models_again():
    before = reviewed(CODE, finding("    with open(name) as file:", 5))
    reread = again(before, CODE.replace("file.read()", "file.read().strip()"))
    (standing,) = reread.standing
    assert [one.confidence for one in still_open(reread, [], {standing.id}, ())] == [0.8]
    assert [one.confidence for one in still_open(reread, [], (), ())] == [0.56]
    assert still_open(reread, [], (), {standing.id}) == []
    assert still_open(reread, [standing], (), ()) == []


OPEN = "    with open(name) as file:"


def creditable(after, found=(), *, named=True):
    """The ids that speak for who named them, when the code becomes what `after` says."""
    first = [finding(OPEN, 5), finding("    return total", 11, "F-2")]
    kept = Memory.of(material(CODE)).reviewed(
        first, ["comment"], "Fine.", [], {}, runs={one.id: "r-1" for one in first} if named else None
    )
    now = material(after)
    memory = Memory.of(now)
    reread = memory.reread(now, Reviewed.read(kept.model_dump_json()))
    told = credited(reread, memory, found, now.files)
    assert {run for _, run in told} <= {"r-1"}
    return [one.id for one, _ in told]


def test_a_finding_speaks_for_who_named_it_when_its_code_was_mended():
    assert creditable(CODE.replace(OPEN, "    with open(name, encoding='utf-8') as file:")) == ["F-1"]


@pytest.mark.parametrize(
    ("after", "found"),
    [
        (CODE.replace("file.read()", "file.read().strip()"), []),
        (CODE.replace(OPEN, "    with open(\n        name,\n    ) as file:"), []),
        (CODE.replace("def load(name):\n    with open(name) as file:\n        return file.read()\n", ""), []),
        (CODE.replace("def load(", "def fetch(").replace(OPEN, "    with open(name, 'rb') as file:"), []),
        (
            CODE.replace(OPEN, "    with open(name, 'rb') as file:"),
            [finding("    with open(name, 'rb') as file:", 5, "F-9")],
        ),
    ],
    ids=["it stands still", "another layout", "its function is gone", "its function was renamed", "found once more"],
)
def test_a_finding_that_vanished_for_another_reason_speaks_for_nobody(after, found):
    assert creditable(after, found) == []


def test_a_finding_speaks_for_nobody_where_nobody_knows_who_named_it_when():
    assert creditable(CODE.replace(OPEN, "    with open(name, encoding='utf-8') as file:"), named=False) == []


def test_a_file_that_was_deleted_has_all_read_anew():
    both = Material(files=(*material(CODE).files, *material(CODE, path="b.py").files), origin="paths")
    kept = Memory.of(both).reviewed([finding(OPEN, 5)], ["comment"], "Fine.", [], {}, runs={"F-1": "r-1"})
    now = material(CODE, path="b.py")
    assert Memory.of(now).reread(now, kept) is None


GUARDED = (
    "@app.before_request\ndef check():\n    require_login()\n\n\n"
    "@app.route('/a')\ndef a():\n    return secret()\n\n\n"
    "class Inner(LoginRequired):\n    def get(self):\n        return 1\n\n\n"
    "class Outer(Public):\n    def get(self):\n        return 2\n" + FILLER
)


@pytest.mark.parametrize(
    "text",
    [
        GUARDED.replace("@app.before_request\ndef check():\n    require_login()\n\n\n", ""),
        GUARDED.replace("    require_login()\n", "    pass\n"),
        GUARDED.replace("return 1", "return 0").replace("return 2", "return 1").replace("return 0", "return 2"),
        GUARDED.replace("class Inner(LoginRequired)", "class Inner(Public)"),
    ],
    ids=["a check was deleted", "a check does nothing now", "methods changed places", "another base"],
)
def test_what_was_taken_away_or_changed_places_is_seen(text):
    reread = again(reviewed(GUARDED), text)
    assert reread is None or reread.material is not None
    if reread is not None:
        assert shown(reread)


def test_a_deleted_line_shows_what_stands_beside_it():
    text = (
        "app = make()\n\n\ndef a():\n    return 1\n\n\napp.before_request(check)\n\n\ndef b():\n    return 2\n" + FILLER
    )
    lines = shown(again(reviewed(text), text.replace("app.before_request(check)\n", "")))
    assert "def a():" in lines
    assert "def b():" in lines


def test_who_called_what_is_gone_is_read_again():
    text = CODE.replace("\n\ndef load(name):\n    with open(name) as file:\n        return file.read()\n", "")
    assert "    print(load(name))" in shown(again(reviewed(CODE), text))


def test_a_file_less_is_read_anew():
    before = reviewed(CODE)
    other = SourceFile(path="b.py", language="python", text=CODE, masked=CODE)
    now = Material(files=(other,), origin="paths")
    assert Memory.of(now).reread(now, before) is None


def test_a_finding_in_a_renamed_function_keeps_its_id():
    before = reviewed(CODE, finding("        return file.read()", 6))
    reread = again(before, CODE.replace("def load(name)", "def read_all(name)"))
    moved = finding("        return file.read()", 6, "F-9")
    assert [one.id for one in renamed(reread, [moved])] == ["F-1"]
    other = finding("    print(load(name))", 9, "F-8")
    assert [one.id for one in renamed(reread, [other])] == ["F-8"]


def test_when_most_has_changed_all_is_read():
    assert again(reviewed(CODE), CODE.replace("value", "number").replace("name", "title")) is None


def test_a_new_and_a_deleted_file_are_noticed():
    before = reviewed(CODE)
    one = material(CODE).files[0]
    new = SourceFile(path="b.py", language="python", text="x = 1\n", masked="x = 1\n")
    now = Material(files=(one, new), origin="paths")
    reread = Memory.of(now).reread(now, before)
    assert reread is not None
    assert [file.path for file in reread.material.files] == ["b.py"]


def test_what_cannot_be_read_any_more_is_no_review():
    assert Reviewed.read(None) is None
    assert Reviewed.read("{") is None
    kept = reviewed(CODE)
    assert Reviewed.read(kept.model_copy(update={"version": 0}).model_dump_json()) is None


def test_nothing_of_the_code_is_kept_but_quotes():
    kept = reviewed(CODE, finding("    return total", 11))
    text = kept.model_dump_json()
    assert "helper_3" not in text
    assert "open(name)" not in text


@pytest.mark.parametrize("language", ["go", "text", "typescript"])
def test_other_languages_are_cut_too(language):
    text = "\n\n".join(f"func f{n}() int {{\n  return {n}\n}}" for n in range(60)) + "\n"
    reread = again(
        reviewed(text, path="a.x", language=language),
        text.replace("return 30", "return 31"),
        path="a.x",
        language=language,
    )
    assert 0 < reread.lines <= 60


@given(
    st.lists(
        st.sampled_from(
            ["def a():\n    pass\n", "x = 1\n", "\n", "class C:\n    def m(self):\n        return 1\n", "if x:\n"]
        ),
        max_size=25,
    )
)
def test_every_line_lies_in_one_piece(parts):
    text = "".join(parts)
    (pieces,) = Memory.of(material(text)).pieces.values()
    covered = [number for one in pieces for number in range(one.first, one.last + 1)]
    assert covered == list(range(1, len(text.removesuffix("\n").split("\n")) + 1))
