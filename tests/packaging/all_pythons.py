"""Runs the tests under every Python that this machine has; says which of those supported it lacks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SUPPORTED = ("3.11", "3.12", "3.13", "3.14")
UV = shutil.which("uv", path=str(Path(sys.executable).parent)) or "uv"


def find(version: str) -> str | None:
    """The interpreter of that version, on the search path or among pyenv's; None when there is none."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    named = [f"python{version}", *map(str, sorted(pyenv.glob(f"{version}.*/bin/python")))]
    for candidate in filter(None, map(shutil.which, named)):
        # A shim is on the path for every version it has ever known; only one that runs counts.
        asked = [candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        done = subprocess.run(asked, check=False, capture_output=True, text=True)
        if done.stdout.strip() == version:
            return candidate
    return None


def run_tests(version: str, python: str, arguments: list[str]) -> bool:
    venv = ROOT / f".venv-{version}"
    environ = {**os.environ, "VIRTUAL_ENV": str(venv)}
    setup = [
        [UV, "venv", "--quiet", "--allow-existing", "--python", python, str(venv)],
        [UV, "pip", "install", "--quiet", "--require-hashes", "--requirements", "requirements.lock"],
        [UV, "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--editable", "."],
    ]
    for command in setup:
        subprocess.run(command, check=True, cwd=ROOT, env=environ)
    tests = [str(venv / "bin" / "python"), "-m", "pytest", "-n", "auto", *arguments]
    return subprocess.run(tests, check=False, cwd=ROOT).returncode == 0


def main() -> None:
    results = {}
    for version in SUPPORTED:
        python = find(version)
        results[version] = None if python is None else run_tests(version, python, sys.argv[1:])
    for version, passed in results.items():
        said = {None: "not on this machine, untested", True: "passed", False: "FAILED"}[passed]
        print(f"Python {version}: {said}")
    sys.exit(any(passed is False for passed in results.values()))


if __name__ == "__main__":
    main()
