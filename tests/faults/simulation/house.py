"""The gateways: real admission, custody, heads and books; only their sessions are ours."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from gateway.ingest.admission import Custody, Unusable, admit_custody, admit_telemetry
from gateway.ingest.ranges import acks_from
from gateway.ledger import custody, heads, letters, schema
from gateway.ledger.store import Ledger
from gateway.settings import load_site
from gateway.telemetry.line_protocol import Point
from runtime.clock import rfc3339_from_ns
from tests.faults.simulation.box import LEDGER
from wire.chain import CustodyRow, Tombstone
from wire.control import Ack, Basis, Command, Deadline, EdgeBeat, Head, Hello

if TYPE_CHECKING:
    import random

    from edge.outbox.telemetry import Queued
    from gateway.settings import Site
    from runtime.clock import ManualClock
    from tests.faults.simulation.air import Air

ROOT: Final = Path(__file__).resolve().parents[3]
BATCH_COUNT: Final = 60


@cache
def site() -> Site:
    """Return the demo site."""
    return load_site(ROOT / "config" / "sites" / "demo")


class House:
    """One ledger database with two gateways before it."""

    def __init__(self, clock: ManualClock, air: Air, rng: random.Random) -> None:
        self.clock, self.air, self.rng = clock, air, rng
        self.books = Ledger.open(
            "sqlite://", ledger_id=LEDGER, site=site(), now=lambda: rfc3339_from_ns(clock.wall_ns())
        )
        self.books.transact("rule:sim", _dock_a_truck)
        self.points: set[tuple[str, str, int]] = set()
        self.dead_readings: set[tuple[str, str, int]] = set()
        self.is_store_away = False
        self.crash_ratio = 0.0
        self.beats: dict[str, EdgeBeat] = {}
        self.commands_count = 0
        self._inboxes: list[list[tuple[str, str, Any]]] = [[], []]

    def hear(self, kind: str, load: tuple[str, Any]) -> None:
        """Take a message at one of the gateways, as a shared subscription deals them."""
        self.rng.choice(self._inboxes).append((kind, *load))

    def turn(self) -> None:
        """Let one gateway do a batch, or die with it."""
        inbox = self.rng.choice(self._inboxes)
        batch = inbox[:BATCH_COUNT]
        del inbox[:BATCH_COUNT]
        if self.rng.random() < self.crash_ratio:
            inbox.clear()  # Dead before the commit: its session is gone, and all in it.
        else:
            self._serve(batch)
        for box in ("dock-1", "dock-2"):
            self._send(box, "gateway-beat", LEDGER)

    def _serve(self, batch: list[tuple[str, str, Any]]) -> None:
        rows: dict[str, list[CustodyRow | Tombstone]] = {}
        readings: list[tuple[str, Queued]] = []
        for kind, edge, load in batch:
            if kind == "row":
                rows.setdefault(edge, []).append(_admitted(load))
            elif kind == "reading":
                readings.append((edge, load))
            elif kind == "beat":
                self.beats[edge] = load
            elif kind == "hello":
                self._answer(edge, load)
        for edge, taken in rows.items():
            self._take(edge, taken)
        if not self.is_store_away:
            self._store(readings)

    def _take(self, edge: str, rows: list[CustodyRow | Tombstone]) -> None:
        done = self.books.transact(
            "custody", lambda tx: custody.take(tx, edge, rows, ledger_property=LEDGER)
        )
        if self.rng.random() < self.crash_ratio:
            return  # Dead after the commit: nobody hears of the head.
        self._send(edge, "head", Head(ledger=LEDGER, seq=done.head_seq, hash=done.head_hash))

    def _answer(self, edge: str, hello: Hello) -> None:
        head = self.books.read(lambda connection: heads.answer_hello(connection, edge, hello))
        if head is not None:
            self._send(edge, "head", head)

    def _store(self, readings: list[tuple[str, Queued]]) -> None:
        names: dict[str, dict[str, list[int]]] = {}
        for edge, one in readings:
            told = [("boot", one.boot), ("seq", str(one.seq))]
            admitted = admit_telemetry(one.topic, one.body, told)
            if isinstance(admitted, Point):
                self.points.add((edge, one.boot, one.seq))
            else:
                self._bury(admitted)
                self.dead_readings.add((edge, one.boot, one.seq))
            names.setdefault(edge, {}).setdefault(one.boot, []).append(one.seq)
        if self.rng.random() < self.crash_ratio:
            return
        for edge, stored in names.items():
            for ranges in acks_from(stored):
                self._send(edge, "ack", Ack(ledger=LEDGER, telemetry=ranges))

    def _bury(self, bad: Unusable) -> None:
        self.books.transact(
            "telemetry",
            lambda tx: letters.bury(
                tx, reason=bad.reason, detail=bad.detail, topic=bad.topic, body=bad.body
            ),
        )

    def order(self, edge: str, device: str, verb: str, *, is_plain: bool) -> None:
        """Send a command with what is known now; `is_plain` ones name no device."""
        beat = self.beats.get(edge)
        if beat is None:
            return
        self.commands_count += 1
        head = self.books.read(lambda connection: heads.head_of(connection, edge))
        command = Command(
            command_id=f"command-{self.commands_count}",
            args={"for_s": 10.0},
            deadline=Deadline(boot=beat.boot, mono_ms=beat.mono_ms + 20_000),
            basis=Basis(seq=0 if is_plain else head[0], devices=[] if is_plain else ["plc-2"]),
        )
        self._send(edge, "command", (device, verb, command))

    def settle(self, edge: str) -> None:
        """Let a person declare the fork settled."""
        self.books.transact("person:sim", lambda tx: heads.close_fork(tx, edge, "sim"))

    def snapshot(self) -> bytes:
        """Return the database as a backup would."""
        raw: Any = self.books.engine.raw_connection()
        return bytes(raw.driver_connection.serialize())

    def restore(self, database: bytes) -> None:
        """Put the database back."""
        raw: Any = self.books.engine.raw_connection()
        raw.driver_connection.deserialize(database)
        for inbox in self._inboxes:
            inbox.clear()

    def head_seqs(self) -> dict[str, int]:
        """Return how far the ledger has each edge."""
        query = select(schema.edge_head.c.edge, schema.edge_head.c.seq)
        return dict(self.books.read(lambda c: c.execute(query).all()))

    def outcomes(self) -> list[tuple[str, str, str]]:
        """Return (edge, id, outcome) of every row of every chain."""
        table = schema.custody_row
        query = select(table.c.edge, table.c.id, table.c.outcome)
        return [tuple(row) for row in self.books.read(lambda c: c.execute(query).all())]

    def aside(self) -> set[str]:
        """Return the ids kept aside in forks."""
        query = select(schema.fork_row.c.id)
        return set(self.books.read(lambda c: c.execute(query).scalars().all()))

    def _send(self, edge: str, kind: str, load: object) -> None:
        self.air.send(self.clock.mono_s(), edge, kind, load)


def _admitted(row: CustodyRow | Tombstone) -> CustodyRow | Tombstone:
    """Let the row go over the wire as user properties, and come back."""
    told = [
        ("ledger", LEDGER), ("seq", str(row.seq)), ("prev", row.prev), ("id", row.id),
        ("hash", row.hash),
    ]  # fmt: skip
    if isinstance(row, Tombstone):
        found = admit_custody("wh/v1/e/x/evt/void/outbox", b"", [*told, ("void", row.checksum)])
    else:
        found = admit_custody(row.topic, row.body, told)
    assert isinstance(found, Custody)
    return found.row


def _dock_a_truck(tx: Any) -> None:  # noqa: ANN401 - a transaction
    truck = {
        "truck_id": "T", "plate": "P", "purpose": "outbound", "dock": "dock-2", "tare_g": 9_000_000,
        "arrives_at": tx.at, "carrier_id": "c", "state": "docked",
    }  # fmt: skip
    tx.record("truck.noticed", truck=truck)
