"""The custody chain on disk: SQLite, WAL, synchronous=FULL, many rows to a commit.

One connection, used by one worker thread. The tip and the base (the position before the oldest row
still kept) have records of their own, because the rows at the chain's ends may rot.
Source: the project's contract on the wire, section 2.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from edge.outbox.errors import AdoptRefused, ChainDamaged, DiskRefuses
from wire.chain import (
    ROOT_HASH,
    CustodyRow,
    Tombstone,
    next_row,
    row_hash,
    tombstone_checksum,
)
from wire.topics import kind_and_device

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from wire.control import Position

COMMANDS_COUNT_MAX: Final = 10_000
"""A command older than so many others is refused as late anyway."""
PRUNE_COUNT_MAX: Final = 5_000
"""Rows deleted at a time: a capture never waits for a long clean-up."""
BODY_BYTES_MAX: Final = 1_000_000
"""Below the smallest maximum packet that we configure; larger rows travel as tombstones."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS custody (
    seq INTEGER PRIMARY KEY, prev TEXT NOT NULL, id TEXT NOT NULL, hash TEXT NOT NULL,
    topic TEXT NOT NULL, body BLOB NOT NULL, captured_ns INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS position (
    name TEXT PRIMARY KEY, seq INTEGER NOT NULL, hash TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS command (
    command_id TEXT PRIMARY KEY, device TEXT NOT NULL, verb TEXT NOT NULL, is_ended INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS last_event (device TEXT PRIMARY KEY, seq INTEGER NOT NULL);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """An event to chain; `ends_command` is settled in the same transaction."""

    topic: str
    body: bytes
    captured_ns: int
    row_id: str = ""
    """32 hex digits; drawn at random when empty."""
    ends_command: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCommand:
    """A command that was begun and of which nobody knows how it ended."""

    command_id: str
    device: str
    verb: str


class CustodyStore:
    """The chain of one edge."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._tip = self._position("tip")
        self._base = self._position("base")
        if self._tip[0] < self._base[0]:
            raise ChainDamaged(f"tip {self._tip[0]} lies below base {self._base[0]}")
        rows = self._db.execute("SELECT COUNT(*), MAX(seq) FROM custody").fetchone()
        if rows[0] and rows[1] > self._tip[0]:
            raise ChainDamaged(f"row {rows[1]} lies above the tip {self._tip[0]}")

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open or make the file. Raises DiskRefuses, ChainDamaged."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            db.execute("PRAGMA busy_timeout=5000")
            db.executescript(_SCHEMA)
            for name in ("tip", "base", "head", "stopped"):
                db.execute("INSERT OR IGNORE INTO position VALUES (?, 0, ?)", (name, ROOT_HASH))
            return cls(db)
        except (OSError, sqlite3.OperationalError) as error:
            raise DiskRefuses(f"{path}: {error}") from error
        except sqlite3.DatabaseError as error:
            raise ChainDamaged(f"{path}: {error}") from error

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @property
    def tip(self) -> Position:
        """The newest row's (seq, hash); (0, zeros) before the first."""
        return self._tip

    @property
    def is_stopped(self) -> bool:
        """Tell whether a person stopped this box."""
        return self._position("stopped")[0] == 1

    def stop(self) -> None:
        """Note that a person stopped this box: it stays so over restarts. Raises DiskRefuses."""
        try:
            self._set_position("stopped", (1, ROOT_HASH))
        except sqlite3.Error as error:
            raise DiskRefuses(str(error)) from error

    @property
    def base(self) -> Position:
        """The position before the oldest row still kept."""
        return self._base

    def append(self, captures: Sequence[Capture]) -> list[CustodyRow]:
        """Chain events in one commit; they are on disk on return. Raises DiskRefuses."""
        seq, prev = self._tip
        rows: list[CustodyRow] = []
        for capture in captures:
            seq += 1
            row = next_row(
                seq=seq,
                prev=prev,
                row_id=capture.row_id or secrets.token_hex(16),
                topic=capture.topic,
                body=capture.body,
            )
            rows.append(row)
            prev = row.hash
        self._begin()
        try:
            self._db.executemany(
                "INSERT INTO custody VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (row.seq, row.prev, row.id, row.hash, row.topic, row.body, one.captured_ns)
                    for row, one in zip(rows, captures, strict=True)
                ],
            )
            self._set_position("tip", (seq, prev))
            self._note_last(rows)
            ended = [(one.ends_command,) for one in captures if one.ends_command]
            self._db.executemany("UPDATE command SET is_ended = 1 WHERE command_id = ?", ended)
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            self._rollback()
            raise DiskRefuses(str(error)) from error
        self._tip = (seq, prev)
        return rows

    def hash_at(self, seq: int) -> str | None:
        """Return the chain's hash at `seq` (tip and base included), None where nothing is kept."""
        if seq == self._tip[0]:
            return self._tip[1]
        if seq == self._base[0]:
            return self._base[1]
        if not self._base[0] < seq < self._tip[0]:
            return None
        # The row above vouches for it, so that a rotten row doesn't break the stretch.
        above = self._db.execute("SELECT prev FROM custody WHERE seq = ?", (seq + 1,)).fetchone()
        own = self._db.execute("SELECT hash FROM custody WHERE seq = ?", (seq,)).fetchone()
        for found in (above, own):
            if found is not None:
                return str(found[0])
        return None

    def sample(self) -> list[Position]:
        """Return positions at exponentially growing distance from the tip, and the base."""
        seqs = {self._tip[0], self._base[0]}
        distance = 1
        while self._tip[0] - distance > self._base[0]:
            seqs.add(self._tip[0] - distance)
            distance *= 2
        found = [(seq, self.hash_at(seq)) for seq in sorted(seqs, reverse=True)]
        return [(seq, known) for seq, known in found if known is not None]

    def above(self, seq: int, count_max: int) -> list[CustodyRow | Tombstone]:
        """Return the next rows above `seq`, in order; a damaged or oversized one as tombstone."""
        first = max(seq, self._base[0]) + 1
        last = min(self._tip[0], first + count_max - 1)
        if last < first:
            return []
        found = {
            row[0]: CustodyRow(
                seq=row[0], prev=row[1], id=row[2], hash=row[3], topic=row[4], body=bytes(row[5])
            )
            for row in self._db.execute(
                "SELECT seq, prev, id, hash, topic, body FROM custody WHERE seq BETWEEN ? AND ?",
                (first, last),
            )
            if all(isinstance(value, str) for value in row[1:5]) and isinstance(row[5], bytes)
        }
        prev = self.hash_at(first - 1)
        rows: list[CustodyRow | Tombstone] = []
        for number in range(first, last + 1):
            known = self.hash_at(number)
            if prev is None or known is None:
                break
            rows.append(_sound_or_void(found.get(number), seq=number, prev=prev, known=known))
            prev = known
        return rows

    def last_seqs(self) -> dict[str, int]:
        """Return the chain number of the last custody event of each device."""
        return dict(self._db.execute("SELECT device, seq FROM last_event"))

    def archive(self, seq: int, *, rows_max: int, older_than_ns: int) -> None:
        """Note that the ledger has the rows up to `seq`; prune the archive to its bounds.

        Rows go when they are beyond `rows_max` archived ones or captured before `older_than_ns`.
        """
        known = self.hash_at(seq)
        if known is None:
            return
        self._begin()
        try:
            self._set_position("head", (seq, known))
            self._prune(seq, rows_max=rows_max, older_than_ns=older_than_ns)
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            self._rollback()
            raise DiskRefuses(str(error)) from error
        self._base = self._position("base")

    @property
    def head_seq(self) -> int:
        """The last head of the ledger that was noted on disk."""
        return self._position("head")[0]

    def _prune(self, seq: int, *, rows_max: int, older_than_ns: int) -> None:
        old = self._db.execute(
            "SELECT COALESCE(MAX(seq), 0) FROM (SELECT seq, captured_ns FROM custody"
            " WHERE seq <= ? ORDER BY seq LIMIT ?) WHERE captured_ns < ?",
            (seq, PRUNE_COUNT_MAX, older_than_ns),
        ).fetchone()[0]
        # The row at the head stays: it is the first that the ledger will ask to continue from.
        upto = min(max(old, seq - rows_max), seq - 1, self._base[0] + PRUNE_COUNT_MAX)
        if upto <= self._base[0]:
            return
        known = self.hash_at(upto)
        if known is None:
            return
        self._db.execute("DELETE FROM custody WHERE seq <= ?", (upto,))
        self._set_position("base", (upto, known))

    def adopt(self, *, head: Position, common: Position | None) -> int:
        """Chain the rows above `common` anew on the ledger's `head`, ids kept; return how many.

        Without anything in common all rows still kept are chained anew; a stopped box goes on.
        Raises AdoptRefused when `common` is not on this chain.
        """
        common = self._base if common is None else common
        if self.hash_at(common[0]) != common[1]:
            raise AdoptRefused(f"position {common[0]} is not on this chain")
        rows = self._db.execute(
            "SELECT seq, topic, id, body, captured_ns, hash, prev FROM custody"
            " WHERE seq > ? ORDER BY seq",
            (common[0],),
        ).fetchall()
        sound = [row for row in rows if row_hash(row[1], row[0], row[6], row[2], row[3]) == row[5]]
        self._begin()
        try:
            self._db.execute("DELETE FROM custody")
            self._db.execute("DELETE FROM last_event")
            seq, prev = head
            chained: list[CustodyRow] = []
            for _, topic, row_id, body, captured_ns, _, _ in sound:
                seq += 1
                row = next_row(seq=seq, prev=prev, row_id=row_id, topic=topic, body=body)
                self._db.execute(
                    "INSERT INTO custody VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (row.seq, row.prev, row.id, row.hash, row.topic, row.body, captured_ns),
                )
                chained.append(row)
                prev = row.hash
            self._set_position("stopped", (0, ROOT_HASH))
            self._set_position("base", head)
            self._set_position("head", head)
            self._set_position("tip", (seq, prev))
            self._note_last(chained)
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            self._rollback()
            raise DiskRefuses(str(error)) from error
        self._tip = (seq, prev)
        self._base = head
        return len(chained)

    def begin_command(self, command: OpenCommand) -> bool:
        """Record a command before it acts; False when its id was recorded before."""
        try:
            changed = self._db.execute(
                "INSERT OR IGNORE INTO command VALUES (?, ?, ?, 0)",
                (command.command_id, command.device, command.verb),
            ).rowcount
            self._db.execute(
                "DELETE FROM command WHERE is_ended = 1 AND rowid <="
                " (SELECT MAX(rowid) FROM command) - ?",
                (COMMANDS_COUNT_MAX,),
            )
        except sqlite3.Error as error:
            raise DiskRefuses(str(error)) from error
        return changed == 1

    def open_commands(self) -> list[OpenCommand]:
        """Return the commands that were begun and never ended, oldest first."""
        return [
            OpenCommand(command_id=row[0], device=row[1], verb=row[2])
            for row in self._db.execute(
                "SELECT command_id, device, verb FROM command WHERE is_ended = 0 ORDER BY rowid"
            )
        ]

    def size_bytes(self) -> int:
        """Return the size of the data file."""
        pages = self._db.execute("PRAGMA page_count").fetchone()[0]
        size = self._db.execute("PRAGMA page_size").fetchone()[0]
        return int(pages) * int(size)

    def captured_ns_above(self, seq: int) -> int | None:
        """Return when the oldest row above `seq` was captured."""
        found = self._db.execute(
            "SELECT captured_ns FROM custody WHERE seq > ? ORDER BY seq LIMIT 1", (seq,)
        ).fetchone()
        return None if found is None else int(found[0])

    def _note_last(self, rows: Iterable[CustodyRow]) -> None:
        last = {named[1]: row.seq for row in rows if (named := kind_and_device(row.topic))}
        self._db.executemany("INSERT OR REPLACE INTO last_event VALUES (?, ?)", list(last.items()))

    def _position(self, name: str) -> Position:
        found = self._db.execute(
            "SELECT seq, hash FROM position WHERE name = ?", (name,)
        ).fetchone()
        if found is None:
            raise ChainDamaged(f"the record of the {name} is missing")
        return int(found[0]), str(found[1])

    def _set_position(self, name: str, position: Position) -> None:
        self._db.execute("UPDATE position SET seq = ?, hash = ? WHERE name = ?", (*position, name))

    def _begin(self) -> None:
        try:
            self._db.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise DiskRefuses(str(error)) from error

    def _rollback(self) -> None:
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")


def _sound_or_void(
    row: CustodyRow | None, *, seq: int, prev: str, known: str
) -> CustodyRow | Tombstone:
    """Return the row when it fits its place in the chain and a packet, else its tombstone."""
    if row is not None and row.prev == prev and row.hash == known and row.is_sound():
        if len(row.body) <= BODY_BYTES_MAX:
            return row
        row_id = row.id
    elif row is not None and len(row.id) == 32 and row.id.isascii():  # noqa: PLR2004 - 128 bits
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
