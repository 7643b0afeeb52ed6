"""The part of sqlite3.Connection that the edge's stores use, over apsw and our disk.

apsw brings an SQLite of its own, newer than the one of Python: the rig writes with the one and
reads back with the other, so a file format that only one of them understands would show.
"""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import apsw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from tests.faults.storage.vfs import DiskVFS

T = TypeVar("T")

ERRORS: Final[tuple[tuple[type[apsw.Error], type[sqlite3.Error]], ...]] = (
    (apsw.CorruptError, sqlite3.DatabaseError),
    (apsw.NotADBError, sqlite3.DatabaseError),
    (apsw.FormatError, sqlite3.DatabaseError),
    (apsw.ConstraintError, sqlite3.IntegrityError),
    (apsw.MismatchError, sqlite3.IntegrityError),
    (apsw.TooBigError, sqlite3.DataError),
    (apsw.MisuseError, sqlite3.InterfaceError),
    (apsw.RangeError, sqlite3.InterfaceError),
    (apsw.InternalError, sqlite3.InternalError),
    (apsw.Error, sqlite3.OperationalError),
)
"""As Python's own module maps SQLite's codes; the first that fits counts."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """What makes a short run meet what takes hours in the hall."""

    checkpoint_pages: int = 1000
    cache_pages: int = 2000
    """A small cache spills a large group to the log before its commit."""
    replaced: tuple[tuple[str, str], ...] = ()
    """Statements that are swapped: the way to break a rule on purpose."""
    is_log_renewed: bool = True
    """As edge.outbox.connect does with a log that it finds."""
    before_commit: Callable[[Connection], None] | None = None


class Rows:
    """What a statement returned."""

    def __init__(self, rows: list[tuple[Any, ...]], rowcount: int) -> None:
        self._rows = iter(rows)
        self.rowcount = rowcount

    def fetchone(self) -> tuple[Any, ...] | None:
        """Return the next row."""
        return next(self._rows, None)

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return the rest."""
        return list(self._rows)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return self._rows


class Connection:
    """Autocommit, as sqlite3 with isolation_level=None."""

    def __init__(self, vfs: DiskVFS, name: str, tuning: Tuning) -> None:
        self._tuning = tuning
        self._replaced = dict(tuning.replaced)
        if tuning.is_log_renewed:
            guarded(lambda: vfs.renew_log(name))
        self._db = guarded(lambda: apsw.Connection(name, vfs=vfs.name))
        vfs.connections.append(self._db)
        self.execute("PRAGMA locking_mode=EXCLUSIVE")
        self.execute(f"PRAGMA cache_size={tuning.cache_pages}")
        self._db.set_wal_hook(self._write_back)

    def execute(self, sql: str, values: Sequence[Any] = ()) -> Rows:
        """Run one statement to its end."""
        if sql == "COMMIT" and self._tuning.before_commit is not None:
            self._tuning.before_commit(self)
        sql = self._replaced.get(sql, sql)
        rows = guarded(lambda: list(self._db.execute(sql, tuple(values))))
        return Rows(rows, self._db.changes())

    def executemany(self, sql: str, values: Iterable[Sequence[Any]]) -> None:
        """Run a statement for each tuple."""
        for one in values:
            self.execute(sql, one)

    def executescript(self, sql: str) -> None:
        """Run several statements."""
        guarded(lambda: list(self._db.execute(sql)))

    @property
    def in_transaction(self) -> bool:
        """Tell whether a transaction is open."""
        return bool(self._db.in_transaction)

    def close(self) -> None:
        """Close; the last one out writes the log back, and SQLite keeps quiet when it can't."""
        with contextlib.suppress(apsw.Error):
            self._db.close()

    def _write_back(self, db: apsw.Connection, name: str, pages_count: int) -> int:
        # SQLite's own hook, in Python: a failed checkpoint doesn't undo the commit before it. Left
        # to SQLite, apsw would raise the file's exception out of that commit.
        if pages_count >= self._tuning.checkpoint_pages:
            with contextlib.suppress(apsw.Error):
                db.wal_checkpoint(name)
        return apsw.SQLITE_OK


def guarded(work: Callable[[], T]) -> T:
    """Do it; raise what sqlite3 would raise."""
    try:
        return work()
    except apsw.Error as error:
        kind = next(theirs for ours, theirs in ERRORS if isinstance(error, ours))
        raise kind(str(error)) from error


def connector(vfs: DiskVFS, tuning: Tuning) -> Callable[[Path], sqlite3.Connection]:
    """Return what a store may use in place of sqlite3.connect."""
    return lambda path: cast("sqlite3.Connection", Connection(vfs, path.name, tuning))
