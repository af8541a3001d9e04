"""What one pipeline sends to models, beside three calls for the same.

    python bench/pipeline.py [FILE ...] [--json]

Each FILE (modules of the standard library of about a thousand lines unless given) is reviewed, scanned and documented
by three calls of their own, then by one sequential pipeline.  A scripted model answers at once: it finds two faults by
their quotes and looks at nothing else, so that nothing is asked twice on either side.  All that is sent counts,
instructions included, as the pieces into which tokenizers cut text before they merge (words, up to three digits, runs
of signs and of space), a long word as several: on these modules within 5 % of what o200k_base counts.  `bytes` is the
share of the bytes sent, which counts indentation as if it were words.  `ids` are the findings of the review that are
still there after the last step.
"""

from __future__ import annotations

import argparse
import ftplib
import json
import re
import smtplib
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from manyeyes import settings as operator
from manyeyes.desk import Desk
from manyeyes.providers import scripted
from manyeyes.providers.scripted import Answer, ScriptedModel

if TYPE_CHECKING:
    from manyeyes.model import Pulse
    from manyeyes.types import Completion, Request

FILES = tuple(Path(str(module.__file__)) for module in (ftplib, smtplib))
SENT: Counter[str] = Counter()
"""Tokens by the shape of the answer wanted, since it was cleared."""
BYTES: Counter[str] = Counter()
"""The same in bytes."""
LONG = 7
"""Letters of a word for each token."""
_PIECES = re.compile(
    r"'(?:[sdmt]|ll|ve|re)\b|[^\r\n\w]?[^\W\d_]+|\d{1,3}| ?(?:[^\s\w]|_)+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    re.IGNORECASE,
)


def tokens(text: str) -> int:
    """About as many as tokenizers count."""
    return sum(max(1, -(-len(piece.strip()) // LONG)) for piece in _PIECES.findall(text))


class Counting(ScriptedModel):
    """Notes how much it is sent."""

    async def complete(self, request: Request, pulse: Pulse) -> Completion:
        """Answer as scripted."""
        said = "".join([request.system, *(message.text for message in request.messages)])
        shape = request.answer.__name__ if request.answer else ""
        SENT[shape] += tokens(said)
        BYTES[shape] += len(said.encode())
        return await super().complete(request, pulse)


scripted.ScriptedModel = Counting  # type: ignore[misc]  # the provider makes its models by this name


def script(text: str) -> str:
    lines = [line for line in text.split("\n") if line.strip().startswith("return ") and text.count(line) == 1]
    found = [
        {
            "path": "code.py",
            "quote": line,
            "line": text[: text.index(line)].count("\n") + 1,
            "title": f"Suspicious return {number}",
            "severity": "medium",
            "category": "security",
            "cwe": "CWE-20",
            "explanation": "It may be.",
            "confidence": 0.6,
        }
        for number, line in enumerate(lines[:2])
    ]
    said = {"summary": "It is code.", "verdict": "comment", "disputed": [], "confirmed": []}
    answers: list[dict[str, object]] = [
        {"shape": "ReviewAnswer", "json": {**said, "findings": found}, "times": None},
        {"shape": "CaseAnswer", "json": {**said, "findings": [], "checked": []}, "times": None},
        {"shape": "Drafts", "json": {"symbols": []}, "times": None},
        {"json": {"readings": []}, "times": None},
    ]
    dumped = [Answer.model_validate(one).model_dump(mode="json", by_alias=True) for one in answers]
    return json.dumps({"models": {"reader": dumped}})


async def measure(path: Path, text: str) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "script.json"
        file.write_text(script(text), encoding="utf-8")
        environ = {"HOME": folder, "MANYEYES_STATE_URL": "sqlite://", "MANYEYES_SCRIPTED_FILE": str(file)}
        settings = operator.load(environ, cwd=Path(folder))
        call = {"code": text, "language": "python", "model": "scripted:reader"}
        async with Desk.open(settings, environ) as desk:
            SENT.clear()
            BYTES.clear()
            for tool in ("code_review", "security_scan", "doc_generator"):
                await desk.call(tool, call)
            apart, apart_bytes = Counter(SENT), BYTES.total()
        async with Desk.open(settings, environ) as desk:
            SENT.clear()
            BYTES.clear()
            result = (await desk.call("code_pipeline", call)).model_dump()
            together, together_bytes = Counter(SENT), BYTES.total()
    reviewed = {one["id"] for one in result["review"]["findings"]}
    last = {line.split()[0] for line in result["merged"]}
    return {
        "file": path.name,
        "lines": text.count("\n"),
        "apart": apart.total(),
        "pipeline": together.total(),
        "share": together.total() / apart.total(),
        "bytes": together_bytes / apart_bytes,
        "ids": f"{len(reviewed & last)} of {len(reviewed)}",
        "steps": dict(together),
        "calls": dict(apart),
    }


async def run(texts: list[tuple[Path, str]]) -> list[dict[str, object]]:
    return [await measure(path, text) for path, text in texts]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="*", metavar="FILE")
    parser.add_argument("--json", action="store_true", help="one JSON list of objects")
    options = parser.parse_args()
    rows = anyio.run(run, [(path, path.read_text(encoding="utf-8")) for path in options.files or FILES])
    if options.json:
        print(json.dumps(rows, indent=1))
        return
    print(
        f"{'file':<20}{'lines':>6}{'three calls':>13}{'pipeline':>10}{'share':>8}{'bytes':>7}   ids kept   sent by step"
    )
    for row in rows:
        steps = ", ".join(f"{name} {count}" for name, count in row["steps"].items())  # type: ignore[attr-defined]
        print(
            f"{row['file']:<20}{row['lines']:>6}{row['apart']:>13}{row['pipeline']:>10}{float(str(row['share'])):>8.0%}"
            f"{float(str(row['bytes'])):>7.0%}   {row['ids']:<10} {steps}"
        )


if __name__ == "__main__":
    main()
