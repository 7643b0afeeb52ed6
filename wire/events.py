"""Custody events: what an edge witnesses and the ledger applies (pure).

Source: the project's contract on the wire, section 1.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from wire.base import Count, Reading, Word

MASS_G_MAX: Final = 1e9
"""A thousand tonnes: more than any scale of a warehouse shows."""
MassG = Annotated[float, Field(ge=-MASS_G_MAX, le=MASS_G_MAX)]
EpcHex = Annotated[str, Field(pattern=r"^[0-9A-F]{2,124}$")]


class Rfid(Reading):
    """A tag came, went, or passed a portal."""

    read_point: Word
    what: Literal["arrived", "departed", "passed"]
    direction: Literal["in", "out", "unknown"] = "unknown"
    epc_hex: EpcHex
    epc_uri: str | None = None
    """Pure identity URI; absent when the tag bears no EPC that we can decode."""
    reads_count: Count
    rssi_dbm: float | None = None
    first_t_ns: Count
    last_t_ns: Count
    device_t_ns: Count | None = None
    """What the reader's own clock said at the last read; the other times are corrected."""


class Weight(Reading):
    """A stable weight."""

    read_point: Word
    mass_g: MassG
    text: str
    """The digits and unit exactly as the scale sent them: the legal record."""
    kind: Literal["gross", "net", "tare"]
    frame_hex: str


class Load(Reading):
    """A stable weight joined with the tags present on the scale."""

    read_point: Word
    mass_g: MassG
    epcs: list[str]
    """Pure identity URIs (SGTIN and SSCC), sorted; a tag without one stands as its hex."""
    confidence_ratio: float = Field(ge=0, le=1)
    parts: list[Count]
    """Chain numbers of the weight and rfid rows that were joined."""


class Input(Reading):
    """A digital input changed."""

    channel: Word
    is_on: bool


class Plate(Reading):
    """A camera read a number plate."""

    read_point: Word
    plate: str = Field(min_length=1, max_length=16, pattern=r"[^\s.·-]")
    confidence_ratio: float = Field(ge=0, le=1)


class Actuation(Reading):
    """What became of a command."""

    command_id: str
    verb: Word
    outcome: Literal["done", "failed", "refused", "unknown"]
    reason: str | None = None
    read_back: bool | None = None


class Gap(Reading):
    """A range of telemetry that will never come (device `outbox`)."""

    stream: Literal["telemetry"]
    boot: str
    first_seq: Count
    last_seq: Count
    count: Count
    cause: Literal["evicted", "corrupt", "clock_step", "disk_full"]
    first_t_ns: Count | None = None
    """When the readings that went were captured, where that is known."""
    last_t_ns: Count | None = None


EVENT_KINDS: Final[dict[str, type[Reading]]] = {
    "rfid": Rfid,
    "weight": Weight,
    "load": Load,
    "input": Input,
    "plate": Plate,
    "actuation": Actuation,
    "gap": Gap,
}
