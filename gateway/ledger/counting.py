"""Counts for a summary, taken from the journal and its views."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from gateway.ledger import stock
from gateway.ledger.schema import custody_row, edge_head, journal, unit

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Table


def counts(connection: Connection) -> dict[str, int]:
    """Return cartons received, stored ever and dispatched, refusals, alarms and custody events."""

    def number(table: Table, *conditions: ColumnElement[bool]) -> int:
        query = select(func.count()).select_from(table).where(*conditions)
        return int(connection.execute(query).scalar_one())

    heads = connection.execute(select(func.coalesce(func.sum(edge_head.c.seq), 0))).scalar_one()
    others = {
        outcome: number(custody_row, custody_row.c.outcome == outcome)
        for outcome in ("repeated", "dead", "void")
    }
    applied = custody_row.c.outcome == "applied"
    twice = (
        select(custody_row.c.id)
        .where(applied)
        .group_by(custody_row.c.id)
        .having(func.count() > 1)
        .subquery()
    )
    return {
        "received": number(unit, unit.c.status != stock.Status.ADVISED),
        "stored": number(unit, unit.c.was_stored),
        "dispatched": number(unit, unit.c.place == "gone"),
        "gate_refused": number(
            journal,
            journal.c.kind == "gate.decided",
            journal.c.body.like('%"is_open":false%'),
        ),
        "alarms_raised": number(journal, journal.c.kind == "alarm.raised"),
        "events_applied": int(heads) - sum(others.values()),
        **{f"events_{outcome}": count for outcome, count in others.items()},
        "applied_twice": number(twice),  # type: ignore[arg-type]
    }
