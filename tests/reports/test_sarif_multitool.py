"""SARIF as Microsoft's own validator sees it, with the rules for code scanning."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest

from manyeyes_tools.findings import Step
from manyeyes_tools.reports import sarif

TOOL = Path(__file__).parents[1] / "clients/node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool"

pytestmark = [
    pytest.mark.node,
    pytest.mark.skipif(not TOOL.exists(), reason="the packages of tests/clients are not installed"),
]


def faults(path: Path) -> list[str]:
    TOOL.chmod(TOOL.stat().st_mode | stat.S_IXUSR)
    report = path.with_suffix(".report")
    command = [TOOL, "validate", path, "--rule-kind", "Sarif;Ghas", "--level", "Error;Warning", "--output", report]
    environ = {**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}
    subprocess.run(command, check=False, capture_output=True, timeout=120, env=environ)
    (run,) = json.loads(report.read_text("utf-8-sig"))["runs"]
    assert run["invocations"][0]["executionSuccessful"], run["invocations"][0]
    return [f"{one['ruleId']}: {one['message']}" for one in run["results"]]


def test_the_validator_finds_fault_with_what_is_wrong(tmp_path):
    path = tmp_path / "wrong.sarif"
    path.write_text(
        '{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}, "results": [{"ruleIndex": 7}]}]}'
    )
    assert faults(path)


def test_the_validator_finds_no_fault_with_ours(tmp_path, scan, review, injection, style):
    traced = injection.model_copy(
        update={
            "trace": [
                Step(path="shop/web.py", line=4, note="`request.args` comes with the request"),
                Step(path="shop/payment.py", line=12, note="it does harm here"),
            ]
        }
    )
    gone = injection.model_copy(update={"id": "F-77777777", "dissent": "openai:gpt-6: it is constant"})
    odd = style.model_copy(update={"path": "a b/ü#1.py", "title": "[x](1) {0} é", "explanation": "", "quote": ""})
    results = {
        "scan": scan.model_copy(update={"findings": [traced, style, odd], "dismissed": [gone]}),
        "review": review,
        "empty": scan.model_copy(update={"findings": []}),
    }
    for name, result in results.items():
        path = tmp_path / f"{name}.sarif"
        path.write_text(sarif.report(result, tool_version="1.2.3"))
        assert faults(path) == []
