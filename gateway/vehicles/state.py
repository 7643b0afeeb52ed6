"""What a vehicle's state message does to its task, and to the places of what it carries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from gateway.alarms import acts
from gateway.ledger import schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.ledger.store import Tx

OPEN_STATES: Final = ("sent", "picked")
EVENT_TYPE: Final = "entrepot.dispatch.event"


def on_state(tx: Tx, serial: str, state: Mapping[str, object]) -> None:
    """Apply a state message: pick and drop that finished or failed; all else is no news."""
    if serial not in {vehicle.serial for vehicle in tx.site.vehicles}:
        acts.raise_alarm(tx, "vehicle-unknown", serial, f"vehicle {serial[:64]} is not in the site")
        return
    order_id = state.get("orderId")
    if not isinstance(order_id, str) or not order_id:
        return
    task = _open_task(tx, serial, order_id)
    if task is None:
        return
    actions = _actions(state)
    pick = actions.get(f"{order_id}-pick", "")
    drop = actions.get(f"{order_id}-drop", "")
    evidence = f"vda5050:{serial}/{order_id}"
    if "FAILED" in {pick, drop}:
        _fail(tx, task, serial=serial, what="pick" if pick == "FAILED" else "drop")
        return
    if pick == "FINISHED" and task["state"] == "sent":
        _lift(tx, task, place=f"vehicle:{serial}", evidence=f"{evidence}/pick")
        change_task(tx, task, state="picked")
    if drop == "FINISHED":
        _set_down(tx, task, place=task["target"], evidence=f"{evidence}/drop")
        change_task(tx, task, state="finished")


def change_task(tx: Tx, task: Mapping[str, Any], *, state: str, **also: str | None) -> None:
    """Record a task's new state and tell it on the business plane."""
    held = select(schema.task.c.state).where(schema.task.c.task_id == task["task_id"])
    before = tx.connection.execute(held).scalar_one()
    # `set` is the entry's own word.
    tx.record("task.changed", task_id=task["task_id"], set={"state": state, **also})
    data = {"what": f"task {task['what']}", "id": task["task_id"], "from": before, "to": state}
    tx.uns(("dispatch", "event"), EVENT_TYPE, {**data, "blocked_by": []})


def _open_task(tx: Tx, serial: str, order_id: str) -> Mapping[str, Any] | None:
    query = select(schema.task).where(
        schema.task.c.task_id == order_id,
        schema.task.c.vehicle == serial,
        schema.task.c.state.in_(OPEN_STATES),
    )
    row = tx.connection.execute(query).mappings().one_or_none()
    return None if row is None else dict(row)


def _actions(state: Mapping[str, object]) -> dict[str, str]:
    rows = state.get("actionStates")
    if not isinstance(rows, list):
        return {}
    return {
        str(row.get("actionId")): str(row.get("actionStatus"))
        for row in rows
        if isinstance(row, dict)
    }


def _fail(tx: Tx, task: Mapping[str, Any], *, serial: str, what: str) -> None:
    change_task(tx, task, state="failed", why=f"{serial} could not {what}")
    text = f"{serial} could not {what} {task['subject']} ({task['source']} to {task['target']})"
    acts.raise_alarm(tx, "task-failed", task["task_id"], text)


def _lift(tx: Tx, task: Mapping[str, Any], *, place: str, evidence: str) -> None:
    if task["what"] == "unload":
        return  # The portal proves what comes off a truck.
    for unit in _carried(tx, task):
        if unit["place"] in {task["source"], "expected"}:
            _move(tx, unit["unit"], place=place, evidence=evidence)
    if task["carries"] == "pallet":
        tx.record("pallet.changed", sscc=task["subject"], set={"place": place})


def _set_down(tx: Tx, task: Mapping[str, Any], *, place: str, evidence: str) -> None:
    if task["what"] == "load":
        return  # The portal proves what goes onto a truck.
    for unit in _carried(tx, task):
        if unit["place"] != place:
            _move(tx, unit["unit"], place=place, evidence=evidence)
    if task["carries"] == "pallet":
        tx.record("pallet.changed", sscc=task["subject"], set={"place": place, "state": "stored"})


def _carried(tx: Tx, task: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the cartons that a task's load consists of."""
    unit = schema.unit
    if task["carries"] == "carton":
        query = select(unit.c.unit, unit.c.place).where(unit.c.unit == task["subject"])
    else:
        # Cartons that were picked off their pallet stand elsewhere; one that never was received
        # is not on it.
        aboard = (task["source"], f"vehicle:{task['vehicle']}", "expected")
        query = select(unit.c.unit, unit.c.place).where(
            unit.c.sscc == task["subject"],
            unit.c.place.in_(aboard),
            unit.c.status != "ADVISED",
        )
    return [dict(row) for row in tx.connection.execute(query).mappings()]


def _move(tx: Tx, unit: str, *, place: str, evidence: str) -> None:
    tx.record(
        "unit.changed",
        unit=unit,
        set={"place": place, "place_at": tx.at, "place_evidence": evidence},
    )
