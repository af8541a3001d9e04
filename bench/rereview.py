"""What a second review costs when one function has changed, over the history of a real repository.

    python bench/rereview.py [REPOSITORY] [--edits N] [--json]

From the history of REPOSITORY (this one unless given) are taken commits that change a Python file of at least 300 lines
within one function.  For each, the file as it was before is reviewed, then the file as it is after; a scripted model
answers.  `again` are the input tokens of the second review, `whole` those of a first review of the file as it is
after, which is what sending the changed file costs; `repeat` those of a third one with nothing changed.  Tokens are
counted as one for each three bytes of what is sent.
"""

from __future__ import annotations

import argparse
import ast
import json
import subprocess
import tempfile
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import anyio

from manyeyes import settings as operator
from manyeyes.desk import Desk
from manyeyes.providers import scripted
from manyeyes.providers.scripted import Answer, ScriptedModel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes.model import Pulse
    from manyeyes.types import Completion, Request

LEAST_LINES = 300
SAID = {"summary": "It is code.", "verdict": "comment", "findings": [], "disputed": [], "confirmed": []}


SENT: list[int] = []
"""Tokens of each request since it was cleared."""


class Counting(ScriptedModel):
    """Notes how much it is sent."""

    async def complete(self, request: Request, pulse: Pulse) -> Completion:
        """Answer as scripted."""
        said = "".join([request.system, *(message.text for message in request.messages)])
        SENT.append(len(said.encode()) // 3 + 1)
        return await super().complete(request, pulse)


scripted.ScriptedModel = Counting  # type: ignore[misc]  # the provider makes its models by this name


def git(repository: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(repository), *arguments], check=True, capture_output=True, text=True, errors="replace"
    ).stdout


def edits(repository: Path, wanted: int) -> Iterator[tuple[str, str, str]]:
    """Name, text before and text after of files in which one function alone has changed."""
    found = 0
    for commit in git(repository, "log", "--format=%H", "--no-merges", "--diff-filter=M", "--", "*.py").split():
        names = git(repository, "diff-tree", "-r", "--no-commit-id", "--diff-filter=M", "--name-only", commit)
        for name in names.splitlines():
            if not name.endswith(".py"):
                continue
            before, after = (git(repository, "show", f"{rev}:{name}") for rev in (f"{commit}~", commit))
            if after.count("\n") >= LEAST_LINES and _in_one_function(before, after):
                yield f"{commit[:8]} {name}", before, after
                found += 1
                if found == wanted:
                    return


def _in_one_function(before: str, after: str) -> bool:
    try:
        old, new = (_functions(text) for text in (before, after))
    except SyntaxError:
        return False
    (old_rest, old_functions), (new_rest, new_functions) = old, new
    if old_rest != new_rest or old_functions.keys() != new_functions.keys():
        return False
    return sum(old_functions[name] != new_functions[name] for name in old_functions) == 1


def _functions(text: str) -> tuple[str, dict[str, str]]:
    """The lines outside of functions, and the functions by name and place."""
    lines = text.split("\n")
    functions, inside = {}, set()
    for number, node in enumerate(
        sorted(
            (n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)),
            key=lambda n: n.lineno,
        )
    ):
        if node.lineno in inside:
            continue
        own = range(node.lineno, (node.end_lineno or node.lineno) + 1)
        inside.update(own)
        functions[f"{number} {node.name}"] = "\n".join(lines[n - 1] for n in own)
    return "\n".join(line for n, line in enumerate(lines, 1) if n not in inside), functions


async def measure(before: str, after: str) -> dict[str, int]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "project"
        root.mkdir()
        script = Path(folder) / "script.json"
        answer = Answer.model_validate({"json": SAID, "times": None}).model_dump(mode="json", by_alias=True)
        script.write_text(json.dumps({"models": {"reviewer": [answer]}}))
        environ = {"HOME": folder, "MANYEYES_ROOTS": str(root), "MANYEYES_STATE_URL": "sqlite://"}
        environ["MANYEYES_SCRIPTED_FILE"] = str(script)
        settings = operator.load(environ, cwd=root)

        async def tokens(desk: Desk, text: str) -> int:
            (root / "file.py").write_text(text)
            SENT.clear()
            await desk.call("code_review", {"paths": ["file.py"], "model": "scripted:reviewer"})
            return sum(SENT)

        async with Desk.open(settings, environ) as desk:
            await tokens(desk, before)
            again = await tokens(desk, after)
            repeat = await tokens(desk, after)
        environ["MANYEYES_STATE_URL"] = "sqlite://"
        async with Desk.open(settings, environ) as desk:
            whole = await tokens(desk, after)
    return {"whole": whole, "again": again, "repeat": repeat}


async def run(repository: Path, wanted: int) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for name, before, after in edits(repository, wanted):
        rows.append({"edit": name, "lines": after.count("\n"), **await measure(before, after)})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repository", type=Path, nargs="?", default=Path(__file__).parents[1])
    parser.add_argument("--edits", type=int, default=50, help="as many edits (50)")
    parser.add_argument("--json", action="store_true", help="one JSON list of objects")
    options = parser.parse_args()
    rows = anyio.run(run, options.repository, options.edits)
    if not rows:
        raise SystemExit("There is no commit here that changes one function of a Python file of 300 lines or more.")
    if options.json:
        print(json.dumps(rows, indent=1))
        return
    print(f"{'edit':<64}{'lines':>6}{'whole':>8}{'again':>7}{'repeat':>7}{'saved':>7}")
    for row in rows:
        whole, again = int(str(row["whole"])), int(str(row["again"]))
        print(
            f"{str(row['edit'])[:63]:<64}{row['lines']:>6}{whole:>8}{again:>7}{row['repeat']:>7}"
            f"{1 - again / whole:>7.0%}"
        )
    whole, again = (sum(int(str(row[key])) for row in rows) for key in ("whole", "again"))
    saved = median(1 - int(str(row["again"])) / int(str(row["whole"])) for row in rows)
    print(f"\n{len(rows)} edits: {1 - again / whole:.1%} fewer input tokens in all, median {saved:.0%}")


if __name__ == "__main__":
    main()
