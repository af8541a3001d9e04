"""A model looks for itself: read-only tools inside the roots, within limits, each step told and kept.

`library` is what may be read, `looking` the tools made of it, `investigating` the loop; the loop takes any `Tools`.
"""

from __future__ import annotations

from manyeyes_tools.investigation.investigating import Bounds, Purse, Tools, investigate
from manyeyes_tools.investigation.library import Library
from manyeyes_tools.investigation.looking import Looks

__all__ = ["Bounds", "Library", "Looks", "Purse", "Tools", "investigate"]
