"""One edge's MQTT 5 connection: publishes go out without waiting for each other's PUBACK."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import mqtt5
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from runtime.mqtt_url import BrokerAddress

KEEPALIVE_S: Final = 60
FLYING_MAX: Final = 4_000
"""Below what the benches' broker takes unacknowledged (services.mosquitto)."""
_IDS_COUNT: Final = 65_535
_PUBACK: Final = 0x40
_PUBLISH_QOS_1: Final = b"\x32"
_EXPIRY: Final = b"\x02"
_USER_PROPERTY: Final = b"\x26"


class EdgeLink(asyncio.Protocol):
    """Bytes out at once, PUBACKs counted, publishes handed to `hear`."""

    def __init__(self, client_id: str, hear: Callable[[str, bytes], None]) -> None:
        self._client_id = client_id
        self._hear = hear
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self._next_id = 0
        self.is_open = asyncio.Event()
        self.flying_count = 0
        """Publishes that the broker has not acknowledged."""
        self.lost: str | None = None

    @classmethod
    async def connect(
        cls,
        address: BrokerAddress,
        client_id: str,
        *,
        filters: Sequence[str],
        hear: Callable[[str, bytes], None],
    ) -> EdgeLink:
        """Open a session and subscribe."""
        loop = asyncio.get_running_loop()
        _, link = await loop.create_connection(
            lambda: cls(client_id, hear), address.host, address.port
        )
        async with asyncio.timeout(30):
            await link.is_open.wait()
        link.subscribe(filters)
        return link

    def subscribe(self, filters: Sequence[str]) -> None:
        """Subscribe at QoS 1, retained messages left out."""
        wanted = [
            mqtt5.TopicFilter(
                one,
                max_qos=mqtt5.QoS.AT_LEAST_ONCE,
                retain_handling=mqtt5.RetainHandling.SEND_NEVER,
            )
            for one in filters
        ]
        self.write(mqtt5.SubscribePacket(self._new_id(), wanted).write())

    def publish(
        self,
        topic: str,
        body: bytes,
        *,
        qos: int = 1,
        is_retained: bool = False,
        expiry_s: int | None = None,
        properties: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Write a publish."""
        self.write(
            mqtt5.PublishPacket(
                topic,
                body,
                qos=mqtt5.QoS(qos),
                retain=is_retained,
                packet_id=self._new_id() if qos else None,
                message_expiry_interval=expiry_s,
                user_properties=list(properties),
            ).write()
        )
        self.flying_count += qos

    def publish_reading(self, topic: bytes, properties: bytes, body: bytes) -> None:
        """Write a QoS 1 publish of ready parts (`field`, `properties_of`): a third of the cost."""
        rest = (
            topic + self._new_id().to_bytes(2, "big") + _varint(len(properties)) + properties + body
        )
        self.write(_PUBLISH_QOS_1 + _varint(len(rest)) + rest)
        self.flying_count += 1

    def write(self, data: bytes) -> None:
        """Write whole packets. Raises AssertionError on a link that is lost: the run is void."""
        assert self.lost is None, f"{self._client_id}: {self.lost}"
        assert self._transport is not None
        self._transport.write(data)

    def close(self) -> None:
        """Say goodbye."""
        if self.lost is None and self._transport is not None:
            self._transport.write(mqtt5.DisconnectPacket().write())
            self._transport.close()
        self.lost = "closed"

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        connect = mqtt5.ConnectPacket(
            self._client_id, clean_start=True, keep_alive=KEEPALIVE_S, receive_max=_IDS_COUNT
        )
        transport.write(connect.write())

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = self.lost or str(exc or "the broker closed the connection")

    @override
    def data_received(self, data: bytes) -> None:
        held = self._buffer + data if self._buffer else data
        view, used = memoryview(held), 0
        while used < len(held):
            if held[used] == _PUBACK and used + 4 <= len(held):
                used += 2 + held[used + 1]
                self.flying_count -= 1
                continue
            try:
                packet, size = mqtt5.read(view[used:])
            except IndexError:
                break
            used += size
            self._take(packet)
        self._buffer = held[used:]

    def _take(self, packet: mqtt5.Packet) -> None:
        match packet:
            case mqtt5.PublishPacket():
                if packet.packet_id is not None:
                    self.write(mqtt5.PubAckPacket(packet.packet_id).write())
                self._hear(packet.topic, packet.payload)
            case mqtt5.ConnAckPacket():
                self.is_open.set()
            case mqtt5.DisconnectPacket():
                self.lost = f"broker says goodbye: {packet.reason_code.name}"

    def _new_id(self) -> int:
        self._next_id = self._next_id % _IDS_COUNT + 1
        return self._next_id


def field(text: str) -> bytes:
    """Return a text as MQTT writes it: two bytes of length first."""
    data = text.encode()
    return len(data).to_bytes(2, "big") + data


def properties_of(*, expiry_s: int, boot: str) -> bytes:
    """Return a reading's properties but for the value of the last, `seq`."""
    return b"".join(
        (
            _EXPIRY + expiry_s.to_bytes(4, "big"),
            _USER_PROPERTY + field("boot") + field(boot),
            _USER_PROPERTY + field("seq"),
        )
    )


def _varint(number: int) -> bytes:
    told = bytearray()
    while True:
        number, low = divmod(number, 128)
        told.append(low | (128 if number else 0))
        if not number:
            return bytes(told)
