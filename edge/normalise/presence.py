"""When a tag has arrived at a read point, and when it has gone (pure).

A tag arrives after `arrive_reads` reads within `arrive_s`: one stray read arrives nowhere. It
departs `depart_s` after its last read. Times are monotonic seconds; wall times travel beside them.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final, Literal

TAGS_COUNT_MAX: Final = 5_000


@dataclass(slots=True)
class _Tag:
    recent_s: deque[float] = field(default_factory=lambda: deque(maxlen=64))
    count: int = 0
    rssi_dbm: int | None = None
    first_t_ns: int = 0
    last_t_ns: int = 0
    last_s: float = 0.0
    is_here: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """A tag arrived or departed."""

    what: Literal["arrived", "departed"]
    epc: bytes
    reads_count: int
    rssi_dbm: int | None
    first_t_ns: int
    last_t_ns: int


class Presence:
    """Tags of one read point."""

    def __init__(self, *, arrive_reads: int, arrive_s: float, depart_s: float) -> None:
        self._arrive_reads = arrive_reads
        self._arrive_s = arrive_s
        self._depart_s = depart_s
        self._tags: dict[bytes, _Tag] = {}

    def read(self, epc: bytes, rssi_dbm: int | None, *, now_s: float, t_ns: int) -> Crossing | None:
        """Take one read; return the arrival that it completes."""
        if epc not in self._tags and len(self._tags) >= TAGS_COUNT_MAX:
            return None
        tag = self._tags.setdefault(epc, _Tag(first_t_ns=t_ns))
        tag.recent_s.append(now_s)
        tag.count += 1
        tag.last_s, tag.last_t_ns = now_s, t_ns
        if rssi_dbm is not None:
            tag.rssi_dbm = max(rssi_dbm, tag.rssi_dbm if tag.rssi_dbm is not None else rssi_dbm)
        if tag.is_here:
            return None
        recent = sum(1 for at_s in tag.recent_s if now_s - at_s <= self._arrive_s)
        if recent < self._arrive_reads:
            return None
        tag.is_here = True
        return _crossing("arrived", epc, tag)

    def expire(self, now_s: float) -> list[Crossing]:
        """Return the tags that have gone by now; call a few times a second."""
        gone = [epc for epc, tag in self._tags.items() if now_s - tag.last_s > self._depart_s]
        crossings = []
        for epc in gone:
            tag = self._tags.pop(epc)
            if tag.is_here:
                crossings.append(_crossing("departed", epc, tag))
        return crossings

    def here(self) -> set[bytes]:
        """Return the tags that have arrived and not departed."""
        return {epc for epc, tag in self._tags.items() if tag.is_here}


def _crossing(what: Literal["arrived", "departed"], epc: bytes, tag: _Tag) -> Crossing:
    return Crossing(
        what=what,
        epc=epc,
        reads_count=tag.count,
        rssi_dbm=tag.rssi_dbm,
        first_t_ns=tag.first_t_ns,
        last_t_ns=tag.last_t_ns,
    )
