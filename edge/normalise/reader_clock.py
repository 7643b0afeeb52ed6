"""What a reader's clock is worth: its offset to ours, late reports, jumps (pure).

A report can't come before it was made, so the smallest (arrival - stamp) seen is the truest offset;
it creeps by DRIFT_RATIO so that a slow drift is followed. In a connection reports come in order, so
none can be more delayed than the one before it plus the time since: a stamp that is further back
says that the clock was set back, everything nearer is a backlog. Stamps of a connection's first
message (`told`) are of now for certain. Times are Unix nanoseconds, `now_s` is monotonic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

LATE_NS: Final = 5_000_000_000
"""Reads older than this are a backlog: they are told as of then, and move nothing now."""
FUTURE_NS: Final = 500_000_000
"""A stamp may lie ahead by as much as the offset is uncertain."""
LIES_NS: Final = 2_000_000_000
"""NTP holds a reader far better: beyond this its clock is wrong."""
UTC_BEGINS_NS: Final = 978_307_200_000_000_000
"""2001: a stamp before it is no UTC but a time since the reader was switched on."""
DRIFT_RATIO: Final = 0.0002
"""Four times what a bad crystal drifts."""
PROOF_S: Final = 2.0
"""How long a jump must be seen, with nothing that contradicts it, to be believed."""
_TOLERANCE_NS: Final = 500_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """When a read was made."""

    t_ns: int
    """Of our clock; never ahead of it."""
    age_s: float
    is_late: bool
    is_doubtful: bool
    """The reader's stamp could not be believed: the time is that of the arrival."""


class ReaderClock:
    """The clock of one reader."""

    def __init__(self) -> None:
        self.offset_ns: int | None = None
        """Ours minus the reader's; None before its first stamp."""
        self.jumps_count = 0
        self._is_utc = False
        self._delay_ns: int | None = None
        """Of the newest report; None after a connect: any backlog may follow."""
        self._last_s = 0.0
        self._suspect_s: float | None = None
        self._is_ahead = False

    @property
    def lies_by_s(self) -> float | None:
        """Return by how much a reader that claims UTC is wrong (positive: behind), else None."""
        if self.offset_ns is None or not self._is_utc or abs(self.offset_ns) <= LIES_NS:
            return None
        return self.offset_ns / 1e9

    def told(self, stamp_ns: int, *, wall_ns: int, now_s: float) -> None:
        """Take a stamp that the reader made just now, as at the begin of a connection."""
        offset_ns = wall_ns - stamp_ns
        if self.offset_ns is not None and abs(offset_ns - self.offset_ns) > LIES_NS:
            self.jumps_count += 1
        self._adopt(offset_ns, stamp_ns, now_s)
        self._delay_ns = None

    def heard(self, newest_ns: int, *, wall_ns: int, now_s: float) -> None:
        """Take the newest stamp of a batch of reads."""
        offset_ns = wall_ns - newest_ns
        if self.offset_ns is None:
            self._adopt(offset_ns, newest_ns, now_s)
            return
        delay_ns = offset_ns - self.offset_ns
        since_s = max(0.0, now_s - self._last_s)
        if delay_ns < -_TOLERANCE_NS:
            self._suspect(offset_ns, newest_ns, now_s, is_ahead=True)
        elif delay_ns > LATE_NS and self._is_beyond(delay_ns, since_s):
            self._suspect(offset_ns, newest_ns, now_s, is_ahead=False)
        else:
            creep_ns = round(since_s * DRIFT_RATIO * 1e9)
            self.offset_ns += min(delay_ns, creep_ns)
            self._suspect_s = None
            self._delay_ns = max(0, delay_ns)
            self._last_s = now_s

    def judge(self, stamp_ns: int, *, wall_ns: int) -> Judged:
        """Return when a read with this stamp was made, by our clock."""
        assert self.offset_ns is not None, "judge() follows heard()"
        age_ns = wall_ns - stamp_ns - self.offset_ns
        if age_ns < -FUTURE_NS:
            return Judged(t_ns=wall_ns, age_s=0.0, is_late=False, is_doubtful=True)
        age_ns = max(0, age_ns)
        return Judged(
            t_ns=wall_ns - age_ns,
            age_s=age_ns / 1e9,
            is_late=age_ns > LATE_NS,
            is_doubtful=self._suspect_s is not None,
        )

    def _is_beyond(self, delay_ns: int, since_s: float) -> bool:
        """Tell whether a report is older than any that could still have been under way."""
        if self._delay_ns is None:
            return False
        return delay_ns > self._delay_ns + round(since_s * 1e9) + _TOLERANCE_NS

    def _suspect(self, offset_ns: int, stamp_ns: int, now_s: float, *, is_ahead: bool) -> None:
        """Believe a jump once it was seen for PROOF_S without a stamp that denies it."""
        if self._suspect_s is None or self._is_ahead is not is_ahead:
            self._suspect_s, self._is_ahead = now_s, is_ahead
        elif now_s - self._suspect_s >= PROOF_S:
            self.jumps_count += 1
            self._adopt(offset_ns, stamp_ns, now_s)

    def _adopt(self, offset_ns: int, stamp_ns: int, now_s: float) -> None:
        self.offset_ns = offset_ns
        self._is_utc = stamp_ns >= UTC_BEGINS_NS
        self._delay_ns = 0
        self._last_s = now_s
        self._suspect_s = None
