"""When a tag has arrived at a read point, and when it has gone (pure).

A tag arrives after `arrive_reads` reads within `arrive_s`: one stray read arrives nowhere. It
departs after a silence: `depart_s`, or what `patience` knows of this tag. Times are monotonic
seconds; wall times travel beside them.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from edge.normalise.patience import RETURN_S, Patience, Rate

if TYPE_CHECKING:
    from collections.abc import Iterable

TAGS_COUNT_MAX: Final = 5_000


@dataclass(slots=True)
class _Tag:
    recent_s: deque[float] = field(default_factory=lambda: deque(maxlen=64))
    count: int = 0
    rssi_dbm: int | None = None
    first_t_ns: int = 0
    last_t_ns: int = 0
    first_s: float = 0.0
    last_s: float = 0.0
    is_here: bool = False
    rate: Rate = field(default_factory=Rate)


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

    def __init__(
        self,
        *,
        arrive_reads: int,
        arrive_s: float,
        depart_s: float,
        patience: Patience | None = None,
    ) -> None:
        self._arrive_reads = arrive_reads
        self._arrive_s = arrive_s
        self._depart_s = depart_s
        self._patience = patience
        self._tags: dict[bytes, _Tag] = {}
        self._gone_s: dict[bytes, float] = {}
        """When each tag was told gone of late, oldest first."""

    def read(self, epc: bytes, rssi_dbm: int | None, *, now_s: float, t_ns: int) -> Crossing | None:
        """Take one read; return the arrival that it completes."""
        if epc not in self._tags and len(self._tags) >= TAGS_COUNT_MAX:
            return None
        tag = self._tags.get(epc)
        if tag is None:
            tag = self._tags[epc] = _Tag(first_t_ns=t_ns, first_s=now_s)
        elif self._patience is not None:
            self._patience.read(tag.rate, now_s - tag.last_s)
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
        gone_s = self._gone_s.pop(epc, None)
        if gone_s is not None and self._patience is not None and tag.first_s - gone_s <= RETURN_S:
            self._patience.returned()
        return _crossing("arrived", epc, tag)

    def expire(self, now_s: float) -> list[Crossing]:
        """Return the tags that have gone by now; call a few times a second."""
        gone = [epc for epc, tag in self._tags.items() if now_s - tag.last_s > self._quiet_s(tag)]
        crossings = [crossing for epc in gone if (crossing := self.end(epc)) is not None]
        if self._patience is not None:
            self._remember(crossings, now_s)
        return crossings

    def _remember(self, crossings: Iterable[Crossing], now_s: float) -> None:
        """Keep who has gone until it is certain that they stay away."""
        assert self._patience is not None
        for epc, at_s in list(self._gone_s.items()):
            # A return is told by its second read, up to arrive_s after the first.
            if now_s - at_s <= RETURN_S + self._arrive_s:
                break
            del self._gone_s[epc]
            self._patience.stayed_away()
        for one in crossings:
            self._gone_s.pop(one.epc, None)
            self._gone_s[one.epc] = now_s

    def end(self, epc: bytes) -> Crossing | None:
        """Forget a tag; return its departure if it had arrived."""
        tag = self._tags.pop(epc)
        return _crossing("departed", epc, tag) if tag.is_here else None

    def since(self, now_s: float) -> dict[bytes, float]:
        """Return for how long each tag that has arrived has been there, in seconds."""
        return {epc: now_s - tag.first_s for epc, tag in self._tags.items() if tag.is_here}

    def confidence_ratio(self, epc: bytes) -> float | None:
        """Return how sure it is that a tag is here and no stray; None: it is not here.

        A tag of the place is read about as often as the others there, and has been read a few
        times; one that only strays in is read seldom.
        """
        tag = self._tags.get(epc)
        if tag is None or not tag.is_here:
            return None
        counted = 1 - 0.5**tag.count
        if self._patience is None or self._patience.round_s is None:
            return counted
        return counted * min(1.0, tag.rate.chance / max(self._patience.chance, 0.01))

    def _quiet_s(self, tag: _Tag) -> float:
        # Reads that made no arrival are forgotten after the fixed time: nothing is known of them.
        if self._patience is None or not tag.is_here:
            return self._depart_s
        return self._patience.quiet_s(tag.rate)

    def knows(self, epc: bytes) -> bool:
        """Tell whether a tag was read and has not gone."""
        return epc in self._tags

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
