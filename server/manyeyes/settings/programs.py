"""Where programs that an operator names are found."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def found_program(program: str) -> str | None:
    """Where a program lies: on the `PATH`, or beside our own; None when it is not there.

    One with a folder in its name must be an absolute path.  Folders of the search path that are not absolute are left
    out: they would lie wherever the server was started.
    """
    if Path(program).name != program:
        return program if Path(program).is_absolute() and os.access(program, os.X_OK) else None
    import shutil

    folders = [part for part in os.environ.get("PATH", os.defpath).split(os.pathsep) if Path(part).is_absolute()]
    return shutil.which(program, path=os.pathsep.join([*folders, str(Path(sys.executable).parent)]))
