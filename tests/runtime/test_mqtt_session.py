"""The MQTT session against a peer that we script packet by packet."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import mqtt5

from runtime.mqtt_session import Session, SessionOptions
from runtime.mqtt_url import BrokerAddress

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

OPTIONS = SessionOptions(client_id="kept", session_expiry_s=60, receive_max=3, keepalive_s=1)
CONNACK = mqtt5.ConnAckPacket(session_present=True).write()
BACKLOG = b"".join(
    mqtt5.PublishPacket(
        "a", str(number).encode(), qos=mqtt5.QoS.AT_LEAST_ONCE, packet_id=number + 1
    ).write()
    for number in range(3)
)


async def first_batch(script: Script) -> list[bytes]:
    """Connect to a scripted broker, subscribe, and return the bodies of the first batch."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await script(reader, writer)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, asyncio.timeout(5):
        address = BrokerAddress(host="127.0.0.1", port=server.sockets[0].getsockname()[1])
        session = await Session.connect(address, OPTIONS)
        await session.subscribe("a")
        taken = await session.batch()
        await session.close()
    return [packet.payload for packet in taken]


async def suback(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read what has come and grant the first subscription."""
    await reader.read(1_000)
    writer.write(mqtt5.SubAckPacket(1, [mqtt5.SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE]).write())


def test_a_backlog_in_the_same_read_as_the_connack_is_not_lost() -> None:
    """A broker goes on with a kept session at once; what was lost here hung until a reconnect."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1_000)
        writer.write(CONNACK + BACKLOG)
        await suback(reader, writer)

    assert asyncio.run(first_batch(script)) == [b"0", b"1", b"2"]


def test_a_full_inbox_does_not_keep_a_subscription_from_being_granted() -> None:
    """A thousand retained births, or a backlog, come before the answer to the next subscription."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1_000)
        writer.write(CONNACK)
        await reader.read(1_000)
        writer.write(BACKLOG)
        await suback(reader, writer)  # Answers the next ping: the backlog was read long before.

    assert asyncio.run(first_batch(script)) == [b"0", b"1", b"2"]
