"""An MCP server of our own making, by hand and so quick to start: it reads, writes, dies, stalls and floods."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

DIARY = Path(sys.argv[1])
READS = {"readOnlyHint": True}
HINTS = {
    "look": READS,
    "environment": READS,
    "flood": READS,
    "die": READS,
    "stall": READS,
    "fail": READS,
    "write": {"readOnlyHint": False, "destructiveHint": True},
    "both": {"readOnlyHint": True, "destructiveHint": True},
    "unmarked": None,
}


def note(line):
    with DIARY.open("a", encoding="utf-8") as diary:
        diary.write(f"{line}\n")


def run(name, arguments):
    match name:
        case "look":
            note(f"look {arguments['what']}")
            return f"{arguments['what']}: seen"
        case "environment":
            return f"{sorted(os.environ)} {Path.cwd()}"
        case "flood":
            return "password = 'hunter2-Xk29dm'\n" + "x" * 60_000
        case "write":
            note(f"write {arguments['what']}")
            return "written"
        case "die":
            note("die")
            if not arguments.get("once") or DIARY.read_text().count("die") == 1:
                sys.stderr.write("the disk is full\n")
                sys.stderr.flush()
                os._exit(3)
            return "alive"
    return None


def answer(method, params):
    if method == "initialize":
        return {
            "protocolVersion": params["protocolVersion"],
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "lender", "version": "1"},
        }
    if method == "tools/list":
        schema = {"type": "object", "properties": {"what": {"type": "string"}, "once": {"type": "string"}}}
        return {
            "tools": [
                {"name": name, "description": name, "inputSchema": schema, **({"annotations": hints} if hints else {})}
                for name, hints in HINTS.items()
            ]
        }
    text = run(params["name"], params.get("arguments") or {})
    return {"content": [{"type": "text", "text": text or "no such thing"}], "isError": text is None}


note("start")
for line in sys.stdin:
    asked = json.loads(line)
    if "id" not in asked or asked.get("params", {}).get("name") == "stall":
        continue
    reply = {"jsonrpc": "2.0", "id": asked["id"]}
    if asked["method"] in {"initialize", "tools/list", "tools/call"}:
        reply["result"] = answer(asked["method"], asked.get("params", {}))
    else:
        reply["error"] = {"code": -32601, "message": "Method not found"}
    sys.stdout.write(json.dumps(reply) + "\n")
    sys.stdout.flush()
