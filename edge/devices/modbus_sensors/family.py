"""The families of sensors that register maps read."""

from __future__ import annotations

from typing import Final, Literal

from edge.families import UnitFamily
from edge.settings import UnitSettings


class ModbusSensor(UnitSettings):
    """A unit whose family names its register map."""

    family: Literal["xy_md02", "vaisala_hmp", "scd30"]


FAMILIES: Final = (UnitFamily(settings=ModbusSensor, model="Modbus RTU"),)
