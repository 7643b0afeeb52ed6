"""Units that register maps read: a family for each map of ours, one for a site's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import Field, model_validator

from edge.devices.modbus.driver import MappedUnit
from edge.devices.modbus.frames import UnitFrames
from edge.devices.modbus.maps import MAPS, DeviceMap
from edge.families import UnitFamily
from edge.settings import UnitSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.families import UnitDriver
    from edge.modbus.master import Master

    MapName = str
else:
    MapName = Literal[tuple(MAPS)]


def _check(unit: UnitSettings, device: DeviceMap) -> None:
    for poll in unit.polls:
        if poll not in device.polls:
            known = ", ".join(device.polls) or "none"
            raise ValueError(f"polls.{poll}: its map has no such poll, but {known}")
    kinds = {device.kind_of(one) for one in device.registers}
    if "environment" in kinds and not unit.zone:
        raise ValueError("zone is missing: a climate reading is of a zone")


class MapUnit(UnitSettings):
    """A unit whose family names its register map."""

    family: MapName

    @property
    def device_map(self) -> DeviceMap:
        """Return its map."""
        return MAPS[self.family]

    @model_validator(mode="after")
    def _fits(self) -> MapUnit:
        _check(self, self.device_map)
        return self


class SiteMapUnit(UnitSettings):
    """A unit whose map stands beside the site's files, in maps/."""

    family: Literal["modbus_map"]
    map: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,64}$")]
    """maps/NAME.toml."""
    definition: DeviceMap
    """What that file says: it is read with the site's, and never written here."""

    @property
    def device_map(self) -> DeviceMap:
        """Return its map."""
        return self.definition

    @model_validator(mode="after")
    def _fits(self) -> SiteMapUnit:
        _check(self, self.device_map)
        return self


def _driver(
    unit: MapUnit | SiteMapUnit, master: Master | None, clock: Callable[[], float]
) -> UnitDriver:
    return MappedUnit(unit, unit.device_map, master=master, clock=clock)


def _title(unit: MapUnit | SiteMapUnit) -> str:
    return unit.device_map.title


def _frames(unit: MapUnit | SiteMapUnit) -> UnitFrames:
    return UnitFrames(unit.unit, unit.device_map)


FAMILIES: Final = (
    UnitFamily(settings=MapUnit, model="Modbus", driver=_driver, title=_title, frames=_frames),
    UnitFamily(settings=SiteMapUnit, model="Modbus", driver=_driver, title=_title, frames=_frames),
)
