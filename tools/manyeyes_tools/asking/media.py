"""What is given with a question beside its words: files inside the roots and `data:` URLs, as media or as text."""

from __future__ import annotations

import binascii
import mimetypes
from base64 import b64decode
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from manyeyes.errors import BadCall
from manyeyes.types import Media
from manyeyes_tools.roots import Refused, decode, locate, read_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_SIGNS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"%PDF-", "application/pdf"),
    (8, b"WAVE", "audio/wav"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"OggS", "audio/ogg"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftypqt", "video/quicktime"),
    (4, b"ftyp", "video/mp4"),
)
"""How files of a kind begin: at which byte, with what."""
_SPELLINGS = {
    "image/jpg": "image/jpeg",
    "audio/x-wav": "audio/wav",
    "audio/mp3": "audio/mpeg",
    "audio/wave": "audio/wav",
}
_KINDS = ("image/", "audio/", "video/")
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Attached:
    """What came with a question.

    Attributes:
        media: Images, documents, sound and film.
        texts: Name and text of what is text.
    """

    media: tuple[Media, ...] = ()
    texts: tuple[tuple[str, str], ...] = ()


def attach(items: Sequence[str], roots: Sequence[Path], limit: int) -> Attached:
    """Read what was given.  Blocking.

    Args:
        items: Paths, or `data:` URLs.
        roots: The folders that may be read.
        limit: Bytes of all of it together.

    Raises:
        BadCall: something cannot be read, is of no known kind, or it is too much.
    """
    media: list[Media] = []
    texts: list[tuple[str, str]] = []
    left = limit
    for number, item in enumerate(items, 1):
        if item[:5].lower() == "data:":
            name, (told, data) = f"item {number}", _from_url(item, number)
            if len(data) > left:
                raise _too_much(limit)
        else:
            name, told, data = _from_file(item, roots, left, limit)
        left -= len(data)
        kind = sniffed(data) or told
        if kind.startswith(_KINDS) or kind == "application/pdf":
            media.append(Media(_SPELLINGS.get(kind, kind), data))
        else:
            texts.append((name, _text(name, data, kind)))
    return Attached(tuple(media), tuple(texts))


def sniffed(data: bytes) -> str:
    """The media type by how the data begins; empty when that tells nothing."""
    for at, sign, kind in _SIGNS:
        if data.startswith(sign, at) and (at != 8 or data.startswith(b"RIFF")):  # noqa: PLR2004  # inside a RIFF file
            return kind
    return ""


def _from_url(url: str, number: int) -> tuple[str, bytes]:
    head, comma, body = url[5:].partition(",")
    kind, *options = [part.strip().lower() for part in head.split(";")]
    if not comma:
        raise BadCall(f"Item {number} of `media` is no data: URL; send data:image/png;base64,… or a path.")
    if "base64" not in options:
        return kind or "text/plain", unquote_to_bytes(body)
    try:
        return kind or "text/plain", b64decode("".join(body.split()), validate=True)
    except (binascii.Error, ValueError):
        raise BadCall(f"Item {number} of `media` is not valid base64.") from None


def _from_file(name: str, roots: Sequence[Path], left: int, limit: int) -> tuple[str, str, bytes]:
    place = locate(name, roots)
    shown = name if len(name) <= _SHOWN else f"…{name[-_SHOWN:]}"
    try:
        data = read_bytes(place, left)
    except Refused as why:
        if "larger than" in str(why):
            raise _too_much(limit) from None
        raise BadCall(f"`{shown}` cannot be read: {why}.") from None
    kind = mimetypes.guess_type(place.real)[0] or ""
    # Of what the name says only text counts: a picture that does not begin like one is none that a vendor can read.
    return place.relative, kind if kind != "image/svg+xml" else "text/xml", data


def _text(name: str, data: bytes, kind: str) -> str:
    try:
        return decode(data, name)
    except Refused as why:
        told = f" ({kind})" if kind else ""
        raise BadCall(
            f"`{name}`{told} cannot be sent: {why}. Send images, PDF, audio, video or text; convert others."
        ) from None


def _too_much(limit: int) -> BadCall:
    return BadCall(f"`media` is too large: {limit:,} bytes may be sent at once. Send less, or smaller versions.")
