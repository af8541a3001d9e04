"""What comes back from code that nobody can see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes_tools.evidence.taint.calling.callees import class_like
from manyeyes_tools.evidence.taint.cleaning import SANITIZER_WORDS
from manyeyes_tools.evidence.taint.frames import UNKNOWN
from manyeyes_tools.evidence.taint.marks import JOINED, PART, RESOLVED
from manyeyes_tools.evidence.taint.sinks import NAMED as SINKS
from manyeyes_tools.evidence.taint.sources import RETURNS
from manyeyes_tools.evidence.taint.tables import ALL
from manyeyes_tools.evidence.taint.values import NO_ATOMS, NOTHING, Atom, Origin, Value, join_atoms

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.calling.sites import Site

_RESOLVING = {
    "os.path.realpath": RESOLVED,
    "os.path.abspath": RESOLVED,
    "os.path.normpath": RESOLVED,
    "pathlib.Path.resolve": RESOLVED,
}
PARTING = frozenset({
    "split", "rsplit", "partition", "rpartition", "os.path.splitext", "os.path.split", "mimetypes.guess_type",
    "splitext", "suffix", "imghdr.what",
})  # fmt: skip
PLAIN_MODULES = frozenset({
    "os", "re", "shlex", "copy", "base64", "urllib", "posixpath", "ntpath", "textwrap", "string", "itertools",
    "functools", "codecs", "html", "io", "zlib", "gzip", "binascii", "operator", "unicodedata", "shutil", "tempfile",
    "asyncio",
})  # fmt: skip


def of_unknown(site: Site) -> Value:  # noqa: C901  # each sign of what a function does to its arguments
    """What comes back from code that nobody can see: what was given to it, less surely."""
    if site.full in SINKS and site.full not in RETURNS:
        return Value(NO_ATOMS, class_like(site.full))
    full = site.full
    atoms = site.receiver.atoms if site.method else NO_ATOMS
    for one in (*site.values, *site.words.values(), *site.spread):
        if one.atoms:
            atoms = join_atoms(atoms, one.atoms)
    mask = _RESOLVING.get(full, 0)
    if full in PARTING or site.method in PARTING:
        mask |= PART
    kind = class_like(full)
    lowered = (site.method or full.rpartition(".")[2]).lower()
    doubt = ALL if any(word in lowered for word in SANITIZER_WORDS) else 0
    if lowered.startswith(("is_", "has_", "can_", "count", "verify", "exists", "validate_", "check_")):
        return NOTHING
    if not atoms:
        if (
            all(one.constant for one in (*site.values, *site.words.values()))
            and not site.method
            and full in {"os.path.join", "frozenset", "textwrap.dedent"}
        ):
            return Value(NO_ATOMS, kind, constant=True, prefix=site.values[0].prefix if site.values else "")
        if site.full == "" and not site.method:
            return UNKNOWN
        return Value(NO_ATOMS, kind) if kind else UNKNOWN if not site.method else NOTHING
    hop = (
        0
        if full.startswith(
            (
                "os.path.",
                "urllib.parse.",
                "posixpath.",
                "pathlib.",
                "textwrap.",
                "io.",
                "base64.",
                "copy.",
                "asyncio.",
                "functools.",
                "itertools.",
                "json.",
                "codecs.",
                "string.",
                "email.",
                "html.",
                "markdown.",
            )
        )
        else 1
    )
    changed = {
        origin: Atom(atom.clean | mask, atom.doubt | doubt, atom.hops + hop, atom.way)
        for origin, atom in atoms.items()
        if origin.kind != "unknown"
    }
    if full in {"os.path.join", "posixpath.join"} and len(site.values) > 1:
        behind: dict[Origin, Atom] = NO_ATOMS
        for one in site.values[1:]:
            behind = join_atoms(behind, one.atoms)
        changed = {
            origin: (Atom(atom.clean | JOINED, *atom[1:]) if origin in behind else atom)
            for origin, atom in changed.items()
        }
    prefix = (
        site.values[0].prefix
        if site.values and full in {"os.path.join", "urllib.parse.urljoin", "textwrap.dedent", "posixpath.join"}
        else ""
    )
    text = site.values[0].text if site.values and full in {"textwrap.dedent", "inspect.cleandoc"} else ""
    built = site.values[0].built if site.values and full in {"textwrap.dedent", "inspect.cleandoc"} else None
    if full == "urllib.parse.urljoin" and len(site.values) > 1 and not site.values[0].atoms:
        pass  # an absolute second part takes the first one's place, so nothing becomes harmless
    return Value(changed, kind, (), prefix, text, built)
