"""What another server's tool gave, as text for a model."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mcp_types import CallToolResult

CHARS = 14_000
"""Characters that one call gives at most."""
READ_CHARS = 4 * CHARS
"""Characters of an output that are looked at at all."""


@dataclass(frozen=True, slots=True)
class Said:
    """A tool's output; `failed` when the tool says that it is an error."""

    text: str
    failed: bool = False


def said(result: CallToolResult) -> Said:
    """The result's text, bounded roughly, to be masked and cut to size.

    What is no text is named, not given; a server may leave text out for structure.
    """
    text = "\n".join(_texts(result)).strip()
    if not text and result.structured_content is not None:
        text = json.dumps(result.structured_content, ensure_ascii=False)
    return Said(text[:READ_CHARS] or "(nothing)", failed=bool(result.is_error))


def bounded(text: str) -> str:
    """The text, cut where it is too long, and saying so."""
    if len(text) <= CHARS:
        return text
    return f"{text[:CHARS]}\n[cut here, there is more; ask for a part]"


def _texts(result: CallToolResult) -> Iterator[str]:
    from mcp_types import AudioContent, EmbeddedResource, ImageContent, TextContent, TextResourceContents

    for one in result.content:
        match one:
            case TextContent():
                yield one.text
            case ImageContent() | AudioContent():
                yield f"[{one.mime_type}, {len(one.data) * 3 // 4:,} bytes, not shown]"
            case EmbeddedResource():
                inner = one.resource
                yield inner.text if isinstance(inner, TextResourceContents) else f"[{inner.uri}, not shown]"
            case _:
                yield f"[{one.uri}]"
