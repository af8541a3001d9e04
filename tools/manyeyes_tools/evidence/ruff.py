"""Ruff as a witness: run on our own copies of the code, by our own settings, never in the project."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections import defaultdict, deque
from dataclasses import replace
from functools import lru_cache
from itertools import zip_longest
from pathlib import Path, PurePosixPath
from subprocess import DEVNULL, PIPE
from typing import TYPE_CHECKING, TypeAlias

import anyio
from anyio.lowlevel import RunVar
from pydantic import BaseModel, ValidationError

from manyeyes.cores import compute, compute_on
from manyeyes_tools.evidence.ruff_doubts import settled
from manyeyes_tools.evidence.ruff_rules import SECURITY, SYNTAX, review_rules
from manyeyes_tools.evidence.rules import Engine, EngineFailed, Hit, Looked, Rule
from manyeyes_tools.evidence.together import Together
from manyeyes_tools.fragments import Fragment, Unparsable, parse, python_fragments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manyeyes_tools.evidence.rules import Purpose
    from manyeyes_tools.material import Material, SourceFile

TIMEOUT_S = 30.0
PROCESSES = 2
"""How many ruff processes may run at once; each uses every core by itself."""

RUNS = 40
"""How often ruff is started at most to find the code that breaks it."""
_NAMED = 5

TOGETHER = 200_000
"""Characters of code that one ruff looks at for several calls; starting it takes longer than looking at a file."""

_GRAMMAR = "py314"
"""The newest grammar that ruff knows, so that new syntax is not taken for an error."""
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_]+\.pyi?")


class _Place(BaseModel):
    row: int


class _Diagnostic(BaseModel):
    code: str | None
    filename: str
    location: _Place
    end_location: _Place
    message: str


_How: TypeAlias = tuple[tuple[str, ...], bool]
"""The rules' codes, and whether comments can switch them off."""

_together: RunVar[Together[_How, list[Fragment], list[_Diagnostic]]] = RunVar("ruff")


async def _look(material: Material, purpose: Purpose) -> Looked:
    fragments, unread = await compute_on(material.size, python_fragments, material)
    groups: defaultdict[bool, list[Fragment]] = defaultdict(list)
    for fragment in fragments:
        groups[purpose == "review" and not fragment.whole].append(fragment)
    hits: list[Hit] = []
    problems = [f"ruff: {line}" for line in unread]
    rules = 0
    for part, group in groups.items():
        table = SECURITY if purpose == "security" else review_rules(part=part)
        rules = max(rules, len(table) + 1)
        found, left_out = await _check(group, table, honour_noqa=purpose == "review")
        hits.extend(found)
        problems.extend(left_out)
    hits = await compute_on(material.size if hits else 0, settled, hits, material.origin)
    return Looked(hits=tuple(hits), rules=rules, problems=tuple(problems))


async def _check(
    fragments: list[Fragment], table: dict[str, Rule], *, honour_noqa: bool
) -> tuple[list[Hit], list[str]]:
    """The hits, and what ruff could not read.  Code that breaks ruff is left out, so that the rest is still looked at.

    Raises:
        EngineFailed: it could read none of it.
    """
    try:
        return await _check_together(fragments, table, honour_noqa=honour_noqa), []
    except EngineFailed:
        if len(fragments) == 1:
            raise
    sound = await compute(_parsed, fragments)
    hits: list[Hit] = []
    read: set[int] = set()
    reason = "nested too deeply"
    pending = deque([sound] if sound else [])
    runs = 0
    with anyio.move_on_after(TIMEOUT_S):
        while pending and runs < RUNS:
            runs += 1
            group = pending.popleft()
            try:
                hits.extend(await _check_together(group, table, honour_noqa=honour_noqa))
            except EngineFailed as error:
                reason = str(error).rstrip(".")
                if len(group) > 1:
                    middle = len(group) // 2
                    pending.extend((group[:middle], group[middle:]))
            else:
                read.update(map(id, group))
    if not read:
        raise EngineFailed(f"{reason}.")
    paths = list(dict.fromkeys(one.file.path for one in fragments if id(one) not in read))
    if not paths:  # it was not the code that broke it
        return hits, []
    more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    named = f"{', '.join(paths[:_NAMED])}{more}"
    return hits, [f"ruff: it could not read {named} ({reason}), so its rules were not run there."]


def _parsed(fragments: list[Fragment]) -> list[Fragment]:
    """Those that Python's own parser takes, or refuses for a fault in them and not for their depth."""
    sound = []
    for fragment in fragments:
        try:
            parse(fragment.text)
        except Unparsable as error:
            if error.too_deep:
                continue
        sound.append(fragment)
    return sound


async def _check_together(fragments: list[Fragment], table: dict[str, Rule], *, honour_noqa: bool) -> list[Hit]:
    together = _together.get(None)
    if together is None:
        together = Together(_diagnose, fault=EngineFailed, at_once=PROCESSES, most=TOGETHER)
        _together.set(together)
    size = sum(len(fragment.text) for fragment in fragments)
    found = await together.ask((tuple(sorted(table)), honour_noqa), fragments, size)
    return await compute_on(size if found else 0, _hits, found, fragments, table)


async def _diagnose(how: _How, groups: Sequence[list[Fragment]]) -> list[list[_Diagnostic]]:
    """What one ruff says of the code of several calls, apart for each; a call's file names are seen by no other."""
    codes, honour_noqa = how
    output = b""
    folder = tempfile.TemporaryDirectory(prefix="manyeyes-", ignore_cleanup_errors=True)
    try:
        await compute(_write, Path(folder.name), groups)
        output = await _run(Path(folder.name), codes, honour_noqa=honour_noqa)
    finally:
        with anyio.CancelScope(shield=True):
            await compute(folder.cleanup)
    return await compute_on(len(output), _apart, output, len(groups))


def _write(folder: Path, groups: Sequence[list[Fragment]]) -> None:
    """Put the code into a folder that is ours alone, each piece in a folder of its own named after its group."""
    for group, fragments in enumerate(groups):
        for number, fragment in enumerate(fragments):
            name = PurePosixPath(fragment.file.path).name
            apart = folder / f"{group}-{number}"
            apart.mkdir()
            path = apart / (name if _PLAIN_NAME.fullmatch(name) else "code.py")
            path.write_bytes(fragment.text.encode("utf-8", "replace"))


def _place(filename: str) -> tuple[int, int]:
    """The group and the number in it of a piece, by the file that it was written to."""
    group, _, number = Path(filename).parts[-2].partition("-")
    return int(group), int(number)


def _apart(output: bytes, groups: int) -> list[list[_Diagnostic]]:
    apart: list[list[_Diagnostic]] = [[] for _ in range(groups)]
    for line in output.splitlines():
        try:
            one = _Diagnostic.model_validate_json(line)
        except ValidationError:
            raise EngineFailed("its output cannot be read.") from None
        apart[_place(one.filename)[0]].append(one)
    return apart


async def _run(folder: Path, codes: Sequence[str], *, honour_noqa: bool) -> bytes:
    command = [
        *_ruff(), "check", "--isolated", "--no-cache", "--no-preview", "--exit-zero", "--quiet", "--no-fix",
        "--no-respect-gitignore", "--output-format=json-lines", f"--target-version={_GRAMMAR}",
        f"--select={','.join(codes)}", *(() if honour_noqa else ("--ignore-noqa",)), ".",
    ]  # fmt: skip
    try:
        with anyio.fail_after(TIMEOUT_S):
            done = await anyio.run_process(
                command, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, check=False, cwd=folder, env=_environment()
            )
    except TimeoutError:
        raise EngineFailed(f"it took longer than {TIMEOUT_S:.0f} seconds.") from None
    except OSError as error:
        raise EngineFailed(f"it cannot be started ({error.strerror}).") from None
    if done.returncode != 0:
        raise EngineFailed(f"it ended with exit code {done.returncode}.")
    return done.stdout


def _hits(found: list[_Diagnostic], fragments: list[Fragment], table: dict[str, Rule]) -> list[Hit]:
    hits: dict[tuple[int, str, int, int, str], Hit] = {}  # what is said of the same lines again is no news
    broken: set[int] = set()
    masked: dict[str, frozenset[int]] = {}
    for one in found:
        _, inside = _place(one.filename)
        fragment = fragments[inside]
        rule = table.get(one.code or "")
        if rule is None:  # a syntax error: the first one says it, the others mostly follow from it
            if inside in broken or not fragment.whole:
                continue
            broken.add(inside)
            rule = SYNTAX
        start = max(fragment.line(one.location.row), 1)
        end = max(fragment.line(one.end_location.row), start)
        same = (inside, rule.id, start, end, one.message)
        if same in hits:
            continue
        path = fragment.file.path
        if path not in masked:
            masked[path] = _masked(fragment.file)
        hidden = not masked[path].isdisjoint(range(start, end + 1))
        hits[same] = _hit(fragment, rule, start, end, one.message, masked=hidden)
    return list(hits.values())


def _hit(fragment: Fragment, rule: Rule, start: int, end: int, message: str, *, masked: bool) -> Hit:
    # Ruff's own words may repeat a part of the code; where that was masked they are not used.
    if not rule.title:
        title = f"Rule {rule.id} of ruff does not hold" if masked else message.partition("\n")[0].rstrip(".")
        rule = replace(rule, title=title[:160])
    detail = "" if masked or rule.id != SYNTAX.id else f"{message[:1].upper()}{message[1:].rstrip('.')}."
    return Hit(file=fragment.file, rule=rule, source=f"ruff:{rule.id}", start_line=start, end_line=end, detail=detail)


def _masked(file: SourceFile) -> frozenset[int]:
    """The lines in which something was masked."""
    if file.text == file.masked:
        return frozenset()
    lines = zip_longest(file.text.split("\n"), file.masked.split("\n"))
    return frozenset(number for number, (text, masked) in enumerate(lines, start=1) if text != masked)


@lru_cache(maxsize=1)
def _ruff() -> tuple[str, ...]:
    """The ruff of this environment, never one that happens to lie on the search path."""
    beside = Path(sys.executable).with_name("ruff.exe" if sys.platform == "win32" else "ruff")
    if beside.is_file():
        return (str(beside),)
    try:
        from ruff import find_ruff_bin  # type: ignore[import-untyped]  # not needed where the file lies beside the interpreter
    except ImportError:
        raise EngineFailed("it is not installed; install the package `ruff`.") from None
    try:
        return (str(find_ruff_bin()),)
    except OSError:
        raise EngineFailed("its program is missing; reinstall the package `ruff`.") from None


def _environment() -> dict[str, str]:
    """No variable of ours reaches ruff, so that none can change what it does; Windows needs one to start programs."""
    return {"SYSTEMROOT": os.environ["SYSTEMROOT"]} if "SYSTEMROOT" in os.environ else {}


ENGINE: Engine = Engine(name="ruff", prefix="ruff", languages=frozenset({"python"}), look=_look)
