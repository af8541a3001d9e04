"""A model that falls silent is not waited for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio

from manyeyes.clock import loop_time
from manyeyes.errors import TimedOut

if TYPE_CHECKING:
    from collections.abc import Callable

    from manyeyes.model import Model, Pulse
    from manyeyes.settings import Patience
    from manyeyes.types import Completion, ModelRef, Request

_ROUGHLY = 0.01
"""By so much of its length the time for the next piece may be cut short."""


@dataclass(frozen=True, slots=True)
class Patient:
    """Ends an attempt whose answer does not begin, stalls, or trickles away the time that others need.

    It listens to the pulse.  Cancelling the attempt closes its connection.

    Attributes:
        inner: The model.
        rules: How long it may be silent.
        at: The deadline of the whole call, on the clock.
        others: How many models are left to ask after this one.
        clock: Now, in seconds; the event loop's, since that one ends the attempt.
    """

    inner: Model
    rules: Patience
    at: float
    others: int = 0
    clock: Callable[[], float] = loop_time

    @property
    def ref(self) -> ModelRef:
        """The model inside."""
        return self.inner.ref

    async def complete(self, request: Request, pulse: Pulse) -> Completion:
        """Answer without a pause that is too long.

        Raises:
            TimedOut: the first token, the next one, or the end did not come in time; the message names which.
            ModelError: the call failed.
        """
        now = self.clock()
        # With nobody left to ask the deadline itself is the end, and is told as such.
        share = self.rules.share * max(0.0, self.at - now) if self.others else float("inf")
        first, end = min(self.rules.first_token_s, share / 2), now + share
        heard = float("-inf")

        def listening() -> None:
            nonlocal heard
            at = self.clock()
            # A timer is set anew for each deadline, so that of many pieces in a row only some are worth one.
            if at - heard > self.rules.stall_s * _ROUGHLY:
                heard, scope.deadline = at, min(end, at + self.rules.stall_s)
            pulse()

        with anyio.CancelScope(deadline=now + first) as scope:
            return await self.inner.complete(request, listening)
        begun = heard >= now  # a coarse clock may say the same twice
        failure = TimedOut(self.ref, self._late(first, share, begun=begun, ended=scope.deadline >= end))
        failure.begun = begun
        raise failure

    def _late(self, first: float, share: float, *, begun: bool, ended: bool) -> str:
        if not begun:
            return f"no first token came within {first:.3g} s"
        if ended:
            return f"no whole answer within {share:.3g} s, its share of the time while other models are left"
        return f"the answer stalled: nothing more came for {self.rules.stall_s:g} s"
