"""Requests about what will come: goods of the book, inbound notices, trucks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from gateway.customs import common
from gateway.customs.problems import PROBLEMS_COUNT_MAX, Refused, problem, shown
from gateway.ledger import floor, schema, stock
from wire.epc import EpcError

if TYPE_CHECKING:
    from gateway.ledger.store import Tx
    from wire.requests import Goods, InboundNotice, NoticedCarton, Problem, Truck


def goods(tx: Tx, asked: Goods) -> dict[str, object]:
    """Define goods, or define them anew; the book line stays once cartons are there."""
    row: dict[str, object] = {
        "goods_id": asked.goods_id,
        "gtin": asked.gtin,
        "name_en": asked.name.en,
        "name_zh": asked.name.zh,
        "hs_code": asked.hs_code,
        "book_line": asked.book_line,
        "carton_mass_g": asked.carton.mass_g,
        "mass_tolerance_ratio": asked.carton.tolerance_ratio,
        "length_mm": asked.carton.length_mm,
        "width_mm": asked.carton.width_mm,
        "height_mm": asked.carton.height_mm,
        "zone": asked.zone,
        "dangerous_goods_class": asked.dangerous_goods_class,
        "duty_ratio": asked.duty_ratio,
    }
    known = common.row_of(tx, schema.goods, asked.goods_id)
    if known is not None and common.is_same(known, row):
        return {"already": True}
    problems = _redefined(tx, known, row)
    zones = sorted({zone.id for zone in tx.site.zones})
    if asked.zone not in zones:
        message = f"this warehouse has no zone {asked.zone}: one of {zones}"
        problems.append(problem("/zone", "out_of_range", message))
    if problems:
        raise Refused(problems)
    if known is not None and known.book_line != asked.book_line:
        used = tx.connection.execute(
            select(schema.unit.c.unit).where(schema.unit.c.goods_id == asked.goods_id).limit(1)
        ).first()
        if used is not None:
            message = (
                f"{asked.goods_id} is booked on line {known.book_line} and has cartons: "
                f"{shown(asked.book_line)} needs a goods_id of its own"
            )
            raise Refused([problem("/book_line", "conflict", message)])
    if common.row_of(tx, schema.book_line, asked.book_line) is None:
        tx.record("book.opened", book_line=asked.book_line, count=0)
    tx.record("goods.defined", goods=row)
    return {"goods_id": asked.goods_id}


FIXED: Final = {
    "gtin": "/gtin",
    "hs_code": "/hs_code",
    "carton_mass_g": "/carton/mass_g",
    "mass_tolerance_ratio": "/carton/tolerance_ratio",
    "length_mm": "/carton/length_mm",
    "width_mm": "/carton/width_mm",
    "height_mm": "/carton/height_mm",
}
"""What cartons in bond were weighed, stored and declared by."""


def _redefined(tx: Tx, known: schema.AnyRow | None, row: dict[str, object]) -> list[Problem]:
    """Name what would change under cartons that are expected or in bond."""
    if known is None:
        return []
    held = known._asdict()
    changed = [name for name in FIXED if held[name] != row[name]]
    if not changed:
        return []
    unit = schema.unit
    query = select(unit.c.unit).where(
        unit.c.goods_id == known.goods_id,
        unit.c.status.in_(sorted({*stock.IN_BOND, stock.Status.ADVISED})),
    )
    if tx.connection.execute(query.limit(1)).first() is None:
        return []
    return [
        problem(
            FIXED[name],
            "conflict",
            f"cartons of {known.goods_id} are in bond with {name} {held[name]}: {row[name]!r} "
            "needs a goods_id of its own",
        )
        for name in changed
    ]


def inbound_notice(tx: Tx, asked: InboundNotice) -> dict[str, object]:
    """Accept a notice: its cartons are ADVISED and expected."""
    _check_notice(tx, asked)
    problems: list[Problem] = []
    kinds = {row.goods_id: row for row in tx.connection.execute(select(schema.goods))}
    pallets: list[dict[str, object]] = []
    units: list[dict[str, object]] = []
    seen: set[str] = set()
    for at, pallet in enumerate(asked.pallets):
        field = f"/pallets/{at}"
        is_known = common.row_of(tx, schema.pallet, pallet.sscc) is not None
        if is_known or pallet.sscc in seen:
            message = f"pallet {pallet.sscc} was noticed before: give each its own SSCC"
            problems.append(problem(f"{field}/sscc", "conflict", message))
        seen.add(pallet.sscc)
        pallets.append(
            {
                "sscc": pallet.sscc,
                "notice_id": asked.notice_id,
                "gross_mass_g": pallet.gross_mass_g,
                "weighed_mass_g": None,
                "place": "expected",
                "state": "expected",
            }
        )
        for number, carton in enumerate(pallet.cartons):
            row = _unit(carton, kinds, f"{field}/cartons/{number}", problems)
            if row is None:
                continue
            key = str(row["unit"])
            if key in seen:
                message = f"{key} stands twice in this notice: give each carton its own EPC"
                problems.append(problem(f"{field}/cartons/{number}/epc", "conflict", message))
            seen.add(key)
            units.append({**row, "sscc": pallet.sscc, "owner_id": asked.owner_id})
        if len(problems) >= PROBLEMS_COUNT_MAX:
            break
    problems += _known_units(tx, asked, units)
    if problems:
        raise Refused(problems)
    notice = {
        "notice_id": asked.notice_id,
        "owner_id": asked.owner_id,
        "book": asked.book,
        "plate": asked.plate,
        "expected_at": common.instant(asked.expected_at),
    }
    tx.record("notice.accepted", notice=notice, pallets=pallets, units=units)
    return {
        "notice_id": asked.notice_id,
        "pallets_count": len(pallets),
        "cartons_count": len(units),
    }


def _check_notice(tx: Tx, asked: InboundNotice) -> None:
    if asked.book != tx.site.ledger.book:
        message = f"this warehouse keeps book {tx.site.ledger.book}, not {shown(asked.book)}"
        raise Refused([problem("/book", "out_of_range", f"{message}: notice it there")])
    if common.row_of(tx, schema.notice, asked.notice_id) is not None:
        message = f"notice {asked.notice_id} was accepted before: draw a new notice_id"
        raise Refused([problem("/notice_id", "conflict", message)])


def _unit(
    carton: NoticedCarton, kinds: dict[str, schema.AnyRow], field: str, problems: list[Problem]
) -> dict[str, object] | None:
    kind = kinds.get(carton.goods_id)
    if kind is None:
        message = f"goods {shown(carton.goods_id)} is not defined: send a goods request first"
        problems.append(problem(f"{field}/goods_id", "unknown_goods", message))
        return None
    try:
        uri, epc_hex = common.carton_identity(carton.epc)
    except EpcError as error:
        message = f"{shown(carton.epc)} is no carton's EPC: {error}; send an SGTIN-96"
        problems.append(problem(f"{field}/epc", "out_of_range", message))
        return None
    return {
        "unit": uri,
        "epc_hex": epc_hex,
        "goods_id": carton.goods_id,
        "lot": carton.lot,
        "expires_on": carton.expires_on,
        "value": carton.value,
        "duty": round(carton.value * kind.duty_ratio),
        "status": "ADVISED",
        "place": "expected",
        "place_evidence": "notice",
    }


def _known_units(tx: Tx, asked: InboundNotice, units: list[dict[str, object]]) -> list[Problem]:
    table = schema.unit
    keys = sorted(str(row["unit"]) for row in units)
    known: set[str] = set()
    for start in range(0, len(keys), 500):
        part = keys[start : start + 500]
        known.update(
            tx.connection.execute(select(table.c.unit).where(table.c.unit.in_(part))).scalars()
        )
    if not known:
        return []
    problems = []
    for at, pallet in enumerate(asked.pallets):
        for number, carton in enumerate(pallet.cartons):
            try:
                uri, _ = common.carton_identity(carton.epc)
            except EpcError:
                continue
            if uri in known:
                message = f"carton {uri} was noticed before: give each carton its own EPC"
                field = f"/pallets/{at}/cartons/{number}/epc"
                problems.append(problem(field, "conflict", message))
    return problems


def truck(tx: Tx, asked: Truck) -> dict[str, object]:
    """Expect a truck at a dock that serves its purpose."""
    docks = {dock.id: dock for dock in tx.site.docks}
    dock = docks.get(asked.dock)
    if dock is None or dock.purpose != asked.purpose:
        fitting = sorted(one.id for one in docks.values() if one.purpose == asked.purpose)
        message = f"{shown(asked.dock)} is no {asked.purpose} dock: use one of {fitting}"
        raise Refused([problem("/dock", "out_of_range", message)])
    row: dict[str, object] = {
        "truck_id": asked.truck_id,
        "plate": asked.plate,
        "purpose": asked.purpose,
        "tare_g": asked.tare_g,
        "arrives_at": common.instant(asked.arrives_at),
        "carrier_id": asked.carrier_id,
    }
    known = common.row_of(tx, schema.truck, asked.truck_id)
    if known is not None:
        if common.is_same(known, row):
            return {"already": True}
        message = f"truck {asked.truck_id} was noticed otherwise and is {known.state}: new truck_id"
        raise Refused([problem("/truck_id", "conflict", message)])
    table = schema.truck
    here = tx.connection.execute(
        select(table.c.truck_id, table.c.plate).where(table.c.state != "gone")
    )
    plate = floor.plain_plate(asked.plate)
    twin = next((one.truck_id for one in here if floor.plain_plate(one.plate) == plate), None)
    if twin is not None:
        message = f"truck {twin} with plate {shown(asked.plate)} has not left yet: one at a time"
        raise Refused([problem("/plate", "conflict", message)])
    tx.record("truck.noticed", truck={**row, "dock": asked.dock, "state": "expected"})
    return {"truck_id": asked.truck_id}
