"""Every command that a page shows is run here, or stands below with the reason why it is not."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from docs.pages import PAGES, ROOT, SHELL, Block, Command, blocks, commands, inline_commands
from manyeyes.cli.parser import build_parser

NOT_RUN = {
    "git clone https://EXAMPLE/manyeyes && cd manyeyes": "the address is a placeholder",
    "cd /path/to/project": "the folder is a placeholder; the commands run in a project as it is",
    "make demo": "make sets up an environment of its own; `manyeyes demo` is run",
    "make demo-doubles": "it installs npm packages; tests/clients runs it",
    "make demo-small": "it installs npm packages and a model; tests/clients runs it",
    "make test": "it would run this test",
    "make check": "make sets up an environment of its own",
    "uvx --from git+https://EXAMPLE/manyeyes manyeyes demo": "the address is a placeholder",
    "claude mcp add --scope user manyeyes --env MANYEYES_ROOTS=/path/to/project"
    " -- /path/to/manyeyes/.venv/bin/manyeyes serve": "a client is needed; tests/clients attaches the real ones",
    "gemini mcp add --scope user --env MANYEYES_ROOTS=/path/to/project manyeyes"
    " /path/to/manyeyes/.venv/bin/manyeyes serve": "a client is needed; tests/clients attaches the real ones",
    "codex mcp add manyeyes --env MANYEYES_ROOTS=/path/to/project"
    " -- /path/to/manyeyes/.venv/bin/manyeyes serve": "a client is needed; tests/clients attaches the real ones",
    "pip install -e '.[train]'  # in a clone": "what it installs is there for the tests",
    "manyeyes support forget c-…": "the id is a placeholder; tests/support forgets real ones",
}
EXITS = {
    "manyeyes scan . --fail-on high --sarif scan.sarif": 1,
    "git diff main | manyeyes review --diff - --fail-on critical": 1,
    'manyeyes ask "What does this change risk?" --context examples/payment.py': 3,
    'git diff main | manyeyes ask "What could go wrong here?" --context - --depth panel': 3,
    'manyeyes ask "What is missing in this?" --media examples/payment.py --json': 3,
    "ANTHROPIC_API_KEY=x ANTHROPIC_BASE_URL=http://127.0.0.1:9 manyeyes review examples/payment.py": 4,
}
"""What is not 0."""
SAYS = {
    "ANTHROPIC_API_KEY=x ANTHROPIC_BASE_URL=http://127.0.0.1:9 manyeyes review examples/payment.py": (
        "SQL injection",
        "anthropic:claude-opus-5-5",
        "evidence only",
    ),
    "manyeyes scan examples/payment.py": ("examples/payment.py:15", "CWE-89"),
    "manyeyes demo": ("The SQL injection was found on its line",),
    "manyeyes route analysis --model claude-4.7": ("anthropic:claude-opus-4-7",),
    "manyeyes pipeline examples/payment.py --mode parallel": ("Best practices:", "SQL injection"),
    "manyeyes pipeline examples/payment.py": ("Documentation:", "SQL injection"),
    'manyeyes support try "My router shows a red light"': ("technical_support",),
}
"""What must be in the output for the page to be right."""

FILES = {
    "README.md": "# Shop\n\n`total(prices)` adds up.\n",
    "docs/guide.md": "# Guide\n\nCall `total(prices)`.\n",
    "src/shop.py": (
        '"""A shop."""\n\nimport sqlite3\n\n\ndef total(prices: list[int]) -> int:\n    """Add up."""\n'
        "    return sum(prices)\n\n\ndef find(db: sqlite3.Connection, name: str) -> object:\n"
        '    """Find a customer."""\n'
        "    return db.execute(f\"SELECT * FROM customers WHERE name = '{name}'\")\n"
    ),
    "requirements.txt": "click==8.1.7\n",
    "osv-records/PYSEC-1.json": json.dumps(
        {
            "id": "PYSEC-1",
            "modified": "2024-01-01T00:00:00Z",
            "affected": [{"package": {"ecosystem": "PyPI", "name": "other"}, "versions": ["1.0"]}],
        }
    ),
    "examples.csv": "message,intent\n"
    + "".join(
        f"{text},{intent}\n"
        for intent, texts in {
            "delivery": "where is my parcel|my parcel is late|when does it arrive|track my order|still not delivered",
            "returns": "send it back|how do I return this|I want a refund|exchange for another|wrong size to return",
        }.items()
        for text in texts.split("|")
    ),
}
"""What a project may hold beside the sample."""

ARTICLE = ROOT / "docs" / "article.md"
SHELL_BLOCKS = [block for page in PAGES for block in blocks(page, *SHELL)]
_MARK = "\x1e"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with the sample, a branch with a fault in it, and a change that is not committed."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "examples", folder / "examples")
    sample = folder / "examples" / "payment.py"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")

    def git(*arguments: str) -> None:
        who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
        subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)

    git("init", "--quiet", "--initial-branch=main")
    git("add", ".")
    git("commit", "--quiet", "--message=sample")
    git("checkout", "--quiet", "-b", "feature")
    fault = "\n\ndef find(db, name):\n    return db.execute(f\"SELECT * FROM users WHERE name = '{name}'\")\n"
    sample.write_text(sample.read_text(encoding="utf-8") + fault, encoding="utf-8")
    git("commit", "--quiet", "--all", "--message=find")
    sample.write_text(sample.read_text(encoding="utf-8") + "\n\nLIMIT = 100\n", encoding="utf-8")
    return folder


def run(texts: list[str], project: Path, home: Path) -> list[tuple[int, str]]:
    """The exit code and output of each command, all in one shell, since one may set what the next one needs."""
    script = "\n".join(f"{text}\nprintf '{_MARK}%s{_MARK}' $?" for text in texts)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=project,
        env={"PATH": path, "HOME": str(home), "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    parts = done.stdout.split(_MARK)
    return [(int(code), output) for output, code in zip(parts[::2], parts[1::2], strict=False)]


def check_output(command: Command, output: str) -> None:
    """What is shown occurs in the output, in that order.  `…` stands for whatever there is."""
    actual = iter(line.rstrip() for line in output.splitlines())
    for line in command.shown:
        if line == "…":
            continue
        whole = not line.endswith("…")
        start = line.removesuffix("…").rstrip()
        assert any(seen == start if whole else seen.startswith(start) for seen in actual), (
            f"`{command.text}` does not print {line!r} at that place; it prints\n{output}"
        )


@pytest.mark.parametrize("block", SHELL_BLOCKS, ids=str)
def test_a_blocks_commands_do_what_the_page_shows(block: Block, project: Path, tmp_path: Path) -> None:
    listed = [command for command in commands(block) if command.text not in NOT_RUN]
    ended = run([command.text for command in listed], project, tmp_path)
    assert len(ended) == len(listed)
    for command, (code, output) in zip(listed, ended, strict=True):
        assert code == EXITS.get(command.text, 0), f"`{command.text}` ended with {code}:\n{output}"
        check_output(command, output)


@pytest.mark.parametrize("text", dict.fromkeys(inline_commands(ARTICLE)))
def test_the_articles_table_names_commands_that_work(text: str, project: Path, tmp_path: Path) -> None:
    [(code, output)] = run([text], project, tmp_path)
    assert code == EXITS.get(text, 0), output
    assert all(words in output for words in SAYS.get(text, ())), output


def test_nothing_is_excused_that_no_page_shows() -> None:
    shown = {command.text for block in SHELL_BLOCKS for command in commands(block)}
    shown |= set(inline_commands(ARTICLE))
    assert not set(NOT_RUN) - shown
    assert not (set(EXITS) | set(SAYS)) - shown


def test_every_verb_named_exists() -> None:
    known = next(action.choices for action in build_parser()._actions if isinstance(action.choices, dict))
    named = {text.partition("manyeyes ")[2].split()[0] for page in PAGES for text in inline_commands(page)}
    named |= {
        command.text.partition("manyeyes ")[2].split()[0]
        for block in SHELL_BLOCKS
        for command in commands(block)
        if command.text not in NOT_RUN and "manyeyes " in command.text
    }
    assert named
    assert {verb for verb in named if not verb.startswith("-")} <= set(known)


def test_a_result_that_a_page_shows_is_part_of_the_real_one(project: Path, tmp_path: Path) -> None:
    checked = 0
    for page in PAGES:
        everything = blocks(page)
        for before, block in itertools.pairwise(everything):
            calls = [one for one in commands(before) if "manyeyes call" in one.text] if before.language in SHELL else []
            if block.language != "json" or not calls:
                continue
            [(_, output)] = run([f"{calls[-1].text} 2>/dev/null"], project, tmp_path)
            assert_within(json.loads(block.text), json.loads(output), str(block))
            checked += 1
    assert checked


def assert_within(shown: Any, real: Any, where: str) -> None:
    if isinstance(shown, dict):
        assert isinstance(real, dict), where
        for key, value in shown.items():
            assert key in real, f"{where}.{key} is not in the result"
            assert_within(value, real[key], f"{where}.{key}")
    elif isinstance(shown, list):
        assert isinstance(real, list), where
        assert len(shown) <= len(real), where
        for index, value in enumerate(shown):
            assert_within(value, real[index], f"{where}[{index}]")
    else:
        assert shown == real, where
