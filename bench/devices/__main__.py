"""`python -m bench.devices`: 10 to 10,000 devices, at one total rate and at one reading/s each.

Edges (`bench.load`, at most 100 devices each) publish through Mosquitto to a whole gateway with
InfluxDB 2 while eight tabs of its page are open. Seen: CPU a message, memory, how long readings
take to the acknowledgement and to the page, how long all births take to be known, and the size and
time of the overview's picture and of the devices' list.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bench.load.house import gateway, part, result_of, say
from bench.measure import last_line, machine, usage_of
from bench.services import NotHere, influxd, mosquitto, temporary_folder

if TYPE_CHECKING:
    from pathlib import Path

    from bench.load.house import Gateway
    from bench.services import Broker, Influx

PER_EDGE_MAX: Final = 100
TABS_COUNT: Final = 8
BORN_S_MAX: Final = 60.0
WAIT_S_MAX: Final = 300.0


def edges_for(devices: int) -> int:
    """Return how many edges so many devices hang on."""
    return max(2, -(-devices // PER_EDGE_MAX))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What one measurement is of."""

    devices: int
    rate: float
    """Readings a second of all devices together."""
    seconds: float


def measure(
    folder: Path, broker: Broker, influx: Influx | None, bucket: str, asked: Asked
) -> dict[str, Any]:
    """Run so many devices once; without an InfluxDB the embedded store takes the points."""
    devices, rate, seconds = asked.devices, asked.rate, asked.seconds
    base_ms = time.time_ns() // 1_000_000
    edges_count = edges_for(devices)
    if influx is not None:
        influx.make_bucket(bucket)
    with ExitStack() as parts:
        house = parts.enter_context(
            gateway(broker, folder, edges_count=edges_count, influx=influx, bucket=bucket)
        )
        began_s = time.monotonic()
        edges = parts.enter_context(
            part(
                "bench.load.edges",
                mqtt=broker.url,
                edges=edges_count,
                devices=devices,
                rate=rate,
                seconds=seconds,
                base_ms=base_ms,
            )
        )
        say(edges, wait_for="ready")
        _until_born(house, devices)
        born_s = time.monotonic() - began_s
        tabs = parts.enter_context(
            part(
                "bench.load.pages",
                http=house.http,
                tabs=TABS_COUNT,
                seconds=seconds,
                base_ms=base_ms,
                period_ms=1000 * devices / rate,
            )
        )
        pids = [house.pid, broker.pid, *([] if influx is None else [influx.pid])]
        before = [usage_of(pid) for pid in pids]
        say(edges)
        time.sleep(seconds)
        after = [usage_of(pid) for pid in pids]
        page = result_of(tabs, wait_s_max=WAIT_S_MAX)
        _, picture_bytes, picture_s = house.ask("/api/snapshot")
        listed, list_bytes, list_s = house.ask("/api/devices?limit=1000")
        sent = result_of(edges, wait_s_max=WAIT_S_MAX)
    assert listed["devices_count"] >= devices
    used_s = [now.cpu_s - then.cpu_s for now, then in zip(after, before, strict=True)]
    return {
        "devices": devices,
        "edges": edges_count,
        "per_s": rate,
        "gateway_cpu_ratio": round(used_s[0] / seconds, 3),
        "gateway_cpu_us": round(1e6 * used_s[0] / (rate * seconds), 1),
        "gateway_mb": round(after[0].rss_mb, 1),
        "broker_cpu_ratio": round(used_s[1] / seconds, 3),
        "influx_cpu_ratio": None if influx is None else round(used_s[2] / seconds, 3),
        "to_database": sent["acked"],
        "to_page": page["shown"],
        "left": sent["left"],
        "late_ms_max": sent["late_ms_max"],
        "born_s": round(born_s, 2),
        "picture_bytes": picture_bytes,
        "picture_ms": round(1000 * picture_s, 1),
        "list_bytes": list_bytes,
        "list_ms": round(1000 * list_s, 1),
    }


def _until_born(house: Gateway, devices: int) -> None:
    """Wait until the gateway knows every device."""
    end_s = time.monotonic() + BORN_S_MAX
    while True:
        told, _, _ = house.ask("/api/devices?limit=1")
        if told["devices_count"] >= devices:
            return
        assert time.monotonic() < end_s, f"{told['devices_count']} of {devices} devices are known"
        time.sleep(0.05)


def main() -> None:
    """Measure each number of devices; the last line is JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.devices", description=__doc__)
    parser.add_argument("--devices", type=int, nargs="+", default=[10, 100, 1_000, 10_000])
    parser.add_argument("--rates", nargs="+", default=["1000", "each"], help="a total, or 'each'")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--store", choices=("influx", "embedded"), default="influx")
    asked = parser.parse_args()
    before = machine()
    seen: list[dict[str, Any]] = []
    wanted = [(count, rate) for rate in asked.rates for count in asked.devices] * asked.rounds
    with influxd() if asked.store == "influx" else nullcontext() as influx:
        for number, (devices, rate) in enumerate(wanted):
            with temporary_folder("devices") as folder, mosquitto() as broker:
                one = Asked(
                    devices=devices,
                    rate=float(devices if rate == "each" else rate),
                    seconds=asked.seconds,
                )
                told = measure(folder, broker, influx, f"devices-{number}", one)
            seen.append(told)
            sys.stdout.write(json.dumps(told) + "\n")
            sys.stdout.flush()
    last_line(bench="devices", seen=seen, machine_before=before, machine_after=machine())


if __name__ == "__main__":
    try:
        main()
    except NotHere as error:
        sys.exit(str(error))
