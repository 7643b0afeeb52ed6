"""`python -m bench.custody`: events a second into the ledger on SQLite, one edge and four.

First straight into the ledger, then through Mosquitto and the gateway's custody session.
"""

from __future__ import annotations

import argparse
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final, get_args

from bench.custody.chains import What, batches, chain
from bench.custody.through import measure_through
from bench.measure import last_line, machine
from bench.services import ROOT, NotHere, temporary_folder
from gateway.ledger import custody
from gateway.ledger.heads import head_of
from gateway.ledger.store import Ledger
from gateway.settings import load_site
from runtime.clock import SystemClock, rfc3339_from_ns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.ledger.store import Tx
    from gateway.settings import Site
    from wire.chain import CustodyRow

LEDGER: Final = "bench"
EDGES_COUNTS: Final = (1, 4)
BATCH_COUNTS: Final = (50, 400)
"""A trickle, and an edge's whole sending window."""


def _take(tx: Tx, batch: dict[str, list[CustodyRow]]) -> None:
    for edge, rows in batch.items():
        taken = custody.take(tx, edge, rows, ledger_property=LEDGER)
        assert taken.outcomes == {"applied": len(rows)}, taken.outcomes


def _site_of(edges: list[str]) -> Site:
    """Return the demo site with an inbound dock for each edge: it speaks for its own only."""
    site = load_site(ROOT / "config" / "sites" / "demo")
    inbound = next(dock for dock in site.docks if dock.purpose == "inbound")
    docks = [inbound.model_copy(update={"id": edge, "edge": edge}) for edge in edges]
    return site.model_copy(update={"docks": docks})


def measure(*, edges_count: int, what: What, batch_count: int, count: int) -> dict[str, Any]:
    """Return the rate of `count` events of so many edges, each batch one transaction."""
    edges = [f"dock-{number + 1}" for number in range(edges_count)]
    site = _site_of(edges)
    chains = {edge: chain(edge, dock=edge, what=what, count=count // edges_count) for edge in edges}
    clock = SystemClock()
    with temporary_folder("custody") as folder:
        ledger = Ledger.open(
            f"sqlite:///{folder / 'ledger.db'}",
            ledger_id=LEDGER,
            site=site,
            now=lambda: rfc3339_from_ns(clock.wall_ns()),
        )
        started_s, cpu_s = time.perf_counter(), time.process_time()
        for batch in batches(chains, batch_count):
            ledger.transact("custody", partial(_take, batch=batch))
        took_s, cpu_s = time.perf_counter() - started_s, time.process_time() - cpu_s
        for edge, rows in chains.items():
            head = ledger.read(partial(head_of, edge=edge))
            assert head == (rows[-1].seq, rows[-1].hash)
        ledger.close()
    events = sum(len(rows) for rows in chains.values())
    return {
        "edges": edges_count,
        "what": what,
        "batch": batch_count,
        "events": events,
        "per_s": round(events / took_s),
        "cpu_us": round(cpu_s / events * 1e6, 1),
    }


def _measure(
    asked: argparse.Namespace, *, what: What, edges_count: int
) -> Iterator[dict[str, Any]]:
    if asked.through != "mqtt":
        for batch_count in BATCH_COUNTS:
            yield measure(
                edges_count=edges_count, what=what, batch_count=batch_count, count=asked.count
            )
    if asked.through != "ledger":
        yield measure_through(edges_count=edges_count, what=what, count=asked.count)


def _way(row: dict[str, Any]) -> str:
    return "through MQTT" if "through" in row else f"{row['batch']} a commit"


def main() -> None:
    """Read the command line, measure, print a table and one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=8_000, help="events a measurement")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--through", choices=("ledger", "mqtt", "both"), default="both")
    asked = parser.parse_args()
    before = machine()
    rows: list[dict[str, Any]] = []
    for number in range(1, asked.rounds + 1):
        for what in get_args(What):
            for edges_count in EDGES_COUNTS:
                for row in _measure(asked, what=what, edges_count=edges_count):
                    rows.append({"round": number, **row})
                    print(
                        f"round {number}: rfid {what:<8} of {edges_count} edges, {_way(row):>16}:"
                        f" {row['per_s']:>6,} events/s, {row['cpu_us']:>6} us of CPU",
                        flush=True,
                    )
    after = machine()
    print(f"load {before['load']} -> {after['load']}")
    last_line(bench="custody", rates=rows, machine_before=before, machine_after=after)


if __name__ == "__main__":
    try:
        main()
    except NotHere as error:
        sys.exit(str(error))
