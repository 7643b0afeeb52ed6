"""`python -m bench.edge.hall FOLDER SCALES PROBES READERS`: simulated serial devices on ptys."""

from __future__ import annotations

import asyncio
import random
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

from firmware_sims.devices import probes
from firmware_sims.devices.line import Line
from firmware_sims.devices.m100 import M100
from firmware_sims.devices.rtu import Bus
from firmware_sims.devices.sics import Sics
from firmware_sims.field import Climate, TagInField

if TYPE_CHECKING:
    from firmware_sims.devices.line import Firmware

BAUD_OF: Final = {"scale": 9600, "probe": 9600, "reader": 115200}
TAGS_COUNT: Final = 5


class Still:
    """A field in which nothing moves."""

    def tags(self, read_point: str) -> list[TagInField]:
        """Return a few tags that stand there."""
        return [
            TagInField(epc=b"\x30" + number.to_bytes(11, "big"), rssi_dbm=-60, read_ratio=0.8)
            for number in range(TAGS_COUNT)
        ]

    def mass_g(self, read_point: str) -> float:
        """Return the load."""
        return 123_000.0

    def climate(self, zone: str, probe: int) -> Climate:
        """Return the air."""
        return Climate(temperature_c=20.0, humidity_percent=50.0, co2_ppm=400.0)

    def input_is_on(self, dock: str, channel: str) -> bool:
        """Return off."""
        return False

    def set_coil(self, dock: str, channel: str, *, is_on: bool) -> None:
        """Drive nothing."""

    def take_plate(self, dock: str) -> str | None:
        """Return none."""
        return None


def firmware(kind: str, number: int) -> Firmware:
    """Return one device."""
    rng = random.Random(number)  # noqa: S311 - a simulated device
    if kind == "scale":
        return Sics(
            Still(), "dock", capacity_g=1_500_000, division_g=500, serial=f"S{number}", rng=rng
        )
    if kind == "reader":
        return M100(Still(), "dock", rng)
    return Bus({1: probes.unit("xy_md02", Still(), zone="ambient", probe=number)})


async def serve(folder: Path, counts: dict[str, int]) -> None:
    """Serve for ever; say when every pty is there."""
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
        for kind, count in counts.items():
            for number in range(count):
                rng = random.Random(number)  # noqa: S311 - a simulated line
                line = Line(baud=BAUD_OF[kind], rng=rng)
                await stack.enter_async_context(line.on_pty(folder / f"{kind}-{number}"))
                group.create_task(firmware(kind, number).serve(line), name=f"{kind}-{number}")
        print("ready", flush=True)


if __name__ == "__main__":
    told = [int(one) for one in sys.argv[2:5]]
    asyncio.run(
        serve(Path(sys.argv[1]), dict(zip(("scale", "probe", "reader"), told, strict=True)))
    )
