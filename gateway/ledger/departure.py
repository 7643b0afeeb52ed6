"""Departure: a truck breaks the exit beam; its cartons leave bond, or a person must look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from gateway.ledger import stock
from gateway.ledger.schema import command, declaration, goods, passport, sale, truck, unit

if TYPE_CHECKING:
    from gateway.ledger.schema import AnyRow
    from gateway.ledger.store import Tx


def leave(tx: Tx, dock: str, truck_id: str) -> None:
    """Let the truck at an outbound dock go, if the rule opened its gate."""
    row = tx.connection.execute(select(truck).where(truck.c.truck_id == truck_id)).one()
    cartons = _aboard(tx, truck_id)
    faults = _faults(tx, row, cartons)
    if faults:
        if row.state == "docked" and not cartons:
            return  # It has only just come: the beam was broken on its way in.
        why = f"the exit beam of {dock} was broken, but " + "; ".join(faults)
        tx.record(
            "gate.breached",
            dock=dock,
            truck_id=truck_id,
            units=[carton.unit for carton in cartons],
            why=why,
        )
        refusal = [{"rule": "left-without-gate", "unit": None, "why": why, "who": "shift-lead"}]
        tx.record("truck.changed", truck_id=truck_id, set={"refusal": refusal})
        return
    for carton in cartons:
        _let_out(tx, carton)
    for order_id in sorted({str(one.order_id) for one in cartons if one.order_id is not None}):
        _close_order(tx, order_id)
    tx.record("truck.changed", truck_id=truck_id, set={"state": "gone"})
    _tell_customs(tx, row)


def write_off(tx: Tx, unit_key: str) -> None:
    """Free the guarantee of a carton that has left and whose declaration customs closed."""
    duty = tx.connection.execute(select(unit.c.duty).where(unit.c.unit == unit_key)).scalar_one()
    tx.record("guarantee.freed", book=tx.site.ledger.book, amount=duty, unit=unit_key)
    tx.record("unit.changed", unit=unit_key, set={"status": stock.Status.WRITTEN_OFF.value})


def _aboard(tx: Tx, truck_id: str) -> list[AnyRow]:
    return list(
        tx.connection.execute(
            select(
                unit.c.unit,
                unit.c.status,
                unit.c.is_released,
                unit.c.holds_count,
                unit.c.order_id,
                unit.c.declaration_id,
                goods.c.book_line,
            )
            .join(goods, goods.c.goods_id == unit.c.goods_id)
            .where(unit.c.place == f"truck:{truck_id}")
            .order_by(unit.c.unit)
        ).all()
    )


def _faults(tx: Tx, row: AnyRow, cartons: list[AnyRow]) -> list[str]:
    faults = []
    if row.state != "opening":
        faults.append(f"truck {row.truck_id} is {row.state}: the gate rule did not let it go")
    opened = tx.connection.execute(
        select(command.c.command_id).where(
            command.c.truck_id == row.truck_id,
            command.c.verb == "open",
            # Unknown: its gate may have opened, and the rule had held.
            command.c.outcome.in_(("pending", "done", "unknown")),
        )
    ).first()
    if opened is None:
        faults.append("no open command of its gate stands")
    for carton in cartons:
        fault = stock.transition_fault(
            carton.status,
            stock.Status.GATED_OUT,
            holds_count=carton.holds_count,
            is_released=carton.is_released,
        )
        if fault is not None:
            faults.append(f"unit {carton.unit} is {carton.status}: {fault}")
    return faults


def _let_out(tx: Tx, carton: AnyRow) -> None:
    tx.record(
        "unit.changed",
        unit=carton.unit,
        set={"status": stock.Status.GATED_OUT.value, "place": "gone"},
    )
    # Its declaration is released and it has passed the gate: both conditions of the deduction.
    tx.record("book.out", book_line=carton.book_line, count=1, unit=carton.unit)
    tx.record("unit.changed", unit=carton.unit, set={"status": stock.Status.DEDUCTED.value})
    is_closed = tx.connection.execute(
        select(declaration.c.is_closed).where(declaration.c.declaration_id == carton.declaration_id)
    ).scalar()
    if is_closed:
        write_off(tx, str(carton.unit))


def _close_order(tx: Tx, order_id: str) -> None:
    left = tx.connection.execute(
        select(unit.c.unit).where(unit.c.order_id == order_id, unit.c.place != "gone").limit(1)
    ).first()
    if left is None:
        tx.record("order.changed", order_id=order_id, set={"state": "gone", "blocked_by": []})
        finish_order(tx, order_id)


def finish_order(tx: Tx, order_id: str) -> None:
    """Close an order that has gone and whose cartons are all written off."""
    state = tx.connection.execute(select(sale.c.state).where(sale.c.order_id == order_id)).scalar()
    left = tx.connection.execute(
        select(unit.c.unit)
        .where(unit.c.order_id == order_id, unit.c.status != stock.Status.WRITTEN_OFF)
        .limit(1)
    ).first()
    if state == "gone" and left is None:
        tx.record("order.changed", order_id=order_id, set={"state": "closed"})


def _tell_customs(tx: Tx, row: AnyRow) -> None:
    documents = tx.connection.execute(
        select(passport).where(passport.c.truck_id == row.truck_id, passport.c.state == "approved")
    ).all()
    for document in documents:
        tx.uns(
            ("customs", "passport"),
            "entrepot.customs.passport",
            {
                "what": "passed",
                "passport_id": document.passport_id,
                "truck_id": row.truck_id,
                "plate": document.plate,
                "pass_collect_mass_g": row.weighed_mass_g,
                "passed_at": tx.at,
            },
        )
