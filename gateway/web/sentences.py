"""What a journal entry says, as a key of the page's words and its facts (pure).

The page's catalogues (`static/words.*.json`) hold a sentence `j.KEY` for each key, with the facts
in braces. A fact keeps the journal's word: the page knows how an order, a place or money is shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Fields = Mapping[str, Any]
    Saying = dict[str, Any]

SENT_AWAY: Final = "sent-away"
"""The rule of the `blocked_by` row that keeps why a person sent a truck away."""

_PLACE_SAYS: Final = {
    "dock": "seen",
    "location": "put_away",
    "vehicle": "lifted",
    "staging": "staged",
    "truck": "loaded",
    "gone": "left",
}
_STATUS_SAYS: Final = {
    "RECEIVED": "received",
    "BOOKED": "booked",
    "ALLOCATED": "taken",
    "MATCHED": "matched",
    "DECLARED": "declared",
    "RELEASED": "released",
    "PASSPORT_BOUND": "bound",
    "PASSPORT_APPROVED": "approved",
    "GATED_OUT": "left",
    "DEDUCTED": "deducted",
    "WRITTEN_OFF": "written_off",
}
_TRUCK_SAYS: Final = {
    "docked": "truck_docked",
    "loading": "truck_loading",
    "loaded": "truck_loaded",
    "refused": "truck_refused",
    "unloading": "truck_unloading",
    "opening": "truck_opening",
    "gone": "truck_gone",
}
_SUBJECTS: Final = {
    "order_id": ("order_", "payment", "waybill", "declaration", "receipt"),
    "truck_id": ("truck_", "gate_", "sent_away", "passport", "command"),
    "sscc": ("pallet_", "decided"),
}
"""Whose sentence one is, by its key; else a carton's. A story leaves its own subject out."""


def person(cause: str) -> str:
    """Return who acted, or an empty text for anything but a person."""
    return cause.removeprefix("person:") if cause.startswith("person:") else ""


def tell(kind: str, cause: str, body: Fields, also: Fields) -> list[Saying]:
    """Return what an entry says.

    Args:
        kind: of the entry.
        cause: of the entry.
        body: its fields.
        also: facts about the subject that the entry names by its id only.

    """
    by = {"by": person(cause)} if person(cause) else {}
    fields = {**also, **by, **body}
    return _TELL[kind](fields) if kind in _TELL else [_say("other", kind=kind)]


def _say(key: str, **facts: object) -> Saying:
    told = {name: one for name, one in facts.items() if one is not None}
    of = next((name for name, begins in _SUBJECTS.items() if key.startswith(begins)), "unit")
    return {"say": key, **told, **({"of": of} if of in told else {})}


def _plain(key: str, *names: str) -> Callable[[Fields], list[Saying]]:
    """Return a teller of one sentence whose facts are fields of the entry."""
    return lambda fields: [_say(key, **{name: fields.get(name) for name in names})]


def _row(key: str, row: str, *names: str) -> Callable[[Fields], list[Saying]]:
    """Return a teller of one sentence whose facts are fields of the entry's row."""
    return lambda fields: [_say(key, **{name: fields[row].get(name) for name in names})]


def _unit(fields: Fields) -> list[Saying]:
    told, unit = fields["set"], fields["unit"]
    status, place = told.get("status"), told.get("place")
    said = []
    if place is not None and status != "GATED_OUT":
        kind, _, name = place.partition(":")
        key = _PLACE_SAYS.get(kind, "moved")
        truck = {"truck_id": name} if kind == "truck" else {}
        said.append(_say(key, unit=unit, place=place, **truck))
    if status is not None:
        said.append(_unit_status(unit, status, told, fields))
    if "sscc" in told:
        said.append(_say("repacked", unit=unit, sscc=told["sscc"]))
    return said


def _unit_status(unit: str, status: str, told: Fields, fields: Fields) -> Saying:
    if status == "BOOKED" and "order_id" in told:
        return _say("given_back", unit=unit)
    if status == "RELEASED" and "passport_id" in told:
        return _say("unbound", unit=unit, by=fields.get("by"))
    key = _STATUS_SAYS.get(status, "status")
    names = ("order_id", "declaration_id", "passport_id")
    return _say(key, unit=unit, status=status, **{name: told.get(name) for name in names})


def _notice(fields: Fields) -> list[Saying]:
    notice, units = fields["notice"], fields["units"]
    pallets = len(fields["pallets"])
    facts = {"plate": notice["plate"], "pallets": pallets, "count": len(units)}
    return [_say("notice", notice_id=notice["notice_id"], **facts)]


def _order(fields: Fields) -> list[Saying]:
    told = fields["set"]
    said = []
    if "state" in told:
        truck = told.get("truck_id")
        said.append(
            _say("order_state", order_id=fields["order_id"], state=told["state"], truck_id=truck)
        )
    blocked = told.get("blocked_by") or []
    away = [row for row in blocked if row.get("rule") == SENT_AWAY]
    if away:
        why = away[0]
        facts = {"by": why.get("by"), "reason": why.get("reason")}
        return [*said, _say("sent_away", truck_id=why.get("truck_id"), **facts)]
    if blocked:
        said.append(_say("order_waits", order_id=fields["order_id"], reasons=blocked))
    elif not said:
        said.append(_say("order_free", order_id=fields["order_id"]))
    return said


def _truck(fields: Fields) -> list[Saying]:
    told, truck = fields["set"], fields["truck_id"]
    refusal = told.get("refusal") or []
    if "state" in told:
        key = _TRUCK_SAYS.get(told["state"], "truck_state")
        if told["state"] == "unloading" and fields.get("by"):
            return [_say("sent_away_by", truck_id=truck, by=fields["by"])]
        facts = {"dock": told.get("dock"), "plate": told.get("seen_plate")}
        return [_say(key, truck_id=truck, state=told["state"], reasons=refusal or None, **facts)]
    if refusal:
        return [_say("gate_waits", truck_id=truck, reasons=refusal)]
    if "weighed_mass_g" in told:
        return [_say("truck_weighed", truck_id=truck, mass_g=told["weighed_mass_g"])]
    if "passed_seq" in told:
        return [_say("truck_passed", truck_id=truck)]
    return [_say("truck_free", truck_id=truck)]


def _gate(fields: Fields) -> list[Saying]:
    key = "gate_opened" if fields["is_open"] else "gate_refused"
    plate = (fields["basis"].get("truck") or {}).get("plate")
    aboard = len(fields["basis"].get("aboard") or [])
    facts = {"truck_id": fields["truck_id"], "plate": plate, "count": aboard}
    return [_say(key, reasons=fields["refusal"] or None, **facts)]


def _pallet(fields: Fields) -> list[Saying]:
    told, sscc = fields["set"], fields["sscc"]
    if "weighed_mass_g" in told:
        return [_say("pallet_weighed", sscc=sscc, mass_g=told["weighed_mass_g"])]
    if told.get("state") in {"checked", "empty"}:
        return [_say(f"pallet_{told['state']}", sscc=sscc)]
    place = str(told.get("place", ""))
    key = _PLACE_SAYS.get(place.partition(":")[0], "moved")
    return [_say(f"pallet_{key}", sscc=sscc, place=place)]


def _hold(fields: Fields) -> list[Saying]:
    hold = fields["hold"]
    by = str(hold["placed_by"])
    facts = {"unit": hold["unit"], "hold": hold["kind"], "reason": hold["reason"]}
    is_rule = by.startswith("rule:")
    return [_say("held", **facts)] if is_rule else [_say("held_by", by=by, **facts)]


def _lifted(fields: Fields) -> list[Saying]:
    facts = {"by": fields["lifted_by"], "reason": fields["lift_reason"]}
    return [_say("lifted_hold", unit=fields.get("unit"), hold=fields.get("kind"), **facts)]


def _prededucted(fields: Fields) -> list[Saying]:
    key = "prededucted" if fields["count"] > 0 else "prededucted_back"
    return [_say(key, unit=fields["unit"], line=fields["book_line"])]


def _book(key: str) -> Callable[[Fields], list[Saying]]:
    return lambda fields: [_say(key, unit=fields["unit"], line=fields["book_line"])]


def _task(fields: Fields) -> list[Saying]:
    state = fields["set"].get("state", "")
    names = ("what", "subject", "source", "target", "vehicle")
    facts = {name: fields["set"].get(name, fields.get(name)) for name in names}
    return [_say("task_failed" if state == "failed" else "task_state", state=state, **facts)]


def _decision(fields: Fields) -> list[Saying]:
    one = fields["decision"]
    key = "decided" if one.get("location") else "decided_none"
    place = f"location:{one['location']}" if one.get("location") else None
    return [_say(key, sscc=one["sscc"], place=place)]


def _passport(fields: Fields) -> list[Saying]:
    names = ("passport_id", "truck_id", "by")
    facts = {name: fields.get(name) for name in names}
    return [_say("passport_state", state=fields["set"].get("state"), **facts)]


def _declaration(fields: Fields) -> list[Saying]:
    facts = {name: fields.get(name) for name in ("declaration_id", "order_id")}
    return [_say("receipt", code=fields["set"].get("code"), **facts)]


_TELL: Final[dict[str, Callable[[Fields], list[Saying]]]] = {
    "custody": _plain("custody", "edge", "seq"),
    "custody.fork": _plain("fork", "edge", "seq"),
    "custody.fork_closed": _plain("fork_closed", "edge", "by"),
    "custody.ordered": _plain("box_ordered", "edge", "verb", "by", "reason"),
    "letters.allowed": _plain("letters_allowed", "edge", "by", "reason"),
    "letter.settled": _plain("letter_settled", "letter_id", "how", "by", "reason"),
    "tag.aboard": _plain("tag_aboard", "tag", "truck_id"),
    "tag.ashore": _plain("tag_ashore", "tag"),
    "gate.breached": _plain("breached", "dock", "truck_id", "why"),
    "rules.set": _plain("rules"),
    "goods.defined": _row("goods", "goods", "goods_id"),
    "notice.accepted": _notice,
    "order.accepted": _row("order_came", "order", "order_id", "merchant_id"),
    "order.changed": _order,
    "payment.accepted": _row("payment", "payment", "payment_id", "order_id", "amount"),
    "waybill.accepted": _row("waybill", "waybill", "waybill_id", "order_id", "carrier_id"),
    "declaration.sent": _row("declaration", "declaration", "declaration_id", "order_id"),
    "declaration.changed": _declaration,
    "passport.applied": _row("passport", "passport", "passport_id", "truck_id"),
    "passport.changed": _passport,
    "truck.noticed": _row("truck_noticed", "truck", "truck_id", "plate", "carrier_id"),
    "truck.changed": _truck,
    "pallet.changed": _pallet,
    "unit.changed": _unit,
    "hold.placed": _hold,
    "hold.lifted": _lifted,
    "book.opened": _plain("book_opened", "book_line"),
    "book.in": _book("book_in"),
    "book.prededucted": _prededucted,
    "book.out": _book("book_out"),
    "book.adjusted": _plain("book_adjusted", "book_line", "count", "reason"),
    "guarantee.opened": lambda fields: [_say("guarantee_opened", amount=fields["ceiling"])],
    "guarantee.reserved": _plain("guarantee_reserved", "unit", "amount"),
    "gate.decided": _gate,
    "guarantee.freed": _plain("guarantee_freed", "unit", "amount"),
    "task.planned": _row("task_planned", "task", "what", "subject", "source", "target"),
    "task.changed": _task,
    "decision.made": _decision,
    "command.sent": _row("command", "command", "device", "verb", "truck_id"),
    "command.ended": _plain("command_ended", "device", "outcome", "truck_id"),
    "alarm.raised": _row("alarm", "alarm", "definition", "subject"),
    "alarm.acknowledged": _plain("alarm_seen", "definition", "subject", "by"),
    "alarm.cleared": _plain("alarm_cleared", "definition", "subject"),
}
KINDS: Final = frozenset(_TELL)
"""Kinds of entries that have a sentence; a test holds them against the ledger's."""
