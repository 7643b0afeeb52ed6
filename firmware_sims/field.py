"""What simulated devices see of the world: the border between physics and protocols (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class TagInField:
    """A tag that a reader's field reaches now."""

    epc: bytes
    rssi_dbm: int
    read_ratio: float
    """Chance that it answers one inventory round; 0 for a dead tag."""
    antenna: int = 1
    """1-based; a portal's inner antenna is 1, the outer is 2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Climate:
    """The air of a zone at one probe."""

    temperature_c: float
    humidity_percent: float
    co2_ppm: float


class Field(Protocol):
    """The part of the world that devices sense and move. Called from one asyncio loop."""

    def tags(self, read_point: str) -> list[TagInField]:
        """Return the tags in the field of `dock-1` or `dock-2` now, strays included."""

    def mass_g(self, read_point: str) -> float:
        """Return the true mass on the floor scale (dock-1) or the weighbridge (dock-2)."""

    def climate(self, zone: str, probe: int) -> Climate:
        """Return the air at a probe of a zone; probes differ a little."""

    def input_is_on(self, dock: str, channel: str) -> bool:
        """Return eye-inner, eye-outer, exit-beam, gate-closed or truck-present."""

    def set_coil(self, dock: str, channel: str, *, is_on: bool) -> None:
        """The PLC drives an output: gate, light-red, light-amber, light-green."""

    def take_plate(self, dock: str) -> str | None:
        """Return the plate of a truck that has just docked, once; the camera posts it."""
