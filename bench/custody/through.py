"""Events through everything: edges, Mosquitto, the gateway's custody session, its ledger, heads."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

from bench.custody.chains import What, chain
from bench.load.custody_edge import CustodyEdge
from bench.load.house import LEDGER, gateway
from bench.measure import percentiles, usage_of
from bench.services import mosquitto, temporary_folder
from runtime.mqtt_url import parse_mqtt_url

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

TICK_S: Final = 0.01
RUN_S_MAX: Final = 240.0


def measure_through(*, edges_count: int, what: What, count: int) -> dict[str, Any]:
    """Return the rate of `count` events from the first hello to the head that is the last tip."""
    names = [f"dock-{number + 1}" for number in range(edges_count)]
    # Each reads at the inbound dock of its own name; dock-2 of the demo site is outbound.
    edges = [
        CustodyEdge(
            name, chain(name, dock=name, what=what, count=count // edges_count), ledger=LEDGER
        )
        for name in names
    ]
    with temporary_folder("custody-mqtt") as folder, mosquitto() as broker:
        with gateway(broker, folder, edges_count=edges_count) as house:
            before = usage_of(house.pid)
            took_s = asyncio.run(send_all(edges, broker.url))
            after = usage_of(house.pid)
        check_books(folder / "data" / "gateway" / "ledger.db", edges)
    events = sum(len(edge.rows) for edge in edges)
    return {
        "edges": edges_count,
        "what": what,
        "through": "mqtt",
        "events": events,
        "per_s": round(events / took_s),
        "cpu_us": round(1e6 * (after.cpu_s - before.cpu_s) / events, 1),
        "peak_mb": round(after.peak_mb, 1),
        "to_head": percentiles(one for edge in edges for one in edge.latencies_s),
        "rewinds": sum(edge.rewinds_count for edge in edges),
    }


async def send_all(edges: Sequence[CustodyEdge], url: str) -> float:
    """Send every chain; return the seconds until the ledger has all of them."""
    address = parse_mqtt_url(url)
    for edge in edges:
        await edge.connect(address)
    began_s = time.monotonic()
    for edge in edges:
        edge.say_hello()
    while not all(edge.is_done for edge in edges):
        for edge in edges:
            edge.go_on()
        assert time.monotonic() - began_s < RUN_S_MAX, [edge.head_seq for edge in edges]
        await asyncio.sleep(TICK_S)
    took_s = time.monotonic() - began_s
    for edge in edges:
        edge.link.close()
    return took_s


def check_books(path: Path, edges: Sequence[CustodyEdge]) -> None:
    """Assert that the ledger has each row once, and each head where its chain ends."""
    with closing(sqlite3.connect(path)) as books:
        for edge in edges:
            head = books.execute("SELECT seq, hash FROM edge_head WHERE edge = ?", (edge.name,))
            assert head.fetchone() == (edge.rows[-1].seq, edge.rows[-1].hash)
            rows = books.execute(
                "SELECT COUNT(*), COUNT(DISTINCT id), SUM(outcome = 'applied') FROM custody_row"
                " WHERE edge = ?",
                (edge.name,),
            )
            assert rows.fetchone() == (len(edge.rows),) * 3
