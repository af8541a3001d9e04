"""The vendors' rate limit headers, through their real SDKs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import anyio
import pytest

from manyeyes.errors import RateLimited
from manyeyes.model import no_pulse
from manyeyes.types import Allowance, Message, Request

if TYPE_CHECKING:
    from manyeyes.model import Provider
    from wire.doubles import Double
    from wire.vendors import VendorWords

pytestmark = pytest.mark.anyio
ASK = Request(messages=(Message(role="user", text="hello"),))
HEADERS = {
    f"{prefix}-{first}-{second}": value
    for kind, left in (("requests", "7"), ("tokens", "400"))
    for part, value in (("limit", "1000"), ("remaining", left), ("reset", "30s"))
    for prefix, first, second in (("x-ratelimit", part, kind),)
} | {
    f"anthropic-ratelimit-{kind}-{part}": value
    for kind, left in (("requests", "7"), ("tokens", "400"))
    for part, value in (("limit", "1000"), ("remaining", left), ("reset", "30s"))
}


async def test_an_answer_and_an_error_tell_what_is_left(
    provider: Provider, vendor: VendorWords, double: Double
) -> None:
    model = provider.model(vendor.model)
    before = anyio.current_time()
    said = vendor.says("Good morning.")
    double.reply(replace(said, headers={**said.headers, **HEADERS}))
    limits = (await model.complete(ASK, no_pulse)).limits
    if provider.name == "google":  # Google says nothing of the kind
        assert limits is None
        return
    assert limits is not None
    assert (limits.requests, limits.tokens) == (Allowance(1000, 7, 30.0), Allowance(1000, 400, 30.0))
    assert before <= limits.seen_at <= anyio.current_time()

    refused = vendor.error(429, "slow down", "rate_limit_error")
    double.reply(replace(refused, headers={**refused.headers, **HEADERS}))
    with pytest.raises(RateLimited) as caught:
        await model.complete(ASK, no_pulse)
    assert caught.value.limits is not None
    assert caught.value.limits.requests == Allowance(1000, 7, 30.0)


async def test_a_vendor_that_says_nothing_has_no_limits(
    provider: Provider, vendor: VendorWords, double: Double
) -> None:
    double.reply(vendor.says("Good morning."))
    assert (await provider.model(vendor.model).complete(ASK, no_pulse)).limits is None
