"""`manyeyes demo`: a sample through all tools, by a real MCP client over stdio, with or without keys."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, cast

from manyeyes import __version__
from manyeyes.cli.exits import DONE, FOUND, KEYLESS, NOT_DONE
from manyeyes.cli.screen import ProgressLine, complain, paint, safe, show, wants_colour

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Mapping

    from mcp.client import Client

    from manyeyes.cli.verbs import Options, Verbs
    from manyeyes.types import Json

SAMPLE = "payment.py.sample"
"""The same text as `examples/payment.py`; under this name no tool takes it for code of ours."""

SERVER = ("-P", "-m", "manyeyes", "serve")
"""How the server is started.  -P: the working directory is no place to import from."""

_FLAW = "CWE-89"
_STEPS = {"review": "code_review", "security": "security_scan", "documentation": "doc_generator"}
"""The parts of a pipeline's result, and the tool whose result each is."""
_SEQUENTIAL, _PARALLEL = "sequential", "parallel"
_KNOWLEDGE = "shop.md.sample"
_TURNS = (
    "Good morning, when can I reach you?",
    "The app shows error 502 at the card payment. How do I fix this error?",
    "How much is the business plan for 20 people?",
    "I was charged twice, and the second charge is still there. I am very unhappy.",
    "I cannot sign in any more, I forgot my password.",
    "Enough of this, I want to speak to a person.",
)
"""A customer's side of a conversation: the four intents, and one message that no machine should answer."""
_COLOURS = {"critical": "1;31", "high": "31", "medium": "33", "low": "36", "info": "34"}
_REMEDY = (
    "No model was asked. To ask one set one of ANTHROPIC_API_KEY, GEMINI_API_KEY, OPENAI_API_KEY, or name an endpoint."
)
_DOCUMENT_LINES = 16
_FINDINGS = 8
_REPLY_CHARS = 220


def add(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "demo",
        help="show the tools at work on a sample, with or without keys",
        description="Start the server as an MCP client does and send a small payment module through the pipeline of "
        "code_review, security_scan and doc_generator, then through the parallel analysis; hold a conversation with "
        "customer_service; show the dashboard. Without keys the engines on this machine answer alone; with keys the "
        "models that the router chooses are asked, which costs some cents.",
        epilog="It exits with 1 when the SQL injection of the sample is not found on its line.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--no-color", action="store_true", help="no colours")
    parser.set_defaults(run=run)


def run(options: Options) -> int:
    """Run the demonstration."""
    import anyio  # not needed to read the command line

    colour = wants_colour(sys.stdout, refused=options.no_color)
    with tempfile.TemporaryDirectory(prefix="manyeyes-demo-") as folder:
        sample = files("manyeyes.cli").joinpath(SAMPLE).read_text(encoding="utf-8")
        project = Path(folder, "project")
        knowledge = Path(folder, "knowledge")
        for made in (project, knowledge):
            made.mkdir()
        (project / "payment.py").write_text(sample, encoding="utf-8")
        told = files("manyeyes.cli").joinpath(_KNOWLEDGE).read_text(encoding="utf-8")
        (knowledge / "shop.md").write_text(told, encoding="utf-8")
        return anyio.run(_demonstrate, project, sample, colour)


async def _demonstrate(folder: Path, sample: str, colour: bool) -> int:  # noqa: FBT001  # anyio.run takes no keywords
    from mcp.client import Client  # slow to import
    from mcp.client.stdio import StdioServerParameters, stdio_client
    from mcp.shared.exceptions import MCPError

    server = StdioServerParameters(
        command=sys.executable,
        args=list(SERVER),
        env={
            **os.environ,
            "MANYEYES_ROOTS": str(folder),
            "MANYEYES_TOOLSETS": "default,support",
            "MANYEYES_SUPPORT_KNOWLEDGE": str(folder.parent / "knowledge"),
        },
        cwd=folder,
    )
    started = time.monotonic()
    flaw = next(number for number, line in enumerate(sample.splitlines(), 1) if 'f"SELECT' in line)
    results: list[dict[str, Json]] = []
    try:
        async with Client(stdio_client(server, errlog=sys.stderr)) as client:
            about = f"payment.py through the server over stdio, MCP {client.protocol_version}"
            show(f"{paint(f'Many Eyes {__version__} demo', '1')}: {about}", colour=colour)
            for part in (_pipeline, _parallel, _conversation):
                results += [result async for result in part(client, colour)]
            show("\n" + paint("Dashboard", "1;4"), colour=colour)
            show("\n".join(await _dashboard(client)))
    except* (MCPError, OSError) as failures:
        complain(f"The server did not answer as it should: {_first(failures)}")
        results.clear()
    except* _Refused:
        results.clear()
    if not results:
        return NOT_DONE
    show(f"\nCost of all: {_total(results)}. {time.monotonic() - started:.1f} s, the server's start included.")
    if any(_for_want_of_a_key(one) for result in results for one in cast("list[Json]", result["problems"])):
        show(_REMEDY)
    if not _has(_object(results[0]["security"]), flaw):
        complain(f"The SQL injection on line {flaw} of the sample was not found.")
        return FOUND
    show(paint(f"The SQL injection was found on its line, payment.py:{flaw}.", "32"), colour=colour)
    return DONE


class _Refused(Exception):
    """A tool could not do it; it was said why."""


async def _pipeline(client: Client, colour: bool) -> AsyncIterator[dict[str, Json]]:  # noqa: FBT001  # as its siblings
    """The three tools in order, each told what the earlier ones found."""
    result = await _call(client, "code_pipeline", {"paths": ["payment.py"], "mode": _SEQUENTIAL})
    for part, tool in _STEPS.items():
        step = result.get(part)
        if isinstance(step, dict):
            show("\n" + "\n".join(_section(tool, step)), colour=colour)
    yield result


async def _parallel(client: Client, colour: bool) -> AsyncIterator[dict[str, Json]]:  # noqa: FBT001
    """Review, security and best practices at the same time."""
    result = await _call(client, "code_pipeline", {"paths": ["payment.py"], "mode": _PARALLEL})
    merged = result.get("merged")
    found = len(merged) if isinstance(merged, list) else 0
    show("\n" + paint("code_pipeline, in parallel", "1;4"), colour=colour)
    show(paint(safe(f"{result['summary']} Merged: {found} findings."), "0"), colour=colour)
    yield result


async def _conversation(client: Client, colour: bool) -> AsyncIterator[dict[str, Json]]:  # noqa: FBT001
    """A customer's six messages."""
    show("\n" + paint("customer_service", "1;4"), colour=colour)
    known: dict[str, Json] = {}
    for message in _TURNS:
        result = await _call(client, "customer_service", {"message": message, **known})
        known = {"conversation_id": result["conversation_id"]}
        sure = result["intent_confidence"]
        by = f"{result['intent']}" + (f" {sure:.0%}" if isinstance(sure, float) else "")
        by += f", answered by {result['handled_by']}"
        needs = f", a person is needed: {result['human_reason']}" if result["needs_human"] else ""
        reply = " ".join(str(result["reply"]).split())
        show(f"  {paint('>', '36')} {message}", colour=colour)
        show(f"    {paint(safe(by + needs), '2')}", colour=colour)
        show(f"    {safe(reply[:_REPLY_CHARS])}{'…' if len(reply) > _REPLY_CHARS else ''}")
        yield result


async def _dashboard(client: Client) -> list[str]:
    """What `manyeyes://dashboard` says, without its empty lines."""
    read = await client.read_resource("manyeyes://dashboard")
    text = "\n".join(getattr(one, "text", "") for one in read.contents)
    return [f"  {line}" for line in safe(text).split("\n") if line.strip()]


def _for_want_of_a_key(problem: Json) -> bool:
    """Whether a problem says the same in every result: that nobody could be asked."""
    return KEYLESS in str(problem)


def _total(results: Iterable[Mapping[str, Json]]) -> str:
    """What all of it cost; unknown when the cost of a part is."""
    costs = [_object(result["run"])["cost_usd"] for result in results]
    known = [cost for cost in costs if isinstance(cost, int | float)]
    return _dollars(sum(known)) if len(known) == len(costs) else "unknown"


def _first(failures: BaseExceptionGroup[Exception]) -> str:
    """What went wrong, out of the groups that it came in."""
    failure: BaseException = failures
    while isinstance(failure, BaseExceptionGroup):
        failure = failure.exceptions[0]
    return str(failure) or type(failure).__name__


async def _call(client: Client, tool: str, arguments: dict[str, Json]) -> dict[str, Json]:
    """The tool's result.

    Raises:
        _Refused: it could not do it.
    """
    progress = ProgressLine()
    try:
        answer = await client.call_tool(tool, arguments, progress_callback=progress.update)
    finally:
        progress.clear()
    if answer.is_error:
        complain(f"{tool}: " + "\n".join(getattr(block, "text", "") for block in answer.content))
        raise _Refused
    return cast("dict[str, Json]", answer.structured_content)


def _section(tool: str, result: Mapping[str, Json]) -> Iterator[str]:
    verdict = str(result.get("verdict") or "").replace("_", " ")
    yield paint(f"{tool}{': ' if verdict else ''}{verdict}", "1;4")
    yield _choice(_object(result["run"]))
    yield safe(str(result["summary"]))
    yield from _findings(_objects(result.get("findings")))
    document = result.get("document")
    if isinstance(document, str):
        # Anchors and the empty lines around them say nothing on a terminal.
        lines = [line for line in safe(document).split("\n") if line and not line.startswith("<a id=")]
        yield from (f"  {paint('|', '2')} {line}".rstrip() for line in lines[:_DOCUMENT_LINES])
        if len(lines) > _DOCUMENT_LINES:
            yield paint(f"  … {len(lines) - _DOCUMENT_LINES} more lines: manyeyes docs FILE", "2")
    problems = result.get("problems")
    for problem in problems if isinstance(problems, list) else []:
        if not _for_want_of_a_key(problem):
            yield paint("not done: ", "33") + safe(str(problem))


def _choice(run: Mapping[str, Json]) -> str:
    """Who was asked and why, or who would be; and what it took."""
    asked = [f"{one['ref']} as {one['role']}" for one in _objects(run["models"])]
    route = _objects(run["route"])
    taken = next((one for one in route if one["taken"]), None)
    if asked:
        text = f"Asked {', '.join(asked)}" + (f" ({taken['reason']})" if taken else "")
    elif route:
        first = (taken or route[0])["ref"]
        text = f"Evidence alone: {first} did not answer" if taken else f"Evidence alone. {first} would be asked first"
    else:
        text = "No model was needed"
    return paint(safe(f"{text}. Cost {_dollars(run['cost_usd'])}, {run['seconds']} s."), "2")


def _findings(findings: list[dict[str, Json]]) -> Iterator[str]:
    width = shutil.get_terminal_size((120, 24)).columns
    for one in findings[:_FINDINGS]:
        severity = str(one["severity"])
        sources = one["sources"]
        by = ", ".join(map(str, sources)) if isinstance(sources, list) else ""
        cwe = f" {one['cwe']}" if one["cwe"] else ""
        text = safe(f"{one['path']}:{one['start_line']} {one['title']}{cwe} [{by}]")
        yield f"  {paint(severity.upper().ljust(8), _COLOURS[severity])} {text}"
        quote = str(one["quote"]).strip().split("\n")[0]
        if quote:
            yield f"           {paint(safe(quote)[: max(width - 12, 20)], '2')}"
    if len(findings) > _FINDINGS:
        yield paint(f"  … {len(findings) - _FINDINGS} more findings: manyeyes review FILE", "2")


def _has(result: Mapping[str, Json], line: int) -> bool:
    return any(
        one["cwe"] == _FLAW and cast("int", one["start_line"]) <= line <= cast("int", one["end_line"])
        for one in _objects(result["findings"])
    )


def _dollars(cost: Json) -> str:
    if not isinstance(cost, int | float):
        return "unknown"
    return f"${cost:.4f}" if cost else "$0.00"


def _object(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _objects(value: Json) -> list[dict[str, Json]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
