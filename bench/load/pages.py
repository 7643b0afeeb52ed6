"""`python -m bench.load.pages`: open tabs of the page; the last line is JSON.

A reading bears the moment when it was due in its `co2_ppm`, in milliseconds since the bench's
epoch. A reading counts as shown by the first picture that shows it or a newer one of its device.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from typing import Any, Final

from bench.measure import last_line, percentiles

WATCHED_COUNT: Final = 8
"""Devices whose readings are timed; each tab times them."""
PICTURES_KEPT: Final = 8


class Tabs:
    """Open tabs, and how long readings took to be shown in them."""

    def __init__(self, asked: argparse.Namespace) -> None:
        self._asked = asked
        self._parsed: dict[int, dict[str, float]] = {}
        self.latencies_s: list[float] = []
        self.pictures_count = 0
        self.bytes_count = 0

    async def tab(self) -> None:
        """Read one stream for ever."""
        host, _, port = self._asked.http.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port), limit=2**24)
        writer.write(f"GET /api/stream HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        status = await reader.readline()
        assert b" 200 " in status, status
        while (await reader.readline()).strip():
            pass
        shown: dict[str, float] = {}
        try:
            while True:
                size = int(await reader.readline(), 16)
                chunk = await reader.readexactly(size + 2)
                self._take(chunk, shown)
        finally:
            writer.close()

    def _take(self, chunk: bytes, shown: dict[str, float]) -> None:
        now_ms = time.time() * 1000 - self._asked.base_ms
        self.pictures_count += 1
        self.bytes_count += len(chunk)
        for device, value_ms in self._values(chunk).items():
            before_ms = shown.get(device)
            shown[device] = value_ms
            if before_ms is None:
                continue
            due_ms = value_ms
            while due_ms > before_ms + 1:
                self.latencies_s.append((now_ms - due_ms) / 1000)
                due_ms -= self._asked.period_ms

    def _values(self, chunk: bytes) -> dict[str, float]:
        """Return the watched devices' newest values; tabs get the same picture."""
        key = hash(chunk)
        found = self._parsed.get(key)
        if found is None:
            _, _, data = chunk.partition(b"data: ")
            found = watched(json.loads(data))
            self._parsed[key] = found
            while len(self._parsed) > PICTURES_KEPT:
                del self._parsed[next(iter(self._parsed))]
        return found


def watched(picture: dict[str, Any]) -> dict[str, float]:
    """Return by zone and device what the watched probes measured last."""
    found: dict[str, float] = {}
    for zone in picture["climate"]:
        for probe in zone["probes"][:2]:
            value_ms = probe["values"].get("co2_ppm", -1.0)
            if value_ms >= 0 and len(found) < WATCHED_COUNT:  # Below 0: of a backlog.
                found[f"{zone['zone']}/{probe['device']}"] = value_ms
    return found


async def main(asked: argparse.Namespace) -> dict[str, object]:
    """Keep the tabs open for the time and return what was seen."""
    tabs = Tabs(asked)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(tabs.tab(), name=f"tab/{n}") for n in range(asked.tabs)]
        await asyncio.sleep(asked.seconds)
        for task in tasks:
            task.cancel()
    return {
        "tabs": asked.tabs,
        "shown": percentiles(tabs.latencies_s),
        "pictures_per_s": round(tabs.pictures_count / asked.tabs / asked.seconds, 2),
        "picture_bytes": round(tabs.bytes_count / max(1, tabs.pictures_count)),
        "cpu_s": round(time.process_time(), 2),
    }


def options() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--http", required=True, help="HOST:PORT of the gateway's page")
    parser.add_argument("--tabs", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--base-ms", type=int, required=True, help="epoch of the values")
    parser.add_argument("--period-ms", type=float, required=True, help="of one device's readings")
    return parser.parse_args()


if __name__ == "__main__":
    last_line(**asyncio.run(main(options())))
