"""What may be probed, and how."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from manyeyes.settings.addresses import web_address
from manyeyes.settings.headers import check_headers, header_lines, secrets_in
from manyeyes.settings.section import Section


class Dast(Section):
    """What `scan_type: dast` may send, and where.  Nothing is probed that is not listed, loopback included.

    Attributes:
        targets: Origins that may be probed, each with scheme, host and port: `http://127.0.0.1:8000`.
        unsafe_methods: Whether POST, PUT, PATCH and DELETE may be sent; they change what the application stores.
        requests_per_second: No more requests than this in a second.
        max_requests: No more requests than this in one scan.
        max_seconds: Seconds after which a scan sends nothing more.
        max_pages: No more pages than this are read to find inputs.
        timeout_s: Seconds that one answer may take.
        callback: `http://host:port` at which the target reaches this machine: a listener is opened there to hear
            whether the target asks for an address it was given. Not needed where the target is on loopback.
        headers: Sent with each request, to probe as someone who is logged in; the variable has one `Name: value` a
            line. `$NAME` in a value is the variable NAME, `$$` a dollar sign. They are in no result and no log.
        headers_for: Which of several `targets` gets them.
        engines: Other people's scanners to run as well, held to the same bounds: `wapiti`, `schemathesis`.
        wapiti: Its program: a name on the `PATH`, or an absolute path.
        schemathesis: Likewise; it is also found where Many Eyes is installed.
    """

    targets: tuple[str, ...] = ()
    unsafe_methods: bool = False
    requests_per_second: float = Field(default=20.0, gt=0)
    max_requests: int = Field(default=3_000, gt=0)
    max_seconds: float = Field(default=240.0, gt=0)
    max_pages: int = Field(default=100, gt=0)
    timeout_s: float = Field(default=10.0, gt=0)
    callback: str | None = None
    headers: Mapping[str, SecretStr] = {}
    headers_for: str | None = None
    engines: tuple[Literal["wapiti", "schemathesis"], ...] = ()
    wapiti: str = Field(default="wapiti", min_length=1)
    schemathesis: str = Field(default="schemathesis", min_length=1)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What of the headers must be shown nowhere: their values, and the words and cookies that these consist of."""
        return secrets_in(self.headers)

    @field_validator("headers", mode="before")
    @classmethod
    def _lines(cls, headers: object) -> object:
        """A variable's lines as a table."""
        return header_lines(headers.splitlines()) if isinstance(headers, str) else headers

    @field_validator("headers")
    @classmethod
    def _fit_to_send(cls, headers: Mapping[str, SecretStr]) -> Mapping[str, SecretStr]:
        check_headers(headers)
        return headers

    @model_validator(mode="after")
    def _whose_headers(self) -> Dast:
        if self.headers_for is not None and self.headers_for.rstrip("/") not in self.targets:
            raise ValueError("has `headers_for`, which must be one of `targets`")
        if self.headers and self.headers_for is None and len(self.targets) > 1:
            raise ValueError("has `headers` and several `targets`: say in `headers_for` which of them gets the headers")
        return self

    @field_validator("targets")
    @classmethod
    def _origins(cls, targets: tuple[str, ...]) -> tuple[str, ...]:
        for target in targets:
            parts = urlsplit(web_address(target))
            if parts.path or parts.query or parts.fragment or parts.username is not None:
                raise ValueError("must be origins such as http://127.0.0.1:8000, without a path or a user")
        return tuple(target.rstrip("/") for target in targets)

    @field_validator("callback")
    @classmethod
    def _listener(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(web_address(url))
        if parts.scheme != "http" or parts.port is None or parts.path.strip("/"):
            raise ValueError("must be an address such as http://192.0.2.10:8099, with a port and without a path")
        return web_address(url)
