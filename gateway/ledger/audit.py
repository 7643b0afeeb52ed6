"""Recompute the ledger's rules from journal entries, independently of the fold (pure).

It keeps its own small books: account-book lines, guarantee, each carton's status and evidence,
documents, orders, trucks and gate decisions. Source of the rules: reference/bonded.md and the
contract on the wire, sections 5 and 7.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from gateway.ledger import stock
from gateway.ledger.stock import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_DECLARED_AND_ON: Final = frozenset(Status) - {
    Status.ADVISED,
    Status.RECEIVED,
    Status.BOOKED,
    Status.ALLOCATED,
    Status.MATCHED,
}


@dataclass(slots=True)
class _Unit:
    status: str
    duty: int
    place: str
    is_released: bool = False
    order_id: str | None = None
    holds: set[str] = field(default_factory=set)


class Audit:
    """Feed it every entry in order, then close it; each call yields (rule, what is wrong)."""

    def __init__(self) -> None:
        self.custody: dict[str, list[tuple[str, str]]] = defaultdict(list)
        """By edge, (id, hash) of the rows journalled, in order of seq."""
        self._applied_ids: set[str] = set()
        self._units: dict[str, _Unit] = {}
        self._holds: dict[str, str] = {}
        self._balance: Counter[str] = Counter()
        self._prededucted: Counter[str] = Counter()
        self._ceiling = 0
        self._reserved = 0
        self._orders: dict[str, dict[str, Any]] = {}
        self._papers: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._rules: list[dict[str, Any]] = []
        self._zone = ZoneInfo("UTC")
        self._void_orders: set[str] = set()
        self._open_gates: dict[str, frozenset[str]] = {}
        """By truck, the cartons that its last decision let out."""
        self._takers: dict[str, Callable[[dict[str, Any]], Iterator[tuple[str, str]]]] = {
            "custody": self._custody_taken,
            "notice.accepted": self._noticed,
            "rules.set": self._rules_set,
            "order.accepted": self._ordered,
            "order.changed": self._order_changed,
            "payment.accepted": self._paid,
            "waybill.accepted": self._billed,
            "unit.changed": self._unit_changed,
            "hold.placed": self._held,
            "hold.lifted": self._lifted,
            "book.opened": self._book_opened,
            "book.in": self._book_in,
            "book.out": self._book_out,
            "book.prededucted": self._book_prededucted,
            "book.adjusted": self._book_adjusted,
            "guarantee.opened": self._guarantee_opened,
            "guarantee.reserved": self._guarantee_reserved,
            "guarantee.freed": self._guarantee_freed,
            "gate.decided": self._gate_decided,
        }

    def take(self, kind: str, fields: dict[str, Any]) -> list[tuple[str, str]]:
        """Take one entry; return what is wrong with it as (rule, words)."""
        taker = self._takers.get(kind)
        return [] if taker is None else list(taker(fields))

    def close(self) -> Iterator[tuple[str, str]]:
        """Judge what only the end shows: the guarantee against the cartons in bond."""
        at_risk = sum(
            one.duty
            for one in self._units.values()
            if one.status not in {Status.ADVISED, Status.RECEIVED, Status.WRITTEN_OFF}
        )
        if at_risk != self._reserved:
            yield (
                "guarantee",
                f"{self._reserved} is reserved, the cartons at risk bear {at_risk} of duty",
            )

    def _custody_taken(self, fields: dict[str, Any]) -> Iterator[tuple[str, str]]:
        rows = self.custody[fields["edge"]]
        if fields["seq"] != len(rows) + 1:
            yield "custody", f"edge {fields['edge']}: row {fields['seq']} follows row {len(rows)}"
        rows.append((fields["id"], fields["hash"]))
        if fields["outcome"] == "applied":
            if fields["id"] in self._applied_ids:
                yield "applied-twice", f"the event {fields['id']} was applied before"
            self._applied_ids.add(fields["id"])

    def _noticed(self, fields: dict[str, Any]) -> Iterator[tuple[str, str]]:
        for row in fields["units"]:
            if row["unit"] in self._units:
                yield "stock", f"unit {row['unit']} was noticed twice"
            self._units[row["unit"]] = _Unit(
                status=row["status"], duty=row["duty"], place=row["place"]
            )
            if row["status"] != Status.ADVISED:
                yield "stock", f"unit {row['unit']} was noticed as {row['status']}"

    def _ordered(self, fields: dict[str, Any]) -> Iterator[tuple[str, str]]:
        order = fields["order"]
        self._orders[order["order_id"]] = order
        date = self._local_date(order["ordered_at"])
        order_max = self._rule("order_amount_max", date)
        if order["amount"] > order_max:
            yield "limits", f"order {order['order_id']} of {order['amount']} is above {order_max}"
        spent = sum(
            other["amount"]
            for other in self._orders.values()
            if other["buyer_key"] == order["buyer_key"]
            and other["order_id"] not in self._void_orders
            and self._local_date(other["ordered_at"])[:4] == date[:4]
        )
        year_max = self._rule("person_year_amount_max", date)
        if spent > year_max:
            what = f"the buyer of order {order['order_id']} reached {spent} in {date[:4]}"
            yield "limits", f"{what}, above {year_max}"

    def _order_changed(self, fields: dict[str, Any]) -> Iterator[tuple[str, str]]:
        if fields["set"].get("state") in {"cancelled", "refused"}:
            self._void_orders.add(fields["order_id"])
        yield from ()

    def _rules_set(self, fields: dict[str, Any]) -> Iterator[tuple[str, str]]:
        self._rules = fields["rules"]
        self._zone = ZoneInfo(fields["timezone"])
        yield from ()

    def _rule(self, name: str, date: str) -> float:
        """Return the newest value that was in force on a date; no rule is no limit."""
        held = [rule for rule in self._rules if rule["name"] == name and rule["from"] <= date]
        return float(max(held, key=lambda rule: str(rule["from"]))["value"]) if held else inf

    def _local_date(self, instant: str) -> str:
        return datetime.fromisoformat(instant).astimezone(self._zone).date().isoformat()

    def _paid(self, fields: dict[str, Any]) -> Iterator[tuple[str, str]]:
        self._papers[fields["payment"]["order_id"]].append({**fields["payment"], "_is": "payment"})
        yield from ()

    def _billed(self, fields: dict[str, Any]) -> Iterator[tuple[str, str]]:
        self._papers[fields["waybill"]["order_id"]].append({**fields["waybill"], "_is": "waybill"})
        yield from ()

    def _unit_changed(self, fields: dict[str, Any]) -> Iterator[tuple[str, str]]:
        name, change = fields["unit"], fields["set"]
        one = self._units.get(name)
        if one is None:
            yield "stock", f"unit {name} changes, but no notice names it"
            return
        one.order_id = change.get("order_id", one.order_id)
        if "status" in change:
            yield from self._status_changed(name, one, change["status"])
        if "place" in change:
            if one.place == "gone":
                yield "stock", f"unit {name} had left and is now at {change['place']}"
            one.place = change["place"]
            if one.place == "gone" and one.status not in {
                Status.GATED_OUT,
                Status.DEDUCTED,
                Status.WRITTEN_OFF,
            }:
                yield "gate", f"unit {name} is gone as {one.status}"

    def _status_changed(self, name: str, one: _Unit, wanted: str) -> Iterator[tuple[str, str]]:
        one.is_released = one.is_released or wanted == Status.RELEASED
        fault = stock.transition_fault(
            one.status, wanted, holds_count=len(one.holds), is_released=one.is_released
        )
        if fault is not None:
            yield "status", f"unit {name} went from {one.status} to {wanted}: {fault}"
        if wanted == Status.DECLARED and one.status == Status.MATCHED:
            yield from self._unmatched(name, one)
        if wanted == Status.GATED_OUT:
            yield from self._let_out(name, one)
        one.status = wanted

    def _unmatched(self, name: str, one: _Unit) -> Iterator[tuple[str, str]]:
        order = self._orders.get(one.order_id or "")
        if order is None:
            yield "three-documents", f"unit {name} was declared without an order"
            return
        date = self._local_date(order["ordered_at"])
        tolerance = self._rule("match_amount_tolerance", date)
        fitting = {
            paper["_is"]
            for paper in self._papers[order["order_id"]]
            if paper.get("payer_key", order["buyer_key"]) == order["buyer_key"]
            and paper.get("receiver_key", order["buyer_key"]) == order["buyer_key"]
            and paper.get("currency", order["currency"]) == order["currency"]
            and paper.get("carrier_id", order["carrier_id"]) == order["carrier_id"]
            and abs(paper.get("amount", order["amount"]) - order["amount"]) <= tolerance
        }
        for wanted in ("payment", "waybill"):
            if wanted not in fitting:
                what = f"unit {name} was declared, but no {wanted} agrees with its order"
                yield "three-documents", f"{what} {order['order_id']}"

    def _let_out(self, name: str, one: _Unit) -> Iterator[tuple[str, str]]:
        truck_id = one.place.removeprefix("truck:")
        if truck_id == one.place:
            yield "gate", f"unit {name} passed the gate from {one.place}, not on a truck"
        elif name not in self._open_gates.get(truck_id, frozenset()):
            yield "gate", f"unit {name} passed the gate on truck {truck_id}, which was not let out"

    def _held(self, fields: dict[str, Any]) -> Iterator[tuple[str, str]]:
        row = fields["hold"]
        self._holds[row["hold_id"]] = row["unit"]
        one = self._units.get(row["unit"])
        if one is None:
            yield "holds", f"hold {row['hold_id']} is on unit {row['unit']}, which is unknown"
        else:
            one.holds.add(row["hold_id"])

    def _lifted(self, fields: dict[str, Any]) -> Iterator[tuple[str, str]]:
        unit = self._holds.pop(fields["hold_id"], None)
        if unit is None:
            yield "holds", f"hold {fields['hold_id']} was lifted, but is not open"
        elif unit in self._units:
            self._units[unit].holds.discard(fields["hold_id"])

    def _book_opened(self, fields: dict[str, Any]) -> Iterator[tuple[str, str]]:
        return self._book(fields["book_line"], balance=fields["count"])

    def _book_in(self, fields: dict[str, Any]) -> Iterator[tuple[str, str]]:
        return self._book(fields["book_line"], balance=fields["count"])

    def _book_out(self, fields: dict[str, Any]) -> Iterator[tuple[str, str]]:
        count = fields["count"]
        return self._book(fields["book_line"], balance=-count, prededucted=-count)

    def _book_prededucted(self, fields: dict[str, Any]) -> Iterator[tuple[str, str]]:
        return self._book(fields["book_line"], prededucted=fields["count"])

    def _book_adjusted(self, fields: dict[str, Any]) -> Iterator[tuple[str, str]]:
        return self._book(fields["book_line"], balance=fields["count"])

    def _book(
        self, line: str, *, balance: int = 0, prededucted: int = 0
    ) -> Iterator[tuple[str, str]]:
        self._balance[line] += balance
        self._prededucted[line] += prededucted
        held, taken = self._balance[line], self._prededucted[line]
        if held < 0 or taken < 0 or taken > held:
            yield "book", f"line {line} holds {held} cartons with {taken} pre-deducted"

    def _guarantee_opened(self, fields: dict[str, Any]) -> Iterator[tuple[str, str]]:
        self._ceiling = fields["ceiling"]
        yield from ()

    def _guarantee_reserved(self, fields: dict[str, Any]) -> Iterator[tuple[str, str]]:
        self._reserved += fields["amount"]
        if self._reserved > self._ceiling:
            yield "guarantee", f"{self._reserved} at risk, the guarantee covers {self._ceiling}"

    def _guarantee_freed(self, fields: dict[str, Any]) -> Iterator[tuple[str, str]]:
        self._reserved -= fields["amount"]
        if self._reserved < 0:
            yield "guarantee", f"{-self._reserved} more was freed than reserved"

    def _gate_decided(self, fields: dict[str, Any]) -> Iterator[tuple[str, str]]:
        truck_id, basis = fields["truck_id"], fields["basis"]
        if not fields["is_open"]:
            self._open_gates.pop(truck_id, None)
            return
        self._open_gates[truck_id] = frozenset(row["unit"] for row in basis["aboard"])
        for why in self._gate_faults(truck_id, basis):
            yield "gate", f"truck {truck_id} was let out, but {why}"

    def _gate_faults(self, truck_id: str, basis: dict[str, Any]) -> Iterator[str]:
        """Compute section 5 again from the basis, and hold the basis against the journal."""
        aboard = {row["unit"] for row in basis["aboard"]}
        known = {name for name, one in self._units.items() if one.place == f"truck:{truck_id}"}
        if aboard != known:
            yield f"its basis names {len(aboard)} cartons, the journal has {len(known)} aboard"
        for name in sorted(known):
            one = self._units[name]
            if not one.is_released:
                yield f"unit {name} is not released"
            if one.holds:
                yield f"unit {name} has open holds"
            if one.status != Status.PASSPORT_APPROVED:
                yield f"unit {name} is {one.status}"
        yield from _paper_faults(basis, known)
        for edge in basis["edges"]:
            if edge["is_forked"] or edge["is_full"] or edge["head_seq"] < edge["tip_seq"]:
                yield f"edge {edge['edge']} was not sound: {json.dumps(edge)}"


def _paper_faults(basis: dict[str, Any], aboard: set[str]) -> Iterator[str]:
    truck, passport = basis["truck"], basis["passport"]
    if basis["foreign_tags"]:
        yield f"foreign tags are aboard: {basis['foreign_tags'][:3]}"
    wanted = set(passport["units"]) if passport is not None else set()
    if wanted != aboard:
        yield f"the passport names {len(wanted)} cartons, {len(aboard)} passed the portal"
    if passport is not None and passport["state"] != "approved":
        yield f"its passport is {passport['state']}"
    plate = passport["plate"] if passport is not None else truck["plate"]
    if _plain(truck["seen_plate"] or "") != _plain(plate):
        yield f"the camera read {truck['seen_plate']!r}, the papers say {plate!r}"
    expected_g = passport["total_mass_g"] if passport is not None else truck["tare_g"]
    weighed_g = truck["weighed_mass_g"]
    if weighed_g is None or abs(weighed_g - expected_g) > basis["weight_tolerance_g"]:
        yield f"it weighed {weighed_g} g, expected {expected_g} g"


def _plain(plate: str) -> str:
    return re.sub(r"[\s.·-]", "", plate).upper()
