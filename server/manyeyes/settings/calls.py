"""How models are called: what that may cost, how patiently, how fast, and what is done when they fail."""

from __future__ import annotations

from pydantic import Field

from manyeyes.settings.section import Section


class Budget(Section):
    """Upper limits of what models may cost, in US dollars, for one tool call and for one day; None is no limit."""

    usd_per_call: float | None = Field(default=None, ge=0)
    usd_per_day: float | None = Field(default=None, ge=0)


class Retry(Section):
    """When the same model is asked again.

    Attributes:
        attempts: How often a model is asked at most when no other is left to ask.
        attempts_with_others: The same while other models are left: asking the next is quicker than waiting.
        backoff_s: Seconds that the first wait lasts at most; each further one at most twice as long. The wait is drawn
            at random from nothing up to that.
        longest_backoff_s: Seconds that no such wait exceeds.
        retry_after_cap_s: Seconds that a vendor may ask to wait while other models are left; if it asks for more the
            next is asked at once. With none left the deadline alone decides.
    """

    attempts: int = Field(default=4, gt=0)
    attempts_with_others: int = Field(default=2, gt=0)
    backoff_s: float = Field(default=0.5, gt=0)
    longest_backoff_s: float = Field(default=8.0, gt=0)
    retry_after_cap_s: float = Field(default=10.0, ge=0)


class Patience(Section):
    """How long a model may be silent.

    Attributes:
        first_token_s: Seconds until the first sign of an answer; some models reason in silence.
        stall_s: Seconds between two pieces of an answer.
        share: With other models left to ask, the part of the time left that one answer may take, so that one that
            only trickles leaves time for the next. Its first sign may take half of that.
    """

    first_token_s: float = Field(default=90.0, gt=0)
    stall_s: float = Field(default=45.0, gt=0)
    share: float = Field(default=0.7, gt=0, le=1)


class Breaker(Section):
    """When a model that keeps failing is not asked for a while.

    Attributes:
        failures: So many failures in a row are too many.
        share: So are failures of this part of the last calls.
        calls: As many calls are needed before that part means anything.
        window_s: Seconds that a call is remembered for it.
        open_s: Seconds until one call tries again; twice as long after each try that fails.
        longest_open_s: Seconds that this time never exceeds.
        denied_s: Seconds for a vendor that refused the key, or a model that is not served.
    """

    failures: int = Field(default=5, gt=0)
    share: float = Field(default=0.5, gt=0, le=1)
    calls: int = Field(default=10, gt=0)
    window_s: float = Field(default=60.0, gt=0)
    open_s: float = Field(default=30.0, gt=0)
    longest_open_s: float = Field(default=120.0, gt=0)
    denied_s: float = Field(default=300.0, gt=0)


class Hedge(Section):
    """When a second model is asked beside one that is slow; the first good answer wins.

    Attributes:
        enabled: Whether a second model is asked at all.
        quantile: The part of a model's latest calls whose first token came sooner than it must take now to be slow.
        extra_share: As many second calls are made at most, as a part of all calls.
        min_samples: As many calls of a model must be known before it is called slow.
    """

    enabled: bool = True
    quantile: float = Field(default=0.97, gt=0, le=1)
    extra_share: float = Field(default=0.05, ge=0, le=1)
    min_samples: int = Field(default=20, gt=0)


class Rate(Section):
    """How fast one vendor or endpoint may be asked by this process.

    Attributes:
        requests_per_minute: No more requests than this in any minute; the vendor's own limits are kept to anyway, as
            far as it tells them.
        tokens_per_minute: No more tokens than this in any minute, prompt and answer. Until an answer is there its
            longest form counts.
        concurrent: No more requests than this at the same time.
    """

    requests_per_minute: int | None = Field(default=None, gt=0)
    tokens_per_minute: int | None = Field(default=None, gt=0)
    concurrent: int = Field(default=64, gt=0)
