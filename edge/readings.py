"""What codecs return: values and faults, never exceptions (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal  # noqa: TC003 - dataclasses tell their types


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameCorrupt:
    """Bytes that are no good frame; good ones may follow."""

    reason: str
    frame_hex: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TagRead:
    """One read of one tag."""

    epc: bytes
    rssi_dbm: int | None
    antenna: int
    """1-based."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundEnd:
    """A reader finished a round; `status` as the device says it."""

    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """What a scale shows; `value` is absent out of range."""

    value: Decimal | None
    unit: str
    is_stable: bool
    range: str
    """ok, over or under."""
    text: str
    """Digits and unit as sent."""
    frame_hex: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Any other readable answer of a device."""

    head: str
    text: str
