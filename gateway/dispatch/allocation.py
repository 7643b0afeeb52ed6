"""Allocation: orders by cut-off take whole cartons, first expired first out, one carton once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sqlalchemy import select

from gateway.dispatch.rows import PAPERS, blocked_rows, change_order, rows
from gateway.ledger import documents, schema

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway.dispatch.rows import Row
    from gateway.ledger.store import Tx


def allocate(tx: Tx) -> None:
    """Give every open order its cartons if all of them are there; then match and declare it."""
    sale = schema.sale
    query = select(sale).where(sale.c.state.in_(("open", "allocated", "matched")))
    orders = rows(tx, query.order_by(sale.c.cutoff_at, sale.c.order_id))
    if not orders:
        return
    stock: list[Row] | None = None
    for order in orders:
        if order["state"] == "open":
            stock = free_units(tx) if stock is None else stock
            chosen = choose(json.loads(order["lines"]), stock)
            if chosen is None:
                continue
            taken = {unit["unit"] for unit in chosen}
            stock = [unit for unit in stock if unit["unit"] not in taken]
            for unit in chosen:
                changes = {"status": "ALLOCATED", "order_id": order["order_id"]}
                tx.record("unit.changed", unit=unit["unit"], set=changes)
            change_order(tx, order, state="allocated")
            documents.match(tx, order["order_id"])
        elif order["state"] == "matched":
            documents.declare(tx, order["order_id"])
        elif not any(row.get("rule") == PAPERS for row in blocked_rows(order["blocked_by"])):
            # Each new document matches its order again; one that waits for none was missed.
            documents.match(tx, order["order_id"])


def free_units(tx: Tx) -> list[Row]:
    """Return the cartons that an order may take, first expired first; what expires never, last."""
    unit = schema.unit
    query = select(unit.c.unit, unit.c.goods_id, unit.c.expires_on, unit.c.lot).where(
        unit.c.status == "BOOKED",
        unit.c.order_id.is_(None),
        unit.c.holds_count == 0,
        unit.c.place.like("location:%"),
    )
    today = tx.at[:10]
    found = [row for row in rows(tx, query) if not row["expires_on"] or row["expires_on"] > today]
    return sorted(found, key=lambda row: (row["expires_on"] or "9999", row["lot"], row["unit"]))


def choose(lines: Iterable[Row], stock: Iterable[Row]) -> list[Row] | None:
    """Return the cartons for all lines of an order, in the order of `stock`, or None (pure)."""
    left = list(stock)
    chosen: list[Row] = []
    for line in lines:
        fitting = [unit for unit in left if unit["goods_id"] == line["goods_id"]]
        taken = fitting[: line["cartons_count"]]
        if len(taken) < line["cartons_count"]:
            return None
        chosen += taken
        names = {unit["unit"] for unit in taken}
        left = [unit for unit in left if unit["unit"] not in names]
    return chosen
