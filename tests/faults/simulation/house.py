"""The other side: one ledger, one time-series store, two gateways, and what they must keep."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from gateway.ledger import heads, schema
from gateway.ledger.store import Ledger, engine_for
from gateway.settings import load_site
from runtime.clock import rfc3339_from_ns
from tests.faults.simulation.air import GATEWAYS, Packet
from tests.faults.simulation.box import LEDGER
from tests.faults.simulation.gateway import TRUCK, Away, Gateway
from wire.chain import row_hash
from wire.control import Ack, Head

if TYPE_CHECKING:
    import random

    from gateway.settings import Site
    from gateway.telemetry.ports import Points
    from runtime.clock import ManualClock
    from tests.faults.simulation.air import Air

ROOT: Final = Path(__file__).resolve().parents[3]
_UNKEPT: Final = """
SELECT EXISTS (SELECT 1 FROM edge_head WHERE edge = ?1 AND seq >= ?2)
AND NOT EXISTS (SELECT 1 FROM custody_row WHERE edge = ?1 AND seq = ?2 AND hash = ?3)
AND NOT EXISTS (SELECT 1 FROM fork_row WHERE edge = ?1 AND seq = ?2 AND hash = ?3)
"""
EDGES: Final = ("dock-1", "dock-2")
REFUSED_C: Final = 999.0
"""A temperature that the store refuses, as InfluxDB does a field of another type."""


@cache
def site() -> Site:
    """Return the demo site."""
    return load_site(ROOT / "config" / "sites" / "demo")


@cache
def _new_ledger() -> bytes:
    """Return a fresh database: making its tables costs more than copying them."""
    at = rfc3339_from_ns(1_700_000_000_000_000_000)
    books = Ledger.open("sqlite://", ledger_id=LEDGER, site=site(), now=lambda: at)
    books.transact("rule:sim", _dock_a_truck)
    raw: Any = books.engine.raw_connection()
    database = bytes(raw.driver_connection.serialize())
    books.close()
    return database


class PointStore:
    """Keeps points as InfluxDB does: the same series and time is the same point."""

    def __init__(self) -> None:
        self.points: set[tuple[str, str, int]] = set()
        """(edge, device, Unix nanoseconds)."""
        self.is_away = False

    async def write(self, batch: Points) -> list[tuple[int, str]]:
        """Write points; return those refused. Raises Away."""
        if len(batch) and self.is_away:
            raise Away
        refused = []
        for index, one in enumerate(batch.points()):
            if one.fields.get("temperature_c") == REFUSED_C:
                refused.append((index, "422: field type conflict"))
            else:
                self.points.add((one.tags["edge"], one.tags["device"], one.t_ns))
        return refused


class House:
    """One ledger database with two gateways before it."""

    def __init__(self, clock: ManualClock, air: Air, rng: random.Random) -> None:
        self.clock, self.air, self.rng = clock, air, rng
        self.books = Ledger(
            engine_for("sqlite://"),
            ledger_id=LEDGER,
            site=site(),
            now=lambda: rfc3339_from_ns(clock.wall_ns()),
        )
        self._raw: Any = None
        self._driver().deserialize(_new_ledger())
        self.store = PointStore()
        self.violations: list[str] = []
        self.orders: dict[str, tuple[float, str, int]] = {}
        """By command id: (monotonic seconds of the decision, boot, basis)."""
        self.orders_count = 0
        self.buried: set[tuple[str, int]] = set()
        """(device, t_ns) of readings that are dead letters."""
        self.expired: set[tuple[Any, ...]] = set()
        """(edge, device, first and last t_ns) of readings older than the store keeps."""
        self.has_outward = False
        self.dead_count = 0
        self.acked: set[tuple[str, str, int]] = set()
        """Readings that were acknowledged by name (edge, boot, seq)."""
        self.gateways = [Gateway("gateway-1", self), Gateway("gateway-2", self)]

    def hear(self, packet: Packet) -> None:
        """Deal custody and telemetry to one of the gateways, and tell both the rest."""
        if not packet.topic.startswith("wh/v1/"):
            return  # No session subscribes to it.
        if "/evt/" in packet.topic or "/tlm/" in packet.topic:
            self.rng.choice(self.gateways).hear(packet)
        else:
            for one in self.gateways:
                one.hear(packet)

    async def turn(self) -> None:
        """Let both gateways do a batch."""
        for one in self.gateways:
            await one.turn()

    def published(self, topic: str, body: bytes, *, is_retained: bool = False) -> None:
        """Let a gateway's message fly, if what it says is true."""
        levels = topic.split("/")
        packet = Packet(topic, body, retain=is_retained)
        now_s = self.clock.mono_s()
        if levels[:3] == ["wh", "v1", "e"]:
            self._check(levels[3], levels[4], body)
            self.air.send(now_s, levels[3], packet)
        elif levels[:3] == ["wh", "v1", "gw"] and levels[4] == "beat":
            for to in (*EDGES, GATEWAYS):
                self.air.send(now_s, to, packet)
        elif levels[4:5] == ["dead"]:
            self.dead_count += 1

    def _check(self, edge: str, what: str, body: bytes) -> None:
        """Hold an acknowledgement against what is really stored."""
        if what == "head":
            head = Head.model_validate_json(body)
            query = "SELECT seq FROM edge_head WHERE edge = ?"
            found = self._driver().execute(query, (edge,)).fetchone()
            seq = 0 if found is None else found[0]
            if head.seq > seq:
                self.violations.append(f"head {head.seq} of {edge} told, {seq} is committed")
        elif what == "ack":
            for boot, spans in Ack.model_validate_json(body).telemetry.items():
                for first, last in spans:
                    self.acked.update((edge, boot, seq) for seq in range(first, last + 1))

    def note_unwritten(self) -> None:
        """Note which readings ended without a point: a backup may not tell of all of them."""
        letter, gap = schema.dead_letter, schema.gap
        query = select(letter.c.topic, letter.c.body).where(letter.c.topic.like("%/tlm/%"))
        self.buried.update(
            (topic.rsplit("/", 1)[-1], json.loads(bytes(body))["t_ns"])
            for topic, body in self.rows(query)
        )
        words = (gap.c.edge, gap.c.device, gap.c.first_t_ns, gap.c.last_t_ns)
        self.expired.update(map(tuple, self.rows(select(*words).where(gap.c.cause == "expired"))))

    def settle(self, edge: str) -> None:
        """Let a person declare the fork settled."""
        self.books.transact("person:sim", lambda tx: heads.close_fork(tx, edge, "sim"))

    def snapshot(self) -> bytes:
        """Return the database as a backup would."""
        return bytes(self._driver().serialize())

    def restore(self, database: bytes) -> None:
        """Put the database back; the gateways are stopped for it."""
        self._driver().deserialize(database)
        for one in self.gateways:
            one.restart()

    def close(self) -> None:
        """Let go of the database."""
        self.books.close()

    def head_seqs(self) -> dict[str, int]:
        """Return how far the ledger has each edge."""
        query = select(schema.edge_head.c.edge, schema.edge_head.c.seq)
        return dict(self.books.read(lambda c: c.execute(query).all()))

    def rows(self, query: Any) -> list[Any]:  # noqa: ANN401 - a Select and its rows
        """Return what a query finds."""
        return list(self.books.read(lambda c: c.execute(query).all()))

    def unkept(self, packet: Packet) -> str:
        """Return what is wrong with a custody row that was acknowledged; empty when all is well.

        At or below the head it is journalled as it came, or kept aside as a fork.
        """
        told = dict(packet.user_properties)
        edge, seq = packet.topic.split("/")[3], int(told["seq"])
        if "void" not in told:
            words = (packet.topic, seq, told["prev"], told["id"], packet.payload)
            if row_hash(*words) != told["hash"]:
                return ""
        place = (edge, seq, told["hash"])
        is_lost = self._driver().execute(_UNKEPT, place).fetchone()[0]
        return f"row {seq} of {edge}, of another history, was not kept aside" if is_lost else ""

    def journal_count(self) -> int:
        """Return how many entries are committed."""
        found = self._driver().execute("SELECT MAX(n) FROM journal").fetchone()
        return int(found[0] or 0)

    def journal_tip(self) -> str:
        """Return the hash that all of the journal leads to."""
        query = "SELECT hash FROM journal ORDER BY n DESC LIMIT 1"
        return str(self._driver().execute(query).fetchone()[0])

    def _driver(self) -> Any:  # noqa: ANN401 - a sqlite3.Connection
        if self._raw is None:
            raw: Any = self.books.engine.raw_connection()
            self._raw = raw.driver_connection
        return self._raw


def _dock_a_truck(tx: Any) -> None:  # noqa: ANN401 - a transaction
    truck = {
        "truck_id": TRUCK, "plate": "P", "purpose": "outbound", "dock": "dock-2",
        "tare_g": 9_000_000, "arrives_at": tx.at, "carrier_id": "c", "state": "docked",
    }  # fmt: skip
    tx.record("truck.noticed", truck=truck)
