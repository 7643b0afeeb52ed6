"""At which antenna a tag is: the one that hears it best, and not another at every read (pure).

A second antenna takes a tag over when it hears it better by some decibels over several reads. The
longer the tag's own antenna has been silent, the less it takes, down to less than nothing.
"""

from __future__ import annotations

import statistics
from collections import deque
from dataclasses import dataclass, field
from typing import Final

READS_COUNT: Final = 20
READS_COUNT_MIN: Final = 2
"""One read at another antenna is a reflection."""
SLOPE_DB_PER_S: Final = 8.0
UNKNOWN_DBM: Final = -70
"""A reader that tells no strength hears everything alike."""
ANTENNAS_COUNT_MAX: Final = 64


@dataclass(slots=True)
class _Heard:
    rssi_dbm: deque[int] = field(default_factory=lambda: deque(maxlen=READS_COUNT))
    last_s: float = 0.0


@dataclass(slots=True)
class Where:
    """One tag's place among the antennas of a read point."""

    antenna: int = 0
    """0: not read yet."""
    _heard: dict[int, _Heard] = field(default_factory=dict)

    def read(
        self,
        antenna: int,
        rssi_dbm: int | None,
        *,
        now_s: float,
        margin_db: float,
        hold_off_s: float,
    ) -> bool:
        """Take one read; tell whether the tag is now at another antenna than before."""
        if antenna not in self._heard and len(self._heard) >= ANTENNAS_COUNT_MAX:
            return False
        heard = self._heard.setdefault(antenna, _Heard())
        heard.rssi_dbm.append(UNKNOWN_DBM if rssi_dbm is None else rssi_dbm)
        heard.last_s = now_s
        if self.antenna == 0:
            self.antenna = antenna
            return False
        if antenna == self.antenna or len(heard.rssi_dbm) < READS_COUNT_MIN:
            return False
        own = self._heard[self.antenna]
        silent_s = max(0.0, now_s - own.last_s - hold_off_s)
        needed_db = margin_db - SLOPE_DB_PER_S * silent_s
        gain_db = statistics.fmean(heard.rssi_dbm) - statistics.fmean(own.rssi_dbm)
        if gain_db <= needed_db:
            return False
        self.antenna = antenna
        return True
