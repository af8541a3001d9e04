"""A tool's messages in the words of the command line."""

from __future__ import annotations

import re

_FLAGS = {
    "`code` (with `language`)": "--code-file",
    "`code`": "--code-file",
    "`paths`": "PATH",
    "`diff`": "--diff",
    "`git`": "--git",
    "`language`": "--language",
    "`model`": "--model",
    "`focus`": "--focus",
    "`depth`": "--depth",
    "`format`": "--format",
    "`mode`": "--mode",
    "`scan_type`": "--type",
    "scan_type": "--type",
    "`target_url`": "--target",
    "`prompt`": "PROMPT",
    "`context`": "--context",
    "`media`": "--media",
    "`task_type`": "--task-type",
    "`max_tokens`": "--max-tokens",
    "`message`": "MESSAGE",
    "`conversation_id`": "--conversation",
    "Send ": "Give ",
}
"""Words of the tools' messages, and what the same is called on the command line."""
_CALLED = re.compile(r"\A\w+ cannot be called like this: |\nIt takes: .*\Z")
"""What only an MCP client has a use for."""


def in_flags(message: str) -> str:
    """The message as it helps whoever typed a command."""
    message = _CALLED.sub("", message)
    return re.sub("|".join(map(re.escape, _FLAGS)), lambda match: _FLAGS[match[0]], message)
