"""Requests that put goods on hold, or lift holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from gateway.customs import common
from gateway.customs.problems import Refused, problem, shown
from gateway.ledger import holds, receiving, schema
from wire.epc import EpcError

if TYPE_CHECKING:
    from gateway.ledger.schema import AnyRow
    from gateway.ledger.store import Tx
    from wire.requests import Hold, ReleaseHold


OWNED: Final = frozenset({"customs", "security", "fork"})
"""Kinds of hold that only the authority that placed them lifts."""


def hold(tx: Tx, asked: Hold) -> dict[str, object]:
    """Hold every carton of the subject that has not left."""
    field, cartons = _subject(tx, asked)
    present = [row for row in cartons if row.place != "gone"]
    if not present:
        message = f"all {len(cartons)} cartons have left: nothing is here to hold"
        raise Refused([problem(field, "not_allowed", message)])
    ids = [
        holds.place(tx, row.unit, kind=asked.kind, reason=asked.reason, by=asked.authority)
        for row in present
    ]
    return {"holds_count": len(ids), "hold_ids": ids}


def release_hold(tx: Tx, asked: ReleaseHold) -> dict[str, object]:
    """Lift the open holds of one kind; what waited for it goes on."""
    field, cartons = _subject(tx, asked)
    found = [
        one
        for row in cartons
        if row.holds_count
        for one in holds.open_holds(tx, [row.unit], kinds=[asked.kind])
    ]
    if not found:
        message = f"no open {asked.kind} hold is there: it may have been released already"
        raise Refused([problem(field, "not_allowed", message)])
    foreign = [
        one for one in found if asked.kind in OWNED and one.placed_by != asked.authority[:64]
    ]
    if foreign:
        message = (
            f"{len(foreign)} {asked.kind} hold(s) were placed by {foreign[0].placed_by!r}:"
            f" {asked.authority!r} can't lift them, ask whoever placed them"
        )
        raise Refused([problem("/authority", "not_allowed", message)])
    for one in found:
        tx.record(
            "hold.lifted",
            hold_id=one.hold_id,
            lifted_by=asked.authority,
            lift_reason=asked.reason,
        )
    for sscc in sorted({str(row.sscc) for row in cartons}):
        receiving.receive_after_hold(tx, sscc)
    return {"holds_count": len(found)}


def _subject(tx: Tx, asked: Hold) -> tuple[str, list[AnyRow]]:
    given = {
        name: value
        for name, value in (
            ("unit", asked.subject.unit),
            ("pallet", asked.subject.pallet),
            ("lot", asked.subject.lot),
        )
        if value is not None
    }
    if len(given) != 1:
        message = f"{len(given)} subjects are named: name exactly one of unit, pallet, lot"
        raise Refused([problem("/subject", "out_of_range", message)])
    name, value = next(iter(given.items()))
    field = f"/subject/{name}"
    unit = schema.unit
    if name == "unit":
        try:
            value = common.carton_identity(value)[0]
        except EpcError as error:
            message = f"{shown(value)} is no carton's EPC: {error}; send an SGTIN-96"
            raise Refused([problem(field, "out_of_range", message)]) from error
    column = {"unit": unit.c.unit, "pallet": unit.c.sscc, "lot": unit.c.lot}[name]
    query = select(unit).where(column == value).order_by(unit.c.unit)
    cartons = list(tx.connection.execute(query).all())
    if not cartons:
        message = f"no carton of {name} {shown(value)} is known: look it up, or notice it first"
        raise Refused([problem(field, "unknown_goods", message)])
    return field, cartons
