"""An edge's uplink on real outboxes, with a backlog and a live reading now and then."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any, Final

from edge.outbox.custody import CustodyStore
from edge.outbox.telemetry import Queued, TelemetryQueue
from edge.outbox.worker import CustodyWriter, Worker
from edge.uplink.link import Link, LinkParts
from runtime.clock import SystemClock
from runtime.mqtt_url import parse_mqtt_url
from wire.control import ConfigReport, DeviceBirth, EdgeBeat, OutboxFill, Tip

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

EDGE: Final = "dock-1"
LIVE_EVERY_S: Final = 0.05
DEVICES_COUNT: Final = 50
GROUP: Final = 1_000


class Bench:
    """One edge; `latencies_s` grows as live readings are acknowledged."""

    def __init__(self, folder: Path, mqtt_url: str, ledger: str) -> None:
        self.clock = SystemClock()
        self.custody = CustodyStore.open(folder / "custody.db")
        self.queue = TelemetryQueue(folder / "telemetry.db", bytes_max=10**9, age_s_max=86_400.0)
        self.custody_worker, self.worker = Worker("custody"), Worker("telemetry")
        self.latencies_s: list[float] = []
        self._live: dict[int, float] = {}
        self._left = 0
        self._forget = self.queue.forget
        self.queue.forget = self.forget  # type: ignore[method-assign]
        self.link = Link(
            LinkParts(
                edge=EDGE,
                ledger=ledger,
                boot="live",
                version="bench",
                config=lambda: ConfigReport(generation=0, hash="0" * 64, outcome="running"),
                config_hash=lambda: "0" * 64,
                address=parse_mqtt_url(mqtt_url),
                clock=self.clock,
                custody=self.custody,
                custody_writer=CustodyWriter(self.custody, self.custody_worker),
                custody_worker=self.custody_worker,
                archive_rows=1_000,
                archive_days=7,
                telemetry=self.queue,
                telemetry_worker=self.worker,
                beat=self.beat,
                births=self.births,
                take_command=self.take_command,
            )
        )

    def backlog_left(self) -> int:
        """Return how many readings of the backlog are not acknowledged."""
        return self._left

    async def fill(self, count: int) -> None:
        """Queue the backlog, captured over the last hour."""
        now_ns = self.clock.wall_ns()
        step_ns = 3_600 * 10**9 // count
        for first in range(0, count, GROUP):
            readings = [
                self._reading("old", seq, now_ns - (count - seq) * step_ns)
                for seq in range(first + 1, min(count, first + GROUP) + 1)
            ]
            await self.worker.run(lambda readings=readings: self.queue.append(readings))  # type: ignore[misc]
        self._left = count

    async def measure_on(self) -> None:
        """Append a live reading now and then, for ever."""
        seq = 0
        while True:
            seq += 1
            reading = self._reading("live", seq, self.clock.wall_ns())
            self._live[seq] = time.monotonic()
            await self.worker.run(lambda reading=reading: self.queue.append([reading]))  # type: ignore[misc]
            await asyncio.sleep(LIVE_EVERY_S)

    def forget(self, ranges: dict[str, list[tuple[int, int]]]) -> int:
        """Note what an acknowledgement names, and let the queue forget it."""
        now_s = time.monotonic()
        for first, last in ranges.get("live", ()):
            for seq in range(first, last + 1):
                sent_s = self._live.pop(seq, None)
                if sent_s is not None:
                    self.latencies_s.append(now_s - sent_s)
        gone = self._forget(ranges)
        self._left -= self._forgotten_old(ranges, gone)
        return gone

    def _forgotten_old(self, ranges: dict[str, list[tuple[int, int]]], gone: int) -> int:
        live = sum(last - first + 1 for first, last in ranges.get("live", ()))
        return max(0, gone - live)

    def _reading(self, boot: str, seq: int, at_ns: int) -> Queued:
        body: dict[str, Any] = {
            "t_ns": at_ns, "clock": "synced", "quality": "good", "zone": "cool",
            "temperature_c": 4.25, "humidity_percent": 61.5,
        }  # fmt: skip
        topic = f"wh/v1/e/{EDGE}/tlm/environment/th-{seq % DEVICES_COUNT}"
        return Queued(boot=boot, seq=seq, topic=topic, body=json.dumps(body).encode(), at_ns=at_ns)

    async def beat(self) -> EdgeBeat:
        """Return a beat."""
        seq, digest = self.custody.tip
        fill = OutboxFill(custody_rows=0, telemetry_rows=self._left, bytes=0, oldest_s=0.0)
        return EdgeBeat(
            boot="live", mono_ms=round(self.clock.mono_s() * 1000), t_ns=self.clock.wall_ns(),
            clock="synced", tip=Tip(seq=seq, hash=digest), outbox=fill,
        )  # fmt: skip

    def births(self) -> Mapping[str, DeviceBirth]:
        """Return no device."""
        return {}

    async def take_command(self, device: str, verb: str, body: bytes, is_retained: bool) -> None:  # noqa: FBT001 - a flag of the message
        """Obey nothing."""

    def close(self) -> None:
        """Let go of the files."""
        self.custody_worker.close()
        self.worker.close()
        self.custody.close()
        self.queue.close()
