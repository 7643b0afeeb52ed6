"""`python -m bench.comeback`: a hundred edges with a backlog come back at once; live goes on.

Edges (`bench.load`) publish a live reading a second of each device from the first moment on, and
their backlogs as the gateway's credit lets them, through Mosquitto to a whole gateway. Seen: how
long live readings take to the acknowledgement and to an open page beside the backlog and after it,
the gateway's memory each half second, and how fast the backlog drains.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from contextlib import ExitStack, nullcontext
from typing import TYPE_CHECKING, Any, Final

from bench.load.house import gateway, part, result_of, say
from bench.measure import last_line, machine, usage_of
from bench.services import NotHere, influxd, mosquitto, temporary_folder

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from bench.services import Broker, Influx

LOOK_S: Final = 0.5
BUCKET: Final = "comeback"
RUN_S_MAX: Final = 240.0


def measure(
    folder: Path, broker: Broker, influx: Influx | None, asked: argparse.Namespace
) -> dict[str, Any]:
    """Let them come back once; without an InfluxDB the embedded store takes the points."""
    base_ms = time.time_ns() // 1_000_000
    if influx is not None:
        influx.make_bucket(BUCKET)
    with ExitStack() as parts:
        house = parts.enter_context(
            gateway(broker, folder, edges_count=asked.edges, influx=influx, bucket=BUCKET)
        )
        edges = parts.enter_context(
            part(
                "bench.load.edges",
                mqtt=broker.url,
                edges=asked.edges,
                devices=asked.devices,
                rate=asked.devices,
                seconds=asked.seconds,
                backlog=asked.backlog,
                base_ms=base_ms,
            )
        )
        say(edges, wait_for="ready")
        tabs = parts.enter_context(
            part(
                "bench.load.pages",
                http=house.http,
                tabs=1,
                seconds=asked.seconds,
                base_ms=base_ms,
                period_ms=1_000,
            )
        )
        before = usage_of(house.pid)
        say(edges)
        memory_mb = _watch(edges, house.pid)
        sent = result_of(edges, wait_s_max=RUN_S_MAX)
        page = result_of(tabs, wait_s_max=RUN_S_MAX)
        after = usage_of(house.pid)
    count = asked.backlog - sent["backlog_left"]
    return {
        "edges": asked.edges,
        "backlog": asked.backlog,
        "left": sent["backlog_left"],
        "drained_s": sent["backlog_s"],
        "per_s": None if sent["backlog_s"] is None else round(count / sent["backlog_s"]),
        "live_per_s": asked.devices,
        "live_beside": sent["acked_beside_backlog"],
        "live_all": sent["acked"],
        "live_left": sent["left"],
        "resent": sent["resent"],
        "to_page": page["shown"],
        "gateway_mb": [round(one, 1) for one in (before.rss_mb, max(memory_mb), memory_mb[-1])],
        "gateway_cpu_us": round(1e6 * (after.cpu_s - before.cpu_s) / (count + sent["sent"]), 1),
    }


def _watch(edges: subprocess.Popen[str], pid: int) -> list[float]:
    """Return the gateway's memory each half second until the edges have ended."""
    seen = [usage_of(pid).rss_mb]
    end_s = time.monotonic() + RUN_S_MAX
    while edges.poll() is None and time.monotonic() < end_s:
        time.sleep(LOOK_S)
        seen.append(usage_of(pid).rss_mb)
    return seen


def main() -> None:
    """Come back a few times; the last line is JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.comeback", description=__doc__)
    parser.add_argument("--edges", type=int, default=100)
    parser.add_argument("--devices", type=int, default=500, help="of all edges together")
    parser.add_argument("--backlog", type=int, default=100_000, help="of all edges together")
    parser.add_argument("--seconds", type=float, default=45.0)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--store", choices=("influx", "embedded"), default="influx")
    asked = parser.parse_args()
    before, seen = machine(), []
    for _ in range(asked.rounds):
        with (
            temporary_folder("comeback") as folder,
            influxd() if asked.store == "influx" else nullcontext() as influx,
            mosquitto() as broker,
        ):
            seen.append(measure(folder, broker, influx, asked))
        sys.stdout.write(json.dumps(seen[-1]) + "\n")
        sys.stdout.flush()
    last_line(bench="comeback", seen=seen, machine_before=before, machine_after=machine())


if __name__ == "__main__":
    try:
        main()
    except NotHere as error:
        sys.exit(str(error))
