"""The telemetry queue on disk: bounded by bytes and age; what had to go is a gap that grows.

Not thread-safe: `edge.outbox.worker` gives it one thread. Forgetting a second of telemetry at a
power cut is lawful, so it is synchronous=NORMAL.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from edge.outbox.connect import connect, named_errors
from edge.outbox.errors import QueueDamaged

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS reading (
  boot TEXT NOT NULL, seq INTEGER NOT NULL, topic TEXT NOT NULL, body BLOB NOT NULL,
  at_ns INTEGER NOT NULL, PRIMARY KEY (boot, seq)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS reading_by_time ON reading (at_ns);
CREATE TABLE IF NOT EXISTS evicted (
  boot TEXT PRIMARY KEY, first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL,
  dropped_count INTEGER NOT NULL, first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL
) WITHOUT ROWID;
"""
_NEWEST: Final = (
    "SELECT boot, seq, topic, body, at_ns FROM reading ORDER BY at_ns DESC, seq DESC LIMIT ?"
)
_OLDEST: Final = "SELECT boot, seq, topic, body, at_ns FROM reading ORDER BY at_ns, seq LIMIT ?"
_GROW: Final = """
INSERT INTO evicted VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (boot) DO UPDATE SET
  first_seq = MIN(first_seq, excluded.first_seq), last_seq = MAX(last_seq, excluded.last_seq),
  dropped_count = dropped_count + excluded.dropped_count,
  first_ns = MIN(first_ns, excluded.first_ns), last_ns = MAX(last_ns, excluded.last_ns)
"""
KEYS_BYTES: Final = 40
"""What a reading's keys take, about."""
_SIZE: Final = f"LENGTH(body) + LENGTH(topic) + {KEYS_BYTES}"
THIN_SPAN_ROWS: Final = 1_000
"""So many of the oldest readings make the span of which every second one goes."""

_named_errors = partial(named_errors, QueueDamaged)


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """A reading that the store does not have yet."""

    boot: str
    seq: int
    topic: str
    body: bytes
    at_ns: int


@dataclass(frozen=True, slots=True)
class Evicted:
    """Readings that will never come, of one boot."""

    boot: str
    first_seq: int
    last_seq: int
    count: int
    first_ns: int
    """When the first of them was captured."""
    last_ns: int


class TelemetryQueue:
    """Readings by (boot, seq) until an acknowledgement names them."""

    def __init__(
        self,
        path: Path,
        *,
        bytes_max: int,
        age_s_max: float,
        connect: Callable[[Path], sqlite3.Connection] = connect,
    ) -> None:
        self._bytes_max = bytes_max
        self._age_ns_max = round(age_s_max * 1e9)
        with _named_errors(), contextlib.ExitStack() as undo:
            self._db = connect(path)
            undo.callback(self._db.close)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.executescript(_SCHEMA)
            self._count_all()
            undo.pop_all()

    def _count_all(self) -> None:
        self._count, self._bytes = self._db.execute(
            f"SELECT COUNT(*), CAST(TOTAL({_SIZE}) AS INTEGER) FROM reading"  # noqa: S608 - our own words
        ).fetchone()

    @_named_errors()
    def append(self, readings: Sequence[Queued]) -> None:
        """Queue readings in one commit; what has to go for them makes its boot's gap grow."""
        count = size = 0
        with self._transaction():
            for one in readings:  # One that was queued before is not queued twice.
                added = self._db.execute(
                    "INSERT OR IGNORE INTO reading VALUES (?, ?, ?, ?, ?)",
                    (one.boot, one.seq, one.topic, one.body, one.at_ns),
                ).rowcount
                count += added
                size += added * (len(one.body) + len(one.topic) + KEYS_BYTES)
        self._count += count
        self._bytes += size
        if readings:
            self._forget_older(readings[-1].at_ns - self._age_ns_max)
        while self._bytes > self._bytes_max and self._count:
            self._thin()

    @_named_errors()
    def gaps(self) -> list[Evicted]:
        """Return what went and was not told yet, a range a boot."""
        found = self._db.execute(
            "SELECT boot, first_seq, last_seq, dropped_count, first_ns, last_ns FROM evicted"
        )
        return [Evicted(*row) for row in found]

    def told(self, gap: Evicted) -> None:
        """Forget a gap that is told; what went since then stays as the next one."""
        with self._transaction():
            self._db.execute(
                "UPDATE evicted SET dropped_count = dropped_count - ? WHERE boot = ?",
                (gap.count, gap.boot),
            )
            self._db.execute("DELETE FROM evicted WHERE dropped_count <= 0")

    @_named_errors()
    def next_to_send(
        self, count_max: int, *, newest_count: int, besides: Iterable[tuple[str, int]] = ()
    ) -> list[Queued]:
        """Return the newest few, then the oldest, but those in flight: live before backlog."""
        seen = set(besides)
        rows: list[Queued] = []
        for query, count in ((_NEWEST, newest_count), (_OLDEST, count_max)):
            found = self._db.execute(query, (count + len(seen),))
            for boot, seq, topic, body, at_ns in found:
                if (boot, seq) not in seen and len(rows) < count_max:
                    seen.add((boot, seq))
                    rows.append(
                        Queued(boot=boot, seq=seq, topic=topic, body=bytes(body), at_ns=at_ns)
                    )
        return rows

    def forget(self, ranges: dict[str, list[tuple[int, int]]]) -> int:
        """Forget what the store has; return how many."""
        done = size = 0
        with self._transaction():
            for boot, spans in ranges.items():
                for first, last in spans:
                    size += self._db.execute(
                        f"SELECT CAST(TOTAL({_SIZE}) AS INTEGER) FROM reading"  # noqa: S608 - our own words
                        " WHERE boot = ? AND seq BETWEEN ? AND ?",
                        (boot, first, last),
                    ).fetchone()[0]
                    done += self._db.execute(
                        "DELETE FROM reading WHERE boot = ? AND seq BETWEEN ? AND ?",
                        (boot, first, last),
                    ).rowcount
        self._bytes -= size
        self._count -= done
        return done

    @_named_errors()
    def waiting(self) -> tuple[int, int, int | None]:
        """Return (readings, their bytes, Unix nanoseconds of the oldest)."""
        oldest = self._db.execute("SELECT MIN(at_ns) FROM reading").fetchone()[0]
        return self._count, self._bytes, oldest

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _thin(self) -> None:
        """Drop every second reading of the oldest span."""
        span = self._db.execute(
            f"SELECT boot, seq, {_SIZE}, at_ns FROM reading ORDER BY at_ns, boot, seq LIMIT ?",  # noqa: S608
            (THIN_SPAN_ROWS,),
        ).fetchall()
        self._drop(span[::2])

    def _forget_older(self, before_ns: int) -> None:
        span = self._db.execute(
            f"SELECT boot, seq, {_SIZE}, at_ns FROM reading WHERE at_ns < ? LIMIT ?",  # noqa: S608
            (before_ns, THIN_SPAN_ROWS),
        ).fetchall()
        self._drop(span)

    def _drop(self, names: list[tuple[str, int, int, int]]) -> None:
        """Delete readings and let their boots' gaps grow, in one commit: no crash parts the two."""
        if not names:
            return
        by_boot: dict[str, list[tuple[int, int]]] = {}
        for boot, seq, _, at_ns in names:
            by_boot.setdefault(boot, []).append((seq, at_ns))
        with self._transaction():
            self._db.executemany(
                "DELETE FROM reading WHERE boot = ? AND seq = ?",
                [(boot, seq) for boot, seq, *_ in names],
            )
            self._db.executemany(_GROW, [_grown(boot, gone) for boot, gone in by_boot.items()])
        self._count -= len(names)
        self._bytes -= sum(size for _, _, size, _ in names)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        """Commit what is done inside, or nothing: a full disk must not leave a half one open."""
        with _named_errors():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            finally:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")


def _grown(boot: str, gone: list[tuple[int, int]]) -> tuple[str, int, int, int, int, int]:
    """Return the row by which a boot's gap grows; `gone` holds (seq, at_ns)."""
    seqs, times = [seq for seq, _ in gone], [at_ns for _, at_ns in gone]
    return boot, min(seqs), max(seqs), len(gone), min(times), max(times)
