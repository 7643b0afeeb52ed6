"""Requests: all bad input gets its reason, and documents find one another in any order."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from gateway.customs import requests
from gateway.ledger import documents, holds, receiving, schema
from gateway.ledger.audit import Audit
from gateway.ledger.store import Ledger
from gateway.ledger.verify import verify_connection
from gateway.settings import load_site

if TYPE_CHECKING:
    from gateway.ledger.store import Tx
    from wire.requests import Answer

SITE = load_site(Path(__file__).resolve().parents[3] / "config" / "sites" / "demo")
AT = "2026-01-02T00:00:00.000Z"
SENT = {"sent_at": AT}
UNITS = [f"urn:epc:id:sgtin:0614141.110003.{serial}" for serial in (1, 2, 3)]
SSCC = "106141412345678908"
GOODS = SENT | {
    "goods_id": "coffee", "gtin": "10614141100035", "name": {"en": "Coffee", "zh": "咖啡"},
    "hs_code": "0901210000", "book_line": "line-1", "zone": "ambient", "duty_ratio": 0.1,
    "carton": {
        "mass_g": 5_000, "tolerance_ratio": 0.02, "length_mm": 1, "width_mm": 1, "height_mm": 1,
    },
}  # fmt: skip
NOTICE = SENT | {
    "notice_id": "N1", "owner_id": "o", "book": "T4601W000123", "plate": "A1", "expected_at": AT,
    "pallets": [{
        "sscc": SSCC, "gross_mass_g": 32_000,
        "cartons": [
            {"epc": unit, "goods_id": "coffee", "lot": "l", "value": 1_000} for unit in UNITS
        ],
    }],
}  # fmt: skip
ORDER = SENT | {
    "order_id": "O1", "merchant_id": "m", "buyer_key": "b", "amount": 1_000, "currency": "CNY",
    "lines": [{"goods_id": "coffee", "cartons_count": 2}], "ordered_at": AT, "cutoff_at": AT,
    "carrier_id": "c",
}  # fmt: skip
PAYMENT = SENT | {
    "payment_id": "P1", "order_id": "O1", "payer_key": "b", "amount": 1_000, "currency": "CNY",
    "paid_at": AT,
}  # fmt: skip
WAYBILL = SENT | {
    "waybill_id": "W1", "order_id": "O1", "carrier_id": "c", "receiver_key": "b",
    "packages_count": 2, "gross_mass_g": 10_000,
}  # fmt: skip
IDS = itertools.count()


def ask(opened: Ledger, kind: str, body: dict[str, Any] | bytes) -> Answer:
    """Send a request; a body without an id gets a fresh one."""
    if isinstance(body, dict):
        body = json.dumps({"request_id": f"r{next(IDS)}", **body}).encode()
    return opened.transact("request", lambda tx: requests.answer(tx, kind, body))


def ledger() -> Ledger:
    """Return a ledger that has received and booked one pallet of three cartons."""
    opened = Ledger.open("sqlite://", ledger_id="l1", site=SITE, now=lambda: AT)
    assert ask(opened, "goods", GOODS).accepted
    assert ask(opened, "inbound-notice", NOTICE).accepted
    opened.transact("custody:dock-1/1", _receive)
    return opened


def _receive(tx: Tx) -> None:
    weighed = {"state": "arrived", "place": "dock:dock-1", "weighed_mass_g": 32_000}
    tx.record("pallet.changed", sscc=SSCC, set=weighed)
    assert receiving.receive_after_hold(tx, SSCC)


def _allocate(tx: Tx) -> None:
    for unit in UNITS[:2]:
        tx.record("unit.changed", unit=unit, set={"status": "ALLOCATED", "order_id": "O1"})
    tx.record("order.changed", order_id="O1", set={"state": "allocated"})
    documents.match(tx, "O1")


def statuses(opened: Ledger) -> list[str]:
    """Return the duty status of every carton."""
    query = select(schema.unit.c.status).order_by(schema.unit.c.unit)
    return list(opened.read(lambda connection: connection.execute(query).scalars().all()))


def state(opened: Ledger) -> Any:  # noqa: ANN401 - a row
    """Return the order's row."""
    return opened.read(lambda connection: connection.execute(select(schema.sale)).one())


@pytest.mark.parametrize(
    ("kind", "body", "field", "code"),
    [
        ("order", b"\xff", "", "malformed"),
        ("order", b"[]", "", "malformed"),
        ("order", b'{"a": NaN}', "", "malformed"),
        ("order", b"[" * 100_000, "", "malformed"),
        ("order", b" " * 900_000, "", "too_large"),
        ("order", b'{"merchant_id": "\\u0000"}', "", "malformed"),
        ("order", b'{"merchant_id": "\\ud800"}', "", "malformed"),
        ("nonsense", {}, "", "unknown_kind"),
        ("payment", {k: v for k, v in PAYMENT.items() if k != "amount"}, "/amount", "missing"),
        ("payment", PAYMENT | {"amount": "1"}, "/amount", "wrong_type"),
        ("payment", PAYMENT | {"amount": -1}, "/amount", "out_of_range"),
        ("order", ORDER | {"amount": 500_001}, "/amount", "over_limit"),
        ("order", ORDER | {"currency": "USD"}, "/currency", "out_of_range"),
        (
            "order",
            ORDER | {"lines": [{"goods_id": "tea", "cartons_count": 1}]},
            "/lines/0/goods_id",
            "unknown_goods",
        ),
        (
            "order",
            ORDER | {"lines": [{"goods_id": "coffee", "cartons_count": 4}]},
            "/lines/0/cartons_count",
            "out_of_range",
        ),
        ("inbound-notice", NOTICE, "/notice_id", "conflict"),
        ("inbound-notice", NOTICE | {"notice_id": "N2"}, "/pallets/0/sscc", "conflict"),
        ("cancel-order", SENT | {"order_id": "X", "reason": "r"}, "/order_id", "unknown_order"),
        (
            "customs-receipt",
            SENT
            | {
                "receipt_id": "R",
                "document": "declaration",
                "document_id": "d-0",
                "code": 800,
                "issued_at": AT,
            },
            "/document_id",
            "unknown_document",
        ),
        (
            "hold",
            SENT
            | {"subject": {"lot": "none"}, "kind": "quality", "reason": "r", "authority": "a"},
            "/subject/lot",
            "unknown_goods",
        ),
        (
            "hold",
            SENT | {"subject": {}, "kind": "quality", "reason": "r", "authority": "a"},
            "/subject",
            "out_of_range",
        ),
        (
            "truck",
            SENT
            | {
                "truck_id": "T", "plate": "P", "purpose": "inbound", "dock": "dock-2",
                "tare_g": 1, "arrives_at": AT, "carrier_id": "c",
            },
            "/dock",
            "out_of_range",
        ),
    ],
)  # fmt: skip
def test_bad_requests_are_refused_with_field_and_code(
    kind: str, body: dict[str, Any] | bytes, field: str, code: str
) -> None:
    """The platform's people must find the fault from the answer alone."""
    answer = ask(ledger(), kind, body)
    assert not answer.accepted
    assert (answer.problems[0].field, answer.problems[0].code) == (field, code)
    assert answer.problems[0].message


@pytest.mark.parametrize("steps", [*itertools.permutations(["order", "payment", "waybill"])])
def test_documents_match_in_whatever_order_they_come(steps: tuple[str, ...]) -> None:
    """A payment may come before its order; it waits and says so."""
    opened = ledger()
    bodies = {"order": ORDER, "payment": PAYMENT, "waybill": WAYBILL}
    for at, kind in enumerate(steps):
        answer = ask(opened, kind, bodies[kind])
        assert answer.accepted
        if "order" in steps[at + 1 :]:
            assert answer.result["waiting_for"] == "order O1"
    opened.transact("rule:react", _allocate)
    assert statuses(opened) == ["DECLARED", "DECLARED", "BOOKED"]
    assert state(opened).state == "declared"
    report = opened.read(verify_connection)
    assert report.ok, report.first


@pytest.mark.parametrize(
    ("kind", "body", "field"),
    [
        ("payment", PAYMENT | {"payer_key": "x"}, "/payer_key"),
        ("payment", PAYMENT | {"amount": 999}, "/amount"),
        ("waybill", WAYBILL | {"receiver_key": "x"}, "/receiver_key"),
        ("waybill", WAYBILL | {"carrier_id": "x"}, "/carrier_id"),
    ],
)
def test_a_document_that_disagrees_is_refused_or_blocks(
    kind: str, body: dict[str, Any], field: str
) -> None:
    """Nothing is declared on papers that contradict one another."""
    opened = ledger()
    assert ask(opened, "order", ORDER).accepted
    answer = ask(opened, kind, body)
    assert [(one.field, one.code) for one in answer.problems] == [(field, "conflict")]
    late = ledger()
    assert ask(late, kind, body).accepted  # Before its order there is nothing to disagree with.
    other, other_body = ("waybill", WAYBILL) if kind == "payment" else ("payment", PAYMENT)
    assert ask(late, "order", ORDER).accepted
    assert ask(late, other, other_body).accepted
    late.transact("rule:react", _allocate)
    assert statuses(late)[0] == "ALLOCATED"
    assert field[1:] in state(late).blocked_by


def _declared() -> tuple[Ledger, str]:
    opened = ledger()
    for kind, body in (("order", ORDER), ("payment", PAYMENT), ("waybill", WAYBILL)):
        assert ask(opened, kind, body).accepted
    opened.transact("rule:react", _allocate)
    return opened, state(opened).declaration_id


def _receipt(opened: Ledger, name: str, code: int, issued_at: str = AT) -> Answer:
    body = {
        "receipt_id": f"R{next(IDS)}", "document": "declaration", "document_id": name, "code": code,
        "issued_at": issued_at,
    }  # fmt: skip
    return ask(opened, "customs-receipt", SENT | body)


@pytest.mark.parametrize(
    ("codes", "status"),
    [
        ((120,), "DECLARED"),
        ((500,), "INSPECTION"),
        ((500, 120, 800), "RELEASED"),
        ((599,), "DETAINED"),
        ((600, 800), "RELEASED"),
        ((700,), "REJECTED"),
        ((800, 899), "RELEASED"),
        ((800, 120), "RELEASED"),
    ],
)
def test_receipt_codes_move_cartons_by_the_table(codes: tuple[int, ...], status: str) -> None:
    """Customs' word decides, and 899 never undoes 800."""
    opened, name = _declared()
    for code in codes:
        assert _receipt(opened, name, code).accepted
    assert statuses(opened)[:2] == [status, status]
    report = opened.read(verify_connection)
    assert report.ok, report.first


def test_a_receipt_that_is_out_of_date_changes_nothing() -> None:
    """Receipts may overtake one another on the way."""
    opened, name = _declared()
    assert _receipt(opened, name, 120, "2026-01-03T00:00:00Z").accepted
    assert _receipt(opened, name, 500, "2026-01-01T00:00:00Z").accepted
    assert statuses(opened)[0] == "DECLARED"


def test_customs_stops_a_released_carton_by_a_hold_and_lets_it_go_again() -> None:
    """A detention after the release must keep the carton from the truck."""
    opened, name = _declared()
    for code, count in ((800, 0), (501, 2), (800, 0)):
        assert _receipt(opened, name, code).accepted
        found = opened.transact("t", lambda tx: len(holds.open_holds(tx, UNITS)))
        assert found == count


def test_an_order_is_cancelled_before_its_declaration_only() -> None:
    """Cartons come back to free stock, or nothing changes."""
    opened = ledger()
    assert ask(opened, "order", ORDER).accepted
    opened.transact("rule:react", _allocate)
    cancel = SENT | {"order_id": "O1", "reason": "changed my mind"}
    assert ask(opened, "cancel-order", cancel).result["cartons_freed_count"] == 2
    assert statuses(opened) == ["BOOKED"] * 3
    declared, _ = _declared()
    assert ask(declared, "cancel-order", cancel).problems[0].code == "not_allowed"


def test_a_hold_is_lifted_by_its_kind_only() -> None:
    """Lifting a quality hold must not lift what customs holds."""
    opened = ledger()
    body = SENT | {"subject": {"pallet": SSCC}, "reason": "r", "authority": "a"}
    assert ask(opened, "hold", body | {"kind": "customs"}).result["holds_count"] == 3
    refused = ask(opened, "release-hold", body | {"kind": "quality"})
    assert refused.problems[0].code == "not_allowed"
    assert ask(opened, "release-hold", body | {"kind": "customs"}).result["holds_count"] == 3


def _opened_gate(**changes: object) -> dict[str, Any]:
    basis: dict[str, Any] = {
        "truck": {"plate": "P", "seen_plate": "P", "weighed_mass_g": 10, "tare_g": 10},
        "passport": None, "aboard": [], "foreign_tags": [], "weight_tolerance_g": 5,
        "edges": [{
            "edge": "e", "is_forked": False, "is_full": False, "head_seq": 1, "tip_seq": 1,
        }],
    }  # fmt: skip
    return {"truck_id": "T", "is_open": True, "basis": basis | changes, "refusal": []}


@pytest.mark.parametrize(
    "changes",
    [
        {"truck": {"plate": "P", "seen_plate": "Q", "weighed_mass_g": 10, "tare_g": 10}},
        {"truck": {"plate": "P", "seen_plate": "P", "weighed_mass_g": 16, "tare_g": 10}},
        {"foreign_tags": ["AA"]},
        {"passport": {"units": ["u"], "state": "approved", "plate": "P", "total_mass_g": 10}},
        {"passport": {"units": [], "state": "applied", "plate": "P", "total_mass_g": 10}},
        {"aboard": [{"unit": "u"}]},
    ],
)
def test_the_audit_finds_a_gate_that_should_have_stayed_shut(changes: dict[str, object]) -> None:
    """An inspector computes the decision again and must not trust the outcome."""
    assert Audit().take("gate.decided", _opened_gate()) == []
    assert Audit().take("gate.decided", _opened_gate(**changes))[0][0] == "gate"
