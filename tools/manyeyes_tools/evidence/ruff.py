"""Ruff as a witness: run on our own copies of the code, by our own settings, never in the project."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections import defaultdict
from dataclasses import replace
from functools import lru_cache
from pathlib import Path, PurePosixPath
from subprocess import DEVNULL, PIPE
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread
from anyio.lowlevel import RunVar
from pydantic import BaseModel, TypeAdapter, ValidationError

from manyeyes_tools.evidence.ruff_rules import SECURITY, SYNTAX, review_rules
from manyeyes_tools.evidence.rules import Engine, EngineFailed, Hit, Looked, Rule
from manyeyes_tools.fragments import Fragment, python_fragments

if TYPE_CHECKING:
    from manyeyes_tools.evidence.rules import Purpose
    from manyeyes_tools.material import Material

TIMEOUT_S = 30.0
PROCESSES = 2
"""How many ruff processes may run at once; each uses every core by itself."""

_limiter: RunVar[anyio.CapacityLimiter] = RunVar("ruff processes")
_GRAMMAR = "py314"
"""The newest grammar that ruff knows, so that new syntax is not taken for an error."""
_PASTED = 0.4
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_]+\.pyi?")


class _Place(BaseModel):
    row: int


class _Diagnostic(BaseModel):
    code: str | None
    filename: str
    location: _Place
    end_location: _Place
    message: str


_DIAGNOSTICS = TypeAdapter(list[_Diagnostic])


async def _look(material: Material, purpose: Purpose) -> Looked:
    fragments, unread = await to_thread.run_sync(python_fragments, material)
    groups: defaultdict[bool, list[Fragment]] = defaultdict(list)
    for fragment in fragments:
        groups[purpose == "review" and not fragment.whole].append(fragment)
    hits: list[Hit] = []
    rules = 0
    for part, group in groups.items():
        table = SECURITY if purpose == "security" else review_rules(part=part)
        rules = max(rules, len(table) + 1)
        hits.extend(await _check(group, table, honour_noqa=purpose == "review"))
    if material.origin == "code":  # names may be defined in code that was not pasted along
        hits = [replace(hit, confidence=_PASTED) if hit.rule.id == "F821" else hit for hit in hits]
    return Looked(hits=tuple(hits), rules=rules, problems=tuple(f"ruff: {line}" for line in unread))


async def _check(fragments: list[Fragment], table: dict[str, Rule], *, honour_noqa: bool) -> list[Hit]:
    with tempfile.TemporaryDirectory(prefix="manyeyes-", ignore_cleanup_errors=True) as folder:
        places = await to_thread.run_sync(_write, Path(folder), fragments)
        output = await _run(Path(folder), sorted(table), honour_noqa=honour_noqa)
        return _hits(output, places, table)


def _write(folder: Path, fragments: list[Fragment]) -> dict[str, Fragment]:
    """Put the code into a folder that is ours alone, each piece in a folder of its own."""
    places = {}
    for number, fragment in enumerate(fragments):
        name = PurePosixPath(fragment.file.path).name
        path = folder / str(number) / (name if _PLAIN_NAME.fullmatch(name) else "code.py")
        path.parent.mkdir()
        path.write_bytes(fragment.text.encode("utf-8", "replace"))
        places[str(path.relative_to(folder))] = fragment
    return places


async def _run(folder: Path, codes: list[str], *, honour_noqa: bool) -> bytes:
    command = [
        *_ruff(), "check", "--isolated", "--no-cache", "--no-preview", "--exit-zero", "--quiet", "--no-fix",
        "--no-respect-gitignore", "--output-format=json", f"--target-version={_GRAMMAR}", f"--select={','.join(codes)}",
        *(() if honour_noqa else ("--ignore-noqa",)), ".",
    ]  # fmt: skip
    limiter = _limiter.get(None)
    if limiter is None:
        limiter = anyio.CapacityLimiter(PROCESSES)
        _limiter.set(limiter)
    try:
        async with limiter:
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


def _hits(output: bytes, places: dict[str, Fragment], table: dict[str, Rule]) -> list[Hit]:
    try:
        diagnostics = _DIAGNOSTICS.validate_json(output)
    except ValidationError:
        raise EngineFailed("its output cannot be read.") from None
    hits = []
    broken: set[str] = set()
    for one in diagnostics:
        inside = str(Path(*Path(one.filename).parts[-2:]))
        fragment = places[inside]
        rule = table.get(one.code or "")
        if rule is None:  # a syntax error: the first one says it, the others mostly follow from it
            if inside in broken or not fragment.whole:
                continue
            broken.add(inside)
            rule = SYNTAX
        start = max(one.location.row + fragment.offset, 1)
        end = max(one.end_location.row + fragment.offset, start)
        hits.append(_hit(fragment, rule, start, end, one.message))
    return hits


def _hit(fragment: Fragment, rule: Rule, start: int, end: int, message: str) -> Hit:
    # Ruff's own words may repeat a part of the code; where that was masked they are not used.
    masked = _masked(fragment, start, end)
    if not rule.title:
        title = f"Rule {rule.id} of ruff does not hold" if masked else message.partition("\n")[0].rstrip(".")
        rule = replace(rule, title=title[:160])
    detail = "" if masked or rule.id != SYNTAX.id else f"{message[:1].upper()}{message[1:].rstrip('.')}."
    return Hit(file=fragment.file, rule=rule, source=f"ruff:{rule.id}", start_line=start, end_line=end, detail=detail)


def _masked(fragment: Fragment, start: int, end: int) -> bool:
    file = fragment.file
    return file.text.split("\n")[start - 1 : end] != file.masked.split("\n")[start - 1 : end]


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
