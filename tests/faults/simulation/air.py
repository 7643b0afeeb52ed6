"""The broker and the network between: they delay, lose, repeat, reorder and forget."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

GATEWAYS = "gateways"
"""Where what edges publish goes; an edge's name stands for the boxes that bear it."""


@dataclass(slots=True)
class Packet:
    """A publish, as both real sessions hand it on."""

    topic: str
    payload: bytes
    user_properties: list[tuple[str, str]] = field(default_factory=list)
    retain: bool = False


@dataclass(order=True, slots=True)
class _Flight:
    due_s: float
    number: int
    to: str = field(compare=False)
    packet: Packet = field(compare=False)


@dataclass(slots=True)
class Air:
    """Messages in flight; `calm` makes it lossless and quick."""

    rng: random.Random
    is_calm: bool = False
    late_ratio: float = 0.05
    _flights: list[_Flight] = field(default_factory=list)
    _count: int = 0

    def send(self, now_s: float, to: str, packet: Packet) -> None:
        """Let a message fly: perhaps twice, late, or not at all."""
        rng = self.rng
        if self.is_calm:
            self._add(now_s + 0.01, to, packet)
            return
        for _ in range(2 if rng.random() < 0.08 else 1):
            if rng.random() < 0.10:
                continue
            late_s = rng.uniform(5, 40) if rng.random() < self.late_ratio else rng.uniform(0, 0.8)
            self._add(now_s + late_s, to, packet)

    def due(self, now_s: float) -> list[tuple[str, Packet]]:
        """Take what arrives now."""
        found = []
        while self._flights and self._flights[0].due_s <= now_s:
            one = heapq.heappop(self._flights)
            found.append((one.to, one.packet))
        return found

    def forget(self) -> int:
        """Lose everything in flight: a broker that was killed after its PUBACKs."""
        count, self._flights = len(self._flights), []
        return count

    def _add(self, due_s: float, to: str, packet: Packet) -> None:
        self._count += 1
        heapq.heappush(self._flights, _Flight(due_s, self._count, to, packet))
