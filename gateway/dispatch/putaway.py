"""Putaway: a checked pallet without holds gets a place, a reason and a task."""

from __future__ import annotations

import secrets
from collections import Counter
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from gateway.dispatch.rows import busy_subjects, open_tasks, plan_task, rows
from gateway.ledger import schema
from gateway.slotting.needs import CartonStack, Hall, PalletNeed, stack_height_mm
from gateway.slotting.putaway import decide

if TYPE_CHECKING:
    from gateway.dispatch.rows import Row
    from gateway.ledger.store import Tx
    from gateway.slotting.putaway import Decision

EVENT_TYPE: Final = "entrepot.slotting.decision"


def put_away(tx: Tx) -> None:
    """Decide and plan a task for every pallet that waits; one decision a pallet."""
    pallet = schema.pallet
    waiting = rows(tx, select(pallet).where(pallet.c.state == "checked").order_by(pallet.c.sscc))
    if not waiting:
        return
    busy = busy_subjects(tx)
    for one in waiting:
        if one["sscc"] in busy or not one["place"].startswith("dock:"):
            continue
        units = _units_on(tx, one["sscc"])
        if not units or any(unit["holds_count"] for unit in units):
            continue
        decision = decide(_need(tx, one, units), hall_now(tx, one["place"]))
        if decision.location is None:
            continue  # The alarm rule putaway-blocked says so; a freed place is tried again.
        _record(tx, decision)
        target = f"location:{decision.location}"
        plan_task(
            tx,
            "putaway",
            carries="pallet",
            subject=one["sscc"],
            source=one["place"],
            target=target,
            why=f"least score {decision.score:g} m of {len(decision.rejected) + 1} weighed",
        )


def free_location(tx: Tx, unit: Row) -> str | None:
    """Return where a loose carton goes back to: its pallet's place if stored, else a free one."""
    pallet = schema.pallet
    home = rows(tx, select(pallet).where(pallet.c.sscc == unit["sscc"]))
    if home and home[0]["state"] == "stored" and home[0]["place"].startswith("location:"):
        return str(home[0]["place"])
    goods = rows(tx, select(schema.goods).where(schema.goods.c.goods_id == unit["goods_id"]))
    if not goods:
        return None
    row = {"sscc": unit["sscc"], "gross_mass_g": goods[0]["carton_mass_g"], "weighed_mass_g": None}
    dock = next(dock.id for dock in tx.site.docks if dock.purpose == "inbound")
    decision = decide(_need(tx, row, [{**unit, **goods[0]}]), hall_now(tx, f"dock:{dock}"))
    return f"location:{decision.location}" if decision.location is not None else None


def hall_now(tx: Tx, dock_place: str) -> Hall:
    """Return the hall as slotting sees it: what is taken, by whom, and which zones are sick."""
    locations = tx.site.locations()
    unit, pallet, alarm = schema.unit, schema.pallet, schema.alarm
    taken: dict[str, str] = {}
    owners: dict[tuple[str, int], set[str]] = {}

    def occupy(place: str, owner: str | None, why: str) -> None:
        name = place.removeprefix("location:")
        if name not in locations:
            return
        taken.setdefault(name, why)
        if owner is not None:
            owners.setdefault((locations[name].rack, locations[name].bay), set()).add(owner)

    stored = select(unit.c.place, unit.c.owner_id).where(unit.c.place.like("location:%")).distinct()
    for row in rows(tx, stored):
        occupy(row["place"], row["owner_id"], "a pallet stands there")
    standing = select(pallet.c.place).where(
        pallet.c.place.like("location:%"), pallet.c.state == "stored"
    )
    for row in rows(tx, standing):
        occupy(row["place"], None, "a pallet stands there")
    for task in open_tasks(tx):
        if task["target"].startswith("location:"):
            occupy(task["target"], _owner_of(tx, task), "a pallet is on its way there")
    sick = select(alarm.c.subject).where(
        alarm.c.definition == "climate-excursion", alarm.c.cleared_at.is_(None)
    )
    dock_id = dock_place.removeprefix("dock:")
    dock = next((one for one in tx.site.docks if one.id == dock_id), tx.site.docks[0])
    return Hall(
        locations=locations,
        dock=dock.at,
        staging=tx.site.stagings[0].at,
        taken=taken,
        owners={bay: frozenset(names) for bay, names in owners.items()},
        zones_out_of_band=frozenset(row["subject"] for row in rows(tx, sick)),
    )


def _owner_of(tx: Tx, task: Row) -> str | None:
    unit = schema.unit
    is_subject = unit.c.sscc if task["carries"] == "pallet" else unit.c.unit
    query = select(unit.c.owner_id).where(is_subject == task["subject"]).limit(1)
    return tx.connection.execute(query).scalar_one_or_none()


def _units_on(tx: Tx, sscc: str) -> list[Row]:
    unit, goods = schema.unit, schema.goods
    query = (
        select(unit, goods)
        .join(goods, goods.c.goods_id == unit.c.goods_id)
        .where(unit.c.sscc == sscc, unit.c.status != "ADVISED", unit.c.place != "gone")
    )
    return rows(tx, query)


def _need(tx: Tx, pallet: Row, units: list[Row]) -> PalletNeed:
    counts = Counter(unit["goods_id"] for unit in units)
    by_goods = {unit["goods_id"]: unit for unit in units}
    stacks = [
        CartonStack(
            count=count,
            length_mm=by_goods[goods]["length_mm"],
            width_mm=by_goods[goods]["width_mm"],
            height_mm=by_goods[goods]["height_mm"],
        )
        for goods, count in sorted(counts.items())
    ]
    expiries = [unit["expires_on"] for unit in units if unit["expires_on"]]
    today = date.fromisoformat(tx.at[:10])
    return PalletNeed(
        sscc=pallet["sscc"],
        owner_id=units[0]["owner_id"],
        zones=frozenset(unit["zone"] for unit in units),
        mass_g=pallet["weighed_mass_g"] or pallet["gross_mass_g"],
        height_mm=stack_height_mm(stacks),
        velocity_ratio=_velocity_ratio(tx, counts),
        days_left=(date.fromisoformat(min(expiries)) - today).days if expiries else None,
    )


def _velocity_ratio(tx: Tx, goods: Counter[str]) -> float:
    """Return how much was ordered of a pallet's fastest goods, of the most ordered goods."""
    unit = schema.unit
    query = (
        select(unit.c.goods_id, func.count().label("ordered_count"))
        .where(unit.c.order_id.is_not(None))
        .group_by(unit.c.goods_id)
    )
    ordered = {row["goods_id"]: row["ordered_count"] for row in rows(tx, query)}
    most = max(ordered.values(), default=0)
    if most == 0:
        return 0.0
    return round(float(max(ordered.get(one, 0) for one in goods)) / most, 3)


def _record(tx: Tx, decision: Decision) -> None:
    rejected = [asdict(one) for one in decision.rejected]
    tx.record(
        "decision.made",
        decision={
            "decision_id": f"slot-{secrets.token_hex(6)}",
            "sscc": decision.sscc,
            "location": decision.location,
            "score": decision.score,
            "terms": decision.terms,
            "rejected": rejected,
            "at": tx.at,
        },
    )
    data = {
        "unit": decision.sscc,
        "location": decision.location,
        "score": decision.score,
        "terms": decision.terms,
        "rejected": rejected,
    }
    tx.uns(("slotting", "decision"), EVENT_TYPE, data)
