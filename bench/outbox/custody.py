"""Custody rows onto the edge's disk, each commit with a FULL sync."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Final

from edge.outbox.custody import Capture, CustodyStore
from edge.outbox.worker import CustodyWriter, Worker
from wire.topics import edge_topic

if TYPE_CHECKING:
    from pathlib import Path

TOPIC: Final = edge_topic("dock-1", "evt", "rfid", "uhf-1")
BODY: Final = (
    b'{"t_ns":1764000000000000001,"clock":"synced","quality":"good","read_point":"dock-1",'
    b'"what":"passed","direction":"in","epc_hex":"3034257BF7194E4000001A85",'
    b'"epc_uri":"urn:epc:id:sgtin:0614141.812345.6789","reads_count":14,"rssi_dbm":-51.5,'
    b'"first_t_ns":1764000000000000000,"last_t_ns":1764000000900000000}'
)


def append_rate(path: Path, *, rows_count: int, group_count: int) -> float:
    """Return rows a second when `group_count` of them share a commit."""
    store = CustodyStore.open(path)
    events = [Capture(topic=TOPIC, body=BODY, captured_ns=number) for number in range(rows_count)]
    started_s = time.perf_counter()
    for first in range(0, rows_count, group_count):
        store.append(events[first : first + group_count])
    took_s = time.perf_counter() - started_s
    assert store.tip[0] == rows_count
    store.close()
    return rows_count / took_s


def writer_rate(path: Path, *, rows_count: int, drivers_count: int) -> float:
    """Return rows a second when so many drivers capture at once, each awaiting its own row."""
    return asyncio.run(_captured(path, rows_count, drivers_count))


async def _captured(path: Path, rows_count: int, drivers_count: int) -> float:
    worker = Worker("custody")
    store = CustodyStore.open(path)
    writer = CustodyWriter(store, worker)
    task = asyncio.create_task(writer.run(), name="writer")
    rest = iter(range(rows_count))

    async def drive() -> None:
        for number in rest:
            await writer.capture(Capture(topic=TOPIC, body=BODY, captured_ns=number))

    started_s = time.perf_counter()
    async with asyncio.TaskGroup() as drivers:
        for number in range(drivers_count):
            drivers.create_task(drive(), name=f"driver/{number}")
    took_s = time.perf_counter() - started_s
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    worker.close()
    assert store.tip[0] == rows_count
    store.close()
    return rows_count / took_s
