"""One more chance for an answer that is not of the shape asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from manyeyes.errors import InvalidAnswer, ModelError
from manyeyes.types import Message

if TYPE_CHECKING:
    from manyeyes.model import Model, Pulse
    from manyeyes.types import Completion, ModelRef, Request, Usage


@dataclass(frozen=True, slots=True)
class Repairing:
    """Asks once more when an answer does not validate, telling the model what failed.

    The usage of both rounds is summed, also on the error of a second round that fails: both were paid for.  Where
    one of them is not known the sum is not either.
    """

    inner: Model

    @property
    def ref(self) -> ModelRef:
        """Which model this is."""
        return self.inner.ref

    async def complete(self, request: Request, pulse: Pulse) -> Completion:
        """Answer the request; see `manyeyes.model.Model`.

        Raises:
            InvalidAnswer: the repaired answer is not of the shape either.
        """
        try:
            return await self.inner.complete(request, pulse)
        except InvalidAnswer as invalid:
            first = invalid
        try:
            completion = await self.inner.complete(repair(request, first), pulse)
        except ModelError as error:
            unpaid = error.usage is None and not error.may_cost
            error.usage = first.usage if unpaid else both(first.usage, error.usage)
            raise
        return replace(completion, usage=both(first.usage, completion.usage))


def repair(request: Request, invalid: InvalidAnswer) -> Request:
    """The request again, with the answer that failed and what was wrong with it."""
    what = (
        f"That does not hold: {invalid}. Answer again, with the whole corrected JSON and nothing else."
        if invalid.partial.strip()
        else f"Your answer was missing: {invalid}. Answer with the JSON and nothing else."
    )
    answered = (Message(role="assistant", text=invalid.partial),) if invalid.partial.strip() else ()
    return replace(request, messages=(*request.messages, *answered, Message(role="user", text=what)))


def both(first: Usage | None, second: Usage | None) -> Usage | None:
    """What two rounds used; None when one of them did not say."""
    return None if first is None or second is None else first + second
