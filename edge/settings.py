"""An edge's site file: its devices and buses, checked whole before anything opens."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from typing_extensions import override

from wire.base import Word

if TYPE_CHECKING:
    from pathlib import Path


class Settings(BaseModel):
    """Settings forbid unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


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
    arrive_reads: Annotated[int, Field(ge=1, le=100)] = 2
    arrive_s: Seconds = 1.0
    rssi_floor_dbm: float = -80
    portal: Portal | None = None


class UhfM100(Smoothing):
    """family uhf_m100."""

    family: Literal["uhf_m100"]
    port: str
    baud: Baud = 115200
    read_point: Word


class UhfReader288(Smoothing):
    """family uhf_reader288."""

    family: Literal["uhf_reader288"]
    port: str
    baud: Baud = 57600
    read_point: Word


class MtSics(Device):
    """family mt_sics."""

    family: Literal["mt_sics"]
    port: str
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
    address: str
    unit: Annotated[int, Field(ge=0, le=255)] = 1
    read_point: Word
    poll_s: Seconds = 0.05
    inputs: dict[Word, Annotated[int, Field(ge=0, le=2_000)]]
    coils: dict[Word, Annotated[int, Field(ge=0, le=2_000)]]


AnyDevice = Annotated[
    UhfM100 | UhfReader288 | MtSics | PlateCamera | BusUnit | DockPlc,
    Field(discriminator="family"),
]


class Bus(Settings):
    """An RS-485 line."""

    id: Word
    port: str
    baud: Baud = 9600
    format: Literal["8N1", "8N2", "8E1", "8O1"] = "8N1"
    timeout_s: Seconds = 0.3
    turnaround_s: Annotated[float, Field(ge=0, le=1)] = 0.002


class EdgeSettings(Settings):
    """edge-*.toml, whole, with what site.toml says of its archive."""

    edge: Word
    http: str = "127.0.0.1:0"
    devices: list[AnyDevice]
    buses: list[Bus] = Field(default_factory=list)
    archive_rows: int = 1_000_000
    archive_days: float = 7.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong in a settings file."""

    file: str
    key: str
    message: str
    remedy: str

    @override
    def __str__(self) -> str:
        return f"{self.file}: {self.key or 'file'}: {self.message}. {self.remedy}"


class SettingsError(Exception):
    """The edge's file can't be used; `faults` lists every reason."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(str(fault) for fault in faults))
        self.faults = faults


def load_edge(site_dir: Path, edge: str) -> EdgeSettings:
    """Read and check `edge-{edge}.toml`. Raises SettingsError with every fault at once."""
    path = site_dir / f"edge-{edge}.toml"
    document = _read(path)
    retention = _read(site_dir / "site.toml").get("retention", {})
    if isinstance(retention, dict):
        for key in ("archive_rows", "archive_days"):
            if key in retention:
                document[key] = retention[key]
    try:
        settings = EdgeSettings.model_validate(document)
    except ValidationError as error:
        raise SettingsError(_faults(path, document, error)) from error
    faults = _cross_faults(path, edge, settings)
    if faults:
        raise SettingsError(faults)
    return settings


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        remedy = "Give a folder with a readable file of that name."
        raise SettingsError(
            [Fault(file=str(path), key="", message=str(error), remedy=remedy)]
        ) from error


def _faults(path: Path, document: dict[str, Any], error: ValidationError) -> list[Fault]:
    remedies = {
        "extra_forbidden": "Remove the key or mend its spelling.",
        "missing": "Add the key.",
        "union_tag_invalid": "Use a family of edge/devices/.",
        "union_tag_not_found": "Add the key family.",
    }
    faults = []
    for detail in error.errors():
        levels = [str(level) for level in detail["loc"]]
        if levels[0] == "devices" and len(levels) > 1:
            rows = document.get("devices", [])
            row = rows[int(levels[1])] if isinstance(rows, list) else {}
            levels[1] = str(row.get("id", levels[1])) if isinstance(row, dict) else levels[1]
        got = str(detail.get("input"))[:80]
        faults.append(
            Fault(
                file=str(path),
                key=".".join(levels),
                message=f"{detail['msg']} (got {got!r})",
                remedy=remedies.get(detail["type"], "Give a value of that form."),
            )
        )
    return faults


def _cross_faults(path: Path, edge: str, settings: EdgeSettings) -> list[Fault]:
    faults: list[Fault] = []

    def fault(key: str, message: str, remedy: str) -> None:
        faults.append(Fault(file=str(path), key=key, message=message, remedy=remedy))

    if settings.edge != edge:
        fault("edge", f"the file of {edge!r} names {settings.edge!r}", "Rename one of them.")
    for key, ids in (
        ("devices", [one.id for one in settings.devices]),
        ("buses", [one.id for one in settings.buses]),
    ):
        for double in sorted({one for one in ids if ids.count(one) > 1}):
            fault(f"{key}.{double}", f"the id {double!r} stands twice", "Give each its own id.")
    buses = {bus.id for bus in settings.buses}
    taken: dict[tuple[str, int], str] = {}
    names = {one.id for one in settings.devices}
    for one in settings.devices:
        if isinstance(one, BusUnit):
            if one.bus not in buses:
                fault(f"devices.{one.id}.bus", f"unknown bus {one.bus!r}", f"Use {sorted(buses)}.")
            other = taken.setdefault((one.bus, one.unit), one.id)
            if other != one.id:
                message = f"unit {one.unit} of {one.bus} is {other!r} already"
                fault(f"devices.{one.id}.unit", message, "Two devices of one address garble both.")
        if isinstance(one, Smoothing) and one.portal and one.portal.eyes_device not in names:
            message = f"unknown device {one.portal.eyes_device!r}"
            fault(f"devices.{one.id}.portal.eyes_device", message, "Name the PLC of the eyes.")
    return faults
