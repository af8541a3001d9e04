"""Headers that an operator sets: read from lines, held to what may be sent, and their secrets told apart."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from manyeyes.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic import SecretStr

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_OWN_HEADERS = frozenset({"host", "content-length", "transfer-encoding", "connection", "accept-encoding", "te"})
_OPEN_HEADERS = frozenset(
    {"accept", "accept-language", "cache-control", "content-type", "origin", "referer", "user-agent"}
    | {"x-requested-with"}
)
"""What anyone sends: masked, it would spoil every text."""
_SHORTEST_PART = 8
"""Characters of a header's part that is masked by itself; shorter ones are ordinary words."""
_VARIABLE_IN = re.compile(r"\$(?:\$|\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))")


def header_lines(lines: Iterable[str]) -> dict[str, str]:
    """Headers from lines such as `Name: value`.

    Raises:
        ValueError: a line is none; it is not repeated, since it may hold a secret.
    """
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if line.strip():
            if not colon or not name.strip():
                raise ValueError("must be lines such as `Authorization: Bearer $TOKEN`")
            headers[name.strip()] = value.strip()
    return headers


def with_variables(text: str, environ: Mapping[str, str]) -> str:
    """A text with `$NAME` and `${NAME}` replaced by what the variable holds, and `$$` by a dollar sign.

    Raises:
        SettingsError: a variable is not set.
    """

    def held(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if name is None:
            return "$"
        if not environ.get(name):
            raise SettingsError(f"A header names ${name}, which is not set. Set it; a dollar sign is written $$.")
        return environ[name].strip()

    return _VARIABLE_IN.sub(held, text)


def check_headers(headers: Mapping[str, SecretStr]) -> None:
    """Hold headers to what may be sent.

    Raises:
        ValueError: a name is none or is for the client to set, or a value cannot be sent; no value is repeated.
    """
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _OWN_HEADERS:
            raise ValueError(f"cannot have the header {name!r}")
        text = value.get_secret_value()
        if not text or not text.isascii() or not text.isprintable():
            raise ValueError(f"must have a value in one line of plain ASCII for {name}")


def secrets_in(headers: Mapping[str, SecretStr]) -> tuple[str, ...]:
    """What of headers must be shown nowhere: their values, and the words and cookies that these consist of."""
    given = [one.get_secret_value() for name, one in headers.items() if name.lower() not in _OPEN_HEADERS]
    parts = [_value_in(part) for value in given for part in re.split(r"[\s;,]+", value)]
    return tuple(dict.fromkeys([*given, *(part for part in parts if len(part) >= _SHORTEST_PART)]))


def _value_in(part: str) -> str:
    """The value of `name=value`, whose name is no secret; anything else as it is, such as a token that ends in `==`."""
    name, _, value = part.partition("=")
    return value.strip('"') if value.strip('="') and re.fullmatch(r"[\w-]{1,40}", name) else part
