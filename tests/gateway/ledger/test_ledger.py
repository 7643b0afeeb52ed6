"""The ledger: nothing twice whatever the order, and a changed view is found."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from gateway.customs import requests
from gateway.ledger import custody, schema, stock
from gateway.ledger.errors import BookOverdrawn
from gateway.ledger.store import Ledger
from gateway.ledger.verify import verify
from gateway.settings import load_site
from wire.chain import ROOT_HASH, CustodyRow, next_row

if TYPE_CHECKING:
    from wire.requests import Answer

SITE = load_site(Path(__file__).resolve().parents[3] / "config" / "sites" / "demo")
GOODS = {
    "request_id": "g", "sent_at": "2026-01-01T00:00:00Z", "goods_id": "coffee",
    "gtin": "10614141100035", "name": {"en": "Coffee", "zh": "咖啡"}, "hs_code": "0901210000",
    "book_line": "line-1", "zone": "ambient", "dangerous_goods_class": None, "duty_ratio": 0.1,
    "carton": {
        "mass_g": 5_000, "tolerance_ratio": 0.02, "length_mm": 1, "width_mm": 1, "height_mm": 1,
    },
}  # fmt: skip
SSCC, SSCC_URI = "106141412345678908", "urn:epc:id:sscc:0614141.1234567890"
UNITS = [f"urn:epc:id:sgtin:0614141.110003.{serial}" for serial in (1, 2)]
NOTICE = {
    "request_id": "n", "sent_at": "2026-01-01T00:00:00Z", "notice_id": "N1", "owner_id": "o",
    "book": "T4601W000123", "plate": "A1", "expected_at": "2026-01-01T00:00:00Z",
    "pallets": [
        {
            "sscc": SSCC, "gross_mass_g": 32_000,
            "cartons": [
                {"epc": unit, "goods_id": "coffee", "lot": "l", "value": 1_000} for unit in UNITS
            ],
        }
    ],
}  # fmt: skip


def ledger(url: str = "sqlite://") -> Ledger:
    """Return a ledger that expects one pallet."""
    opened = Ledger.open(url, ledger_id="l1", site=SITE, now=lambda: "2026-01-01T00:00:00.000Z")
    for kind, body in (("goods", GOODS), ("inbound-notice", NOTICE)):
        answer = opened.transact(
            f"request:{kind}",
            lambda tx, kind=kind, body=body: requests.answer(tx, kind, json.dumps(body).encode()),  # type: ignore[misc]
        )
        assert answer.accepted, answer
    return opened


def rows() -> list[CustodyRow]:
    """Return what dock-1 witnesses: tags, a weight, the load."""
    common = {"t_ns": 1, "clock": "synced", "quality": "good", "read_point": "dock-1"}
    tags = [SSCC_URI, *UNITS]
    read = {"what": "arrived", "epc_hex": "AA", "reads_count": 2, "first_t_ns": 1, "last_t_ns": 1}
    bodies: list[tuple[str, dict[str, Any]]] = [
        ("rfid/uhf-1", common | read | {"epc_uri": tag}) for tag in tags
    ]
    load = {"mass_g": 32_000.0, "epcs": tags, "confidence_ratio": 1.0, "parts": [1]}
    bodies.append(("load/scale-1", common | load))
    chain: list[CustodyRow] = []
    for seq, (name, body) in enumerate(bodies, start=1):
        chain.append(
            next_row(
                seq=seq,
                prev=chain[-1].hash if chain else ROOT_HASH,
                row_id=f"{seq:032x}",
                topic=f"wh/v1/e/dock-1/evt/{name}",
                body=json.dumps(body).encode(),
            )
        )
    return chain


def take(opened: Ledger, batch: list[CustodyRow]) -> custody.TakeResult:
    """Give the ledger a batch."""
    return opened.transact(
        "custody", lambda tx: custody.take(tx, "dock-1", batch, ledger_property="l1")
    )


def statuses(opened: Ledger) -> list[str]:
    """Return the duty status of every carton."""
    query = select(schema.unit.c.status).order_by(schema.unit.c.unit)
    return list(opened.read(lambda connection: connection.execute(query).scalars().all()))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_rows_shuffled_and_repeated_have_one_effect(seed: int) -> None:
    """A broker may repeat, and two sessions may overtake each other."""
    rng = random.Random(seed)
    opened = ledger()
    stream = rows() * 3
    rng.shuffle(stream)
    while stream:
        size = rng.randint(1, 4)
        take(opened, stream[:size])
        del stream[:size]
    assert statuses(opened) == ["BOOKED", "BOOKED"]
    line = opened.read(lambda one: one.execute(select(schema.book_line)).one())
    assert line.in_count == 2
    opened.close()


def test_a_second_history_is_kept_aside_and_shuts_the_gate() -> None:
    """Same number, other hash: somebody copied a disk."""
    opened = ledger()
    chain = rows()
    take(opened, chain[:2])
    other = next_row(seq=2, prev=chain[0].hash, row_id="f" * 32, topic=chain[1].topic, body=b"{}")
    taken = take(opened, [other])
    assert taken.outcomes["fork"] == 1
    assert taken.head_seq == 2
    head = opened.read(lambda one: one.execute(select(schema.edge_head)).one())
    assert head.is_forked
    opened.close()


def test_poison_becomes_a_dead_letter_and_the_head_moves_on() -> None:
    """Nothing stalls behind a row that can't be applied."""
    opened = ledger()
    poison = next_row(
        seq=1, prev=ROOT_HASH, row_id="1" * 32, topic="wh/v1/e/dock-1/evt/rfid/uhf-1", body=b"{"
    )
    taken = take(opened, [poison])
    assert (taken.head_seq, len(taken.dead_letters)) == (1, 1)
    opened.close()


def test_rows_for_another_ledger_are_not_taken() -> None:
    """A restored box speaks to the wrong gateway."""
    opened = ledger()
    taken = opened.transact(
        "custody", lambda tx: custody.take(tx, "dock-1", rows(), ledger_property="l2")
    )
    assert taken.head_seq == 0
    opened.close()


def test_the_same_request_gets_the_stored_answer_and_another_body_conflicts() -> None:
    """The platform repeats what it got no answer to."""
    opened = ledger()

    def ask(body: dict[str, Any]) -> Answer:
        return opened.transact(
            "request", lambda tx: requests.answer(tx, "goods", json.dumps(body).encode())
        )

    assert ask(GOODS).accepted
    changed = ask(GOODS | {"duty_ratio": 0.2})
    assert [one.code for one in changed.problems] == ["conflict"]
    opened.close()


def test_verify_agrees_with_a_sound_ledger_and_finds_a_changed_view(tmp_path: Path) -> None:
    """Whoever edits the database by hand is found."""
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    opened = ledger(url)
    take(opened, rows())
    opened.close()
    assert verify(url).ok
    opened = Ledger.open(url, ledger_id="l1", site=SITE, now=lambda: "2026-01-01T00:00:00.000Z")
    with opened.engine.begin() as connection:
        connection.execute(update(schema.unit).values(place="gone"))
    opened.close()
    report = verify(url)
    assert not report.ok
    assert report.violations


def test_verify_finds_a_changed_journal(tmp_path: Path) -> None:
    """The hash chain is what makes the journal a record."""
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    opened = ledger(url)
    take(opened, rows())
    with opened.engine.begin() as connection:
        changed = update(schema.journal).where(schema.journal.c.n == 3)
        connection.execute(changed.values(cause="person:nobody"))
    opened.close()
    assert not verify(url).ok


def test_a_book_line_is_never_overdrawn() -> None:
    """Opening + in - out is never below zero, whatever asks for it."""
    opened = ledger()
    with pytest.raises(BookOverdrawn):
        opened.transact(
            "test", lambda tx: tx.record("book.out", book_line="line-1", count=1, unit=UNITS[0])
        )
    opened.close()


@pytest.mark.parametrize("wanted", ["PASSPORT_BOUND", "PASSPORT_APPROVED", "GATED_OUT"])
def test_nothing_goes_out_without_its_release(wanted: str) -> None:
    """The table itself refuses, whatever the code above it does."""
    for held in stock.Status:
        fault = stock.transition_fault(held.value, wanted, holds_count=0, is_released=False)
        assert fault is not None
