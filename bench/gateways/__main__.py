"""`python -m bench.gateways`: 1, 2 and 4 gateways on one PostgreSQL take their shares.

Edges send chains of custody events, then others readings, through Mosquitto's shared subscriptions
(`--shared`; one gateway alone subscribes plainly). At the end the database must have each row once
and each head where its chain ends, and every reading must be acknowledged.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import create_engine, text

from bench.custody.chains import chain
from bench.custody.through import send_all
from bench.load.custody_edge import CustodyEdge
from bench.load.house import LEDGER, gateway, part, result_of, say
from bench.measure import last_line, machine, percentiles, usage_of
from bench.postgres import postgres
from bench.services import NotHere, influxd, mosquitto, temporary_folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bench.services import Influx

DEVICES_COUNT: Final = 200
WAIT_S_MAX: Final = 240.0


def measure(
    folder: Path, influx: Influx, count: int, bucket: str, asked: argparse.Namespace
) -> dict[str, Any]:
    """Run so many gateways once."""
    influx.make_bucket(bucket)
    names = [f"dock-{number + 1}" for number in range(asked.edges)]
    share = asked.events // asked.edges
    chains = [
        CustodyEdge(name, chain(name, dock=name, what="arrived", count=share), ledger=LEDGER)
        for name in names
    ]
    with ExitStack() as parts:
        url = parts.enter_context(postgres())
        broker = parts.enter_context(mosquitto())
        houses = []
        for number in range(count):
            own = folder / f"gateway-{number + 1}"
            own.mkdir()
            houses.append(
                parts.enter_context(
                    gateway(
                        broker,
                        own,
                        edges_count=asked.edges,
                        influx=influx,
                        bucket=bucket,
                        database_url=url,
                        name=f"gateway-{number + 1}" if count > 1 else None,
                    )
                )
            )

        def used_s() -> float:
            return sum(usage_of(one.pid).cpu_s for one in houses)

        before_s = used_s()
        custody_s = asyncio.run(send_all(chains, broker.url))
        custody_cpu_s = used_s() - before_s
        check_books(url, chains)
        edges = parts.enter_context(
            part(
                "bench.load.edges",
                mqtt=broker.url,
                edges=asked.edges,
                devices=DEVICES_COUNT,
                rate=asked.rate,
                seconds=asked.seconds,
                base_ms=time.time_ns() // 1_000_000,
            )
        )
        say(edges, wait_for="ready")
        before_s, began_s = used_s(), time.monotonic()
        say(edges)
        sent = result_of(edges, wait_s_max=WAIT_S_MAX)
        took_s, telemetry_cpu_s = time.monotonic() - began_s, used_s() - before_s
        stored = influx.count(bucket, "co2_ppm")
    assert (sent["left"], stored) == (0, sent["sent"]), (sent["left"], stored, sent["sent"])
    events = sum(len(one.rows) for one in chains)
    return {
        "gateways": count,
        "events": events,
        "events_per_s": round(events / custody_s),
        "event_cpu_us": round(1e6 * custody_cpu_s / events, 1),
        "to_head": percentiles(one for edge in chains for one in edge.latencies_s),
        "rewinds": sum(one.rewinds_count for one in chains),
        "readings": sent["sent"],
        "readings_per_s": round(sent["sent"] / took_s),
        "reading_cpu_us": round(1e6 * telemetry_cpu_s / sent["sent"], 1),
        "to_database": sent["acked"],
        "resent": sent["resent"],
    }


def check_books(url: str, edges: Sequence[CustodyEdge]) -> None:
    """Assert that the ledger has each row once, and each head where its chain ends."""
    engine = create_engine(url)
    head = text("SELECT seq, hash FROM edge_head WHERE edge = :edge")
    rows = text(
        "SELECT COUNT(*), COUNT(DISTINCT id), COUNT(*) FILTER (WHERE outcome = 'applied')"
        " FROM custody_row WHERE edge = :edge"
    )
    with engine.connect() as books:
        for edge in edges:
            found = books.execute(head, {"edge": edge.name}).one()
            assert tuple(found) == (edge.rows[-1].seq, edge.rows[-1].hash)
            counts = books.execute(rows, {"edge": edge.name}).one()
            assert tuple(counts) == (len(edge.rows),) * 3
    engine.dispose()


def main() -> None:
    """Measure each number of gateways; the last line is JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.gateways", description=__doc__)
    parser.add_argument("--gateways", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--edges", type=int, default=8)
    parser.add_argument("--events", type=int, default=8_000, help="of all edges together")
    parser.add_argument("--rate", type=int, default=2_000, help="readings/s of all together")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=1)
    asked = parser.parse_args()
    before, seen = machine(), []
    with influxd() as influx:
        for number, count in enumerate(asked.gateways * asked.rounds):
            with temporary_folder("gateways") as folder:
                seen.append(measure(folder, influx, count, f"gateways-{number}", asked))
            sys.stdout.write(json.dumps(seen[-1]) + "\n")
            sys.stdout.flush()
    last_line(bench="gateways", seen=seen, machine_before=before, machine_after=machine())


if __name__ == "__main__":
    try:
        main()
    except NotHere as error:
        sys.exit(str(error))
