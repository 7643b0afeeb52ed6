"""Requests that bring documents: payments, waybills, receipts of customs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import insert

from gateway.customs import common
from gateway.customs.problems import Refused, problem
from gateway.ledger import documents, schema, stock
from gateway.ledger.errors import UnknownSubject
from gateway.ledger.store import load_json

if TYPE_CHECKING:
    from sqlalchemy import Table

    from gateway.ledger.store import Tx
    from wire.requests import CustomsReceipt, Payment, ProblemCode, Waybill


_VOID: Final = frozenset({"cancelled", "refused"})
AHEAD_MAX: Final = timedelta(days=1)
"""Clocks differ; a receipt from further in the future would outrank all that follow it."""


def payment(tx: Tx, asked: Payment) -> dict[str, object]:
    """Keep a payment and match its order, if it is there."""
    row: dict[str, object] = {
        "payment_id": asked.payment_id,
        "order_id": asked.order_id,
        "payer_key": asked.payer_key,
        "amount": asked.amount,
        "currency": asked.currency,
    }
    return _paper(tx, "payment", schema.payment, row)


def waybill(tx: Tx, asked: Waybill) -> dict[str, object]:
    """Keep a waybill and match its order, if it is there."""
    row: dict[str, object] = {
        "waybill_id": asked.waybill_id,
        "order_id": asked.order_id,
        "carrier_id": asked.carrier_id,
        "receiver_key": asked.receiver_key,
        "packages_count": asked.packages_count,
        "gross_mass_g": asked.gross_mass_g,
    }
    return _paper(tx, "waybill", schema.waybill, row)


def _paper(tx: Tx, name: str, table: Table, row: dict[str, object]) -> dict[str, object]:
    key = f"{name}_id"
    known = common.row_of(tx, table, str(row[key]))
    if known is not None:
        if common.is_same(known, row):
            return {"already": True}
        message = f"{name} {row[key]} was accepted with another content: draw a new {key}"
        raise Refused([problem(f"/{key}", "conflict", message)])
    order_id = str(row["order_id"])
    order = common.row_of(tx, schema.sale, order_id)
    if order is None:
        tx.record(f"{name}.accepted", **{name: row})
        return {key: row[key], "waiting_for": f"order {order_id}"}
    if order.state in _VOID:
        message = f"order {order_id} is {order.state}: nothing is to be delivered, refund it"
        raise Refused([problem("/order_id", "not_allowed", message)])
    held = documents.agreeing(tx, name, order)
    if held is not None:
        message = f"order {order_id} has {name} {held} already: one is enough"
        raise Refused([problem("/order_id", "conflict", message)])
    faults = documents.disagreements(tx, order, row)
    if faults:
        raise Refused(
            [
                problem(
                    f"/{field}",
                    "conflict",
                    f"{field} is {theirs}, order {order_id} says {ours}: "
                    f"send a {name} that agrees, or cancel the order",
                )
                for field, theirs, ours in faults
            ]
        )
    tx.record(f"{name}.accepted", **{name: row})
    documents.match(tx, order_id)
    after = common.row_of(tx, schema.sale, order_id)
    assert after is not None
    return {key: row[key], "state": after.state, "blocked_by": load_json(after.blocked_by)}


def customs_receipt(tx: Tx, asked: CustomsReceipt) -> dict[str, object]:
    """Obey a receipt of customs for a declaration or a passport."""
    codes = stock.DECLARATION_CODES if asked.document == "declaration" else stock.PASSPORT_CODES
    if asked.code not in codes:
        message = f"{asked.code} is no receipt code of a {asked.document}: use one of {[*codes]}"
        raise Refused([problem("/code", "out_of_range", message)])
    obey = (
        documents.declaration_receipt
        if asked.document == "declaration"
        else documents.passport_receipt
    )
    if asked.issued_at > datetime.fromisoformat(tx.at) + AHEAD_MAX:
        message = f"issued at {asked.issued_at.isoformat()}, here it is {tx.at}: send it then"
        raise Refused([problem("/issued_at", "out_of_range", message)])
    issued_at = common.instant(asked.issued_at)
    row: dict[str, object] = {
        "receipt_id": asked.receipt_id,
        "document": asked.document,
        "document_id": asked.document_id,
        "code": asked.code,
        "issued_at": issued_at,
    }
    known = common.row_of(tx, schema.receipt, asked.receipt_id)
    if known is not None:
        if common.is_same(known, row):
            return {"already": True}
        message = f"receipt {asked.receipt_id} said {known.code} of {known.document_id} before"
        raise Refused([problem("/receipt_id", "conflict", f"{message}: draw a new receipt_id")])
    try:
        changed = obey(tx, asked.document_id, code=asked.code, issued_at=issued_at)
    except UnknownSubject as error:
        code: ProblemCode = "unknown_document"
        message = f"no {asked.document} {asked.document_id} was sent from here: look up its id"
        raise Refused([problem("/document_id", code, message)]) from error
    tx.connection.execute(insert(schema.receipt), {**row, "at": tx.at})
    return {"receipt_id": asked.receipt_id, "changed": changed}
