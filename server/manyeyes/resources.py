"""What clients can read: the dashboard, the models, and the runs kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import anyio.to_thread
import mcp_types as types

from manyeyes.errors import BadCall

if TYPE_CHECKING:
    from manyeyes.desk import Desk

RESOURCES = (
    types.Resource(
        uri="manyeyes://dashboard",
        name="dashboard",
        title="Dashboard",
        description="Calls, success rate, latency, tokens, cost, cache hits and breakers, by model and tool.",
        mime_type="text/markdown",
    ),
    types.Resource(
        uri="manyeyes://models",
        name="models",
        title="Models",
        description="The models known, their prices, and which can be asked here.",
        mime_type="application/json",
    ),
)
TEMPLATES = (
    types.ResourceTemplate(
        uri_template="manyeyes://runs/{id}",
        name="run",
        title="A run",
        description="The whole result of an earlier tool call, as JSON.",
        mime_type="application/json",
    ),
    types.ResourceTemplate(
        uri_template="manyeyes://runs/{id}/sarif",
        name="run_sarif",
        title="A run as SARIF",
        description="The findings of an earlier run as a SARIF 2.1.0 report.",
        mime_type="application/sarif+json",
    ),
)
_RUNS = "manyeyes://runs/"


async def read_resource(desk: Desk, uri: str) -> list[types.TextResourceContents | types.BlobResourceContents]:
    """The contents of a resource.

    Raises:
        BadCall: there is no such resource.
    """
    if uri == "manyeyes://dashboard":
        text, mime = await anyio.to_thread.run_sync(_dashboard, desk), "text/markdown"
    elif uri == "manyeyes://models":
        text, mime = await anyio.to_thread.run_sync(_models, desk), "application/json"
    elif uri.startswith(_RUNS):
        text, mime = await _run(desk, uri.removeprefix(_RUNS))
    else:
        raise BadCall(f"Unknown resource: {uri[:120]}")
    return [types.TextResourceContents(uri=uri, mime_type=mime, text=text)]


def _dashboard(desk: Desk) -> str:
    from manyeyes.monitor.dashboard import fold
    from manyeyes.monitor.forms import render_text

    dashboard = fold(desk.store.events(), breakers=desk.gateway.breakers.reasons(), notice=desk.store.notice)
    return render_text(dashboard, colour=False)


def _models(desk: Desk) -> str:
    rows = []
    for spec in desk.catalog.models:
        rates = desk.prices.rates(spec.ref)
        rows.append(
            {
                "ref": str(spec.ref),
                "family": spec.family,
                "tier": spec.tier,
                "default": spec.default,
                "available": spec.ref.provider in desk.providers,
                "window": spec.window,
                "modalities": sorted(spec.modalities),
                "aliases": list(spec.aliases),
                "usd_per_million_input": rates.input[0][1] if rates else None,
                "usd_per_million_output": rates.output[0][1] if rates else None,
            }
        )
    return json.dumps(rows, indent=1)


async def _run(desk: Desk, rest: str) -> tuple[str, str]:
    run_id, _, form = rest.partition("/")
    if form not in {"", "sarif"}:
        raise BadCall(f"Unknown resource: {_RUNS}{rest[:80]}")
    tool, result = await desk.stored(run_id)
    if not form:
        record = await desk.record(run_id)
        if record is None:
            return result.model_dump_json(indent=1), "application/json"
        values = {**result.model_dump(mode="json"), "record": record.model_dump(mode="json")}
        return json.dumps(values, indent=1, ensure_ascii=False), "application/json"
    if form not in tool.exports:
        raise BadCall(f"{tool.name} has no {form} report.")
    return tool.export(result, form), "application/sarif+json"
