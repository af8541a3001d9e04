"""Everything that can go wrong, with the policy for it written on the class.

    ManyEyesError
    ├── SettingsError           the operator's settings are unusable
    ├── BadCall                 the caller asked for something that cannot be done as asked
    │   └── NothingChanged      there is no change to look at
    ├── NoAnswer                no model gave an answer
    │   ├── NoModel             the route holds no model (no key, privacy, budget, …)
    │   └── AllFailed           every model of the route was asked and failed
    └── ModelError              one call to one model failed
        ├── Unreachable         no connection, or it broke                       retry, next
        ├── TimedOut            nothing came in time                             retry, next
        │   └── DeadlinePassed  the time for the whole tool call is up           nothing more
        ├── RateLimited         429                                              retry, next
        ├── Overloaded          503, 529                                         retry, next
        ├── VendorFault         any other 5xx                                    retry, next
        ├── BrokenAnswer        a body or stream that ended early or cannot be read  retry, next
        ├── AccessDenied        401, 403: every model of this provider is out    next provider
        ├── ModelGone           404, retired                                     next
        ├── RequestRejected     400, 422 and the like                            next
        ├── ContextTooLong      the prompt does not fit the window               next
        ├── Refused             the model, or the vendor's filter, declined      next provider
        ├── Truncated           the answer hit its length limit                  next
        ├── InvalidAnswer       not of the shape asked for, even after a repair  next
        ├── BreakerOpen         not asked, since it failed too often just now    next
        ├── OverBudget          not asked, since it could cost more than allowed next
        ├── Cancelled           stopped, since another model answered first      next
        └── SdkUnavailable      the vendor's SDK cannot be imported              next provider

"next" means that the following candidate of the route is tried; "next provider" that this provider's other
candidates are skipped as well.  `may_cost` says whether tokens may have been charged that the vendor did not
report: then the cost of the attempt is unknown, not zero.  Cancellation is not an error and passes through
everything untouched.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    from typing import TypeAlias

    from manyeyes.types import Attempt, ModelRef, RateLimits, Route, Usage

    Health: TypeAlias = Literal["well", "ill", "out", "unknown"]

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


class ManyEyesError(Exception):
    """Base of all errors raised on purpose.  The message is written for people and holds no secret."""


class SettingsError(ManyEyesError):
    """The operator's settings cannot be used; the message names the file or variable and what to write instead."""


class BadCall(ManyEyesError):
    """The caller asked for something that cannot be done as asked.

    The message says in one or two lines what was wrong and what to send instead.
    """


class NothingChanged(BadCall):
    """There is no change to look at: an error to whoever named one, and nothing to do for a check on every commit."""


class ModelError(ManyEyesError):
    """One call to one model failed.

    Attributes:
        ref: The model that was asked.
        status: The HTTP status, where there was one.
        retry_after: Seconds the vendor asked to wait, where it did.
        usage: What the failed call used, where the vendor said; failed calls cost money too.
        partial: What had been answered so far, for the repair of an invalid answer; never shown as a result.
        begun: True once a first piece of an answer had come, so that tokens may have been charged.
        lost: True when the connection broke after the request had gone out, so that tokens may have been charged.
        estimated_usd: What the call counts as in US dollars, at its worst case, where nobody said what it cost.
        limits: How much more the vendor said may be asked of it.
    """

    retryable: ClassVar[bool] = False
    """May the same model be asked again?"""
    skips: ClassVar[Literal["model", "provider", "route"]] = "model"
    """What the route passes over after it: this model, every model of this provider, or all that is left."""
    may_cost: ClassVar[bool] = False
    """May tokens have been charged although the vendor reported none?"""
    health: ClassVar[Health] = "well"
    """What the circuit breaker learns from it: the vendor answered, and the fault lies in what was asked; the vendor
    failed; what `skips` names is out until the operator or the vendor changes something; nothing."""

    def __init__(
        self,
        ref: ModelRef,
        message: str,
        *,
        status: int | None = None,
        retry_after: float | None = None,
        usage: Usage | None = None,
        partial: str = "",
    ) -> None:
        super().__init__(message)
        self.ref = ref
        self.status = status
        self.retry_after = retry_after
        self.usage = usage
        self.partial = partial
        self.begun = False
        self.lost = False
        self.estimated_usd: float | None = None
        self.limits: RateLimits | None = None

    @property
    def kind(self) -> str:
        """The error's name in results and metrics: `RateLimited` is `rate_limited`."""
        return _CAMEL.sub("_", type(self).__name__).lower()


class Unreachable(ModelError):
    """No connection could be made, or it broke."""

    retryable = True
    health = "ill"


class TimedOut(ModelError):
    """Nothing came in time, or a stream stalled."""

    retryable = True
    may_cost = True
    health: ClassVar[Health] = "ill"


class DeadlinePassed(TimedOut):
    """The time for the whole tool call is up; no other model could answer in time either."""

    retryable = False
    skips = "route"
    health = "unknown"


class RateLimited(ModelError):
    """The vendor asks to slow down (429)."""

    retryable = True
    health = "unknown"


class Overloaded(ModelError):
    """The vendor has no capacity at the moment (503, 529)."""

    retryable = True
    health = "ill"


class VendorFault(ModelError):
    """The vendor failed (5xx)."""

    retryable = True
    health = "ill"


class BrokenAnswer(ModelError):
    """The body or stream ended early or cannot be read."""

    retryable = True
    may_cost = True
    health = "ill"


class AccessDenied(ModelError):
    """The key is missing, wrong or not allowed to do this (401, 403)."""

    skips = "provider"
    health = "out"


class ModelGone(ModelError):
    """The vendor does not serve this model, or no longer (404)."""

    health = "out"


class RequestRejected(ModelError):
    """The vendor does not accept the request (400, 422 and the like)."""


class ContextTooLong(ModelError):
    """The prompt does not fit the model's window."""


class Refused(ModelError):
    """The model or the vendor's filter declined to answer."""

    skips = "provider"
    may_cost = True


class Truncated(ModelError):
    """The answer hit its length limit; a part of an answer is never passed on as the whole."""

    may_cost = True


class InvalidAnswer(ModelError):
    """The answer is not of the shape asked for, even after the model was told what failed."""

    may_cost = True


class BreakerOpen(ModelError):
    """The model was not asked: it failed too often just now."""

    health = "unknown"


class OverBudget(ModelError):
    """The model was not asked: it could cost more than the operator allows."""

    health = "unknown"


class Cancelled(ModelError):
    """The call was stopped: another model's answer came first."""

    may_cost = True
    health = "unknown"


class SdkUnavailable(ModelError):
    """The vendor's SDK cannot be imported."""

    skips = "provider"
    health = "unknown"


class NoAnswer(ManyEyesError):
    """No model gave an answer.  `attempts` are the calls that failed, `route` what the router had chosen."""

    def __init__(self, message: str, *, route: Route, attempts: tuple[Attempt, ...] = ()) -> None:
        super().__init__(message)
        self.route = route
        self.attempts = attempts


class NoModel(NoAnswer):
    """The route holds no model: nothing was asked and nothing spent."""


class AllFailed(NoAnswer):
    """Every model of the route was asked and failed."""
