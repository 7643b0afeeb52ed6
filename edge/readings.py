"""What codecs return: values and faults, never exceptions (pure)."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - dataclasses tell their types
from dataclasses import dataclass, field
from decimal import Decimal  # noqa: TC003 - dataclasses tell their types
from typing import Literal

WeightKind = Literal["gross", "net", "tare"]
WeightRange = Literal["ok", "over", "under"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameCorrupt:
    """Bytes that are no good frame; good ones may follow."""

    reason: str
    frame_hex: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TagRead:
    """One read of one tag, or several that the reader itself counted."""

    epc: bytes
    rssi_dbm: int | None
    antenna: int
    """1-based."""
    t_ns: int | None = None
    """UTC by the reader's own clock, as told; None where it has none or doesn't tell."""
    phase_rad: float | None = None
    reads_count: int = 1
    tid: bytes = b""
    """The chip's own number, where the reader tells it with the EPC."""
    frame_hex: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundEnd:
    """A reader finished a round; `status` as the device says it."""

    status: int
    text: str = ""
    """What the status means, where it is no plain end."""
    frame_hex: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockTold:
    """A device told its clock."""

    t_ns: int
    """Made just now by the device; UTC, or since it was switched on."""
    frame_hex: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """What a scale shows; `value` is absent out of range."""

    value: Decimal | None
    unit: str
    """As sent; empty where the frame has none."""
    is_stable: bool | None
    """None: the protocol doesn't tell."""
    range: WeightRange
    text: str
    """Digits and unit as sent."""
    frame_hex: str
    kind: WeightKind | None = None
    """None: the frame doesn't tell."""
    is_zero: bool | None = None
    """The scale's own centre-of-zero mark; None where the frame has none."""
    tare: Decimal | None = None
    """The tare in `unit`, where the same frame tells it."""
    reason: str = ""
    """Why the value is doubtful or absent though the frame is sound; empty where it is neither."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Any other readable answer of a device."""

    head: str
    text: str
    frame_hex: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitReading:
    """What one poll of a unit told."""

    values: Mapping[str, Mapping[str, float]]
    """By kind of reading, then by field; what is not known is absent."""
    missing: Mapping[str, str]
    """Why a field is absent."""
    inputs: Mapping[str, bool] = field(default_factory=dict)
    """Switches and sensors that are told when they change."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """What is no reading: `serial`."""
    frame_hex: str = field(default="", compare=False)
    """Of a recorded reply; a live poll may take several."""


Reading = TagRead | RoundEnd | ClockTold | Weighed | UnitReading | Told | FrameCorrupt
