"""The lists that findings are filed under, as SARIF tells of them: CWE, and the OWASP Top 10 of 2025."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from manyeyes.types import Json
from manyeyes_tools.weaknesses import WEAKNESSES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from manyeyes_tools.findings import Finding

Object: TypeAlias = dict[str, Json]

CWE, OWASP = "CWE", "OWASP Top 10"
_CWE_AT = "https://cwe.mitre.org/data/definitions/{}.html"
_OWASP_AT = "https://owasp.org/Top10/2025/"
_OWASP = re.compile(r"(A\d\d):\d{4}-(.+)")


def taxonomies(findings: Iterable[Finding]) -> list[Object]:
    """The entries that these findings refer to, by list; lists without entries are left out."""
    found = list(findings)
    numbers = sorted({int(number) for one in found if (number := _number(one.cwe))})
    categories = sorted({one.owasp for one in found if one.owasp and _OWASP.fullmatch(one.owasp)})
    lists: list[Object] = []
    if numbers:
        lists.append(
            {
                "name": CWE,
                "organization": "MITRE",
                "informationUri": "https://cwe.mitre.org/",
                "isComprehensive": False,
                "shortDescription": {"text": "The Common Weakness Enumeration."},
                "taxa": [_weakness(number) for number in numbers],
            }
        )
    if categories:
        lists.append(
            {
                "name": OWASP,
                "version": "2025",
                "organization": "OWASP Foundation",
                "informationUri": _OWASP_AT,
                "isComprehensive": False,
                "shortDescription": {"text": "The ten most critical risks of web applications."},
                "taxa": [_category(one) for one in categories],
            }
        )
    return lists


def relationships(finding: Finding, lists: Iterable[Object]) -> list[Json]:
    """How a finding's rule relates to the entries of these lists."""
    wanted: Mapping[str, str] = {
        CWE: _number(finding.cwe),
        OWASP: match[1] if (match := _OWASP.fullmatch(finding.owasp or "")) else "",
    }
    related: list[Json] = []
    for index, one in enumerate(lists):
        name, taxa = str(one["name"]), one["taxa"]
        assert isinstance(taxa, list)  # noqa: S101  # made above
        place = next(
            (at for at, taxon in enumerate(taxa) if isinstance(taxon, dict) and taxon["id"] == wanted[name]), None
        )
        if place is not None:
            target: Object = {"id": wanted[name], "index": place, "toolComponent": {"name": name, "index": index}}
            related.append({"target": target, "kinds": ["superset"]})
    return related


def address_of(cwe: str) -> str:
    """Where a CWE number is explained."""
    return _CWE_AT.format(_number(cwe))


def _number(cwe: str | None) -> str:
    number = (cwe or "").removeprefix("CWE-")
    return number if number.isascii() and number.isdecimal() else ""


def _weakness(number: int) -> Object:
    known = WEAKNESSES.get(f"CWE-{number}")
    name = known.name if known else f"CWE-{number}"
    return {
        "id": str(number),
        "name": name,
        "shortDescription": {"text": f"{name}."},
        "helpUri": _CWE_AT.format(number),
    }


def _category(owasp: str) -> Object:
    match = _OWASP.fullmatch(owasp)
    assert match is not None  # noqa: S101  # chosen by it
    return {"id": match[1], "name": match[2], "shortDescription": {"text": f"{match[2]}."}, "helpUri": _OWASP_AT}
