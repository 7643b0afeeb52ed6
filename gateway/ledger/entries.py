"""The kinds of journal entries and their fields: every change of a view is one of these (pure).

`Tx.record(kind, **fields)` appends the entry and folds it into the views in the same transaction;
a rebuild folds the same entries from the journal alone.
"""

from __future__ import annotations

from typing import Final

ENTRY_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    # custody: one entry for each row that moved a head
    "custody": ("edge", "seq", "id", "hash", "outcome"),
    "custody.fork": ("edge", "seq", "hash"),
    "custody.fork_closed": ("edge", "by"),  # by: adopted, or the person who decided
    "custody.ordered": ("edge", "boot", "verb", "by", "reason"),  # a person adopts or stops a box
    # a person replayed a dead letter, corrected perhaps, or discarded it
    "letters.allowed": ("edge", "by", "reason"),  # a flood of them may be buried, for ten minutes
    "letter.settled": ("letter_id", "how", "by", "reason", "body_hash"),
    # a tag on a truck that is no carton of ours to load; ashore again
    "tag.aboard": ("tag", "truck_id"),
    "tag.ashore": ("tag",),
    # a truck left, or a carton passed, without an open gate: nothing moves, a person must look
    "gate.breached": ("dock", "truck_id", "units", "why"),
    # the dated rule table and the site's time zone, whenever the site file changes them
    "rules.set": ("rules", "timezone"),
    # documents
    "goods.defined": ("goods",),  # a row of table goods
    "notice.accepted": ("notice", "pallets", "units"),  # rows of notice, pallet, unit
    "order.accepted": ("order",),  # a row of table sale
    "order.changed": ("order_id", "set"),  # any of state, blocked_by, declaration_id, truck_id
    "payment.accepted": ("payment",),
    "waybill.accepted": ("waybill",),
    "declaration.sent": ("declaration",),
    "declaration.changed": ("declaration_id", "set"),
    "passport.applied": ("passport",),
    "passport.changed": ("passport_id", "set"),
    "truck.noticed": ("truck",),
    "truck.changed": ("truck_id", "set"),
    # units
    "pallet.changed": ("sscc", "set"),
    "unit.changed": ("unit", "set"),
    # set: any of status, is_released, place (with place_at, place_evidence), order_id,
    # declaration_id, passport_id, sscc, seen_at_dock; a status must follow stock.TRANSITIONS
    "hold.placed": ("hold",),
    "hold.lifted": ("hold_id", "lifted_by", "lift_reason"),
    # the account book and the guarantee
    "book.opened": ("book_line", "count"),
    "book.in": ("book_line", "count", "unit"),
    "book.prededucted": ("book_line", "count", "unit"),  # count may be negative: taken back
    "book.out": ("book_line", "count", "unit"),  # also takes the pre-deduction back
    "book.adjusted": ("book_line", "count", "reason"),
    "guarantee.opened": ("book", "ceiling"),
    "guarantee.reserved": ("book", "amount", "unit"),
    "guarantee.freed": ("book", "amount", "unit"),
    # work on the floor
    "task.planned": ("task",),
    "task.changed": ("task_id", "set"),
    "decision.made": ("decision",),
    "command.sent": ("command",),
    "command.ended": ("command_id", "outcome", "reason"),
    # gate.decided: the whole basis of an opening, so that an inspector can compute it again
    "gate.decided": ("truck_id", "is_open", "basis", "refusal"),
    "alarm.raised": ("alarm",),
    "alarm.acknowledged": ("alarm_id", "by"),
    "alarm.cleared": ("alarm_id",),
}
