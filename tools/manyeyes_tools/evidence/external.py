"""The operator's own scanners as witnesses: semgrep, bandit, gosec, eslint and any other that writes SARIF.

They run where the code lies, unlike our own engines, since many need the whole project.  What they say counts as far
as it is about the files at hand, as they were read.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from manyeyes.cores import compute
from manyeyes.errors import BadCall
from manyeyes_tools.evidence.rules import Engine, EngineFailed, Hit, Looked, Rule
from manyeyes_tools.evidence.sarif_results import read_sarif
from manyeyes_tools.evidence.scanner_process import MOST_OUTPUT, run_scanner
from manyeyes_tools.findings import Step
from manyeyes_tools.roots import Refused, locate, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from manyeyes.settings import ExternalScanner
    from manyeyes.tool import Bench
    from manyeyes_tools.evidence.rules import Purpose
    from manyeyes_tools.evidence.sarif_results import Report, Reported, Spot
    from manyeyes_tools.evidence.scanner_process import Ended
    from manyeyes_tools.material import Material, SourceFile

LONGEST_COMMAND = 20_000 if sys.platform == "win32" else 100_000
"""Characters of paths that one run is given; with more files there are several runs."""
ENDS = frozenset({0, 1})
"""Exit codes of a scanner that did its work: many end with 1 when they found something."""
_COMPLAINT = 200
_NAMED = 3
_PATHS, _ROOT, _OUTPUT = "{paths}", "{root}", "{output}"
_REMEDY = "See what the scanner says of this rule."


def scanners(bench: Bench) -> tuple[Engine, ...]:
    """The operator's scanners as engines for one call."""
    return tuple(
        Engine(
            name=one.name,
            prefix=one.name,
            languages=frozenset(one.languages),
            look=partial(_look, one, bench.roots, bench.settings.limits.file_bytes, bench.redactor.mask),
        )
        for one in bench.settings.security.external
    )


@dataclass(slots=True)
class _Where:
    """The files at hand, as they lie in one folder.  `by_path` has their real, absolute paths."""

    root: Path
    names: list[str] = field(default_factory=list)
    by_path: dict[str, SourceFile] = field(default_factory=dict)


@dataclass(slots=True)
class _Found:
    """What one scanner's runs came to.

    `current` says whether a file on the disk is the text at hand; None where the disk has no other.
    """

    name: str
    mask: Callable[[str], str]
    current: Callable[[SourceFile], bool] | None
    hits: list[Hit] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    rules: int = 0
    elsewhere: int = 0
    stale: set[str] = field(default_factory=set)
    placeless: int = 0
    left_out: int = 0

    def take(self, report: Report, where: _Where) -> None:
        """Take over what a report says of the files at hand."""
        self.rules = max(self.rules, report.rules)
        self.placeless += report.placeless
        self.left_out += report.left_out
        self.problems.extend(f"{self.name}: {self.mask(fault).rstrip('.')}." for fault in report.faults)
        texts: dict[str, bool] = {}
        for one in report.results:
            file = _file(one.spot, where)
            if file is None or (file.partial and not _known(file, one.spot.start_line)):
                self.elsewhere += 1
                continue
            if self.current is not None and file.path not in texts:
                texts[file.path] = self.current(file)
            if texts.get(file.path, True):
                self.hits.append(_hit(self.name, one, file, where, self.mask))
            else:
                self.stale.add(file.path)


def _known(file: SourceFile, line: int) -> bool:
    return any(first <= line <= last for first, last in file.parts)


async def _look(
    scanner: ExternalScanner,
    roots: Sequence[Path],
    file_bytes: int,
    mask: Callable[[str], str],
    material: Material,
    _purpose: Purpose,
) -> Looked:
    wanted = [file for file in material.files if not scanner.languages or file.language in scanner.languages]
    current = partial(_is_current, roots, file_bytes) if material.origin != "code" else None
    found = _Found(scanner.name, mask, current)
    with tempfile.TemporaryDirectory(prefix="manyeyes-", ignore_cleanup_errors=True) as name:
        folder = await compute(Path(name).resolve)
        if material.origin == "code":
            places = await compute(_written, wanted, folder / "code")
        else:
            places, missing = await compute(_placed, wanted, roots)
            if missing:
                found.problems.append(f"{scanner.name} was not run on {_some(missing)}: not on the disk.")
        output = folder / "results.sarif"
        for where in places:
            for names in _batches(where.names):
                output.unlink(missing_ok=True)
                command = _command(scanner.command, where.root, names, output)
                takes_file = any(_OUTPUT in part for part in scanner.command)
                ended = await run_scanner(
                    command,
                    cwd=where.root,
                    timeout_s=scanner.timeout_s,
                    written=output if takes_file else None,
                )
                report = await compute(_report, ended, output if takes_file else None, mask)
                await compute(found.take, report, where)
                if ended.code not in ENDS:
                    found.problems.append(
                        f"{scanner.name} ended with exit code {ended.code}{_complaint(ended, mask)}; "
                        "what it wrote was used, and may not be all."
                    )
    return Looked(
        hits=tuple(found.hits),
        rules=found.rules,
        problems=tuple(dict.fromkeys([*found.problems, *_losses(found)])),
        notes=_notes(found),
    )


def _placed(files: Sequence[SourceFile], roots: Sequence[Path]) -> tuple[list[_Where], list[str]]:
    """The files by the root they lie in, and those that are not there."""
    by_root: defaultdict[Path, _Where] = defaultdict(lambda: _Where(Path()))
    missing = []
    for file in files:
        try:
            place = locate(file.path, roots)
        except BadCall:  # a diff or a revision has it, the folder has not; or two roots have a file of this name
            try:
                place = locate(_within_root(file.path, roots), roots)
            except BadCall:
                missing.append(file.path)
                continue
        where = by_root[place.root]
        where.root = place.root
        where.names.append(place.relative)
        where.by_path[str(place.absolute)] = file
    return [by_root[root] for root in sorted(by_root)], missing


def _within_root(path: str, roots: Sequence[Path]) -> str:
    """A file that is shown behind its root's name, because another root has one of the same name, as a path."""
    first, _, rest = path.partition("/")
    return next((str(root / rest) for root in roots if rest and root.name == first), path)


def _written(files: Sequence[SourceFile], folder: Path) -> list[_Where]:
    """The files written into a folder of ours: code that came as text lies nowhere yet."""
    where = _Where(folder)
    folder.mkdir()
    for file in files:
        path = folder / PurePosixPath(file.path).name
        path.write_bytes(file.text.encode("utf-8", "replace"))
        where.names.append(path.name)
        where.by_path[str(path)] = file
    return [where]


def _batches(names: Sequence[str]) -> Iterator[list[str]]:
    """The files of one run each, as a command line holds only so much."""
    batch: list[str] = []
    size = 0
    for name in names:
        if batch and size + len(name) > LONGEST_COMMAND:
            yield batch
            batch, size = [], 0
        batch.append(name)
        size += len(name) + 3
    if batch:
        yield batch


def _command(command: Sequence[str], root: Path, names: Sequence[str], output: Path) -> list[str]:
    """The command with what its placeholders stand for.  A file called `--config=x` must not be an option."""
    parts: list[str] = []
    for part in command:
        if part == _PATHS:
            parts.extend(f".{os.sep}{name}" for name in names)
        else:
            parts.append(part.replace(_ROOT, str(root)).replace(_OUTPUT, str(output)))
    return parts


def _report(ended: Ended, output: Path | None, mask: Callable[[str], str]) -> Report:
    try:
        if output is None:
            data = ended.output
        elif output.is_symlink() or not output.is_file():
            data = b""
        else:
            with output.open("rb") as file:
                data = file.read(MOST_OUTPUT + 1)
        return read_sarif(data)
    except (ValueError, RecursionError, OSError) as error:
        said = str(error) if type(error) is ValueError else "what it wrote cannot be read"
        raise EngineFailed(f"{said}; it ended with exit code {ended.code}{_complaint(ended, mask)}.") from None


def _complaint(ended: Ended, mask: Callable[[str], str]) -> str:
    """The last line of what it complained of, masked: it may quote the code."""
    lines = [line.strip() for line in ended.complaint.splitlines() if line.strip()]
    if not lines:
        return ""
    said = "".join(char if char.isprintable() else " " for char in mask(lines[-1]))
    return f" ({said[:_COMPLAINT]})"


def _hit(name: str, one: Reported, file: SourceFile, where: _Where, mask: Callable[[str], str]) -> Hit:
    title, message = mask(one.title), mask(one.message)
    rule = Rule(
        id=one.rule,
        title=title or f"Rule {one.rule} of {name} does not hold",
        severity=one.severity,
        confidence=one.confidence,
        explanation=message or title,
        remedy=mask(one.remedy) or _REMEDY,
        cwe=one.cwe,
    )
    steps = [(step, _file(step, where)) for step in one.trace]
    return Hit(
        file=file,
        rule=rule,
        source=f"{name}/{one.rule}",
        start_line=one.spot.start_line,
        end_line=one.spot.end_line,
        trace=tuple(
            Step(path=at.path, line=step.start_line, note=mask(step.note) or "the value passes here")
            for step, at in steps
            if at is not None
        ),
    )


def _file(spot: Spot, where: _Where) -> SourceFile | None:
    """The file at hand that a scanner means; None for any other."""
    base = _local(spot.base, where.root) if spot.base else where.root
    path = _local(spot.uri, base) if base is not None else None
    if path is None:
        return None
    known = where.by_path.get(os.path.normpath(path))
    if known is not None:
        return known
    try:
        return where.by_path.get(os.path.realpath(path))
    except (OSError, ValueError):  # a character no path has
        return None


def _local(uri: str, base: Path) -> Path | None:
    """An address or a path as a path on this machine; what is relative begins at `base`."""
    parts = urlsplit(uri) if uri.startswith("file:") else None
    if parts is not None:
        if parts.netloc not in {"", "localhost"}:
            return None
        path = unquote(parts.path)
        # `file:///C:/x` on Windows
        return Path(path.lstrip("/") if sys.platform == "win32" else path)
    if "://" in uri:
        return None
    decoded = base / unquote(uri)
    return decoded if os.path.lexists(decoded) else base / uri  # some scanners write plain paths, which may hold a `%`


def _is_current(roots: Sequence[Path], file_bytes: int, file: SourceFile) -> bool:
    """Whether the file on the disk is the text at hand: of another revision or a diff it may not be."""
    if file.partial:
        return True  # only some of its lines are known
    try:
        return read(locate(_shown(file.path, roots), roots), file_bytes) == file.text
    except (BadCall, Refused):
        return False


def _shown(path: str, roots: Sequence[Path]) -> str:
    """The path, by which `locate` finds the file that is shown so."""
    try:
        locate(path, roots)
    except BadCall:
        return _within_root(path, roots)
    return path


def _losses(found: _Found) -> list[str]:
    lines = []
    if found.stale:
        lines.append(
            f"{found.name} looked at another text of {_some(sorted(found.stale))} than the one at hand, so what it "
            "found there was not used."
        )
    if found.left_out:
        lines.append(f"{found.name} reported so much that {found.left_out:,} results were left out.")
    return lines


def _notes(found: _Found) -> tuple[str, ...]:
    counts = Counter({"outside the files at hand": found.elsewhere, "without a file": found.placeless})
    return tuple(
        f"{found.name}: {count} result{'' if count == 1 else 's'} {what} {'was' if count == 1 else 'were'} not used."
        for what, count in counts.items()
        if count
    )


def _some(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    return f"{', '.join(paths[:_NAMED])}{more}"
