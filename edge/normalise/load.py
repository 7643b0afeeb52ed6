"""The fused event: a stable weight joined with the tags that stand on the scale (pure)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True, kw_only=True)
class FusedLoad:
    """What stands on the scale."""

    mass_g: float
    epcs: tuple[bytes, ...]
    parts: tuple[int, ...]
    confidence_ratio: float
    """Of the least sure tag: 1 when every tag is read as often as the others."""
    doubtful_epcs: tuple[bytes, ...] = ()
    """Tags that may be strays from beside the scale."""


CONFIDENT_RATIO: Final = 0.5
"""A tag that is read less than half as often as the others there is doubtful."""


@dataclass(slots=True, kw_only=True)
class LoadJoin:
    """Joins weights and tags of one read point. Monotonic seconds."""

    min_g: float
    settle_s: float
    _mass_g: float | None = None
    _weight_seq: int = 0
    _since_s: float = 0.0
    _tag_seqs: dict[bytes, int] = field(default_factory=dict)
    _changed_s: float = 0.0
    _told: frozenset[bytes] | None = None

    def weight(self, mass_g: float, seq: int, *, now_s: float) -> None:
        """Note a new stable weight; a light one empties the scale."""
        self._told = None
        self._since_s = now_s
        self._weight_seq = seq
        self._mass_g = mass_g if mass_g >= self.min_g else None

    def arrived(self, epc: bytes, seq: int, *, now_s: float) -> None:
        """Note a tag."""
        self._tag_seqs[epc] = seq
        self._changed_s = now_s

    def departed(self, epc: bytes) -> None:
        """Forget a tag."""
        self._tag_seqs.pop(epc, None)

    def due(
        self, now_s: float, *, confidence_of: Callable[[bytes], float | None] = lambda _: None
    ) -> FusedLoad | None:
        """Return the load when weight and tags have been quiet long enough and are news.

        `confidence_of` tells how sure a tag's presence is, 0 to 1; None where nobody knows.
        """
        if self._mass_g is None or not self._tag_seqs:
            return None
        quiet_s = now_s - max(self._since_s, self._changed_s)
        tags = frozenset(self._tag_seqs)
        if quiet_s < self.settle_s or tags == self._told:
            return None
        if self._told is not None and tags < self._told:
            return None  # A tag that is no longer read has not left: its departure is told apart.
        self._told = tags
        sure = {epc: 1.0 if (one := confidence_of(epc)) is None else one for epc in tags}
        return FusedLoad(
            mass_g=self._mass_g,
            epcs=tuple(sorted(tags)),
            parts=(self._weight_seq, *sorted(self._tag_seqs.values())),
            confidence_ratio=round(min(sure.values()), 3),
            doubtful_epcs=tuple(sorted(epc for epc, one in sure.items() if one < CONFIDENT_RATIO)),
        )
