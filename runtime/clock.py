"""Wall time says when, monotonic time measures how long; both come in as an argument."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


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
