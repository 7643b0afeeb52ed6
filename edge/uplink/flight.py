"""Which readings are in flight, how many may be, and when they go again (pure).

Source: the project's contract on the wire, section 4.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from edge.uplink.follow import RESEND_S_MAX, RESEND_S_MIN, ROUND_TRIPS_COUNT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

TELEMETRY_WINDOW: Final = 20
"""Readings in flight until a gateway gives credit for more.

As few as its least credit: a hundred edges that came back at once with 200 each were, together,
more than the store took before they all sent again.
"""
TELEMETRY_WINDOW_MAX: Final = 2_000


@dataclass(slots=True)
class Flight:
    """Readings sent and not yet acknowledged, by (boot, seq)."""

    window_count: int = TELEMETRY_WINDOW
    _sent_at_s: dict[tuple[str, int], float] = field(default_factory=dict)
    _resend_s: float = RESEND_S_MIN
    """From the newest ack's round trip, doubled while none comes."""

    def names(self) -> list[tuple[str, int]]:
        """Return what is in flight."""
        return list(self._sent_at_s)

    def room(self) -> int:
        """Return how many more may be sent; below 1 when none."""
        return self.window_count - len(self._sent_at_s)

    def sent(self, names: Iterable[tuple[str, int]], now_s: float) -> None:
        """Note readings as sent."""
        self._sent_at_s.update(dict.fromkeys(names, now_s))

    def anew(self) -> None:
        """Note that what flew is gone: the session, or the gateway's, was opened anew."""
        self._sent_at_s.clear()
        self._resend_s = RESEND_S_MIN

    def clear(self) -> None:
        """Note that nobody took what was sent; it waits as long as it did."""
        self._sent_at_s.clear()

    def landed(
        self,
        ranges: Mapping[str, Sequence[tuple[int, int]]],
        now_s: float,
        *,
        credit: int | None,
    ) -> None:
        """Note what an ack names, and how many it lets fly from now on."""
        if credit is not None:
            self.window_count = max(1, min(credit, TELEMETRY_WINDOW_MAX))
        for name in list(self._sent_at_s):
            spans = ranges.get(name[0], ())
            if any(first <= name[1] <= last for first, last in spans):
                took_s = now_s - self._sent_at_s.pop(name)
                self._resend_s = max(RESEND_S_MIN, ROUND_TRIPS_COUNT * took_s)

    def drop_late(self, now_s: float, *, round_trip_s: float, is_heard: bool) -> None:
        """Let go again what was not acknowledged in time; wait longer if a gateway is heard."""
        resend_s = min(max(self._resend_s, ROUND_TRIPS_COUNT * round_trip_s), RESEND_S_MAX)
        late = [name for name, sent_s in self._sent_at_s.items() if now_s - sent_s > resend_s]
        for name in late:
            del self._sent_at_s[name]
        if late and is_heard:
            self._resend_s = min(2 * resend_s, RESEND_S_MAX)
