"""The one loop that asks the same model again."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import anyio

from manyeyes.clock import loop_time
from manyeyes.errors import BreakerOpen, ModelError
from manyeyes.types import Usage

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from manyeyes.model import Model, Pulse
    from manyeyes.settings import Retry
    from manyeyes.types import Completion, ModelRef, Request

QUICK_S = 5.0
"""A failure that took longer to show, in seconds, is not worth a second try while another model can be asked."""


@dataclass(frozen=True, slots=True)
class Retrying:
    """Asks again after a failure that may pass, with exponential backoff and full jitter.

    What the attempts used is summed, on the answer as on the error.  Where one of them may have cost something that
    the vendor did not say, the sum is not known.

    Attributes:
        inner: The model.
        rules: How often, and how long to wait.
        at: The deadline, on the clock; no wait goes past it.
        others: How many models are left to ask after this one.
        clock: Now, in seconds.
        sleep: Waits so many seconds.
        uniform: Draws a number between two.
    """

    inner: Model
    rules: Retry
    at: float
    others: int = 0
    clock: Callable[[], float] = loop_time
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep
    uniform: Callable[[float, float], float] = random.uniform

    @property
    def ref(self) -> ModelRef:
        """The model inside."""
        return self.inner.ref

    async def complete(self, request: Request, pulse: Pulse) -> Completion:
        """The first answer that comes.

        Raises:
            ModelError: the last attempt's error; asking again cannot help, or would take too long.
        """
        most = self.rules.attempts_with_others if self.others else self.rules.attempts
        spent: Usage | None = Usage()
        estimated: list[float] = []
        for tried in range(1, most + 1):
            started = self.clock()
            try:
                completion = await self.inner.complete(request, pulse)
            except ModelError as failure:
                spent = _sum(spent, used(failure))
                if failure.estimated_usd is not None:
                    estimated.append(failure.estimated_usd)
                wait = self._wait(failure, tried)
                slow = self.others and self.clock() - started > QUICK_S
                if tried == most or not failure.retryable or slow or not self._worth(failure, wait):
                    failure.estimated_usd = sum(estimated) if estimated else None
                    raise _told(failure, spent, tried)  # noqa: B904  # it is the failure itself
            else:
                return completion if tried == 1 else replace(completion, usage=_sum(spent, completion.usage))
            await self.sleep(wait)
        raise AssertionError("attempts is at least one, and the last either answers or raises")

    def _wait(self, failure: ModelError, tried: int) -> float:
        """How long to wait after so many attempts: what the vendor asks, and a random part that parts the crowd."""
        longest = min(self.rules.longest_backoff_s, self.rules.backoff_s * 2.0 ** (tried - 1))
        if failure.retry_after is not None:
            return failure.retry_after + self.uniform(0.0, self.rules.backoff_s)
        return self.uniform(0.0, longest)

    def _worth(self, failure: ModelError, wait: float) -> bool:
        if self.others and (failure.retry_after or 0.0) > self.rules.retry_after_cap_s:
            return False
        return self.clock() + wait < self.at


def used(failure: ModelError) -> Usage | None:
    """What a failed attempt used: what the vendor said, nothing where nothing can have been charged, else unknown."""
    if failure.usage is not None:
        return failure.usage
    return None if failure.may_cost or failure.begun or failure.lost else Usage()


def _sum(first: Usage | None, second: Usage | None) -> Usage | None:
    return None if first is None or second is None else first + second


def _told(failure: ModelError, spent: Usage | None, tried: int) -> ModelError:
    """The error with what all attempts used, and how many they were."""
    if tried > 1 and not isinstance(failure, BreakerOpen):
        # Where the sum is not known, `begun` keeps the cost from being taken for nothing.
        failure.begun = failure.begun or spent is None
        failure.usage = spent if spent != Usage() or failure.usage is not None else None
        failure.args = (f"{failure}; asked {tried} times",)
    return failure
