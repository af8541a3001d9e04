"""The rules for single files in a process of their own, beside this one, where there is much to look at.

Threads of Python take turns, so that a second processor helps only a second process.  It is started for one scan,
reads the files' text from its standard input, imports nothing but this package, and is killed when the scan ends early.
"""

from __future__ import annotations

import pickle
import sys
from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from subprocess import DEVNULL, PIPE
from typing import TYPE_CHECKING

import anyio

from manyeyes.cores import compute
from manyeyes_tools.evidence.python_checks import Examined, examine
from manyeyes_tools.material import SourceFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anyio.abc import Process

    from manyeyes_tools.evidence.rules import Purpose
    from manyeyes_tools.fragments import Fragment

MUCH = 700_000
"""Characters from which on it pays to start one, about 20,000 lines; starting takes half a second."""


async def examined_apart(fragments: Sequence[Fragment], purpose: Purpose) -> list[Examined] | None:
    """What the rules say of each file; None when no process could be had for it, so that it is still to be done."""
    if not sys.executable:
        return None
    # Isolated and started elsewhere: no module is ever taken from the folder this program was started in.
    command = [sys.executable, "-I", "-m", __name__]
    try:
        process = await anyio.open_process(command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, cwd=sys.prefix, env={})
    except OSError:
        return None
    answer = bytearray()
    async with process:  # killed when the scan ends early
        # It reads its modules while the question is written.
        question = await compute(_packed, fragments, purpose)
        async with anyio.create_task_group() as group:
            group.start_soon(_send, process, question)
            if process.stdout is not None:
                async for part in process.stdout:
                    answer += part
        await process.wait()
    if process.returncode != 0:
        return None
    return await compute(_unpacked, bytes(answer), [fragment.file for fragment in fragments])


async def _send(process: Process, question: bytes) -> None:
    """Ask; one that dies before it has heard all is known by how it ends."""
    if process.stdin is not None:
        with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
            await process.stdin.send(question)
        await process.stdin.aclose()


def _packed(fragments: Sequence[Fragment], purpose: Purpose) -> bytes:
    # The masked text is as long again, and no rule looks at it.
    bare = [replace(one, file=replace(one.file, text="", masked="")) for one in fragments]
    return pickle.dumps((bare, purpose), protocol=pickle.HIGHEST_PROTOCOL)


class _Writer(pickle.Pickler):
    """Writes a file's number for the file: whoever reads it has the files."""

    def __init__(self, target: BytesIO, files: Sequence[SourceFile]) -> None:
        super().__init__(target, protocol=pickle.HIGHEST_PROTOCOL)
        self.numbers = {id(file): number for number, file in enumerate(files)}

    def persistent_id(self, obj: object) -> int | None:
        return self.numbers.get(id(obj)) if isinstance(obj, SourceFile) else None


class _Reader(pickle.Unpickler):
    def __init__(self, source: BytesIO, files: Sequence[SourceFile]) -> None:
        super().__init__(source)
        self.files = files

    def persistent_load(self, pid: int) -> SourceFile:
        return self.files[pid]


def _unpacked(answer: bytes, files: Sequence[SourceFile]) -> list[Examined] | None:
    try:
        examined: list[Examined] = _Reader(BytesIO(answer), files).load()  # from our own process
    except (pickle.UnpicklingError, EOFError):
        return None
    return examined if len(examined) == len(files) else None


def main() -> None:
    """Answer what standard input asks."""
    fragments, purpose = pickle.load(sys.stdin.buffer)  # noqa: S301  # from the process that started this one
    examined = [examine(fragment, purpose)[0] for fragment in fragments]
    target = BytesIO()
    _Writer(target, [fragment.file for fragment in fragments]).dump(examined)
    sys.stdout.buffer.write(target.getvalue())


if __name__ == "__main__":
    main()
