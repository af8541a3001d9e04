from __future__ import annotations

import json

from cli.commands import out
from manyeyes.cli import doctor, main

KEY = "sk-ant-never-to-be-shown"


def test_a_route_says_who_and_why(project, capsys, monkeypatch):
    assert main(["route", "code_review", "--json"]) == 0
    route = json.loads(out(capsys))
    assert route["chosen"] is None
    assert all(one["reason"] and not one["taken"] for one in route["candidates"])
    assert main(["route", "code_review"]) == 0
    assert "no model can be asked" in out(capsys)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    assert main(["route", "code_review", "--input-tokens", "20k", "--json"]) == 0
    assert json.loads(out(capsys))["chosen"].startswith("anthropic:")
    assert main(["route", "code_review", "--input-tokens", "90m"]) == 0
    assert "window too small" in out(capsys)


def test_the_catalogue_has_prices_and_says_what_is_here(project, capsys, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    assert main(["models", "--offline", "--json"]) == 0
    rows = {row["ref"]: row for row in json.loads(out(capsys))["models"]}
    article = rows["anthropic:claude-opus-4-7"]
    assert article["usd_per_million_input"] > 0
    assert article["available"] is True
    assert article["served"] is None
    assert rows["openai:gpt-5.5"]["available"] is False
    assert main(["models", "--offline"]) == 0
    assert "anthropic:claude-opus-4-7" in out(capsys)


def test_endpoints_are_asked_what_they_serve_and_failures_are_named(project, capsys, monkeypatch, serving):
    there = {"object": "list", "data": [{"id": "tiny", "object": "model", "created": 0, "owned_by": "us"}]}
    good, bad = serving(200, there), serving(500, {"error": {"message": "down"}})
    for name, port in (("GOOD", good), ("BAD", bad)):
        monkeypatch.setenv(f"MANYEYES_ENDPOINTS_{name}_URL", f"http://127.0.0.1:{port}/v1")
        monkeypatch.setenv(f"MANYEYES_ENDPOINTS_{name}_MODELS", "tiny")
    assert main(["models", "--json"]) == 4
    captured = capsys.readouterr()
    shown = json.loads(captured.out)
    rows = {row["ref"]: row for row in shown["models"]}
    assert rows["good:tiny"]["served"] is True
    assert rows["bad:tiny"]["served"] is None
    assert list(shown["failed"]) == ["bad"]
    assert "bad did not say what it serves" in captured.err
    assert main(["models"]) == 4
    assert "good:tiny" in out(capsys)
    assert main(["doctor", "--json"]) == 4
    checks = {check["name"]: check for check in json.loads(out(capsys))}
    assert checks["good"]["state"] == "ok"
    assert "models served: 1" in checks["good"]["detail"]
    assert checks["bad"]["state"] == "broken"


def test_the_doctor_never_shows_a_key(project, capsys, monkeypatch, serving):
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    port, other = serving(200, {"data": [{"id": "llama"}]}), serving(200, ["something else"])
    servers = (("Ollama", port), ("LM Studio", other), ("llama.cpp", serving(404, {})))
    monkeypatch.setattr(doctor, "_LOCAL_SERVERS", servers)
    assert main(["doctor", "--json"]) == 0
    text = out(capsys)
    assert KEY not in text
    checks = {check["name"]: check for check in json.loads(text)}
    assert checks["anthropic"]["state"] == "ok"
    assert checks["openai"]["state"] == "absent"
    assert checks["Ollama"]["state"] == "ok"
    assert "llama" in checks["Ollama"]["detail"]
    assert checks["LM Studio"]["state"] == checks["llama.cpp"]["state"] == "absent"
    assert checks["git"]["state"] == "ok"
    assert checks["roots"]["detail"] == str(project.resolve())
    assert main(["doctor"]) == 0
    assert "key set" in out(capsys)


def test_state_that_cannot_be_used_is_a_fault(project, capsys, monkeypatch):
    monkeypatch.setattr(doctor, "_LOCAL_SERVERS", ())
    (project / "file").touch()
    monkeypatch.setenv("MANYEYES_STATE_URL", f"sqlite:///{project}/file/state.db")
    assert main(["doctor"]) == 4
    assert "cannot be used" in out(capsys)


def test_statistics_remember_what_was_called(project, capsys, monkeypatch):
    monkeypatch.setenv("MANYEYES_STATE_URL", f"sqlite:///{project}/state.db")
    assert main(["stats"]) == 0
    assert "Nothing has been called" in out(capsys)
    assert main(["scan", "good.py"]) == 0
    capsys.readouterr()
    assert main(["stats"]) == 0
    assert "security_scan" in out(capsys)
    assert main(["stats", "--json", "--days", "1"]) == 0
    assert "security_scan" in json.dumps(json.loads(out(capsys)))
