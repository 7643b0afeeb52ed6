"""Verify a ledger from its journal alone: what an inspector runs.

Four looks that do not trust one another: the hash chain; the custody rows against their own
hashes; the rules, recomputed from the entries in plain Python (audit.py); and the views, folded
anew into an empty database and compared row by row.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sqlalchemy import create_engine, inspect, select
from typing_extensions import override

from gateway.ledger import journal, schema
from gateway.ledger.audit import Audit
from gateway.ledger.counting import counts
from gateway.ledger.errors import LedgerError
from gateway.ledger.fold import Moment, fold
from gateway.ledger.reach import DatabaseUnusable, shown, told_faults
from gateway.ledger.store import engine_for
from wire.chain import ROOT_HASH, row_hash

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Table

__all__ = ["Report", "Violation", "counts", "verify", "verify_connection"]

VIOLATIONS_COUNT_MAX: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One thing that does not hold; `n` is the journal entry, 0 for none."""

    rule: str
    n: int
    what: str

    @override
    @override
    def __str__(self) -> str:
        return f"{self.rule}: {self.what}" + (f" (journal entry {self.n})" if self.n else "")


@dataclass(slots=True, kw_only=True)
class Report:
    """What was found, first violation first."""

    ok: bool
    violations: list[Violation] = field(default_factory=list)
    entries_count: int = 0
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def first(self) -> str:
        """The first violation in words; empty when there is none."""
        return str(self.violations[0]) if self.violations else ""


def verify(database_url: str) -> Report:
    """Verify the ledger in a database, which is only read.

    Raises DatabaseAway or DatabaseUnusable, the latter also where there is no ledger.
    """
    with told_faults(database_url):
        engine = engine_for(database_url)
        try:
            with engine.connect() as connection, connection.begin():
                if not inspect(connection).has_table(schema.journal.name):
                    raise DatabaseUnusable(f"the database {shown(database_url)} holds no ledger")
                return verify_connection(connection)
        finally:
            engine.dispose()


def verify_connection(connection: Connection) -> Report:
    """Verify the ledger that a connection reads, on one consistent state of it."""
    violations: list[Violation] = []
    entries_count = 0
    audit = Audit()
    rebuilt = create_engine("sqlite://")
    schema.METADATA.create_all(rebuilt)
    with rebuilt.connect() as views:
        tip = (0, journal.ROOT_HASH)
        for entry in journal.read(connection):
            entries_count += 1
            if len(violations) >= VIOLATIONS_COUNT_MAX:
                break
            fault = _chain_fault(entry, tip)
            if fault:
                violations.append(Violation(rule="hash-chain", n=entry.n, what=fault))
            tip = (entry.n, entry.hash)
            fields = entry.fields()
            for rule, what in audit.take(entry.kind, fields):
                violations.append(Violation(rule=rule, n=entry.n, what=what))
            try:
                fold(views, entry.kind, fields, Moment(entry.at, entry.cause))
            except (LedgerError, KeyError, TypeError) as error:
                violations.append(Violation(rule="rebuild", n=entry.n, what=str(error)))
        for rule, what in audit.close():
            violations.append(Violation(rule=rule, n=0, what=what))
        for rule, what in (*_custody_faults(connection, audit), *_differences(connection, views)):
            violations.append(Violation(rule=rule, n=0, what=what))
    rebuilt.dispose()
    del violations[VIOLATIONS_COUNT_MAX:]
    return Report(
        ok=not violations,
        violations=violations,
        entries_count=entries_count,
        counts=counts(connection),
    )


def _chain_fault(entry: journal.Entry, tip: tuple[int, str]) -> str:
    if entry.n != tip[0] + 1:
        return f"entry {tip[0]} is followed by {entry.n}: entries are missing"
    if entry.prev != tip[1]:
        return "it does not follow the entry before it"
    made = journal.next_entry(
        tip=tip, at=entry.at, kind=entry.kind, cause=entry.cause, body=entry.body
    )
    return "" if made.hash == entry.hash else "its content does not fit its hash"


def _custody_faults(connection: Connection, audit: Audit) -> Iterator[tuple[str, str]]:
    """Walk every edge's chain: 1 to head without gaps, each row sound and journalled."""
    table = schema.custody_row
    for head in connection.execute(select(schema.edge_head).order_by(schema.edge_head.c.edge)):
        seq, prev = 0, ROOT_HASH
        journalled = audit.custody.get(head.edge, [])
        rows = connection.execute(
            select(table).where(table.c.edge == head.edge).order_by(table.c.seq)
        )
        for row in rows:
            name = f"row {row.seq} of edge {head.edge}"
            if row.seq != seq + 1:
                yield "custody", f"{name} follows row {seq}: rows are missing"
                break
            if row.prev != prev:
                yield "custody", f"{name} does not follow the row before it"
            is_void = row.topic == ""
            body = bytes(row.body)
            if not is_void and row.hash != row_hash(row.topic, row.seq, row.prev, row.id, body):
                yield "custody", f"{name}: its content does not fit its hash"
            if row.seq > len(journalled) or journalled[row.seq - 1] != (row.id, row.hash):
                yield "custody", f"{name} is not the one that was journalled"
            seq, prev = row.seq, row.hash
        if (seq, prev) != (head.seq, head.hash) or seq != len(journalled):
            what = f"the head of edge {head.edge} is {head.seq}, its rows end at {seq}"
            yield "custody", f"{what}, {len(journalled)} were journalled"


def _differences(connection: Connection, views: Connection) -> Iterator[tuple[str, str]]:
    """Name the rows in which the stored views differ from those folded anew."""
    for table in schema.VIEWS:
        stored, folded = _rows(connection, table), _rows(views, table)
        for key in sorted(stored.keys() | folded.keys()):
            if stored.get(key) != folded.get(key):
                yield "views", _difference(table, key, stored.get(key), folded.get(key))


def _rows(connection: Connection, table: Table) -> dict[str, dict[str, object]]:
    key = next(iter(table.primary_key.columns)).name
    return {str(row[key]): dict(row) for row in connection.execute(select(table)).mappings().all()}


def _difference(
    table: Table,
    key: str,
    stored: dict[str, object] | None,
    folded: dict[str, object] | None,
) -> str:
    if stored is None:
        return f"{table.name} {key} is missing: the journal makes one"
    if folded is None:
        return f"{table.name} {key} is stored, but nothing in the journal makes it"
    names = [name for name in stored if stored[name] != folded[name]]
    name = names[0]
    return (
        f"{table.name} {key}: {name} is stored as {stored[name]!r}, "
        f"the journal says {folded[name]!r}"
    )
