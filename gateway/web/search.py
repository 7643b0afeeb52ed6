"""Search: what a label says, in whole or in part, whatever its case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, or_, select

from gateway.ledger import schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import ColumnElement, Connection, Select

    from gateway.settings import Site

Rows = list[dict[str, Any]]
FOUND_COUNT_MAX: Final = 20


def search(connection: Connection, text: str, site: Site) -> Rows:
    """Return cartons, pallets, orders, trucks, goods, lots and places that a text names.

    A row is `is_exact` where the text is its whole id, plate or name.
    """
    wanted = text.replace("\0", "").strip()
    if not wanted:
        return []
    found: Rows = []
    for kind, names, query in _sources(wanted):
        for row in connection.execute(query.limit(FOUND_COUNT_MAX)).mappings():
            told = {name: row[name] for name in ("id", "state", "place")}
            is_exact = any(str(row[name] or "").lower() == wanted.lower() for name in names)
            found.append({"kind": kind, **told, "is_exact": is_exact})
    return found + list(_places(wanted.lower(), site))


def _like(column: ColumnElement[Any], wanted: str) -> ColumnElement[bool]:
    like = wanted.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return column.ilike(f"%{like}%", escape="\\")


def _sources(wanted: str) -> Iterator[tuple[str, tuple[str, ...], Select[Any]]]:
    unit, pallet, sale, truck = schema.unit, schema.pallet, schema.sale, schema.truck
    goods, lower = schema.goods, wanted.lower()
    yield (
        "unit",
        ("id", "epc_hex"),
        select(
            unit.c.unit.label("id"), unit.c.status.label("state"), unit.c.place, unit.c.epc_hex
        ).where(
            or_(
                _like(unit.c.unit, wanted),
                _like(unit.c.epc_hex, wanted),
                unit.c.sscc == wanted,
                func.lower(unit.c.order_id) == lower,
            )
        ),
    )
    yield (
        "pallet",
        ("id",),
        select(pallet.c.sscc.label("id"), pallet.c.state, pallet.c.place).where(
            _like(pallet.c.sscc, wanted)
        ),
    )
    yield (
        "order",
        ("id",),
        select(sale.c.order_id.label("id"), sale.c.state, sale.c.carrier_id.label("place")).where(
            _like(sale.c.order_id, wanted)
        ),
    )
    yield (
        "truck",
        ("id", "place"),
        select(truck.c.truck_id.label("id"), truck.c.state, truck.c.plate.label("place")).where(
            or_(_like(truck.c.truck_id, wanted), _like(truck.c.plate, wanted))
        ),
    )
    names = (goods.c.goods_id, goods.c.name_en, goods.c.name_zh)
    yield (
        "goods",
        ("id", "name_en", "name_zh"),
        select(
            goods.c.goods_id.label("id"),
            goods.c.goods_id.label("state"),
            goods.c.zone.label("place"),
            goods.c.name_en,
            goods.c.name_zh,
        ).where(or_(*(_like(name, wanted) for name in names))),
    )
    yield (
        "lot",
        ("id",),
        select(
            unit.c.lot.label("id"),
            func.min(unit.c.goods_id).label("state"),
            func.min(unit.c.goods_id).label("place"),
        )
        .where(_like(unit.c.lot, wanted), unit.c.lot != "")
        .group_by(unit.c.lot),
    )


def _places(wanted: str, site: Site) -> Rows:
    known = [
        *(("location", one.id, one.zone) for one in site.locations().values()),
        *(("dock", one.id, one.purpose) for one in site.docks),
        *(("staging", one.id, "") for one in site.stagings),
    ]
    found = [
        {
            "kind": "place",
            "id": f"{kind}:{name}",
            "state": kind,
            "place": more,
            "is_exact": name.lower() == wanted,
        }
        for kind, name, more in known
        if wanted in name.lower()
    ]
    return found[:FOUND_COUNT_MAX]
