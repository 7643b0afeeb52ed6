"""What a person may do: release holds, send a truck away, acknowledge an alarm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from gateway.alarms import acts
from gateway.dispatch.send_away import send_away
from gateway.ledger import floor, schema

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement

    from gateway.ledger.store import Tx

WORDS_CHARS_MAX = 1_000
NAME_CHARS_MAX = 64
CUSTOMS: Final = "customs"
"""A hold of this kind no person in the house may lift; nor one of another's security."""


class NotAllowed(Exception):
    """A person's act is refused; says which value is wrong and what would help."""

    def __init__(self, field: str, value: object, remedy: str) -> None:
        super().__init__(f"{field} {str(value)[:80]!r}: {remedy}")
        self.field = field
        self.value = value
        self.remedy = remedy


def release_holds(  # noqa: PLR0913 (exactly one of the first three is given)
    tx: Tx,
    *,
    holds: Sequence[str] | None = None,
    pallet: str | None = None,
    zone: str | None = None,
    by: str,
    reason: str,
    kind: str | None = None,
) -> int:
    """Lift the named open holds, or all of a pallet or of a zone; return how many.

    A pallet that was judged and has no hold left is received and booked with it.
    Raises NotAllowed.
    """
    check_words(by, reason)
    hold, unit = schema.hold, schema.unit
    field, value, chosen = _chosen(tx, holds=holds, pallet=pallet, zone=zone)
    query = (
        select(hold.c.hold_id, hold.c.kind, hold.c.placed_by, unit.c.sscc)
        .join(unit, unit.c.unit == hold.c.unit)
        .where(hold.c.lifted_at.is_(None), chosen)
        .order_by(hold.c.hold_id)
    )
    if kind is not None:
        query = query.where(hold.c.kind == kind)
    found = list(tx.connection.execute(query).all())
    if not found:
        raise NotAllowed(field, value, "no open hold is there: it may have been released already")
    first = found[0]
    found = [row for row in found if not _is_foreign(row.kind, row.placed_by)]
    if not found:
        remedy = f"{first.placed_by} put a {first.kind} hold on it: only {first.placed_by} lifts it"
        raise NotAllowed(field, value, remedy)
    for row in found:
        tx.record("hold.lifted", hold_id=row.hold_id, lifted_by=by, lift_reason=reason)
    for sscc in sorted({row.sscc for row in found}):
        floor.receive_after_hold(tx, sscc)
    return len(found)


def _is_foreign(kind: str, placed_by: str) -> bool:
    """Tell whether an authority outside the house put a hold: only that one lifts it."""
    return kind == CUSTOMS or (kind == "security" and not placed_by.startswith("rule:"))


def send_truck_away(tx: Tx, truck_id: str, by: str, reason: str) -> None:
    """Refuse a truck for good: it is unloaded, and leaves empty. Raises NotAllowed."""
    check_words(by, reason)
    truck = schema.truck
    query = select(truck).where(truck.c.truck_id == truck_id)
    row = tx.connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotAllowed("truck_id", truck_id, "no such truck: look it up on the trucks board")
    if row["purpose"] != "outbound":
        raise NotAllowed("truck_id", truck_id, "only an outbound truck can be sent away")
    if row["state"] == "opening":
        raise NotAllowed("truck_id", truck_id, "its gate is opening: wait until it is shut again")
    if row["state"] not in {"docked", "loading", "loaded", "refused"}:
        raise NotAllowed("truck_id", truck_id, f"it is {row['state']}: nothing to send away")
    send_away(tx, dict(row), reason, by=by)


def acknowledge(tx: Tx, alarm_id: str, by: str) -> None:
    """Note that a person has seen an alarm. Raises NotAllowed."""
    check_words(by, "seen")
    if not acts.acknowledge(tx, alarm_id, by):
        raise NotAllowed("alarm_id", alarm_id, "no such active alarm: it may have cleared")


def check_words(by: str, reason: str) -> None:
    """Refuse an act without a name or a reason. Raises NotAllowed."""
    if not by.strip() or len(by) > NAME_CHARS_MAX:
        raise NotAllowed("by", by, f"say who acts, in 1 to {NAME_CHARS_MAX} characters")
    if not reason.strip() or len(reason) > WORDS_CHARS_MAX:
        raise NotAllowed("reason", reason, f"give a reason of 1 to {WORDS_CHARS_MAX} characters")


def _chosen(
    tx: Tx, *, holds: Sequence[str] | None, pallet: str | None, zone: str | None
) -> tuple[str, Any, ColumnElement[bool]]:
    assert [holds, pallet, zone].count(None) == 2, "exactly one subject"  # noqa: PLR2004
    hold, unit = schema.hold, schema.unit
    if holds is not None:
        return "hold_id", ", ".join(holds), hold.c.hold_id.in_(list(holds))
    if pallet is not None:
        return "pallet", pallet, unit.c.sscc == pallet
    places = [f"location:{one.id}" for one in tx.site.locations().values() if one.zone == zone]
    if not places:
        raise NotAllowed("zone", zone, "no such zone with locations in the site file")
    return "zone", zone, unit.c.place.in_(places)
