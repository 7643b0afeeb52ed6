"""The broker and the network between: they delay, lose, repeat, reorder and forget."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random


@dataclass(order=True, slots=True)
class _Flight:
    due_s: float
    number: int
    to: str = field(compare=False)
    kind: str = field(compare=False)
    load: Any = field(compare=False)


@dataclass(slots=True)
class Air:
    """Messages in flight; `calm` makes it lossless and quick."""

    rng: random.Random
    is_calm: bool = False
    late_ratio: float = 0.05
    _flights: list[_Flight] = field(default_factory=list)
    _count: int = 0

    def send(self, now_s: float, to: str, kind: str, load: Any) -> None:  # noqa: ANN401 - any message
        """Let a message fly: perhaps twice, late, or not at all."""
        rng = self.rng
        if self.is_calm:
            self._add(now_s + 0.01, to, kind, load)
            return
        for _ in range(2 if rng.random() < 0.08 else 1):
            if rng.random() < 0.10:
                continue
            late_s = rng.uniform(5, 40) if rng.random() < self.late_ratio else rng.uniform(0, 0.8)
            self._add(now_s + late_s, to, kind, load)

    def due(self, now_s: float) -> list[tuple[str, str, Any]]:
        """Take what arrives now."""
        found = []
        while self._flights and self._flights[0].due_s <= now_s:
            one = heapq.heappop(self._flights)
            found.append((one.to, one.kind, one.load))
        return found

    def forget(self) -> int:
        """Lose everything in flight: a broker that was killed after its PUBACKs."""
        count, self._flights = len(self._flights), []
        return count

    def _add(self, due_s: float, to: str, kind: str, load: Any) -> None:  # noqa: ANN401
        self._count += 1
        heapq.heappush(self._flights, _Flight(due_s, self._count, to, kind, load))
