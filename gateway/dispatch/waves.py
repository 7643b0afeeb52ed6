"""Waves: a docked truck takes its carrier's staged orders, gets a gate passport, is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from gateway.dispatch.rows import (
    OPEN_TASK_STATES,
    busy_subjects,
    change_order,
    change_truck,
    plan_task,
    rows,
    tell,
    units_at,
    units_of_order,
)
from gateway.ledger import schema

if TYPE_CHECKING:
    from gateway.dispatch.rows import Row
    from gateway.ledger.store import Tx

TRUCK_CARTONS_COUNT: Final = 6
"""Unless the site's rule `truck_cartons_max` says otherwise."""
PASSPORT_TYPE: Final = "entrepot.customs.passport"


def run_waves(tx: Tx) -> None:
    """Bind staged orders to docked trucks; plan the loading of approved cartons; empty others."""
    truck = schema.truck
    query = select(truck).where(
        truck.c.purpose == "outbound", truck.c.state.in_(("docked", "loading", "unloading"))
    )
    for one in rows(tx, query.order_by(truck.c.truck_id)):
        if one["state"] == "docked" and one["seen_plate"]:
            _bind(tx, one)
        elif one["state"] == "loading":
            _load(tx, one)
        elif one["state"] == "unloading":
            _unload(tx, one)


def active_passport(tx: Tx, truck_id: str) -> Row | None:
    """Return the truck's newest passport unless it was taken back."""
    table = schema.passport
    found = rows(tx, select(table).where(table.c.truck_id == truck_id))
    if not found:
        return None
    newest = max(found, key=lambda row: int(row["passport_id"].rpartition("-")[2]))
    return None if newest["state"] in {"void", "deleted"} else newest


def _bind(tx: Tx, truck: Row) -> None:
    sale = schema.sale
    query = select(sale).where(sale.c.state == "staged", sale.c.carrier_id == truck["carrier_id"])
    left = _cartons_count_max(tx)
    wave: list[Row] = []
    units: list[Row] = []
    for order in rows(tx, query.order_by(sale.c.cutoff_at, sale.c.order_id)):
        cartons = units_of_order(tx, order["order_id"])
        is_fit = all(one["status"] == "RELEASED" and not one["holds_count"] for one in cartons)
        # An order larger than a truck's share still has to leave: alone.
        if is_fit and cartons and (len(cartons) <= left or not wave):
            wave.append(order)
            units += cartons
            left -= len(cartons)
    if not wave:
        return
    passport = _apply(tx, truck, units)
    for unit in units:
        changes = {"status": "PASSPORT_BOUND", "passport_id": passport}
        tx.record("unit.changed", unit=unit["unit"], set=changes)
    for order in wave:
        change_order(tx, order, state="loading", truck_id=truck["truck_id"])
    change_truck(tx, truck, state="loading", refusal="")


def _cartons_count_max(tx: Tx) -> int:
    try:
        return int(tx.site.rule("truck_cartons_max", tx.at[:10]))
    except KeyError:
        return TRUCK_CARTONS_COUNT


def _apply(tx: Tx, truck: Row, units: list[Row]) -> str:
    """Apply for a gate passport and return its id."""
    table = schema.passport
    count = select(func.count()).where(table.c.truck_id == truck["truck_id"])
    number = tx.connection.execute(count).scalar_one() + 1
    mass = select(schema.goods.c.goods_id, schema.goods.c.carton_mass_g)
    masses_g = {row["goods_id"]: row["carton_mass_g"] for row in rows(tx, mass)}
    passport = {
        "passport_id": f"P-{truck['truck_id']}-{number}",
        "truck_id": truck["truck_id"],
        "plate": truck["plate"],
        "state": "applied",
        "total_mass_g": truck["tare_g"] + sum(masses_g[unit["goods_id"]] for unit in units),
        "units": [unit["unit"] for unit in units],
        "changed_at": tx.at,
    }
    tx.record("passport.applied", passport=passport)
    data = {key: value for key, value in passport.items() if key not in {"state", "changed_at"}}
    tx.uns(
        ("customs", "passport"),
        PASSPORT_TYPE,
        {"what": "applied", **data, "tare_g": truck["tare_g"], "binding_type": 1},
    )
    tell(tx, "passport", str(passport["passport_id"]), before="", after="applied")
    return str(passport["passport_id"])


def _load(tx: Tx, truck: Row) -> None:
    passport = active_passport(tx, truck["truck_id"])
    if passport is None:
        _start_again(tx, truck)
        return
    if passport["state"] != "approved":
        return
    unit = schema.unit
    query = select(unit).where(unit.c.passport_id == passport["passport_id"])
    units = rows(tx, query.order_by(unit.c.unit))
    place = f"truck:{truck['truck_id']}"
    if all(one["place"] == place for one in units):
        change_truck(tx, truck, state="loaded")
        _orders_loaded(tx, truck)
        return
    busy = busy_subjects(tx)
    for one in units:
        is_ready = one["status"] == "PASSPORT_APPROVED" and not one["holds_count"]
        if is_ready and one["place"].startswith("staging:") and one["unit"] not in busy:
            plan_task(
                tx,
                "load",
                carries="carton",
                subject=one["unit"],
                source=one["place"],
                target=place,
                order_id=one["order_id"],
                truck_id=truck["truck_id"],
                why=f"gate passport {passport['passport_id']} approved",
            )


def _start_again(tx: Tx, truck: Row) -> None:
    """Bind anew when customs took the passport back before anything was aboard.

    With cartons aboard the gate refuses the truck, and a person sends it away.
    """
    task, sale = schema.task, schema.sale
    mine = select(task.c.task_id).where(
        task.c.truck_id == truck["truck_id"], task.c.state.in_(OPEN_TASK_STATES)
    )
    if rows(tx, mine.limit(1)) or units_at(tx, f"truck:{truck['truck_id']}"):
        return
    orders = select(sale).where(sale.c.truck_id == truck["truck_id"], sale.c.state == "loading")
    for order in rows(tx, orders):
        change_order(tx, order, state="picking", truck_id=None)
    change_truck(tx, truck, state="docked")


def _orders_loaded(tx: Tx, truck: Row) -> None:
    sale = schema.sale
    query = select(sale).where(sale.c.truck_id == truck["truck_id"], sale.c.state == "loading")
    for order in rows(tx, query):
        change_order(tx, order, state="loaded")


def _unload(tx: Tx, truck: Row) -> None:
    """Plan unloading of all that stands on the truck, proven by the portal or only by a task."""
    place = f"truck:{truck['truck_id']}"
    target = f"staging:{tx.site.stagings[0].id}"
    task, tag = schema.task, schema.foreign_tag
    tasks = rows(tx, select(task).where(task.c.truck_id == truck["truck_id"]))
    subjects = [row["unit"] for row in units_at(tx, place)]
    subjects += [
        row["tag"] for row in rows(tx, select(tag).where(tag.c.truck_id == truck["truck_id"]))
    ]
    subjects += _loaded_unseen(tx, tasks)
    open_subjects = busy_subjects(tx)
    tried = {row["subject"] for row in tasks if row["what"] == "unload"}
    for subject in sorted(set(subjects) - open_subjects):
        if subject in tried and not _may_retry(tasks, subject):
            continue
        plan_task(
            tx,
            "unload",
            carries="carton",
            subject=subject,
            source=place,
            target=target,
            truck_id=truck["truck_id"],
            why="the truck was sent away",
        )


def _loaded_unseen(tx: Tx, tasks: list[Row]) -> list[str]:
    """Return cartons aboard on a vehicle's word only: the portal saw nothing."""
    done = {row["subject"] for row in tasks if row["what"] == "load" and row["state"] == "finished"}
    unit = schema.unit
    query = select(unit.c.unit).where(unit.c.unit.in_(done), unit.c.place.like("vehicle:%"))
    return [row["unit"] for row in rows(tx, query)]


def _may_retry(tasks: list[Row], subject: str) -> bool:
    """Tell whether to unload again: after a failure, or after a later loading."""
    mine = [row for row in tasks if row["what"] == "unload" and row["subject"] == subject]
    newest = max(mine, key=lambda row: (row["created_at"], row["task_id"]))
    if newest["state"] == "failed":
        return True
    loads = [row for row in tasks if row["what"] == "load" and row["subject"] == subject]
    return any(row["created_at"] > newest["created_at"] for row in loads)
