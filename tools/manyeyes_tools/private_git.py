"""Git without anybody's configuration.

Git runs commands that a repository's configuration names: fsmonitor, hooks, external diffs, text conversions,
filters, pagers, helpers.  Switching them off one by one misses the next one, so no configuration is read at all:
git works on a temporary git directory of our own, with our own five-line configuration.  What is needed of the real
repository is copied into it (HEAD, refs, index) or, for objects, named as an alternate.  The global and system
files are `/dev/null`, no `GIT_*` variable is inherited, and no transport is allowed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from manyeyes.errors import BadCall

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_TIMEOUT_S = 20.0
_MOST_BYTES = 100_000_000
_SETTINGS = (
    "core.fsmonitor=false",
    "core.untrackedCache=false",
    "core.quotePath=true",
    "core.pager=cat",
    "core.attributesFile=/dev/null",
    "core.excludesFile=/dev/null",
    "diff.external=",
    "diff.ignoreSubmodules=all",
    "submodule.recurse=false",
    "protocol.allow=never",
    "credential.helper=",
    "gc.auto=0",
    "maintenance.auto=false",
)
_NO_ATTRIBUTES = "* !diff !filter !merge !working-tree-encoding\n"
"""Stands above every `.gitattributes`: no attribute can name a driver or hide a file as binary."""


class GitFailed(Exception):
    """Git ended with an error; the message is the first line of what it said."""


@dataclass(frozen=True, slots=True)
class PrivateGit:
    """A git directory of our own, for one work tree."""

    program: str
    folder: Path
    work_tree: Path

    def run(self, *arguments: str, given: bytes = b"", ok: Sequence[int] = (0,), literal: bool = True) -> bytes:
        """What git prints.

        Args:
            arguments: The command and its arguments; revisions must be resolved names, never a caller's text.
            given: Standard input.
            ok: Exit codes that are no failure.
            literal: Paths are only paths; commands that do not know the option do without.

        Raises:
            GitFailed: any other exit code.
            BadCall: it took too long or printed too much.
        """
        command = [self.program, "--no-pager", *(["--literal-pathspecs"] if literal else [])]
        for setting in _SETTINGS:
            command += ["-c", setting]
        with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as complaints:
            source.write(given)
            source.seek(0)
            output, code, late = _run([*command, *arguments], self.work_tree, self._environment(), source, complaints)
            if late:
                raise BadCall(f"git took longer than {_TIMEOUT_S:.0f} s. Ask for a smaller range.")
            if len(output) > _MOST_BYTES:
                raise BadCall("git found more changes than one call can hold. Ask for a smaller range.")
            if code not in ok:
                complaints.seek(0)
                raise GitFailed(complaints.read(2_000).decode("utf-8", "replace").strip().partition("\n")[0])
        return output

    def _environment(self) -> Mapping[str, str]:
        null = os.devnull
        environment = {
            "PATH": os.pathsep.join(dict.fromkeys([str(Path(self.program).parent), "/usr/bin", "/bin"])),
            "HOME": str(self.folder),
            "XDG_CONFIG_HOME": str(self.folder),
            "LC_ALL": "C",
            "GIT_DIR": str(self.folder),
            "GIT_WORK_TREE": str(self.work_tree),
            "GIT_CONFIG_GLOBAL": null,
            "GIT_CONFIG_SYSTEM": null,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_CONFIG_COUNT": "0",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_ALLOW_PROTOCOL": "none",
            "GIT_PROTOCOL_FROM_USER": "0",
            "GIT_DISCOVERY_ACROSS_FILESYSTEM": "0",
            "GIT_PAGER": "cat",
        }
        return environment | {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}


@contextmanager
def private_git(work_tree: Path, roots: Sequence[Path]) -> Iterator[PrivateGit | None]:
    """An empty git directory over a work tree, gone afterwards; None where git is not installed."""
    program = find_git(roots)
    if program is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="manyeyes-git-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        for inner in ("objects/info", "refs/heads", "info"):
            (folder / inner).mkdir(parents=True)
        (folder / "HEAD").write_text("ref: refs/heads/none\n", encoding="ascii")
        (folder / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = false\n", encoding="ascii")
        (folder / "info" / "attributes").write_text(_NO_ATTRIBUTES, encoding="ascii")
        yield PrivateGit(program, folder, work_tree)


def find_git(roots: Sequence[Path]) -> str | None:
    """The git program, from absolute entries of PATH and never from a folder under review."""
    entries = [entry for entry in os.get_exec_path() if Path(entry).is_absolute()]
    for entry in entries:
        found = shutil.which("git", path=entry)
        if found is not None and not any(Path(found).resolve().is_relative_to(root) for root in roots):
            return found
    return None


def _run(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], source: IO[bytes], complaints: IO[bytes]
) -> tuple[bytes, int, bool]:
    """Standard output up to one byte more than allowed, the exit code, and whether the time ran out."""
    late = threading.Event()
    with subprocess.Popen(  # noqa: S603 -- an absolute program and arguments of our own making, no shell
        command, cwd=folder, env=environment, stdin=source, stdout=subprocess.PIPE, stderr=complaints
    ) as process:

        def stop() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(_TIMEOUT_S, stop)
        timer.start()
        try:
            output = process.stdout.read(_MOST_BYTES + 1) if process.stdout else b""
            if len(output) > _MOST_BYTES:
                process.kill()
            code = process.wait()
        finally:
            timer.cancel()
            process.kill()
    return output, code, late.is_set()
