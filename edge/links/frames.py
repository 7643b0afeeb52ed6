"""The last bytes of a line, each way, with their times: what a technician looks at (pure)."""

from __future__ import annotations

import contextlib
from collections import deque
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

FRAMES_COUNT_MAX: Final = 1_000
FRAME_BYTES_MAX: Final = 4_096
JOIN_S: Final = 0.003
"""Bytes of one direction that follow each other within it are one frame: a driver hands a frame
over in pieces, and the shortest silence between two frames of ours is 1.75 ms."""

Way = Literal["out", "in"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Bytes that went one way without a pause."""

    way: Way
    began_s: float
    """Monotonic."""
    ended_s: float
    data: bytes


_WATCHERS: ContextVar[tuple[Callable[[Way, bytes], None], ...]] = ContextVar("watchers", default=())


@contextlib.contextmanager
def watching(watcher: Callable[[Way, bytes], None]) -> Iterator[None]:
    """Let `watcher` hear of every line that is made meanwhile, whoever makes it."""
    before = _WATCHERS.set((*_WATCHERS.get(), watcher))
    try:
        yield
    finally:
        _WATCHERS.reset(before)


@dataclass(slots=True)
class FrameLog:
    """Holds the newest thousand; `listeners` hear of each piece as it passes."""

    held: deque[Seen] = field(default_factory=lambda: deque(maxlen=FRAMES_COUNT_MAX))
    listeners: list[Callable[[Way, bytes], None]] = field(
        default_factory=lambda: list(_WATCHERS.get())
    )

    def note(self, way: Way, data: bytes, now_s: float) -> None:
        """Take bytes as they pass."""
        for listener in self.listeners:
            listener(way, data)
        last = self.held[-1] if self.held else None
        if (
            last is not None
            and last.way == way
            and now_s - last.ended_s <= JOIN_S
            and len(last.data) + len(data) <= FRAME_BYTES_MAX
        ):
            began_s, data = last.began_s, last.data + data
            self.held[-1] = Seen(way=way, began_s=began_s, ended_s=now_s, data=data)
            return
        self.held.append(Seen(way=way, began_s=now_s, ended_s=now_s, data=data))


def rows_of(frames: Iterable[Seen]) -> list[dict[str, object]]:
    """Return frames as documents: milliseconds since the first, since the one before, hex."""
    rows: list[dict[str, object]] = []
    first_s: float | None = None
    before_s = 0.0
    for one in frames:
        if first_s is None:
            first_s = before_s = one.began_s
        rows.append(
            {
                "at_ms": round((one.began_s - first_s) * 1000, 1),
                "gap_ms": round((one.began_s - before_s) * 1000, 1),
                "way": one.way,
                "frame_hex": one.data.hex().upper(),
            }
        )
        before_s = one.ended_s
    return rows
