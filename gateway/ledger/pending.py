"""Rows that came ahead of their edge's head: kept on disk until the rows between have come.

What a batch puts in and takes out again never touches the disk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, bindparam, delete, insert, select

from gateway.ledger.schema import pending_row
from wire.chain import PENDING_COUNT_MAX, CustodyRow, Tombstone

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.ledger.schema import AnyRow

_READ_COUNT: Final = 200

# Built once: building them costs more than running them.
_KEYS: Final = select(pending_row.c.seq, pending_row.c.hash).where(
    pending_row.c.edge == bindparam("key")
)
_ROWS: Final = select(pending_row).where(
    pending_row.c.edge == bindparam("key"),
    pending_row.c.seq.between(bindparam("first"), bindparam("last")),
)
_DONE: Final = delete(pending_row).where(
    pending_row.c.edge == bindparam("key"), pending_row.c.seq <= bindparam("last")
)


class Pending:
    """One edge's early rows while a batch is taken."""

    def __init__(
        self, connection: Connection, edge: str, *, remember: Callable[[list[str]], None]
    ) -> None:
        self._connection = connection
        self._edge = edge
        self._remember = remember
        """Told the ids of rows as they are read from the disk."""
        self._on_disk: dict[int, set[str]] = {}
        """Hashes by seq of what is not read yet."""
        for seq, digest in connection.execute(_KEYS, {"key": edge}):
            self._on_disk.setdefault(seq, set()).add(digest)
        self._count = sum(len(hashes) for hashes in self._on_disk.values())
        self._read: dict[int, list[CustodyRow | Tombstone]] = {}
        self._fresh: dict[int, list[CustodyRow | Tombstone]] = {}
        self._popped_seq = 0

    def has_room(self) -> bool:
        """Tell whether another row may be kept."""
        return self._count < PENDING_COUNT_MAX

    def keep(self, row: CustodyRow | Tombstone) -> None:
        """Keep a row, once."""
        held = [*self._read.get(row.seq, ()), *self._fresh.get(row.seq, ())]
        if row.hash in self._on_disk.get(row.seq, ()) or any(row.hash == one.hash for one in held):
            return
        self._fresh.setdefault(row.seq, []).append(row)
        self._count += 1

    def pop(self, seq: int) -> list[CustodyRow | Tombstone]:
        """Take out what waits with this number; numbers are asked for in rising order."""
        if seq in self._on_disk:
            self._read_from(seq)
        found = [*self._read.pop(seq, ()), *self._fresh.pop(seq, ())]
        if found:
            self._popped_seq = seq
            self._count -= len(found)
        return found

    def close(self) -> None:
        """Write what is left to the disk."""
        if self._popped_seq:
            self._connection.execute(_DONE, {"key": self._edge, "last": self._popped_seq})
        fresh = [as_kept(self._edge, row) for rows in self._fresh.values() for row in rows]
        if fresh:
            self._connection.execute(insert(pending_row), fresh)

    def _read_from(self, first: int) -> None:
        last = first + _READ_COUNT - 1
        place = {"key": self._edge, "first": first, "last": last}
        rows = [_from_kept(row) for row in self._connection.execute(_ROWS, place)]
        self._remember([row.id for row in rows])
        for row in rows:
            self._read.setdefault(row.seq, []).append(row)
            self._on_disk.pop(row.seq, None)


def as_kept(edge: str, row: CustodyRow | Tombstone) -> dict[str, object]:
    """Return a row's columns; an empty topic marks a tombstone, its checksum is the body."""
    kept: dict[str, object] = {
        "edge": edge,
        "seq": row.seq,
        "hash": row.hash,
        "prev": row.prev,
        "id": row.id,
    }
    if isinstance(row, Tombstone):
        return {**kept, "topic": "", "body": row.checksum.encode()}
    return {**kept, "topic": row.topic, "body": row.body}


def _from_kept(row: AnyRow) -> CustodyRow | Tombstone:
    kept = row._asdict()
    del kept["edge"]
    topic, body = kept.pop("topic"), bytes(kept.pop("body"))
    if not topic:
        return Tombstone(**kept, checksum=body.decode())
    return CustodyRow(**kept, topic=topic, body=body)
