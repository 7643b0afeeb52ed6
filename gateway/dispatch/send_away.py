"""Sending a truck away: its passport is void, its cartons come back, its orders wait again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from gateway.dispatch.rows import OPEN_TASK_STATES, change_order, change_truck, rows, tell
from gateway.dispatch.waves import PASSPORT_TYPE, active_passport
from gateway.ledger import documents, schema
from gateway.vehicles.state import change_task

if TYPE_CHECKING:
    from gateway.dispatch.rows import Row
    from gateway.ledger.store import Tx


def send_away(tx: Tx, truck: Row, reason: str, *, by: str) -> None:
    """Void the passport, free its cartons and orders; the unloading follows by itself.

    The orders' own entries keep who did it and why: dispatch soon tells what blocks them next.
    """
    passport = active_passport(tx, truck["truck_id"])
    if passport is not None:
        documents.void_passport(tx, passport["passport_id"])
        data = {"what": "void", "passport_id": passport["passport_id"], "reason": reason}
        tx.uns(("customs", "passport"), PASSPORT_TYPE, {**data, "truck_id": truck["truck_id"]})
        name = passport["passport_id"]
        tell(tx, "passport", name, before=passport["state"], after="void")
    task, sale = schema.task, schema.sale
    planned = select(task).where(
        task.c.truck_id == truck["truck_id"],
        task.c.what == "load",
        task.c.state == OPEN_TASK_STATES[0],
    )
    for row in rows(tx, planned):
        change_task(tx, row, state="failed", why="the truck was sent away")
    orders = select(sale).where(
        sale.c.truck_id == truck["truck_id"], sale.c.state.in_(("loading", "loaded"))
    )
    what = f"truck {truck['truck_id']} was sent away by {by}: {reason}"
    blocked = {"rule": "sent-away", "what": what, "who": "vehicles", "by": by, "reason": reason}
    for order in rows(tx, orders):
        # Staged again as soon as all its cartons are back in staging.
        away = [{**blocked, "truck_id": truck["truck_id"]}]
        change_order(tx, order, state="picking", truck_id=None, blocked_by=away)
    change_truck(tx, truck, state="unloading", refusal="")
