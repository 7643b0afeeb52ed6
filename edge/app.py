"""The edge daemon, composed: devices to outbox to MQTT, and commands back, read here."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import time
from typing import TYPE_CHECKING, Final, Never

from edge.downlink import Downlink, DownlinkParts
from edge.fleet import Fleet
from edge.gaps import GapTeller
from edge.health import Endpoint
from edge.outbox.custody import Capture
from edge.outbox.errors import ChainDamaged, OutboxError
from edge.outbox.repair import open_custody, open_telemetry, suspect
from edge.outbox.telemetry import Queued
from edge.outbox.worker import CustodyWriter, Worker
from edge.reload import Reload
from edge.site_file import load_archive, load_edge
from edge.stamp import Stamp
from edge.uplink.custodian import Custodian
from edge.uplink.follow import Mode
from edge.uplink.link import Link, LinkParts
from runtime.clock import SystemClock, is_clock_synced
from runtime.http import endpoint
from runtime.mqtt_url import parse_mqtt_url
from wire.control import EdgeBeat, OutboxFill, Tip
from wire.topics import edge_topic

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edge.ports import Outgoing
    from wire.control import DeviceBirth

log = logging.getLogger(__name__)

VERSION: Final = "0.1.0"
TELEMETRY_BYTES_MAX: Final = 200_000_000
DAMAGE_LOOK_S: Final = 5.0
DAMAGE_S: Final = 20.0
TELEMETRY_AGE_S_MAX: Final = 48 * 3600.0


class Edge:
    """What the tasks of one edge share."""

    def __init__(self, edge: str, data_dir: Path) -> None:
        self.edge = edge
        self.boot = secrets.token_hex(8)
        self.clock = SystemClock()
        self.fleet = Fleet(data_dir=data_dir, clock=self.clock)
        folder = data_dir / "edge" / edge
        self.custody_path = folder / "custody.db"
        self.custody = open_custody(self.custody_path)
        self.custody_worker = Worker("custody")
        self.writer = CustodyWriter(self.custody, self.custody_worker)
        self.telemetry, was_rotten = open_telemetry(
            folder / "telemetry.db", bytes_max=TELEMETRY_BYTES_MAX, age_s_max=TELEMETRY_AGE_S_MAX
        )
        self.telemetry_worker = Worker("telemetry")
        self.gaps = GapTeller(
            self.boot, self.telemetry, self.telemetry_worker, self.clock, self.emit
        )
        if was_rotten:
            self.gaps.corrupt()
        self.telemetry_seq = 0
        self.started_s = time.monotonic()
        self.failures: dict[str, str] = {}
        self.acked_seq: Callable[[], int] = lambda: 0
        """The newest head heard in this run; the one on disk follows every answer only."""
        self.mode: Callable[[], Mode] = lambda: Mode.ASKING
        """What the chain makes of the ledger's heads."""
        self._stamp = Stamp(self.clock)

    async def emit(self, outgoing: Outgoing) -> int | None:
        """Stamp an event and put it on disk; custody waits for room, telemetry is thinned."""
        t_ns, is_true = self._stamp.draw(outgoing.device)
        step_s = self._stamp.take_step_s()
        if step_s:
            await self.gaps.tell_step(self.telemetry_seq, step_s)
        body = {
            "t_ns": t_ns,
            "clock": "synced" if is_true and is_clock_synced() else "unsynced",
            **outgoing.body,
        }
        text = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
        plane = "evt" if outgoing.is_custody else "tlm"
        topic = edge_topic(self.edge, plane, outgoing.kind, outgoing.device)
        now_ns = self.clock.wall_ns()
        if outgoing.is_custody:
            return await self.writer.capture(
                Capture(
                    topic=topic,
                    body=text,
                    captured_ns=now_ns,
                    ends_command=str(outgoing.body.get("command_id", "")),
                )
            )
        self.telemetry_seq += 1
        reading = Queued(
            boot=self.boot, seq=self.telemetry_seq, topic=topic, body=text, at_ns=now_ns
        )
        try:
            await self.telemetry_worker.run(lambda: self.telemetry.append([reading]))
        except OutboxError as error:  # The driver goes on: the next reading may find room.
            self.gaps.refuse(self.telemetry_seq, now_ns, str(error))
        return None

    async def watch_chain(self, is_damaged: Callable[[], bool]) -> Never:
        """End this process when its chain can't be read: the next start repairs the file."""
        since_s: float | None = None
        while True:
            await asyncio.sleep(DAMAGE_LOOK_S)
            if not is_damaged():
                since_s = None
            elif since_s is None:
                since_s = self.clock.mono_s()
            elif self.clock.mono_s() - since_s > DAMAGE_S:
                suspect(self.custody_path)
                raise ChainDamaged(
                    "the custody file can't be read: it is repaired at the next start"
                )

    async def fill(self) -> OutboxFill:
        """Return how full the outboxes are."""
        rows, size, oldest = await self.custody_worker.run(self._waiting)
        readings, more, older = await self.telemetry_worker.run(self.telemetry.waiting)
        ages = [self.clock.wall_ns() - at for at in (oldest, older) if at is not None]
        return OutboxFill(
            custody_rows=rows,
            telemetry_rows=readings,
            bytes=size + more,
            oldest_s=round(max(0, *ages, 0) / 1e9, 1) if ages else 0.0,
            is_full=self.writer.is_full,
        )

    def _waiting(self) -> tuple[int, int, int | None]:
        """Return (rows above the head, bytes of the file, when the oldest was captured)."""
        head_seq = max(self.custody.head_seq, self.acked_seq())
        oldest = self.custody.captured_ns_above(head_seq)
        return self.custody.tip[0] - head_seq, self.custody.size_bytes(), oldest

    async def beat(self) -> EdgeBeat:
        """Return what the edge says every 2 s."""
        seq, digest = self.custody.tip
        return EdgeBeat(
            boot=self.boot,
            mono_ms=round(self.clock.mono_s() * 1000),
            t_ns=self.clock.wall_ns(),
            clock="synced" if is_clock_synced() else "unsynced",
            tip=Tip(seq=seq, hash=digest),
            outbox=await self.fill(),
            mode=self.mode().value,
        )

    def births(self) -> dict[str, DeviceBirth]:
        """Return what is known of each device now."""
        return {name: driver.birth() for name, driver in self.fleet.drivers.items()}

    async def health(self, link: Link, downlink: Downlink, reload: Reload) -> dict[str, object]:
        """Return what /health tells."""
        fill = await self.fill()
        births = self.births()
        is_stuck = self.writer.is_full or link.follower.mode in (
            Mode.FORKED,
            Mode.EXHAUSTED,
            Mode.STOPPED,
        )
        is_ok = (
            link.is_connected
            and not is_stuck
            and all(one.status == "ok" for one in births.values())
        )
        return {
            "process": f"edge-{self.edge}",
            "status": "ok" if is_ok else "degraded",
            "uptime_s": round(time.monotonic() - self.started_s, 1),
            "captured_count": self.custody.tip[0],
            "head_seq": link.follower.acked_seq,
            "mode": link.follower.mode.value,
            "telemetry_captured_count": self.telemetry_seq,
            "custody_rows": fill.custody_rows,
            "telemetry_rows": fill.telemetry_rows,
            "is_connected": link.is_connected,
            "is_full": self.writer.is_full,
            "unreadable_count": link.unreadable_count,
            "commands_unreadable_count": downlink.unreadable_count,
            "commands_dropped_count": downlink.dropped_count,
            "failures": self.failures,
            "config": reload.report.model_dump(),
            "buses": self.fleet.buses(),
            "devices": {
                name: {
                    "status": one.status,
                    "reason": one.status_reason,
                    "last_seen_ns": one.last_seen,
                }
                for name, one in births.items()
            },
        }

    def failed(self, name: str, error: Exception) -> None:
        """Note why a task was restarted."""
        self.failures[name] = f"{type(error).__name__}: {error}"[:300]

    def close(self) -> None:
        """Let go of the files."""
        self.custody_worker.close()
        self.telemetry_worker.close()
        self.custody.close()
        self.telemetry.close()


async def run_edge(
    *, site_dir: Path, edge: str, data_dir: Path, mqtt_url: str, ledger: str
) -> None:
    """Run an edge until cancelled. Raises SettingsRefused before anything opens."""
    settings = load_edge(site_dir, edge)
    archive = load_archive(site_dir)
    shared = Edge(edge, data_dir)
    fleet = shared.fleet
    fleet.build(settings)
    downlink_of: list[Downlink] = []
    group = asyncio.TaskGroup()

    def start(names: set[str]) -> None:
        fleet.run(group, shared.emit, shared.failed)
        downlink_of[0].shut(fleet.devices_of(names))

    reload = Reload(site_dir, edge, settings, fleet=fleet, start=start)

    async def take_command(device: str, verb: str, body: bytes, is_retained: bool) -> None:  # noqa: FBT001
        await downlink_of[0].take(device, verb, body, is_retained)

    link = Link(
        LinkParts(
            edge=edge,
            ledger=ledger,
            boot=shared.boot,
            version=VERSION,
            config=lambda: reload.report,
            config_hash=lambda: reload.hash_running,
            address=parse_mqtt_url(mqtt_url),
            clock=shared.clock,
            custody=shared.custody,
            custody_writer=shared.writer,
            custody_worker=shared.custody_worker,
            archive_rows=archive.archive_rows,
            archive_days=archive.archive_days,
            telemetry=shared.telemetry,
            telemetry_worker=shared.telemetry_worker,
            beat=shared.beat,
            births=shared.births,
            take_command=take_command,
        )
    )
    downlink = Downlink(
        DownlinkParts(
            boot=shared.boot,
            clock=shared.clock,
            custody=shared.custody,
            custody_worker=shared.custody_worker,
            drivers=fleet.drivers,
            emit=shared.emit,
            has_gateway=link.has_gateway,
            is_full=lambda: shared.writer.is_full,
            custodian=Custodian(link, shared.custody, shared.custody_worker),
            is_stopped=lambda: link.follower.mode is Mode.STOPPED,
        )
    )
    downlink_of.append(downlink)
    shared.acked_seq = lambda: link.follower.acked_seq
    shared.mode = lambda: link.follower.mode
    fleet.is_leased = downlink.is_leased
    routes = Endpoint(lambda: shared.health(link, downlink, reload), fleet.cameras, shared.emit)
    address_file = data_dir / "run" / f"edge-{edge}.http"
    try:
        async with (
            endpoint(settings.http, address_file, routes.handle),
            group,
        ):
            group.create_task(shared.writer.run(), name="outbox")
            group.create_task(link.run(), name="uplink")
            fleet.run(group, shared.emit, shared.failed)
            group.create_task(reload.run(), name="reload")
            group.create_task(downlink.run(), name="commands")
            group.create_task(downlink.keep_leases(), name="leases")
            group.create_task(shared.watch_chain(lambda: link.is_chain_damaged), name="chain")
            group.create_task(shared.gaps.run(link.has_gateway), name="gaps")
    finally:
        shared.close()
