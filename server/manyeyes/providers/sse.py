"""Server-sent events, straight from the bytes of a response.

The SDKs make a typed object of every event, of which nearly nothing is read here; that is most of the time that they
take.  So the SDK sends the request and answers for its errors, and the body is read by this module.
"""

from __future__ import annotations

from collections.abc import AsyncIterable
from contextlib import suppress
from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    import httpx2

_LAST_BYTES_S = 0.05
"""How long an answer that is whole is held up so that its connection can be used again."""
_MARK = b"\xef\xbb\xbf"
_LINE_ENDS = b"\r\n"


def streamed(response: httpx2.Response) -> bool:
    """Whether the body is a stream: some servers do not know how to and answer with one JSON object all the same."""
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind != "application/json"


async def events(response: httpx2.Response) -> AsyncGenerator[bytes, None]:
    """The data of each event, joined where it has several lines.  Names, ids and comments are passed over.

    Raises:
        httpx2.HTTPError: the connection broke or fell silent.
    """
    rest, data, first = b"", list[bytes](), True
    async for piece in _bytes(response):
        rest += piece
        if first:
            if len(rest) < len(_MARK) and _MARK.startswith(rest):
                continue
            rest, first = rest.removeprefix(_MARK), False
        lines = rest.splitlines(keepends=True)
        # A carriage return at the end may be half of a line's end.
        rest = lines.pop() if lines and not lines[-1].endswith(b"\n") else b""
        for line in lines:
            if line.startswith(b"data:"):
                data.append(_value(line))
            elif data and not line.strip(_LINE_ENDS):
                yield data[0] if len(data) == 1 else b"\n".join(data)
                data.clear()
    if rest.startswith(b"data:"):
        data.append(_value(rest))
    if data:  # some servers leave out the last empty line; one that was cut off is no JSON
        yield b"\n".join(data)


def _bytes(response: httpx2.Response) -> AsyncIterator[bytes]:
    """The body; where it is not compressed from the connection itself, past the library's decoders."""
    if "content-encoding" not in response.headers and isinstance(response.stream, AsyncIterable):
        return aiter(response.stream)
    return response.aiter_bytes()


def _value(line: bytes) -> bytes:
    return line[5:].removeprefix(b" ").rstrip(_LINE_ENDS)


async def read_on(pieces: AsyncGenerator[bytes, None]) -> None:
    """Come to the body's end, which mostly is there already: a connection is used again only after that."""
    from httpx2 import HTTPError

    with anyio.move_on_after(_LAST_BYTES_S), suppress(HTTPError):
        async for _ in pieces:
            pass
