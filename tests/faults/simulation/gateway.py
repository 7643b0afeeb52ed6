"""One gateway: the real sessions' work on batches that we hand in; it may die at any border.

Ours are the session and the worker thread. The borders where it may die are those of the ledger's
transactions and of each publish: whatever was committed before stands, nothing after happens.
"""

from __future__ import annotations

import json
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

import mqtt5

from gateway import boxes
from gateway.dispatch import gate, gate_basis
from gateway.flood import Flood
from gateway.ingest.control import Control
from gateway.ingest.custody import serve_custody
from gateway.ingest.intake import Intake
from gateway.ingest.telemetry import TelemetryParts, _settle
from gateway.ledger import heads
from gateway.live import Live
from gateway.people import NotAllowed
from gateway.platform.outward import serve_outward
from tests.faults.simulation.plc import DEVICE, FOR_S, FRESH_S
from wire.control import Basis, Command, Deadline, EdgeBeat, GatewayBeat
from wire.topics import edge_topic, gateway_topic

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from gateway.ledger.store import Tx
    from tests.faults.simulation.air import Packet
    from tests.faults.simulation.house import House


EDGE: Final = "dock-2"
"""The one with a gate."""
TRUCK: Final = "truck-1"
DEADLINE_S: Final = 20.0
BEAT_S: Final = 2.0
BATCH_COUNT: Final = 120
FOREIGN_S: Final = 30.0


class Dead(BaseException):
    """The gateway's process ended."""


class Served(Exception):
    """There is nothing more to serve now."""


class Away(Exception):
    """The time-series store does not answer: the batch is held, unread and unacknowledged."""


class Core:
    """Stands for gateway.core.Core without its thread."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self.commits_count = 0
        self.changes = SimpleNamespace(count=0, notify=lambda: None, wait_past=_no_wait)

    @property
    def ledger(self) -> Any:  # noqa: ANN401 - a Ledger
        """The house's."""
        return self._gateway.house.books

    async def transact(self, cause: str, work: Callable[[Tx], Any], *, is_news: bool = True) -> Any:  # noqa: ANN401
        """Run `work` in one transaction."""
        del is_news
        self._gateway.may_die()
        done = self.ledger.transact(cause, work)
        self.commits_count += 1
        self._gateway.may_die()
        return done

    async def read(self, work: Callable[[Any], Any]) -> Any:  # noqa: ANN401
        """Run `work` on a consistent state."""
        return self.ledger.read(work)


class Wire:
    """Stands for runtime.mqtt_session.Session: one batch, then nothing more."""

    def __init__(self, gateway: Gateway, packets: Sequence[Packet]) -> None:
        self._gateway = gateway
        self._packets: Sequence[Packet] | None = packets
        self.is_acked = False
        self._commits_count = gateway.core.commits_count

    async def subscribe(self, *_: str) -> None:
        """Be subscribed to everything."""

    async def batch(self) -> Sequence[Packet]:
        """Return the batch. Raises Served the second time."""
        if self._packets is None:
            raise Served
        packets, self._packets = self._packets, None
        return packets

    async def publish(self, topic: str, body: bytes, **options: Any) -> None:  # noqa: ANN401
        """Let a message fly."""
        self._gateway.may_die()
        self._gateway.house.published(topic, body, is_retained=options.get("is_retained", False))

    async def ack(self, packets: Sequence[Packet]) -> None:
        """Note the PUBACKs: nothing but a commit or the store's answer comes before them."""
        house = self._gateway.house
        is_custody = any("/evt/" in packet.topic for packet in packets)
        if is_custody and self._gateway.core.commits_count == self._commits_count:
            house.violations.append("custody rows were acknowledged before their commit")
        if is_custody:
            house.violations += [one for one in map(house.unkept, packets) if one]
        self.is_acked = True

    async def ack_ids(self, _: Sequence[bytes]) -> None:
        """Note the PUBACKs of readings."""
        self.is_acked = True


class Gateway:
    """What a process of a gateway knows; `restart` begins a new one."""

    def __init__(self, name: str, house: House) -> None:
        self.name, self.house = name, house
        self.crash_ratio = 0.0
        self.inbox: dict[str, list[Packet]] = {"custody": [], "telemetry": [], "control": []}
        self.restart()

    def restart(self) -> None:
        """Begin anew: memory is empty, the sessions' messages are gone."""
        core: Any = Core(self)
        self.core = core
        self.live, self.flood = Live(), Flood()
        clock = self.house.clock
        self.control = Control(core, self.live, clock)
        self.parts = TelemetryParts(
            core=core,
            store=self.house.store,  # type: ignore[arg-type]
            live=self.live,
            clock=clock,
            flood=self.flood,
        )
        self._intake = Intake(self.house.books.site.site)
        self.since_ns = clock.wall_ns()
        self.beats: dict[str, tuple[float, EdgeBeat]] = {}
        """By edge when its newest beat came, and the beat: noted apart from the real one."""
        self.foreign_s = self._beat_s = -1e9
        for packets in self.inbox.values():
            packets.clear()

    def may_die(self) -> None:
        """End at times. Raises Dead."""
        if self.house.rng.random() < self.crash_ratio:
            raise Dead

    def hear(self, packet: Packet) -> None:
        """Take a message that came."""
        levels = packet.topic.split("/")
        is_edge = levels[2] == "e" and len(levels) > 4
        plane = {"evt": "custody", "tlm": "telemetry"}.get(levels[4] if is_edge else "", "control")
        self.inbox[plane].append(packet)

    async def turn(self) -> None:
        """Serve what came on each plane, beat, and send what commits queued."""
        try:
            for packet in self._batch("control"):
                self._note(packet)
                await self.control.take(self._wire([]), packet)  # type: ignore[arg-type]
            await self._serve_custody()
            await self._serve_telemetry()
            now_s = self.house.clock.mono_s()
            if now_s - self._beat_s >= BEAT_S:
                self._beat_s = now_s
                self._beat()
            if self.house.has_outward:
                self.house.has_outward = False
                wire: Any = self._wire([])
                await self._until_served(serve_outward(wire, self.core, self.name, self.live))
        except Dead:
            self.house.has_outward = True
            self.restart()

    def _wire(self, packets: Sequence[Packet]) -> Wire:
        return Wire(self, packets)

    def _batch(self, plane: str) -> list[Packet]:
        packets = self.inbox[plane][:BATCH_COUNT]
        del self.inbox[plane][:BATCH_COUNT]
        return packets

    async def _serve_custody(self) -> None:
        if packets := self._batch("custody"):
            wire: Any = self._wire(packets)
            clock = self.house.clock
            await self._until_served(serve_custody(wire, self.core, self.live, self.flood, clock))

    async def _serve_telemetry(self) -> None:
        if packets := self._batch("telemetry"):
            wire: Any = self._wire(packets)
            self._intake.add(map(frame_of, packets))
            await self._until_served(_settle(wire, self.parts, self._intake.take()))
            if not wire.is_acked:  # The store is away: the session holds it.
                self.inbox["telemetry"][:0] = packets

    async def _until_served(self, work: Coroutine[Any, Any, Any]) -> None:
        try:
            await work
        except (Served, Away):
            return
        except BaseExceptionGroup as group:
            died, other = group.split(Dead)
            if died is not None:
                raise Dead from group
            if other is not None and other.split((Served, Away))[1] is not None:
                raise

    def _beat(self) -> None:
        beat = GatewayBeat(
            ledger=self.house.books.ledger_id,
            journal_count=self.house.journal_count(),
            t_ns=self.house.clock.wall_ns(),
            since=self.since_ns,
        )
        topic = gateway_topic(self.name, "beat")
        self.house.published(topic, beat.model_dump_json().encode())

    def _note(self, packet: Packet) -> None:
        now_s, levels = self.house.clock.mono_s(), packet.topic.split("/")
        if levels[-1] == "beat" and levels[2] == "e":
            self.beats[levels[3]] = (now_s, EdgeBeat.model_validate_json(packet.payload))
        elif levels[-1] == "beat" and json.loads(packet.payload)["ledger"] != "ledger-1":
            self.foreign_s = now_s

    # ---- decisions

    def order_open(self) -> None:
        """Ask the delivery's part of the gate rule; send the command when it holds."""
        self.house.books.transact("rule:gate", self._order_open)

    def _order_open(self, tx: Tx) -> None:
        now_s = self.house.clock.mono_s()
        edge = gate_basis._edge(tx, self.live, now_s, EDGE)
        basis = {
            "edges": [edge],
            "foreign_ledgers": self.live.foreign_now(now_s),
            "has_twin": self.live.has_twin(now_s),
        }
        if list(gate._edges(basis)):
            return
        if fault := self._rule_fault(tx, now_s):
            self.house.violations.append(f"{self.name} ordered the gate open, but {fault}")
        live = self.live.edges[EDGE]
        self.house.orders_count += 1
        name = f"command-{self.house.orders_count}"
        passed_ms = int((now_s - live.beat_at_s) * 1000)
        deadline_ms = live.mono_ms + passed_ms + round(DEADLINE_S * 1000)
        command = Command(
            command_id=name,
            args={"for_s": FOR_S},
            deadline=Deadline(boot=live.boot, mono_ms=deadline_ms),
            basis=Basis(seq=edge["head_seq"], devices=[DEVICE]),
        )
        row = {
            "command_id": name, "edge": EDGE, "device": DEVICE, "verb": "open",
            "args": command.args, "truck_id": TRUCK, "outcome": "pending", "reason": "",
            "at": tx.at,
        }  # fmt: skip
        tx.record("command.sent", command=row)
        topic = edge_topic(EDGE, "cmd", DEVICE, "open")
        tx.queue("command", topic, command.model_dump(mode="json", exclude_none=True))
        self.house.orders[name] = (now_s, live.boot, edge["head_seq"])
        self.house.has_outward = True

    def _rule_fault(self, tx: Tx, now_s: float) -> str:
        """Return why the gate may not be opened, from what was noted apart."""
        at_s, beat = self.beats[EDGE]
        head_seq = heads.head_of(tx.connection, EDGE)[0]
        faults = {
            "its edge was not heard for 5 s": now_s - at_s > FRESH_S,
            f"the head {head_seq} is below the tip {beat.tip.seq}": head_seq < beat.tip.seq,
            f"its chain is {beat.mode}": beat.mode != "following",
            "its outbox is full": beat.outbox.is_full,
            "its chain forked": EDGE in heads.forked(tx.connection),
            "another ledger's gateway is heard": now_s - self.foreign_s <= FOREIGN_S,
        }
        return next((why for why, holds in faults.items() if holds), "")

    def decide(self, edge: str, boot: str, verb: Any) -> bool:  # noqa: ANN401 - a Verb
        """Let a person decide about a box; tell whether it could be ordered."""
        work = partial(
            boxes.order, live=self.live, now_s=self.house.clock.mono_s(), edge=edge, boot=boot,
            verb=verb, by="lin", reason="looked at both boxes",
        )  # fmt: skip
        try:
            self.house.books.transact("person:lin", work)
        except NotAllowed:
            return False
        self.house.has_outward = True
        return True


def frame_of(packet: Packet) -> bytes:
    """Return a reading as its bytes come from a broker."""
    publish = mqtt5.PublishPacket(
        packet.topic,
        packet.payload,
        qos=mqtt5.QoS.AT_LEAST_ONCE,
        packet_id=1,
        user_properties=packet.user_properties,
    )
    return publish.write()


async def _no_wait(*_: object) -> None:
    raise Served
