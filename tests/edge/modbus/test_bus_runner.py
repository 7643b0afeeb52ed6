"""A bus with its units: readings as events, a dead unit that costs the others nearly nothing."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from edge.catalogue.buses import BusRunner
from edge.devices.modbus.family import MapUnit
from edge.settings import Bus
from runtime.clock import SystemClock
from tests.edge.modbus import fault_slave as play_of
from tests.edge.modbus.bench import play
from tests.edge.modbus.fault_slave import FaultSlave

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.ports import Outgoing


def unit(number: int, *, poll_s: float = 0.02) -> MapUnit:
    """Return an XY-MD02: input registers 1 and 2 in tenths."""
    return MapUnit(
        id=f"th-{number}", family="xy_md02", bus="b", unit=number, zone="cool", poll_s=poll_s
    )


def run_bus(
    slave: FaultSlave, units: list[MapUnit], until: Callable[[list[Outgoing]], bool]
) -> tuple[BusRunner, list[Outgoing]]:
    """Run a bus until enough was told."""
    told: list[Outgoing] = []
    settings = Bus(id="b", port=slave.path, baud=115200, timeout_s=0.1)
    runner = BusRunner(settings, units, data_dir=Path("/"), clock=SystemClock())

    is_enough = asyncio.Event()

    async def emit(outgoing: Outgoing) -> int | None:
        told.append(outgoing)
        if until(told):
            is_enough.set()
        return None

    async def story() -> None:
        running = asyncio.create_task(runner.run(emit))
        await is_enough.wait()
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running

    play(story)
    return runner, told


def test_a_unit_that_dies_is_probed_and_the_others_go_on() -> None:
    """One dead unit stalled every other one elsewhere."""
    with FaultSlave(units={1}, words={1: 253, 2: 546}) as slave:
        runner, told = run_bus(slave, [unit(1), unit(2)], lambda told: len(told) >= 40)
        dead = sum(frame[0] == 2 for frame in slave.heard)
        assert dead <= 4, "two failures with their sounding, then a probe each five seconds"
    readings = [one for one in told if one.kind == "environment"]
    assert {one.device for one in readings} == {"th-1"}
    assert readings[0].body == {
        "quality": "good", "zone": "cool", "temperature_c": 25.3, "humidity_percent": 54.6,
    }  # fmt: skip
    births = {driver.device: driver.birth() for driver in runner.drivers}
    assert births["th-1"].status == "ok"
    assert births["th-2"].status == "lost"
    assert "did not answer" in births["th-2"].status_reason


def test_a_busy_unit_is_absent_not_zero_and_its_value_out_of_range_is_told_why() -> None:
    """Busy was recorded as 0 elsewhere; 300 % humidity is no reading."""
    with FaultSlave(acts=[play_of.exception(6)], words={1: 253, 2: 3000}) as slave:
        _, told = run_bus(slave, [unit(1)], lambda told: len(told) >= 2)
    assert all(one.body["temperature_c"] == 25.3 for one in told)
    assert all("humidity_percent" not in one.body for one in told)
    assert told[0].body["quality"] == "uncertain"
    assert "300 is above 100" in str(told[0].body["reason"])
