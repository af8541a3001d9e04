"""`manyeyes call`: one tool call through a real MCP client in memory, for scripts."""

from __future__ import annotations

import argparse
import json
import sys
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, cast

from manyeyes.cli.exits import NOT_DONE, WRONG_USE, code_for
from manyeyes.cli.reading import read_text
from manyeyes.cli.screen import ProgressLine, complain, show
from manyeyes.errors import BadCall

if TYPE_CHECKING:
    from manyeyes.cli.verbs import Options, Verbs
    from manyeyes.desk import Desk
    from manyeyes.types import Json

_MOST_ARGUMENTS = 20_000_000


def add(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "call",
        help="call one tool as an MCP client does and print the result as JSON",
        description="Call one tool through the MCP protocol, in memory, and print its structured result as one JSON "
        "object on stdout. Progress goes to stderr.",
        epilog="examples:\n"
        '  manyeyes call security_scan --args \'{"paths": ["src"]}\'\n'
        '  manyeyes call security_scan --args \'{"code": "eval(x)", "language": "python"}\'\n'
        "  manyeyes call code_review --args @arguments.json\n"
        '  echo \'{"git": "working"}\' | manyeyes call code_review --args -',
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("tool", metavar="TOOL", help="the tool's name, such as code_review")
    parser.add_argument(
        "--args", default="{}", metavar="JSON", dest="values", help="its arguments: JSON, @FILE, or - for stdin"
    )
    parser.add_argument("--progress", action="store_true", help="tell the progress even where there is no terminal")
    parser.set_defaults(run=run)


def run(options: Options) -> int:
    """Call the tool and print what it returned."""
    from manyeyes.cli.session import with_desk  # only to work, not for help

    tool: str = options.tool
    values = read_arguments(options.values)

    async def work(desk: Desk) -> int:
        return await _call(desk, tool, values, ProgressLine(wanted=options.progress))

    return with_desk(work)


def read_arguments(text: str) -> dict[str, Json]:
    """The arguments from JSON, `@FILE` or `-`.

    Raises:
        BadCall: they cannot be read or are no JSON object.
    """
    try:
        if text == "-":
            text = sys.stdin.read(_MOST_ARGUMENTS)
        elif text.startswith("@"):
            text = read_text(text[1:])
    except (OSError, UnicodeDecodeError) as error:
        raise BadCall(f"--args {text} cannot be read: {error}") from None
    try:
        values = cast("Json", json.loads(text))
    except (ValueError, RecursionError) as error:
        raise BadCall(f'--args is not JSON: {error}. Write for example --args \'{{"paths": ["src"]}}\'') from None
    if not isinstance(values, dict):
        raise BadCall('--args must be a JSON object, such as \'{"paths": ["src"]}\'.')
    return values


def _kept_apart(desk: Desk, tool: str) -> str:
    """How to switch on a tool that is installed and of a toolset that is not; empty when it is none."""
    entry = next(iter(entry_points(group="manyeyes.tools", name=tool)), None)
    if entry is None or tool in desk.tools:
        return ""
    toolsets = ",".join((*desk.settings.toolsets, entry.load().toolset))
    return f"`{tool}` is installed and not switched on: set MANYEYES_TOOLSETS={toolsets}"


async def _call(desk: Desk, tool: str, values: dict[str, Json], progress: ProgressLine) -> int:
    from mcp.client import Client  # slow to import
    from mcp.shared.exceptions import MCPError

    from manyeyes.app import build

    async with Client(build(desk)) as client:
        try:
            answer = await client.call_tool(tool, values, progress_callback=progress.update)
        except MCPError as error:
            complain(error.message)
            if kept := _kept_apart(desk, tool):
                complain(kept)
            return WRONG_USE
        finally:
            progress.clear()
    if answer.is_error:
        complain("\n".join(getattr(block, "text", "") for block in answer.content))
        return NOT_DONE if (answer.meta or {}).get("manyeyes/error") in {"no_answer", "internal"} else WRONG_USE
    result = cast("Json", answer.structured_content)
    show(json.dumps(result, ensure_ascii=False))
    return code_for(result, fail_on=None, models_at_hand=bool(desk.providers))
