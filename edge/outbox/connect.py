"""Opens a file of the outbox and gives SQLite's errors the outbox's names."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from typing import TYPE_CHECKING, Final

from edge.outbox.errors import ChainDamaged, DiskRefuses

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from edge.outbox.errors import OutboxError

BUSY_S: Final = 30.0
"""A person who looks into the file with the sqlite3 shell may hold it for a moment."""


def connect(path: Path) -> sqlite3.Connection:
    """Return a connection in autocommit; make the folder. Raises OSError, sqlite3.Error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    renew_log(path)
    db = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    # A text that rotted then fails its row's hash; an exception would take all rows read with it.
    db.text_factory = lambda raw: raw.decode("utf-8", "replace")
    return db


def renew_log(path: Path) -> None:
    """Write the bytes of a left log once more and sync them, before SQLite builds on them.

    When a sync fails, Linux shows the written bytes to every reader and never writes them again. A
    new process would take such commits for good, chain its own behind them, and a power cut would
    take all: the log ends at the first frame that never reached the disk.
    """
    log = path.with_name(f"{path.name}-wal")
    if log.exists():
        with log.open("r+b") as file:
            data = file.read()
            file.seek(0)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())


@contextlib.contextmanager
def named_errors(damaged: type[OutboxError] = ChainDamaged) -> Iterator[None]:
    """Raise DiskRefuses where the disk or a lock is in the way, `damaged` for a rotten file."""
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        raise DiskRefuses(str(error)) from error
    except sqlite3.DatabaseError as error:
        raise damaged(str(error)) from error
