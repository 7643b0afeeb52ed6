"""A rotten outbox file is moved aside and a fresh one begun with whatever can still be proven.

The fresh chain begins at its root, so the ledger answers `forked`: a person adopts it, and the rows
saved from the old file keep their ids, so that none has its effect twice. The old file stays.
"""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Final

from edge.outbox.connect import connect, named_errors
from edge.outbox.custody import Capture, CustodyStore
from edge.outbox.errors import ChainDamaged, QueueDamaged
from edge.outbox.telemetry import TelemetryQueue
from edge.outbox.vouch import row_as_read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

log = logging.getLogger(__name__)

SAVED_COUNT_MAX: Final = 100_000
"""The newest so many: what is older has long been in the ledger."""
READ_COUNT: Final = 200
EMPTY_COUNT_MAX: Final = 20
"""So many reads in a row without a row: nothing more is there."""
GROUP_COUNT: Final = 500
ASIDE_COUNT_MAX: Final = 100
_COLUMNS: Final = "seq, prev, id, hash, topic, body, captured_ns"


def open_custody(path: Path) -> CustodyStore:
    """Open the chain; a rotten file is moved aside. Raises DiskRefuses."""
    try:
        _check_pages(path)
        return CustodyStore.open(path)
    except ChainDamaged as error:
        aside = _move_aside(path)
        store = CustodyStore.open(path)
        saved = _save(aside, store)
        log.error(  # noqa: TRY400 - the file is the finding, not the stack
            "custody_repaired",
            extra={"reason": str(error)[:300], "aside": aside.name, "rows_saved_count": saved},
        )
        return store


def open_telemetry(path: Path, *, bytes_max: int, age_s_max: float) -> tuple[TelemetryQueue, bool]:
    """Open the queue; return it and whether a rotten file was moved aside. Raises DiskRefuses."""
    try:
        return TelemetryQueue(path, bytes_max=bytes_max, age_s_max=age_s_max), False
    except QueueDamaged as error:
        aside = _move_aside(path)
        log.error("telemetry_repaired", extra={"reason": str(error)[:300], "aside": aside.name})  # noqa: TRY400
        return TelemetryQueue(path, bytes_max=bytes_max, age_s_max=age_s_max), True


def suspect(path: Path) -> None:
    """Have the file repaired at the next start: reading it found what opening it did not."""
    _mark(path).touch()


def _mark(path: Path) -> Path:
    return path.with_name(f"{path.name}.suspect")


def _check_pages(path: Path) -> None:
    """Look at every page: half a second for 100 MB. Raises ChainDamaged, DiskRefuses."""
    if not path.exists():
        return
    if _mark(path).exists():
        _mark(path).unlink()
        raise ChainDamaged("rows were lost that the chain can't do without")
    with named_errors(), closing(connect(path)) as db:
        told = db.execute("PRAGMA quick_check(1)").fetchone()
    if told is None or told[0] != "ok":
        raise ChainDamaged(str(told and told[0])[:300])


def _move_aside(path: Path) -> Path:
    for number in range(1, ASIDE_COUNT_MAX):
        aside = path.with_name(f"{path.name}.damaged-{number}")
        if not aside.exists():
            break
    else:
        raise ChainDamaged(f"{ASIDE_COUNT_MAX} damaged files lie beside {path}: look at the disk")
    for suffix in ("-wal", "-shm"):
        log_file = path.with_name(path.name + suffix)
        if log_file.exists():
            log_file.rename(aside.with_name(aside.name + suffix))
    path.rename(aside)
    return aside


def _save(aside: Path, store: CustodyStore) -> int:
    """Chain the rows anew whose content still proves its hash; return how many."""
    count, group = 0, []
    for capture in _sound_rows(aside):
        group.append(capture)
        if len(group) == GROUP_COUNT:
            count += len(store.append(group))
            group = []
    return count + (len(store.append(group)) if group else 0)


def _sound_rows(aside: Path) -> Iterator[Capture]:
    db = sqlite3.connect(aside, isolation_level=None)
    db.text_factory = lambda raw: raw.decode("utf-8", "replace")
    try:
        first, last = _bounds(db)
        empty_count = 0
        for start in range(first, last + 1, READ_COUNT):
            found = list(_readable(db, start, start + READ_COUNT - 1))
            empty_count = 0 if found else empty_count + 1
            if empty_count == EMPTY_COUNT_MAX:
                return
            for seq, *columns, captured_ns in found:
                if not isinstance(seq, int) or seq < 1:
                    continue
                row = row_as_read(seq, *columns)
                if row.is_sound() and isinstance(captured_ns, int):
                    yield Capture(
                        topic=row.topic, body=row.body, captured_ns=captured_ns, row_id=row.id
                    )
    finally:
        db.close()


def _bounds(db: sqlite3.Connection) -> tuple[int, int]:
    """Return the first and last seq to look for; generous where the ends are rotten."""
    ends = []
    for asked in ("MIN", "MAX"):
        try:
            found = db.execute(f"SELECT {asked}(seq) FROM custody").fetchone()[0]  # noqa: S608
        except sqlite3.DatabaseError:
            found = None
        ends.append(found if isinstance(found, int) and found > 0 else None)
    low, high = ends
    if high is None:
        low = low or 1
        return low, low + SAVED_COUNT_MAX
    return max(low or 1, high - SAVED_COUNT_MAX + 1), high


def _readable(db: sqlite3.Connection, first: int, last: int) -> Iterator[tuple[object, ...]]:
    """Yield the rows of a range, one by one where a page among them is rotten."""
    query = f"SELECT {_COLUMNS} FROM custody WHERE seq BETWEEN ? AND ? ORDER BY seq"  # noqa: S608
    try:
        yield from db.execute(query, (first, last)).fetchall()
    except sqlite3.DatabaseError:
        for seq in range(first, last + 1):
            try:
                yield from db.execute(query, (seq, seq)).fetchall()
            except sqlite3.DatabaseError:
                continue
