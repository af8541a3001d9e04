"""The layout of code changes neither its form nor where its statements are said to stand."""

from __future__ import annotations

import random
import re
import subprocess
import sysconfig
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manyeyes_tools import normal_form as forms
from manyeyes_tools.normal_form import Form, normal_form, remap, touched

RUFF = Path(sysconfig.get_path("scripts")) / "ruff"
SOURCES = sorted(Path(__file__).parents[2].glob("tools/manyeyes_tools/*.py"))


def form(text: str) -> Form:
    found = normal_form(text)
    assert found is not None
    return found


SAME = [
    ("x = 1\n", "x   =   1  # one\n\n\n"),
    ("f(a, b)\n", "f(\n    a,\n    b,\n)\n"),
    ("x = 'a'\n", 'x = "a"\n'),
    ('x = "it\'s"\n', "x = 'it\\'s'\n"),
    ("if a:\n    b\n", "if a: b\n"),
    ("if a:\n    b\n    c\n", "if (a):\n\tb; c\n"),
    ("x = a + \\\n    b\n", "x = (a\n    + b)\n"),
    ("x = 0xFF\n", "x = 0xff\n"),
    ('def f():\n    """Says.\n\n    More.\n    """\n', 'def f():\n  """Says.\n\n  More.   \n  """\n'),
    ("x = 1\n", "x = 1"),
    ("x = 1\n", "x = 1\r\n"),
]
OTHER = [
    ("x = 1\n", "x = 2\n"),
    ("x = 'a b'\n", "x = 'a  b'\n"),
    ("x = 'a'\n", "x = b'a'\n"),
    ("x = f'{a}'\n", "x = '{a}'\n"),
    ("x = '''a\n  b'''\n", "x = '''a\n    b'''\n"),
    ('def f():\n    """Says."""\n', 'def f():\n    """Said."""\n'),
    ('def f():\n    """Says."""\n    pass\n', "def f():\n    pass\n"),
    ("x = 1\n", "x = True\n"),
    ("x = 1\n", "x = 1.0\n"),
    ("if a:\n    b\nc\n", "if a:\n    b\n    c\n"),
    ("x = (a,)\n", "x = (a)\n"),
    ("x = ['a', 'b']\n", "x = ['a' 'b']\n"),
    ("assert (a, 'b')\n", "assert a, 'b'\n"),
    ("x = a.b\n", "x = a .c\n"),
    ("async def f(): pass\n", "def f(): pass\n"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_layout_does_not_count(one: str, other: str) -> None:
    assert form(one).digest == form(other).digest
    assert len(form(one).statements) == len(form(other).statements)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_everything_else_counts(one: str, other: str) -> None:
    assert form(one).digest != form(other).digest
    assert remap(one, form(one), form(other), other) is None


@pytest.mark.parametrize(
    "text", ["def f(:\n", "x = 1\ry = 2\n", "x = 1\n\f\ny = 2\n", "x = \0\n", "(" * 5000 + ")" * 5000]
)
def test_what_cannot_be_told_has_no_form(text: str) -> None:
    assert normal_form(text) is None


BEFORE = """\
import os

@route("/pay")
def pay(db, user):
    # check the user
    if not user:
        return None
    query = f"SELECT * FROM t WHERE id = {user}"
    if not db:
        return None
    with open("log") as file, lock:
        file.write(query)
    match user:
        case 1 if db:
            go(1)
    try:
        risky(db, user, True)
    except ValueError as error:
        pass
    else:
        done = os.path.join("a", "b")
    return [
        first(user),
        second(user),
    ]
"""
AFTER = """\
import os


@route(
  '/pay'
)
def pay(
  db,
  user,
):

  if not user: return None
  query = (
    f"SELECT * FROM t WHERE id = {user}"
  )

  if not db:
    # return None
    return None
  with open('log') as file, \\
       lock:
    file.write(query)
  match user:
    case 1 if db: go(1)
  try:
    risky(
      db,
      user,
      True,
    )
  # if not user:
  except ValueError as error: pass
  else:
    done = os.path.join('a', 'b')
  return [first(user), second(user)]
"""
MOVED = [
    ("import os", 1, (1, 1)),
    ("import os", None, (1, 1)),
    ('@route("/pay")', 3, (4, 6)),
    ("def pay(db, user):", 4, (7, 9)),
    ("    if not user:\n        return None", 6, (12, 12)),
    ("return None", 7, (12, 12)),
    ("return None", 10, (19, 19)),
    ("        return None", None, None),
    ("return None", 8, None),
    ('    query = f"SELECT * FROM t WHERE id = {user}"', 8, (13, 15)),
    ("SELECT * FROM t WHERE id", 8, (14, 14)),
    ('    with open("log") as file, lock:\n        file.write(query)', 11, (20, 22)),
    ('    with open("log") as file, lock:', 11, (20, 21)),
    ("        case 1 if db:", 14, (24, 24)),
    ("        risky(db, user, True)", 17, (26, 30)),
    ("    except ValueError as error:", 18, (32, 32)),
    ('done = os.path.join("a", "b")', 0, (34, 34)),
    ("        first(user),", 23, (35, 35)),
    ("    # check the user", 5, None),
    ("    else:", 20, None),
    ("nothing like this", 1, None),
    ("", 1, None),
]


@pytest.mark.parametrize(("quote", "line", "place"), MOVED)
def test_where_a_quote_stands_in_the_other_text(quote: str, line: int | None, place: tuple[int, int] | None) -> None:
    assert remap(quote, form(BEFORE), form(AFTER), AFTER, line) == place


def test_an_equal_quote_elsewhere_does_not_mislead() -> None:
    """What stood at line 2 is at 4, where line 4 once held the same words about something else."""
    before = "def a(x):\n    return x\ndef b(x):\n    return x\n"
    after = "\n\ndef a(x):\n    return x\n\n\ndef b(x):\n    return x\n"
    assert remap("    return x", form(before), form(after), after, 2) == (4, 4)
    assert remap("    return x", form(before), form(after), after, 4) == (8, 8)


def test_a_part_that_only_looks_unique_is_not_believed() -> None:
    """The first `call(a, b)` is laid out over lines now, so that only the second still reads so."""
    before = "x = call(a, b) + 1\ny = call(\n    a,\n    b,\n) + 2\n"
    after = "x = call(\n    a,\n    b,\n) + 1\ny = call(a, b) + 2\n"
    assert remap("call(a, b)", form(before), form(after), after, 1) is None


def test_a_form_can_be_written_down() -> None:
    assert Form.of_note(form(BEFORE).note()) == form(BEFORE)
    assert "route" not in form(BEFORE).note()


@pytest.mark.parametrize("note", ["", "[]", "{}", "7", '["a", 1, 2]', '["a", [[1]], []]', '["a", [["x", 2]], []]'])
def test_what_is_no_form_is_refused(note: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # what matters is that it is refused
        Form.of_note(note)


# By property.  Every statement of a made-up program holds a name of its own, so that it can be found in any layout by
# its name, and that is where the mapping must lead.


@st.composite
def programs(draw: st.DrawFn) -> list[tuple[int, str]]:
    """A program as lines with the depth of each; names are numbered."""
    numbers = iter(range(1000))
    lines: list[tuple[int, str]] = []

    def block(depth: int) -> None:
        for _ in range(draw(st.integers(1, 3))):
            name = f"v{next(numbers)}_"
            kinds = ["assign", "call", "string", "twin"] + (["if", "def", "for", "try"] if depth < 3 else [])
            kind = draw(st.sampled_from(kinds))
            simple = {
                "assign": f"{name} = [1, {{'k': (2, 3)}}, f(a, b)]",
                "call": f"{name}(x, y=(1, 2), z='q')",
                "string": f"{name} = 'some text # no comment'",
                "twin": f"{name} = 0",
            }
            headers = {"if": f"if {name}(1, 2):", "def": f"def {name}(a, b=(1, 2)):", "for": f"for i in {name}('s'):"}
            if kind in simple:
                lines.append((depth, simple[kind]))
                if kind == "twin":
                    lines.append((depth, "return_none()"))
            elif kind == "try":
                lines.append((depth, "try:"))
                block(depth + 1)
                lines.append((depth, f"except {name}:"))
                block(depth + 1)
            else:
                lines.append((depth, headers[kind]))
                block(depth + 1)

    block(0)
    return lines


def laid_out(program: list[tuple[int, str]], luck: random.Random) -> str:
    """One of many layouts: indentation, blank lines, comments, line breaks within brackets, quotes."""
    indent = luck.choice([" ", "  ", "    ", "\t"])
    out: list[str] = []
    for depth, line in program:
        out += [""] * luck.choice([0, 0, 0, 1, 2])
        if luck.random() < 0.2:
            out.append(f"{indent * luck.randrange(4)}# about {luck.choice(program)[1]}")
        written = _quoted(line, luck)
        parts: list[str] = []
        inside = 0
        for piece in re.split(r"""((?:'[^']*'|"[^"]*")|[\[({\])},])""", written):
            inside += piece in {"(", "[", "{"}
            closes = piece in {")", "]", "}"}
            if closes and luck.random() < 0.2:
                parts.append(f"\n{' ' * luck.randrange(9)}")
            inside -= closes
            parts.append(piece)
            if inside and piece.strip() in {"(", "[", "{", ","} and luck.random() < 0.3:
                parts.append(f"{luck.choice(['', '  # why'])}\n{' ' * luck.randrange(9)}")
        tail = luck.choice(["", "", "  # so", "   "])
        out.append(f"{indent * depth}{''.join(parts)}{tail}")
    return "\n".join(out) + "\n"


def _quoted(line: str, luck: random.Random) -> str:
    return line.replace("'", '"') if luck.random() < 0.5 else line


@settings(max_examples=150, deadline=None)
@given(program=programs(), seed=st.integers(0, 2**32))
def test_any_layout_has_the_same_form_and_its_statements_where_they_are(
    program: list[tuple[int, str]], seed: int
) -> None:
    luck = random.Random(seed)
    one, other = laid_out(program, luck), laid_out(program, luck)
    old, new = form(one), form(other)
    assert old.digest == new.digest
    lines, others = one.split("\n"), other.split("\n")
    for name in re.findall(r"v\d+_", "\n".join(line for _, line in program)):
        (number,) = (at for at, line in enumerate(lines, 1) if name in line.partition("# about")[0])
        (there,) = (at for at, line in enumerate(others, 1) if name in line.partition("# about")[0])
        for quote in (lines[number - 1], lines[number - 1].strip()):
            place = remap(quote, old, new, other, number)
            assert place is not None
            assert place[0] <= there <= place[1]
            assert {*re.findall(r"v\d+_", "\n".join(_code(others[place[0] - 1 : place[1]])))} == {name}
        statements = touched(old, number, number)
        assert statements
        assert all(at in touched(new, there, there) for at in statements)
    for number, line in enumerate(lines, 1):
        if line.strip().startswith("#"):
            assert remap(line, old, new, other, number) is None


def _code(lines: list[str]) -> list[str]:
    return [line.partition("# about")[0] for line in lines]


@settings(max_examples=60, deadline=None)
@given(program=programs(), seed=st.integers(0, 2**32))
def test_one_changed_word_is_another_form(program: list[tuple[int, str]], seed: int) -> None:
    luck = random.Random(seed)
    at = luck.randrange(len(program))
    depth, line = program[at]
    edited = [*program[:at], (depth, re.sub(r"\bv(\d+)_", r"w\1_", line, count=1)), *program[at + 1 :]]
    one, other = form(laid_out(program, luck)), form(laid_out(edited, luck))
    assert (one.digest == other.digest) is (edited == program)


STYLES = [("60", "single", "2"), ("120", "double", "8")]


@pytest.mark.parametrize("style", STYLES, ids=str)
@pytest.mark.parametrize("path", random.Random(7).sample(SOURCES, 6), ids=lambda path: path.stem)
def test_a_real_formatter_changes_no_form(path: Path, style: tuple[str, str, str], tmp_path: Path) -> None:
    width, quotes, indent = style
    text = path.read_text(encoding="utf-8")
    copy = tmp_path / "copy.py"
    copy.write_text(f"# a comment\n\n\n{text}", encoding="utf-8")
    (tmp_path / "ruff.toml").write_text(
        f'line-length = {width}\nindent-width = {indent}\n[format]\nquote-style = "{quotes}"\n'
    )
    subprocess.run([RUFF, "format", "--quiet", copy], check=True, cwd=tmp_path, stdin=subprocess.DEVNULL)
    formatted = copy.read_text(encoding="utf-8")
    old, new = form(text), form(formatted)
    assert old.digest == new.digest
    found, lines = 0, text.split("\n")
    for at in range(0, len(lines), 5):
        place = remap(lines[at], old, new, formatted, at + 1)
        if place is not None:
            found += 1
            there = "".join(formatted.split("\n")[place[0] - 1 : place[1]])
            words = set(re.findall(r"[A-Za-z_]\w+", lines[at].partition("#")[0]))
            assert words <= set(re.findall(r"[A-Za-z_]\w+", there)), (lines[at], there)
    assert found > len(lines) / 10


def test_the_last_forms_are_remembered_without_their_code(monkeypatch):
    made = []
    monkeypatch.setattr(forms, "_made", lambda text: made.append(text) or forms.Form(text[:4], (), ()))
    texts = [f"a_secret_number = {number}\n" for number in range(forms.REMEMBERED + 1)]
    first = [normal_form(text) for text in texts]
    assert normal_form(texts[-1]) is first[-1]
    assert made == texts
    normal_form(texts[0])  # which was not asked for longest
    assert made == [*texts, texts[0]]
    assert len(forms._remembered) == forms.REMEMBERED
    assert not any("secret" in repr(one) for one in forms._remembered)
    forms._remembered.clear()


def test_long_forms_are_not_all_remembered(monkeypatch):
    monkeypatch.setattr(forms, "REMEMBERED_LINES", 10)
    forms._remembered.clear()
    texts = [f"first = {number}\nlast = 0\n" for number in range(9)]
    assert None not in [normal_form(text) for text in texts]
    assert len(forms._remembered) == 3
    assert normal_form("a = 1\n" * 40) is not None
    assert len(forms._remembered) == 3
    forms._remembered.clear()
