"""Transport: planned tasks go to the nearest free vehicle; a lost order is sent again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from gateway.dispatch.rows import open_tasks, rows
from gateway.ledger import schema
from gateway.vehicles.orders import Node, node_id, nodes_of, send
from gateway.vehicles.state import change_task

if TYPE_CHECKING:
    from gateway.dispatch.rows import Row
    from gateway.ledger.store import Tx
    from gateway.live import Live, VehicleLive

STATE_AGE_S_MAX: Final = 10.0
ORDER_LOST_S: Final = 5.0
"""An idle vehicle that still shows another order after so long never took ours."""

PRIORITY: Final = {"unload": 0, "load": 1, "return": 2, "pick": 3, "putaway": 4}
MOVABLE: Final = {
    "pick": frozenset({"RELEASED"}),
    "load": frozenset({"PASSPORT_APPROVED"}),
}
"""Duty statuses that a carton must still have when its vehicle is sent."""


def assign(tx: Tx, live: Live, now_s: float) -> None:
    """Send planned tasks to free vehicles, and lost orders again."""
    tasks = open_tasks(tx)
    _resend(tx, live, now_s, tasks)
    busy = {task["vehicle"] for task in tasks if task["state"] in {"sent", "picked"}}
    free = {
        vehicle.serial: live.vehicles[vehicle.serial]
        for vehicle in tx.site.vehicles
        if vehicle.serial not in busy and _is_free(live, vehicle.serial, now_s)
    }
    planned = [task for task in tasks if task["state"] == "planned"]
    if not planned:
        return
    nodes = nodes_of(tx.site)
    carries = {vehicle.serial: vehicle.carries for vehicle in tx.site.vehicles}
    for task in sorted(planned, key=lambda task: PRIORITY[task["what"]]):
        if not _stands(tx, task):
            continue
        fitting = [one for name, one in free.items() if carries[name] == task["carries"]]
        if not fitting:
            continue
        source = nodes[node_id(tx, task["source"])]
        nearest = min(fitting, key=lambda one: (_distance_m(one, source), one.serial))
        del free[nearest.serial]
        change_task(tx, task, state="sent", vehicle=nearest.serial)
        send(tx, task, serial=nearest.serial, last_node=nearest.last_node)


def _is_free(live: Live, serial: str, now_s: float) -> bool:
    vehicle = live.vehicles.get(serial)
    if vehicle is None or now_s - vehicle.at_s > STATE_AGE_S_MAX:
        return False
    return vehicle.is_online and vehicle.is_idle and not vehicle.loads


def _distance_m(vehicle: VehicleLive, node: Node) -> float:
    return abs(vehicle.x_m - node.x_m) + abs(vehicle.y_m - node.y_m)


def _stands(tx: Tx, task: Row) -> bool:
    """Tell whether a planned task may start; one whose load has gone elsewhere ends here."""
    if task["carries"] == "pallet":
        unit = schema.unit
        holds = select(unit.c.unit).where(
            unit.c.sscc == task["subject"],
            unit.c.holds_count > 0,
            unit.c.place == task["source"],
        )
        return not rows(tx, holds.limit(1))
    unit_row = rows(tx, select(schema.unit).where(schema.unit.c.unit == task["subject"]))
    if not unit_row:  # A tag that is no carton of ours, to be taken off a truck.
        return True
    held = unit_row[0]
    wanted = MOVABLE.get(task["what"])
    is_elsewhere = task["what"] != "unload" and held["place"] != task["source"]
    if is_elsewhere or (wanted is not None and held["status"] not in wanted):
        change_task(tx, task, state="failed", why="no longer wanted: the carton moved or changed")
        return False
    return wanted is None or not held["holds_count"]


def _resend(tx: Tx, live: Live, now_s: float, tasks: list[Row]) -> None:
    for task in tasks:
        key = ("order-lost", task["task_id"])
        vehicle = live.vehicles.get(task["vehicle"] or "")
        if task["state"] not in {"sent", "picked"} or vehicle is None:
            continue
        is_lost = vehicle.is_online and vehicle.is_idle and vehicle.order_id != task["task_id"]
        if not is_lost:
            live.since.pop(key, None)
        elif now_s - live.since.setdefault(key, now_s) > ORDER_LOST_S:
            live.since[key] = now_s
            send(tx, task, serial=vehicle.serial, last_node=vehicle.last_node)
