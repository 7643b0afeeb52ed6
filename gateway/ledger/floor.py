"""What witnessed events do to the views: places, pallets, trucks, commands.

An event is a fact: it moves places whatever the documents say. A place word and the event that
proved it always change together. Source: the project's contract on the wire, section 7.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeAlias

from pydantic import ValidationError
from sqlalchemy import bindparam, select

from gateway.ledger import departure, gaps, holds, receiving
from gateway.ledger.errors import Poison
from gateway.ledger.receiving import receive_after_hold
from gateway.ledger.schema import command, foreign_tag, pallet, truck, unit
from wire.base import Reading
from wire.events import EVENT_KINDS, Actuation, Gap, Input, Load, Plate, Rfid, Weight

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from gateway.ledger.schema import AnyRow
    from gateway.ledger.store import Tx
    from gateway.settings import Dock, Site

__all__ = ["aboard", "apply", "decode", "has_effect", "receive_after_hold", "truck_at"]

Event: TypeAlias = Reading

AT_DOCK: Final = ("docked", "loading", "loaded", "refused", "unloading", "opening")
"""States of a truck that stands at its dock."""

_NO_MOVE_FROM: Final = ("expected", "gone")
"""A carton that is not in the house can't be carried through a portal: its tag is foreign."""


_PLACE_OF: Final = select(unit.c.place).where(unit.c.unit == bindparam("key"))
"""Built once: building it costs more than running it."""
_AT_DOCK_NOW: Final = (
    select(truck)
    .where(truck.c.dock == bindparam("key"), truck.c.state.in_(AT_DOCK))
    .order_by(truck.c.changed_at.desc(), truck.c.truck_id)
)


def decode(kind: str, body: bytes) -> Event:
    """Return the event of a custody row. Raises Poison when it can't be read."""
    model = EVENT_KINDS.get(kind)
    if model is None:
        raise Poison("unknown-kind", f"no such kind of event: {kind!r}")
    try:
        return model.model_validate_json(body)
    except (ValidationError, RecursionError) as error:
        raise Poison("undecodable", str(error)) from error


def has_effect(tx: Tx, kind: str, event: Event) -> bool:
    """Tell cheaply whether an event may change anything; the others are journalled only."""
    del kind
    if isinstance(event, Rfid):
        dock = _dock(tx.site, event.read_point)
        inward = dock is not None and dock.purpose == "inbound"
        return (event.what == "arrived" and inward) or (event.what == "passed" and not inward)
    if isinstance(event, Weight):
        dock = _dock(tx.site, event.read_point)
        return event.kind == "gross" and dock is not None and dock.purpose == "outbound"
    return isinstance(event, Load | Plate | Input | Actuation | Gap)


def apply(tx: Tx, edge: str, device: str, kind: str, event: Event, seq: int) -> None:
    """Apply one event in the transaction that moves its edge's head. Raises Poison."""
    del device, kind
    _check_witness(tx.site, edge, event)
    if isinstance(event, Rfid):
        if event.what == "arrived":
            _arrived(tx, event)
        elif event.what == "passed":
            _passed(tx, event, seq)
    elif isinstance(event, Load):
        receiving.compare(tx, event)
    elif isinstance(event, Weight):
        _weighed(tx, event, seq)
    elif isinstance(event, Plate):
        _plate_seen(tx, event)
    elif isinstance(event, Input):
        _input_changed(tx, edge, event)
    elif isinstance(event, Actuation):
        _command_ended(tx, edge, event)
    elif isinstance(event, Gap):
        gaps.note(
            tx,
            edge=edge,
            device="",
            cause=event.cause,
            count=event.count,
            span_ns=(event.first_t_ns, event.last_t_ns),
        )


def _check_witness(site: Site, edge: str, event: Event) -> None:
    """Refuse an edge's word about a dock that another edge watches."""
    dock = _dock(site, str(getattr(event, "read_point", "")))
    if dock is not None and dock.edge != edge:
        raise Poison("not-applicable", f"read point {dock.id} is edge {dock.edge}'s, not {edge}'s")


def truck_at(connection: Connection, dock: str) -> AnyRow | None:
    """Return the truck (row of table truck) that stands at a dock."""
    return connection.execute(_AT_DOCK_NOW, {"key": dock}).first()


def aboard(connection: Connection, truck_id: str) -> set[str]:
    """Return the tags that passed the portal for a truck and did not come back."""
    units = connection.execute(select(unit.c.unit).where(unit.c.place == f"truck:{truck_id}"))
    tags = connection.execute(select(foreign_tag.c.tag).where(foreign_tag.c.truck_id == truck_id))
    return {*units.scalars(), *tags.scalars()}


def plain_plate(plate: str) -> str:
    """Return a plate without blanks, dots and dashes, in capitals: as it is compared."""
    return re.sub(r"[\s.·-]", "", plate).upper()


def _dock(site: Site, dock: str) -> Dock | None:
    return next((one for one in site.docks if one.id == dock), None)


def _arrived(tx: Tx, event: Rfid) -> None:
    """Move what is expected, and nothing else, to the inbound dock whose field it came into."""
    if event.epc_uri is None:
        return
    sscc = receiving.sscc_of(event.epc_uri)
    if sscc is not None:
        row = tx.connection.execute(select(pallet.c.state).where(pallet.c.sscc == sscc)).first()
        if row is not None and row.state == "expected":
            tx.record(
                "pallet.changed",
                sscc=sscc,
                set={"state": "arrived", "place": f"dock:{event.read_point}"},
            )
        return
    place = tx.connection.execute(_PLACE_OF, {"key": event.epc_uri}).scalar()
    if place == "expected":
        receiving.seen(tx, event.epc_uri, event.read_point)


def _passed(tx: Tx, event: Rfid, seq: int) -> None:
    """Move a tag through the portal: out is onto the truck at that dock, in is off it."""
    tag = event.epc_uri or event.epc_hex
    row = tx.connection.execute(_PLACE_OF, {"key": tag}).first()
    standing = truck_at(tx.connection, event.read_point)
    if event.direction == "out":
        if standing is None:
            _passed_to_nobody(tx, tag, event, is_ours=row is not None)
        elif row is None or row.place in _NO_MOVE_FROM:
            tx.record("tag.aboard", tag=tag, truck_id=standing.truck_id)
        elif row.place != f"truck:{standing.truck_id}":
            tx.record("unit.changed", unit=tag, set={"place": f"truck:{standing.truck_id}"})
    elif event.direction == "in":
        if row is None or row.place in _NO_MOVE_FROM:
            tx.record("tag.ashore", tag=tag)
        elif row.place.startswith("truck:"):
            tx.record("unit.changed", unit=tag, set={"place": f"staging:{tx.site.stagings[0].id}"})
    if standing is not None and event.direction != "unknown":
        tx.record("truck.changed", truck_id=standing.truck_id, set={"passed_seq": seq})


def _passed_to_nobody(tx: Tx, tag: str, event: Rfid, *, is_ours: bool) -> None:
    why = f"passed the portal of {event.read_point} outwards while no truck stood there"
    units = [tag] if is_ours else []
    tx.record("gate.breached", dock=event.read_point, truck_id=None, units=units, why=why)
    if is_ours:
        tx.record("unit.changed", unit=tag, set={"place": f"dock:{event.read_point}"})
        holds.place(tx, tag, kind="security", reason=why, by="rule:portal")


def _weighed(tx: Tx, event: Weight, seq: int) -> None:
    standing = truck_at(tx.connection, event.read_point)
    if standing is not None and event.kind == "gross":
        tx.record(
            "truck.changed",
            truck_id=standing.truck_id,
            set={"weighed_mass_g": round(event.mass_g), "weighed_seq": seq},
        )


def _plate_seen(tx: Tx, event: Plate) -> None:
    """Dock the truck that is expected under the plate a camera read."""
    dock = _dock(tx.site, event.read_point)
    if dock is None:
        raise Poison("not-applicable", f"read point {event.read_point!r} is no dock of this site")
    standing = truck_at(tx.connection, dock.id)
    plate = plain_plate(event.plate)
    if standing is not None and (
        plain_plate(standing.plate) == plate or dock.purpose == "outbound"
    ):
        # Another plate than the passport's keeps the gate shut.
        tx.record("truck.changed", truck_id=standing.truck_id, set={"seen_plate": event.plate})
        return
    expected = [
        row
        for row in tx.connection.execute(
            select(truck)
            .where(truck.c.state == "expected", truck.c.purpose == dock.purpose)
            .order_by(truck.c.arrives_at, truck.c.truck_id)
        )
        if plain_plate(row.plate) == plate
    ]
    if not expected:
        return
    if standing is not None:  # An inbound truck left unseen: its place is taken.
        tx.record("truck.changed", truck_id=standing.truck_id, set={"state": "gone"})
    tx.record(
        "truck.changed",
        truck_id=expected[0].truck_id,
        set={"state": "docked", "seen_plate": event.plate, "dock": dock.id},
    )


def _input_changed(tx: Tx, edge: str, event: Input) -> None:
    dock = next((one for one in tx.site.docks if one.edge == edge), None)
    if dock is None:
        return
    standing = truck_at(tx.connection, dock.id)
    if standing is None:
        return
    if dock.purpose == "outbound":
        if event.channel == "exit-beam" and event.is_on:
            departure.leave(tx, dock.id, standing.truck_id)
    elif (event.channel, event.is_on) in {("exit-beam", True), ("truck-present", False)}:
        tx.record("truck.changed", truck_id=standing.truck_id, set={"state": "gone"})


def _command_ended(tx: Tx, edge: str, event: Actuation) -> None:
    row = tx.connection.execute(
        select(command.c.outcome).where(command.c.command_id == event.command_id)
    ).first()
    if row is None and event.verb == "open" and event.outcome in {"done", "unknown"}:
        dock = next((one for one in tx.site.docks if one.edge == edge), None)
        standing = None if dock is None else truck_at(tx.connection, dock.id)
        tx.record(
            "gate.breached",
            dock=edge if dock is None else dock.id,
            truck_id=None if standing is None else standing.truck_id,
            units=[],
            why=f"its gate obeyed command {event.command_id[:64]!r}, which this ledger never sent",
        )
    if row is not None and row.outcome == "pending":
        tx.record(
            "command.ended",
            command_id=event.command_id,
            outcome=event.outcome,
            reason=event.reason or "",
        )
