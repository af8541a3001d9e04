"""A wire call is told of once it is settled, so that everybody hears the cost that the account has."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from manyeyes.events import CallEvent
from manyeyes.state.money import dollars

if TYPE_CHECKING:
    from manyeyes.events import Event, Listener
    from manyeyes.state.reservations import Entry


@dataclass(slots=True)
class Settled:
    """Keeps the event of a wire call back until that call is settled: between `Observed` and `Budgeted`.

    For one request to one model, whose wire calls follow one another.
    """

    listener: Listener
    _ended: CallEvent | None = None

    def note(self, event: Event) -> None:
        """Keep the end of a wire call; pass everything else on."""
        if isinstance(event, CallEvent):
            self._ended = event
        else:
            self.listener.note(event)

    def settled(self, entry: Entry) -> None:
        """Pass the event on, with the cost as it was settled; nothing where nothing was sent."""
        ended, self._ended = self._ended, None
        if ended is not None:
            cost = None if entry.state == "unknown" else dollars(entry.nanos)
            self.listener.note(replace(ended, cost_usd=cost, estimated=entry.state == "estimated"))
