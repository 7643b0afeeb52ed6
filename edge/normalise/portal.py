"""Which way a tag passed a portal (pure).

Two witnesses: the order of the RSSI-weighted time centroids at the inner and the outer antenna, and
the order of the photo-eyes. Where they disagree, or neither saw enough, the direction is unknown.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

Direction = Literal["in", "out", "unknown"]
SAMPLES_MAX: Final = 512
EYES_MAX: Final = 64
CENTROID_GAP_S_MIN: Final = 0.2
PASS_READS_MIN: Final = 6
"""A carried tag is read dozens of times; two strays while another passes are no passage."""


@dataclass(slots=True)
class _Track:
    samples: deque[tuple[float, int, int | None]] = field(
        default_factory=lambda: deque(maxlen=SAMPLES_MAX)
    )


class Portal:
    """One portal with an inner and an outer antenna."""

    def __init__(self, *, inner_antenna: int, outer_antenna: int, window_s: float) -> None:
        self._inner, self._outer = inner_antenna, outer_antenna
        self._window_s = window_s
        self._tracks: dict[bytes, _Track] = {}
        self._eyes: deque[tuple[float, bool]] = deque(maxlen=EYES_MAX)

    def eye(self, *, is_inner: bool, now_s: float) -> None:
        """Note that a photo-eye was broken."""
        self._eyes.append((now_s, is_inner))

    def read(self, epc: bytes, antenna: int, rssi_dbm: int | None, *, now_s: float) -> None:
        """Note one read."""
        self._tracks.setdefault(epc, _Track()).samples.append((now_s, antenna, rssi_dbm))

    def passed(self, epc: bytes) -> Direction:
        """Return which way a tag that has just departed went, and forget it."""
        track = self._tracks.pop(epc, None)
        if track is None:
            return "unknown"
        if len(track.samples) < PASS_READS_MIN:
            return "unknown"
        by_antennas = self._by_antennas(track.samples)
        first_s, last_s = track.samples[0][0], track.samples[-1][0]
        by_eyes = self._by_eyes(first_s, last_s)
        if "unknown" in {by_antennas, by_eyes}:
            return by_eyes if by_antennas == "unknown" else by_antennas
        return by_antennas if by_antennas == by_eyes else "unknown"

    def forget(self, epc: bytes) -> None:
        """Forget a tag that never arrived."""
        self._tracks.pop(epc, None)

    def keep_only(self, epcs: Iterable[bytes], *, now_s: float) -> None:
        """Forget tracks of tags that are not there and were not read lately."""
        here = set(epcs)
        for epc in [
            epc
            for epc, track in self._tracks.items()
            if epc not in here and now_s - track.samples[-1][0] > self._window_s
        ]:
            del self._tracks[epc]

    def _by_antennas(self, samples: Iterable[tuple[float, int, int | None]]) -> Direction:
        centroids = {}
        for antenna in (self._inner, self._outer):
            weighed = [
                (at_s, 10 ** ((rssi if rssi is not None else -70) / 20))
                for at_s, one, rssi in samples
                if one == antenna
            ]
            if not weighed:
                return "unknown"
            total = sum(weight for _, weight in weighed)
            centroids[antenna] = sum(at_s * weight for at_s, weight in weighed) / total
        gap_s = centroids[self._outer] - centroids[self._inner]
        if abs(gap_s) < CENTROID_GAP_S_MIN:
            return "unknown"
        return "out" if gap_s > 0 else "in"

    def _by_eyes(self, first_s: float, last_s: float) -> Direction:
        seen = [
            (at_s, is_inner)
            for at_s, is_inner in self._eyes
            if first_s - 1.0 <= at_s <= last_s + 1.0
        ]
        inner = [at_s for at_s, is_inner in seen if is_inner]
        outer = [at_s for at_s, is_inner in seen if not is_inner]
        if len(inner) != 1 or len(outer) != 1:
            return "unknown"
        return "out" if inner[0] < outer[0] else "in"
