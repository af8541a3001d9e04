"""The faults that matter most, through the whole server path; `bench/faults.py` has them all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench" / "faults.py"
FAULTS = (
    "503",
    "cut before its end",
    "corrupt chunk",
    "max-token cut",
    "401",
)
VENDORS = ("anthropic", "openai", "openai-chat", "google", "compatible")


@pytest.fixture(scope="module")
def told():
    command = [sys.executable, BENCH, "--json", "--faults", ";".join(FAULTS)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, start_new_session=True) as bench:
        try:
            out, err = bench.communicate(timeout=240)
        except subprocess.TimeoutExpired:
            os.killpg(bench.pid, signal.SIGKILL)  # and the servers that it started
            raise
    assert out, err
    return json.loads(out)


def chosen(told, *faults, **values):
    rows = [row for row in told["rows"] if row["fault"] in (faults or FAULTS)]
    rows = [row for row in rows if all(row[key] == value for key, value in values.items())]
    assert {row["vendor"] for row in rows} == set(VENDORS)
    return rows


def test_all_is_as_it_should(told):
    assert [row for row in told["rows"] if row["wrong"]] == []


def test_no_half_answer_is_taken_for_a_whole_one(told):
    for question in ("review", "plain"):
        for row in chosen(told, "cut before its end", "corrupt chunk", "max-token cut", question=question):
            assert not row["half_taken"]
            assert row["attempts"].get("broken_answer" if row["fault"] != "max-token cut" else "truncated", 0) > 0


def test_a_vendor_alone_recovers_from_what_passes(told):
    for row in chosen(told, *set(FAULTS) - {"max-token cut", "401"}, configured="alone"):
        assert row["status"] == "complete"
        assert row["attempts"]["answered"] == 1


def test_what_cannot_pass_is_told_and_not_tried_again(told):
    for row in chosen(told, "401", configured="alone"):
        assert row["status"] == "evidence_only"
        assert row["attempts"] == {"access_denied": 1}
        assert "access denied" in row["told"]
    for row in chosen(told, "max-token cut", configured="alone", question="review"):
        assert row["status"] == "evidence_only"
        assert set(row["asked"].values()) == {1}


def test_a_second_vendor_answers_what_the_first_cannot(told):
    for row in chosen(told, configured="with a second vendor"):
        assert row["status"] == "complete"
        assert row["answered_by"].partition(":")[0] in {"anthropic", "google"}
        assert row["attempts"]["answered"] == 1


def test_llmock_finds_no_fault_with_the_client(told):
    assert set(told["reports"]) == set(VENDORS)
    assert all(report.startswith("pass: ") for report in told["reports"].values()), told["reports"]
