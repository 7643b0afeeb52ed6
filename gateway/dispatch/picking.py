"""Picking: released orders, by cut-off, become pick tasks to staging; whole ones are staged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from gateway.dispatch.putaway import free_location
from gateway.dispatch.rows import busy_subjects, change_order, plan_task, rows, units_of_order
from gateway.ledger import schema

if TYPE_CHECKING:
    from gateway.dispatch.rows import Row
    from gateway.ledger.store import Tx

_IN_STAGING = frozenset({"RELEASED", "PASSPORT_BOUND", "PASSPORT_APPROVED"})
"""Duty statuses of cartons that may wait in staging."""


def pick(tx: Tx) -> None:
    """Plan picks, notice staged orders and emptied pallets, bring back what may not wait."""
    sale = schema.sale
    query = select(sale).where(sale.c.state.in_(("released", "picking")))
    orders = rows(tx, query.order_by(sale.c.cutoff_at, sale.c.order_id))
    busy = busy_subjects(tx) if orders else set()
    for order in orders:
        units = units_of_order(tx, order["order_id"])
        if units and all(_is_staged(unit) for unit in units):
            change_order(tx, order, state="staged", truck_id=None)
            continue
        planned = [_plan(tx, order, unit) for unit in units if unit["unit"] not in busy]
        if any(planned) and order["state"] == "released":
            change_order(tx, order, state="picking")
    _bring_back(tx)
    _notice_empty_pallets(tx)


def _is_staged(unit: Row) -> bool:
    return bool(unit["place"].startswith("staging:") and unit["status"] == "RELEASED")


def _plan(tx: Tx, order: Row, unit: Row) -> bool:
    is_pickable = unit["status"] == "RELEASED" and unit["place"].startswith("location:")
    if not is_pickable or unit["holds_count"]:
        return False
    staging = _staging_with_room(tx)
    if staging is None:
        return False
    plan_task(
        tx,
        "pick",
        carries="carton",
        subject=unit["unit"],
        source=unit["place"],
        target=f"staging:{staging}",
        order_id=order["order_id"],
        why=f"order {order['order_id']}, cut-off {order['cutoff_at']}",
    )
    return True


def _staging_with_room(tx: Tx) -> str | None:
    unit, task = schema.unit, schema.task
    for staging in tx.site.stagings:
        place = f"staging:{staging.id}"
        there = select(func.count()).where(unit.c.place == place)
        coming = select(func.count()).where(
            task.c.target == place, task.c.state.in_(("planned", "sent", "picked"))
        )
        count = tx.connection.execute(there).scalar_one()
        count += tx.connection.execute(coming).scalar_one()
        if count < staging.cartons_count_max:
            return staging.id
    return None


def _bring_back(tx: Tx) -> None:
    """Plan the return of cartons in staging that customs has not released, or nobody wants."""
    unit = schema.unit
    query = select(unit).where(unit.c.place.like("staging:%"), unit.c.status.not_in(_IN_STAGING))
    strays = rows(tx, query.order_by(unit.c.unit))
    busy = busy_subjects(tx) if strays else set()
    for stray in strays:
        if stray["unit"] in busy:
            continue
        target = free_location(tx, stray)
        if target is not None:
            plan_task(
                tx,
                "return",
                carries="carton",
                subject=stray["unit"],
                source=stray["place"],
                target=target,
                why=f"duty status {stray['status']}: not released, may not wait in staging",
            )


def _notice_empty_pallets(tx: Tx) -> None:
    """Free the location of a stored pallet without a carton left."""
    unit, pallet = schema.unit, schema.pallet
    inside = select(unit.c.unit).where(unit.c.sscc == pallet.c.sscc, unit.c.place == pallet.c.place)
    query = select(pallet).where(pallet.c.state == "stored", ~inside.exists())
    for empty in rows(tx, query):
        tx.record("pallet.changed", sscc=empty["sscc"], set={"state": "empty", "place": "gone"})
