"""When too much of what an edge sends is unusable, its data is not swallowed (pure).

A bad release could turn every message into a dead letter that was acknowledged. So an edge has a
budget of dead letters: 1 % of its messages of the last minute, and a few for quiet edges. What goes
beyond is not taken and not acknowledged: the edge keeps it and sends it again, until the release is
mended or a person lets it be buried.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

WINDOW_S: Final = 60.0
DEAD_RATIO: Final = 0.01
FREE_COUNT: Final = 20
"""So many a minute are no flood, however quiet the edge."""
ALLOW_S: Final = 600.0
EDGES_COUNT_MAX: Final = 1_000


@dataclass(slots=True)
class _Edge:
    notes: deque[tuple[float, int, int]] = field(default_factory=deque)
    """(seconds, messages, dead ones) of each batch in the window."""
    messages_count: int = 0
    dead_count: int = 0
    allowed_until_s: float = -1e9
    withheld_at_s: float = -1e9


class Flood:
    """The budgets of all edges."""

    def __init__(self) -> None:
        self._edges: dict[str, _Edge] = {}

    def room(self, edge: str, now_s: float) -> int:
        """Return how many dead letters of this edge may be written now."""
        one = self._known(edge, now_s)
        if now_s < one.allowed_until_s:
            return 1_000_000
        budget = max(FREE_COUNT, int(DEAD_RATIO * one.messages_count))
        return max(0, budget - one.dead_count)

    def note(
        self, edge: str, now_s: float, *, messages_count: int, dead_count: int, withheld_count: int
    ) -> None:
        """Note what became of a batch."""
        one = self._known(edge, now_s)
        one.notes.append((now_s, messages_count, dead_count))
        one.messages_count += messages_count
        one.dead_count += dead_count
        if withheld_count:
            one.withheld_at_s = now_s

    def allow(self, edge: str, now_s: float) -> None:
        """Let a person's decision stand for a while: bury what can't be used."""
        self._known(edge, now_s).allowed_until_s = now_s + ALLOW_S

    def withheld(self, now_s: float) -> list[str]:
        """Return the edges of which something was not taken in the last window."""
        return sorted(
            edge for edge, one in self._edges.items() if now_s - one.withheld_at_s <= WINDOW_S
        )

    def _known(self, edge: str, now_s: float) -> _Edge:
        one = self._edges.get(edge)
        if one is None:
            if len(self._edges) >= EDGES_COUNT_MAX:
                del self._edges[next(iter(self._edges))]
            one = self._edges[edge] = _Edge()
        while one.notes and now_s - one.notes[0][0] > WINDOW_S:
            _, messages_count, dead_count = one.notes.popleft()
            one.messages_count -= messages_count
            one.dead_count -= dead_count
        return one
