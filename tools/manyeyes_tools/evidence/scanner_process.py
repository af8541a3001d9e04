"""Another program, run over code that it must not be harmed or steered by, within bounds of time and room."""

from __future__ import annotations

import os
import shutil
import signal
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import DEVNULL
from typing import TYPE_CHECKING

import anyio

from manyeyes_tools.evidence.rules import EngineFailed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from anyio.abc import ByteReceiveStream, Process, TaskGroup

MOST_OUTPUT = 50_000_000
"""Bytes that it may write; then it is stopped."""
_MOST_COMPLAINT = 20_000
_LOOK_EVERY_S = 0.5

KEPT = (
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TERM", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT",
    "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA",
    "PROGRAMFILES", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "JAVA_HOME", "GOPATH", "GOROOT", "GOCACHE",
    "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE",
)  # fmt: skip
"""The only variables it is given: none of them holds a key."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended: its exit code, what it wrote to standard output, and the end of what it complained of."""

    code: int
    output: bytes
    complaint: str


async def run_scanner(
    command: Sequence[str],
    *,
    cwd: Path,
    timeout_s: float,
    written: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Ended:
    """Run it to its end.

    Args:
        command: The program and its arguments; no shell reads them.
        cwd: The folder it starts in.
        timeout_s: Seconds after which it is stopped, with all that it started.
        written: The file that it writes its results to, so that its size is watched.
        environ: Variables that it is given besides `KEPT`, or in their place.

    Raises:
        EngineFailed: it is not there, took too long, or wrote too much.
    """
    environment = _environment() | dict(environ or {})
    program = _program(command[0], environment.get("PATH", os.defpath))
    try:
        process = await anyio.open_process(
            [program, *command[1:]], stdin=DEVNULL, cwd=cwd, env=environment, start_new_session=os.name == "posix"
        )
    except OSError as error:
        raise EngineFailed(f"it cannot be started ({error.strerror}).") from None
    heard = _Heard(written)
    try:
        with anyio.move_on_after(timeout_s) as scope:
            await heard.to_the_end(process)
    finally:
        with anyio.CancelScope(shield=True):
            _kill(process)
            await process.aclose()
    if heard.full():
        raise EngineFailed(f"it wrote more than {MOST_OUTPUT // 1_000_000} MB and was stopped.")
    if scope.cancelled_caught or process.returncode is None:
        raise EngineFailed(f"it took longer than {timeout_s:g} seconds and was stopped.")
    return Ended(process.returncode, bytes(heard.output), heard.complaint.decode("utf-8", "replace"))


@dataclass(slots=True)
class _Heard:
    """What it writes, as far as it may."""

    written: Path | None
    output: bytearray = field(default_factory=bytearray)
    complaint: bytearray = field(default_factory=bytearray)

    def full(self) -> bool:
        return len(self.output) > MOST_OUTPUT or (self.written is not None and _size(self.written) > MOST_OUTPUT)

    async def to_the_end(self, process: Process) -> None:
        """Listen until it ends or has written too much."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._watch, group)
            async with anyio.create_task_group() as reading:
                reading.start_soon(self._collect, process.stdout, group)
                reading.start_soon(self._tail, process.stderr)
            await process.wait()
            group.cancel_scope.cancel()

    async def _watch(self, group: TaskGroup) -> None:
        while not self.full():  # noqa: ASYNC110  # the size of a file can only be looked at again and again
            await anyio.sleep(_LOOK_EVERY_S)
        group.cancel_scope.cancel()

    async def _collect(self, stream: ByteReceiveStream | None, group: TaskGroup) -> None:
        async for piece in stream or ():  # type: ignore[union-attr]  # there is one: both are pipes
            self.output.extend(piece)
            if len(self.output) > MOST_OUTPUT:
                group.cancel_scope.cancel()

    async def _tail(self, stream: ByteReceiveStream | None) -> None:
        async for piece in stream or ():  # type: ignore[union-attr]  # there is one: both are pipes
            self.complaint.extend(piece)
            del self.complaint[:-_MOST_COMPLAINT]


def _program(name: str, path: str) -> str:
    """Where the program lies.  One with a folder in its name is taken as it is; others are sought as a shell would.

    Folders of the search path that are not absolute are left out: they would lie in the code under review.
    """
    if Path(name).name != name:
        if not Path(name).is_absolute():
            raise EngineFailed("its command must be a name on the PATH or an absolute path.")
        return name
    folders = os.pathsep.join(part for part in path.split(os.pathsep) if Path(part).is_absolute())
    found = shutil.which(name, path=folders)
    if found is None:
        raise EngineFailed(f"`{name}` is not installed, or not on the PATH.")
    return found


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in KEPT or name.startswith("LC_")}
    # `python -m scanner` would else take modules from the folder it starts in, which is the code under review.
    return {**kept, "PYTHONSAFEPATH": "1", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1", "NO_COLOR": "1"}


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # not written yet
        return 0


def _kill(process: Process) -> None:
    """End it and whatever it started; what has ended already is left alone."""
    with suppress(ProcessLookupError, PermissionError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)  # a session of its own, so its own group
        elif process.returncode is None:
            process.kill()
