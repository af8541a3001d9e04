"""A result's packages as a software bill of materials: CycloneDX 1.6 in JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeAlias
from uuid import NAMESPACE_URL, uuid5

from manyeyes.types import Json
from manyeyes_tools.dependencies.lookup import ELSEWHERE, LOCAL

if TYPE_CHECKING:
    from manyeyes_tools.findings import Package, ScanResult

Object: TypeAlias = dict[str, Json]
ORIGIN = "manyeyes:origin"
"""The property of a component that does not come from its ecosystem's public registry."""
_ORIGINS = {ELSEWHERE: "elsewhere", LOCAL: "local"}
_SCHEMA = "http://cyclonedx.org/schema/bom-1.6.schema.json"


def report(result: ScanResult, *, tool_version: str) -> str:
    """The bill of materials.  The same result gives the same bytes.

    A package in several files is one component; the files and what was found out about it are its properties.
    """
    from packageurl import PackageURL

    refs = list(dict.fromkeys(one.purl for one in result.packages))
    by_ref: dict[str, list[Package]] = {ref: [] for ref in refs}
    for one in result.packages:
        by_ref[one.purl].append(one)
    components: list[Json] = []
    for ref, packages in by_ref.items():
        url = PackageURL.from_string(ref)
        component: Object = {"type": "library", "bom-ref": ref, "name": url.name, "purl": ref}
        if url.namespace:
            component["group"] = url.namespace
        if url.version:
            component["version"] = url.version
        if licence := next((one.licence for one in packages if one.licence), ""):
            component["licenses"] = [{"license": {"name": licence}}]
        component["properties"] = _properties(packages)
        components.append(component)
    bom: Object = {
        "$schema": _SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, f'manyeyes:{result.run.id}')}",
        "version": 1,
        "metadata": {
            "tools": {"components": [{"type": "application", "name": "manyeyes", "version": tool_version}]},
            "component": {"type": "application", "bom-ref": "project", "name": "project"},
        },
        "components": components,
        "dependencies": _dependencies(result),
        "vulnerabilities": _vulnerabilities(result),
    }
    return json.dumps(bom, indent=2, ensure_ascii=True) + "\n"


def _properties(packages: list[Package]) -> list[Json]:
    properties: list[Json] = []
    for one in packages:
        properties.append({"name": "manyeyes:file", "value": f"{one.path}:{one.line}"})
        said = one.status if not one.why else f"{one.status}: {one.why}"
        properties.append({"name": "manyeyes:status", "value": said})
        if origin := _ORIGINS.get(one.why):
            properties.append({"name": ORIGIN, "value": origin})
    unique: dict[str, Json] = {json.dumps(one): one for one in properties}
    return list(unique.values())


def _dependencies(result: ScanResult) -> list[Json]:
    edges: dict[str, dict[str, None]] = {one.purl: {} for one in result.packages}
    for one in result.packages:
        edges[one.purl].update(dict.fromkeys(result.packages[needed].purl for needed in one.needs))
        edges[one.purl].pop(one.purl, None)
    direct = dict.fromkeys(one.purl for one in result.packages if one.direct)
    rows: list[Json] = [{"ref": "project", "dependsOn": list[Json](direct)}]
    rows += [{"ref": ref, "dependsOn": list[Json](needed)} for ref, needed in edges.items()]
    return rows


def _vulnerabilities(result: ScanResult) -> list[Json]:
    at = {(one.path, one.line): one.purl for one in result.packages if one.status == "vulnerable"}
    rows: list[Json] = []
    for finding in result.findings:
        ref = at.get((finding.path, finding.start_line))
        if ref is None or finding.category in {"typosquatting", "substituted-package"}:
            continue
        name = finding.title.rpartition("(")[2].rstrip(")")
        rows.append(
            {
                "bom-ref": finding.id,
                "id": name,
                "source": {"name": "OSV", "url": f"https://osv.dev/vulnerability/{name}"},
                "ratings": [{"severity": finding.severity.value}],
                "description": finding.title,
                "recommendation": finding.suggestion.explanation if finding.suggestion else "",
                "affects": [{"ref": ref}],
            }
        )
    return rows
