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
        "Find vulnerabilities in code with static analysis plus a model's judgement. Give code, paths, a diff or a git "
        "range; returns findings with CWE, OWASP category, exact lines and remedy, also as SARIF."
    )
    arguments: type[ScanArguments] = ScanArguments
    result: type[ScanResult] = ScanResult

    async def run(self, arguments: ScanArguments, bench: Bench) -> ScanResult:
        """Scan the material.

        Raises:
            BadCall: there is nothing to scan, or not as asked.
        """
        if arguments.scan_type != "sast":
            raise BadCall(f"scan_type {arguments.scan_type!r} is not available in this version. Send 'sast'.")
        if arguments.target_url is not None:
            raise BadCall("`target_url` goes with scan_type 'dast', which is not available in this version.")
        from manyeyes_tools.scanning import scan

        return await scan(arguments, bench)
