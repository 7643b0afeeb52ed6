"""Reading and changing the ledger's rows in dispatch's words; every change is told outside."""

from __future__ import annotations

import json
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from gateway.ledger import schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Select

    from gateway.ledger.store import Tx

    Row = Mapping[str, Any]

EVENT_TYPE: Final = "entrepot.dispatch.event"
OPEN_TASK_STATES: Final = ("planned", "sent", "picked")
PAPERS: Final = "three-documents"
"""The rule of `blocked_by` rows that the matching of documents writes."""
RETRY_S: Final = 10.0
"""A load whose vehicle could not pick or drop it is not ordered again sooner."""
ENDED_ORDER_STATES: Final = ("gone", "closed", "cancelled", "refused")


def rows(tx: Tx, query: Select[Any]) -> list[Row]:
    """Return all rows of a query as mappings."""
    return [dict(row) for row in tx.connection.execute(query).mappings()]


def open_tasks(tx: Tx) -> list[Row]:
    """Return the tasks that are not ended, oldest first."""
    task = schema.task
    query = select(task).where(task.c.state.in_(OPEN_TASK_STATES))
    return rows(tx, query.order_by(task.c.created_at, task.c.task_id))


def busy_subjects(tx: Tx) -> set[str]:
    """Return the loads that have an open task, or whose task failed a moment ago."""
    task = schema.task
    since = datetime.fromisoformat(tx.at) - timedelta(seconds=RETRY_S)
    failed = select(task.c.subject, task.c.changed_at).where(
        task.c.state == "failed", task.c.why.like("%could not%")
    )
    # Two instants may be written with different precision: compared as instants, not as texts.
    recent = {
        row["subject"]
        for row in rows(tx, failed)
        if datetime.fromisoformat(row["changed_at"]) > since
    }
    return recent | {row["subject"] for row in open_tasks(tx)}


def units_of_order(tx: Tx, order_id: str) -> list[Row]:
    """Return an order's cartons."""
    unit = schema.unit
    return rows(tx, select(unit).where(unit.c.order_id == order_id).order_by(unit.c.unit))


def units_at(tx: Tx, place: str) -> list[Row]:
    """Return the cartons in a place."""
    unit = schema.unit
    return rows(tx, select(unit).where(unit.c.place == place).order_by(unit.c.unit))


def blocked_rows(text: str) -> list[dict[str, str]]:
    """Return the rows of a JSON column `blocked_by` or `refusal`; an empty text has none."""
    held = json.loads(text) if text else []
    assert isinstance(held, list)
    return held


def tell(
    tx: Tx, what: str, name: str, *, before: str, after: str, blocked: Iterable[object] = ()
) -> None:
    """Publish `dispatch/event`."""
    data = {"what": what, "id": name, "from": before, "to": after}
    tx.uns(("dispatch", "event"), EVENT_TYPE, {**data, "blocked_by": list(blocked)})


def change_order(tx: Tx, sale: Row, **changes: object) -> None:
    """Change an order's row and tell a changed state."""
    tx.record("order.changed", order_id=sale["order_id"], set=changes)
    after = str(changes.get("state", sale["state"]))
    if after != sale["state"]:
        tell(tx, "order", sale["order_id"], before=sale["state"], after=after)


def change_truck(tx: Tx, truck: Row, **changes: object) -> None:
    """Change a truck's row and tell a changed state or refusal."""
    tx.record("truck.changed", truck_id=truck["truck_id"], set=changes)
    after = str(changes.get("state", truck["state"]))
    refusal = changes.get("refusal") or []
    assert isinstance(refusal, list)
    if after != truck["state"] or refusal:
        name = truck["truck_id"]
        blocked = [{"what": row["why"], "who": row["who"]} for row in refusal]
        tell(tx, "truck", name, before=truck["state"], after=after, blocked=blocked)


def plan_task(  # noqa: PLR0913 (a task has that many words)
    tx: Tx,
    what: str,
    *,
    carries: str,
    subject: str,
    source: str,
    target: str,
    order_id: str | None = None,
    truck_id: str | None = None,
    why: str = "",
) -> None:
    """Record a planned task; its id is drawn, so that a restored ledger never repeats one."""
    task_id = f"{what}-{secrets.token_hex(6)}"
    tx.record(
        "task.planned",
        task={
            "task_id": task_id,
            "what": what,
            "carries": carries,
            "subject": subject,
            "source": source,
            "target": target,
            "vehicle": None,
            "state": "planned",
            "order_id": order_id,
            "truck_id": truck_id,
            "why": why,
            "created_at": tx.at,
            "changed_at": tx.at,
        },
    )
    tell(tx, f"task {what}", task_id, before="", after="planned")
