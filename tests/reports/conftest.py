"""A review and a scan as the tools give them, to be varied by each test."""

from __future__ import annotations

import pytest

from manyeyes.results import FailedAttempt, ModelUse, RouteEntry, Run
from manyeyes_tools.findings import Finding, ReviewResult, ScanResult, Severity, Suggestion, Suppressed

PATCH = """--- a/shop/payment.py
+++ b/shop/payment.py
@@ -11,3 +11,3 @@
 async def pay(db, user):
-    query = f"SELECT * FROM users WHERE id = {user}"
-    return await db.execute(query)
+    query = "SELECT * FROM users WHERE id = ?"
+    return await db.execute(query, (user,))
"""


@pytest.fixture
def injection() -> Finding:
    return Finding(
        id="F-1a2b3c4d",
        title="SQL injection in `pay`",
        severity=Severity.CRITICAL,
        category="injection",
        path="shop/payment.py",
        start_line=12,
        end_line=12,
        quote='    query = f"SELECT * FROM users WHERE id = {user}"',
        explanation="The user's id is put into the statement as it came.\nAnyone can read every row.",
        cwe="CWE-89",
        owasp="A05:2025-Injection",
        confidence=0.95,
        sources=["ruff", "anthropic:claude-opus-5-5"],
        dissent="openai:gpt-5.5 holds that `user` is a number.",
        suggestion=Suggestion(explanation="Bind the value.", patch=PATCH, applies=True),
    )


@pytest.fixture
def style() -> Finding:
    return Finding(
        id="F-99999999",
        title="A bare except hides every error",
        severity=Severity.LOW,
        category="error handling",
        path="shop/payment.py",
        start_line=20,
        end_line=22,
        quote="    try:\n        pay()\n    except:",
        explanation="Name the error.",
        confidence=0.5,
        sources=["ruff"],
    )


@pytest.fixture
def run() -> Run:
    return Run(
        id="r-0123",
        models=[
            ModelUse(
                ref="anthropic:claude-opus-5-5",
                role="reviewer",
                input_tokens=900,
                output_tokens=100,
                cached_tokens=0,
                cost_usd=0.0123,
                seconds=3.1,
            )
        ],
        route=[RouteEntry(ref="anthropic:claude-opus-5-5", taken=True, reason="first for code_review")],
        attempts=[],
        cost_usd=0.0123,
        seconds=3.44,
    )


@pytest.fixture
def silent() -> Run:
    """A run that asked nobody."""
    return Run(id="r-4567", models=[], route=[], attempts=[], cost_usd=0.0, seconds=0.25)


@pytest.fixture
def review(injection: Finding, style: Finding, run: Run) -> ReviewResult:
    return ReviewResult(
        status="complete",
        summary="Two faults, one of them grave.",
        problems=[],
        run=run,
        findings=[injection, style],
        verdict="request_changes",
        suppressed=Suppressed(count=3, reasons={"below the bar": 2, "said twice": 1}),
    )


@pytest.fixture
def scan(injection: Finding, run: Run) -> ScanResult:
    failed = FailedAttempt(ref="openai:gpt-5.5", error="vendor_fault", message="500", seconds=1.0)
    return ScanResult(
        status="partial",
        summary="One vulnerability.",
        problems=["openai:gpt-5.5 failed: 500"],
        run=run.model_copy(update={"attempts": [failed], "cost_usd": None}),
        findings=[injection],
        scan_type="sast",
        rules_run=70,
    )
