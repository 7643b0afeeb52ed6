"""The site file: its words, map and rules, checked whole before anything opens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from gateway.settings_checks import Date, Timezone, site_faults
from runtime.addresses import Listen
from runtime.settings import Fault, Settings, SettingsRefused, read_toml, settings_from
from wire.base import Word

if TYPE_CHECKING:
    from pathlib import Path


class Point(Settings):
    """A place on the floor, metres from the hall's corner."""

    x_m: float
    y_m: float


class Http(Settings):
    """Where the page listens."""

    listen: Listen = "127.0.0.1:8080"


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
    """Minor units: whole, a float can't count money."""
    opening: dict[str, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)


class Rule(Settings):
    """One row of the dated rule table; the newest row whose `from` has come holds."""

    name: str
    value: float
    since: Date = Field(alias="from")
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
    timezone: Timezone = "UTC"
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


def load_site(site_dir: Path) -> Site:
    """Read and check `site.toml`. Raises SettingsRefused with every fault at once."""
    site, faults = read_site(site_dir)
    if site is None or faults:
        raise SettingsRefused(faults)
    return site


def read_site(site_dir: Path, *, today: str | None = None) -> tuple[Site | None, list[Fault]]:
    """Return the site, where its form allows it, and every fault of site.toml.

    Its rules must hold on the date `today` (YYYY-MM-DD; without it, today's in UTC).
    """
    path = site_dir / "site.toml"
    try:
        site = settings_from(path, read_toml(path), Site)
    except SettingsRefused as refused:
        return None, refused.faults
    return site, [
        Fault(file=str(path), key=key, message=message, remedy=remedy)
        for key, message, remedy in site_faults(site, today or _today())
    ]


def _today() -> str:
    return datetime.now(UTC).date().isoformat()
