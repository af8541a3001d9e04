"""From what a vendor's SDK raises to the project's own errors: by status, by code, by what the vendor said.

No message made here holds a key, an address or more than a line of the vendor's words.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from manyeyes.errors import (
    AccessDenied,
    BrokenAnswer,
    ContextTooLong,
    ModelError,
    ModelGone,
    Overloaded,
    RateLimited,
    Refused,
    RequestRejected,
    TimedOut,
    Unreachable,
    VendorFault,
)
from manyeyes.providers.rate_headers import Said, rate_limits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from manyeyes.types import ModelRef, Usage

LONGEST = 200
"""How many characters of a vendor's own words a message repeats."""

_ADDRESS = re.compile(r"\b[a-z][a-z+.-]*://\S+", re.IGNORECASE)
_KEYLIKE = re.compile(r"\b(?:(?:sk|pk|rk|gsk|xai|key)[-_]|AIza|Bearer )[A-Za-z0-9*._-]{12,}")

# The vendors' ways to say that the prompt does not fit: Anthropic, OpenAI and its imitators, Google, llama.cpp, vLLM.
_TOO_LONG = re.compile(
    r"prompt is too long|input is too long|context_length_exceeded|maximum context length|context window|context size"
    r"|exceed_context_size|input token count|exceeds the maximum number of tokens|model_max_prompt_tokens"
    r"|string_above_max",
    re.IGNORECASE,
)
_NO_ACCESS = re.compile(
    r"insufficient_quota|api[ _]key not valid|API_KEY_INVALID|credit balance is too low|location is not supported"
    r"|billing_hard_limit|invalid_api_key",
    re.IGNORECASE,
)
_GONE = re.compile(
    r"model_not_found|model_deprecated"
    r"|model [^.]{0,80}(?:does not exist|not found|has been (?:retired|deprecated|shut down))",
    re.IGNORECASE,
)
_FILTERED = re.compile(
    r"content_policy_violation|content_filter|invalid_prompt|ResponsibleAIPolicyViolation|bio_policy|misalignment_policy"
)
_BAD_INPUT = re.compile(r"(?:invalid|image|unsupported|empty_image|failed_to_download)_")

_BY_STATUS: Mapping[int, type[ModelError]] = {
    401: AccessDenied,
    402: AccessDenied,
    403: AccessDenied,
    404: ModelGone,
    408: TimedOut,
    409: Overloaded,
    410: ModelGone,
    413: ContextTooLong,
    425: Overloaded,
    429: RateLimited,
    503: Overloaded,
    529: Overloaded,
}
_BY_CODE: Mapping[str, type[ModelError]] = {
    "api_error": VendorFault,
    "authentication_error": AccessDenied,
    "billing_error": AccessDenied,
    "context_length_exceeded": ContextTooLong,
    "invalid_request_error": RequestRejected,
    "not_found_error": ModelGone,
    "overloaded_error": Overloaded,
    "permission_error": AccessDenied,
    "rate_limit_error": RateLimited,
    "rate_limit_exceeded": RateLimited,
    "request_too_large": ContextTooLong,
    "server_error": VendorFault,
    "timeout_error": TimedOut,
    "vector_store_timeout": TimedOut,
}
_FIRST_ERROR_STATUS = 400
_FIRST_SERVER_STATUS = 500
_MEANING: Mapping[type[ModelError], str] = {
    AccessDenied: "access denied",
    ContextTooLong: "the prompt does not fit the model's window",
    ModelGone: "this model is not served",
    Overloaded: "overloaded",
    RateLimited: "rate limit reached",
    Refused: "declined by the vendor's content filter",
    RequestRejected: "the request was not accepted",
    TimedOut: "timed out",
    VendorFault: "the vendor failed",
}


@dataclass(frozen=True, slots=True)
class Faults:
    """Makes the errors of one model's calls.  `secret` is the key, which no message may repeat."""

    ref: ModelRef
    secret: str = field(default="", repr=False)

    def line(self, words: object) -> str:
        """A vendor's words as one line without the key, without addresses, cut to `LONGEST` characters."""
        text = " ".join(str(words or "").split())
        if self.secret:
            text = text.replace(self.secret, "[key]")
        text = _KEYLIKE.sub("[key]", _ADDRESS.sub("[address]", text))
        return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"

    def status(
        self,
        status: int,
        words: object,
        *,
        code: str = "",
        headers: Said | None = None,
        wait: float | None = None,
    ) -> ModelError:
        """The error for an HTTP status, the vendor's code and its words.  `wait` is a delay asked for in the body."""
        kind = _kind(status, code, f"{code} {words}")
        after = wait if headers is None else retry_after(headers, default=wait)
        failure = kind(self.ref, self._tell(kind, words, status), status=status, retry_after=after)
        failure.limits = None if headers is None else rate_limits(headers)
        return failure

    def coded(self, code: str, words: object, *, usage: Usage | None = None) -> ModelError:
        """The error for one that arrived inside a stream, where the status was 200 and only a code tells."""
        if code.isdecimal() and int(code) >= _FIRST_ERROR_STATUS:
            return self.status(int(code), words)
        kind = _BY_CODE.get(code) or (RequestRejected if _BAD_INPUT.match(code) else VendorFault)
        said = f"{code} {words}"
        if kind in {RequestRejected, VendorFault, RateLimited}:
            kind = _kind_by_words(said) or kind
        return kind(self.ref, self._tell(kind, words, None), usage=usage)

    def no_connection(self, error: Exception) -> ModelError:
        """The connection could not be made or broke."""
        import httpx2

        broke = Unreachable(self.ref, f"no connection, or it broke: {self.line(error) or type(error).__name__}")
        broke.lost = isinstance(error, httpx2.ReadError | httpx2.RemoteProtocolError)
        return broke

    def silence(self, seconds: float) -> ModelError:
        """Nothing came for so long."""
        return TimedOut(self.ref, f"nothing came for {seconds:g} s")

    def unreadable(self, why: str, *, usage: Usage | None = None) -> ModelError:
        """The body or stream cannot be read, or ended early."""
        return BrokenAnswer(self.ref, self.line(why), usage=usage)

    def transport(self, error: Exception, stall: float) -> ModelError:
        """The error for one that the HTTP library raised and the SDK let through."""
        import httpx2

        match error:
            case httpx2.ConnectTimeout():
                return Unreachable(self.ref, "no connection could be made in time")
            case httpx2.TimeoutException():
                return self.silence(stall)
            case httpx2.DecodingError() | httpx2.TooManyRedirects():
                return self.unreadable(f"the answer cannot be read: {type(error).__name__}")
            case _:
                return self.no_connection(error)

    def _tell(self, kind: type[ModelError], words: object, status: int | None) -> str:
        said = self.line(words)
        meaning = _MEANING.get(kind, "the call failed") + (f" ({status})" if status else "")
        return f"{meaning}: {said}" if said else meaning


def _kind(status: int, code: str, said: str) -> type[ModelError]:
    kind = _BY_STATUS.get(status)
    if kind is None:
        kind = VendorFault if status >= _FIRST_SERVER_STATUS else _BY_CODE.get(code, RequestRejected)
    # A rate limit speaks of tokens too, and some servers report a prompt that is too long as their own fault.
    if kind in {RequestRejected, VendorFault}:
        return _kind_by_words(said) or kind
    if kind is RateLimited and _NO_ACCESS.search(said):
        return AccessDenied
    if kind is AccessDenied and _GONE.search(said):
        return ModelGone
    return kind


def _kind_by_words(said: str) -> type[ModelError] | None:
    for pattern, kind in (
        (_TOO_LONG, ContextTooLong),
        (_NO_ACCESS, AccessDenied),
        (_GONE, ModelGone),
        (_FILTERED, Refused),
    ):
        if pattern.search(said):
            return kind
    return None


def retry_after(
    headers: Said, *, default: float | None = None, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> float | None:
    """The seconds a vendor asks to wait, from `retry-after-ms` or `retry-after` (seconds or an HTTP date)."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    seconds = _number(value)
    if seconds is not None or value is None:
        return default if seconds is None else seconds
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return default
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now()).total_seconds())


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
