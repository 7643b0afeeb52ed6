"""Alarm rules: what ledger and present say is wrong, raised and cleared by difference."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select

from gateway.alarms import acts, live_rules
from gateway.ledger import schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Select

    from gateway.ledger.store import Tx
    from gateway.live import Live

    Wanted = dict[tuple[str, str], str]

MANAGED: Final = frozenset(
    {
        "weight-discrepancy",
        "tags-discrepancy",
        "gate-refused",
        "gate-blocked",
        "custody-fork",
        "dead-letters",
        "evidence-missing",
        "putaway-blocked",
        "order-cutoff-near",
        "guarantee-near-ceiling",
    }
)
"""Definitions that these rules raise and clear; acts and latched ones keep to themselves."""

BLOCKED_S: Final = 10.0
EVIDENCE_S: Final = 10.0
PUTAWAY_S: Final = 15.0
DEAD_LETTER_S: Final = 300.0
CUTOFF_S: Final = 600.0
GUARANTEE_RATIO: Final = 0.9
JOURNAL_TAIL_COUNT: Final = 2_000
"""So far back a restarted gateway looks for breaches of the gate."""


def apply(tx: Tx, live: Live, now_s: float) -> None:
    """Raise what is wanted and not active, clear what is active and not wanted."""
    wanted: Wanted = live_rules.wanted(tx.site, live, now_s)
    for rule in (_discrepancies, _gates, _forks, _dead_letters, _orders, _guarantee):
        wanted.update(rule(tx))
    lasting: tuple[tuple[Callable[[Tx], Wanted], str, float], ...] = (
        (_blocked_trucks, "gate-blocked", BLOCKED_S),
        (_unproven_loads, "evidence-missing", EVIDENCE_S),
        (_waiting_pallets, "putaway-blocked", PUTAWAY_S),
    )
    for find, name, after_s in lasting:
        found = find(tx)
        wanted.update(live_rules.lasting(live, name, found, now_s=now_s, after_s=after_s))
    alarm = schema.alarm
    managed = sorted(MANAGED | live_rules.MANAGED)
    query = select(alarm.c.alarm_id, alarm.c.definition, alarm.c.subject).where(
        alarm.c.cleared_at.is_(None), alarm.c.definition.in_(managed)
    )
    active = {(row["definition"], row["subject"]): row["alarm_id"] for row in _rows(tx, query)}
    for key in sorted(active.keys() - wanted.keys()):
        acts.clear_by_id(tx, active[key])
    for definition, subject in sorted(wanted.keys() - active.keys()):
        acts.raise_alarm(tx, definition, subject, wanted[definition, subject])
    _breaches(tx, live)


def _rows(tx: Tx, query: Select[Any]) -> list[dict[str, Any]]:
    return [dict(row) for row in tx.connection.execute(query).mappings()]


def _discrepancies(tx: Tx) -> Wanted:
    hold, unit = schema.hold, schema.unit
    query = (
        select(unit.c.sscc, hold.c.reason)
        .join(unit, unit.c.unit == hold.c.unit)
        .where(hold.c.kind == "discrepancy", hold.c.lifted_at.is_(None))
        .distinct()
    )
    wanted: Wanted = {}
    for row in _rows(tx, query):
        if "weighs" in row["reason"]:
            wanted["weight-discrepancy", row["sscc"]] = row["reason"]
        if "tag" in row["reason"] or "weighs" not in row["reason"]:
            wanted["tags-discrepancy", row["sscc"]] = row["reason"]
    return wanted


def _refusals(tx: Tx, states: tuple[str, ...]) -> Wanted:
    truck = schema.truck
    query = select(truck).where(truck.c.state.in_(states), truck.c.refusal != "")
    found: Wanted = {}
    for row in _rows(tx, query):
        whys = [
            f"{one['why']}{' (' + one['unit'] + ')' if one['unit'] else ''}"
            for one in json.loads(row["refusal"])
        ]
        if whys:
            found["gate-refused", row["truck_id"]] = f"truck {row['plate']}: " + "; ".join(whys[:5])
    return found


def _gates(tx: Tx) -> Wanted:
    return _refusals(tx, ("refused",))


def _blocked_trucks(tx: Tx) -> Wanted:
    found = _refusals(tx, ("loading", "loaded", "unloading"))
    return {("gate-blocked", truck): what for (_, truck), what in found.items()}


def _forks(tx: Tx) -> Wanted:
    query = select(schema.edge_head.c.edge).where(schema.edge_head.c.is_forked)
    return {
        ("custody-fork", row["edge"]): f"edge {row['edge']} sent rows of another history"
        for row in _rows(tx, query)
    }


def _dead_letters(tx: Tx) -> Wanted:
    letter = schema.dead_letter
    since = datetime.fromisoformat(tx.at) - timedelta(seconds=DEAD_LETTER_S)
    newest = _rows(tx, select(letter).order_by(letter.c.letter_id.desc()).limit(100))
    recent = [row for row in newest if datetime.fromisoformat(row["at"]) > since]
    if not recent:
        return {}
    last = recent[0]
    text = f"{len(recent)} message(s) in 5 min; the last: {last['reason']} on {last['topic'][:80]}"
    return {("dead-letters", "all"): text}


def _unproven_loads(tx: Tx) -> Wanted:
    task, unit, truck = schema.task, schema.unit, schema.truck
    query = (
        select(task.c.subject, task.c.truck_id, task.c.vehicle)
        .join(unit, unit.c.unit == task.c.subject)
        .join(truck, truck.c.truck_id == task.c.truck_id)
        .where(
            task.c.what == "load",
            task.c.state == "finished",
            truck.c.state != "gone",
            unit.c.place.like("vehicle:%"),
        )
    )
    return {
        ("evidence-missing", row["subject"]): (
            f"{row['vehicle']} loaded {row['subject']} onto {row['truck_id']}, "
            "but the portal did not see it pass"
        )
        for row in _rows(tx, query)
    }


def _waiting_pallets(tx: Tx) -> Wanted:
    pallet, task = schema.pallet, schema.task
    has_task = select(task.c.task_id).where(
        task.c.subject == pallet.c.sscc, task.c.state.in_(("planned", "sent", "picked"))
    )
    held = select(schema.unit.c.unit).where(
        schema.unit.c.sscc == pallet.c.sscc, schema.unit.c.holds_count > 0
    )
    query = select(pallet.c.sscc).where(
        pallet.c.state == "checked", ~has_task.exists(), ~held.exists()
    )
    return {
        ("putaway-blocked", row["sscc"]): f"pallet {row['sscc']} waits: no free location fits it"
        for row in _rows(tx, query)
    }


def _orders(tx: Tx) -> Wanted:
    """One alarm for all orders: twenty late orders are one cause, not twenty."""
    sale = schema.sale
    waiting = ("open", "allocated", "matched", "declared", "released", "picking", "staged")
    query = select(sale.c.order_id, sale.c.cutoff_at).where(sale.c.state.in_(waiting))
    until = datetime.fromisoformat(tx.at) + timedelta(seconds=CUTOFF_S)
    near = sorted(
        (row["cutoff_at"], row["order_id"])
        for row in _rows(tx, query)
        if datetime.fromisoformat(row["cutoff_at"]) < until
    )
    if not near:
        return {}
    text = f"{len(near)} order(s) not loaded; first {near[0][1]}, cut-off {near[0][0]}"
    return {("order-cutoff-near", "orders"): text}


def _guarantee(tx: Tx) -> Wanted:
    table = schema.guarantee
    found: Wanted = {}
    for row in _rows(tx, select(table)):
        if row["ceiling"] and row["reserved"] >= GUARANTEE_RATIO * row["ceiling"]:
            ratio = row["reserved"] / row["ceiling"]
            found["guarantee-near-ceiling", row["book"]] = f"book {row['book']}: {ratio:.0%} used"
    return found


def _breaches(tx: Tx, live: Live) -> None:
    """Raise the latched alarm for each breach of the gate that the journal tells anew."""
    table = schema.journal
    tip = tx.connection.execute(select(func.coalesce(func.max(table.c.n), 0))).scalar_one()
    key = ("journal-read", "gate.breached")
    above = live.since.get(key, max(0, tip - JOURNAL_TAIL_COUNT))
    live.since[key] = tip
    query = select(table).where(table.c.n > above, table.c.kind == "gate.breached")
    for row in _rows(tx, query.order_by(table.c.n)):
        fields = json.loads(row["body"])
        if not acts.was_cleared_after(tx, "gate-left-unauthorised", fields["dock"], row["at"]):
            acts.raise_alarm(tx, "gate-left-unauthorised", fields["dock"], fields["why"])
