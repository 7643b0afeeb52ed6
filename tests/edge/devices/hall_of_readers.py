"""A field with tags, and readers of it on lines: what the tests of reader drivers share."""

from __future__ import annotations

import asyncio
import random
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from edge.catalogue import build_runners
from edge.catalogue.edge_settings import EdgeSettings
from edge.catalogue.readers import ReaderRunner
from firmware_sims.devices.line import Line
from firmware_sims.field import TagInField
from runtime.clock import SystemClock
from runtime.settings import settings_from

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from edge.ports import Outgoing
    from firmware_sims.devices.line import Firmware

EPC = bytes.fromhex("3174257BF4499602D2000000")
OTHER = bytes.fromhex("3074257BF7194E4000001A85")


@dataclass
class TagField:
    """What the antennas reach; the rest of the world is empty."""

    here: list[TagInField] = field(
        default_factory=lambda: [TagInField(epc=EPC, rssi_dbm=-55, read_ratio=1.0)]
    )

    def tags(self, read_point: str) -> list[TagInField]:
        """Return the tags in the field."""
        return self.here

    def __getattr__(self, name: str) -> NoReturn:
        raise AssertionError(f"a reader asked the world for {name}")


@dataclass
class Told:
    """Gathers events; each wait has a bound."""

    events: list[dict[str, Any]] = field(default_factory=list)

    async def emit(self, outgoing: Outgoing) -> int | None:
        """Take an event as the outbox would."""
        self.events.append(dict(outgoing.body))
        return len(self.events)

    def whats(self) -> list[str]:
        """Return what each event says."""
        return [str(one["what"]) for one in self.events]


async def until(is_so: Callable[[], object], limit_s: float = 45.0) -> None:
    """Wait for a state, looking often. Raises TimeoutError."""
    async with asyncio.timeout(limit_s):
        while not is_so():  # noqa: ASYNC110 - another task's state: there is nothing to wait on
            await asyncio.sleep(0.01)


def reader(tmp_path: Path, **settings: object) -> ReaderRunner:
    """Return the runner of one reader at tmp_path/dev/uhf."""
    device = {"id": "uhf", "port": "dev/uhf", "read_point": "dock-1", "depart_s": 0.6, **settings}
    document = {"edge": "test", "devices": [device]}
    whole = settings_from(tmp_path / "edge-test.toml", document, EdgeSettings)
    (runner,) = build_runners(whole, data_dir=tmp_path, clock=SystemClock())
    assert isinstance(runner, ReaderRunner)
    return runner


@asynccontextmanager
async def running(runner: ReaderRunner) -> AsyncIterator[Told]:
    """Run a reader's runner while the block lasts."""
    told = Told()
    task = asyncio.create_task(runner.run(told.emit))
    try:
        yield told
    finally:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()


@asynccontextmanager
async def plugged(firmware: Firmware, place: Path) -> AsyncIterator[Line]:
    """Have a reader on a serial line that `place` names, as long as the block lasts."""
    line = Line(baud=115_200, rng=random.Random(1))
    async with line.on_pty(place):
        task = asyncio.create_task(firmware.serve(line))
        try:
            yield line
        finally:
            task.cancel()
            await asyncio.wait([task])
