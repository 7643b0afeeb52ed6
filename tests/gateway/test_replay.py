"""Dead letters come back to life: corrected, once, by a person, each in its own way."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from gateway import replay
from gateway.core import Core
from gateway.ledger import custody, letters, schema
from gateway.ledger.verify import verify_connection
from gateway.people import NotAllowed
from tests.gateway.customs.test_requests import GOODS
from tests.gateway.ledger.test_ledger import UNITS, ledger
from tests.gateway.ledger.test_unfit_rows import COMMON, chain

if TYPE_CHECKING:
    from gateway.telemetry.ports import Points

READ = COMMON | {
    "read_point": "dock-1", "what": "arrived", "epc_hex": "AA", "reads_count": 2, "first_t_ns": 1,
    "last_t_ns": 1, "epc_uri": UNITS[0],
}  # fmt: skip


class Store:
    """A telemetry store that keeps what it gets."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    async def write(self, points: Points) -> list[tuple[int, str]]:
        """Take points."""
        self.lines += [one.decode() for one in points.lines()]
        return []


class House:
    """A ledger with its thread and a store."""

    def __init__(self) -> None:
        self.books = ledger()
        self.core = Core(self.books)
        self.store: Any = Store()

    def bury(self, topic: str, body: bytes) -> int:
        """Write a letter."""
        return self.books.transact(
            "t",
            lambda tx: (
                letters.bury(tx, reason="body", detail="d", topic=topic, body=body).letter_id
            ),
        )

    def replay(self, letter_id: int, body: bytes | None = None) -> None:
        """Let a person replay it."""
        work = replay.replay(
            self.core, self.store, letter_id, by="li", reason="mended", body=body
        )  # fmt: skip
        asyncio.run(work)

    def place(self) -> str:
        """Return where the carton is."""
        query = select(schema.unit.c.place).where(schema.unit.c.unit == UNITS[0])
        return str(self.books.read(lambda connection: connection.execute(query).scalar_one()))


def test_an_event_is_replayed_corrected_and_once() -> None:
    """Its effect happens, the journal names the person, and the books still agree."""
    house = House()
    bad = READ | {"what": "arived"}
    rows = chain("dock-1", ("rfid", bad))
    house.books.transact(
        "custody", lambda tx: custody.take(tx, "dock-1", rows, ledger_property="l1")
    )
    assert house.place() == "expected"
    with pytest.raises(NotAllowed, match="what"):
        house.replay(1)
    house.replay(1, json.dumps(READ).encode())
    assert house.place() == "dock:dock-1"
    with pytest.raises(NotAllowed, match="replayed by li"):
        house.replay(1, json.dumps(READ).encode())
    report = house.books.read(verify_connection)
    assert report.ok, report.first


def test_a_reading_is_written_to_the_store() -> None:
    """The point gets the time of its measurement, not of its replay."""
    house = House()
    letter = house.bury("wh/v1/e/dock-1/tlm/environment/th-1", b'{"t_ns": 5}')
    body = b'{"t_ns": 5, "clock": "synced", "zone": "cool", "temperature_c": 4}'
    with pytest.raises(NotAllowed, match="clock"):
        house.replay(letter)
    house.replay(letter, body)
    assert house.store.lines[0].endswith(" 5")
    assert "device=th-1,edge=dock-1" in house.store.lines[0]


def test_a_request_is_asked_again() -> None:
    """What the platform sent without a reply topic and wrongly."""
    house = House()
    letter = house.bury("uns/v1/a/b/request/goods", b"{}")
    with pytest.raises(NotAllowed, match="missing"):
        house.replay(letter)
    goods = GOODS | {"request_id": "r9", "goods_id": "tea"}
    house.replay(letter, json.dumps(goods).encode())


@pytest.mark.parametrize(
    "topic", ["wh/v1/e/dock-1/beat", "x", "wh/v1/e/dock-1/evt/rfid/uhf-1", "wh/v1/e/e/tlm/x"]
)
def test_what_can_not_be_replayed_says_so_and_can_be_discarded(topic: str) -> None:
    """Control messages are for their moment; an event without a chain was none."""
    house = House()
    letter = house.bury(topic, json.dumps(READ).encode())
    with pytest.raises(NotAllowed):
        house.replay(letter)
    house.books.transact("t", lambda tx: replay.discard(tx, letter, by="li", reason="rubbish"))
    with pytest.raises(NotAllowed, match="discarded by li"):
        house.replay(letter)
    with pytest.raises(NotAllowed, match="no such"):
        house.replay(99)
