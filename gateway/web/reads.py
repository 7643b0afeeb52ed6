"""What the page reads from the ledger: one function a subject, plain rows out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import case, func, or_, select

from gateway.ledger import schema
from gateway.web import stories

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Select

Rows = list[dict[str, Any]]
ORDERS_COUNT: Final = 60
EVENTS_COUNT: Final = 40
EVENTS_SCAN_COUNT: Final = 20_000
"""So many entries one page of a filtered journal looks at."""
WAITING: Final = ("RELEASED", "PASSPORT_BOUND", "PASSPORT_APPROVED")
"""Duty statuses of cartons that customs released and that still stand here."""
SOLD: Final = ("ALLOCATED", "MATCHED", "DECLARED")
GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "cartons": ("unit.", "pallet.", "book.", "guarantee.", "tag."),
    "holds": ("hold.",),
    "orders": ("order.", "payment.", "waybill."),
    "customs": ("declaration.", "passport.", "notice."),
    "trucks": ("truck.", "gate.", "command."),
    "vehicles": ("task.", "decision."),
    "alarms": ("alarm.",),
    "edges": ("custody",),
}
"""Kinds of entries as a person asks for them, by the beginning of their names; `house` is all but
the edges' rows."""
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
        row["aboard_count"] = _cartons_count(
            connection, schema.unit.c.place == f"truck:{row['truck_id']}"
        )
        row["departed_count"] = 0
    for row in gone:
        papers = select(schema.passport.c.passport_id).where(
            schema.passport.c.truck_id == row["truck_id"],
            schema.passport.c.state.not_in(("void", "deleted")),
        )
        row["departed_count"] = _cartons_count(
            connection, schema.unit.c.place == "gone", schema.unit.c.passport_id.in_(papers)
        )
    return found


def _cartons_count(connection: Connection, *where: ColumnElement[bool]) -> int:
    query = select(func.count()).select_from(schema.unit).where(*where)
    return int(connection.execute(query).scalar_one())


def goods(connection: Connection) -> dict[str, dict[str, str]]:
    """Return the goods' names and zone by id."""
    table = schema.goods
    query = select(table.c.goods_id, table.c.name_en, table.c.name_zh, table.c.zone)
    return {row["goods_id"]: row for row in rows(connection, query)}


def held(connection: Connection) -> Rows:
    """Return the open holds of each pallet, kind and reason: how many cartons, since when."""
    hold, unit = schema.hold, schema.unit
    query = (
        select(
            unit.c.sscc,
            hold.c.kind,
            hold.c.reason,
            hold.c.placed_by,
            func.count(func.distinct(unit.c.unit)).label("cartons_count"),
            func.min(hold.c.since).label("since"),
            func.min(unit.c.place).label("place"),
            func.min(unit.c.goods_id).label("goods_id"),
        )
        .join(unit, unit.c.unit == hold.c.unit)
        .where(hold.c.lifted_at.is_(None))
        .group_by(unit.c.sscc, hold.c.kind, hold.c.reason, hold.c.placed_by)
        .order_by(func.min(hold.c.since).desc(), unit.c.sscc)
    )
    return rows(connection, query)


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
    """Return cartons counted by place: in bond, sold, released, held; and their pallet."""
    unit = schema.unit

    def count(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.sum(case((condition, 1), else_=0))

    query = (
        select(
            unit.c.place,
            func.count().label("cartons_count"),
            func.sum(unit.c.holds_count).label("holds_count"),
            count(unit.c.holds_count > 0).label("held_count"),
            count(unit.c.status.in_(SOLD)).label("sold_count"),
            count(unit.c.status.in_(WAITING)).label("released_count"),
            func.min(unit.c.goods_id).label("goods_id"),
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
        select(func.count()).select_from(unit).where(unit.c.status.in_(WAITING))
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


def events(
    connection: Connection, *, before: int | None = None, group: str = "", text: str = ""
) -> Rows:
    """Return the newest journal entries, or those before a number, with what each says."""
    table = schema.journal
    query = select(table).order_by(table.c.n.desc()).limit(EVENTS_COUNT)
    if before is not None:
        query = query.where(table.c.n < before)
    if group == "house":
        query = query.where(table.c.kind.not_like("custody%"))
    if group in GROUPS:
        names = [table.c.kind.startswith(name, autoescape=True) for name in GROUPS[group]]
        query = query.where(or_(*names))
    if text:
        words = (table.c.body, table.c.cause, table.c.kind)
        query = query.where(or_(*(word.icontains(text, autoescape=True) for word in words)))
    if group in GROUPS or text:
        tip = connection.execute(select(func.max(table.c.n))).scalar() or 0
        query = query.where(table.c.n > (before or tip) - EVENTS_SCAN_COUNT)
    return stories.told(connection, rows(connection, query))


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
    query = select(
        table,
        settled.c.how,
        settled.c.by,
        settled.c.reason.label("settled_reason"),
        settled.c.at.label("settled_at"),
    ).join(settled, settled.c.letter_id == table.c.letter_id, isouter=True)
    found = rows(connection, query.order_by(table.c.letter_id.desc()).limit(50))
    for row in found:
        row["bytes_count"] = len(row["body"])
        row["body"] = bytes(row["body"])[:300].decode("utf-8", "replace")
    return found


def letter_body(connection: Connection, letter_id: int) -> dict[str, Any] | None:
    """Return a dead letter's whole body as text, None where its bytes are no text."""
    table = schema.dead_letter
    found = connection.execute(select(table.c.body).where(table.c.letter_id == letter_id)).scalar()
    if found is None:
        return None
    try:
        text = bytes(found).decode("utf-8")
    except UnicodeDecodeError:
        text = None
    return {"letter_id": letter_id, "bytes_count": len(found), "body": text}
