"""The edge's MQTT session: state, births, beats, hellos, custody and telemetry out; control in."""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Never

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from pydantic import ValidationError

from edge.outbox.errors import ChainDamaged, DiskRefuses
from edge.uplink.announce import Announcer
from edge.uplink.client import UplinkClient, ping_s_from
from edge.uplink.flight import Flight
from edge.uplink.follow import Follower, Mode
from runtime.backoff import Backoff
from wire.chain import Tombstone
from wire.control import Ack, GatewayBeat, Head, Hello, Tip
from wire.topics import edge_topic, gateway_topic

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from edge.outbox.custody import CustodyStore
    from edge.outbox.telemetry import Queued, TelemetryQueue
    from edge.outbox.worker import CustodyWriter, Worker
    from runtime.clock import Clock
    from runtime.mqtt_url import BrokerAddress
    from wire.chain import CustodyRow
    from wire.control import ConfigReport, DeviceBirth, EdgeBeat

log = logging.getLogger(__name__)

BEAT_S: Final = 2.0
GATEWAY_FRESH_S: Final = 5.0
TELEMETRY_EXPIRY_S: Final = 60
TELEMETRY_NEWEST: Final = 20
RECONNECT_S_MAX: Final = 2.0  # The hall is back within 5 s of its network.
CUSTODY_BATCH: Final = 50
TELEMETRY_BATCH: Final = 100


@dataclass(kw_only=True)
class LinkParts:
    """What the session works on; `edge.app` puts it together."""

    edge: str
    ledger: str
    boot: str
    version: str
    config: Callable[[], ConfigReport]
    """What became of the newest edition of the edge's file."""
    config_hash: Callable[[], str]
    """Of the edition in force."""
    address: BrokerAddress
    clock: Clock
    custody: CustodyStore
    custody_writer: CustodyWriter
    custody_worker: Worker
    archive_rows: int
    archive_days: float
    telemetry: TelemetryQueue
    telemetry_worker: Worker
    beat: Callable[[], Awaitable[EdgeBeat]]
    births: Callable[[], Mapping[str, DeviceBirth]]
    take_command: Callable[[str, str, bytes, bool], Awaitable[None]]
    """(device, verb, body, is_retained)."""
    rng: random.Random = field(default_factory=random.Random)
    keepalive_s: int = 10
    """A link that is dead and does not say so is found within 1.5 times this; at least 4."""


class Link:
    """Holds the session for ever."""

    def __init__(self, parts: LinkParts) -> None:
        self._parts = parts
        self.follower = Follower(parts.ledger, parts.custody, self._archive)
        if parts.custody.is_stopped:
            self.follower.stop()
        self.gateway_beat_s = -1e9
        """Monotonic seconds of the newest beat of a gateway of our ledger."""
        self._since_of: dict[str, int | None] = {}  # By gateway: when it opened its sessions.
        self.unreadable_count = 0
        self.is_connected = False
        self.is_chain_damaged = False
        """The next rows can't be read or proven: a person must act."""
        self._flight = Flight()
        self._announcer = Announcer(
            edge=parts.edge,
            boot=parts.boot,
            version=parts.version,
            config=parts.config,
            config_hash=parts.config_hash,
            births=parts.births,
        )
        self._wake = parts.custody_writer.appended
        self._hello_now = asyncio.Event()

    def _archive(self, seq: int) -> None:
        """Note an answered head on disk; runs on the outbox's thread."""
        parts = self._parts
        older_than_ns = parts.clock.wall_ns() - round(parts.archive_days * 86_400e9)
        parts.custody.archive(seq, rows_max=parts.archive_rows, older_than_ns=older_than_ns)

    def has_gateway(self) -> bool:
        """Tell whether a gateway of our ledger is alive."""
        return self._parts.clock.mono_s() - self.gateway_beat_s <= GATEWAY_FRESH_S

    async def ask_now(self, within_s: float) -> Head | None:
        """Say hello and return the ledger's answer, or None when none comes in time."""
        follower, seen = self.follower, self.follower.answers_count
        self._hello_now.set()
        end_s = self._parts.clock.mono_s() + within_s
        while follower.answers_count == seen:
            if self._parts.clock.mono_s() > end_s:
                return None
            await asyncio.sleep(0.02)
        return follower.answer

    def went_on(self) -> None:
        """Send again: what kept the chain back is over."""
        self._wake.set()

    async def run(self) -> Never:
        """Connect, serve, and connect again with jitter."""
        backoff = Backoff(first_s=0.2, limit_s=RECONNECT_S_MAX, rng=self._parts.rng)
        while True:
            try:
                await self._serve_once(backoff)
            except* (aiomqtt.MqttError, OSError, TimeoutError) as group:
                if self.is_connected:
                    log.warning("uplink_lost", extra={"reason": str(group.exceptions[0])})
            self.is_connected = False
            await asyncio.sleep(backoff.next_delay_s())

    async def _serve_once(self, backoff: Backoff) -> None:
        parts = self._parts
        topic, gone = self._announcer.will()
        client = UplinkClient(
            parts.address.host,
            parts.address.port,
            username=parts.address.username,
            password=parts.address.password,
            identifier=f"edge-{parts.edge}-{parts.boot}",
            protocol=aiomqtt.ProtocolVersion.V5,
            will=aiomqtt.Will(topic, gone, qos=1, retain=True),
            keepalive=ping_s_from(parts.keepalive_s),
            max_inflight_messages=500,
            max_queued_outgoing_messages=2_000,
            max_queued_incoming_messages=2_000,
            tls_params=aiomqtt.TLSParameters() if parts.address.is_tls else None,
        )
        client.pending_calls_threshold = 2 * CUSTODY_BATCH + 2 * TELEMETRY_BATCH
        self._flight.anew()
        self._announcer.begin()
        async with client, asyncio.TaskGroup() as tasks:
            # From the first packet on: a loss while the session is opened is heard here only.
            tasks.create_task(self._listen(client), name="uplink/_listen")
            await self._open(client)
            backoff.reset()
            for work in (
                self._beat,
                self._say_hello,
                self._announcer.run,
                self._send_custody,
                self._send_telemetry,
            ):
                tasks.create_task(work(client), name=f"uplink/{work.__name__}")

    async def _open(self, client: UplinkClient) -> None:
        """Subscribe, and say that this edge is here."""
        parts = self._parts
        await client.subscribe(
            [
                (edge_topic(parts.edge, "head"), 0),
                (edge_topic(parts.edge, "ack"), 0),
                (edge_topic(parts.edge, "cmd", "+", "+"), 1),
                (gateway_topic("+", "beat"), 0),
                (edge_topic(parts.edge, "device", "+"), 1),
            ]
        )
        await self._announcer.here(client, parts.clock.wall_ns())
        self.is_connected = True
        log.info("uplink_open")
        self._hello_now.set()

    async def _listen(self, client: UplinkClient) -> None:
        async for message in client.messages:
            levels = str(message.topic).split("/")
            body = bytes(message.payload or b"")
            try:
                await self.take(levels, body, is_retained=bool(message.retain))
            except (DiskRefuses, ChainDamaged) as error:
                log.warning("control_waits_for_disk", extra={"error": str(error)[:300]})
            except (ValidationError, ValueError, RecursionError) as error:
                self.unreadable_count += 1
                log.warning("control_unreadable", extra={"topic": str(message.topic)[:200]})
                log.debug("control_unreadable_why", extra={"error": str(error)[:500]})
        raise aiomqtt.MqttError("the broker ended the session")

    async def take(self, levels: list[str], body: bytes, *, is_retained: bool) -> None:
        """Take one control message by its topic's levels. Raises for what can't be read."""
        parts = self._parts
        if levels[2] == "gw":
            beat = GatewayBeat.model_validate_json(body)
            if beat.ledger == parts.ledger:
                if not self.has_gateway() or beat.since != self._since_of.get(levels[3]):
                    self._hello_now.set()
                    self._flight.anew()
                    self.follower.gateway_back()
                self._since_of = dict([*self._since_of.items(), (levels[3], beat.since)][-16:])
                self.gateway_beat_s = parts.clock.mono_s()
            return
        match levels[4:]:
            case ["head"]:
                head = Head.model_validate_json(body)
                hear, now_s = self.follower.hear, parts.clock.mono_s()
                if await parts.custody_worker.run(lambda: hear(head, now_s)):
                    self.follower.moved(parts.clock.mono_s())
                    self._wake.set()
            case ["ack"]:
                ack = Ack.model_validate_json(body)
                if ack.ledger == parts.ledger:
                    await self._forget(ack)
            case ["device", device] if is_retained and body:
                self._announcer.saw(device)
            case ["cmd", device, verb]:
                await parts.take_command(device, verb, body, is_retained)
            case _:
                return

    async def _forget(self, ack: Ack) -> None:
        parts = self._parts
        ranges = dict(ack.telemetry)
        await parts.telemetry_worker.run(lambda: parts.telemetry.forget(ranges))
        self._flight.landed(ranges, parts.clock.mono_s(), credit=ack.credit)

    async def _beat(self, client: UplinkClient) -> Never:
        topic = edge_topic(self._parts.edge, "beat")
        while True:
            beat = await self._parts.beat()
            await client.publish(topic, beat.model_dump_json(), qos=0)
            await asyncio.sleep(BEAT_S)

    async def _say_hello(self, client: UplinkClient) -> Never:
        while True:
            self._hello_now.clear()
            await self.hello_once(client)
            try:
                async with asyncio.timeout(self.follower.ask_again_s()):
                    await self._hello_now.wait()
            except TimeoutError:
                continue

    async def hello_once(self, client: UplinkClient) -> None:
        """Ask the ledger where it stands, with a fresh nonce."""
        parts = self._parts
        nonce = secrets.token_hex(8)
        sample = await parts.custody_worker.run(parts.custody.sample)
        tip = parts.custody.tip
        self.follower.ask(nonce, parts.clock.mono_s())
        hello = Hello(
            ledger=parts.ledger,
            nonce=nonce,
            boot=parts.boot,
            tip=Tip(seq=tip[0], hash=tip[1]),
            sample=sample,
        )
        await client.publish(edge_topic(parts.edge, "hello"), hello.model_dump_json(), qos=0)

    async def _send_custody(self, client: UplinkClient) -> Never:
        while True:
            self._wake.clear()
            if await self.send_custody_once(client):
                continue
            try:
                async with asyncio.timeout(0.5):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def send_custody_once(self, client: UplinkClient) -> bool:
        """Send what may be sent now, at most a batch; tell whether anything was."""
        parts, follower = self._parts, self.follower
        now_s = parts.clock.mono_s()
        if not self.has_gateway():
            return False
        follower.rewind_if_due(now_s, jitter=parts.rng.random())
        room = min(follower.room(), CUSTODY_BATCH)
        seq = follower.sent_seq
        rows = await self._rows_above(seq, room) if room else []
        if not rows:
            return False
        follower.sent(rows[-1].seq, now_s)
        async with asyncio.TaskGroup() as sending:  # Started, so sent, in this order.
            for row in rows:
                sending.create_task(self._publish_row(client, row))
        if client.nobody_listens:
            self.gateway_beat_s = -1e9  # No gateway until the next beat of one.
        return True

    async def _rows_above(self, seq: int, count_max: int) -> list[CustodyRow | Tombstone]:
        """Return the next rows; none where the file is rotten beyond proof: telemetry goes on."""
        parts = self._parts
        try:
            rows = await parts.custody_worker.run(lambda: parts.custody.above(seq, count_max))
        except ChainDamaged as error:
            if not self.is_chain_damaged:
                log.error("custody_damaged", extra={"above": seq, "error": str(error)[:300]})  # noqa: TRY400
            self.is_chain_damaged = True
            return []
        self.is_chain_damaged = False
        return rows

    async def _publish_row(self, client: UplinkClient, row: CustodyRow | Tombstone) -> None:
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        told = [
            ("ledger", self._parts.ledger),
            ("seq", str(row.seq)),
            ("prev", row.prev),
            ("id", row.id),
            ("hash", row.hash),
        ]
        if isinstance(row, Tombstone):
            topic, body = edge_topic(self._parts.edge, "evt", "void", "outbox"), b""
            told.append(("void", row.checksum))
        else:
            topic, body = row.topic, row.body
        properties.UserProperty = told
        await client.publish(topic, body, qos=1, properties=properties, timeout=20)

    async def _publish_reading(self, client: UplinkClient, row: Queued) -> None:
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.UserProperty = [("boot", row.boot), ("seq", str(row.seq))]
        properties.MessageExpiryInterval = TELEMETRY_EXPIRY_S
        await client.publish(row.topic, row.body, qos=1, properties=properties, timeout=20)

    async def _send_telemetry(self, client: UplinkClient) -> Never:
        while True:
            if not await self.send_telemetry_once(client):
                await asyncio.sleep(0.2)

    async def send_telemetry_once(self, client: UplinkClient) -> bool:
        """Send readings that the window has room for, at most a batch; tell whether any were."""
        parts, flight = self._parts, self._flight
        now_s = parts.clock.mono_s()
        flight.drop_late(
            now_s, round_trip_s=self.follower.round_trip_s, is_heard=self.has_gateway()
        )
        room = min(flight.room(), TELEMETRY_BATCH)
        if not self.has_gateway() or room <= 0 or self.follower.mode is Mode.STOPPED:
            return False
        flying = flight.names()
        rows = await parts.telemetry_worker.run(
            lambda: parts.telemetry.next_to_send(
                room, newest_count=TELEMETRY_NEWEST, besides=flying
            )
        )
        flight.sent([(row.boot, row.seq) for row in rows], now_s)
        async with asyncio.TaskGroup() as sending:
            for row in rows:
                sending.create_task(self._publish_reading(client, row))
        if rows and client.nobody_listens:
            self.gateway_beat_s = -1e9  # No gateway until the next beat of one.
            flight.clear()
        return bool(rows)
