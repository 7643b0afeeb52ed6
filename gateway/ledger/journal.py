"""The journal: an append-only, hash-chained list of entries, and how to read it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from gateway.ledger.schema import journal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import Connection

ROOT_HASH: Final = "0" * 64
"""`prev` of entry 1."""

_READ_COUNT: Final = 1_000
_TIP: Final = select(journal.c.n, journal.c.hash).order_by(journal.c.n.desc()).limit(1)
"""Built once: building it costs more than running it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry; `n` counts from 1 without gaps."""

    n: int
    at: str
    kind: str
    cause: str
    body: str
    """Canonical JSON."""
    prev: str
    hash: str

    def fields(self) -> dict[str, object]:
        """Return the fields that the entry was recorded with."""
        fields = json.loads(self.body)
        assert isinstance(fields, dict)
        return fields


def canonical(value: object) -> str:
    """Return JSON with sorted keys and no spaces; refuses NaN."""
    return json.dumps(
        value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    )


def entry_hash(*, n: int, at: str, kind: str, cause: str, body: str, prev: str) -> str:
    """Return the SHA-256 (64 hex digits) that chains an entry to the one before."""
    return hashlib.sha256("\n".join((prev, str(n), at, kind, cause, body)).encode()).hexdigest()


def next_entry(*, tip: tuple[int, str], at: str, kind: str, cause: str, body: str) -> Entry:
    """Return the entry that follows `tip` (number and hash)."""
    n = tip[0] + 1
    digest = entry_hash(n=n, at=at, kind=kind, cause=cause, body=body, prev=tip[1])
    return Entry(n=n, at=at, kind=kind, cause=cause, body=body, prev=tip[1], hash=digest)


def tip_of(connection: Connection) -> tuple[int, str]:
    """Return number and hash of the last entry; (0, 64 zeros) when there is none."""
    row = connection.execute(_TIP).first()
    return (0, ROOT_HASH) if row is None else (row.n, row.hash)


def count(connection: Connection) -> int:
    """Return how many entries there are: they count from 1 without gaps."""
    return tip_of(connection)[0]


def append(connection: Connection, entries: list[Entry]) -> None:
    """Insert entries that follow the tip."""
    if entries:
        connection.execute(journal.insert(), [as_row(entry) for entry in entries])


def as_row(entry: Entry) -> Mapping[str, object]:
    """Return the entry as a row of table journal."""
    return {
        "n": entry.n,
        "at": entry.at,
        "kind": entry.kind,
        "cause": entry.cause,
        "body": entry.body,
        "prev": entry.prev,
        "hash": entry.hash,
    }


def read(connection: Connection, *, above: int = 0) -> Iterator[Entry]:
    """Yield the entries above number `above`, in order, a thousand at a time."""
    while True:
        rows = connection.execute(
            select(journal).where(journal.c.n > above).order_by(journal.c.n).limit(_READ_COUNT)
        ).all()
        if not rows:
            return
        for row in rows:
            yield Entry(**row._asdict())
        above = rows[-1].n
