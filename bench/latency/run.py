"""One measurement: so many readings a second through the whole gateway, and so many tabs."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bench.load.house import gateway, part, result_of, say
from bench.measure import percentiles, usage_of

if TYPE_CHECKING:
    from pathlib import Path

    from bench.load.house import Gateway
    from bench.services import Broker, Influx

QUERY_EVERY_S: Final = 0.25
DEVICE: Final = "probe-0000"
EDGE: Final = "dock-1"
WAIT_S_MAX: Final = 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What one measurement is of."""

    rate: int
    """Readings a second of all devices together."""
    tabs: int
    edges: int
    devices: int
    seconds: float

    @property
    def period_ms(self) -> float:
        """How often one device measures."""
        return 1000 * self.devices / self.rate


class StoreWatch:
    """Asks InfluxDB for one device's newest reading, again and again, in a thread of its own."""

    def __init__(self, influx: Influx, bucket: str, *, base_ms: int, period_ms: float) -> None:
        self._influx = influx
        self._bucket = bucket
        self._base_ms = base_ms
        self._period_ms = period_ms
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="store-watch", daemon=True)
        self.latencies_s: list[float] = []

    def __enter__(self) -> StoreWatch:  # noqa: PYI034 - it is final in use
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        shown_ms: float | None = None
        while not self._stop.wait(QUERY_EVERY_S):
            value_ms = self._influx.newest(self._bucket, "co2_ppm", edge=EDGE, device=DEVICE)
            now_ms = time.time() * 1000 - self._base_ms
            if value_ms is None:
                continue
            due_ms = value_ms
            while shown_ms is not None and due_ms > shown_ms + 1:
                self.latencies_s.append((now_ms - due_ms) / 1000)
                due_ms -= self._period_ms
            shown_ms = max(value_ms, shown_ms or value_ms)


def measure(
    folder: Path, broker: Broker, influx: Influx | None, bucket: str, asked: Asked
) -> dict[str, Any]:
    """Run the gateway, the edges and the tabs once; return what was seen.

    Without an InfluxDB the gateway's embedded store takes the points, and nothing is queried.
    """
    base_ms = time.time_ns() // 1_000_000
    if influx is not None:
        influx.make_bucket(bucket)
    with ExitStack() as parts:
        house = parts.enter_context(
            gateway(broker, folder, edges_count=asked.edges, influx=influx, bucket=bucket)
        )
        edges = parts.enter_context(
            part(
                "bench.load.edges",
                mqtt=broker.url,
                edges=asked.edges,
                devices=asked.devices,
                rate=asked.rate,
                seconds=asked.seconds,
                base_ms=base_ms,
            )
        )
        say(edges, wait_for="ready")
        tabs = parts.enter_context(
            part(
                "bench.load.pages",
                http=house.http,
                tabs=asked.tabs,
                seconds=asked.seconds,
                base_ms=base_ms,
                period_ms=asked.period_ms,
            )
        )
        watch = None
        before = _used(house, broker, influx)
        say(edges)
        if influx is not None:
            watch = StoreWatch(influx, bucket, base_ms=base_ms, period_ms=asked.period_ms)
            parts.enter_context(watch)
        time.sleep(asked.seconds)
        after = _used(house, broker, influx)
        peak_mb = usage_of(house.pid).peak_mb
        page = result_of(tabs, wait_s_max=WAIT_S_MAX)
        sent = result_of(edges, wait_s_max=WAIT_S_MAX)
    count = asked.rate * asked.seconds
    return {
        "per_s": asked.rate,
        "devices": asked.devices,
        "tabs": asked.tabs,
        "to_database": sent["acked"],
        "to_query": None if watch is None else percentiles(watch.latencies_s),
        "to_page": page["shown"],
        "picture_bytes": page["picture_bytes"],
        "pictures_per_s": page["pictures_per_s"],
        "gateway_cpu_ratio": round((after[0] - before[0]) / asked.seconds, 3),
        "gateway_cpu_us": round(1e6 * (after[0] - before[0]) / count, 1),
        "gateway_peak_mb": round(peak_mb, 1),
        "broker_cpu_us": round(1e6 * (after[1] - before[1]) / count, 1),
        "influx_cpu_us": round(1e6 * (after[2] - before[2]) / count, 1),
        "edges": sent,
        "tabs_cpu_s": page["cpu_s"],
    }


def _used(house: Gateway, broker: Broker, influx: Influx | None) -> tuple[float, float, float]:
    return (
        usage_of(house.pid).cpu_s,
        usage_of(broker.pid).cpu_s,
        0.0 if influx is None else usage_of(influx.pid).cpu_s,
    )
