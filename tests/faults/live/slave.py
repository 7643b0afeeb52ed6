"""A climate probe on an RS-485 converter, in a thread: it answers every read, until it is silenced.

Made of the simulated hall's own Modbus, which shares nothing with the edge's.
"""

from __future__ import annotations

import asyncio
import random
import threading
from typing import TYPE_CHECKING, Final, Self

from firmware_sims.devices.line import Line
from firmware_sims.devices.modbus import read_registers
from firmware_sims.devices.rtu import Bus

if TYPE_CHECKING:
    from collections.abc import Callable

UNIT: Final = 1
BAUD: Final = 115_200


class Probe:
    """`with Probe() as probe`: an XY-MD02 behind `tcp://127.0.0.1:{probe.port}`."""

    def __init__(self) -> None:
        self.port = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._is_up = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="probe")

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._is_up.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self.silence()
        self._thread.join()

    def silence(self) -> None:
        """Answer no more; safe to call twice."""
        assert self._loop is not None
        assert self._stop is not None
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)

    async def _run(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        line = Line(baud=BAUD, rng=random.Random(1))
        async with line.on_tcp("127.0.0.1", 0) as self.port:
            bus = asyncio.create_task(Bus({UNIT: _answer()}).serve(line))
            self._is_up.set()
            await self._stop.wait()
            bus.cancel()
        # The line has closed its connection: whoever serves it is about to find out.
        await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()}, timeout=5)


def _answer() -> Callable[[bytes], bytes]:
    words = {1: 215, 2: 480}  # 21.5 degrees, 48 percent.
    return lambda asked: read_registers(asked, {4: lambda: words})
