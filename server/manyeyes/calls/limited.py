"""No vendor is asked faster than it, or the operator, allows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from manyeyes.calls.lane import Late, Need
from manyeyes.calls.retrying import used
from manyeyes.clock import loop_time
from manyeyes.errors import ModelError, RateLimited

if TYPE_CHECKING:
    from collections.abc import Callable

    from manyeyes.calls.lane import Lane
    from manyeyes.model import Model, Pulse
    from manyeyes.types import Completion, ModelRef, Request, Usage

_CHARS_PER_TOKEN = 3
"""Code has some three characters to a token; fewer would let too much through, more too little."""
_TOKENS_PER_MEDIUM = 1_500


@dataclass(frozen=True, slots=True)
class Limited:
    """Waits in the vendor's line for its turn.

    Attributes:
        inner: The model.
        lane: The vendor's line, shared with every other call to it.
        at: The deadline, on the clock: a turn that comes later is not waited for.
        longest_s: Nor is one that is further away, in seconds, where another model could be asked meanwhile.
        clock: Now, in seconds.
    """

    inner: Model
    lane: Lane
    at: float
    longest_s: float = float("inf")
    clock: Callable[[], float] = loop_time

    @property
    def ref(self) -> ModelRef:
        """The model inside."""
        return self.inner.ref

    async def complete(self, request: Request, pulse: Pulse) -> Completion:
        """Answer when it is this call's turn.

        Raises:
            RateLimited: its turn would come too late, and nothing was sent; or the vendor said so.
            ModelError: the call failed.
        """
        latest = min(self.at, self.clock() + self.longest_s)
        try:
            spent = await self.lane.enter(weigh(self.ref, request), latest)
        except Late as late:
            raise RateLimited(self.ref, _tell(late.wait), retry_after=late.wait) from None
        tokens: int | None = None
        try:
            completion = await self.inner.complete(request, pulse)
        except ModelError as failure:
            tokens = _total(used(failure))
            if failure.limits is not None:
                self.lane.learn(self.ref, failure.limits)
            if isinstance(failure, RateLimited):
                self.lane.slow_down(failure.retry_after)
            raise
        else:
            tokens = _total(completion.usage)
            self.lane.answered()
            if completion.limits is not None:
                self.lane.learn(self.ref, completion.limits)
            return completion
        finally:
            self.lane.leave(spent, tokens)


def weigh(ref: ModelRef, request: Request) -> Need:
    """What a request is going to take, estimated from its length."""
    chars = len(request.system)
    media = 0
    for message in request.messages:
        chars += len(message.text) + sum(len(output.text) for output in message.tool_outputs)
        media += len(message.media)
    prompt = chars // _CHARS_PER_TOKEN + media * _TOKENS_PER_MEDIUM
    return Need(ref=ref, prompt=prompt, most=prompt + request.max_tokens)


def _total(usage: Usage | None) -> int | None:
    return None if usage is None else usage.input_tokens + usage.output_tokens


def _tell(wait: float | None) -> str:
    if wait is None:
        return "not sent: too many calls wait for this vendor"
    return f"not sent: at the rate allowed its turn would come in {max(wait, 1.0):.0f} s"
