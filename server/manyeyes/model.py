"""What a model and a provider are, for everything above them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from manyeyes.settings import Settings
    from manyeyes.types import Completion, ModelRef, Request

    Pulse: TypeAlias = Callable[[], None]
    """Called by a provider at each piece of an answer that arrives: the sign that the vendor is alive.
    Time-outs, hedging and progress listen.  It must be quick and must not raise."""


def no_pulse() -> None:
    """The pulse nobody listens to."""


class Model(Protocol):
    """Something that answers requests: a vendor's model, or a wrapper around one."""

    @property
    def ref(self) -> ModelRef:
        """Which model this is."""
        ...

    async def complete(self, request: Request, pulse: Pulse) -> Completion:
        """Answer the request, whole or not at all.

        Raises:
            ModelError: the call failed; the class says how, see `manyeyes.errors`.
        """
        ...


class Provider(Protocol):
    """A place that serves models: a vendor's API or an endpoint that speaks its protocol."""

    @property
    def name(self) -> str:
        """The prefix of its model references."""
        ...

    @property
    def local(self) -> bool:
        """True when what is sent to it cannot leave this machine."""
        ...

    def model(self, name: str) -> Model:
        """The model of that name.  Makes no call, so whether it exists shows on the first request."""
        ...

    async def warm(self) -> None:
        """Import the SDK in a worker thread, so that the first request need not wait for it.

        Raises:
            SdkUnavailable: it cannot be imported.
        """
        ...

    async def served(self) -> Sequence[str]:
        """Ask the vendor which models it serves.

        Raises:
            ModelError: it did not say.
        """
        ...

    async def aclose(self) -> None:
        """Close its connections."""
        ...


class ProviderFactory(Protocol):
    """What the entry-point group `manyeyes.providers` names: makes the providers that the settings allow."""

    def __call__(self, settings: Settings) -> Sequence[Provider]:
        """The providers that have what they need (a key, an endpoint); none when they have not."""
        ...
