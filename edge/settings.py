"""An edge's file edge-*.toml: its devices and buses; site_file.py reads and checks it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from runtime.addresses import Listen, Remote, SerialPort
from runtime.settings import Settings
from wire.base import Word

Seconds = Annotated[float, Field(gt=0, le=3600)]
Baud = Literal[1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200]
Unit = Annotated[int, Field(ge=1, le=247)]


class Portal(Settings):
    """How direction is told at a read point: which antenna and which eye is inside."""

    inner_antenna: int
    outer_antenna: int
    eyes_device: Word
    inner_eye: Word
    outer_eye: Word
    window_s: Seconds = 4.0


class Device(Settings):
    """What every device has."""

    id: Word
    read_point: str = ""
    zone: str = ""


class Smoothing(Device):
    """When a tag has arrived, and when it is gone."""

    depart_s: Seconds = 1.5
    arrive_reads: Annotated[int, Field(ge=1, le=64)] = 2
    """edge/normalise/presence.py remembers 64 reads of a tag."""
    arrive_s: Seconds = 1.0
    rssi_floor_dbm: float = -80
    portal: Portal | None = None


class UhfM100(Smoothing):
    """family uhf_m100."""

    family: Literal["uhf_m100"]
    port: SerialPort
    baud: Baud = 115200
    read_point: Word


class UhfReader288(Smoothing):
    """family uhf_reader288."""

    family: Literal["uhf_reader288"]
    port: SerialPort
    baud: Baud = 57600
    read_point: Word


class MtSics(Device):
    """family mt_sics."""

    family: Literal["mt_sics"]
    port: SerialPort
    baud: Baud = 9600
    read_point: Word
    poll_s: Seconds = 0.2
    load_min_g: Annotated[float, Field(ge=0)] = 0
    """0: weights are not joined with tags."""
    load_settle_s: Seconds = 2.0


class PlateCamera(Device):
    """family plate_camera."""

    family: Literal["plate_camera"]
    read_point: Word


class BusUnit(Device):
    """A sensor on a bus."""

    family: Literal["xy_md02", "vaisala_hmp", "scd30"]
    bus: Word
    unit: Unit
    zone: Word
    poll_s: Seconds = 1.0


class DockPlc(Device):
    """family dock_plc: discrete inputs and coils over Modbus TCP, 0-based addresses."""

    family: Literal["dock_plc"]
    address: Remote
    unit: Annotated[int, Field(ge=0, le=255)] = 1
    read_point: Word
    poll_s: Seconds = 0.05
    inputs: dict[Word, Annotated[int, Field(ge=0, le=1_999)]]
    """One request reads 2,000 of them at most."""
    coils: dict[Word, Annotated[int, Field(ge=0, le=65_535)]]


AnyDevice = Annotated[
    UhfM100 | UhfReader288 | MtSics | PlateCamera | BusUnit | DockPlc,
    Field(discriminator="family"),
]


class Bus(Settings):
    """An RS-485 line."""

    id: Word
    port: SerialPort
    baud: Baud = 9600
    format: Literal["8N1", "8N2", "8E1", "8O1"] = "8N1"
    timeout_s: Seconds = 0.3
    turnaround_s: Annotated[float, Field(ge=0, le=1)] = 0.002


class EdgeSettings(Settings):
    """edge-*.toml, whole."""

    edge: Word
    http: Listen = "127.0.0.1:0"
    devices: list[AnyDevice]
    buses: list[Bus] = Field(default_factory=list)


class Archive(Settings):
    """What site.toml says of custody rows that the ledger has: how many and how long."""

    model_config = ConfigDict(extra="ignore")

    archive_rows: Annotated[int, Field(ge=1_000)] = 1_000_000
    archive_days: Annotated[float, Field(gt=0)] = 7
