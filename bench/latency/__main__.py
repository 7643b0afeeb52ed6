"""`python -m bench.latency`: sensor to database, to a query and to the page, through everything.

Edges (`bench.load`) publish at the rate through Mosquitto to a whole gateway: ledger, telemetry
into InfluxDB 2, page. Each time runs from the moment when a reading was due:

- to the database: until its edge hears the gateway's `ack`, which follows the store's answer;
- to a query: until a Flux query, asked each 250 ms, gives it or a newer one of its device;
- to the page: until a tab has the picture that shows it or a newer one of its device.
"""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import nullcontext
from typing import Any

from bench.latency.run import Asked, measure
from bench.measure import last_line, machine
from bench.services import NotHere, influxd, mosquitto, temporary_folder


def main() -> None:
    """Measure each rate with each number of tabs; the last line is JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.latency", description=__doc__)
    parser.add_argument("--rates", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--tabs", type=int, nargs="+", default=[1, 50])
    parser.add_argument("--edges", type=int, default=4)
    parser.add_argument("--devices", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--store", choices=("influx", "embedded"), default="influx")
    asked = parser.parse_args()
    before = machine()
    seen: list[dict[str, Any]] = []
    wanted = [(rate, tabs) for rate in asked.rates for tabs in asked.tabs] * asked.rounds
    try:
        with influxd() if asked.store == "influx" else nullcontext() as influx:
            for number, (rate, tabs) in enumerate(wanted):
                with temporary_folder("latency") as folder, mosquitto() as broker:
                    one = Asked(
                        rate=rate,
                        tabs=tabs,
                        edges=asked.edges,
                        devices=asked.devices,
                        seconds=asked.seconds,
                    )
                    seen.append(measure(folder, broker, influx, f"latency-{number}", one))
                sys.stdout.write(json.dumps(seen[-1]) + "\n")
                sys.stdout.flush()
    except NotHere as error:
        sys.exit(str(error))
    last_line(bench="latency", seen=seen, machine_before=before, machine_after=machine())


if __name__ == "__main__":
    main()
