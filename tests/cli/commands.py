"""How these tests run commands and read what is printed."""

from __future__ import annotations

import subprocess
import sys


def out(capsys) -> str:
    return capsys.readouterr().out


def run(*argv: str, **options: object) -> subprocess.CompletedProcess[str]:
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    command = [sys.executable, "-m", "manyeyes", *argv]
    return subprocess.run(command, text=True, timeout=100, check=False, **{**pipes, **options})
