"""Simulated devices on their wires: which there are, and what they speak."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Never, Protocol

from firmware_sims.devices.camera import PlateCamera
from firmware_sims.devices.lines import Line, PtyLine, TcpLine
from firmware_sims.devices.m100 import M100Reader
from firmware_sims.devices.modbus import (
    DockPlc,
    RegisterSlave,
    RtuBus,
    floats_high_word_first,
    floats_low_word_first,
)
from firmware_sims.devices.reader288 import Reader288
from firmware_sims.devices.sics import SicsScale

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from pathlib import Path

    from firmware_sims.field import Field

INPUTS: Final = ("eye-inner", "eye-outer", "exit-beam", "gate-closed", "truck-present")
COILS: Final = ("gate", "light-red", "light-amber", "light-green")
LINES: Final = (
    "dock-1-uhf", "dock-1-scale", "dock-1-bus", "dock-2-uhf", "dock-2-bridge", "dock-2-bus",
)  # fmt: skip
ZONES: Final = {
    1: {1: "ambient", 2: "ambient", 3: "cool", 4: "cool", 240: "cool", 97: "ambient"},
    2: {1: "ambient", 2: "ambient", 3: "ambient", 4: "ambient", 240: "ambient", 97: "ambient"},
}


class Device(Protocol):
    """Something on a wire."""

    name: str

    async def run(self) -> Never:
        """Serve for ever."""


def build(
    settings: dict[str, Any], site: dict[str, Any], data_dir: Path, field: Field, rng: random.Random
) -> list[Device]:
    """Return every device of the hall."""
    assert site["docks"]
    folder = data_dir / settings.get("devices", "dev")
    lines = {name: _line(settings, folder, at, name) for at, name in enumerate(LINES)}
    cameras = settings.get("cameras", {})
    plc_listen = settings.get("plc_listen", {})
    devices: list[Device] = [
        M100Reader("dock-1-uhf", lines["dock-1-uhf"], field, "dock-1", rng),
        SicsScale(
            "dock-1-scale", lines["dock-1-scale"], field, "dock-1", rng,
            division_g=200, capacity_g=1_500_000,
        ),
        Reader288("dock-2-uhf", lines["dock-2-uhf"], field, "dock-2", rng),
        SicsScale(
            "dock-2-bridge", lines["dock-2-bridge"], field, "dock-2", rng,
            division_g=1_000, capacity_g=40_000_000,
        ),
    ]  # fmt: skip
    for number in (1, 2):
        dock = f"dock-{number}"
        devices.append(RtuBus(f"{dock}-bus", lines[f"{dock}-bus"], _units(number, field), 19_200))
        listen = plc_listen.get(dock, "127.0.0.1:0")
        plc = DockPlc(f"{dock}-plc", folder / f"{dock}-plc", field, dock, (INPUTS, COILS), listen)
        devices.append(plc)
        target = cameras.get(dock, data_dir / "run" / f"edge-{dock}.http")
        devices.append(PlateCamera(f"cam-{number}", field, dock, target))
    return devices


def _line(settings: dict[str, Any], folder: Path, index: int, name: str) -> Line:
    if settings.get("transport") == "tcp":
        return TcpLine(int(settings["tcp_base_port"]) + index)
    return PtyLine(folder / name)


def _units(dock: int, field: Field) -> dict[int, RegisterSlave]:
    zones = ZONES[dock]
    units = {unit: RegisterSlave(4, _xy_md02(field, zones[unit], unit)) for unit in (1, 2, 3, 4)}
    units[240] = RegisterSlave(3, _vaisala(field, zones[240], 10 + dock))
    units[97] = RegisterSlave(3, _scd30(field, zones[97], 20 + dock))
    return units


def _xy_md02(field: Field, zone: str, probe: int) -> Callable[[], dict[int, int]]:
    """Return input registers 1 and 2: temperature and humidity, tenths, two's complement."""

    def registers() -> dict[int, int]:
        air = field.climate(zone, probe)
        tenths_c = round(air.temperature_c * 10) & 0xFFFF
        return {0: 0, 1: tenths_c, 2: round(air.humidity_percent * 10)}

    return registers


def _vaisala(field: Field, zone: str, probe: int) -> Callable[[], dict[int, int]]:
    """Return holding registers: RH at 0, T at 2, Td at 6, floats with the low word first."""

    def registers() -> dict[int, int]:
        air = field.climate(zone, probe)
        dew_c = air.temperature_c - (100 - air.humidity_percent) / 5
        held = dict.fromkeys(range(10), 0)
        for first, value in ((0, air.humidity_percent), (2, air.temperature_c), (6, dew_c)):
            held[first], held[first + 1] = floats_low_word_first(value)
        return held

    return registers


def _scd30(field: Field, zone: str, probe: int) -> Callable[[], dict[int, int]]:
    """Return holding registers from 0x28: CO2, T, RH as big-endian floats."""

    def registers() -> dict[int, int]:
        air = field.climate(zone, probe)
        held: dict[int, int] = {}
        values = (air.co2_ppm, air.temperature_c, air.humidity_percent)
        for at, value in enumerate(values):
            first = 0x28 + 2 * at
            held[first], held[first + 1] = floats_high_word_first(value)
        return held

    return registers
