"""The probes, one file for each kind of weakness, in the order in which they are tried at a point."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes_tools.probing.probes import (
    code_evaluation,
    commands,
    errors,
    open_redirects,
    scripts,
    server_requests,
    sql,
    templates,
    traversal,
)

if TYPE_CHECKING:
    from manyeyes_tools.probing.proof import Probe

PROBES: tuple[Probe, ...] = (
    sql.PROBE,
    scripts.PROBE,
    traversal.PROBE,
    commands.PROBE,
    code_evaluation.PROBE,
    templates.PROBE,
    server_requests.PROBE,
    open_redirects.PROBE,
    errors.PROBE,
)
"""What is tried at each input.  What a whole answer tells, headers and cookies, is in `passive` and `cross_origin`."""
