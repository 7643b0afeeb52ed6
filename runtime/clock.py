"""Wall time says when, monotonic time measures how long; both come in as an argument."""

from __future__ import annotations

import ctypes
import time
from datetime import UTC, datetime
from typing import ClassVar, Final, Protocol


class Clock(Protocol):
    """Both kinds of time."""

    def wall_ns(self) -> int:
        """Return Unix nanoseconds, UTC."""

    def mono_s(self) -> float:
        """Return monotonic seconds from an arbitrary start."""


class SystemClock:
    """The machine's clocks."""

    def wall_ns(self) -> int:
        """Return Unix nanoseconds, UTC."""
        return time.time_ns()

    def mono_s(self) -> float:
        """Return monotonic seconds."""
        return time.monotonic()


class ManualClock:
    """Time that a test moves."""

    def __init__(self, wall_ns: int = 1_700_000_000_000_000_000) -> None:
        self._wall_ns = wall_ns
        self._mono_s = 1_000.0

    def wall_ns(self) -> int:
        """Return Unix nanoseconds, UTC."""
        return self._wall_ns

    def mono_s(self) -> float:
        """Return monotonic seconds."""
        return self._mono_s

    def advance(self, delay_s: float) -> None:
        """Let both clocks go on."""
        assert delay_s >= 0
        self._mono_s += delay_s
        self._wall_ns += round(delay_s * 1e9)


def rfc3339_from_ns(t_ns: int) -> str:
    """Return RFC 3339 in UTC with milliseconds, `2026-01-31T08:00:00.000Z`."""
    whole_s, rest_ns = divmod(t_ns, 1_000_000_000)
    stamp = datetime.fromtimestamp(whole_s, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{stamp}.{rest_ns // 1_000_000:03d}Z"


class _Timex(ctypes.Structure):
    """struct timex of Linux; only its size matters to us."""

    _fields_: ClassVar = [("room", ctypes.c_long * 64)]


_UNSYNCED: Final = 5
"""TIME_ERROR, adjtimex(2)."""
_SYNC_CHECK_S: Final = 10.0
_sync_seen: list[float | bool] = [-1e9, False]


def is_clock_synced() -> bool:
    """Tell whether the kernel holds its clock for synchronised; looked up every 10 s."""
    now_s = time.monotonic()
    if now_s - _sync_seen[0] > _SYNC_CHECK_S:
        try:
            state = ctypes.CDLL(None).adjtimex(ctypes.byref(_Timex()))
        except (OSError, AttributeError):  # Not Linux: we can't know.
            state = _UNSYNCED
        _sync_seen[:] = [now_s, 0 <= state < _UNSYNCED]
    return bool(_sync_seen[1])
