"""`manyeyes ask`: a question to the model that suits it, or to several."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from manyeyes.cli.exits import code_for
from manyeyes.cli.flags import in_flags
from manyeyes.cli.reading import named, read_text
from manyeyes.cli.screen import ProgressLine, complain, safe, show
from manyeyes.errors import BadCall

if TYPE_CHECKING:
    from manyeyes.cli.verbs import Options, Verbs
    from manyeyes.desk import Desk
    from manyeyes.results import Result
    from manyeyes.types import Json

_TOOL = "ask"
_SEARCH = "search_augmented"
_KINDS = (
    "chat",
    "analysis",
    "code_generation",
    "long_context_analysis",
    "real_time_chat",
    "multimodal_fusion",
    "media_processing",
    _SEARCH,
)


def add(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        _TOOL,
        help="ask a model of another vendor, or several",
        description="Ask a question. The kind of work decides whom; `manyeyes route chat` shows who that is.\n"
        "Only a model can answer: set ANTHROPIC_API_KEY, OPENAI_API_KEY or GEMINI_API_KEY, or name an endpoint.\n"
        "Secrets in the question and in text are replaced before they leave; pictures, sound and PDF go as they are.",
        epilog="examples:\n"
        "  manyeyes ask 'What does EXPLAIN ANALYZE add to EXPLAIN?'\n"
        "  git diff | manyeyes ask 'What could go wrong here?' --context -\n"
        "  manyeyes ask 'What does it show?' --media chart.png --media figures.pdf\n"
        "  manyeyes ask 'Which Python versions get security fixes?' --search\n"
        "  manyeyes ask 'Is this schema normalised?' --context schema.sql --depth panel\n"
        "  manyeyes ask --task-type code_generation < task.txt > answer.md\n\n"
        "exit codes:\n"
        "  0  answered\n  2  wrong use\n  3  no model answered\n  4  answered in part: stderr says what is missing",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("prompt", nargs="*", metavar="PROMPT", help="the question; without it, or with -, from stdin")
    given = parser.add_argument_group("what it is about")
    given.add_argument("--context", metavar="FILE", help="text that the answer should rest on; - is stdin")
    told = "a picture, PDF, sound, film or text; again for more"
    given.add_argument("--media", metavar="PATH", action="append", default=[], help=told)
    work = parser.add_argument_group("whom to ask")
    work.add_argument("--task-type", choices=_KINDS, metavar="KIND", help=f"the kind of work: {', '.join(_KINDS)}")
    work.add_argument("--search", action="store_true", help="let the model search the web, and cite what it found")
    depths = "quick: one inexpensive model; panel: several opinions, a synthesis and the dissent"
    work.add_argument("--depth", choices=("quick", "standard", "panel"), help=depths)
    work.add_argument("--model", help="ask this model: a reference provider:model, a name or an alias")
    work.add_argument("--max-tokens", type=int, metavar="N", help="the longest answer, thinking included")
    out = parser.add_argument_group("what to write")
    out.add_argument("--json", action="store_true", help="print the whole result as one JSON object, in one line")
    out.add_argument("--progress", action="store_true", help="tell the progress even where there is no terminal")
    parser.set_defaults(run=run)


def run(options: Options) -> int:
    """Ask, and show the answer."""
    from manyeyes.cli.session import settings_for, with_desk  # only to work, not for help

    arguments = _arguments(options)
    settings = settings_for(named(name) for name in options.media if not _is_data(name))
    if not {"chat", "all"} & set(settings.toolsets):  # whoever types the verb wants the tool
        settings = settings.model_copy(update={"toolsets": (*settings.toolsets, "chat")})

    async def work(desk: Desk) -> int:
        progress = ProgressLine(wanted=options.progress)
        if _TOOL not in desk.tools:
            raise BadCall(f"`ask` needs the tool {_TOOL}, which is not installed.")
        tool = desk.tool(_TOOL)
        try:
            result = await desk.call(_TOOL, arguments, progress.update)
        except BadCall as error:
            raise BadCall(in_flags(str(error))) from None
        finally:
            progress.clear()
        if options.json:
            show(result.model_dump_json())
        elif sys.stdout.isatty():
            show(safe(tool.export(result, "terminal")))
        else:  # a file or pipe gets the answer and its sources, the rest goes to stderr
            show(safe(_answer(result)))
            _tell(result)
        return code_for(result.model_dump(mode="json"), fail_on=None, models_at_hand=bool(desk.providers))

    return with_desk(work, settings)


def _arguments(options: Options) -> dict[str, Json]:
    """The tool's arguments.

    Raises:
        BadCall: there is no question, a file cannot be read, or options do not go together.
    """
    kind: str | None = options.task_type
    if options.search:
        if kind not in {None, _SEARCH}:
            raise BadCall(f"--search and --task-type {kind} do not go together. Give one of them.")
        kind = _SEARCH
    for name in options.media:
        if not _is_data(name) and not named(name).is_file():
            there = "is no file" if named(name).exists() else "is not there"
            raise BadCall(f"--media {name[:200]} {there}. Name a file, or a data: URL.")
    prompt = " ".join(options.prompt)
    if options.context == "-" and prompt in {"", "-"}:
        raise BadCall("--context - takes stdin, so give the question as an argument: manyeyes ask 'Why …?' --context -")
    if prompt in {"", "-"}:
        if not prompt and (sys.stdin is None or sys.stdin.isatty()):
            raise BadCall("There is no question. Give one: manyeyes ask 'Why …?', or send it on stdin.")
        prompt = read_text("-")
        if not prompt.strip():
            raise BadCall("There is no question on stdin. Give one: manyeyes ask 'Why …?'")
    values: dict[str, Json] = {
        "prompt": prompt,
        "context": read_text(options.context) if options.context else None,
        "media": [name if _is_data(name) else str(named(name).absolute()) for name in options.media] or None,
        "task_type": kind,
        "depth": options.depth,
        "model": options.model,
        "max_tokens": options.max_tokens,
    }
    return {name: value for name, value in values.items() if value is not None}


def _is_data(name: str) -> bool:
    return name[:5].lower() == "data:"


def _answer(result: Result) -> str:
    """The answer, and the pages that it cites."""
    lines = [str(getattr(result, "answer", "")).rstrip("\n")]
    if pages := getattr(result, "citations", None):
        lines += ["", "Sources:", ""]
        lines += [f"{number}. {one.title or one.url} {one.url}" for number, one in enumerate(pages, 1)]
    return "\n".join(lines)


def _tell(result: Result) -> None:
    """What goes with an answer and is no part of it."""
    for line in (*result.problems, *getattr(result, "notes", ())):
        complain(line)
    for line in getattr(result, "dissent", ()):
        complain(f"dissent: {line}")
    models = ", ".join(dict.fromkeys(use.ref for use in result.run.models))
    complain(f"answered by {models}; run {result.run.id}")
