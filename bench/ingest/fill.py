"""A backlog: sessions that are away, and telemetry that the broker keeps for each of them.

The publisher is a plain socket that sends many packets at a time: a client with a task a message
takes ten times as long as what it measures.
"""

from __future__ import annotations

import asyncio
import json
import socket
import time
from itertools import islice
from typing import TYPE_CHECKING, Final, Self, TypeAlias

import mqtt5

from runtime.mqtt_frames import cut_frames
from runtime.mqtt_session import Session, SessionOptions
from runtime.mqtt_url import parse_mqtt_url
from wire.topics import edge_topic

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from runtime.mqtt_url import BrokerAddress

EDGES_COUNT: Final = 4
DEVICES_COUNT: Final = 200
SESSION_EXPIRY_S: Final = 3_600
FILTER: Final = edge_topic("+", "tlm", "#")
IN_FLIGHT_COUNT: Final = 500
PERIOD_NS: Final = 1_000_000_000
"""A device speaks once a second."""
ZONES: Final = ("ambient", "cool", "cold", "dangerous")
ANSWER_S_MAX: Final = 30.0

Message: TypeAlias = tuple[str, bytes, tuple[tuple[str, str], ...]]
"""Topic, body, user properties."""


def messages(count: int) -> Iterator[Message]:
    """Yield telemetry as edges send it, that ends about now."""
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
            "zone": ZONES[edge],
            "quality": "good",
            "temperature_c": round(4.0 + (index * 7 % 100) / 10, 1),
            "humidity_percent": round(40.0 + (index * 13 % 300) / 10, 1),
        }
        yield (
            edge_topic(f"dock-{edge + 1}", "tlm", "environment", f"probe-{device:03}"),
            json.dumps(body, separators=(",", ":")).encode(),
            (("boot", f"boot{edge + 1:04}"), ("seq", str(seq))),
        )


class Publisher:
    """`with Publisher(address) as publisher`: QoS 1, so many in flight, in order."""

    def __init__(self, address: BrokerAddress) -> None:
        self._socket = socket.create_connection((address.host, address.port), ANSWER_S_MAX)
        self._rest = b""

    def __enter__(self) -> Self:
        """Open the session."""
        hello = mqtt5.ConnectPacket("filler", clean_start=True, keep_alive=0)
        self._socket.sendall(hello.write())
        self._answers(1)
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self._socket.sendall(mqtt5.DisconnectPacket().write())
        self._socket.close()

    def publish(self, source: Iterable[Message]) -> int:
        """Publish all; return how many the broker has taken."""
        source, done = iter(source), 0
        while packets := [
            mqtt5.PublishPacket(
                topic,
                body,
                qos=mqtt5.QoS.AT_LEAST_ONCE,
                packet_id=number,
                user_properties=list(properties),
            ).write()
            for number, (topic, body, properties) in enumerate(islice(source, IN_FLIGHT_COUNT), 1)
        ]:
            self._socket.sendall(b"".join(packets))
            self._answers(len(packets))
            done += len(packets)
        return done

    def _answers(self, count: int) -> None:
        while count:
            data = self._rest + self._socket.recv(65_536)
            assert len(data) > len(self._rest), "the broker closed the filler's connection"
            frames, used = cut_frames(data)
            self._rest = data[used:]
            count -= len(frames)


def fill(url: str, client_ids: Sequence[str], source: Iterable[Message]) -> float:
    """Subscribe and leave under each id, then publish for all of them; return seconds taken."""
    address = parse_mqtt_url(url)
    asyncio.run(_leave(address, client_ids))
    started_s = time.monotonic()
    with Publisher(address) as publisher:
        publisher.publish(source)
    return time.monotonic() - started_s


async def _leave(address: BrokerAddress, client_ids: Sequence[str]) -> None:
    for client_id in client_ids:
        options = SessionOptions(client_id=client_id, session_expiry_s=SESSION_EXPIRY_S)
        away = await Session.connect(address, options)
        await away.subscribe(FILTER)
        await away.close()
