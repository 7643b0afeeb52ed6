"""What blocks each order and who must act, kept true in the order's row."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from gateway.dispatch.rows import ENDED_ORDER_STATES, PAPERS, blocked_rows, rows, units_of_order
from gateway.ledger import schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.dispatch.rows import Row
    from gateway.ledger.store import Tx

KEPT: Final = frozenset({PAPERS, "customs"})


def explain(tx: Tx) -> None:
    """Bring `blocked_by` of every order up to date; an unchanged one is not journalled."""
    sale = schema.sale
    query = select(sale).where(sale.c.state.not_in(ENDED_ORDER_STATES))
    for order in rows(tx, query.order_by(sale.c.cutoff_at, sale.c.order_id)):
        blocked = _reasons(tx, order)
        if blocked != blocked_rows(order["blocked_by"]):
            tx.record("order.changed", order_id=order["order_id"], set={"blocked_by": blocked})


def _row(what: str, who: str, rule: str) -> dict[str, str]:
    return {"rule": rule, "what": what, "who": who}


def _reasons(tx: Tx, order: Row) -> list[dict[str, str]]:
    units = units_of_order(tx, order["order_id"])
    find = _BY_STATE.get(order["state"])
    return _holds(tx, units) + (find(tx, order, units) if find is not None else [])


def _open(tx: Tx, order: Row, units: list[Row]) -> list[dict[str, str]]:
    return _stock(tx, order) + _kept(tx, order, units)


def _kept(_: Tx, order: Row, __: list[Row]) -> list[dict[str, str]]:
    """Return the rows that the matching of documents or customs' receipts wrote."""
    return [row for row in blocked_rows(order["blocked_by"]) if row.get("rule") in KEPT]


def _picking(_: Tx, __: Row, units: list[Row]) -> list[dict[str, str]]:
    away = sum(not unit["place"].startswith("staging:") for unit in units)
    what = f"{away} of {len(units)} cartons still to be picked"
    return [_row(what, "vehicles", "picking")] if away else []


def _staged(_: Tx, order: Row, __: list[Row]) -> list[dict[str, str]]:
    return [_row(f"waits for a truck of {order['carrier_id']}", "carrier", "truck")]


def _holds(tx: Tx, units: list[Row]) -> list[dict[str, str]]:
    held = [unit["unit"] for unit in units if unit["holds_count"]]
    if not held:
        return []
    hold = schema.hold
    query = (
        select(hold.c.kind, func.count(func.distinct(hold.c.unit)).label("units_count"))
        .where(hold.c.unit.in_(held), hold.c.lifted_at.is_(None))
        .group_by(hold.c.kind)
        .order_by(hold.c.kind)
    )
    return [
        _row(f"{row['kind']} hold on {row['units_count']} carton(s)", "shift lead", "hold")
        for row in rows(tx, query)
    ]


def _stock(tx: Tx, order: Row) -> list[dict[str, str]]:
    unit = schema.unit
    reasons: list[dict[str, str]] = []
    for line in json.loads(order["lines"]):
        goods = line["goods_id"]
        query = select(unit.c.status, unit.c.place, unit.c.holds_count, unit.c.order_id).where(
            unit.c.goods_id == goods, unit.c.status.in_(("ADVISED", "RECEIVED", "BOOKED"))
        )
        found = [row for row in rows(tx, query) if row["order_id"] is None]
        ready = [row for row in found if _is_ready(row)]
        lacking = line["cartons_count"] - len(ready)
        if lacking <= 0:
            continue
        held = sum(row["status"] == "BOOKED" and row["holds_count"] > 0 for row in found)
        what = f"not in stock: {goods}, {lacking} carton(s)"
        if held:
            reasons.append(_row(f"{what}; {held} on hold", "shift lead", "stock"))
        elif len(found) > len(ready):
            more = len(found) - len(ready)
            reasons.append(_row(f"{what}; {more} announced or at the dock", "receiving", "stock"))
        else:
            reasons.append(_row(what, "merchant", "stock"))
    return reasons


def _is_ready(row: Row) -> bool:
    is_stored = row["status"] == "BOOKED" and row["place"].startswith("location:")
    return bool(is_stored and not row["holds_count"])


def _loading(tx: Tx, order: Row, units: list[Row]) -> list[dict[str, str]]:
    bound = sum(unit["status"] == "PASSPORT_BOUND" for unit in units)
    if bound:
        return [_row("waiting for customs to approve the gate passport", "customs", "passport")]
    away = sum(not unit["place"].startswith("truck:") for unit in units)
    if away:
        return [_row(f"{away} of {len(units)} cartons still to be loaded", "vehicles", "loading")]
    return _gate(tx, order, units)


def _gate(tx: Tx, order: Row, _: list[Row]) -> list[dict[str, str]]:
    query = select(schema.truck.c.refusal).where(schema.truck.c.truck_id == order["truck_id"])
    refusal = tx.connection.execute(query).scalar_one_or_none()
    rules: dict[str, dict[str, str]] = {}
    for row in blocked_rows(refusal or ""):
        about = f" ({row['unit']})" if row["unit"] else ""
        rules.setdefault(row["rule"], _row(f"gate: {row['why']}{about}", row["who"], "gate"))
    return list(rules.values())


_BY_STATE: Final[dict[str, Callable[[Tx, Row, list[Row]], list[dict[str, str]]]]] = {
    "open": _open,
    "allocated": _kept,
    "declared": _kept,
    "released": _picking,
    "picking": _picking,
    "staged": _staged,
    "loading": _loading,
    "loaded": _gate,
}
