"""`manyeyes demo`: a sample through all tools, by a real MCP client over stdio, with or without keys."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, cast

from manyeyes import __version__
from manyeyes.cli import demo_page as page
from manyeyes.cli.exits import DONE, FOUND, NOT_DONE
from manyeyes.cli.screen import ProgressLine, complain, folded, paint, room, safe, show, wants_colour
from manyeyes.monitor.columns import plain

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from mcp.client import Client

    from manyeyes.cli.demo_outlook import Outlook
    from manyeyes.cli.verbs import Options, Verbs
    from manyeyes.types import Json

SAMPLE = "payment.py.sample"
"""The same text as `examples/payment.py`; under this name no tool takes it for code of ours."""

SERVER = ("-P", "-m", "manyeyes", "serve")
"""How the server is started.  -P: the working directory is no place to import from."""

_FLAW = "CWE-89"
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
_REMEDY = (
    "No model was asked. To ask one set one of ANTHROPIC_API_KEY, GEMINI_API_KEY, OPENAI_API_KEY, or name an endpoint."
)
_TICK_S = 1.0


def add(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "demo",
        help="show the tools at work on a sample, with or without keys",
        description="Start the server as an MCP client does and send a small payment module through the pipeline of "
        "code_review, security_scan and doc_generator, then through the parallel analysis and, where several vendors "
        "can be asked, before a panel; hold a conversation with customer_service; show the dashboard. Without keys the "
        "engines on this machine answer alone. With keys the models that the router chooses are asked: what that "
        "costs is told and asked about before, bounded, and told again after.",
        epilog="examples:\n  manyeyes demo\n  manyeyes demo --local\n  manyeyes demo --yes --max-usd 0.50\n\n"
        "It exits with 1 when the SQL injection of the sample is not found on its line.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--yes", action="store_true", help="do not ask before models that cost money are asked")
    parser.add_argument("--max-usd", type=_usd, metavar="USD", help="spend no more than this; 2 unless you say so")
    parser.add_argument("--local", action="store_true", help="ask only models on this machine, which costs nothing")
    parser.add_argument("--json", action="store_true", help="print all results as one JSON object")
    parser.add_argument("--no-color", action="store_true", help="no colours")
    parser.set_defaults(run=run)


def run(options: Options) -> int:
    """Run the demonstration.

    Raises:
        BadCall: the person at the terminal does not want it, or nobody is there to ask.
        SettingsError: the operator's settings cannot be used.
    """
    import anyio  # not needed to read the command line

    from manyeyes.cli import demo_outlook as before  # as above
    from manyeyes.settings import load

    environ = before.without_remote() if options.local else dict(os.environ)
    settings = load(environ)
    expected = before.outlook(settings)
    if before.consent(options, expected) == "local":
        environ = before.without_remote()
        settings = load(environ)
        expected = before.outlook(settings)
    with tempfile.TemporaryDirectory(prefix="manyeyes-demo-", ignore_cleanup_errors=True) as folder:
        sample = files("manyeyes.cli").joinpath(SAMPLE).read_text(encoding="utf-8")
        project, knowledge = Path(folder, "project"), Path(folder, "knowledge")
        for made in (project, knowledge):
            made.mkdir()
        (project / "payment.py").write_text(sample, encoding="utf-8")
        told = files("manyeyes.cli").joinpath(_KNOWLEDGE).read_text(encoding="utf-8")
        (knowledge / "shop.md").write_text(told, encoding="utf-8")
        environ |= {
            "MANYEYES_ROOTS": str(project),
            "MANYEYES_TOOLSETS": "default,support",
            "MANYEYES_SUPPORT_KNOWLEDGE": str(knowledge),
        }
        if expected.free:
            # A sample says nothing of the user's own work, so it leaves nothing in the user's statistics.
            environ["MANYEYES_STATE_URL"] = f"sqlite:///{Path(folder, 'state', 'state.db').as_posix().lstrip('/')}"
        else:  # money is counted in the user's own books
            environ |= before.limits(settings, before.most_usd(options, expected))
        most = None if expected.free else before.most_usd(options, expected)
        colour = wants_colour(sys.stdout, refused=options.no_color)
        shown = Demonstration(environ, project, expected, most, colour=colour, quiet=options.json)
        return anyio.run(shown.run, sample)


class _Refused(Exception):
    """A tool could not do it; it was said why."""


@dataclass(slots=True)
class Demonstration:
    """One showing.

    Attributes:
        environ: What the server is started with.
        folder: The sample's.
        expected: Who would be asked.
        most: What may be spent, in US dollars; None where there is no limit.
        colour: Whether to colour.
        quiet: Whether to print one JSON object at the end instead of telling as it goes.
        results: What the tools gave, by part; a list for the conversation.
    """

    environ: dict[str, str]
    folder: Path
    expected: Outlook
    most: float | None
    colour: bool
    quiet: bool
    results: dict[str, list[dict[str, Json]]] = field(default_factory=dict)
    record: dict[str, Json] = field(default_factory=dict)
    dashboard: str = ""

    async def run(self, sample: str) -> int:
        """Show all parts; the exit code."""
        from mcp.client import Client  # slow to import
        from mcp.client.stdio import StdioServerParameters, stdio_client
        from mcp.shared.exceptions import MCPError

        server = StdioServerParameters(command=sys.executable, args=list(SERVER), env=self.environ, cwd=self.folder)
        started = time.monotonic()
        try:
            async with Client(stdio_client(server, errlog=sys.stderr)) as client:
                self._open(client)
                await self._pipeline(client)
                await self._parallel(client)
                if self.expected.panel > 1:
                    await self._panel(client)
                await self._conversation(client)
                await self._dashboard(client)
        except* (MCPError, OSError) as failures:
            complain(f"The server did not answer as it should: {_first(failures)}")
            self.results.clear()
        except* _Refused:
            self.results.clear()
        if not self.results:
            return NOT_DONE
        return self._close(sample, time.monotonic() - started)

    def _open(self, client: Client) -> None:
        about = f"payment.py through the server over stdio, MCP {client.protocol_version}"
        self._tell([f"{paint(f'Many Eyes {__version__} demo', '1')}: {about}"])
        if self.expected.models:
            usd = self.expected.usd
            price = "nothing is spent" if usd == 0 else "cost unknown" if usd is None else f"about ${usd:.2f}"
            price += "" if self.most is None else f", at most ${self.most:.2f}"
            self._tell([safe(f"Models: {', '.join(self.expected.models)} ({price})")])

    def _close(self, sample: str, seconds: float) -> int:
        every = [one for part in self.results.values() for one in part]
        flaw = next(number for number, line in enumerate(sample.splitlines(), 1) if 'f"SELECT' in line)
        found = _has(page.object_of(self.results["pipeline"][0]["security"]), flaw)
        if self.quiet:
            whole = {**self.results, "exchange": self.record, "dashboard": self.dashboard, "found": found}
            show(json.dumps({**whole, "seconds": round(seconds, 1)}))
            return DONE if found else FOUND
        self._tell([f"\nCost of all: {page.spent(every)}. {seconds:.1f} s, the server's start included."])
        if not self.expected.models:
            kept = self.environ.get("MANYEYES_PRIVACY") == "local-only"
            self._tell(["No model on this machine is named, so none was asked." if kept else _REMEDY])
        if not found:
            complain(f"The SQL injection on line {flaw} of the sample was not found.")
            return FOUND
        self._tell([paint(f"The SQL injection was found on its line, payment.py:{flaw}.", "32")])
        return DONE

    async def _pipeline(self, client: Client) -> None:
        """The three tools in order, each told what the earlier ones found."""
        result = await self._call("pipeline", client, "code_pipeline", {"paths": ["payment.py"], "mode": _SEQUENTIAL})
        reviewed, scanned, documented = (
            page.object_of(result.get(part)) for part in ("review", "security", "documentation")
        )
        ended = 0.0
        for step, lines in (
            (reviewed, page.review),
            (scanned, lambda told, **took: page.security(told, reviewed, **took)),
            (documented, page.documentation),
        ):
            if step:  # one that could not be done is told among the problems of the whole
                now = page.seconds_of(page.object_of(step["run"]))  # since the start of the pipeline
                self._tell(lines(step, usd=page.used(step), seconds=max(now - ended, 0.0)))
                ended = now
        told = {line for step in (reviewed, scanned, documented) for line in page.remarks(step)}
        self._tell(line for line in page.remarks(result) if not any(_same(line, one) for one in told))

    async def _parallel(self, client: Client) -> None:
        """Review, security and best practices at the same time."""
        arguments: dict[str, Json] = {"paths": ["payment.py"], "mode": _PARALLEL}
        self._tell(page.parallel(await self._call("parallel", client, "code_pipeline", arguments)))

    async def _panel(self, client: Client) -> None:
        """A model of each vendor, who then judge each other."""
        result = await self._call("panel", client, "code_review", {"paths": ["payment.py"], "depth": "panel"})
        whole = await _read(client, f"manyeyes://runs/{page.object_of(result['run'])['id']}")
        self.record = page.object_of(page.object_of(json.loads(whole)).get("record"))
        self._tell(page.panel(result, self.record))

    async def _conversation(self, client: Client) -> None:
        """A customer's six messages."""
        self._tell([page.heading("customer_service")])
        known: dict[str, Json] = {}
        for message in _TURNS:
            result = await self._call("conversation", client, "customer_service", {"message": message, **known})
            known = {"conversation_id": result["conversation_id"]}
            self._tell(page.turn(message, result))

    async def _dashboard(self, client: Client) -> None:
        """What `manyeyes://dashboard` says, without its empty lines."""
        from manyeyes.monitor.forms import refitted  # only to show, not for help

        self.dashboard = await _read(client, "manyeyes://dashboard")
        self._tell([page.heading("Dashboard")])
        width = room()
        shown = refitted(safe(self.dashboard), None if width is None else width - 2)
        self._tell(f"  {line}" for line in shown.split("\n") if line.strip())

    async def _call(self, part: str, client: Client, tool: str, arguments: dict[str, Json]) -> dict[str, Json]:
        """The tool's result.

        Raises:
            _Refused: it could not do it.
        """
        async with _waiting() as waiting:
            answer = await client.call_tool(tool, arguments, progress_callback=waiting.update)
        if answer.is_error:
            complain(f"{tool}: " + "\n".join(getattr(block, "text", "") for block in answer.content))
            raise _Refused
        result = cast("dict[str, Json]", answer.structured_content)
        self.results.setdefault(part, []).append(result)
        return result

    def _tell(self, lines: list[str] | Iterator[str]) -> None:
        if not self.quiet:
            for line in lines:
                quoted = plain(line).lstrip().startswith("|")  # a line of a document stands as it is
                show(line if quoted else folded(line), colour=self.colour)


@dataclass(slots=True)
class _Waiting:
    """A progress line that also tells how long it has been, so that a slow model does not look like a dead one."""

    line: ProgressLine = field(default_factory=ProgressLine)
    began: float = field(default_factory=time.monotonic)
    latest: tuple[float, float | None, str] = (0.0, None, "")

    async def update(self, progress: float, total: float | None, message: str | None) -> None:
        """Show how far it is."""
        self.latest = (progress, total, message or "")
        await self.tick()

    async def tick(self) -> None:
        """Show how long it has been."""
        progress, total, message = self.latest
        await self.line.update(progress, total, f"{message} ({time.monotonic() - self.began:.0f} s)")


@asynccontextmanager
async def _waiting() -> AsyncIterator[_Waiting]:
    import anyio  # loaded by now

    waiting = _Waiting()

    async def clock() -> None:
        while True:
            await anyio.sleep(_TICK_S)
            await waiting.tick()

    async with anyio.create_task_group() as group:
        group.start_soon(clock)
        try:
            yield waiting
        finally:
            group.cancel_scope.cancel()
            waiting.line.clear()


async def _read(client: Client, uri: str) -> str:
    read = await client.read_resource(uri)
    return "\n".join(getattr(one, "text", "") for one in read.contents)


def _same(line: str, other: str) -> bool:
    """Whether one says what the other says: the whole tells a step's problem with the step's name before it."""
    return line.rpartition("  ")[2].endswith(other.rpartition("  ")[2])


def _first(failures: BaseExceptionGroup[Exception]) -> str:
    """What went wrong, out of the groups that it came in."""
    failure: BaseException = failures
    while isinstance(failure, BaseExceptionGroup):
        failure = failure.exceptions[0]
    return str(failure) or type(failure).__name__


def _has(result: dict[str, Json], line: int) -> bool:
    return any(
        one["cwe"] == _FLAW and cast("int", one["start_line"]) <= line <= cast("int", one["end_line"])
        for one in page.objects(result.get("findings"))
    )


def _usd(text: str) -> float:
    """An amount of US dollars, not below 0."""
    try:
        amount = float(text.removeprefix("$"))
    except ValueError:
        amount = -1.0
    if not 0 <= amount < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not an amount of US dollars, such as 0.50")
    return amount
