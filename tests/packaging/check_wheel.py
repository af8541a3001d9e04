"""Builds the wheel from the sdist, installs it into an empty environment and runs it there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
UV = shutil.which("uv", path=str(Path(sys.executable).parent)) or "uv"


def run(*command: str | Path, **environ: str) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        check=False,
        capture_output=True,
        text=True,
        cwd=tempfile.gettempdir(),
        env={**os.environ, **environ},
    )
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done.stdout


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run(UV, "build", "--quiet", "--no-build-isolation", "--python", sys.executable, "--out-dir", folder, ROOT)
        wheel = next(folder.glob("*.whl"))
        python = folder / "venv" / "bin" / "python"
        run(UV, "venv", "--quiet", "--python", sys.executable, folder / "venv")
        run(UV, "pip", "install", "--quiet", "--python", python, "--constraints", ROOT / "requirements.lock", wheel)
        home = folder / "home"
        home.mkdir()
        clean = {"HOME": str(home), "PATH": os.environ["PATH"]}
        command = python.parent / "manyeyes"
        version = run("env", "-i", f"HOME={home}", f"PATH={clean['PATH']}", command, "--version").strip()
        arguments = json.dumps({"code": "eval(input())\n", "language": "python"})
        out = run(
            "env", "-i", f"HOME={home}", f"PATH={clean['PATH']}", command, "call", "security_scan", "--args", arguments
        )
        findings = json.loads(out)["findings"]
        if not any(finding["cwe"] in {"CWE-94", "CWE-95"} and finding["start_line"] == 1 for finding in findings):
            sys.exit(f"the installed wheel did not find eval(input()): {out[:2000]}")
        demo = run("env", "-i", f"HOME={home}", f"PATH={clean['PATH']}", command, "demo")
        print(
            f"wheel: {wheel.name} installed into an empty environment; {version}; found eval(input()); demo printed "
            f"{len(demo.splitlines())} lines"
        )


if __name__ == "__main__":
    main()
