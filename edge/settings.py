"""What kinds of devices have in an edge's file; each family adds its own in its folder."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from runtime.addresses import Remote, SerialPort
from runtime.settings import Settings
from wire.base import Word

Seconds = Annotated[float, Field(gt=0, le=3600)]
Baud = Literal[1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400]
Format = Literal["8N1", "8N2", "8E1", "8O1", "7E1", "7O1", "7N2"]
"""Data bits, parity, stop bits."""


class Portal(Settings):
    """How direction is told at a read point: which antenna and which eye is inside."""

    inner_antenna: int
    outer_antenna: int
    eyes_device: Word
    inner_eye: Word
    outer_eye: Word
    window_s: Seconds = 4.0


class Device(Settings):
    """What every device has; a family narrows `family` to a Literal of its names."""

    id: Word
    family: str
    read_point: str = ""
    zone: str = ""


class SerialDevice(Device):
    """A device on a line of its own: a serial port, or tcp://HOST:PORT that carries its bytes."""

    port: SerialPort
    baud: Baud = 9600
    format: Format = "8N1"


class Smoothing(Settings):
    """What a read point makes of reads that come and fail to come."""

    mode: Literal["adaptive", "fixed"] = "adaptive"
    """adaptive: a tag is gone after a silence that its own read rate makes unlikely; fixed: after
    `depart_s`."""
    miss_ratio: Annotated[float, Field(gt=0, lt=0.5)] = 0.0001
    """Adaptive: how unlikely a silence must be while the tag is there."""
    quiet_s_min: Seconds = 0.5
    """Adaptive: never gone sooner; people walk between tag and antenna."""
    quiet_s_max: Seconds = 6.0
    hysteresis_db: Annotated[float, Field(ge=0, le=40)] = 6.0
    """By how much a second antenna must hear a tag better to be where it is."""
    hold_off_s: Seconds = 0.5
    """After so long without a read at its antenna, less and less of that is asked."""
    headers: list[Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{2}$")]] = Field(default_factory=list)
    """First bytes of tags that count, in hex; empty: all. 30 SGTIN-96, 31 SSCC-96."""
    ignored_epcs: list[Annotated[str, Field(pattern=r"^([0-9A-Fa-f]{2}){1,62}$")]] = Field(
        default_factory=list
    )
    """Tags that belong to the place: a door's, a forklift's."""
    static_after_s: Annotated[float, Field(ge=10, le=86_400)] = 600.0
    """Portals: a tag that stands in the field for so long is told once and then ignored."""


class ReaderSettings(SerialDevice):
    """A UHF reader: when a tag has arrived, and when it is gone."""

    read_point: Word
    depart_s: Seconds = 1.5
    """Silence that ends a presence; adaptive smoothing starts from it until it knows the tag."""
    smoothing: Smoothing = Field(default_factory=Smoothing)
    arrive_reads: Annotated[int, Field(ge=1, le=64)] = 2
    """edge/normalise/presence.py remembers 64 reads of a tag."""
    arrive_s: Seconds = 1.0
    rssi_floor_dbm: float = -80
    ca_file: str | None = None
    """Of a tls:// port: PEM file of who signed the reader's certificate; None: the system's."""
    portal: Portal | None = None


class Steady(Settings):
    """When a weight counts as stable though no frame says so: `count` of the last `of` answers."""

    count: Annotated[int, Field(ge=2, le=50)]
    of: Annotated[int, Field(ge=2, le=50)]
    within_g: Annotated[float, Field(ge=0, le=1e6)]
    """How far they may lie from the newest one."""

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        if self.count > self.of:
            raise ValueError(f"has count {self.count} above of {self.of}: raise of")
        return self


class ScaleSettings(SerialDevice):
    """A scale or a weighbridge."""

    read_point: Word
    kind: Literal["gross", "net"] | None = None
    """What the number is where its frame doesn't tell; a frame that tells is believed."""
    steady: Steady | None = None
    """Only for frames that don't tell whether the weight is stable."""
    silence_s: Seconds = 2.0
    """A scale that says nothing for so long doesn't answer."""
    poll_s: Seconds = 0.2
    load_min_g: Annotated[float, Field(ge=0)] = 0
    """0: weights are not joined with tags."""
    load_settle_s: Seconds = 2.0


class CameraSettings(Device):
    """A camera that posts what it saw."""

    read_point: Word


class UnitSettings(Device):
    """A unit of a bus."""

    bus: Word
    unit: Annotated[int, Field(ge=0, le=255)]
    """1 to 247 on a line; 0 and 255 name a Modbus TCP device itself."""
    zone: Annotated[str, Field(pattern=r"^[a-z0-9-]{0,64}$")] = ""
    poll_s: Seconds = 1.0
    polls: dict[str, Seconds] = Field(default_factory=dict)
    """Intervals of the register groups that the device's map names."""


class PlcSettings(Device):
    """Discrete inputs and coils over Modbus TCP, 0-based addresses."""

    address: Remote
    unit: Annotated[int, Field(ge=0, le=255)] = 1
    read_point: Word
    poll_s: Seconds = 0.05
    inputs: dict[Word, Annotated[int, Field(ge=0, le=1_999)]]
    """One request reads 2,000 of them at most."""
    coils: dict[Word, Annotated[int, Field(ge=0, le=65_535)]]


class Bus(Settings):
    """An RS-485 line, a converter that carries its bytes over TCP, or a Modbus TCP connection."""

    id: Word
    port: SerialPort
    framing: Literal["rtu", "tcp"] = "rtu"
    """tcp: Modbus TCP; `port` is then tcp://HOST:PORT, or dev/NAME for a file that holds it."""
    baud: Baud = 9600
    format: Literal["8N1", "8N2", "8E1", "8O1"] = "8N1"
    timeout_s: Seconds = 0.3
    turnaround_s: Annotated[float, Field(ge=0, le=1)] = 0.0
    """A pause before each request beyond the 3.5 characters that the standard asks for."""
    echo: bool | None = None
    """Whether the adapter gives back what is sent; left out, it is found out."""


class Archive(Settings):
    """What site.toml says of custody rows that the ledger has: how many and how long."""

    model_config = ConfigDict(extra="ignore")

    archive_rows: Annotated[int, Field(ge=1_000)] = 1_000_000
    archive_days: Annotated[float, Field(gt=0)] = 7
