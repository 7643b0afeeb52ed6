"""Sorts a reader's reads into those of now and those of long ago, by its corrected clock."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from edge.normalise.heeded import Heeded
from edge.normalise.late import LateVisits
from edge.normalise.reader_clock import ReaderClock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge.families import ReaderState
    from edge.normalise.late import Visit
    from edge.readings import TagRead
    from edge.settings import ReaderSettings
    from runtime.clock import Clock

LATE_QUIET_S: Final = 2.0
"""A backlog without a late read for so long has ended."""
TELL_COUNT: Final = 20
"""Late visits told a round: each waits for the disk, and live reads wait behind them."""
WAITING_COUNT_MAX: Final = 1_000
"""Beyond it the reader waits: custody is never dropped."""

STAMPS_COUNT_MAX: Final = 10_000
"""Twice the tags that presence holds; beyond it the tag that came first goes without."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveRead:
    """A read of now."""

    tag: TagRead
    at_s: float
    """Monotonic."""
    t_ns: int
    """Unix, by our clock."""


class ReaderTime:
    """The clock of one reader and what it tells late."""

    def __init__(self, settings: ReaderSettings, clock: Clock) -> None:
        self._clock = clock
        self._heeded = Heeded(settings)
        self._device = ReaderClock()
        self._late = LateVisits(arrive_reads=settings.arrive_reads, depart_s=settings.depart_s)
        self._waiting: deque[Visit] = deque()
        self._late_at_s: float | None = None
        self._told_count = 0
        self._stamps: dict[bytes, int] = {}
        self.late_reads_count = 0
        self.doubtful_count = 0

    def told(self, state: ReaderState) -> None:
        """Take what the driver heard of the reader's clock."""
        if state.clock_t_ns is not None:
            stamp_ns, state.clock_t_ns = state.clock_t_ns, None
            self._device.told(stamp_ns, wall_ns=self._clock.wall_ns(), now_s=self._clock.mono_s())

    def live(self, tags: Sequence[TagRead]) -> list[LiveRead]:
        """Return the reads of now in their order; keep the late ones aside."""
        now_s, wall_ns = self._clock.mono_s(), self._clock.wall_ns()
        stamps = [tag.t_ns for tag in tags if tag.t_ns is not None]
        if stamps:
            self._device.heard(max(stamps), wall_ns=wall_ns, now_s=now_s)
        reads: list[LiveRead] = []
        for tag in tags:
            if tag.t_ns is None:
                reads.append(LiveRead(tag=tag, at_s=now_s, t_ns=wall_ns))
                continue
            when = self._device.judge(tag.t_ns, wall_ns=wall_ns)
            self.doubtful_count += when.is_doubtful
            if not when.is_late:
                self._keep_stamp(tag.epc, tag.t_ns)
                reads.append(LiveRead(tag=tag, at_s=now_s - when.age_s, t_ns=when.t_ns))
                continue
            self.late_reads_count += 1
            if self._heeded.why_not(tag.epc, tag.rssi_dbm) is not None:
                continue
            self._late_at_s = now_s
            self._waiting += self._late.read(
                tag.epc,
                tag.rssi_dbm,
                t_ns=when.t_ns,
                device_t_ns=tag.t_ns,
                reads_count=tag.reads_count,
            )
        return reads

    def late(self) -> list[Visit]:
        """Return the late visits to tell now: a few a round, more when too many wait."""
        now_s = self._clock.mono_s()
        if self._late_at_s is not None and now_s - self._late_at_s > LATE_QUIET_S:
            self._late_at_s = None
            self._waiting += self._late.flush()
        count = max(min(TELL_COUNT, len(self._waiting)), len(self._waiting) - WAITING_COUNT_MAX)
        return [self._waiting.popleft() for _ in range(count)]

    def unique_ns(self, t_ns: int) -> int:
        """Return a time in the past as an event's `t_ns`: its millisecond and a running number."""
        self._told_count += 1
        return t_ns // 1_000_000 * 1_000_000 + self._told_count % 1_000_000

    def device_ns(self, epc: bytes) -> int | None:
        """Return what the reader's own clock said at the newest live read of a tag."""
        return self._stamps.get(epc)

    def _keep_stamp(self, epc: bytes, stamp_ns: int) -> None:
        if epc not in self._stamps and len(self._stamps) >= STAMPS_COUNT_MAX:
            del self._stamps[next(iter(self._stamps))]
        self._stamps[epc] = stamp_ns

    def complaint(self) -> str:
        """Return what is wrong with the reader's clock, and the remedy; empty when nothing is."""
        by_s = self._device.lies_by_s
        if by_s is None:
            return ""
        way = "behind" if by_s > 0 else "ahead"
        return (
            f"its clock is {abs(by_s):.0f} s {way}: times are corrected; "
            "give the reader an NTP server"
        )
