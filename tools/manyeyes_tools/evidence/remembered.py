"""Evidence of the same material is gathered once: engines are deterministic, and starting one takes a while."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from manyeyes_tools.evidence import ENGINES, gather_evidence

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from manyeyes.tool import Bench
    from manyeyes_tools.evidence import Evidence
    from manyeyes_tools.evidence.rules import Engine, Purpose
    from manyeyes_tools.evidence.watching import Tell
    from manyeyes_tools.material import Material

ENTRIES = 64
FINDINGS = 2_000
"""Evidence with more findings than this is not worth its room."""


@dataclass(slots=True)
class RememberedEvidence:
    """The evidence of the last materials, in memory alone.  What an engine failed at is gathered anew.

    Attributes:
        gather: Gathers it.
        entries: As many are remembered; what was not asked for longest goes first.
    """

    gather: Callable[..., Awaitable[Evidence]] = gather_evidence
    entries: int = ENTRIES
    _known: OrderedDict[bytes, Evidence] = field(default_factory=OrderedDict)

    async def of(
        self, material: Material, *, purpose: Purpose, external: tuple[Engine, ...] = (), tell: Tell | None = None
    ) -> Evidence:
        """The evidence of a material, see `gather_evidence`.

        With `external` engines too, which look at more than the material, so that it is gathered anew each time.
        """
        if external:
            return await self.gather(material, purpose=purpose, engines=(*ENGINES, *external), tell=tell)
        key = _key(material, purpose)
        known = self._known.get(key)
        if known is not None:
            self._known.move_to_end(key)
            return known
        evidence = await self.gather(material, purpose=purpose, tell=tell)
        if not evidence.problems and len(evidence.findings) <= FINDINGS:
            self._known[key] = evidence
            if len(self._known) > self.entries:
                self._known.popitem(last=False)
        return evidence


def _key(material: Material, purpose: Purpose) -> bytes:
    """Everything that engines look at.  Nothing of the code itself is kept, only this digest."""
    digest = sha256(f"{purpose} {material.origin}".encode())
    for file in (*material.files, *material.sealed):
        changed = None if file.changed is None else sorted(file.changed)
        shape = repr((file.path, file.language, changed, file.partial, file.parts, len(file.text), len(file.masked)))
        for part in (shape, file.text, file.masked):
            digest.update(part.encode("utf-8", "surrogatepass"))
    return digest.digest()


remembered = RememberedEvidence()
"""The one of this process."""


async def evidence_of(
    material: Material, bench: Bench, *, purpose: Purpose, external: tuple[Engine, ...] = ()
) -> Evidence:
    """The evidence of a material, as the first of a call's three steps, which is told while it is taken."""

    async def tell(text: str, part: float) -> None:
        await bench.progress(text, part, 3)

    count = len(material.files)
    await bench.progress(f"looking at {count:,} file{'' if count == 1 else 's'}", 0, 3)
    return await remembered.of(material, purpose=purpose, external=external, tell=tell)
