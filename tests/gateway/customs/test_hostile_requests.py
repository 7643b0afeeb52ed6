"""Requests that are well-formed and wrong: dates, doubles, contradictions, goods redefined."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.ledger import holds
from gateway.ledger.verify import verify_connection
from tests.gateway.customs.test_requests import (
    AT,
    GOODS,
    NOTICE,
    ORDER,
    PAYMENT,
    SENT,
    UNITS,
    WAYBILL,
    _allocate,
    _declared,
    _receipt,
    ask,
    ledger,
    statuses,
)

PALLET: dict[str, Any] = NOTICE["pallets"][0]  # type: ignore[assignment]
TRUCK = SENT | {
    "truck_id": "T1", "plate": "QA 1", "purpose": "outbound", "dock": "dock-2", "tare_g": 9_000_000,
    "arrives_at": AT, "carrier_id": "c",
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "body", "field", "code"),
    [
        ("order", ORDER | {"ordered_at": "2018-12-31T00:00:00Z"}, "/ordered_at", "out_of_range"),
        ("order", ORDER | {"ordered_at": "2025-01-01T00:00:00Z"}, "/ordered_at", "out_of_range"),
        ("order", ORDER | {"ordered_at": "2030-01-01T00:00:00Z"}, "/ordered_at", "out_of_range"),
        ("order", ORDER | {"ordered_at": 1_767_312_000}, "/ordered_at", "wrong_type"),
        (
            "order",
            ORDER | {"ordered_at": "0001-01-01T00:00:00+14:00"},
            "/ordered_at",
            "out_of_range",
        ),
        (
            "order",
            ORDER | {"cutoff_at": "9999-12-31T23:59:59-14:00"},
            "/cutoff_at",
            "out_of_range",
        ),
        ("order", ORDER | {"cutoff_at": "2020-01-01T00:00:00Z"}, "/cutoff_at", "out_of_range"),
        ("order", ORDER | {"amount": 0}, "/amount", "out_of_range"),
        ("truck", TRUCK | {"arrives_at": "9999-12-31T23:59:59Z"}, "/arrives_at", "out_of_range"),
        ("truck", TRUCK | {"plate": " . "}, "/plate", "out_of_range"),
        ("goods", GOODS | {"zone": "frozen", "goods_id": "ice"}, "/zone", "out_of_range"),
        (
            "goods",
            GOODS | {"dangerous_goods_class": "x" * 100_000},
            "/dangerous_goods_class",
            "out_of_range",
        ),
        ("goods", GOODS | {"gtin": "20614141100035"}, "/gtin", "conflict"),
        (
            "goods",
            GOODS | {"carton": {**GOODS["carton"], "mass_g": 1}},  # type: ignore[dict-item]
            "/carton/mass_g",
            "conflict",
        ),
        (
            "inbound-notice",
            NOTICE
            | {
                "notice_id": "N9",
                "pallets": [
                    {
                        **PALLET,
                        "cartons": [
                            {
                                "epc": UNITS[0],
                                "goods_id": "coffee",
                                "lot": "l",
                                "value": 1,
                                "expires_on": "9999-99-99",
                            }
                        ],
                    }
                ],
            },
            "/pallets/0/cartons/0/expires_on",
            "out_of_range",
        ),
    ],
)
def test_what_can_not_be_true_is_refused_by_field(
    kind: str, body: dict[str, Any], field: str, code: str
) -> None:
    """An answer names the fault; no date and no number ends the session."""
    answer = ask(ledger(), kind, body)
    assert not answer.accepted
    assert (answer.problems[0].field, answer.problems[0].code) == (field, code)


@pytest.mark.parametrize(
    ("change", "field"),
    [({"packages_count": 3}, "/packages_count"), ({"gross_mass_g": 1}, "/gross_mass_g")],
)
def test_a_waybill_of_other_parcels_is_refused(change: dict[str, Any], field: str) -> None:
    """Two cartons of 5 kg are not three parcels, nor one gram."""
    opened = ledger()
    assert ask(opened, "order", ORDER).accepted
    answer = ask(opened, "waybill", WAYBILL | change)
    assert [(one.field, one.code) for one in answer.problems] == [(field, "conflict")]
    assert ask(opened, "waybill", WAYBILL).accepted


def test_an_order_is_paid_once() -> None:
    """A second payment, or one for what was cancelled, has to be given back."""
    opened = ledger()
    assert ask(opened, "order", ORDER).accepted
    assert ask(opened, "payment", PAYMENT).accepted
    again = ask(opened, "payment", PAYMENT | {"payment_id": "P2"})
    assert [(one.field, one.code) for one in again.problems] == [("/order_id", "conflict")]
    assert ask(opened, "cancel-order", SENT | {"order_id": "O1", "reason": "r"}).accepted
    late = ask(opened, "payment", PAYMENT | {"payment_id": "P3"})
    assert [(one.field, one.code) for one in late.problems] == [("/order_id", "not_allowed")]


def test_two_payments_that_came_before_their_order_declare_one() -> None:
    """Only a document that agrees, and only one of each, goes to customs."""
    opened = ledger()
    for payment in (PAYMENT | {"payment_id": "P0", "amount": 1}, PAYMENT):
        assert ask(opened, "payment", payment).accepted
    for kind, body in (("order", ORDER), ("waybill", WAYBILL)):
        assert ask(opened, kind, body).accepted
    opened.transact("rule:react", _allocate)
    told = opened.read(
        lambda connection: connection.exec_driver_sql(
            "SELECT body FROM outward WHERE topic LIKE '%customs/declaration'"
        ).scalar_one()
    )
    assert '"payments":["P1"]' in told


def test_a_receipt_says_one_thing() -> None:
    """The same id with another word is a forgery or a mistake."""
    opened, name = _declared()
    first = SENT | {
        "receipt_id": "R1", "document": "declaration", "document_id": name, "code": 120,
        "issued_at": AT,
    }  # fmt: skip
    assert ask(opened, "customs-receipt", first).accepted
    assert ask(opened, "customs-receipt", first).result == {"already": True}
    other = ask(opened, "customs-receipt", first | {"code": 800})
    assert [(one.field, one.code) for one in other.problems] == [("/receipt_id", "conflict")]
    ahead = first | {"receipt_id": "R2", "issued_at": "2099-12-31T00:00:00Z"}
    answer = ask(opened, "customs-receipt", ahead)
    assert [(one.field, one.code) for one in answer.problems] == [("/issued_at", "out_of_range")]


def test_a_release_that_a_detention_overtook_is_held_as_in_their_true_order() -> None:
    """Receipts come out of order: 501 of 00:30 before 800 of 00:10 still stops the goods."""
    for steps in (
        [(800, "2026-01-01T00:10:00Z"), (501, "2026-01-01T00:30:00Z")],
        [(501, "2026-01-01T00:30:00Z"), (800, "2026-01-01T00:10:00Z")],
    ):
        opened, name = _declared()
        for code, at in steps:
            assert _receipt(opened, name, code, at).accepted
        assert statuses(opened)[:2] == ["RELEASED", "RELEASED"]
        found = opened.transact("t", lambda tx: holds.open_holds(tx, UNITS, kinds=["customs"]))
        assert len(found) == 2
        report = opened.read(verify_connection)
        assert report.ok, report.first


def test_a_plate_is_one_however_it_is_spaced() -> None:
    """Cameras compare plates without blanks and dots; so does the yard's list."""
    opened = ledger()
    assert ask(opened, "truck", TRUCK).accepted
    for number, plate in enumerate(("QA-1", "qa1", "Q A.1")):
        answer = ask(opened, "truck", TRUCK | {"truck_id": f"X{number}", "plate": plate})
        assert [(one.field, one.code) for one in answer.problems] == [("/plate", "conflict")]


def test_what_no_rule_foresaw_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug in one handler answers its sender and leaves the others alone."""

    def fails(*_: object) -> dict[str, object]:
        raise KeyError("a rule that is not there")

    monkeypatch.setattr("gateway.customs.requests._HANDLERS", {"truck": fails})
    answer = ask(ledger_without_goods(), "truck", TRUCK)
    assert not answer.accepted
    assert "a rule that is not there" in answer.problems[0].message


def ledger_without_goods() -> Any:  # noqa: ANN401 - the ledger of the other tests
    """Return an empty ledger."""
    from gateway.ledger.store import Ledger  # noqa: PLC0415
    from tests.gateway.customs.test_requests import SITE  # noqa: PLC0415

    return Ledger.open("sqlite://", ledger_id="l1", site=SITE, now=lambda: AT)
