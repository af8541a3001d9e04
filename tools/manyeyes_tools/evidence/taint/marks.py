"""Marks that stand beside the weaknesses' bits in `Atom.clean`: which part of a value is at hand."""

from __future__ import annotations

from manyeyes_tools.evidence.taint.tables import RULES

RESOLVED = 1 << len(RULES)
"""A path without `..` and links."""
PART = RESOLVED << 1
"""A part of the text, such as a file name's ending."""
HOST = RESOLVED << 2
"""The host of an address."""
SCHEME = RESOLVED << 3
"""The scheme of an address."""
TYPED = RESOLVED << 4
"""The type that the sender says the content has."""
JOINED = RESOLVED << 6
"""Put behind another part of a path."""
OBJECT = RESOLVED << 5
"""Not only text: it may be an object or list, as JSON can bring."""
