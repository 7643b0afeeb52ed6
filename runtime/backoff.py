"""Exponential back-off with full-range jitter (pure but for the generator that comes in)."""

from __future__ import annotations

import random
from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class Backoff:
    """Delays that double up to a bound; `reset` after a success."""

    first_s: float = 0.2
    limit_s: float = 5.0
    rng: random.Random = field(default_factory=random.Random)
    _next_s: float = 0.0

    def next_delay_s(self) -> float:
        """Return the next delay: between half and all of the doubled bound."""
        bound_s = self._next_s or self.first_s
        self._next_s = min(2 * bound_s, self.limit_s)
        return bound_s * self.rng.uniform(0.5, 1.0)

    def reset(self) -> None:
        """Begin anew with the shortest delay."""
        self._next_s = 0.0
