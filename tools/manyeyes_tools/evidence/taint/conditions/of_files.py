"""When a value does harm as a path, an upload or an archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes_tools.evidence.taint.conditions.mattering import outside
from manyeyes_tools.evidence.taint.marks import JOINED, PART
from manyeyes_tools.evidence.taint.values import Value

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.calling.sites import Site
    from manyeyes_tools.evidence.taint.frames import Frame


def file(_frame: Frame, _site: Site, value: Value) -> Value | None:
    """A path, and not a file that is open already."""
    if value.kind in {"~upload", "~file", "~dict"} or value.kind.startswith(("io.", "tempfile.")):
        return None
    atoms = {
        origin: atom
        for origin, atom in value.atoms.items()
        if origin.kind != "content" and (origin.kind != "cli" or atom.clean & JOINED)
    }
    return Value(atoms, value.kind, (), value.prefix, value.text, value.built) if atoms else None


def rooted_file(frame: Frame, site: Site, value: Value) -> Value | None:
    """A path below a root that is not constant."""
    root = site.argument("1", "root")
    return file(frame, site, value) if root is None or root.atoms else None


def path_object(frame: Frame, site: Site, value: Value) -> Value | None:
    """A path whose method opens it."""
    if not value.kind.startswith(("pathlib.", "anyio.")):
        return None
    return file(frame, site, value)


def saved_upload(frame: Frame, site: Site, value: Value) -> Value | None:
    """The name under which an upload is stored."""
    return (
        file(frame, site, value)
        if site.receiver.kind == "~upload" or any(origin.kind == "upload" for origin in value.atoms)
        else None
    )


def upload_name(_frame: Frame, site: Site, value: Value) -> Value | None:
    """The name that an upload came with, for a file that is written."""
    if site.full == "open" or site.full in {"io.open", "builtins.open", "aiofiles.open"}:
        mode = site.argument("1", "mode")
        if mode is None or not mode.const or not any(one in str(mode.const[0]) for one in "wax"):
            return None
    atoms = {origin: atom for origin, atom in value.atoms.items() if origin.kind == "upload" and not atom.clean & PART}
    return Value(atoms) if atoms else None


def archive(_frame: Frame, site: Site, value: Value) -> Value | None:
    """An archive whose entries may lead elsewhere."""
    if value.kind != "tarfile.TarFile":
        return None  # `zipfile` takes `..` and roots out of names by itself
    given = site.words.get("filter")
    if given is not None and given.const and given.const[0] in {"data", "tar"}:
        return None
    return value


def archive_content(_frame: Frame, site: Site, value: Value) -> Value | None:
    """An archive that is unpacked without a filter."""
    return None if "filter" in site.words else outside(value)
