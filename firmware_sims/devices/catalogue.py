"""Which devices stand at which dock, and on what they are reached.

Settings of hall.toml (all optional): `devices` the folder below the data folder, `transport`
"pty" or "tcp" with `tcp_base_port`, `tcp_host` and `noise_ratio` (chance that a frame is preceded
by one noise byte).
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Never, Protocol

from firmware_sims.addresses import address_of
from firmware_sims.devices import probes
from firmware_sims.devices.line import Line
from firmware_sims.devices.m100 import M100
from firmware_sims.devices.plate_camera import PlateCamera
from firmware_sims.devices.plc import Plc, write_address
from firmware_sims.devices.reader288 import Reader288
from firmware_sims.devices.rtu import Bus
from firmware_sims.devices.sics import Sics

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from firmware_sims.devices.line import Firmware
    from firmware_sims.field import Field

NOISE_RATIO: Final = 0.0005


class Device(Protocol):
    """A simulated device."""

    name: str

    async def run(self) -> Never:
        """Serve for ever; when cancelled, leave no link behind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A slave on a dock's bus; `probe` tells apart the probes of a zone."""

    unit: int
    model: str
    zone: str
    probe: int


PROBES: Final[dict[str, tuple[Probe, ...]]] = {
    "inbound": (
        Probe(unit=1, model="xy_md02", zone="ambient", probe=11),
        Probe(unit=2, model="xy_md02", zone="ambient", probe=12),
        Probe(unit=3, model="xy_md02", zone="cool", probe=13),
        Probe(unit=4, model="xy_md02", zone="cool", probe=14),
        Probe(unit=240, model="vaisala_hmp", zone="cool", probe=15),
        Probe(unit=97, model="scd30", zone="ambient", probe=16),
    ),
    "outbound": (
        *(Probe(unit=at, model="xy_md02", zone="ambient", probe=20 + at) for at in range(1, 5)),
        Probe(unit=240, model="vaisala_hmp", zone="ambient", probe=25),
        Probe(unit=97, model="scd30", zone="ambient", probe=26),
    ),
}


class SerialDevice:
    """Firmware on a line of its own."""

    def __init__(
        self, name: str, firmware: Firmware, line: Line, *, place: Path, tcp: tuple[str, int] | None
    ) -> None:
        self.name = name
        self._firmware = firmware
        self._line = line
        self._place = place
        self._tcp = tcp

    async def run(self) -> Never:
        """Serve for ever on the pty that `place` links to, or on TCP with its address there."""
        if self._tcp is None:
            async with self._line.on_pty(self._place):
                await self._firmware.serve(self._line)
        else:
            async with self._line.on_tcp(*self._tcp) as port:
                write_address(self._place, f"127.0.0.1:{port}")
                try:
                    await self._firmware.serve(self._line)
                finally:
                    self._place.unlink(missing_ok=True)
        raise AssertionError("firmware ended")


class _Workshop:
    """Gives each device its line and its own random numbers, so that one seed is one hall."""

    def __init__(self, settings: Mapping[str, Any], data_dir: Path, rng: random.Random) -> None:
        self._folder = data_dir / str(settings.get("devices", "dev"))
        self._is_tcp = settings.get("transport", "pty") == "tcp"
        # Containers reach the hall over their own network only.
        self._host = str(settings.get("tcp_host", "0.0.0.0" if self._is_tcp else "127.0.0.1"))  # noqa: S104
        self._next_port = int(settings["tcp_base_port"]) if self._is_tcp else 0
        self._noise_ratio = float(settings.get("noise_ratio", NOISE_RATIO))
        self._rng = rng

    def rng(self) -> random.Random:
        return random.Random(self._rng.getrandbits(64))  # noqa: S311  A simulation, no secret.

    def _port(self) -> int:
        port = self._next_port
        self._next_port += 1 if self._is_tcp else 0
        return port

    def serial(self, name: str, baud: int, firmware: Firmware) -> Device:
        line = Line(baud=baud, rng=self.rng(), noise_ratio=self._noise_ratio)
        tcp = (self._host, self._port()) if self._is_tcp else None
        return SerialDevice(name, firmware, line, place=self._folder / name, tcp=tcp)

    def plc(self, name: str, field: Field, dock: str) -> Device:
        plc = Plc(name, field, dock, host=self._host, port=self._port())
        plc.announce_in(self._folder / name)
        return plc


def build(
    hall_settings: dict[str, Any],
    site: dict[str, Any],
    data_dir: Path,
    field: Field,
    rng: random.Random,
) -> list[Device]:
    """Return the devices of every dock; TCP ports count up in this order, cameras have none.

    Per dock: reader (`-uhf`), scale (`-scale` inbound, `-bridge` outbound), `-bus`, `-plc`, camera.
    """
    shop = _Workshop(hall_settings, data_dir, rng)
    devices: list[Device] = []
    for number, dock in enumerate(site["docks"], start=1):
        name, is_inbound = dock["id"], dock["purpose"] == "inbound"
        if is_inbound:
            devices.append(shop.serial(f"{name}-uhf", 115200, M100(field, name, shop.rng())))
            # A pallet floor scale of 1,500 kg with 0.2 kg divisions.
            scale, plate = "scale", {"capacity_g": 1_500_000, "division_g": 200}
        else:
            devices.append(shop.serial(f"{name}-uhf", 57600, Reader288(field, name, shop.rng())))
            # A weighbridge of 40 t with 1 kg divisions.
            scale, plate = "bridge", {"capacity_g": 40_000_000, "division_g": 1000}
        terminal = Sics(field, name, **plate, serial=f"B{number:09d}", rng=shop.rng())
        devices.append(shop.serial(f"{name}-{scale}", 9600, terminal))
        bus = Bus(_slaves(field, dock["purpose"]))
        devices.append(shop.serial(f"{name}-bus", 19200, bus))
        devices.append(shop.plc(f"{name}-plc", field, name))
        edge = address_of(hall_settings, data_dir, f"edge-{dock['edge']}")
        devices.append(PlateCamera(f"cam-{number}", field, name, edge=edge, rng=shop.rng()))
    return devices


def _slaves(field: Field, purpose: str) -> dict[int, Callable[[bytes], bytes]]:
    return {
        probe.unit: probes.unit(probe.model, field, zone=probe.zone, probe=probe.probe)
        for probe in PROBES[purpose]
    }
