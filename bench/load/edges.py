"""`python -m bench.load.edges`: so many edges in one process; the last line is JSON.

It says "ready" when every device is told, and starts when a line comes on its standard input.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import time
from typing import Final

from bench.load.edge import Edge
from bench.measure import last_line, percentiles
from runtime.mqtt_url import parse_mqtt_url

TICK_S: Final = 0.005
BEAT_S: Final = 2.0
BIRTHS_FLYING: Final = 200
DRAIN_S_MAX: Final = 60.0


class Fleet:
    """All edges, and the clock that their readings follow."""

    def __init__(self, asked: argparse.Namespace) -> None:
        per_edge = -(-asked.devices // asked.edges)
        self.asked = asked
        self.edges = [
            Edge(
                f"dock-{number + 1}",
                devices_count=per_edge,
                base_ms=asked.base_ms,
                backlog_count=asked.backlog // asked.edges,
            )
            for number in range(asked.edges)
        ]
        self.sent_count = 0
        self.late_ms_max = 0.0
        self.drained_s: float | None = None
        self._counts_then: list[int] = []
        """Of each edge, live readings acknowledged when the last backlog was."""

    async def open(self) -> float:
        """Connect and tell all devices; return the seconds that the births took."""
        address = parse_mqtt_url(self.asked.mqtt)
        for edge in self.edges:
            await edge.connect(address)
        began_s = time.monotonic()
        for edge in self.edges:
            for topic, body in edge.births():
                while edge.link.flying_count > BIRTHS_FLYING:  # noqa: ASYNC110 - PUBACKs
                    await asyncio.sleep(0.001)
                edge.link.publish(topic, body, is_retained=True)
        while any(edge.link.flying_count for edge in self.edges):  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        return time.monotonic() - began_s

    async def beat(self) -> None:
        """Beat for ever, the edges one after the other within each 2 s."""
        while True:
            for edge in self.edges:
                edge.beat()
                await asyncio.sleep(BEAT_S / len(self.edges))

    async def run(self) -> None:
        """Take readings at the rate for the time, and send the backlog beside them."""
        rate, seconds = self.asked.rate, self.asked.seconds
        began_s, began_ns = time.monotonic(), time.time_ns()
        count = round(rate * seconds)
        while self.sent_count < count or self._is_draining(began_s):
            now_s = time.monotonic() - began_s
            due_count = min(count, int(now_s * rate) + 1)
            self.late_ms_max = max(self.late_ms_max, 1000 * (now_s - self.sent_count / rate))
            while self.sent_count < due_count:
                self._read(began_ns, rate)
            for edge in self.edges:
                edge.go_on()
            if self.drained_s is None and not any(one.backlog_left for one in self.edges):
                self.drained_s = time.monotonic() - began_s
                self._counts_then = [len(edge.latencies_s) for edge in self.edges]
            await asyncio.sleep(TICK_S)
        if self.drained_s is None and not any(one.backlog_left for one in self.edges):
            self.drained_s = time.monotonic() - began_s
        await self._until_acknowledged()

    def _is_draining(self, began_s: float) -> bool:
        if time.monotonic() - began_s > self.asked.seconds + DRAIN_S_MAX:
            return False
        return any(edge.backlog_left for edge in self.edges)

    def _read(self, began_ns: int, rate: float) -> None:
        number = self.sent_count
        edge = self.edges[number % len(self.edges)]
        edge.read(began_ns + round(number / rate * 1e9))
        self.sent_count += 1

    async def _until_acknowledged(self) -> None:
        end_s = time.monotonic() + DRAIN_S_MAX
        while any(edge.left_count for edge in self.edges) and time.monotonic() < end_s:
            for edge in self.edges:
                edge.go_on()
            await asyncio.sleep(TICK_S)

    def document(self) -> dict[str, object]:
        """Return what was seen; the first tenth of the latencies is the warming up."""
        latencies = [
            one for edge in self.edges for one in edge.latencies_s[len(edge.latencies_s) // 10 :]
        ]
        counts = self._counts_then or [len(edge.latencies_s) for edge in self.edges]
        during = [
            one
            for edge, count in zip(self.edges, counts, strict=True)
            for one in edge.latencies_s[:count]
        ]
        return {
            "sent": self.sent_count,
            "left": sum(edge.left_count for edge in self.edges),
            "resent": sum(edge.resent_count for edge in self.edges),
            "late_ms_max": round(self.late_ms_max, 1),
            "backlog_left": sum(edge.backlog_left for edge in self.edges),
            "backlog_s": None if self.drained_s is None else round(self.drained_s, 2),
            "acked": percentiles(latencies),
            "acked_beside_backlog": percentiles(during) if self.asked.backlog else None,
            "cpu_s": round(time.process_time(), 2),
        }


async def main(asked: argparse.Namespace) -> dict[str, object]:
    """Open, wait for the word, run, and return what was seen."""
    fleet = Fleet(asked)
    births_s = await fleet.open()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    async with asyncio.TaskGroup() as tasks:
        beats = tasks.create_task(fleet.beat(), name="beats")
        await asyncio.to_thread(sys.stdin.readline)
        await fleet.run()
        beats.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await beats
    for edge in fleet.edges:
        edge.link.close()
    return {"births_s": round(births_s, 2), **fleet.document()}


def options() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mqtt", required=True)
    parser.add_argument("--edges", type=int, required=True)
    parser.add_argument("--devices", type=int, required=True, help="of all edges together")
    parser.add_argument("--rate", type=float, required=True, help="readings/s of all together")
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--backlog", type=int, default=0, help="readings of all edges together")
    parser.add_argument("--base-ms", type=int, required=True, help="epoch of the values")
    return parser.parse_args()


if __name__ == "__main__":
    last_line(**asyncio.run(main(options())))
