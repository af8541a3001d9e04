"""`review --apply` and `scan --apply`: show the patches that fit, ask, write those that were wanted."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from manyeyes.cli.exits import DONE, IN_PART
from manyeyes.cli.screen import complain, paint, safe, wants_colour
from manyeyes.errors import BadCall
from manyeyes.fixes import Fixing
from manyeyes.monitor.columns import plain

if TYPE_CHECKING:
    from argparse import _ArgumentGroup
    from collections.abc import Sequence
    from pathlib import Path

    from manyeyes.cli.verbs import Options
    from manyeyes.fixes import Fix, Fixes
    from manyeyes.results import Result
    from manyeyes.tool import Arguments, Tool

_COLOURS = {"+": "32", "-": "31", "@": "36"}
_HELP = "y writes this patch, n leaves it, a writes this and all that follow, q leaves this and all that follow"


def add(group: _ArgumentGroup, *, probing: bool) -> None:
    """Add the options to a verb; `probing` says that it takes `--target` too."""
    group.add_argument("--apply", action="store_true", help="show the patches that fit, ask, and write them")
    told = "do not ask: --apply writes all, --target is probed" if probing else "do not ask: --apply writes all"
    group.add_argument("--yes", action="store_true", help=told)


def check(options: Options) -> None:
    """See that the patches could be written, before anything is looked at.

    Raises:
        BadCall: nothing could be written, or nobody asked.
    """
    if not getattr(options, "apply", False):
        if getattr(options, "yes", False) and not getattr(options, "target_url", None):
            raise BadCall("--yes goes with --apply or --target. Give one of them, or leave it out.")
        return
    if options.code_file:
        raise BadCall("--apply writes to files of a project. Name the file as PATH instead of --code-file.")
    if not options.yes and not sys.stdin.isatty():
        raise BadCall("--apply asks before it writes, and there is no terminal to ask at. Give --yes to write at once.")


def apply(tool: Tool[Arguments, Result], result: Result, options: Options, roots: Sequence[Path], since: float) -> int:
    """Write the patches of a result that fit and are wanted.

    All is said on stderr, so that stdout holds the report alone.

    Returns:
        `DONE`, or `IN_PART` when a patch that was wanted could not be written.
    """
    if not isinstance(tool, Fixing):
        raise BadCall(f"{tool.name} offers no patches. Leave --apply out.")
    fixes = tool.fixes(result, roots, since)
    for one in fixes.refused:
        complain(f"{one.id}: the patch for {one.path} is left out: {one.reason}")
    if not fixes.offered:
        none = "there is no patch to apply; patches are written by models"
        complain("no patch can be applied" if fixes.refused else none)
        return DONE
    chosen = _chosen(fixes, ask=not options.yes, colour=wants_colour(sys.stderr, refused=options.no_color))
    if not chosen:
        complain("nothing was written")
        return DONE
    written = fixes.write(chosen)
    for failed in written.failed:
        complain(f"{failed.id}: not written to {failed.path}: {failed.reason}")
    if written.files:
        many = "patch" if len(written.fixes) == 1 else "patches"
        complain(f"{len(written.fixes)} {many} written to {', '.join(written.files)}")
    return IN_PART if written.failed else DONE


def _chosen(fixes: Fixes, *, ask: bool, colour: bool) -> set[str]:
    chosen: set[str] = set()
    for number, fix in enumerate(fixes.offered, 1):
        against = chosen.intersection(fix.conflicts)
        if against:
            complain(f"{fix.id}: its patch does not go together with {', '.join(sorted(against))} and is left out")
            continue
        _show(fix, f"{number} of {len(fixes.offered)}", colour=colour)
        answer = _answer(fix) if ask else "y"
        if answer == "q":
            break
        if answer == "a":
            ask = False
        if answer in {"y", "a"}:
            chosen.add(fix.id)
    return chosen


def _answer(fix: Fix) -> str:
    while True:
        sys.stderr.write(f"Write it to {safe(fix.path)}? [y]es, [n]o, [a]ll, [q]uit: ")
        sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:  # whoever was asked has gone
            return "q"
        answer = line.strip().lower()[:1]
        if answer in {"y", "n", "a", "q"}:
            return answer
        complain(_HELP)


def _show(fix: Fix, count: str, *, colour: bool) -> None:
    lines = [paint(f"{fix.id} {safe(fix.title)} ({count})", "1")]
    for line in fix.patch.rstrip("\n").split("\n"):
        code = _COLOURS.get(line[:1])
        shown = safe(line.removesuffix("\r"))
        lines.append(paint(shown, code) if code else shown)
    text = "\n".join(lines)
    encoding = sys.stderr.encoding or "utf-8"
    sys.stderr.write((text if colour else plain(text)).encode(encoding, "replace").decode(encoding) + "\n")
