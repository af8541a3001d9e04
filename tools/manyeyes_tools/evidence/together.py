"""Work that costs hardly more for many than for one: who has to wait for a turn is served with the next one's."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

import anyio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

How = TypeVar("How")
Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


@dataclass(slots=True, eq=False)
class _Wish(Generic[Asked, Answer]):
    asked: Asked
    size: int
    over: anyio.Event = field(default_factory=anyio.Event)
    answer: list[Answer] = field(default_factory=list)
    """One when it was answered; none when whoever did the work was cancelled, or could not do it for all."""


class Together(Generic[How, Asked, Answer]):
    """Does work for all that wait for it at the same time.  Belongs to one event loop.

    Nobody waits for company: what comes when there is room is done at once.

    Args:
        work: Does it for several, and gives an answer for each, in their order.
        fault: What it raises when it cannot.  Then it is tried for each alone, so that no one's fault is another's.
        at_once: So many are at work at the same time.
        most: The sizes of what is done together sum up to no more.
    """

    def __init__(
        self,
        work: Callable[[How, Sequence[Asked]], Awaitable[Sequence[Answer]]],
        *,
        fault: type[Exception],
        at_once: int,
        most: int,
    ) -> None:
        self._work = work
        self._fault = fault
        self._most = most
        self._turns = anyio.CapacityLimiter(at_once)
        self._waiting: defaultdict[How, list[_Wish[Asked, Answer]]] = defaultdict(list)

    async def ask(self, how: How, asked: Asked, size: int) -> Answer:
        """The answer to one wish; it is done together with those that are to be done in the same way.

        Raises whatever the work raises for this wish alone.
        """
        wish = _Wish[Asked, Answer](asked, size)
        waiting = self._waiting[how]
        waiting.append(wish)
        try:
            async with self._turns:
                if wish in waiting:
                    await self._serve(how, self._taken(waiting, wish))
            await wish.over.wait()
        finally:
            if wish in waiting:  # cancelled before its turn
                waiting.remove(wish)
        if wish.answer:
            return wish.answer[0]
        async with self._turns:
            return (await self._work(how, [asked]))[0]

    def _taken(self, waiting: list[_Wish[Asked, Answer]], first: _Wish[Asked, Answer]) -> list[_Wish[Asked, Answer]]:
        """That wish and those that fit in beside it, oldest first; they wait no longer."""
        taken, size = [first], first.size
        for wish in waiting:
            if wish is not first and size + wish.size <= self._most:
                taken.append(wish)
                size += wish.size
        waiting[:] = [wish for wish in waiting if wish not in taken]
        return taken

    async def _serve(self, how: How, wishes: Sequence[_Wish[Asked, Answer]]) -> None:
        try:
            answers = await self._work(how, [wish.asked for wish in wishes])
            for wish, answer in zip(wishes, answers, strict=True):
                wish.answer.append(answer)
        except self._fault:
            if len(wishes) == 1:
                raise
        finally:
            for wish in wishes:
                wish.over.set()
