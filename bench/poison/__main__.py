"""`python -m bench.poison`: a backlog with and without poison, in turn, on real services."""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from contextlib import closing
from sqlite3 import connect
from typing import TYPE_CHECKING, Any, Final

from bench.ingest.consumers import gateway
from bench.ingest.drain import drain
from bench.ingest.fill import fill
from bench.measure import last_line, machine, settle
from bench.poison.kinds import REFUSED, poisoned, reasons
from bench.services import NotHere, influxd, mosquitto, temporary_folder

if TYPE_CHECKING:
    from pathlib import Path

    from bench.services import Broker, Influx

CLIENTS: Final = ("clean", "poisoned")


def run_pair(number: int, influx: Influx, count: int, poison_count: int) -> list[dict[str, Any]]:
    """Drain a clean backlog and a poisoned one, in an order that alternates."""
    done = []
    for name in CLIENTS[:: 1 if number % 2 else -1]:
        part = poison_count if name == "poisoned" else 0
        with mosquitto() as broker:
            fill(broker.url, [name], poisoned(count, part))
            bucket = f"{name}-{number}"
            influx.make_bucket(bucket)
            _upset(influx, bucket)
            settle(influx.pid)
            found = _drained(name, broker, influx, bucket=bucket, count=count, poison_count=part)
            done.append({"round": number, **found})
        sys.stdout.write(f"{done[-1]}\n")
        sys.stdout.flush()
    return done


def _upset(influx: Influx, bucket: str) -> None:
    """Write texts where numbers belong, at both ends of the backlog's time."""
    now_ns = time.time_ns()
    influx.write(
        bucket,
        "\n".join(
            f'{REFUSED},device=odd voltage_v="none" {now_ns - ago_s * 10**9}'
            for ago_s in range(0, 7_200, 60)
        ),
    )


def _drained(
    name: str, broker: Broker, influx: Influx, *, bucket: str, count: int, poison_count: int
) -> dict[str, Any]:
    letters: dict[str, int] = {}
    with temporary_folder("gateway") as folder:
        consumer = gateway(broker, influx, bucket=bucket, client_id=name, folder=folder)

        def is_done() -> bool:
            nonlocal letters
            letters = _letters(folder)
            return sum(letters.values()) >= poison_count

        one = drain(name, consumer, broker, influx, bucket=bucket, count=count, until=is_done)
    due = reasons(poison_count)
    assert letters == due, f"dead letters {letters}, due {due}"
    return {**one.document(), "letters": letters}


def _letters(folder: Path) -> dict[str, int]:
    with closing(connect(folder / "ledger.db")) as db:
        return dict(db.execute("SELECT reason, COUNT(*) FROM dead_letter GROUP BY 1"))


def main() -> None:
    """Read the command line, measure, print one line of JSON last."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200_000, help="sound messages a drain")
    parser.add_argument("--poison", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=3, help="pairs")
    asked = parser.parse_args()
    before = machine()
    drains: list[dict[str, Any]] = []
    try:
        with influxd() as influx:
            for number in range(1, asked.rounds + 1):
                drains += run_pair(number, influx, asked.count, asked.poison)
    except NotHere as error:
        sys.exit(str(error))
    compared = {}
    for key in ("per_s", "steady_per_s", "cpu_us"):
        by_round: dict[str, dict[int, float]] = {one: {} for one in CLIENTS}
        for one in drains:
            if one[key]:
                by_round[one["consumer"]][one["round"]] = one[key]
        pairs = [
            value / by_round["clean"][number]
            for number, value in by_round["poisoned"].items()
            if number in by_round["clean"]
        ]
        compared[key] = round(statistics.median(pairs), 3) if pairs else None
    last_line(
        bench="poison",
        poison=asked.poison,
        drains=drains,
        poisoned_over_clean=compared,
        machine_before=before,
        machine_after=machine(),
    )


if __name__ == "__main__":
    main()
