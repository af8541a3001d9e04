"""The tool `security_scan`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from manyeyes.errors import BadCall
from manyeyes_tools import findings_tool
from manyeyes_tools.arguments import ScanArguments
from manyeyes_tools.findings import ScanResult

if TYPE_CHECKING:
    from manyeyes.tool import Bench


@dataclass(frozen=True, slots=True)
class SecurityScan(findings_tool.FindingsTool[ScanArguments, ScanResult]):
    """Looks for weaknesses: evidence from engines, judgement from the model the router chooses."""

    name: str = "security_scan"
    title: str = "Security scan"
    description: str = (
        "Find vulnerabilities: in code by static analysis plus a model's judgement, in its dependencies (sca), or by "
        "probing a running application (dast). Returns findings with CWE, exact lines and remedy, also as SARIF."
    )
    arguments: type[ScanArguments] = ScanArguments
    result: type[ScanResult] = ScanResult

    def export(self, result: ScanResult, form: str) -> str:
        """The result as `terminal`, `sarif` or `markdown`; that of a scan of dependencies as `sbom` too.

        Raises:
            BadCall: it has no bill of materials.
        """
        if form != "sbom":
            return findings_tool.FindingsTool.export(self, result, form)
        if result.scan_type != "sca":
            raise BadCall("Only a scan of dependencies, scan_type 'sca', has a bill of materials.")
        from manyeyes import __version__
        from manyeyes_tools.dependencies import sbom

        return sbom.report(result, tool_version=__version__)

    async def run(self, arguments: ScanArguments, bench: Bench) -> ScanResult:
        """Scan the material.

        Raises:
            BadCall: there is nothing to scan, or not as asked.
        """
        if arguments.scan_type == "dast":
            from manyeyes_tools.scanning_target import scan_target

            return await scan_target(arguments, bench)
        if arguments.target_url is not None:
            raise BadCall("`target_url` goes with scan_type 'dast'. Send both, or leave `target_url` out.")
        if arguments.scan_type == "sca":
            from manyeyes_tools.scanning_dependencies import scan_dependencies

            return await scan_dependencies(arguments, bench)
        from manyeyes_tools.scanning import scan

        return await scan(arguments, bench)
