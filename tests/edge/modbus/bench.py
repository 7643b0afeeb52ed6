"""A master of ours on a fault slave's line."""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING

from edge.modbus.open import rtu_bus
from edge.modbus.pdu import read, words_of
from edge.modbus.wire_rtu import RtuWire
from edge.settings import Bus

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from edge.modbus.master import Master
    from tests.edge.modbus.fault_slave import FaultSlave

TIMEOUT_S = 0.12


@contextlib.asynccontextmanager
async def mastered(
    slave: FaultSlave, *, echo: bool | None = None, timeout_s: float = TIMEOUT_S
) -> AsyncIterator[tuple[Master, RtuWire]]:
    """Open the slave's line and serve it."""
    settings = Bus(id="bus-1", port=slave.path, baud=115200, timeout_s=timeout_s, echo=echo)
    bus = rtu_bus(settings, data_dir=Path("/"), clock=time.monotonic)
    assert isinstance(bus.wire, RtuWire)
    await bus.line.connect()
    serving = asyncio.create_task(bus.master.serve())
    await asyncio.sleep(0)
    try:
        yield bus.master, bus.wire
    finally:
        serving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving
        bus.line.close()


async def words(master: Master, address: int, count: int, *, unit: int = 1) -> tuple[int, ...]:
    """Read holding registers."""
    return words_of(await master.ask(read(unit, "holding", address, count)))


def play(story: Callable[[], Awaitable[None]]) -> None:
    """Run a story to its end, in bounded time."""

    async def bounded() -> None:
        async with asyncio.timeout(20):
            await story()

    asyncio.run(bounded())
