"""Running a scanner behind the gate, and what became of it in words: one that fails takes nothing along."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio

from manyeyes.cores import compute
from manyeyes.settings import found_program
from manyeyes_tools.evidence.rules import EngineFailed
from manyeyes_tools.evidence.scanner_process import MOST_OUTPUT, run_scanner
from manyeyes_tools.probing.client import AGENT
from manyeyes_tools.probing.engines.engine import Nonsense, Task
from manyeyes_tools.probing.gate import opened
from manyeyes_tools.probing.openapi import base_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from manyeyes_tools.evidence.scanner_process import Ended
    from manyeyes_tools.probing.client import Client
    from manyeyes_tools.probing.engines.engine import Engine, Reported
    from manyeyes_tools.probing.gate import Gate

_ASKED_S = 60.0
_VERSION = re.compile(r"\d+\.\d+(?:\.\d+)?")
_NAMED = 3
_SENDING = 0.7
"""Of its time a scanner may send so long; in the rest it writes what it found."""
_COMPLAINT = 200


@dataclass(slots=True)
class Heard:
    """What a scanner came to."""

    reported: list[Reported] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Work:
    """What all scanners of a run are given.

    Attributes:
        client: The way to the target.
        program: What starts the scanner: a name on the `PATH`, or an absolute path.
        start: Path and query to begin at.
        description: An OpenAPI document, where there is one.
        most: Requests that it may send.
        seconds: Seconds that it may take.
        mask: Replaces secrets in what is repeated of its words.
    """

    client: Client
    program: str
    start: str
    description: dict[str, Any] | None
    most: int
    seconds: float
    mask: Callable[[str], str]


async def run_engine(engine: Engine, work: Work) -> Heard:
    """Run a scanner.  Whatever becomes of it is told in `problems`, and nothing is raised."""
    heard = Heard()
    name = engine.name
    if work.most <= 0 or work.seconds <= 1:
        heard.problems.append(f"{name} was not run: requests or time were used up before.")
        return heard
    if os.name != "posix":
        heard.problems.append(f"{name} was not run: on this system it cannot be held to its bounds.")
        return heard
    program = found_program(work.program)
    if program is None:
        heard.problems.append(
            f"{name} was not run: `{work.program}` is not installed, or not on the PATH. Install it "
            f"({engine.install}), or take it out of `engines` of [dast]."
        )
        return heard
    with tempfile.TemporaryDirectory(prefix="manyeyes-", ignore_cleanup_errors=True) as made:
        folder = await compute(_laid_out, Path(made))
        async with opened(work.client, work.most, work.seconds * _SENDING) as gate:
            limits = work.client.limits
            task = Task(
                url=gate.url,
                proxy=gate.proxy,
                start=work.start,
                folder=folder,
                seconds=work.seconds,
                timeout_s=limits.timeout_s,
                agent=f"{AGENT} {name}",
                base=base_of(work.description or {}),
                description=work.description,
                unsafe=limits.unsafe_methods,
                known_visitor=work.client.known,
            )
            why = engine.needs(task)
            if why:
                heard.problems.append(f"{name} was not run: {why}.")
                return heard
            await _run(engine, task, program=program, gate=gate, work=work, heard=heard)
            _tell(engine, gate, heard)
    return heard


async def _run(engine: Engine, task: Task, *, program: str, gate: Gate, work: Work, heard: Heard) -> None:
    name = engine.name
    environ = _environ(task.folder, gate)
    ended: Ended | None = None
    over = anyio.current_time() + work.seconds
    try:
        asked = await run_scanner(
            [program, "--version"], cwd=task.folder, timeout_s=min(_ASKED_S, work.seconds), environ=environ
        )
        if not await compute(Path(environ["MANYEYES_GUARD_TOLD"]).is_file):
            heard.problems.append(
                f"{name} was not run: {program} is no Python program that can be kept from reaching more than its "
                f"proxy."
            )
            return
        version = _VERSION.findall(asked.output.decode("utf-8", "replace"))
        heard.notes.append(f"{name} {version[-1]}" if version else name)
        await compute(engine.prepare, task)
        ended = await run_scanner(
            [program, *engine.arguments(task)],
            cwd=task.folder,
            timeout_s=max(over - anyio.current_time(), 1.0),
            written=task.output,
            environ=environ,
        )
    except EngineFailed as failure:
        heard.problems.append(f"{name}: {str(failure).rstrip('.')}.")
    except OSError as error:  # no room for what it needs
        heard.problems.append(f"{name} was not run: {error.strerror or error}.")
    try:
        data = await compute(_written, task.output)
        if data or ended is not None:
            heard.reported = await compute(engine.read, data, task)
    except Nonsense as failure:
        heard.problems.append(f"{name}: {failure}{_complaint(ended, work.mask)}.")
        return
    if ended is not None and ended.code not in engine.ends:
        heard.problems.append(
            f"{name} ended with exit code {ended.code}{_complaint(ended, work.mask)}; what it reported was used, and "
            f"may not be all."
        )


def _tell(engine: Engine, gate: Gate, heard: Heard) -> None:
    """What the gate saw, in words."""
    if gate.spent:
        heard.problems.append(f"{engine.name} could not try all: {gate.spent}.")
    if gate.refused and not gate.sent:
        heard.problems.append(
            f"{engine.name} tried nothing: {gate.refused} requests came to its proxy without the key that it was given."
        )
    if not heard.notes:
        return
    said = [f"{heard.notes.pop()} sent {gate.sent} requests and reported {len(heard.reported)} things"]
    if gate.refused and gate.sent:
        said.append(f"{gate.refused} more came to its proxy without its key, and went nowhere")
    if gate.held:
        said.append(f"{gate.held} more were held back for their method or name")
    if gate.outside:
        shown = ", ".join(list(gate.outside)[:_NAMED])
        more = f" and {len(gate.outside) - _NAMED} more" if len(gate.outside) > _NAMED else ""
        said.append(f"nothing was sent to {shown}{more}, which it asked for and which lie outside the target")
    heard.notes.append("; ".join(said) + ".")


def _laid_out(made: Path) -> Path:
    folder = made.resolve()
    (folder / "guard").mkdir()
    shutil.copyfile(Path(__file__).with_name("guard.py"), folder / "guard" / "sitecustomize.py")
    return folder


def _environ(folder: Path, gate: Gate) -> dict[str, str]:
    """Nothing of the user's is read or written by it: its home is its own folder."""
    homes = ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "TMPDIR")
    return {
        **dict.fromkeys(homes, str(folder)),
        "PYTHONPATH": str(folder / "guard"),
        "MANYEYES_GATE_PORT": str(gate.port),
        "MANYEYES_GATE_KEY": gate.key,
        "MANYEYES_GUARD_TOLD": str(folder / "guarded"),
    }


def _written(path: Path) -> bytes:
    if path.is_symlink() or not path.is_file():
        return b""
    with path.open("rb") as file:
        return file.read(MOST_OUTPUT)


def _complaint(ended: Ended | None, mask: Callable[[str], str]) -> str:
    lines = [line.strip() for line in (ended.complaint if ended else "").splitlines() if line.strip()]
    if not lines:
        return ""
    said = "".join(char if char.isprintable() else " " for char in mask(lines[-1]))
    return f" ({said[:_COMPLAINT]})"
