"""The masters: our bus runner, a bare pymodbus loop, Telegraf. Each polls until it is ended."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pymodbus import FramerType
from pymodbus.client import AsyncModbusSerialClient

from edge.catalogue.buses import BusRunner
from edge.devices.modbus.family import SiteMapUnit
from edge.devices.modbus.maps import DeviceMap
from edge.settings import Bus
from runtime.clock import SystemClock

if TYPE_CHECKING:
    from edge.ports import Outgoing

POLL_S: Final = 0.01
"""Shorter than a round: every unit is always due."""


def registers_map(count: int) -> DeviceMap:
    """Return a device of so many 16-bit registers from 0 on."""
    registers = [
        {"field": f"value_{at}", "table": "holding", "address": at, "type": "uint16"}
        for at in range(count)
    ]
    head = {"title": "bench", "source": "bench", "verified": "not at all", "kind": "signals"}
    return DeviceMap.model_validate({**head, "registers": registers})


async def ours(port: str, *, baud: int, units: int, registers: int) -> None:
    """Run the edge's own bus runner; its readings go nowhere."""
    device = registers_map(registers)
    bus = Bus.model_validate({"id": "bus-1", "port": port, "baud": baud})
    settings = [
        SiteMapUnit(
            id=f"unit-{number}", family="modbus_map", map="bench", definition=device,
            bus="bus-1", unit=number, poll_s=POLL_S,
        )
        for number in range(1, units + 1)
    ]  # fmt: skip

    async def emit(outgoing: Outgoing) -> int | None:
        del outgoing  # A bench of the line: what was read goes nowhere.
        return None

    runner = BusRunner(bus, settings, data_dir=Path("/"), clock=SystemClock())
    await runner.run(emit)


async def bare_pymodbus(port: str, *, baud: int, units: int, registers: int) -> None:
    """Ask one unit after the other, as pymodbus's own example does."""
    client = AsyncModbusSerialClient(
        port, framer=FramerType.RTU, baudrate=baud, timeout=0.3, retries=0
    )
    await client.connect()
    while True:
        for number in range(1, units + 1):
            with contextlib.suppress(Exception):
                await client.read_holding_registers(0, count=registers, device_id=number)


def telegraf_config(port: str, *, baud: int, units: int, registers: int) -> str:
    """Return Telegraf's configuration: one input a line, a request a unit."""
    head = (
        '[agent]\n  interval = "100ms"\n  round_interval = false\n  flush_interval = "1s"\n'
        "[[outputs.discard]]\n[[inputs.modbus]]\n"
        f'  name = "bus"\n  timeout = "300ms"\n  controller = "file://{port}"\n'
        f'  baud_rate = {baud}\n  data_bits = 8\n  parity = "N"\n  stop_bits = 1\n'
        '  transmission_mode = "RTU"\n  configuration_type = "request"\n'
    )
    fields = ",".join(
        f'{{address={at}, name="value_{at}", type="UINT16"}}' for at in range(registers)
    )
    return head + "".join(
        f"  [[inputs.modbus.request]]\n    slave_id = {number}\n    byte_order = 'ABCD'\n"
        f'    register = "holding"\n    fields = [{fields}]\n'
        for number in range(1, units + 1)
    )


def main() -> None:
    """Run one of the Python masters."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("master", choices=["ours", "pymodbus"])
    parser.add_argument("port")
    parser.add_argument("--baud", type=int, default=9600)
    parser.add_argument("--units", type=int, default=20)
    parser.add_argument("--registers", type=int, default=10)
    asked = parser.parse_args()
    run = ours if asked.master == "ours" else bare_pymodbus
    asyncio.run(run(asked.port, baud=asked.baud, units=asked.units, registers=asked.registers))


if __name__ == "__main__":
    main()
