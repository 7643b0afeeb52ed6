"""What the page reads from the ledger: one function a subject, plain rows out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, or_, select

from gateway.ledger import schema

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select

Rows = list[dict[str, Any]]
ORDERS_COUNT: Final = 60
EVENTS_COUNT: Final = 40
FOUND_COUNT_MAX: Final = 20
STORY_COUNT_MAX: Final = 400
_ENDED: Final = ("gone", "closed", "cancelled", "refused")


def rows(connection: Connection, query: Select[Any]) -> Rows:
    """Return rows as dictionaries."""
    return [dict(row) for row in connection.execute(query).mappings()]


def alarms(connection: Connection) -> Rows:
    """Return active alarms, worst and newest first, then the last cleared ones."""
    table = schema.alarm
    active = rows(connection, select(table).where(table.c.cleared_at.is_(None)))
    order = {"critical": 0, "high": 1, "warning": 2}
    active.sort(key=lambda row: row["since"], reverse=True)
    active.sort(key=lambda row: order.get(row["severity"], 3))
    cleared = select(table).where(table.c.cleared_at.is_not(None))
    return active + rows(connection, cleared.order_by(table.c.cleared_at.desc()).limit(20))


def holds(connection: Connection) -> Rows:
    """Return open holds with the pallet and place of their carton."""
    hold, unit = schema.hold, schema.unit
    query = (
        select(hold, unit.c.sscc, unit.c.place, unit.c.goods_id)
        .join(unit, unit.c.unit == hold.c.unit)
        .where(hold.c.lifted_at.is_(None))
        .order_by(hold.c.since.desc(), hold.c.hold_id)
    )
    return rows(connection, query)


def trucks(connection: Connection) -> Rows:
    """Return trucks that are here or expected, and the last ones gone; refusals unpacked."""
    table = schema.truck
    here = rows(
        connection,
        select(table).where(table.c.state != "gone").order_by(table.c.changed_at.desc()),
    )
    gone = rows(
        connection,
        select(table).where(table.c.state == "gone").order_by(table.c.changed_at.desc()).limit(6),
    )
    found = here + gone
    for row in found:
        row["refusal"] = json.loads(row["refusal"] or "[]")
        row["aboard_count"] = connection.execute(
            select(func.count())
            .select_from(schema.unit)
            .where(schema.unit.c.place == f"truck:{row['truck_id']}")
        ).scalar_one()
    return found


def orders(connection: Connection) -> Rows:
    """Return open orders by cut-off, then the last ended ones; what blocks them unpacked."""
    table = schema.sale
    is_open = table.c.state.not_in(_ENDED)
    found = rows(
        connection, select(table).where(is_open).order_by(table.c.cutoff_at).limit(ORDERS_COUNT)
    )
    ended = select(table).where(~is_open).order_by(table.c.changed_at.desc()).limit(10)
    found += rows(connection, ended)
    for row in found:
        row["lines"] = json.loads(row["lines"])
        row["blocked_by"] = json.loads(row["blocked_by"] or "[]")
    return found


def units(connection: Connection) -> Rows:
    """Return every carton: identity, status, place."""
    table = schema.unit
    columns = (
        table.c.unit,
        table.c.epc_hex,
        table.c.goods_id,
        table.c.sscc,
        table.c.status,
        table.c.place,
        table.c.place_at,
        table.c.holds_count,
        table.c.order_id,
        table.c.lot,
        table.c.expires_on,
    )
    return rows(connection, select(*columns).order_by(table.c.unit))


def stock(connection: Connection) -> Rows:
    """Return cartons counted by goods and duty status."""
    unit, goods = schema.unit, schema.goods
    query = (
        select(
            unit.c.goods_id,
            goods.c.name_en,
            goods.c.name_zh,
            goods.c.zone,
            unit.c.status,
            func.count().label("cartons_count"),
        )
        .join(goods, goods.c.goods_id == unit.c.goods_id)
        .group_by(unit.c.goods_id, goods.c.name_en, goods.c.name_zh, goods.c.zone, unit.c.status)
        .order_by(unit.c.goods_id, unit.c.status)
    )
    return rows(connection, query)


def places(connection: Connection) -> Rows:
    """Return cartons counted by place, with the furthest-behind status and the holds there."""
    unit = schema.unit
    query = (
        select(
            unit.c.place,
            func.count().label("cartons_count"),
            func.sum(unit.c.holds_count).label("holds_count"),
            func.min(unit.c.sscc).label("sscc"),
        )
        .where(unit.c.place.not_in(("gone", "expected")))
        .group_by(unit.c.place)
    )
    return rows(connection, query)


def figures(connection: Connection) -> dict[str, Any]:
    """Return the key figures of the overview."""
    unit, guarantee, sale = schema.unit, schema.guarantee, schema.sale
    outside = ("ADVISED", "GATED_OUT", "DEDUCTED", "WRITTEN_OFF")
    in_bond = connection.execute(
        select(func.count()).select_from(unit).where(unit.c.status.not_in(outside))
    ).scalar_one()
    held = connection.execute(
        select(func.count()).select_from(unit).where(unit.c.holds_count > 0)
    ).scalar_one()
    released = connection.execute(
        select(func.count())
        .select_from(unit)
        .where(unit.c.status.in_(("RELEASED", "PASSPORT_BOUND", "PASSPORT_APPROVED")))
    ).scalar_one()
    risk = connection.execute(select(guarantee.c.reserved, guarantee.c.ceiling)).first()
    cutoff = connection.execute(
        select(func.min(sale.c.cutoff_at), func.count()).where(sale.c.state.not_in(_ENDED))
    ).one()
    return {
        "in_bond": in_bond,
        "held": held,
        "released_waiting": released,
        "duty_at_risk": risk[0] if risk else 0,
        "guarantee_ceiling": risk[1] if risk else 0,
        "next_cutoff_at": cutoff[0],
        "open_orders": cutoff[1],
    }


def events(connection: Connection, *, before: int | None = None) -> Rows:
    """Return the newest journal entries, or those before a number."""
    table = schema.journal
    query = select(table).order_by(table.c.n.desc()).limit(EVENTS_COUNT)
    if before is not None:
        query = query.where(table.c.n < before)
    found = rows(connection, query)
    for row in found:
        row["body"] = json.loads(row["body"])
    return found


def heads(connection: Connection) -> dict[str, dict[str, Any]]:
    """Return each edge's head."""
    table = schema.edge_head
    return {row["edge"]: row for row in rows(connection, select(table))}


def decisions(connection: Connection) -> Rows:
    """Return the newest putaway decisions with their reasons."""
    table = schema.decision
    found = rows(connection, select(table).order_by(table.c.at.desc()).limit(10))
    for row in found:
        row["terms"] = json.loads(row["terms"])
        row["rejected"] = json.loads(row["rejected"])
    return found


def tasks(connection: Connection) -> Rows:
    """Return open vehicle tasks."""
    table = schema.task
    is_open = table.c.state.in_(("planned", "sent", "picked"))
    return rows(connection, select(table).where(is_open).order_by(table.c.created_at).limit(40))


def dead_letters(connection: Connection) -> Rows:
    """Return the newest dead letters, with what a person decided; bodies as text, cut."""
    table, settled = schema.dead_letter, schema.letter_settled
    query = select(table, settled.c.how, settled.c.by, settled.c.at.label("settled_at")).join(
        settled, settled.c.letter_id == table.c.letter_id, isouter=True
    )
    found = rows(connection, query.order_by(table.c.letter_id.desc()).limit(50))
    for row in found:
        row["bytes_count"] = len(row["body"])
        row["body"] = bytes(row["body"])[:300].decode("utf-8", "replace")
    return found


def story(connection: Connection, unit: str) -> dict[str, Any] | None:
    """Return a carton with everything the journal says of it, each with its evidence."""
    table = schema.unit
    query = select(table).where(or_(table.c.unit == unit, table.c.epc_hex == unit.upper()))
    found = rows(connection, query)
    if not found:
        return None
    row = found[0]
    hold = schema.hold
    row["holds"] = rows(connection, select(hold).where(hold.c.unit == row["unit"]))
    row["goods"] = rows(
        connection, select(schema.goods).where(schema.goods.c.goods_id == row["goods_id"])
    )[0]
    entries = schema.journal
    told = rows(
        connection,
        select(entries)
        .where(entries.c.body.contains(row["unit"], autoescape=True))
        .order_by(entries.c.n)
        .limit(STORY_COUNT_MAX),
    )
    row["story"] = [
        {
            "n": one["n"],
            "at": one["at"],
            "kind": one["kind"],
            "cause": one["cause"],
            "what": _about(one["kind"], json.loads(one["body"]), row["unit"]),
        }
        for one in told
    ]
    return row


def _about(kind: str, body: dict[str, Any], unit: str) -> dict[str, Any]:
    """Return the part of an entry that is about one carton."""
    if kind == "unit.changed":
        return dict(body["set"])
    if kind == "notice.accepted":
        mine = [one for one in body["units"] if one["unit"] == unit]
        return {"notice_id": body["notice"]["notice_id"], "unit": mine[0] if mine else {}}
    if kind == "gate.decided":
        return {
            "truck_id": body["truck_id"],
            "is_open": body["is_open"],
            "refusal": body["refusal"],
        }
    return body


def search(connection: Connection, text: str) -> Rows:
    """Return cartons, pallets, orders and trucks that a text names in whole or in part."""
    wanted = text.replace("\0", "").strip()
    if not wanted:
        return []
    like = wanted.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    unit, pallet, sale, truck = schema.unit, schema.pallet, schema.sale, schema.truck
    sources: list[tuple[str, Select[Any]]] = [
        (
            "unit",
            select(unit.c.unit.label("id"), unit.c.status.label("state"), unit.c.place).where(
                or_(
                    unit.c.unit.ilike(f"%{like}%", escape="\\"),
                    unit.c.epc_hex.ilike(f"%{like}%", escape="\\"),
                    unit.c.sscc == wanted,
                    unit.c.order_id == wanted,
                )
            ),
        ),
        (
            "pallet",
            select(pallet.c.sscc.label("id"), pallet.c.state, pallet.c.place).where(
                pallet.c.sscc.ilike(f"%{like}%", escape="\\")
            ),
        ),
        (
            "order",
            select(
                sale.c.order_id.label("id"), sale.c.state, sale.c.carrier_id.label("place")
            ).where(sale.c.order_id.ilike(f"%{like}%", escape="\\")),
        ),
        (
            "truck",
            select(truck.c.truck_id.label("id"), truck.c.state, truck.c.plate.label("place")).where(
                or_(
                    truck.c.truck_id.ilike(f"%{like}%", escape="\\"),
                    truck.c.plate.ilike(f"%{like}%", escape="\\"),
                )
            ),
        ),
    ]
    found: Rows = []
    for kind, query in sources:
        for row in rows(connection, query.limit(FOUND_COUNT_MAX)):
            found.append({"kind": kind, **row})
    return found
