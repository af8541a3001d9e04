from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from manyeyes.providers import anthropic, compatible, google, openai
from manyeyes.providers.faults import LONGEST, Faults, retry_after
from manyeyes.providers.sdk import Timeouts
from manyeyes.settings import Endpoint, Google, OpenAI, Settings, Vendor
from manyeyes.types import ModelRef, Usage

if TYPE_CHECKING:
    from manyeyes.model import Provider

KEY = "sk-canary-0123456789abcdef"
FAULTS = Faults(ModelRef("openai", "gpt"), KEY)
NOON = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "Sun, 22 Nov 2026 12:00:30 GMT"}, 30.0),
        ({"retry-after": "Sun, 22 Nov 2026 12:00:30 -0000"}, 30.0),
        ({"retry-after": "Sun, 22 Nov 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, now=lambda: NOON) == seconds


def test_a_wait_in_the_body_counts_where_there_is_no_header() -> None:
    assert FAULTS.status(429, "slow", headers={}, wait=3.0).retry_after == 3.0
    assert FAULTS.status(429, "slow", headers={"retry-after": "5"}, wait=3.0).retry_after == 5.0
    assert FAULTS.status(429, "slow", wait=3.0).retry_after == 3.0


@pytest.mark.parametrize(
    ("status", "code", "words", "kind"),
    [
        (429, "insufficient_quota", "You exceeded your current quota", AccessDenied),
        (429, "rate_limit_exceeded", "Limit 30000 tokens, context window irrelevant", RateLimited),
        (403, "model_not_found", "Project has no access to model `x`", ModelGone),
        (500, "", "the request exceeds the available context size", ContextTooLong),
        (400, "overloaded_error", "", Overloaded),
        (418, "", "teapot", RequestRejected),
        (599, "", "", VendorFault),
    ],
)
def test_statuses_that_need_a_second_look(status: int, code: str, words: str, kind: type[ModelError]) -> None:
    assert type(FAULTS.status(status, words, code=code)) is kind


@pytest.mark.parametrize(
    ("code", "words", "kind"),
    [
        ("overloaded_error", "Overloaded", Overloaded),
        ("rate_limit_exceeded", "", RateLimited),
        ("server_error", "", VendorFault),
        ("context_length_exceeded", "", ContextTooLong),
        ("invalid_prompt", "", Refused),
        ("bio_policy", "", Refused),
        ("image_too_large", "", RequestRejected),
        ("invalid_request_error", "prompt is too long: 9 tokens > 8", ContextTooLong),
        ("authentication_error", "", AccessDenied),
        ("timeout_error", "", TimedOut),
        ("502", "upstream", VendorFault),
        ("429", "upstream", RateLimited),
        ("", "?", VendorFault),
    ],
)
def test_codes_inside_a_stream(code: str, words: str, kind: type[ModelError]) -> None:
    assert type(FAULTS.coded(code, words)) is kind


def test_a_failed_stream_keeps_its_usage() -> None:
    usage = Usage(input_tokens=3)
    assert FAULTS.coded("server_error", "x", usage=usage).usage == usage
    assert FAULTS.unreadable("x", usage=usage).usage == usage


def test_what_the_http_library_raises() -> None:
    import httpx2

    table: list[tuple[Exception, type[ModelError]]] = [
        (httpx2.ConnectTimeout("x"), Unreachable),
        (httpx2.ReadTimeout("x"), TimedOut),
        (httpx2.PoolTimeout("x"), TimedOut),
        (httpx2.ConnectError("x"), Unreachable),
        (httpx2.ReadError(""), Unreachable),
        (httpx2.RemoteProtocolError(f"peer at https://x/?key={KEY}"), Unreachable),
        (httpx2.DecodingError("x"), BrokenAnswer),
    ]
    for error, kind in table:
        told = FAULTS.transport(error, 2.5)
        assert type(told) is kind
        assert KEY not in str(told)
    assert str(FAULTS.transport(httpx2.ReadError(""), 1)).endswith("ReadError")


@given(st.text(max_size=600), st.text(max_size=600))
def test_no_message_repeats_the_key_or_runs_on(before: str, after: str) -> None:
    line = FAULTS.line(f"{before}{KEY}{after}")
    assert KEY not in line
    assert len(line) <= LONGEST
    assert len(line.splitlines()) <= 1


@pytest.mark.parametrize(
    "words",
    [
        "Incorrect API key provided: sk-proj-********************abcd.",
        "see https://user:secret@host/path?key=abc for more",
        "Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.e30",
        "AIzaSyA-1234567890abcdefghijklmno is not valid",
    ],
)
def test_other_keys_and_addresses_are_masked(words: str) -> None:
    line = FAULTS.line(words)
    assert "[key]" in line or "[address]" in line
    assert not any(secret in line for secret in ("sk-proj", "secret@", "eyJhbG", "AIzaSyA"))


def test_what_the_sdks_raise_beside_statuses() -> None:
    import anthropic as anthropic_sdk
    import httpx2
    import openai as openai_sdk

    request = httpx2.Request("GET", "http://x")
    response = httpx2.Response(200, request=request)
    wire = openai.providers(Settings(openai=OpenAI(key=KEY)))[0].wire
    table: list[tuple[Exception, type[ModelError]]] = [
        (openai_sdk.APITimeoutError(request), Unreachable),
        (openai_sdk.APIResponseValidationError(response, None), BrokenAnswer),
        (openai_sdk.OpenAIError("no credentials"), AccessDenied),
        (httpx2.ReadTimeout("x"), TimedOut),
    ]
    for error, kind in table:
        assert type(wire.explained(FAULTS.ref, error)) is kind
    table = [
        (anthropic_sdk.APIResponseValidationError(response, None), BrokenAnswer),
        (anthropic_sdk.AnthropicError("no credentials"), AccessDenied),
        (anthropic_sdk.APIConnectionError(request=request), Unreachable),
    ]
    for error, kind in table:
        assert type(anthropic.explained(FAULTS, error, Timeouts())) is kind


@pytest.mark.parametrize(
    "provider",
    [
        *anthropic.providers(Settings(anthropic=Vendor(key=KEY))),
        *openai.providers(Settings(openai=OpenAI(key=KEY))),
        *google.providers(Settings(google=Google(key=KEY))),
        *compatible.providers(Settings(endpoints={"o": Endpoint(url="http://o", key=KEY)})),
    ],
    ids=lambda provider: provider.name,
)
def test_no_key_is_printed_with_a_provider_or_a_model(provider: Provider) -> None:
    assert KEY not in repr(provider) + repr(provider.model("m")) + repr(FAULTS)
