"""Models that speak to each other: each judges what the others claim, and what is left is what bears scrutiny.

`points` says what is exchanged, `settling` is the mechanism and knows no model, `weighing` lets a model take part,
`costing` tells before and after what it costs.
"""

from __future__ import annotations

from manyeyes_tools.exchange.points import Opinion, Participant, Point, Sheet, Stand, Trial
from manyeyes_tools.exchange.settling import Outcome, Settled, Settlement, settle

__all__ = ["Opinion", "Outcome", "Participant", "Point", "Settled", "Settlement", "Sheet", "Stand", "Trial", "settle"]
