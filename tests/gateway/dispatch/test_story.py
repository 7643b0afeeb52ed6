"""Goods from the notice to the gate, and what a bad day does to them."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from gateway import people
from gateway.ledger import schema
from tests.gateway.dispatch.house import CARTON_G, PLATE, SSCC, TARE_G, House, carton

STANDARD = Path(__file__).resolve().parents[4] / "shared" / "standards" / "vda5050-2.1.0"


def decisions_count(house: House) -> int:
    """Return how often the gate's decision was journalled."""
    return sum(one["kind"] == "gate.decided" for one in house.rows(schema.journal))


def test_released_cartons_leave_and_the_book_knows() -> None:
    """The whole line; of four cartons the two that expire first."""
    house = House()
    house.bound()
    house.load()
    house.react()
    assert house.truck()["state"] == "loaded"
    assert house.failed_rules() == {"weight-awaited"}
    house.weigh(TARE_G + 2 * CARTON_G + 1000)
    house.react()
    assert house.truck()["state"] == "opening"
    house.leave()
    assert house.truck()["state"] == "gone"
    assert house.row(schema.sale, "A1")["state"] == "gone"
    gone = [one for one in house.rows(schema.unit) if one["place"] == "gone"]
    assert sorted(one["unit"] for one in gone) == [carton(3), carton(4)]
    assert {one["status"] for one in gone} == {"DEDUCTED"}


def test_nothing_new_writes_nothing() -> None:
    """Dispatch looks often; a look that changes nothing must not fill the journal."""
    house = House()
    house.bound()
    house.order("B1", 1, has_papers=False)
    house.react(3)
    count = len(house.rows(schema.journal))
    house.react(30, 0.01)
    assert len(house.rows(schema.journal)) == count


def test_an_unreleased_carton_keeps_the_truck_until_it_is_unloaded() -> None:
    """Refused once, sent away by a person, unloaded through the portal, and then let go."""
    house = House()
    house.bound()
    house.passed(carton(1))
    house.load()
    house.weigh(TARE_G + 3 * CARTON_G)
    house.react()
    assert house.truck()["state"] == "refused"
    assert {"released", "bound", "tags-foreign"} <= house.failed_rules()
    count = decisions_count(house)
    house.react(30)
    assert decisions_count(house) == count
    house.do(lambda tx: people.send_truck_away(tx, "T1", "lead", "unload"))
    house.until(lambda: all(one["place"] != "truck:T1" for one in house.rows(schema.unit)))
    house.weigh(TARE_G + 200)
    house.react()
    assert house.truck()["state"] == "opening"
    house.leave()
    assert house.truck()["state"] == "gone"
    house.until(lambda: house.row(schema.unit, carton(1))["place"].startswith("location:") is True)
    assert house.row(schema.sale, "A1")["state"] == "staged"


def test_a_wrong_weight_is_given_time_then_refused_then_weighed_again() -> None:
    """A truck still rolls onto the weighbridge when the first stable weight comes."""
    house = House()
    house.bound()
    house.load()
    house.weigh(TARE_G + 9 * CARTON_G)
    house.react()
    assert house.truck()["state"] == "loaded"
    house.react(60)
    assert house.truck()["state"] == "refused"
    assert house.failed_rules() == {"weight"}
    house.weigh(TARE_G + 2 * CARTON_G)
    house.react()
    assert house.truck()["state"] == "opening"


def test_a_load_that_the_portal_did_not_see_is_an_alarm() -> None:
    """A place is proven by an event, not by a finished task."""
    house = House()
    house.bound(1)
    house.react()
    assert house.drive(portal=False) == ["load"]
    house.weigh(TARE_G + CARTON_G)
    house.react(350)
    assert "evidence-missing" in house.alarms()
    assert house.truck()["state"] == "refused"
    assert house.failed_rules() == {"tags-missing"}


@pytest.mark.parametrize(("outcome", "wait"), [("refused", 15), ("done", 130)])
def test_a_gate_that_did_not_let_the_truck_out_is_decided_anew(outcome: str, wait: int) -> None:
    """The edge refused, or the lease ran out: a new command with a new id, never the old one."""
    house = House()
    house.bound()
    house.load()
    house.weigh(TARE_G + 2 * CARTON_G)
    house.react()
    first = house.pending_command()
    house.actuated(first, outcome, reason="stale")
    house.react(wait)
    assert house.pending_command() != first


def test_a_hold_blocks_an_order_and_says_who_must_act() -> None:
    """Lifted with a reason, everything else is as it was."""
    house = House()
    house.stored()
    house.request("hold", subject={"pallet": SSCC}, kind="quality", reason="wet", authority="q")
    house.order("A1")
    house.react()
    assert house.row(schema.sale, "A1")["state"] == "open"
    assert "shift lead" in house.row(schema.sale, "A1")["blocked_by"]
    house.do(lambda tx: people.release_holds(tx, pallet=SSCC, by="lead", reason="dry"))
    house.react()
    assert house.row(schema.sale, "A1")["state"] == "declared"


def test_a_customs_hold_is_lifted_by_customs_only() -> None:
    """Neither a person at the page nor another authority may let detained goods go."""
    house = House()
    house.stored()
    subject = {"pallet": SSCC}
    house.request("hold", subject=subject, kind="customs", reason="look", authority="customs")
    with pytest.raises(people.NotAllowed, match="only customs lifts it"):
        house.do(lambda tx: people.release_holds(tx, pallet=SSCC, by="lead", reason="dry"))
    with pytest.raises(AssertionError, match="placed by 'customs'"):
        house.request(
            "release-hold", subject=subject, kind="customs", reason="mine", authority="nobody"
        )
    house.request(
        "release-hold", subject=subject, kind="customs", reason="seen", authority="customs"
    )
    assert {one["holds_count"] for one in house.rows(schema.unit)} == {0}


def test_a_plate_is_expected_once() -> None:
    """Two trucks with one plate would share one camera reading."""
    house = House()
    truck = {
        "plate": PLATE,
        "purpose": "outbound",
        "dock": "dock-2",
        "tare_g": TARE_G,
        "arrives_at": "2026-11-24T02:00:00Z",
        "carrier_id": "C1",
    }
    house.request("truck", truck_id="T1", **truck)
    house.request("truck", truck_id="T1", **truck)
    with pytest.raises(AssertionError, match="has not left yet"):
        house.request("truck", truck_id="T2", **truck)


def test_no_carton_is_sold_twice() -> None:
    """Four cartons, orders for three and one."""
    house = House()
    house.stored()
    house.order("A1", 3)
    house.order("A2", 1)
    house.react()
    taken = sorted(one["order_id"] for one in house.rows(schema.unit) if one["order_id"])
    assert taken == ["A1"] * 3 + ["A2"]


def test_a_failed_task_is_an_alarm_and_tried_again_later() -> None:
    """Not at once: what stopped the vehicle is likely still there."""
    house = House()
    house.receive()
    house.react()
    house.says(house.rows(schema.task)[0], {"pick": "FAILED", "drop": "WAITING"})
    house.react(5)
    assert len(house.rows(schema.task)) == 1
    assert "task-failed" in house.alarms()
    house.react(120)
    assert len(house.rows(schema.task)) == 2


def test_an_order_that_a_vehicle_did_not_hear_is_sent_again_and_is_valid() -> None:
    """The same orderId, valid against the standard's own schema."""
    file = STANDARD / "order.schema"
    if not file.exists():
        pytest.skip("the standard's schemas are not beside this clone")
    house = House()
    house.receive()
    house.react(70)
    sent = [
        json.loads(one["body"]) for one in house.rows(schema.outward) if one["channel"] == "vda"
    ]
    assert len(sent) == 2
    assert sent[0]["orderId"] == sent[1]["orderId"]
    for order in sent:
        jsonschema.validate(order, json.loads(file.read_text(encoding="utf-8")))
