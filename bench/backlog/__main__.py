"""`python -m bench.backlog`: an edge comes back with 100,000 readings; live ones go on.

The real uplink with its real outboxes (this process), the real gateway with its page and its
embedded store (a child), through Mosquitto. A reading's latency is the time from its append on the
edge's disk to the acknowledgement that lets the edge forget it: sensor to database and back.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from typing import TYPE_CHECKING, Final

from bench.backlog.edge import Bench
from bench.measure import last_line, machine, usage_of
from bench.services import ROOT, mosquitto, running, temporary_folder

if TYPE_CHECKING:
    from pathlib import Path

LEDGER: Final = "bench-ledger"
DRAIN_S_MAX: Final = 300.0
WARM_S: Final = 3.0


async def drain(bench: Bench, count: int, gateway_pid: int) -> dict[str, object]:
    """Let the backlog drain beside a live reading each 50 ms; return what was seen."""
    await bench.fill(count)
    task = asyncio.create_task(bench.link.run())
    live = asyncio.create_task(bench.measure_on())
    while not bench.link.has_gateway():  # noqa: ASYNC110 - a beat sets it
        await asyncio.sleep(0.01)
    began_s, before = time.monotonic(), usage_of(gateway_pid)
    while bench.backlog_left():
        await asyncio.sleep(0.05)
        if time.monotonic() - began_s > DRAIN_S_MAX:
            break
    took_s = time.monotonic() - began_s
    during = sorted(bench.latencies_s)
    bench.latencies_s.clear()
    await asyncio.sleep(WARM_S)
    after = sorted(bench.latencies_s)
    for one in (task, live):
        one.cancel()
    await asyncio.gather(task, live, return_exceptions=True)
    cost = usage_of(gateway_pid)
    return {
        "readings": count,
        "left": bench.backlog_left(),
        "seconds": round(took_s, 2),
        "per_s": round(count / took_s),
        "gateway_cpu_us": round(1e6 * (cost.cpu_s - before.cpu_s) / count, 1),
        "gateway_peak_mb": round(cost.peak_mb, 1),
        "live_p50_ms": at(during, 0.50),
        "live_p99_ms": at(during, 0.99),
        "idle_p50_ms": at(after, 0.50),
        "idle_p99_ms": at(after, 0.99),
    }


def at(values_s: list[float], part: float) -> float | None:
    """Return a percentile in milliseconds."""
    if not values_s:
        return None
    return round(1000 * values_s[min(len(values_s) - 1, int(part * len(values_s)))], 1)


def run(folder: Path, count: int) -> dict[str, object]:
    """Start the parts and drain once."""
    with mosquitto() as broker:
        command = [
            sys.executable, "-m", "entrepot", "gateway", "--mqtt", broker.url, "--http", "0",
            "--data", str(folder / "data"), "--ledger", LEDGER,
            "--site", str(ROOT / "config" / "sites" / "demo"),
        ]  # fmt: skip
        with running(command) as gateway:
            bench = Bench(folder / "edge", broker.url, LEDGER)
            try:
                return asyncio.run(drain(bench, count, gateway.pid))
            finally:
                bench.close()


def main() -> None:
    """Drain a few times; the last line is JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.backlog", description=__doc__)
    parser.add_argument("--count", type=int, default=100_000, help="readings of the backlog")
    parser.add_argument("--rounds", type=int, default=2)
    asked = parser.parse_args()
    drains, before = [], machine()
    for _ in range(asked.rounds):
        with temporary_folder("backlog") as folder:
            drains.append(run(folder, asked.count))
        sys.stdout.write(json.dumps(drains[-1]) + "\n")
    last_line(bench="backlog", drains=drains, machine_before=before, machine_after=machine())


if __name__ == "__main__":
    main()
