"""The family dock_plc."""

from __future__ import annotations

from typing import Final, Literal

from edge.families import PlcFamily
from edge.settings import PlcSettings


class DockPlc(PlcSettings):
    """family dock_plc."""

    family: Literal["dock_plc"]


FAMILIES: Final = (PlcFamily(settings=DockPlc, model="Modbus TCP"),)
