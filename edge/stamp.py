"""Draws the time of a reading: unique and rising for each device, honest when a clock jumps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from runtime.clock import Clock

_MS_NS: Final = 1_000_000
STEP_S: Final = 1.0
"""The wall clock may drift against the monotonic one by less between two readings."""
FALSE_NS: Final = 1_000_000_000
"""A stamp that had to leave the wall clock by more is not called synchronised."""


class Stamp:
    """Milliseconds of the wall clock and a running number."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: dict[str, int] = {}
        self._count = 0
        self._offset_s: float | None = None
        self._step_s = 0.0

    def draw(self, device: str) -> tuple[int, bool]:
        """Return (Unix nanoseconds for an event of now, whether they are the wall clock's)."""
        self._count += 1
        wall_ns = self._clock.wall_ns()
        self._watch(wall_ns)
        t_ns = wall_ns // _MS_NS * _MS_NS + self._count % _MS_NS
        t_ns = max(t_ns, self._last.get(device, 0) + 1)
        self._last[device] = t_ns
        return t_ns, t_ns - wall_ns < FALSE_NS

    def take_step_s(self) -> float:
        """Return by how much the wall clock jumped since this was asked last, 0 when it did not."""
        step_s, self._step_s = self._step_s, 0.0
        return step_s

    def _watch(self, wall_ns: int) -> None:
        offset_s = wall_ns / 1e9 - self._clock.mono_s()
        if self._offset_s is not None and abs(offset_s - self._offset_s) > STEP_S:
            self._step_s += offset_s - self._offset_s
        self._offset_s = offset_s
