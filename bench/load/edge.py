"""An edge as load: births, beats, readings on time, a backlog; all paced by the gateway's credit.

Message forms and pacing are the contract's (sections 1, 3 and 4), as the real uplink has them,
without its disk: the newest readings first when more wait than the credit lets fly. A reading is
stamped with the moment when it was due, so that a late publisher shows as latency.
"""

from __future__ import annotations

import json
import secrets
import time
from array import array
from collections import deque
from typing import TYPE_CHECKING, Final

from bench.load.link import FLYING_MAX, EdgeLink, field, properties_of
from wire.topics import edge_topic

if TYPE_CHECKING:
    from runtime.mqtt_url import BrokerAddress

ZONES: Final = ("ambient", "cool", "cold", "dangerous")
EXPIRY_S: Final = 60
WINDOW_COUNT: Final = 20
"""Readings in flight before the gateway has told of its credit."""
WINDOW_MAX: Final = 2_000
NEWEST_COUNT: Final = 20
"""So many of the newest go first, each time, when not all may fly."""
RESEND_S_MIN: Final = 2.0
RESEND_S_MAX: Final = 60.0
ROUND_TRIPS_COUNT: Final = 4
BACKLOG_STEP_NS: Final = 1_000_000_000
OLD: Final = "old"


class Edge:
    """One edge. Due times and stamps are wall-clock nanoseconds of this machine."""

    def __init__(self, name: str, *, devices_count: int, base_ms: int, backlog_count: int) -> None:
        self.name = name
        self.boot = f"live{secrets.token_hex(4)}"
        self.devices = [f"probe-{number:04}" for number in range(devices_count)]
        self.backlog_left = backlog_count
        self.latencies_s = array("d")
        """From due to acknowledged, of live readings in order of their acknowledgement."""
        self.acked_count = 0
        self.resent_count = 0
        self._base_ms = base_ms
        self._backlog_count = backlog_count
        self._backlog_sent = 0
        self._link: EdgeLink | None = None
        self._due_s = array("d", [0.0])
        self._waiting: deque[int] = deque()
        """Live readings that were not sent yet, oldest first."""
        self._flying: dict[tuple[str, int], float] = {}
        """Monotonic seconds of the sending, by (boot, seq), in order of sending."""
        self._window = WINDOW_COUNT
        self._resend_s = RESEND_S_MIN
        self._zone = [ZONES[number % len(ZONES)] for number in range(devices_count)]
        self._topics = [field(edge_topic(name, "tlm", "environment", one)) for one in self.devices]
        self._properties = {
            boot: properties_of(expiry_s=EXPIRY_S, boot=boot) for boot in (self.boot, OLD)
        }
        self._old_from_ns = time.time_ns() - (backlog_count + 60) * BACKLOG_STEP_NS

    @property
    def link(self) -> EdgeLink:
        """The connection, once there is one."""
        assert self._link is not None
        return self._link

    @property
    def left_count(self) -> int:
        """Live readings that are not acknowledged yet."""
        return len(self._due_s) - 1 - self.acked_count

    async def connect(self, address: BrokerAddress) -> None:
        """Open the session, say that the edge is here, and tell its devices."""
        filters = [edge_topic(self.name, "ack"), edge_topic(self.name, "head")]
        client_id = f"edge-{self.name}-{self.boot}"
        self._link = await EdgeLink.connect(address, client_id, filters=filters, hear=self._hear)
        state = {"online": True, "boot": self.boot, "version": "bench", "since": time.time_ns()}
        topic = edge_topic(self.name, "state")
        self._link.publish(topic, json.dumps(state).encode(), is_retained=True)

    def births(self) -> list[tuple[str, bytes]]:
        """Return (topic, body) of each device's retained birth."""
        return [
            (
                edge_topic(self.name, "device", device),
                json.dumps(
                    {
                        "family": "xy_md02",
                        "model": "XY-MD02",
                        "zone": zone,
                        "channels": {"temperature_c": "°C", "humidity_percent": "%"},
                        "status": "ok",
                        "last_seen": time.time_ns(),
                    }
                ).encode(),
            )
            for device, zone in zip(self.devices, self._zone, strict=True)
        ]

    def beat(self) -> None:
        """Publish a beat."""
        body = {
            "boot": self.boot, "mono_ms": round(time.monotonic() * 1000), "t_ns": time.time_ns(),
            "clock": "synced", "tip": {"seq": 0, "hash": "0" * 64},
            "outbox": {"custody_rows": 0, "telemetry_rows": self.backlog_left + self.left_count,
                       "bytes": 0, "oldest_s": 0.0},
        }  # fmt: skip
        self.link.publish(edge_topic(self.name, "beat"), json.dumps(body).encode(), qos=0)

    def read(self, due_ns: int) -> None:
        """Take the next device's reading, due at that moment; it is sent by `go_on`."""
        self._due_s.append(due_ns / 1e9)
        self._waiting.append(len(self._due_s) - 1)

    def go_on(self) -> None:
        """Send what the credit leaves room for: live readings, then the backlog."""
        now_s = time.monotonic()
        if self._flying:
            self._send_late(now_s)
        room = self._room()
        if room < len(self._waiting):
            for _ in range(min(NEWEST_COUNT, room)):
                self._send_live(self._waiting.pop(), now_s)
            room = self._room()
        for _ in range(min(room, len(self._waiting))):
            self._send_live(self._waiting.popleft(), now_s)
        while self._backlog_sent < self._backlog_count and self._room() > 0:
            self._backlog_sent += 1
            self._flying[OLD, self._backlog_sent] = now_s
            self._send_old(self._backlog_sent)

    def _room(self) -> int:
        return min(self._window, FLYING_MAX - self.link.flying_count) - len(self._flying)

    def _send_late(self, now_s: float) -> None:
        late = []
        for name, sent_s in self._flying.items():
            if now_s - sent_s <= self._resend_s:
                break
            late.append(name)
        if not late:
            return
        self._resend_s = min(2 * self._resend_s, RESEND_S_MAX)
        for boot, seq in late:
            del self._flying[boot, seq]
            self.resent_count += 1
            if boot == OLD:
                self._flying[boot, seq] = now_s
                self._send_old(seq)
            else:
                self._send_live(seq, now_s)

    def _send_live(self, seq: int, now_s: float) -> None:
        self._flying[self.boot, seq] = now_s
        self._send(self.boot, seq, round(self._due_s[seq] * 1e9))

    def _send_old(self, seq: int) -> None:
        self._send(OLD, seq, self._old_from_ns + seq * BACKLOG_STEP_NS)

    def _send(self, boot: str, seq: int, due_ns: int) -> None:
        device, due_ms = seq % len(self.devices), due_ns // 1_000_000
        body = (
            f'{{"t_ns":{due_ms * 1_000_000 + seq % 1_000_000},"clock":"synced","quality":"good",'
            f'"zone":"{self._zone[device]}","temperature_c":{4.0 + seq % 10 / 10},'
            f'"humidity_percent":{50.0 + seq % 7},"co2_ppm":{due_ms - self._base_ms}.0}}'
        )
        self.link.publish_reading(
            self._topics[device], self._properties[boot] + field(str(seq)), body.encode()
        )

    def _hear(self, topic: str, body: bytes) -> None:
        if not topic.endswith("/ack"):
            return
        now_s = time.time()
        ack = json.loads(body)
        if ack.get("credit") is not None:
            self._window = max(1, min(ack["credit"], WINDOW_MAX))
        for boot, ranges in ack["telemetry"].items():
            for first, last in ranges:
                for seq in range(first, last + 1):
                    self._forget(boot, seq, now_s)

    def _forget(self, boot: str, seq: int, now_s: float) -> None:
        sent_s = self._flying.pop((boot, seq), None)
        if sent_s is None:
            return
        trip_s = time.monotonic() - sent_s
        self._resend_s = max(RESEND_S_MIN, ROUND_TRIPS_COUNT * trip_s)
        if boot == OLD:
            self.backlog_left -= 1
        else:
            self.acked_count += 1
            self.latencies_s.append(now_s - self._due_s[seq])
