"""Gate work: judge trucks, refuse or open, and follow an opening until the truck is gone."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from gateway.dispatch import gate, gate_basis
from gateway.dispatch.rows import (
    OPEN_TASK_STATES,
    blocked_rows,
    change_truck,
    rows,
)
from gateway.ledger import schema
from wire import topics
from wire.control import Basis, Command, Deadline

if TYPE_CHECKING:
    from gateway.dispatch.gate import Refusal
    from gateway.dispatch.rows import Row
    from gateway.ledger.store import Tx
    from gateway.live import Live

OPEN_FOR_S: Final = 8
DEADLINE_MS: Final = 5_000
ANSWER_S: Final = 8.0
"""No answer so long after the command: the outcome is unknown."""
LEASE_MARGIN_S: Final = 3.0
RETRY_S: Final = 1.0


def work(tx: Tx, live: Live, now_s: float) -> None:
    """Look at every outbound truck that could leave."""
    truck = schema.truck
    query = select(truck).where(
        truck.c.purpose == "outbound",
        truck.c.state.in_(("loading", "loaded", "refused", "unloading", "opening")),
    )
    for one in rows(tx, query.order_by(truck.c.truck_id)):
        if one["state"] == "opening":
            _follow(tx, live, now_s, one)
        elif _is_due(tx, live, now_s, one):
            _decide(tx, live, now_s, one)


def _is_due(tx: Tx, live: Live, now_s: float, truck: Row) -> bool:
    """Tell whether a truck is done with its dock work, so that the rule can be asked."""
    if truck["state"] in {"loaded", "refused"}:
        return True
    task = schema.task
    running = select(task.c.task_id).where(
        task.c.truck_id == truck["truck_id"], task.c.state.in_(OPEN_TASK_STATES)
    )
    key = ("dock-work-done", truck["truck_id"])
    basis = gate_basis.build(tx, live, now_s, truck)
    if rows(tx, running.limit(1)):
        live.since.pop(key, None)
        return False
    if truck["state"] == "unloading":
        return not basis["aboard"] and not basis["foreign_tags"]
    passport = basis["passport"]
    if passport is None:
        return bool(basis["aboard"])
    if passport["state"] == "applied":
        return False
    if passport["state"] == "approved" and _waits_in_staging(tx, passport["passport_id"]):
        live.since.pop(key, None)  # A hold keeps it there; the order's row says so.
        return False
    # A carton may be seen by the portal a few seconds after its task ended.
    return now_s - live.since.setdefault(key, now_s) > gate.SETTLE_S["tags-missing"]


def _waits_in_staging(tx: Tx, passport_id: str) -> bool:
    unit = schema.unit
    query = select(unit.c.unit).where(
        unit.c.passport_id == passport_id, unit.c.place.like("staging:%")
    )
    return bool(rows(tx, query.limit(1)))


def _decide(tx: Tx, live: Live, now_s: float, truck: Row) -> None:
    basis = gate_basis.build(tx, live, now_s, truck)
    refusals = gate.judge(basis)
    if not refusals:
        _open(tx, live, now_s, truck, basis)
        return
    settled = [one for one in refusals if _is_settled(live, now_s, truck, one)]
    _forget_passed(live, truck, refusals)
    found = [one.as_row() for one in refusals]
    is_new = _keys(found) != _keys(blocked_rows(truck["refusal"]))
    if settled and (truck["state"] != "refused" or is_new):
        tx.record(
            "gate.decided", truck_id=truck["truck_id"], is_open=False, basis=basis, refusal=found
        )
        change_truck(tx, truck, state="refused", refusal=found)
    elif is_new:
        change_truck(tx, truck, refusal=found)


def _keys(refusal: list[dict[str, str]]) -> set[tuple[str, str]]:
    return {(row["rule"], row["unit"] or "") for row in refusal}


def _is_settled(live: Live, now_s: float, truck: Row, refusal: Refusal) -> bool:
    """Tell whether a breach is one that does not pass by itself."""
    if refusal.rule not in gate.DEFINITIVE:
        return False
    key = ("gate-rule", f"{truck['truck_id']} {refusal.rule}")
    first_s = live.since.setdefault(key, now_s)
    return now_s - first_s >= gate.SETTLE_S.get(refusal.rule, 0.0)


def _forget_passed(live: Live, truck: Row, refusals: list[Refusal]) -> None:
    found = {refusal.rule for refusal in refusals}
    for rule in gate.DEFINITIVE - found:
        live.since.pop(("gate-rule", f"{truck['truck_id']} {rule}"), None)


def _open(tx: Tx, live: Live, now_s: float, truck: Row, basis: dict[str, Any]) -> None:
    """Record the decision and send one command with an id of its own."""
    dock = gate_basis.dock_of(tx, truck)
    assert dock.gate is not None
    tx.record("gate.decided", truck_id=truck["truck_id"], is_open=True, basis=basis, refusal=[])
    edge = live.edges[dock.edge]
    command = Command(
        command_id=secrets.token_hex(16),
        args={"for_s": OPEN_FOR_S},
        deadline=Deadline(
            boot=edge.boot,
            mono_ms=edge.mono_ms + int((now_s - edge.beat_at_s) * 1000) + DEADLINE_MS,
        ),
        basis=Basis(
            seq=basis["edges"][0]["head_seq"],
            devices=sorted(
                device.device
                for device in list(live.devices.values())
                if device.edge == dock.edge and device.read_point == dock.id
            ),
        ),
    )
    tx.record(
        "command.sent",
        command={
            "command_id": command.command_id,
            "edge": dock.edge,
            "device": dock.gate,
            "verb": "open",
            "args": command.args,
            "truck_id": truck["truck_id"],
            "outcome": "pending",
            "reason": "",
            "at": tx.at,
        },
    )
    topic = topics.edge_topic(dock.edge, "cmd", dock.gate, "open")
    tx.queue("command", topic, command.model_dump(mode="json", exclude_none=True))
    live.since[("gate-command", command.command_id)] = now_s
    change_truck(tx, truck, state="opening", refusal="")


def _follow(tx: Tx, live: Live, now_s: float, truck: Row) -> None:
    """Wait for the outcome and the lease; when the truck is still there, decide anew."""
    table = schema.command
    sent = rows(tx, select(table).where(table.c.truck_id == truck["truck_id"]))
    if not sent:
        _decide_anew(tx, truck)
        return
    newest = max(sent, key=lambda row: row["at"])
    name, outcome = newest["command_id"], newest["outcome"]
    sent_s = live.since.setdefault(("gate-command", name), now_s)
    if outcome == "pending":
        if now_s - sent_s > ANSWER_S and _has_told_all(tx, live, now_s, truck):
            tx.record("command.ended", command_id=name, outcome="unknown", reason="no answer")
        return
    ended_s = live.since.setdefault(("gate-command-ended", name), now_s)
    for_s = float(json.loads(newest["args"]).get("for_s", OPEN_FOR_S))
    wait_s = for_s + LEASE_MARGIN_S if outcome == "done" else RETRY_S
    if now_s - ended_s >= wait_s and _has_told_all(tx, live, now_s, truck):
        _decide_anew(tx, truck)


def _has_told_all(tx: Tx, live: Live, now_s: float, truck: Row) -> bool:
    """Tell whether the edge is heard and nothing of it is on its way: an exit, for example."""
    refusals = gate.judge(gate_basis.build(tx, live, now_s, truck))
    return not {"edge-fresh", "edge-head"} & {refusal.rule for refusal in refusals}


def _decide_anew(tx: Tx, truck: Row) -> None:
    """Go back to where the rule is asked: an emptied truck stays one that was sent away."""
    unit = schema.unit
    aboard = select(unit.c.unit).where(unit.c.place == f"truck:{truck['truck_id']}").limit(1)
    change_truck(tx, truck, state="loaded" if rows(tx, aboard) else "unloading")
