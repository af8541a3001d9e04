"""Which of the engines' findings are about how code is built, beside whether it works."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes_tools.merging import is_engine

if TYPE_CHECKING:
    from manyeyes_tools.findings import Finding

PRACTICES = frozenset(
    {
        "manyeyes:float-equality", "manyeyes:swallowed-error", "manyeyes:unclosed-file",
        "ruff:ASYNC105", "ruff:ASYNC210", "ruff:ASYNC212", "ruff:ASYNC220", "ruff:ASYNC221", "ruff:ASYNC222",
        "ruff:ASYNC230", "ruff:ASYNC251", "ruff:B006", "ruff:B008", "ruff:B019", "ruff:B020", "ruff:B031", "ruff:B039",
        "ruff:DTZ003", "ruff:DTZ004", "ruff:E711", "ruff:E722", "ruff:F401", "ruff:F811", "ruff:F841", "ruff:LOG007",
        "ruff:LOG014", "ruff:PLR1704", "ruff:RUF006", "ruff:RUF008", "ruff:RUF009", "ruff:RUF024", "ruff:RUF032",
    }
)  # fmt: skip
"""Sources of findings that name a missed practice: the code may well do what it should today."""


def is_practice(finding: Finding) -> bool:
    """Whether it is about how the code is built: all engines that report it say so, or a model alone does."""
    return all(source in PRACTICES for source in finding.sources if is_engine(source))
