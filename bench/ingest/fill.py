"""A backlog: sessions that are away, and telemetry that the broker keeps for each of them."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Final

from runtime.mqtt_session import Session, SessionOptions
from runtime.mqtt_url import parse_mqtt_url
from wire.topics import edge_topic

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

EDGES_COUNT: Final = 4
DEVICES_COUNT: Final = 200
SESSION_EXPIRY_S: Final = 3_600
FILTER: Final = edge_topic("+", "tlm", "#")
IN_FLIGHT_COUNT: Final = 500
PERIOD_NS: Final = 1_000_000_000
"""A device speaks once a second."""
ZONES: Final = ("ambient", "cool", "cold", "dangerous")


def messages(count: int) -> Iterator[tuple[str, bytes, tuple[tuple[str, str], ...]]]:
    """Yield (topic, body, user properties) of telemetry that ends about now."""
    rows = -(-count // DEVICES_COUNT)
    start_ms = (time.time_ns() - rows * PERIOD_NS) // 1_000_000
    for index in range(count):
        row, device = divmod(index, DEVICES_COUNT)
        edge = device % EDGES_COUNT
        seq = index // EDGES_COUNT + 1
        body = {
            # As the contract has it: milliseconds, and the number below them.
            "t_ns": (start_ms + row * 1_000) * 1_000_000 + seq % 1_000_000,
            "clock": "synced",
            "quality": "good",
            "zone": ZONES[edge],
            "temperature_c": round(4.0 + (index * 7 % 100) / 10, 1),
            "humidity_percent": round(40.0 + (index * 13 % 300) / 10, 1),
        }
        yield (
            edge_topic(f"dock-{edge + 1}", "tlm", "environment", f"probe-{device:03}"),
            json.dumps(body, separators=(",", ":")).encode(),
            (("boot", f"boot{edge + 1:04}"), ("seq", str(seq))),
        )


async def fill(url: str, client_ids: Sequence[str], count: int) -> float:
    """Subscribe and leave under each id, then publish for all of them; return seconds taken."""
    address = parse_mqtt_url(url)
    for client_id in client_ids:
        options = SessionOptions(client_id=client_id, session_expiry_s=SESSION_EXPIRY_S)
        away = await Session.connect(address, options)
        await away.subscribe(FILTER)
        await away.close()
    started_s = time.monotonic()
    source = messages(count)
    session = await Session.connect(address, SessionOptions(client_id="filler"))

    async def publish() -> None:
        for topic, body, properties in source:
            await session.publish(topic, body, qos=1, properties=properties)

    async with asyncio.TaskGroup() as tasks:
        for number in range(IN_FLIGHT_COUNT):
            tasks.create_task(publish(), name=f"publish/{number}")
    await session.close()
    return time.monotonic() - started_s
