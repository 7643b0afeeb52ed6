"""Rows that are sound and mean nothing: each becomes a dead letter and the chain goes on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from gateway.ledger import custody, schema
from tests.gateway.ledger.test_ledger import ledger
from wire.chain import ROOT_HASH, CustodyRow, next_row

if TYPE_CHECKING:
    from gateway.ledger.store import Ledger, Tx

COMMON = {"t_ns": 1, "clock": "synced"}
WEIGHT = COMMON | {"read_point": "dock-2", "text": "1 g", "kind": "gross", "frame_hex": "00"}


def chain(edge: str, *events: tuple[str, dict[str, Any]]) -> list[CustodyRow]:
    """Return the events as rows of an edge."""
    rows: list[CustodyRow] = []
    for seq, (kind, body) in enumerate(events, start=1):
        rows.append(
            next_row(
                seq=seq,
                prev=rows[-1].hash if rows else ROOT_HASH,
                row_id=f"{seq:032x}",
                topic=f"wh/v1/e/{edge}/evt/{kind}/x",
                body=json.dumps(body).encode(),
            )
        )
    return rows


def take(opened: Ledger, edge: str, rows: list[CustodyRow]) -> custody.TakeResult:
    """Take the rows."""
    return opened.transact(
        "custody", lambda tx: custody.take(tx, edge, rows, ledger_property=opened.ledger_id)
    )


@pytest.mark.parametrize("mass_g", [1e300, 1.7e308, -5e20, 9.3e18])
def test_a_weight_that_no_column_holds_stalls_nothing(mass_g: float) -> None:
    """The head moves on over it, whichever edge sent it."""
    opened = ledger()
    opened.transact("t", _dock_a_truck)
    rows = chain(
        "dock-2",
        ("weight", WEIGHT | {"mass_g": mass_g}),
        ("weight", WEIGHT | {"mass_g": 9_000_000.0}),
    )
    done = take(opened, "dock-2", rows)
    assert dict(done.outcomes) == {"dead": 1, "applied": 1}
    assert done.head_seq == 2


def test_what_no_rule_foresaw_is_a_dead_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    """An effect that fails takes itself back and leaves the chain alone."""

    def fails(*_: object) -> None:
        raise OverflowError("too large for a column")

    monkeypatch.setattr("gateway.ledger.floor.apply", fails)
    opened = ledger()
    done = take(opened, "dock-2", chain("dock-2", ("weight", WEIGHT | {"mass_g": 1.0})))
    assert dict(done.outcomes) == {"dead": 1}
    assert "too large" in done.dead_letters[0].detail


def test_an_edge_speaks_for_its_own_dock_only() -> None:
    """A weight of dock-2's bridge from another edge would open dock-2's gate."""
    opened = ledger()
    opened.transact("t", _dock_a_truck)
    done = take(opened, "qa-two", chain("qa-two", ("weight", WEIGHT | {"mass_g": 9e6})))
    assert dict(done.outcomes) == {"dead": 1}
    assert "is edge dock-2's" in done.dead_letters[0].detail


def test_a_gate_that_obeyed_an_unknown_command_is_a_breach() -> None:
    """Nobody here sent it: somebody else can write to the edge."""
    opened = ledger()
    body = COMMON | {"command_id": "forged-command", "verb": "open", "outcome": "done"}
    done = take(opened, "dock-2", chain("dock-2", ("actuation", body)))
    assert dict(done.outcomes) == {"applied": 1}
    query = select(schema.journal.c.body).where(schema.journal.c.kind == "gate.breached")
    told = opened.read(lambda connection: connection.execute(query).scalars().all())
    assert len(told) == 1
    assert "forged-command" in told[0]


def _dock_a_truck(tx: Tx) -> None:
    truck = {
        "truck_id": "T", "plate": "P", "purpose": "outbound", "dock": "dock-2", "tare_g": 9_000_000,
        "arrives_at": tx.at, "carrier_id": "c", "state": "docked",
    }  # fmt: skip
    tx.record("truck.noticed", truck=truck)
