"""Budgets and credit: a bad release swallows no data, and a slow store is not buried."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from gateway.core import Core
from gateway.flood import ALLOW_S, FREE_COUNT, WINDOW_S, Flood
from gateway.ingest.admission import Unusable
from gateway.ingest.capacity import CREDIT_MAX, CREDIT_MIN, Capacity
from gateway.ingest.telemetry import TelemetryParts, _bury_within
from gateway.ledger import custody, schema
from gateway.live import Live
from runtime.clock import ManualClock
from tests.gateway.ledger.test_ledger import ledger
from tests.gateway.ledger.test_unfit_rows import WEIGHT, chain


def test_a_quiet_edge_may_have_a_few_and_a_busy_one_a_hundredth() -> None:
    """A single odd message is no flood; one in a hundred is."""
    flood = Flood()
    assert flood.room("e", 0.0) == FREE_COUNT
    flood.note("e", 0.0, messages_count=10_000, dead_count=30, withheld_count=0)
    assert flood.room("e", 1.0) == 70
    assert flood.withheld(1.0) == []
    flood.note("e", 1.0, messages_count=100, dead_count=71, withheld_count=9)
    assert flood.room("e", 2.0) == 0
    assert flood.withheld(2.0) == ["e"]
    assert flood.room("other", 2.0) == FREE_COUNT


def test_after_a_minute_the_next_few_are_tried_and_a_person_may_let_all_be_buried() -> None:
    """The edge is not blocked for ever, and not without its people."""
    flood = Flood()
    flood.note("e", 0.0, messages_count=50, dead_count=FREE_COUNT, withheld_count=30)
    assert flood.room("e", WINDOW_S) == 0
    assert flood.room("e", WINDOW_S + 1) == FREE_COUNT
    flood.note("e", 70.0, messages_count=50, dead_count=FREE_COUNT, withheld_count=30)
    flood.allow("e", 71.0)
    assert flood.room("e", 72.0) > 100_000
    assert flood.room("e", 71.0 + ALLOW_S + WINDOW_S) == FREE_COUNT


def test_rows_beyond_the_budget_are_withheld_and_taken_later() -> None:
    """Nothing of the chain is lost: the head stays before the first withheld row."""
    opened = ledger()
    good, bad = WEIGHT | {"mass_g": 1.0}, WEIGHT | {"mass_g": "x"}
    rows = chain("dock-2", *[("weight", one) for one in (good, bad, good, bad, bad, good)])

    def take(dead_max: int) -> custody.TakeResult:
        return opened.transact(
            "custody",
            lambda tx: custody.take(tx, "dock-2", rows, ledger_property="l1", dead_max=dead_max),
        )

    first = take(2)
    assert dict(first.outcomes) == {"applied": 2, "dead": 2, "withheld": 2}
    assert first.head_seq == 4
    again = take(0)
    assert again.head_seq == 4
    assert again.outcomes["withheld"] == 2
    last = take(2)
    assert last.head_seq == 6
    assert dict(last.outcomes) == {"duplicate": 4, "dead": 1, "applied": 1}


@pytest.mark.parametrize(
    ("took_s", "edges_count", "credit"),
    [(0.1, 1, CREDIT_MAX), (1.0, 1, 500), (1.0, 5, 100), (500.0, 1, CREDIT_MIN)],
)
def test_credit_is_one_second_of_what_the_store_takes(
    took_s: float, edges_count: int, credit: int
) -> None:
    """Shared by the edges that have a backlog, within bounds."""
    capacity = Capacity()
    for _ in range(60):
        capacity.note(500, took_s)
    assert capacity.credit(edges_count) == pytest.approx(credit, rel=0.01)
    capacity.note(1, 1e9)  # One slow message says nothing of the store.
    assert capacity.credit(edges_count) == pytest.approx(credit, rel=0.01)


def test_a_bad_reading_that_comes_again_is_one_letter() -> None:
    """Its first ack may have been lost; repeats use up no budget."""
    core = Core(ledger())
    parts = TelemetryParts(
        core=core, store=None, live=Live(), clock=ManualClock(), flood=Flood()  # type: ignore[arg-type]
    )  # fmt: skip
    bad = [
        Unusable(reason="body", detail="d", topic="wh/v1/e/e/tlm/x/y", body=b"", name=("e", "b", n))
        for n in range(1, 4)
    ]
    for _ in range(50):
        assert asyncio.run(_bury_within(parts, {"e": len(bad)}, bad)) == set()
    more = [replace(bad[0], name=("e", "b", n)) for n in range(4, 40)]
    withheld = asyncio.run(_bury_within(parts, {"e": len(more)}, more))
    assert len(withheld) == len(more) - (FREE_COUNT - 3)
    query = select(func.count()).select_from(schema.dead_letter)
    assert core.ledger.read(lambda c: c.execute(query).scalar_one()) == FREE_COUNT
    core.close()
