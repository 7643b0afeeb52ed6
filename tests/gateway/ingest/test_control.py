"""Control messages: who speaks under a name, other gateways, and what only claims to be."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import mqtt5
import pytest

from gateway import boxes
from gateway.alarms import live_rules
from gateway.core import Core
from gateway.ingest.control import Control
from gateway.live import Live
from gateway.people import NotAllowed
from gateway.vehicles import live as vehicle_live
from runtime.clock import ManualClock
from tests.gateway.ledger.test_ledger import SITE, ledger
from wire.control import EdgeBeat, Mode, OutboxFill, Tip

if TYPE_CHECKING:
    from collections.abc import Callable


class House:
    """A control session without a broker."""

    def __init__(self) -> None:
        self.books = ledger()
        self.core = Core(self.books)
        self.live = Live()
        self.clock = ManualClock()
        self.control = Control(self.core, self.live, self.clock)

    def hear(self, topic: str, body: bytes) -> None:
        """Take one message."""
        packet = mqtt5.PublishPacket(topic, body)
        asyncio.run(self.control.take(None, packet))  # type: ignore[arg-type]

    def beat(self, boot: str, mode: Mode = "following", *, in_s: float = 2.0) -> None:
        """Let a box of dock-2 beat after `in_s`."""
        self.clock.advance(in_s)
        beat = EdgeBeat(
            boot=boot, mono_ms=7_000, t_ns=1, clock="synced", tip=Tip(seq=3, hash="a" * 64),
            outbox=OutboxFill(custody_rows=0, telemetry_rows=0, bytes=0, oldest_s=0.0), mode=mode,
        )  # fmt: skip
        self.hear("wh/v1/e/dock-2/beat", beat.model_dump_json().encode())

    def order(self, verb: boxes.Verb, boot: str = "") -> None:
        """Let a person decide."""
        now_s = self.clock.mono_s()
        self.books.transact(
            "person:li",
            lambda tx: boxes.order(
                tx, self.live, now_s, edge="dock-2", boot=boot, verb=verb, by="li", reason="seen"
            ),
        )

    def commands(self) -> list[dict[str, Any]]:
        """Return what is queued for edges."""
        found = self.books.read(
            lambda connection: connection.exec_driver_sql(
                "SELECT topic, body FROM outward WHERE channel = 'command' ORDER BY id"
            ).all()
        )
        return [{"topic": topic, **json.loads(body)} for topic, body in found]


def test_a_restart_is_no_clone_and_two_boxes_in_turn_are() -> None:
    """A new boot follows the old one; copies speak in turn."""
    house = House()
    for boot in ("a", "a", "b", "b", "b"):
        house.beat(boot)
    edge = house.live.edges["dock-2"]
    assert not edge.is_cloned(house.clock.mono_s())
    for boot in ("c", "b", "c"):
        house.beat(boot)
    assert edge.is_cloned(house.clock.mono_s())
    for _ in range(20):
        house.beat("b")
    assert not edge.is_cloned(house.clock.mono_s())


def test_the_box_that_a_person_names_is_told_and_no_other() -> None:
    """The deadline names the boot: the other box refuses it."""
    house = House()
    for boot, mode in (("a", "following"), ("b", "forked"), ("a", "following"), ("b", "forked")):
        house.beat(boot, mode)  # type: ignore[arg-type]
    with pytest.raises(NotAllowed, match="name the boot"):
        house.order("stop")
    with pytest.raises(NotAllowed, match="nothing to adopt"):
        house.order("adopt", "a")
    house.order("stop", "b")
    told = house.commands()
    assert [one["topic"] for one in told] == ["wh/v1/e/dock-2/cmd/outbox/stop"]
    assert told[0]["deadline"] == {"boot": "b", "mono_ms": 7_000 + boxes.DEADLINE_MS}


def test_a_forged_row_is_settled_by_a_person() -> None:
    """The chain goes on; the rows kept aside stay as evidence."""
    house = House()
    house.beat("a")
    with pytest.raises(NotAllowed, match="keeps no rows"):
        house.order("settle")
    house.books.transact("t", lambda tx: _fork(tx.connection))
    house.order("settle")
    assert not house.books.read(
        lambda connection: connection.exec_driver_sql(
            "SELECT is_forked FROM edge_head WHERE edge = 'dock-2'"
        ).scalar_one()
    )


def _fork(connection: Any) -> None:  # noqa: ANN401 - a connection
    connection.exec_driver_sql("INSERT INTO edge_head VALUES ('dock-2', 0, 'x', 1)")


def test_a_foreign_gateway_is_forgotten_when_it_falls_silent() -> None:
    """One stray beat must not shut the gates for ever; many must not fill the memory."""
    house = House()
    for number in range(50):
        beat = {"ledger": f"l{number}", "journal_count": 1, "t_ns": 1}
        house.hear("wh/v1/gw/x/beat", json.dumps(beat).encode())
    assert len(house.live.foreign_now(house.clock.mono_s())) == 16
    house.clock.advance(31)
    assert house.live.foreign_now(house.clock.mono_s()) == []


def test_another_journal_under_our_ledgers_id_is_seen() -> None:
    """A copied database tells of more entries than ours, or stays behind."""
    house = House()

    def hear(count: int) -> bool:
        beat = {"ledger": "l1", "journal_count": count, "t_ns": 1}
        house.hear("wh/v1/gw/gateway-1/beat", json.dumps(beat).encode())
        return house.live.has_twin(house.clock.mono_s())

    length = house.books.read(lambda c: c.exec_driver_sql("SELECT COUNT(*) FROM journal").scalar())
    assert length is not None
    assert not hear(length)
    for _ in range(20):
        house.clock.advance(2)
        assert not hear(length)
    assert hear(length + 1)
    house.clock.advance(31)
    for _ in range(20):
        house.clock.advance(2)
        assert not hear(length)
    assert hear(length - 1)


@pytest.mark.parametrize(
    "body",
    [
        '{"agvPosition":{"x":NaN,"y":1}}',
        '{"agvPosition":{"x":1e999,"y":1}}',
        '{"agvPosition":{"x":' + "1" + "0" * 400 + ',"y":1}}',
        '{"agvPosition":{"x":true,"y":1},"batteryState":{"batteryCharge":1e999}}',
    ],
)
@pytest.mark.parametrize("subtopic", ["visualization", "state"])
def test_a_number_that_is_none_moves_no_vehicle(body: str, subtopic: str) -> None:
    """The page reads JSON, which has no NaN."""
    live = Live()
    topic = f"uagv/v2/hall/mover-1/{subtopic}"
    vehicle_live.update(live, SITE, topic, body.encode(), 1.0)
    assert live.vehicles["mover-1"].x_m == 0.0
    assert live.vehicles["mover-1"].battery_percent is None


def test_vehicles_that_the_site_does_not_name_are_not_kept() -> None:
    """Three thousand forged ones must not reach every tab."""
    live = Live()
    take: Callable[..., object] = vehicle_live.update
    take(live, SITE, "uagv/v2/hall/ghost/connection", b'{"connectionState":"ONLINE"}', 1.0)
    assert live.vehicles == {}


def test_an_edge_whose_changed_file_is_refused_is_an_alarm_until_it_is_mended() -> None:
    """A technician edits a file and leaves: somebody must hear that it is not in force."""
    house = House()
    house.live.since[("gateway", "started")] = 0.0
    report = {"generation": 1, "hash": "f" * 64, "outcome": "refused", "errors": ["baud: 960"]}

    def alarms() -> dict[tuple[str, str], str]:
        house.hear("wh/v1/e/dock-2/cfg/reported", json.dumps(report).encode())
        return live_rules.wanted(SITE, house.live, house.clock.mono_s())

    assert alarms()["config-refused", "dock-2"].endswith("baud: 960")
    report |= {"generation": 2, "outcome": "applied", "errors": []}
    assert ("config-refused", "dock-2") not in alarms()
