"""The site file: its words, map and rules, checked whole before anything opens."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from typing_extensions import override

from wire.base import Word

if TYPE_CHECKING:
    from pathlib import Path


class Settings(BaseModel):
    """Settings forbid unknown keys: a typo must stop a daemon."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Point(Settings):
    """A place on the floor, metres from the hall's corner."""

    x_m: float
    y_m: float


class Http(Settings):
    """Where the page listens."""

    listen: str = "127.0.0.1:8080"


class Retention(Settings):
    """How long old data is kept."""

    telemetry_days: Annotated[float, Field(gt=0)] = 14
    log_days: Annotated[float, Field(gt=0)] = 7
    archive_rows: Annotated[int, Field(ge=1_000)] = 1_000_000
    archive_days: Annotated[float, Field(gt=0)] = 7


class LedgerSettings(Settings):
    """The account book."""

    book: str
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    guarantee_ceiling: Annotated[int, Field(ge=0)]
    """Minor units."""
    opening: dict[str, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)


class Rule(Settings):
    """One row of the dated rule table; the newest row whose `from` has come holds."""

    name: str
    value: float
    since: str = Field(alias="from", pattern=r"^\d{4}-\d\d-\d\d$")
    source: str


class Band(Settings):
    """Allowed temperature."""

    low: float
    high: float


class Zone(Settings):
    """A climate zone."""

    id: Word
    temperature_c: Band
    excursion_s: Annotated[float, Field(gt=0)] = 60
    stale_s: Annotated[float, Field(gt=0)] = 10


class Dock(Settings):
    """A dock; only an outbound dock has a gate."""

    id: Word
    purpose: Literal["inbound", "outbound"]
    edge: Word
    at: Point
    gate: Word | None = None


class Staging(Settings):
    """Where picked cartons wait for their truck."""

    id: Word
    at: Point
    cartons_count_max: Annotated[int, Field(gt=0)] = 200


class Rack(Settings):
    """A row of locations RACK-BAY-LEVEL."""

    id: Word
    zone: Word
    at: Point
    bays_count: Annotated[int, Field(gt=0, le=500)]
    levels_count: Annotated[int, Field(gt=0, le=20)]
    bay_m: Annotated[float, Field(gt=0)]
    mass_kg_max: Annotated[float, Field(gt=0)]
    height_mm_max: Annotated[int, Field(gt=0)]


class Vda5050(Settings):
    """Topic words of the vehicles."""

    interface: str
    manufacturer: str


class Vehicle(Settings):
    """A vehicle of the hall."""

    serial: Word
    carries: Literal["pallet", "carton"]
    home: Point


class Site(Settings):
    """site.toml, whole."""

    enterprise: Word
    site: Word
    name: str
    timezone: str = "UTC"
    http: Http = Http()
    retention: Retention = Retention()
    ledger: LedgerSettings
    rules: list[Rule] = Field(default_factory=list)
    zones: list[Zone]
    docks: list[Dock]
    stagings: list[Staging]
    racks: list[Rack]
    vda5050: Vda5050
    vehicles: list[Vehicle]

    def rule(self, name: str, today: str) -> float:
        """Return the value of a rule on a date (YYYY-MM-DD). Raises KeyError when none holds."""
        held = [rule for rule in self.rules if rule.name == name and rule.since <= today]
        if not held:
            raise KeyError(name)
        return max(held, key=lambda rule: rule.since).value

    def locations(self) -> dict[str, Location]:
        """Return every location by id, as the racks expand."""
        return {
            place.id: place
            for rack in self.racks
            for bay in range(1, rack.bays_count + 1)
            for level in range(1, rack.levels_count + 1)
            for place in [_location(rack, bay, level)]
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A pallet place."""

    id: str
    rack: str
    bay: int
    level: int
    zone: str
    x_m: float
    y_m: float
    mass_kg_max: float
    height_mm_max: int


def _location(rack: Rack, bay: int, level: int) -> Location:
    return Location(
        id=f"{rack.id}-{bay:02d}-{level}",
        rack=rack.id,
        bay=bay,
        level=level,
        zone=rack.zone,
        x_m=rack.at.x_m + (bay - 1) * rack.bay_m,
        y_m=rack.at.y_m,
        mass_kg_max=rack.mass_kg_max,
        height_mm_max=rack.height_mm_max,
    )


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


class SiteRefused(Exception):
    """The site's files can't be used; `faults` lists every reason."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


def load_site(site_dir: Path) -> Site:
    """Read and check `site.toml`. Raises SiteRefused with every fault at once."""
    path = site_dir / "site.toml"
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        remedy = "Give a folder with a readable site.toml."
        raise SiteRefused(
            [Fault(file=str(path), key="", message=str(error), remedy=remedy)]
        ) from error
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        remedy = "Mend the TOML at that line."
        raise SiteRefused(
            [Fault(file=str(path), key="", message=str(error), remedy=remedy)]
        ) from error
    try:
        site = Site.model_validate(document)
    except ValidationError as error:
        raise SiteRefused(_faults(path, error)) from error
    faults = _cross_faults(path, site)
    if faults:
        raise SiteRefused(faults)
    return site


def _faults(path: Path, error: ValidationError) -> list[Fault]:
    remedies = {
        "extra_forbidden": "Remove the key or mend its spelling.",
        "missing": "Add the key.",
    }
    return [
        Fault(
            file=str(path),
            key=".".join(str(level) for level in detail["loc"]),
            message=f"{detail['msg']} (got {str(detail.get('input'))[:80]!r})",
            remedy=remedies.get(detail["type"], "Give a value of that form."),
        )
        for detail in error.errors()
    ]


def _cross_faults(path: Path, site: Site) -> list[Fault]:
    faults: list[Fault] = []

    def fault(key: str, message: str, remedy: str) -> None:
        faults.append(Fault(file=str(path), key=key, message=message, remedy=remedy))

    for key, ids in {
        "zones": [zone.id for zone in site.zones],
        "docks": [dock.id for dock in site.docks],
        "stagings": [staging.id for staging in site.stagings],
        "racks": [rack.id for rack in site.racks],
        "vehicles": [vehicle.serial for vehicle in site.vehicles],
    }.items():
        for double in sorted({one for one in ids if ids.count(one) > 1}):
            fault(key, f"the id {double!r} stands twice", "Give each its own id.")
    zones = {zone.id for zone in site.zones}
    for rack in site.racks:
        if rack.zone not in zones:
            fault(
                f"racks.{rack.id}.zone",
                f"unknown zone {rack.zone!r}",
                f"Use one of {sorted(zones)}.",
            )
    for zone in site.zones:
        if zone.temperature_c.low >= zone.temperature_c.high:
            fault(
                f"zones.{zone.id}.temperature_c", "low is not below high", "Swap or widen the band."
            )
    for dock in site.docks:
        if dock.purpose == "outbound" and dock.gate is None:
            fault(
                f"docks.{dock.id}.gate", "an outbound dock has no gate", "Name the gate's device."
            )
    return faults
