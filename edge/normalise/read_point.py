"""A read point whole: reads and photo-eyes in, arrivals, departures and passages out (pure).

What does not count is dropped first (weak reads, foreign headers, tags of the place), then come
presence, the antenna and, at a portal, the direction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from edge.normalise.antennas import Where
from edge.normalise.heeded import Heeded
from edge.normalise.patience import Patience
from edge.normalise.portal import Direction, Portal
from edge.normalise.presence import Presence

if TYPE_CHECKING:
    from edge.normalise.presence import Crossing
    from edge.settings import ReaderSettings

What = Literal["arrived", "departed", "passed"]
STATIC_COUNT_MAX: Final = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TagEvent:
    """What happened to a tag."""

    what: What
    crossing: Crossing
    direction: Direction = "unknown"
    antenna: int = 0
    """Where it was heard best; 0 where the reader tells none."""
    reason: str = ""
    """Why this is doubtful; empty when it is not."""


@dataclass(slots=True)
class _Counts:
    """What was dropped, and why."""

    weak_count: int = 0
    foreign_count: int = 0
    ignored_count: int = 0


class ReadPoint:
    """One reader's read point; monotonic seconds."""

    def __init__(self, settings: ReaderSettings) -> None:
        self.settings = settings
        wanted = settings.smoothing
        patience = None
        if wanted.mode == "adaptive":
            patience = Patience(
                miss_ratio=wanted.miss_ratio,
                quiet_s_min=wanted.quiet_s_min,
                quiet_s_max=wanted.quiet_s_max,
                start_s=settings.depart_s,
            )
        self.presence = Presence(
            arrive_reads=settings.arrive_reads,
            arrive_s=settings.arrive_s,
            depart_s=settings.depart_s,
            patience=patience,
        )
        portal = settings.portal
        self._portal = (
            Portal(
                inner_antenna=portal.inner_antenna,
                outer_antenna=portal.outer_antenna,
                window_s=portal.window_s,
            )
            if portal
            else None
        )
        self._heeded = Heeded(settings)
        self._static_s: dict[bytes, float] = {}
        """When each tag that stands still was read last."""
        self._where: dict[bytes, Where] = {}
        self.dropped = _Counts()

    def eye(self, channel: str, *, now_s: float) -> None:
        """Note that a photo-eye was broken; one that the portal does not name says nothing."""
        wanted = self.settings.portal
        if self._portal is None or wanted is None:
            return
        if channel in {wanted.inner_eye, wanted.outer_eye}:
            self._portal.eye(is_inner=channel == wanted.inner_eye, now_s=now_s)

    def read(
        self, epc: bytes, antenna: int, rssi_dbm: int | None, *, now_s: float, t_ns: int
    ) -> TagEvent | None:
        """Take one read; return the arrival that it completes."""
        if not self._counts(epc, rssi_dbm, now_s):
            return None
        if self._portal is not None:
            self._portal.read(epc, antenna, rssi_dbm, now_s=now_s)
        crossing = self.presence.read(epc, rssi_dbm, now_s=now_s, t_ns=t_ns)
        if self.presence.knows(epc):
            smoothing = self.settings.smoothing
            self._where.setdefault(epc, Where()).read(
                antenna,
                rssi_dbm,
                now_s=now_s,
                margin_db=smoothing.hysteresis_db,
                hold_off_s=smoothing.hold_off_s,
            )
        return None if crossing is None else self._event("arrived", crossing)

    def expire(self, now_s: float) -> list[TagEvent]:
        """Return what has gone by now; call a few times a second."""
        events = []
        for crossing in self.presence.expire(now_s):
            if self._portal is None:
                events.append(self._event("departed", crossing))
            else:
                direction = self._portal.passed(crossing.epc)
                events.append(self._event("passed", crossing, direction=direction))
        if self._portal is not None:
            events += self._stand_still(now_s)
            self._portal.keep_only(self.presence.here(), now_s=now_s)
        for epc in [epc for epc in self._where if not self.presence.knows(epc)]:
            del self._where[epc]
        return events

    def _counts(self, epc: bytes, rssi_dbm: int | None, now_s: float) -> bool:
        """Tell whether a read says anything."""
        match self._heeded.why_not(epc, rssi_dbm):
            case "weak":
                self.dropped.weak_count += 1
                return False
            case "foreign":
                self.dropped.foreign_count += 1
                return False
            case "ignored":
                self.dropped.ignored_count += 1
                return False
        last_s = self._static_s.get(epc)
        if last_s is None:
            return True
        if now_s - last_s > self.settings.smoothing.static_after_s:
            del self._static_s[epc]  # It was away for long: it is a tag like others again.
            return True
        self._static_s[epc] = now_s
        self.dropped.ignored_count += 1
        return False

    def _stand_still(self, now_s: float) -> list[TagEvent]:
        """Tell once of tags that stand in a portal's field: they pass nothing."""
        assert self._portal is not None
        limit_s = self.settings.smoothing.static_after_s
        events = []
        for epc, here_s in self.presence.since(now_s).items():
            if here_s <= limit_s or len(self._static_s) >= STATIC_COUNT_MAX:
                continue
            crossing = self.presence.end(epc)
            assert crossing is not None
            self._portal.forget(epc)
            self._static_s[epc] = now_s
            reason = (
                f"it stands in the portal for {limit_s:.0f} s: ignored until it was away as long"
            )
            events.append(self._event("departed", crossing, reason=reason))
        return events

    def _event(
        self, what: What, crossing: Crossing, *, direction: Direction = "unknown", reason: str = ""
    ) -> TagEvent:
        where = self._where.get(crossing.epc)
        return TagEvent(
            what=what,
            crossing=crossing,
            direction=direction,
            antenna=where.antenna if where else 0,
            reason=reason,
        )
