"""What the store takes, and the credit that follows from it (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CREDIT_S: Final = 1.0
"""Unacknowledged backlog of all edges together: what the store takes in so long.

A live reading waits behind it: at five seconds, a hundred edges that came back at once made live
ones wait for seven (`make bench NAME=comeback`).
"""
CREDIT_MIN: Final = 20
CREDIT_MAX: Final = 2_000
COUNT_MIN: Final = 20
"""Smaller batches tell more of the fixed cost than of the store."""
WEIGHT: Final = 0.2


@dataclass(slots=True)
class Capacity:
    """Points a second, as the last batches showed."""

    points_per_s: float = 400.0

    def note(self, count: int, took_s: float) -> None:
        """Note that `count` points took so long to be written."""
        if count < COUNT_MIN or took_s <= 0:
            return
        self.points_per_s += WEIGHT * (count / took_s - self.points_per_s)

    def credit(self, edges_count: int) -> int:
        """Return how many readings one of `edges_count` edges with a backlog may have in flight."""
        share = CREDIT_S * self.points_per_s / max(1, edges_count)
        return max(CREDIT_MIN, min(CREDIT_MAX, int(share)))
