"""What a time-series store does for us."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gateway.telemetry.line_protocol import StorePoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One down-sampled value of a series."""

    t_ns: int
    mean: float
    low: float
    high: float


class Points(Protocol):
    """Points to be written, in the form that a store likes: both hold the same, in one order."""

    def __len__(self) -> int:
        """Return how many there are."""

    def lines(self) -> Sequence[bytes]:
        """Return each as one line of line protocol."""

    def points(self) -> Iterable[StorePoint]:
        """Return each with its tags and fields apart."""


class TelemetryStore(Protocol):
    """Points at rest. The same point written twice is one point."""

    is_away: bool
    """Whether the last write was not answered."""

    async def write(self, points: Points) -> list[tuple[int, str]]:
        """Write points durably; return (index, reason) of each that the store refuses for good.

        Waits as long as the store is away: nothing is acknowledged that is not written.
        """

    async def count(self) -> int:
        """Return how many points this store holds."""

    async def series(
        self, *, zone: str, field: str, since_ns: int, until_ns: int, samples_count: int
    ) -> list[Sample]:
        """Return a zone's climate value over a range, at most `samples_count` samples."""

    async def times(
        self, *, since_ns: int, until_ns: int, count_max: int
    ) -> dict[tuple[str, str], list[int]]:
        """Return by (edge, device) when it measured, ascending, at most `count_max` in all."""

    async def prune(self, before_ns: int) -> int:
        """Forget points older than that; return how many, 0 where the store does it itself."""

    async def close(self) -> None:
        """Let go of the store."""
