"""A pipeline's SARIF says what any of its steps could not do."""

from __future__ import annotations

import json

from manyeyes.results import Run
from manyeyes_tools.findings import ScanResult
from manyeyes_tools.pipeline import report
from manyeyes_tools.pipeline.result import PipelineResult


def test_a_step_that_failed_makes_no_clean_report():
    run = Run(id="r-1", models=[], route=[], attempts=[], cost_usd=0.0, seconds=0.0)
    scanned = ScanResult(
        status="complete", summary="", problems=[], run=run, findings=[], scan_type="sast", rules_run=1, sarif=""
    )
    why = "review could not be done: no answer"
    for security in (scanned, None):
        result = PipelineResult(
            status="partial", summary="", problems=[why], run=run, mode="sequential", merged=[], security=security
        )
        invocation = json.loads(report.export(result, "sarif"))["runs"][0]["invocations"][0]
        assert not invocation["executionSuccessful"]
        assert [one["message"]["text"] for one in invocation["toolExecutionNotifications"]] == [why]
