"""The Python SDK's client: does what it is asked to, and prints what it saw as one JSON object.

Usage: `python py_client.py TARGET ERA CODE_FILE [HANGING_VENDOR_URL]`, with arguments as those of `ts_client.mjs`.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import urlopen

import anyio
import anyio.to_thread
from mcp import Client, MCPError, StdioServerParameters

if TYPE_CHECKING:
    from pydantic import BaseModel


def plain(value: BaseModel) -> Any:
    return value.model_dump(by_alias=True, mode="json", exclude_none=True)


async def refused(attempt: Any) -> dict[str, Any] | None:
    try:
        await attempt
    except MCPError as error:
        return {"code": error.error.code, "message": error.error.message}
    return None


async def look(client: Client, code: str) -> dict[str, Any]:
    """Everything once."""
    info = client.server_info
    seen: dict[str, Any] = {"server": plain(info) if info else None, "protocol": client.protocol_version}
    seen["lists"] = {
        **plain(await client.list_tools()),
        **plain(await client.list_resources()),
        **plain(await client.list_resource_templates()),
        **plain(await client.list_prompts()),
    }
    steps = seen["progress"] = []

    async def on_progress(done: float, total: float | None, message: str | None) -> None:
        steps.append(done)

    sample = {"code": code, "language": "python"}
    seen["review"] = plain(await client.call_tool("code_review", sample, progress_callback=on_progress))
    seen["scan"] = plain(await client.call_tool("security_scan", sample))
    seen["docs"] = plain(await client.call_tool("doc_generator", sample))
    run = f"manyeyes://runs/{seen['scan']['structuredContent']['run']['id']}"
    seen["read"] = {
        uri: plain(await client.read_resource(uri))["contents"]
        for uri in ("manyeyes://dashboard", "manyeyes://models", run, f"{run}/sarif")
    }
    seen["prompt"] = plain(await client.get_prompt("document_module", {"path": "server"}))
    seen["badCall"] = plain(await client.call_tool("code_review", {"snippet": code}))
    seen["unknownTool"] = await refused(client.call_tool("no_such_tool", {}))
    seen["unknownResource"] = await refused(client.read_resource("manyeyes://nothing"))
    seen["unknownPrompt"] = await refused(client.get_prompt("no_such_prompt"))
    return seen


async def cancel(client: Client, code: str, vendor: str) -> dict[str, Any]:
    """Give up a call that waits for a vendor who never answers."""
    answers: list[Any] = []

    async def call() -> None:
        answers.append(await client.call_tool("code_review", {"code": code, "language": "python"}))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(call)
        asked = await happened(f"{vendor}/asked")
        tasks.cancel_scope.cancel()
    hung_up = await happened(f"{vendor}/hung-up")
    alive = len((await client.read_resource("manyeyes://dashboard", cache_mode="bypass")).contents)
    return {"asked": asked, "cancelled": not answers, "hungUp": hung_up, "alive": alive}


async def happened(url: str) -> bool:
    def ask() -> bool:
        try:
            with urlopen(url, timeout=30) as answer:
                return answer.status == 204
        except HTTPError:
            return False

    return await anyio.to_thread.run_sync(ask)


async def main(target: str, era: str, code_file: str, vendor: str = "") -> dict[str, Any]:
    server: Any = target
    if not target.startswith("http"):
        server = StdioServerParameters(**json.loads(target), env=dict(os.environ))
    code = await anyio.Path(code_file).read_text()
    async with Client(server, mode=era) as client:
        return await (cancel(client, code, vendor) if vendor else look(client, code))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(anyio.run(main, *sys.argv[1:])))
