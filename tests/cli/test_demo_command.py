from __future__ import annotations

from pathlib import Path

import pytest

from cli.commands import run
from manyeyes.cli import demo, main


def test_the_demo_finds_the_injection_on_its_line(tmp_path):
    done = run("demo", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    sample = Path(__file__).parents[2] / "examples" / "payment.py"
    line = next(number for number, text in enumerate(sample.read_text().splitlines(), 1) if 'f"SELECT' in text)
    assert f"The SQL injection was found on its line, payment.py:{line}." in done.stdout
    for part in ("code_review", "security_scan", "doc_generator", "would be asked", "Cost of all: $0.00."):
        assert part in done.stdout
    for part in (
        "in parallel",
        "technical_support",
        "sales_inquiry",
        "complaint",
        "general",
        "49 dollars",
        "a person is needed",
    ):
        assert part in done.stdout
    assert "customer_service     6" in done.stdout
    assert len(done.stdout.splitlines()) < 140


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({"_FLAW": "CWE-0"}, 1, "on line 15 of the sample was not found"),
        ({"_PARALLEL": "sideways"}, 3, "`mode` should be"),
        ({"SERVER": ("-c", "raise SystemExit(7)")}, 3, "did not answer as it should"),
    ],
)
def test_a_demo_that_fails_says_so(monkeypatch, capfd, change, code, said):
    for name, value in change.items():
        monkeypatch.setattr(demo, name, value)
    assert main(["demo"]) == code
    assert said in capfd.readouterr().err


def test_the_packaged_sample_is_the_example():
    root = Path(__file__).parents[2]
    packaged = root / "server" / "manyeyes" / "cli" / "payment.py.sample"
    assert packaged.read_bytes() == (root / "examples" / "payment.py").read_bytes()
