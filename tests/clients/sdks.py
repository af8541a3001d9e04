"""The official TypeScript and Python clients, over stdio and HTTP, in both eras of the protocol."""

from __future__ import annotations

import json
from contextlib import contextmanager
from functools import partial
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clients.harness import CODE, EVAL_LINE, SQL_LINE, HangingVendor, Place, check, http_server, node
from clients.seen import check_documentation, check_findings, check_lists, check_progress, check_resources

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).resolve().parent
INVALID_PARAMS = -32602
ERAS = {"legacy": "2025-11-25", "auto": "2026-07-28"}
"""How both clients are told which era to speak, and the version that they must have spoken then."""


def typescript(place: Place) -> list[str | Path]:
    return [node(".bin", "node"), HERE / "ts_client.mjs"]


def python(place: Place) -> list[str | Path]:
    return [place.manyeyes.with_name("python"), HERE / "py_client.py"]


def talk(client: Callable[[Place], list[str | Path]], transport: str, era: str, place: Place) -> str:
    """Have a client do everything once, then cancel a call, and look at what it saw."""
    sample = place.home / "sample.py"
    sample.write_text(CODE)
    with target(place, transport) as server:
        output = place.run(*client(place), server, era, sample)
    look(json.loads(output.expect(0, "the client").stdout), era)
    vendor = HangingVendor()
    with vendor.serve() as hanging, target(place, transport, **hanging) as server:
        output = place.run(*client(place), server, era, sample, vendor.url, **hanging)
    look_at_cancelling(json.loads(output.expect(0, "the client that cancels").stdout))
    return "lists, 3 tools, progress, 4 resources, a prompt, 4 bad requests, cancelling stops the vendor"


@contextmanager
def target(place: Place, transport: str, **extra: str) -> Iterator[str]:
    """What a client connects to: an address, or a command as JSON that it starts itself."""
    if transport == "http":
        with http_server(place, **extra) as url:
            yield url
    else:
        yield json.dumps({"command": str(place.manyeyes), "args": ["serve"]})


def look(seen: dict[str, Any], era: str) -> None:
    check(seen["server"]["name"] == "manyeyes", f"connected to {seen['server']}")
    check(seen["protocol"] == ERAS[era], f"spoke {seen['protocol']} instead of {ERAS[era]}")
    check_lists(seen["lists"])
    check_findings(seen["review"], SQL_LINE, EVAL_LINE)
    check_progress(seen["progress"])
    check_findings(seen["scan"], SQL_LINE, EVAL_LINE)
    check_documentation(seen["docs"])
    check_resources(seen["read"].__getitem__, seen["scan"]["structuredContent"]["run"]["id"])
    check('paths=["server"]' in seen["prompt"]["messages"][0]["content"]["text"], "the prompt lacks the path")
    check(seen["badCall"]["isError"] and "snippet" in seen["badCall"]["content"][0]["text"], "a bad call passed")
    for attempt in ("unknownTool", "unknownResource", "unknownPrompt"):
        error = seen[attempt]
        check(error is not None and error["code"] == INVALID_PARAMS, f"{attempt}: {error}")


def look_at_cancelling(seen: dict[str, Any]) -> None:
    check(seen["asked"], "the vendor was never asked")
    check(seen["cancelled"], "a cancelled call answered")
    check(seen["hungUp"], "the vendor still works for a call that was cancelled")
    check(seen["alive"], "the server is gone after a cancelled call")


SCENARIOS: dict[str, Callable[[Place], str]] = {
    f"{client.__name__}-{transport}-{'legacy' if era == 'legacy' else 'modern'}": partial(talk, client, transport, era)
    for client, transport, era in product((typescript, python), ("stdio", "http"), ERAS)
}
