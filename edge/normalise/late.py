"""Visits that a reader tells of long after they were: who was there, from when to when (pure).

A backlog must not move what is now. Its reads are gathered into visits by the reader's own time,
and each visit is told once it is over. Times are Unix nanoseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

VISITS_COUNT_MAX: Final = 5_000
"""As many tags as live presence holds; the longest unseen goes first."""


@dataclass(slots=True, kw_only=True)
class Visit:
    """A tag that was at the read point."""

    epc: bytes
    reads_count: int
    rssi_dbm: int | None
    first_t_ns: int
    last_t_ns: int
    device_t_ns: int
    """The reader's own stamp of the last read."""


class LateVisits:
    """Visits of one read point that are not over yet, the longest unseen first."""

    def __init__(self, *, arrive_reads: int, depart_s: float) -> None:
        self._arrive_reads = arrive_reads
        self._depart_ns = round(depart_s * 1e9)
        self._visits: dict[bytes, Visit] = {}
        self.strays_count = 0
        """Visits with fewer reads than an arrival takes: forgotten."""

    def read(
        self, epc: bytes, rssi_dbm: int | None, *, t_ns: int, device_t_ns: int, reads_count: int = 1
    ) -> list[Visit]:
        """Take one late read; return the visits that are over by its time."""
        over = list(self._over(t_ns))
        visit = self._visits.pop(epc, None)
        if visit is None:
            if len(self._visits) >= VISITS_COUNT_MAX:
                over += self._end(next(iter(self._visits)))
            visit = Visit(
                epc=epc,
                reads_count=0,
                rssi_dbm=rssi_dbm,
                first_t_ns=t_ns,
                last_t_ns=t_ns,
                device_t_ns=device_t_ns,
            )
        visit.reads_count += reads_count
        if t_ns >= visit.last_t_ns:
            visit.last_t_ns, visit.device_t_ns = t_ns, device_t_ns
        visit.first_t_ns = min(visit.first_t_ns, t_ns)
        if rssi_dbm is not None:
            visit.rssi_dbm = max(rssi_dbm, -128 if visit.rssi_dbm is None else visit.rssi_dbm)
        self._visits[epc] = visit
        return over

    def flush(self) -> list[Visit]:
        """Return what is left when the backlog has ended."""
        return [visit for epc in list(self._visits) for visit in self._end(epc)]

    def _over(self, t_ns: int) -> Iterator[Visit]:
        """Yield from the longest unseen on; the first that isn't over ends the look."""
        while self._visits:
            epc = next(iter(self._visits))
            if t_ns - self._visits[epc].last_t_ns <= self._depart_ns:
                return
            yield from self._end(epc)

    def _end(self, epc: bytes) -> list[Visit]:
        visit = self._visits.pop(epc)
        if visit.reads_count < self._arrive_reads:
            self.strays_count += 1
            return []
        return [visit]
