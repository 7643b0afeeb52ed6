"""A small MQTT 5 client session over the `mqtt5` codec: batches in, manual PUBACK out.

A consumer that acknowledges only what it has on disk needs the acknowledgement in its own hands;
general clients give it per message and slowly. Memory is bounded by not reading the socket while a
batch is being worked on.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import mqtt5

from runtime.mqtt_frames import PUBACK_HEAD, PUBLISH, cut_frames, packet_of, publish_of, wanted_size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runtime.mqtt_url import BrokerAddress

log = logging.getLogger(__name__)

READ_BYTES: Final = 262_144
PACKET_BYTES_MAX: Final = 2_097_152
CONNECT_S_MAX: Final = 10.0
ACK_S_MAX: Final = 20.0
_GRANTED: Final = (
    mqtt5.SubAckReasonCode.GRANTED_QOS_AT_MOST_ONCE,
    mqtt5.SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE,
    mqtt5.SubAckReasonCode.GRANTED_QOS_EXACTLY_ONCE,
)


class SessionLost(Exception):
    """The connection ended; everything unacknowledged will come again."""


def first_loss(group: BaseExceptionGroup[SessionLost]) -> SessionLost:
    """Return the first loss of a group, however deep it lies."""
    one: SessionLost | BaseExceptionGroup[SessionLost] = group
    while isinstance(one, BaseExceptionGroup):
        one = one.exceptions[0]
    return one


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOptions:
    """How a session presents itself."""

    client_id: str
    will: mqtt5.Will | None = None
    receive_max: int = 1_000
    session_expiry_s: int = 0
    keepalive_s: int = 10


@dataclass(slots=True)
class _Acks:
    """QoS 1 publishes of ours that wait for their PUBACK."""

    next_id: int = 0
    waiting: dict[int, asyncio.Future[mqtt5.PubAckReasonCode]] = field(default_factory=dict)

    def new(self) -> int:
        for _ in range(65_535):
            self.next_id = self.next_id % 65_535 + 1
            if self.next_id not in self.waiting:
                return self.next_id
        raise SessionLost("65,535 publishes wait for their acknowledgement")


class Session:
    """One connection. `connect` opens it; `batches` iterates; leave with `close`."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, options: SessionOptions
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._options = options
        self._rest = b""
        self._inbox: list[bytes] = []
        """Publishes, cut from the stream and not yet read."""
        self._has_inbox = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._acks = _Acks()
        self._lost: SessionLost | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._heard_s = 0.0

    @classmethod
    async def connect(cls, address: BrokerAddress, options: SessionOptions) -> Session:
        """Open a session. Raises SessionLost when there is no broker or it refuses."""
        context = ssl.create_default_context() if address.is_tls else None
        try:
            async with asyncio.timeout(CONNECT_S_MAX):
                reader, writer = await asyncio.open_connection(
                    address.host, address.port, ssl=context, limit=READ_BYTES
                )
                session = cls(reader, writer, options)
                await session._handshake(address)
        except (OSError, TimeoutError) as error:
            raise SessionLost(f"no session with {address.host}:{address.port}: {error}") from error
        session._start()
        return session

    async def _handshake(self, address: BrokerAddress) -> None:
        options = self._options
        packet = mqtt5.ConnectPacket(
            options.client_id,
            username=address.username,
            password=address.password.encode() if address.password else None,
            clean_start=options.session_expiry_s == 0,
            will=options.will,
            keep_alive=options.keepalive_s,
            session_expiry_interval=options.session_expiry_s,
            receive_max=options.receive_max,
            max_packet_size=PACKET_BYTES_MAX,
        )
        self._writer.write(packet.write())
        while True:
            frames = await self._read_frames()
            if not frames:
                continue
            answer = _packet_of(frames[0])
            if not isinstance(answer, mqtt5.ConnAckPacket):
                raise SessionLost(f"{type(answer).__name__} instead of CONNACK")
            if answer.reason_code != mqtt5.ConnAckReasonCode.SUCCESS:
                raise SessionLost(f"broker refuses: {answer.reason_code.name}")
            # A session that was kept goes on at once, in the same read.
            self._take(frames[1:])
            return

    def _start(self) -> None:
        self._heard_s = asyncio.get_running_loop().time()
        name = self._options.client_id
        self._tasks = [
            asyncio.create_task(self._receive(), name=f"{name}/receive"),
            asyncio.create_task(self._keep_alive(), name=f"{name}/keepalive"),
        ]

    async def subscribe(self, *filters: str) -> None:
        """Subscribe at QoS 1. Raises SessionLost when the broker refuses one."""
        self._check()
        packet_id = self._acks.new()
        future = self._wait_for(packet_id)
        wanted = [
            mqtt5.TopicFilter(one, max_qos=mqtt5.QoS.AT_LEAST_ONCE, retain_as_published=True)
            for one in filters
        ]
        self._writer.write(mqtt5.SubscribePacket(packet_id, wanted).write())
        await self._acked(packet_id, future)

    async def publish(  # noqa: PLR0913 - the fields of a publish
        self,
        topic: str,
        payload: bytes,
        *,
        qos: int = 0,
        is_retained: bool = False,
        expiry_s: int | None = None,
        correlation: bytes | None = None,
        properties: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Publish; at QoS 1 return after the broker's PUBACK. Raises SessionLost."""
        self._check()
        packet_id = self._acks.new() if qos else None
        packet = mqtt5.PublishPacket(
            topic,
            payload,
            qos=mqtt5.QoS(qos),
            retain=is_retained,
            packet_id=packet_id,
            message_expiry_interval=expiry_s,
            correlation_data=correlation,
            user_properties=list(properties),
        )
        future = self._wait_for(packet_id) if packet_id is not None else None
        self._writer.write(packet.write())
        try:
            await self._writer.drain()
        except OSError as error:
            self._fail(SessionLost(str(error)))
        if packet_id is not None and future is not None:
            await self._acked(packet_id, future)
        self._check()

    async def batch(self) -> list[mqtt5.PublishPacket]:
        """Wait for publishes and take all that have come. Raises SessionLost."""
        return [self.read_publish(frame) for frame in await self.frames()]

    def read_publish(self, frame: bytes) -> mqtt5.PublishPacket:
        """Return what one of `frames` says. Raises SessionLost: a broker that garbles is none."""
        try:
            return publish_of(frame)
        except ValueError as error:
            raise SessionLost(f"unreadable packet: {error}") from error

    async def frames(self) -> list[bytes]:
        """Wait for publishes and take all that have come, unread. Raises SessionLost."""
        await self._has_inbox.wait()
        if not self._inbox:
            self._check()
        taken, self._inbox = self._inbox, []
        self._has_inbox.clear()
        if self._lost is not None:
            self._has_inbox.set()
        self._room.set()
        return taken

    async def ack(self, packets: Sequence[mqtt5.PublishPacket]) -> None:
        """Acknowledge publishes, in order of arrival. Raises SessionLost."""
        await self.ack_ids(
            [one.packet_id.to_bytes(2, "big") for one in packets if one.packet_id is not None]
        )

    async def ack_ids(self, ids: Sequence[bytes]) -> None:
        """Acknowledge publishes by their packet ids, two bytes each. Raises SessionLost."""
        if not ids:
            return
        self._check()
        self._writer.write(PUBACK_HEAD + PUBACK_HEAD.join(ids))
        try:
            await self._writer.drain()
        except OSError as error:
            self._fail(SessionLost(str(error)))
            self._check()

    async def close(self) -> None:
        """Say goodbye, so that the will stays unsaid; safe when already lost."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(OSError, TimeoutError):
            if self._lost is None:
                self._writer.write(mqtt5.DisconnectPacket().write())
            self._writer.close()
            async with asyncio.timeout(1.0):
                await self._writer.wait_closed()
        self._writer.transport.abort()  # A peer that reads no more must not keep the socket.
        self._fail(SessionLost("closed"))

    async def _receive(self) -> None:
        try:
            while True:
                await self._room.wait()
                self._take(await self._read_frames())
                # Whoever waits for an acknowledgement needs the socket read: it lies behind these.
                if len(self._inbox) >= self._options.receive_max and not self._acks.waiting:
                    self._room.clear()
        except Exception as error:  # A bug here must end the session, not let it hang.
            if not isinstance(error, OSError | SessionLost):
                log.exception("session_bug")
            self._fail(SessionLost(str(error) or type(error).__name__))

    def _take(self, frames: Sequence[bytes]) -> None:
        for frame in frames:
            if frame[0] >> 4 == PUBLISH:
                self._inbox.append(frame)
            else:
                self._obey(_packet_of(frame))
        if self._inbox:
            self._has_inbox.set()

    def _obey(self, packet: mqtt5.Packet) -> None:
        match packet:
            case mqtt5.PubAckPacket():
                self._resolve(packet.packet_id, packet.reason_code)
            case mqtt5.SubAckPacket():
                refused = [code.name for code in packet.reason_codes if code not in _GRANTED]
                if refused:
                    raise SessionLost(f"subscription refused: {refused[0]}")
                self._resolve(packet.packet_id, mqtt5.PubAckReasonCode.SUCCESS)
            case mqtt5.DisconnectPacket():
                raise SessionLost(f"broker says goodbye: {packet.reason_code.name}")
            case _:
                return

    async def _read_frames(self) -> list[bytes]:
        data = await self._reader.read(READ_BYTES)
        if not data:
            raise SessionLost("broker closed the connection")
        self._heard_s = asyncio.get_running_loop().time()
        data = self._rest + data
        try:
            frames, used = cut_frames(data)
        except ValueError as error:
            raise SessionLost(f"unreadable packet: {error}") from error
        self._rest = data[used:]
        if wanted_size(self._rest) > PACKET_BYTES_MAX + 8:
            raise SessionLost(f"a packet above {PACKET_BYTES_MAX} bytes")
        return frames

    async def _keep_alive(self) -> None:
        keepalive_s = self._options.keepalive_s
        while self._lost is None:
            await asyncio.sleep(keepalive_s / 4)  # With the bound below: found within 1.5 of it.
            # While a batch is worked on the socket is not read: silence proves nothing then.
            now_s = asyncio.get_running_loop().time()
            if not self._room.is_set():
                self._heard_s = now_s
            silent_s = now_s - self._heard_s
            if silent_s > 1.2 * keepalive_s:
                self._fail(SessionLost(f"silent for {silent_s:.0f} s"))
                self._writer.transport.abort()
                return
            with contextlib.suppress(OSError):
                self._writer.write(mqtt5.PingReqPacket().write())

    def _wait_for(self, packet_id: int) -> asyncio.Future[mqtt5.PubAckReasonCode]:
        future: asyncio.Future[mqtt5.PubAckReasonCode]
        future = asyncio.get_running_loop().create_future()
        self._acks.waiting[packet_id] = future
        self._room.set()
        return future

    async def _acked(
        self, packet_id: int, future: asyncio.Future[mqtt5.PubAckReasonCode]
    ) -> mqtt5.PubAckReasonCode:
        try:
            async with asyncio.timeout(ACK_S_MAX):
                return await future
        except TimeoutError as error:
            lost = SessionLost(f"no acknowledgement within {ACK_S_MAX:.0f} s")
            self._fail(lost)
            raise lost from error
        finally:
            self._acks.waiting.pop(packet_id, None)

    def _resolve(self, packet_id: int, code: mqtt5.PubAckReasonCode) -> None:
        future = self._acks.waiting.get(packet_id)
        if future is not None and not future.done():
            future.set_result(code)

    def _fail(self, lost: SessionLost) -> None:
        if self._lost is not None:
            return
        self._lost = lost
        self._has_inbox.set()
        for future in self._acks.waiting.values():
            if not future.done():
                future.set_exception(lost)

    def _check(self) -> None:
        if self._lost is not None:
            raise self._lost


def _packet_of(frame: bytes) -> mqtt5.Packet:
    try:
        return packet_of(frame)
    except ValueError as error:
        raise SessionLost(f"unreadable packet: {error}") from error
