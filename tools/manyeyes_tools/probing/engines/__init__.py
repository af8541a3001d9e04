"""Other people's scanners of running applications: programs of the operator's, run behind our gate, never imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes_tools.probing.engines import schemathesis, wapiti

if TYPE_CHECKING:
    from collections.abc import Mapping

    from manyeyes_tools.probing.engines.engine import Engine

ENGINES: Mapping[str, Engine] = {one.name: one for one in (wapiti.ENGINE, schemathesis.ENGINE)}
