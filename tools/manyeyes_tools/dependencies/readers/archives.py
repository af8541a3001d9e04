"""Whether an archive that a lock names is the package's own."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

_PUBLIC = frozenset({"registry.npmjs.org", "registry.yarnpkg.com"})
_ZEROS = re.compile(r"(?<![\d])0+(?=\d)")
_LONGEST = 2_000


def another(name: str, version: str, address: str) -> str:
    """The address, where it is another package's or version's archive in a registry of npm's; empty otherwise.

    Of other hosts only addresses in the form of a registry tell anything: `…/name/-/name-1.0.0.tgz`.
    """
    if not name or not version or not address.startswith(("http://", "https://")):
        return ""
    if len(address) > _LONGEST:
        return address[:_LONGEST]
    try:
        parts = urlsplit(address)
        host, path = parts.hostname, unquote(parts.path)
    except ValueError:
        return address
    if host not in _PUBLIC and "/-/" not in path:
        return ""
    folder, _, file = path.rpartition("/-/")
    bare = name.rpartition("/")[2]
    named = folder == f"/{name}" if host in _PUBLIC else folder.endswith(f"/{name}")
    for start in (f"{name}-", f"{bare}-"):
        if named and file.startswith(start) and file.endswith(".tgz"):
            return "" if _plain(file[len(start) : -4]) == _plain(version) else address
    return address


def _plain(version: str) -> str:
    """A version as it stands in a file's name; very old archives keep zeros that the version lost since."""
    return _ZEROS.sub("", version.strip().lstrip("v=").partition("+")[0])
