"""Documents: three that must agree, the declaration made of them, and what customs answers.

Source: reference/bonded.md (receipt codes, rules 1 to 4) and the contract on the wire, section 7.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import select

from gateway.ledger import holds, stock
from gateway.ledger.departure import finish_order, write_off
from gateway.ledger.errors import UnknownSubject
from gateway.ledger.schema import declaration, goods, passport, payment, sale, unit, waybill
from gateway.ledger.stock import Status
from gateway.ledger.store import load_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.ledger.schema import AnyRow
    from gateway.ledger.store import Tx

CUSTOMS_HOLD_BY: Final = "customs"
PAPERS: Final = "three-documents"
"""The rule that a `blocked_by` row of an order names while a document is missing or disagrees."""
MASS_RATIO: Final = 0.2
MASS_FREE_G: Final = 1_000
"""A waybill's mass may differ from the cartons' by the larger of these: packing, rounding."""
_CANCELLABLE: Final = frozenset({"open", "allocated", "matched"})
_PAST_GATE: Final = frozenset({Status.GATED_OUT, Status.DEDUCTED, Status.WRITTEN_OFF})


def match(tx: Tx, order_id: str) -> bool:
    """Match an allocated order with its payment and waybill, and declare it when they agree.

    Call it after an allocation and after each new document; it is idempotent. Returns whether the
    order is declared now; else its `blocked_by` says what is waited for, and for whom.
    """
    order = tx.connection.execute(select(sale).where(sale.c.order_id == order_id)).first()
    if order is None:
        raise UnknownSubject("sale", order_id)
    if order.state not in {"open", "allocated"}:
        return order.state not in {"cancelled", "refused"}
    blockers = _blockers(tx, order)
    if blockers or order.state == "open":
        # Why an open order has no cartons yet is for the allocation to say.
        own = [one for one in load_json(order.blocked_by) if one.get("rule") != PAPERS]
        told = [*own, *blockers] if order.state == "open" else blockers
        if told != load_json(order.blocked_by):
            tx.record("order.changed", order_id=order_id, set={"blocked_by": told})
        return False
    for one in _units(tx, unit.c.order_id == order_id):
        tx.record("unit.changed", unit=one.unit, set={"status": Status.MATCHED.value})
    tx.record("order.changed", order_id=order_id, set={"state": "matched", "blocked_by": []})
    declare(tx, order_id)
    return True


def disagreements(
    tx: Tx, order: AnyRow, given: Mapping[str, Any]
) -> list[tuple[str, object, object]]:
    """Return (field, document's value, order's value) for all in which a document disagrees."""
    wanted = {
        "payer_key": order.buyer_key,
        "receiver_key": order.buyer_key,
        "currency": order.currency,
        "carrier_id": order.carrier_id,
    }
    found: list[tuple[str, object, object]] = [
        (name, given[name], ours)
        for name, ours in wanted.items()
        if name in given and given[name] != ours
    ]
    if "amount" in given:
        tolerance = tx.site.rule("match_amount_tolerance", _local_day(tx, order.ordered_at))
        if abs(given["amount"] - order.amount) > tolerance:
            found.append(("amount", given["amount"], order.amount))
    if "packages_count" in given:
        found += _parcel_faults(tx, order, given)
    return found


def _local_day(tx: Tx, instant: str) -> str:
    """Return the site's own date of an instant: the dated rules follow it."""
    return datetime.fromisoformat(instant).astimezone(ZoneInfo(tx.site.timezone)).date().isoformat()


def _parcel_faults(
    tx: Tx, order: AnyRow, given: Mapping[str, Any]
) -> list[tuple[str, object, object]]:
    """Return how a waybill's parcels can't be this order's: cartons are sold whole."""
    masses = {
        row.goods_id: row.carton_mass_g
        for row in tx.connection.execute(select(goods.c.goods_id, goods.c.carton_mass_g))
    }
    lines = load_json(order.lines)
    cartons = sum(line["cartons_count"] for line in lines)
    mass_g = sum(line["cartons_count"] * masses.get(line["goods_id"], 0) for line in lines)
    found: list[tuple[str, object, object]] = []
    if given["packages_count"] > cartons:
        found.append(("packages_count", given["packages_count"], f"{cartons} cartons"))
    allowed_g = max(MASS_FREE_G, round(MASS_RATIO * mass_g))
    if abs(given["gross_mass_g"] - mass_g) > allowed_g:
        found.append(("gross_mass_g", given["gross_mass_g"], f"{mass_g} ± {allowed_g}"))
    return found


def agreeing(tx: Tx, name: str, order: AnyRow) -> str | None:
    """Return the id of the `payment` or `waybill` that agrees with an order, or None."""
    table = {"payment": payment, "waybill": waybill}[name]
    key = f"{name}_id"
    found = tx.connection.execute(
        select(table).where(table.c.order_id == order.order_id).order_by(table.c[key])
    )
    return next(
        (str(row[key]) for row in found.mappings() if not disagreements(tx, order, dict(row))), None
    )


def _blockers(tx: Tx, order: AnyRow) -> list[dict[str, str]]:
    blockers = []
    for name, table in (("payment", payment), ("waybill", waybill)):
        documents = tx.connection.execute(
            select(table).where(table.c.order_id == order.order_id)
        ).all()
        faults = [disagreements(tx, order, row._asdict()) for row in documents]
        if [] in faults:
            continue
        what = f"waits for its {name}"
        if faults:
            what = f"its {name} disagrees: " + ", ".join(
                f"{field} is {theirs}, the order says {ours}" for field, theirs, ours in faults[-1]
            )
        who = "merchant" if name == "payment" else "carrier"
        blockers.append({"rule": PAPERS, "what": what, "who": who})
    return blockers


def declare(tx: Tx, order_id: str) -> str:
    """Declare a matched order to customs, pre-deduct its cartons; return the declaration's id."""
    order = tx.connection.execute(select(sale).where(sale.c.order_id == order_id)).one()
    if order.declaration_id is not None:
        return str(order.declaration_id)
    declaration_id = f"d-{tx.next_n}"
    cartons = _units(tx, unit.c.order_id == order_id)
    tx.record(
        "declaration.sent",
        declaration={"declaration_id": declaration_id, "order_id": order_id, "code": None},
    )
    for one in cartons:
        tx.record("book.prededucted", book_line=one.book_line, count=1, unit=one.unit)
        tx.record(
            "unit.changed",
            unit=one.unit,
            set={"status": Status.DECLARED.value, "declaration_id": declaration_id},
        )
    tx.record(
        "order.changed",
        order_id=order_id,
        set={"state": "declared", "declaration_id": declaration_id, "blocked_by": _WAITS},
    )
    papers = {f"{name}s": [agreeing(tx, name, order)] for name in ("payment", "waybill")}
    tx.uns(
        ("customs", "declaration"),
        "entrepot.customs.declaration",
        {
            "what": "declared",
            "declaration_id": declaration_id,
            "order_id": order_id,
            "merchant_id": order.merchant_id,
            "buyer_key": order.buyer_key,
            "amount": order.amount,
            "currency": order.currency,
            "carrier_id": order.carrier_id,
            "book": tx.site.ledger.book,
            **papers,
            "units": [
                {
                    "unit": one.unit,
                    "goods_id": one.goods_id,
                    "hs_code": one.hs_code,
                    "book_line": one.book_line,
                    "lot": one.lot,
                    "value": one.value,
                    "duty": one.duty,
                }
                for one in cartons
            ],
        },
    )
    return declaration_id


_WAITS: Final = [{"rule": "customs", "what": "waits for customs to release it", "who": "customs"}]


def _units(tx: Tx, condition: object) -> list[AnyRow]:
    return list(
        tx.connection.execute(
            select(unit, goods.c.book_line, goods.c.hs_code)
            .join(goods, goods.c.goods_id == unit.c.goods_id)
            .where(condition)  # type: ignore[arg-type]
            .order_by(unit.c.unit)
        ).all()
    )


def declaration_receipt(tx: Tx, declaration_id: str, *, code: int, issued_at: str) -> list[str]:
    """Obey a receipt for a declaration; return what it changed, in words.

    A receipt that was issued before one already obeyed is out of date: it changes nothing.
    Raises UnknownSubject; the caller has checked the code.
    """
    table = declaration
    row = tx.connection.execute(
        select(table).where(table.c.declaration_id == declaration_id)
    ).first()
    if row is None:
        raise UnknownSubject("declaration", declaration_id)
    if row.issued_at is not None and issued_at < row.issued_at and code != stock.RELEASED_CODE:
        return [f"receipt {row.code} was issued later, at {row.issued_at}: no effect"]
    # A release that was overtaken by a stop still counts; the stop then is one after the release.
    overtaken_by = row.code if row.issued_at is not None and issued_at < row.issued_at else None
    is_closed = row.is_closed or code == stock.CLOSED_CODE
    is_released = row.is_released or code == stock.RELEASED_CODE
    tx.record(
        "declaration.changed",
        declaration_id=declaration_id,
        set={
            "code": code if overtaken_by is None else overtaken_by,
            "is_released": is_released,
            "is_closed": is_closed,
            "issued_at": max(issued_at, row.issued_at or ""),
        },
    )
    wanted = stock.DECLARATION_CODES[code]
    changed = [
        one.unit
        for one in _units(tx, unit.c.declaration_id == declaration_id)
        if _declared_unit(tx, one, code=code, wanted=wanted)
    ]
    if overtaken_by is not None:
        stop = stock.DECLARATION_CODES[overtaken_by]
        for one in _units(tx, unit.c.declaration_id == declaration_id):
            if one.is_released and one.status not in _PAST_GATE:
                _released_unit(tx, one, code=overtaken_by, wanted=stop)
    _order_after_receipt(tx, row.order_id, code=code, wanted=wanted)
    return [f"{len(changed)} cartons changed"]


def _declared_unit(tx: Tx, one: AnyRow, *, code: int, wanted: Status | None) -> bool:
    status = Status(one.status)
    if code == stock.CLOSED_CODE:
        if status is Status.DEDUCTED:
            write_off(tx, one.unit)
            return True
        return False
    if status in stock.IN_CUSTOMS:
        if wanted is None or wanted is status:
            return False
        tx.record("unit.changed", unit=one.unit, set={"status": wanted.value})
        if wanted is Status.REJECTED:
            tx.record("book.prededucted", book_line=one.book_line, count=-1, unit=one.unit)
        return True
    if one.is_released and status not in _PAST_GATE:
        return _released_unit(tx, one, code=code, wanted=wanted)
    return False


def _released_unit(tx: Tx, one: AnyRow, *, code: int, wanted: Status | None) -> bool:
    """Stop, or let go again, a carton that customs looks at after its release."""
    if wanted in {Status.INSPECTION, Status.DETAINED, Status.SUSPENDED, Status.REJECTED}:
        reason = f"customs receipt {code} after the release"
        holds.place(tx, one.unit, kind="customs", reason=reason, by=CUSTOMS_HOLD_BY)
        return True
    if wanted is Status.RELEASED:
        lifted = [
            row
            for row in holds.open_holds(tx, [one.unit], kinds=["customs"])
            if row.placed_by == CUSTOMS_HOLD_BY
        ]
        for row in lifted:
            tx.record(
                "hold.lifted",
                hold_id=row.hold_id,
                lifted_by=CUSTOMS_HOLD_BY,
                lift_reason=f"customs receipt {code}",
            )
        return bool(lifted)
    return False


def _order_after_receipt(tx: Tx, order_id: str, *, code: int, wanted: Status | None) -> None:
    order = tx.connection.execute(select(sale).where(sale.c.order_id == order_id)).one()
    if code == stock.CLOSED_CODE:
        finish_order(tx, order_id)
    elif order.state != "declared":
        return
    elif wanted is Status.RELEASED:
        tx.record("order.changed", order_id=order_id, set={"state": "released", "blocked_by": []})
    elif wanted is Status.REJECTED:
        blocked = [{"rule": "customs", "what": f"customs refused it: {code}", "who": "merchant"}]
        tx.record(
            "order.changed", order_id=order_id, set={"state": "refused", "blocked_by": blocked}
        )
    elif wanted is not None:
        what = f"{wanted.value.lower()} by customs: receipt {code}"
        blocked = [{"rule": "customs", "what": what, "who": "customs"}]
        tx.record("order.changed", order_id=order_id, set={"blocked_by": blocked})


def passport_receipt(tx: Tx, passport_id: str, *, code: int, issued_at: str) -> list[str]:
    """Obey a receipt for a passport; return what it changed, in words. Raises UnknownSubject."""
    table = passport
    row = tx.connection.execute(select(table).where(table.c.passport_id == passport_id)).first()
    if row is None:
        raise UnknownSubject("passport", passport_id)
    wanted = stock.PASSPORT_CODES[code]
    if row.issued_at is not None and issued_at < row.issued_at:
        return [f"a receipt issued later, at {row.issued_at}, was obeyed: no effect"]
    if row.state in {"passed", "deleted", "void"} or wanted == row.state:
        return [f"passport {passport_id} is {row.state}: no effect"]
    if wanted in {"deleted", "void"}:
        return [f"{void_passport(tx, passport_id, state=wanted)} cartons went back to RELEASED"]
    if wanted == "applied":
        return [f"passport {passport_id} is {row.state}: no effect"]
    tx.record(
        "passport.changed", passport_id=passport_id, set={"state": wanted, "issued_at": issued_at}
    )
    changed = 0
    if wanted == "approved":
        for one in _units(tx, unit.c.passport_id == passport_id):
            if one.status == Status.PASSPORT_BOUND:
                status = Status.PASSPORT_APPROVED.value
                tx.record("unit.changed", unit=one.unit, set={"status": status})
                changed += 1
    return [f"passport {passport_id} is {wanted}, {changed} cartons changed"]


def void_passport(tx: Tx, passport_id: str, *, state: str = "void") -> int:
    """Take a passport back; its cartons are RELEASED again. Return how many."""
    tx.record("passport.changed", passport_id=passport_id, set={"state": state})
    changed = 0
    for one in _units(tx, unit.c.passport_id == passport_id):
        if one.status in {Status.PASSPORT_BOUND, Status.PASSPORT_APPROVED}:
            change = {"status": Status.RELEASED.value, "passport_id": None}
            tx.record("unit.changed", unit=one.unit, set=change)
            changed += 1
    return changed


def can_cancel(state: str) -> bool:
    """Tell whether an order in this state may be taken back: not once it is declared."""
    return state in _CANCELLABLE


def cancel(tx: Tx, order_id: str, reason: str) -> int:
    """Take an undeclared order back; return how many cartons it gave up."""
    cartons = _units(tx, unit.c.order_id == order_id)
    for one in cartons:
        change = {"status": Status.BOOKED.value, "order_id": None}
        tx.record("unit.changed", unit=one.unit, set=change)
    blocked = [{"rule": "cancelled", "what": reason, "who": "merchant"}]
    tx.record("order.changed", order_id=order_id, set={"state": "cancelled", "blocked_by": blocked})
    return len(cartons)
