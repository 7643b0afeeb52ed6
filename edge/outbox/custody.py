"""The custody chain on disk: SQLite, WAL, synchronous=FULL, many rows to a commit.

One connection, used by one worker thread. The tip and the base (the position before the oldest row
still kept) have records of their own, because the rows at the chain's ends may rot.
Source: the project's contract on the wire, section 2.
"""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from edge.outbox.connect import connect, named_errors
from edge.outbox.errors import AdoptRefused, ChainDamaged, DiskRefuses
from edge.outbox.vouch import chained_anew, ends_fault, row_as_read, sound_or_void, vouched
from wire.chain import ROOT_HASH, next_row
from wire.topics import kind_and_device

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from wire.chain import CustodyRow, Tombstone
    from wire.control import Position

COMMANDS_COUNT_MAX: Final = 10_000
"""A command older than so many others is refused as late anyway."""
PRUNE_COUNT_MAX: Final = 5_000
"""Rows deleted at a time: a capture never waits for a long clean-up."""

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
        self._check_ends()

    @classmethod
    def open(cls, path: Path, *, connect: Callable[[Path], sqlite3.Connection] = connect) -> Self:
        """Open or make the file. Raises DiskRefuses, ChainDamaged."""
        with named_errors(), contextlib.ExitStack() as undo:
            db = connect(path)
            undo.callback(db.close)
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            db.execute("PRAGMA busy_timeout=5000")
            db.executescript(_SCHEMA)
            for name in ("tip", "base", "head", "stopped"):
                db.execute("INSERT OR IGNORE INTO position VALUES (?, 0, ?)", (name, ROOT_HASH))
            store = cls(db)
            undo.pop_all()
            return store

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @property
    def tip(self) -> Position:
        """The newest row's (seq, hash); (0, zeros) before the first."""
        return self._tip

    @property
    @named_errors()
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

    @named_errors()
    def hash_at(self, seq: int) -> str | None:
        """Return the chain's hash at `seq` (tip and base included), None where nothing proves it.

        Raises DiskRefuses, ChainDamaged; so does every method that reads.
        """
        return self._hash_at(seq, self._rows(seq, seq + 1))

    @named_errors()
    def sample(self) -> list[Position]:
        """Return positions at exponentially growing distance from the tip, and the base."""
        seqs = {self._tip[0], self._base[0]}
        distance = 1
        while self._tip[0] - distance > self._base[0]:
            seqs.add(self._tip[0] - distance)
            distance *= 2
        found: list[Position] = []
        for seq in sorted(seqs, reverse=True):
            with contextlib.suppress(ChainDamaged):  # The ledger may know one of the others.
                if (known := self.hash_at(seq)) is not None:
                    found.append((seq, known))
        return found

    @named_errors()
    def above(self, seq: int, count_max: int) -> list[CustodyRow | Tombstone]:
        """Return the next rows above `seq`, in order; a damaged or oversized one as tombstone."""
        first = max(seq, self._base[0]) + 1
        last = min(self._tip[0], first + count_max - 1)
        if last < first:
            return []
        found = self._rows(first - 1, last + 1)
        prev = self._hash_at(first - 1, found)
        rows: list[CustodyRow | Tombstone] = []
        for number in range(first, last + 1):
            known = self._hash_at(number, found)
            if prev is None or known is None:
                break
            rows.append(sound_or_void(found.get(number), seq=number, prev=prev, known=known))
            prev = known
        if not rows:  # In silence the chain would stand still for ever.
            raise ChainDamaged(f"nothing proves the hashes of the rows {first - 1} and {first}")
        return rows

    @named_errors()
    def last_seqs(self) -> dict[str, int]:
        """Return the chain number of the last custody event of each device."""
        found = self._db.execute("SELECT device, seq FROM last_event").fetchall()
        return {_text(device): _number(seq) for device, seq in found}

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
    @named_errors()
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

    @named_errors()
    def adopt(self, *, head: Position, common: Position | None) -> int:
        """Chain the rows above `common` anew on the ledger's `head`, ids kept; return how many.

        Without anything in common all rows still kept are chained anew; a stopped box goes on. A
        row that is rotten or lost keeps its place as one that nothing proves: its tombstone goes.
        Raises AdoptRefused when `common` is not on this chain.
        """
        common = self._base if common is None else common
        if self.hash_at(common[0]) != common[1]:
            raise AdoptRefused(f"position {common[0]} is not on this chain")
        rows = self._rows(common[0] + 1, self._tip[0])
        captured_ns_of = dict(
            self._db.execute("SELECT seq, captured_ns FROM custody WHERE seq > ?", (common[0],))
        )
        newest_ns = max((one for one in captured_ns_of.values() if isinstance(one, int)), default=0)
        self._begin()
        try:
            self._db.execute("DELETE FROM custody")
            self._db.execute("DELETE FROM last_event")
            seq, prev = head
            chained: list[CustodyRow] = []
            for number in range(common[0] + 1, self._tip[0] + 1):
                seq += 1
                row = chained_anew(rows.get(number), number, seq=seq, prev=prev)
                captured_ns = captured_ns_of.get(number, newest_ns)
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

    @named_errors()
    def open_commands(self) -> list[OpenCommand]:
        """Return the commands that were begun and never ended, oldest first."""
        return [
            OpenCommand(command_id=_text(row[0]), device=_text(row[1]), verb=_text(row[2]))
            for row in self._db.execute(
                "SELECT command_id, device, verb FROM command WHERE is_ended = 0 ORDER BY rowid"
            )
        ]

    @named_errors()
    def size_bytes(self) -> int:
        """Return the size of the data file."""
        pages = self._db.execute("PRAGMA page_count").fetchone()[0]
        size = self._db.execute("PRAGMA page_size").fetchone()[0]
        return int(pages) * int(size)

    @named_errors()
    def captured_ns_above(self, seq: int) -> int | None:
        """Return when the oldest row above `seq` was captured."""
        found = self._db.execute(
            "SELECT captured_ns FROM custody WHERE seq > ? ORDER BY seq LIMIT 1", (seq,)
        ).fetchone()
        return None if found is None else _number(found[0])

    def _rows(self, first: int, last: int) -> dict[int, CustodyRow]:
        """Return rows as they lie there, rotten or not."""
        return {
            row[0]: row_as_read(*row)
            for row in self._db.execute(
                "SELECT seq, prev, id, hash, topic, body FROM custody WHERE seq BETWEEN ? AND ?",
                (first, last),
            )
        }

    def _hash_at(self, seq: int, rows: Mapping[int, CustodyRow]) -> str | None:
        if seq == self._tip[0]:
            return self._tip[1]
        if seq == self._base[0]:
            return self._base[1]
        if not self._base[0] < seq < self._tip[0]:
            return None
        return vouched(rows.get(seq), rows.get(seq + 1))

    def _check_ends(self) -> None:
        """Hold the records of tip and base against the rows. Raises ChainDamaged."""
        lowest, highest = self._db.execute(  # Two queries in one: each looks at one end only.
            "SELECT (SELECT MIN(seq) FROM custody), (SELECT MAX(seq) FROM custody)"
        ).fetchone()
        rows = self._rows(lowest or 0, lowest or 0) | self._rows(highest or 0, highest or 0)
        fault = ends_fault(rows.get(lowest), rows.get(highest), base=self._base, tip=self._tip)
        if fault:
            raise ChainDamaged(fault)

    def _note_last(self, rows: Iterable[CustodyRow]) -> None:
        last = {named[1]: row.seq for row in rows if (named := kind_and_device(row.topic))}
        self._db.executemany("INSERT OR REPLACE INTO last_event VALUES (?, ?)", list(last.items()))

    def _position(self, name: str) -> Position:
        found = self._db.execute(
            "SELECT seq, hash FROM position WHERE name = ?", (name,)
        ).fetchone()
        if found is None:
            raise ChainDamaged(f"the record of the {name} is missing")
        return _number(found[0]), _text(found[1])

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


def _number(value: object) -> int:
    if not isinstance(value, int):
        raise ChainDamaged(f"{value!r} stands where a number belongs")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ChainDamaged(f"{value!r} stands where a text belongs")
    return value
