"""The uplink against a real broker: everything arrives, whatever the broker forgets."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from typing import TYPE_CHECKING

import aiomqtt

from edge.outbox.custody import Capture, CustodyStore
from edge.outbox.telemetry import Queued, TelemetryQueue
from edge.outbox.worker import CustodyWriter, Worker
from edge.uplink.follow import Mode
from edge.uplink.link import Link, LinkParts
from runtime.broker import EmbeddedBroker
from runtime.clock import SystemClock
from runtime.mqtt_url import parse_mqtt_url
from wire.chain import ROOT_HASH, row_hash
from wire.control import ConfigReport, DeviceBirth, EdgeBeat, OutboxFill, Tip

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

ROWS = 120
V5 = aiomqtt.ProtocolVersion.V5


def free_port() -> int:
    """Return a port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def until(holds: Callable[[], bool], *, within_s: float = 30.0) -> None:
    """Wait until something holds."""
    end_s = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < end_s
        await asyncio.sleep(0.02)


class Ledger:
    """A gateway as the contract tells it, written anew: heads, acks, beats; it loses every 40th."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.hashes = [ROOT_HASH]
        self.readings: set[int] = set()
        self.births: dict[str, bytes] = {}
        self._heard = 0

    async def run(self) -> None:
        """Serve; connect again when the broker is gone."""
        while True:
            try:
                async with aiomqtt.Client(
                    "127.0.0.1", self._port, protocol=aiomqtt.ProtocolVersion.V5
                ) as client:
                    await client.subscribe("wh/v1/e/dock-1/#", qos=1)
                    async with asyncio.TaskGroup() as tasks:
                        tasks.create_task(self._beat(client))
                        tasks.create_task(self._listen(client))
            except* aiomqtt.MqttError:
                await asyncio.sleep(0.1)

    async def _beat(self, client: aiomqtt.Client) -> None:
        while True:
            beat = {"ledger": "ledger-1", "journal_count": 1, "t_ns": 1}
            await client.publish("wh/v1/gw/gw-1/beat", json.dumps(beat))
            await asyncio.sleep(0.5)

    async def _listen(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            levels = str(message.topic).split("/")[4:]
            properties = dict(getattr(message.properties, "UserProperty", []))
            body = bytes(message.payload or b"")
            if levels == ["hello"]:
                await self._head(client, json.loads(body)["nonce"])
            elif levels[0] == "device":
                self.births[levels[1]] = body
            elif levels[0] == "tlm":
                self.readings.add(int(properties["seq"]))
                spans = {properties["boot"]: [[int(properties["seq"])] * 2]}
                ack = {"ledger": "ledger-1", "telemetry": spans}
                await client.publish("wh/v1/e/dock-1/ack", json.dumps(ack))
            elif levels[0] == "evt":
                self._heard += 1
                if self._heard % 40 and self._apply(str(message.topic), properties, body):
                    await self._head(client, None)

    def _apply(self, topic: str, told: dict[str, str], body: bytes) -> bool:
        seq = int(told["seq"])
        assert told["ledger"] == "ledger-1"
        assert told["hash"] == row_hash(topic, seq, told["prev"], told["id"], body)
        if seq < len(self.hashes):
            assert self.hashes[seq] == told["hash"]
            return False
        if seq > len(self.hashes):
            return False
        assert told["prev"] == self.hashes[-1]
        self.hashes.append(told["hash"])
        return True

    async def _head(self, client: aiomqtt.Client, nonce: str | None) -> None:
        seq = len(self.hashes) - 1
        head = {"ledger": "ledger-1", "nonce": nonce, "seq": seq, "hash": self.hashes[-1]}
        await client.publish("wh/v1/e/dock-1/head", json.dumps(head | {"common": [0, ROOT_HASH]}))


class EdgeSide:
    """The outboxes and the link of one edge."""

    def __init__(self, folder: Path, port: int) -> None:
        self.clock = SystemClock()
        self.store = CustodyStore.open(folder / "custody.db")
        self.custody_worker = Worker("custody")
        self.writer = CustodyWriter(self.store, self.custody_worker)
        self.telemetry = TelemetryQueue(
            folder / "telemetry.db", bytes_max=10_000_000, age_s_max=3_600.0
        )
        self.telemetry_worker = Worker("telemetry")
        self.commands: list[tuple[str, str, bytes, bool]] = []
        self.link = Link(
            LinkParts(
                edge="dock-1",
                ledger="ledger-1",
                boot="boot-1",
                version="0",
                config=lambda: ConfigReport(generation=0, hash="c" * 64, outcome="running"),
                config_hash=lambda: "c" * 64,
                address=parse_mqtt_url(f"mqtt://127.0.0.1:{port}"),
                clock=self.clock,
                custody=self.store,
                custody_writer=self.writer,
                custody_worker=self.custody_worker,
                archive_rows=1_000,
                archive_days=7,
                telemetry=self.telemetry,
                telemetry_worker=self.telemetry_worker,
                beat=self.beat,
                births=self.births,
                take_command=self.take_command,
            )
        )

    async def beat(self) -> EdgeBeat:
        """Return a beat."""
        seq, digest = self.store.tip
        fill = OutboxFill(custody_rows=0, telemetry_rows=0, bytes=0, oldest_s=0.0)
        tip = Tip(seq=seq, hash=digest)
        return EdgeBeat(boot="boot-1", mono_ms=1, t_ns=1, clock="synced", tip=tip, outbox=fill)

    def births(self) -> Mapping[str, DeviceBirth]:
        """Return the one device."""
        return {"plc-1": DeviceBirth(family="dock_plc", status="ok")}

    async def take_command(self, device: str, verb: str, body: bytes, is_retained: bool) -> None:  # noqa: FBT001
        """Note a command."""
        self.commands.append((device, verb, body, is_retained))

    async def fill(self) -> None:
        """Capture events and readings."""
        now_ns = self.clock.wall_ns()
        topic = "wh/v1/e/dock-1/evt/input/plc-1"
        for number in range(ROWS // 2):
            await self.writer.capture(
                Capture(topic=topic, body=b'{"n":%d}' % number, captured_ns=now_ns)
            )
        readings = [
            Queued(
                boot="boot-1",
                seq=seq,
                topic="wh/v1/e/dock-1/tlm/bus/bus-1",
                body=b"{}",
                at_ns=now_ns + seq,
            )
            for seq in range(1, 301)
        ]
        await self.telemetry_worker.run(lambda: self.telemetry.append(readings))

    def close(self) -> None:
        """Let go."""
        self.custody_worker.close()
        self.telemetry_worker.close()
        self.store.close()
        self.telemetry.close()


def test_everything_arrives_though_messages_and_the_broker_are_lost(tmp_path: Path) -> None:
    """The broker forgets all at its restart; the ledger ends with every row, each once."""
    port = free_port()
    broker = EmbeddedBroker(port, tmp_path / "broker").start()
    ledger = Ledger(port)

    async def story() -> None:
        edge = EdgeSide(tmp_path, port)
        tasks: list[asyncio.Task[None]] = []
        tasks.append(asyncio.create_task(edge.writer.run()))
        tasks.append(asyncio.create_task(edge.link.run()))
        try:
            await edge.fill()
            await until(lambda: edge.link.is_connected)
            assert edge.link.follower.mode is Mode.ASKING  # No gateway has answered yet.
            async with aiomqtt.Client("127.0.0.1", port, protocol=V5) as other:
                old = DeviceBirth(family="mt_sics", status="ok").model_dump_json()
                await other.publish("wh/v1/e/dock-1/device/gone-1", old, qos=1, retain=True)
                await other.publish("wh/v1/e/dock-1/cmd/plc-1/open", b"{}", qos=1, retain=True)
            tasks.append(asyncio.create_task(ledger.run()))
            await until(lambda: len(ledger.hashes) == ROWS // 2 + 1)
            await until(lambda: len(ledger.readings) == 300)
            await asyncio.to_thread(broker.stop)
            await until(lambda: not edge.link.is_connected)
            await edge.fill()
            await asyncio.to_thread(broker.start)
            await until(lambda: len(ledger.hashes) == ROWS + 1)
            assert ledger.hashes[-1] == edge.store.tip[1]
            await until(lambda: edge.link.follower.acked_seq == ROWS)
            await until(lambda: edge.telemetry.waiting()[0] == 0)
            assert [command[3] for command in edge.commands] == [False]
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            edge.close()

    try:
        asyncio.run(story())
    finally:
        broker.stop()


def test_retained_births_of_unknown_devices_are_emptied_at_connect(tmp_path: Path) -> None:
    """A device that was removed from the settings must leave the page; stale commands say so."""
    port = free_port()
    broker = EmbeddedBroker(port, tmp_path / "broker").start()

    async def story() -> None:
        async with aiomqtt.Client("127.0.0.1", port, protocol=V5) as other:
            old = DeviceBirth(family="mt_sics", status="ok").model_dump_json()
            await other.publish("wh/v1/e/dock-1/device/gone-1", old, qos=1, retain=True)
            await other.publish("wh/v1/e/dock-1/cmd/plc-1/open", b"{}", qos=1, retain=True)
            await other.subscribe("wh/v1/e/dock-1/device/+", qos=1)
            edge = EdgeSide(tmp_path, port)
            task = asyncio.create_task(edge.link.run())
            seen: dict[str, bytes] = {}
            try:
                async with asyncio.timeout(20):
                    async for message in other.messages:
                        seen[str(message.topic).split("/")[-1]] = bytes(message.payload or b"")
                        if seen.get("gone-1") == b"" and seen.get("plc-1"):
                            break
                await until(lambda: bool(edge.commands))
                assert edge.commands[0][3] is True
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                edge.close()

    try:
        asyncio.run(story())
    finally:
        broker.stop()
