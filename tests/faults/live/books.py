"""What the stores themselves say, asked without any code of the gateway's."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import sqlite3
import urllib.request
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import quote

from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.services.fixtures import Influx

ASK_S_MAX: Final = 5.0
COUNT_MASK: Final = 1_000_000
"""A stamp is milliseconds in nanoseconds plus a running number (contract, section 1)."""
CUT_COUNT_MAX: Final = 12
"""Numbers drawn at the moment of a kill and never on disk lie among the last so many of a life."""


class Books:
    """The ledger's database, SQLite or PostgreSQL."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url, pool_pre_ping=True, isolation_level="AUTOCOMMIT")

    def close(self) -> None:
        """Let go of it."""
        self._engine.dispose()

    def rows(self, query: str, **values: object) -> Sequence[Any]:
        """Return a query's rows; none while the database is away or not made yet."""
        try:
            with self._engine.connect() as connection:
                return connection.execute(text(query), values).all()
        except SQLAlchemyError:
            return []

    def head_seq(self, edge: str) -> int:
        """Return how far the ledger has an edge's chain."""
        rows = self.rows("SELECT seq FROM edge_head WHERE edge = :edge", edge=edge)
        return int(rows[0][0]) if rows else 0

    def is_in_order(self, edge: str) -> bool:
        """Tell whether an edge's rows lack none and came into the journal in the chain's order."""
        query = "SELECT seq, journal_n FROM custody_row WHERE edge = :edge ORDER BY seq"
        rows = [(int(seq), int(n)) for seq, n in self.rows(query, edge=edge)]
        numbers = [n for _, n in rows]
        return [seq for seq, _ in rows] == [*range(1, len(rows) + 1)] and numbers == sorted(numbers)

    def has_plate(self, edge: str, plate: str, above_seq: int) -> bool:
        """Tell whether the event with that plate, above a place in the chain, had its effect."""
        return any(one.get("plate") == plate for one in self._bodies(edge, above_seq))

    def plates(self, edge: str) -> set[str]:
        """Return the plates of an edge's applied events."""
        return {str(one.get("plate")) for one in self._bodies(edge)}

    def stamps(self, edge: str) -> list[int]:
        """Return when each of an edge's events was stamped."""
        return [int(one["t_ns"]) for one in self._bodies(edge)]

    def _bodies(self, edge: str, above_seq: int = 0) -> list[dict[str, Any]]:
        query = (
            "SELECT body FROM custody_row"
            " WHERE edge = :edge AND outcome = 'applied' AND seq > :above"
        )
        rows = self.rows(query, edge=edge, above=above_seq)
        return [json.loads(bytes(row[0])) for row in rows]


class Points(Protocol):
    """A store of telemetry, asked for the times of its points."""

    def stamps(self, edge: str, above_ns: int = 0) -> list[int]:
        """Return when each stored reading of an edge was stamped."""


class SqlitePoints:
    """The embedded stores' files, one a gateway."""

    def __init__(self, *files: Path) -> None:
        self._files = files

    def stamps(self, edge: str, above_ns: int = 0) -> list[int]:
        """Return when each stored reading of an edge was stamped."""
        query = "SELECT t_ns FROM point WHERE edge = ? AND t_ns > ?"
        found: set[int] = set()
        for file in self._files:
            with contextlib.suppress(sqlite3.Error):
                found |= {int(row[0]) for row in _rows(file, query, edge, above_ns)}
        return sorted(found)


class InfluxPoints:
    """A real InfluxDB, asked by Flux."""

    def __init__(self, influx: Influx) -> None:
        self.influx = influx

    def stamps(self, edge: str, above_ns: int = 0) -> list[int]:
        """Return when each stored reading of an edge was stamped."""
        flux = (
            f'from(bucket: "{self.influx.bucket}") |> range(start: time(v: {above_ns + 1}))'
            f' |> filter(fn: (r) => r.edge == "{edge}" and r._field == "clock")'
            " |> map(fn: (r) => ({t: int(v: r._time)})) |> group()"
        )
        request = urllib.request.Request(
            f"{self.influx.url}/api/v2/query?org={quote(self.influx.org)}",
            data=flux.encode(),
            headers={
                "Authorization": f"Token {self.influx.token}",
                "Content-Type": "application/vnd.flux",
                "Accept": "application/csv",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=ASK_S_MAX) as answer:
                told = answer.read().decode()
        except OSError:
            return []
        lines = [line for line in told.splitlines() if line.strip()]
        return [int(row["t"]) for row in csv.DictReader(io.StringIO("\n".join(lines)))]


@dataclass(slots=True, kw_only=True)
class Verdict:
    """What both ends' files say of one edge once everything is closed."""

    captured: int
    lost: int
    twice: int
    strange: int
    is_head_at_tip: bool

    def check(self) -> None:
        """Raise AssertionError where something is lost, doubled or made up."""
        assert self.lost == 0, self
        assert self.twice == 0, self
        assert self.strange == 0, self
        assert self.is_head_at_tip, self


def judge(custody_file: Path, books: Books, edge: str) -> Verdict:
    """Compare an edge's custody file with the ledger."""
    captured = {str(row[0]) for row in _rows(custody_file, "SELECT id FROM custody")}
    tip = _rows(custody_file, "SELECT seq, hash FROM position WHERE name = 'tip'")
    rows = books.rows(
        "SELECT id FROM custody_row WHERE edge = :edge AND outcome = 'applied'", edge=edge
    )
    taken = Counter(str(row[0]) for row in rows)
    head = books.rows("SELECT seq, hash FROM edge_head WHERE edge = :edge", edge=edge)
    return Verdict(
        captured=len(captured),
        lost=len(captured - taken.keys()),
        twice=sum(count > 1 for count in taken.values()),
        strange=len(taken.keys() - captured),
        is_head_at_tip=[tuple(one) for one in head] == tip,
    )


def missing_stamps(stamps: Sequence[int], lives_count: int) -> list[int]:
    """Return the numbers that an edge drew, that a kill does not explain, and that nobody has.

    Each life of the process numbers its events and readings from 1, in one row.
    """
    lives: list[list[int]] = []
    for stamp in sorted(stamps):
        number = stamp % COUNT_MASK
        if not lives or number < lives[-1][-1] - CUT_COUNT_MAX:
            lives.append([])
        lives[-1].append(number)
    assert len(lives) <= lives_count, (len(lives), lives_count)
    return [
        number
        for life in lives
        for number in range(1, max(life) - CUT_COUNT_MAX)
        if number not in set(life)
    ]


def _rows(file: Path, query: str, *values: object) -> list[tuple[Any, ...]]:
    with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=5)) as db:
        return db.execute(query, values).fetchall()
