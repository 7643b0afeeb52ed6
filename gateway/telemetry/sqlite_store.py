"""The embedded telemetry store: SQLite, in a file apart from the ledger and its lock."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, TypeVar

from gateway.telemetry.ports import Sample

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gateway.telemetry.ports import Points

T = TypeVar("T")

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS point (
  measurement TEXT NOT NULL, device TEXT NOT NULL, edge TEXT NOT NULL, t_ns INTEGER NOT NULL,
  zone TEXT NOT NULL, fields TEXT NOT NULL,
  PRIMARY KEY (measurement, edge, device, t_ns)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS point_by_time ON point (zone, t_ns);
"""
_PRUNE_ROWS: Final = 5_000


class SqliteStore:
    """Points in one table; all work happens on one thread."""

    is_away = False

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="telemetry")
        self._db = self._thread.submit(_open, path).result()

    async def write(self, points: Points) -> list[tuple[int, str]]:
        """Write points in one commit; nothing is refused."""
        if len(points):
            rows: list[tuple[object, ...]] = [
                (
                    one.measurement,
                    one.tags.get("device", ""),
                    one.tags.get("edge", ""),
                    one.t_ns,
                    one.tags.get("zone", ""),
                    json.dumps(one.values()),
                )
                for one in points.points()
            ]
            await self._run(lambda: self._write(rows))
        return []

    def _write(self, rows: list[tuple[object, ...]]) -> None:
        with self._db:
            self._db.executemany("INSERT OR REPLACE INTO point VALUES (?, ?, ?, ?, ?, ?)", rows)

    async def count(self) -> int:
        """Return how many points there are."""
        found = await self._run(lambda: self._db.execute("SELECT COUNT(*) FROM point").fetchone())
        return int(found[0])

    async def series(
        self, *, zone: str, field: str, since_ns: int, until_ns: int, samples_count: int
    ) -> list[Sample]:
        """Return a zone's climate value, one mean for each of `samples_count` spans."""
        span_ns = max(1, (until_ns - since_ns) // max(1, samples_count))
        rows = await self._run(
            lambda: self._db.execute(
                "SELECT (t_ns - ?) / ?, AVG(v), MIN(v), MAX(v) FROM (SELECT t_ns,"
                " json_extract(fields, '$.' || ?) AS v FROM point WHERE zone = ?"
                " AND t_ns >= ? AND t_ns < ? AND measurement = 'environment')"
                " WHERE v IS NOT NULL GROUP BY 1 ORDER BY 1",
                (since_ns, span_ns, field, zone, since_ns, until_ns),
            ).fetchall()
        )
        return [
            Sample(t_ns=since_ns + int(span) * span_ns, mean=mean, low=low, high=high)
            for span, mean, low, high in rows
        ]

    async def times(
        self, *, since_ns: int, until_ns: int, count_max: int
    ) -> dict[tuple[str, str], list[int]]:
        """Return by (edge, device) when it measured, ascending, at most `count_max` in all."""
        rows = await self._run(
            lambda: self._db.execute(
                "SELECT edge, device, t_ns FROM point WHERE t_ns >= ? AND t_ns < ?"
                " AND measurement != 'bus' ORDER BY t_ns DESC LIMIT ?",
                (since_ns, until_ns, count_max),
            ).fetchall()
        )
        found: dict[tuple[str, str], list[int]] = {}
        for edge, device, t_ns in reversed(rows):
            found.setdefault((edge, device), []).append(t_ns)
        return found

    async def prune(self, before_ns: int) -> int:
        """Forget points older than that, a bounded number a call."""

        def prune() -> int:
            with self._db:
                done = self._db.execute(
                    "DELETE FROM point WHERE (measurement, edge, device, t_ns) IN (SELECT"
                    " measurement, edge, device, t_ns FROM point WHERE t_ns < ? LIMIT ?)",
                    (before_ns, _PRUNE_ROWS),
                )
            return done.rowcount

        return await self._run(prune)

    async def close(self) -> None:
        """Close the file."""
        await self._run(self._db.close)
        self._thread.shutdown(wait=True)

    async def _run(self, job: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, job)


def _open(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=30)
    db.execute("PRAGMA journal_mode=WAL")
    # A point is acknowledged after the commit: it must be on disk by then.
    db.execute("PRAGMA synchronous=FULL")
    db.executescript(_SCHEMA)
    return db
