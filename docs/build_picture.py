# ruff: noqa: INP001  # a script beside the picture it makes
"""Draws `docs/images/scan.svg` from a real run: `python docs/build_picture.py`.

The run is `manyeyes scan examples/payment.py`, without any key and in an empty home.  Its colours are drawn by rich,
which comes with import-linter.  The text is in the picture as a description too, so that it can be read and compared.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.sax.saxutils import escape

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

HERE = Path(__file__).resolve().parent
PICTURE = HERE / "images" / "scan.svg"
COMMAND = ("scan", "examples/payment.py")
COLUMNS = 104

FORMAT = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">
<desc>DESCRIPTION</desc>
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; \
font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""
"""Rich's own frame without the web font that it fetches."""


def run() -> str:
    """What the command prints on a terminal with colours."""
    with tempfile.TemporaryDirectory() as home:
        environment = {"PATH": os.environ["PATH"], "HOME": home, "FORCE_COLOR": "1"}
        command = [sys.executable, "-m", "manyeyes", *COMMAND]
        done = subprocess.run(  # noqa: S603  # our own command
            command, cwd=HERE.parent, env=environment, capture_output=True, check=True, encoding="utf-8"
        )
    return done.stdout


def draw(output: str) -> str:
    """The output as an SVG picture of a terminal."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere, force_terminal=True, color_system="truecolor")
        shown = f"$ manyeyes {' '.join(COMMAND)}\n{output.rstrip()}"
        console.print(Text.from_ansi(shown), soft_wrap=True)
    described = escape(Text.from_ansi(shown).plain).replace("{", "{{").replace("}", "}}")
    template = FORMAT.replace("DESCRIPTION", described)
    return console.export_svg(title="manyeyes", theme=MONOKAI, code_format=template, unique_id="scan")


if __name__ == "__main__":
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(draw(run()), encoding="utf-8")
    sys.stdout.write(f"{PICTURE}: {PICTURE.stat().st_size:,} bytes\n")
