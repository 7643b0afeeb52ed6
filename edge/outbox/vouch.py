"""What can still be proven of a chain whose rows may have rotted at rest (pure).

A row's hash stands twice: in the row and as `prev` of the row above. Where the two differ the
content decides, so that one rotten column never makes a sound row's neighbour look forked.
Source: the project's contract on the wire, section 2 (tombstones).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from wire.chain import CustodyRow, Tombstone, next_row, row_hash, tombstone_checksum

if TYPE_CHECKING:
    from wire.control import Position

BODY_BYTES_MAX: Final = 1_000_000
"""Below the smallest maximum packet that we configure; larger rows travel as tombstones."""
_ROW_ID: Final = re.compile(r"[0-9a-f]{32}")


def row_as_read(seq: int, *values: object) -> CustodyRow:
    """Return a row from its columns (prev, id, hash, topic, body); one of another type is empty."""
    *texts, body = values
    prev, row_id, digest, topic = (one if isinstance(one, str) else "" for one in texts)
    body = body if isinstance(body, bytes) else b""
    return CustodyRow(seq=seq, prev=prev, id=row_id, hash=digest, topic=topic, body=body)


def vouched(own: CustodyRow | None, above: CustodyRow | None) -> str | None:
    """Return the hash that a row and the one above it agree on or prove; None where neither can.

    Args:
        own: the row as read, None when it is lost.
        above: the row with the next seq as read, None when it is lost.

    """
    if own is not None and above is not None and own.hash == above.prev:
        return own.hash
    candidates = {row for row in (own and own.hash, above and above.prev) if row}
    for candidate in candidates:
        if own is not None and _proves(own, prev=own.prev, digest=candidate):
            return candidate
        if above is not None and _proves(above, prev=candidate, digest=above.hash):
            return candidate
    return None


def ends_fault(
    lowest: CustodyRow | None, highest: CustodyRow | None, *, base: Position, tip: Position
) -> str:
    """Return why the records of base and tip can't belong to these rows; empty when they can.

    One row at each end may be rotten or lost, for the record stands in for it; a sound row that
    says something else means that the record rotted.
    """
    if tip[0] < base[0]:
        return f"tip {tip[0]} lies below base {base[0]}"
    if lowest is None or highest is None:
        return f"no row is there between base {base[0]} and tip {tip[0]}" * (tip[0] - base[0] > 1)
    if not base[0] < lowest.seq <= base[0] + 2 or not tip[0] - 1 <= highest.seq <= tip[0]:
        return f"rows {lowest.seq} to {highest.seq} between base {base[0]} and tip {tip[0]}"
    is_next = lowest.seq == base[0] + 1
    if lowest.is_sound() and (lowest.prev == base[1]) is not is_next:
        return f"row {lowest.seq} does not stand on the base {base[0]}"
    if highest.is_sound() and (highest.hash == tip[1]) is not (highest.seq == tip[0]):
        return f"row {highest.seq} is not below or at the tip {tip[0]}"
    return ""


def sound_or_void(
    row: CustodyRow | None, *, seq: int, prev: str, known: str
) -> CustodyRow | Tombstone:
    """Return the row when its content fits its place in the chain and a packet, else its tombstone.

    Args:
        row: as read, None when it is lost.
        seq: its place.
        prev: the proven hash of the row before.
        known: the proven hash of this row.

    """
    if row is not None and _proves(row, prev=prev, digest=known):
        if len(row.body) <= BODY_BYTES_MAX:
            return replace(row, prev=prev, hash=known)
        row_id = row.id
    elif row is not None and _is_id(row.id):
        row_id = row.id
    else:
        # Nobody can know the id any more; this one is the same at every sending.
        row_id = hashlib.sha256(f"lost {seq} {known}".encode()).hexdigest()[:32]
    return Tombstone(
        seq=seq,
        prev=prev,
        id=row_id,
        hash=known,
        checksum=tombstone_checksum(seq, prev, row_id, known),
    )


def chained_anew(old: CustodyRow | None, number: int, *, seq: int, prev: str) -> CustodyRow:
    """Return a row for another place; one that is rotten or lost never becomes sound by it.

    Args:
        old: as read, None when it is lost.
        number: its place until now.
        seq: its new place.
        prev: the hash of the row before it there.

    """
    if old is not None and old.is_sound():
        return next_row(seq=seq, prev=prev, row_id=old.id, topic=old.topic, body=old.body)
    lost_id = hashlib.sha256(f"lost {number} {prev}".encode()).hexdigest()[:32]
    row_id = old.id if old is not None and _is_id(old.id) else lost_id
    digest = hashlib.sha256(f"void\n{seq}\n{prev}\n{row_id}".encode()).hexdigest()
    # Under a hash of nothing it proves nothing: its tombstone goes, what is left of it stays here.
    topic, body = ("", b"") if old is None else (old.topic, old.body)
    return CustodyRow(seq=seq, prev=prev, id=row_id, hash=digest, topic=topic, body=body)


def _is_id(text: str) -> bool:
    # A gateway refuses any other text, and would never come past the row that bears it.
    return _ROW_ID.fullmatch(text) is not None


def _proves(row: CustodyRow, *, prev: str, digest: str) -> bool:
    return row_hash(row.topic, row.seq, prev, row.id, row.body) == digest
