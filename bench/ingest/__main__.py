"""`python -m bench.ingest`: our gateway and Telegraf drain the same backlog in the same run."""

from __future__ import annotations

import argparse
import statistics
import sys
from typing import TYPE_CHECKING, Any, Final

from bench.ingest.consumers import gateway, telegraf_consumer
from bench.ingest.drain import drain
from bench.ingest.fill import fill, messages
from bench.measure import last_line, machine, settle
from bench.services import NotHere, influxd, mosquitto, telegraf_program

if TYPE_CHECKING:
    from pathlib import Path

    from bench.services import Influx

_COLUMNS: Final = {
    "consumer": "",
    "seconds": "s",
    "per_s": "msg/s",
    "steady_per_s": "steady msg/s",
    "cpu_us": "CPU us/msg",
    "steady_cpu_us": "steady us/msg",
    "peak_mb": "peak MB",
    "broker_cpu_us": "broker us",
    "influx_cpu_us": "store us",
}


def run_round(
    number: int, influx: Influx, program: Path | None, names: list[str], count: int
) -> list[dict[str, Any]]:
    """Fill a fresh broker for every consumer, then drain in the order of `names`."""
    done = []
    with mosquitto() as broker:
        took_s = fill(broker.url, names, messages(count))
        print(f"round {number}: {count} messages queued in {took_s:.1f} s", flush=True)
        for name in names:
            bucket = f"{name}-{number}"
            influx.make_bucket(bucket)
            settle(influx.pid)
            if name == "telegraf":
                assert program is not None
                consumer = telegraf_consumer(program, broker, influx, bucket=bucket, client_id=name)
            else:
                consumer = gateway(broker, influx, bucket=bucket, client_id=name)
            before = machine()
            one = drain(name, consumer, broker, influx, bucket=bucket, count=count)
            document = {"round": number, **one.document(), "load_before": before["load"]}
            print(_line(document), flush=True)
            done.append(document)
    return done


def ratios(drains: list[dict[str, Any]]) -> dict[str, float]:
    """Return ours over Telegraf's, of the medians over the rounds."""

    def median(name: str, key: str) -> float:
        return float(statistics.median(one[key] for one in drains if one["consumer"] == name))

    keys = ("per_s", "steady_per_s", "cpu_us", "steady_cpu_us", "peak_mb")
    return {
        key: round(median("gateway", key) / median("telegraf", key), 3)
        for key in keys
        # A backlog that is gone at the first look has no steady part.
        if all(one[key] for one in drains)
    }


def _line(row: dict[str, Any]) -> str:
    return " ".join(f"{row[key]!s:>{max(10, len(head))}}" for key, head in _COLUMNS.items())


def main() -> None:
    """Read the command line, measure, print a table and one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200_000, help="messages a round")
    parser.add_argument("--rounds", type=int, default=2, help="the order alternates")
    parser.add_argument("--only", choices=("gateway", "telegraf"))
    asked = parser.parse_args()
    names = [asked.only] if asked.only else ["gateway", "telegraf"]
    program, left_out = None, None
    if "telegraf" in names:
        try:
            program = telegraf_program()
        except NotHere as error:
            left_out = str(error)
            print(left_out)
            names.remove("telegraf")
    drains: list[dict[str, Any]] = []
    before = machine()
    try:
        with influxd() as influx:
            print(" ".join(f"{head:>{max(10, len(head))}}" for head in _COLUMNS.values()))
            for number in range(1, asked.rounds + 1):
                drains += run_round(number, influx, program, names, asked.count)
                names.reverse()
    except NotHere as error:
        sys.exit(str(error))
    compared = ratios(drains) if len(names) > 1 else None
    print(f"gateway / telegraf: {compared}; load {before['load']} -> {machine()['load']}")
    last_line(
        bench="ingest",
        drains=drains,
        ratios=compared,
        left_out=left_out,
        machine_before=before,
        machine_after=machine(),
    )


if __name__ == "__main__":
    main()
