"""What a pallet needs of its place, and what the hall offers (pure data and arithmetic)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gateway.settings import Location, Point

PALLET_LENGTH_MM: Final = 1200  # EUR 1 pallet, EN 13698-1
PALLET_WIDTH_MM: Final = 800
PALLET_HEIGHT_MM: Final = 144


@dataclass(frozen=True, slots=True, kw_only=True)
class CartonStack:
    """Cartons of one goods on one pallet."""

    count: int
    length_mm: int
    width_mm: int
    height_mm: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PalletNeed:
    """A whole pallet that waits for a place."""

    sscc: str
    owner_id: str
    zones: frozenset[str]
    """Climate zones that its goods ask for; more than one cannot be met by any place."""
    mass_g: int
    height_mm: int
    velocity_ratio: float
    """How often its goods are ordered, 0..1 of the most ordered goods."""
    days_left: float | None
    """Days until the first of its cartons expires; None when nothing expires."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hall:
    """The hall at the moment of the decision."""

    locations: Mapping[str, Location]
    dock: Point
    staging: Point
    taken: Mapping[str, str]
    """Location id to why it is not free."""
    owners: Mapping[tuple[str, int], frozenset[str]]
    """Owners whose pallets stand in, or are on their way to, a bay (rack, bay)."""
    zones_out_of_band: frozenset[str]


def stack_height_mm(stacks: Iterable[CartonStack]) -> int:
    """Return the height of a pallet stacked in whole layers, one goods upon the other.

    The notice does not tell a pallet's height; whole layers are the upper bound of a tidy stack.
    """
    height_mm = PALLET_HEIGHT_MM
    for stack in stacks:
        along = (PALLET_LENGTH_MM // stack.length_mm) * (PALLET_WIDTH_MM // stack.width_mm)
        across = (PALLET_LENGTH_MM // stack.width_mm) * (PALLET_WIDTH_MM // stack.length_mm)
        layers_count = math.ceil(stack.count / max(along, across, 1))
        height_mm += layers_count * stack.height_mm
    return height_mm
