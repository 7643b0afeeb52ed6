"""The telemetry queue on disk: bounded; when full the oldest span is thinned, and its range told.

Not thread-safe: `edge.outbox.worker` gives it one thread. Forgetting a second of telemetry at a
power cut is lawful, so it is synchronous=NORMAL.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS reading (
  boot TEXT NOT NULL, seq INTEGER NOT NULL, topic TEXT NOT NULL, body BLOB NOT NULL,
  at_ns INTEGER NOT NULL, PRIMARY KEY (boot, seq)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS reading_by_time ON reading (at_ns);
"""
_NEWEST: Final = (
    "SELECT boot, seq, topic, body, at_ns FROM reading ORDER BY at_ns DESC, seq DESC LIMIT ?"
)
_OLDEST: Final = "SELECT boot, seq, topic, body, at_ns FROM reading ORDER BY at_ns, seq LIMIT ?"
THIN_SPAN_ROWS: Final = 1_000
"""So many of the oldest readings make the span of which every second one goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """A reading that the store does not have yet."""

    boot: str
    seq: int
    topic: str
    body: bytes
    at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Evicted:
    """Readings that will never come, of one boot."""

    boot: str
    first_seq: int
    last_seq: int
    count: int


class TelemetryQueue:
    """Readings by (boot, seq) until an acknowledgement names them."""

    def __init__(self, path: Path, *, rows_max: int, age_s_max: float) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_SCHEMA)
        self._rows_max = rows_max
        self._age_ns_max = round(age_s_max * 1e9)
        self._count = self._db.execute("SELECT COUNT(*) FROM reading").fetchone()[0]

    def append(self, readings: Sequence[Queued]) -> list[Evicted]:
        """Queue readings in one commit; return what had to go for them."""
        self._db.execute("BEGIN IMMEDIATE")
        added = self._db.executemany(
            "INSERT OR IGNORE INTO reading VALUES (?, ?, ?, ?, ?)",
            [(one.boot, one.seq, one.topic, one.body, one.at_ns) for one in readings],
        ).rowcount
        self._db.execute("COMMIT")
        self._count += max(0, added)  # One that was queued before is not queued twice.
        evicted: list[Evicted] = []
        if readings:
            evicted += self._forget_older(readings[-1].at_ns - self._age_ns_max)
        while self._count > self._rows_max:
            evicted += self._thin()
        return evicted

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
        done = 0
        self._db.execute("BEGIN IMMEDIATE")
        for boot, spans in ranges.items():
            for first, last in spans:
                done += self._db.execute(
                    "DELETE FROM reading WHERE boot = ? AND seq BETWEEN ? AND ?",
                    (boot, first, last),
                ).rowcount
        self._db.execute("COMMIT")
        self._count -= done
        return done

    def waiting(self) -> tuple[int, int, int | None]:
        """Return (readings, a bound of their bytes, Unix nanoseconds of the oldest)."""
        oldest = self._db.execute("SELECT MIN(at_ns) FROM reading").fetchone()[0]
        return self._count, 300 * self._count, oldest

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _thin(self) -> list[Evicted]:
        """Drop every second reading of the oldest span."""
        span = self._db.execute(
            "SELECT boot, seq FROM reading ORDER BY at_ns, boot, seq LIMIT ?", (THIN_SPAN_ROWS,)
        ).fetchall()
        return self._drop(span[::2])

    def _forget_older(self, before_ns: int) -> list[Evicted]:
        span = self._db.execute(
            "SELECT boot, seq FROM reading WHERE at_ns < ? LIMIT ?", (before_ns, THIN_SPAN_ROWS)
        ).fetchall()
        return self._drop(span)

    def _drop(self, names: list[tuple[str, int]]) -> list[Evicted]:
        self._db.execute("BEGIN IMMEDIATE")
        self._db.executemany("DELETE FROM reading WHERE boot = ? AND seq = ?", names)
        self._db.execute("COMMIT")
        self._count -= len(names)
        by_boot: dict[str, list[int]] = {}
        for boot, seq in names:
            by_boot.setdefault(boot, []).append(seq)
        return [
            Evicted(boot=boot, first_seq=min(seqs), last_seq=max(seqs), count=len(seqs))
            for boot, seqs in by_boot.items()
        ]
