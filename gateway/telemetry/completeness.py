"""How complete a device's readings are, and where they are missing, and why (pure).

What a device should have told follows from its own rhythm: the median time between two readings.
A pause of more than two and a half beats is a gap; the causes are those that overlap it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

GAP_BEATS: Final = 2.5
READINGS_MIN: Final = 5
"""Fewer tell no rhythm."""
SLACK_NS: Final = 12 * 1_000_000_000
"""Alarms come up to so long after what they tell of."""
UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Something that took readings away: of one device, or of all of an edge where it is empty."""

    cause: str
    edge: str
    device: str
    from_ns: int
    until_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A pause in a device's readings."""

    from_ns: int
    until_ns: int
    count: int
    """Readings that its rhythm would have had there."""
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A device over a span of time."""

    edge: str
    device: str
    received_count: int
    expected_count: int
    interval_s: float | None
    gaps: list[Missing]

    @property
    def completeness_percent(self) -> float:
        """Return how much of what was expected came."""
        if self.expected_count == 0:
            return 0.0
        return round(100 * self.received_count / self.expected_count, 2)


def record(
    edge: str, device: str, times: Sequence[int], span_ns: tuple[int, int], causes: Iterable[Cause]
) -> Record:
    """Judge ascending times of readings within a span (since, until)."""
    mine = [one for one in causes if one.edge == edge and one.device in ("", device)]
    steps = [later - earlier for earlier, later in pairwise(times)]
    if len(times) < READINGS_MIN:
        return Record(
            edge=edge, device=device, received_count=len(times), expected_count=len(times),
            interval_s=None, gaps=[],
        )  # fmt: skip
    beat_ns = max(1, round(median(steps)))
    marks = [span_ns[0], *times, span_ns[1]]
    gaps = [
        Missing(
            from_ns=earlier,
            until_ns=later,
            count=max(1, round((later - earlier) / beat_ns) - 1),
            cause=_cause(mine, earlier, later),
        )
        for earlier, later in pairwise(marks)
        if later - earlier > GAP_BEATS * beat_ns
    ]
    missing = sum(one.count for one in gaps)
    return Record(
        edge=edge, device=device, received_count=len(times), expected_count=len(times) + missing,
        interval_s=round(beat_ns / 1e9, 3), gaps=gaps,
    )  # fmt: skip


def _cause(causes: Sequence[Cause], from_ns: int, until_ns: int) -> str:
    """Return the cause that covers most of a pause; the narrower one where two do alike."""
    best, best_ns = UNKNOWN, 0
    for one in causes:
        covered_ns = min(until_ns, one.until_ns) - max(from_ns, one.from_ns - SLACK_NS)
        if covered_ns > best_ns:
            best, best_ns = one.cause, covered_ns
    return best
