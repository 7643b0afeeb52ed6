"""Holds: what keeps cartons from being allocated, loaded or let out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from gateway.ledger.schema import hold, unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gateway.ledger.schema import AnyRow
    from gateway.ledger.store import Tx


def place(tx: Tx, unit_key: str, *, kind: str, reason: str, by: str, evidence: str = "") -> str:
    """Put a carton on hold and return the hold's id; the same open hold is not doubled.

    `evidence` is the transaction's cause unless told.
    """
    same = tx.connection.execute(
        select(hold.c.hold_id).where(
            hold.c.unit == unit_key,
            hold.c.kind == kind,
            hold.c.reason == reason,
            hold.c.lifted_at.is_(None),
        )
    ).scalar()
    if same is not None:
        return str(same)
    hold_id = f"h-{tx.next_n}"
    tx.record(
        "hold.placed",
        hold={
            "hold_id": hold_id,
            "unit": unit_key,
            "kind": kind,
            "reason": reason,
            "evidence": evidence or tx.cause,
            "since": tx.at,
            "placed_by": by[:64],
        },
    )
    return hold_id


def open_holds(tx: Tx, units: Sequence[str], *, kinds: Iterable[str] | None = None) -> list[AnyRow]:
    """Return the open holds (rows of table hold) on these cartons, oldest first."""
    query = select(hold).where(hold.c.unit.in_(list(units)), hold.c.lifted_at.is_(None))
    if kinds is not None:
        query = query.where(hold.c.kind.in_(list(kinds)))
    return list(tx.connection.execute(query.order_by(hold.c.since, hold.c.hold_id)).all())


def pallet_is_held(tx: Tx, sscc: str) -> bool:
    """Tell whether any carton of a pallet has an open hold."""
    found = tx.connection.execute(
        select(unit.c.unit).where(unit.c.sscc == sscc, unit.c.holds_count > 0).limit(1)
    )
    return found.first() is not None
