"""The ledger database: one writer, transactions that journal, fold and queue in one commit.

Not pure. The clock comes in as `now`. SQLite runs in WAL mode with synchronous=FULL; any other
database serialises its writers by a lock on the row of table ledger_identity.
"""

from __future__ import annotations

import json
import secrets
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sqlalchemy import Connection, Engine, StaticPool, create_engine, event, func, insert, select

from gateway.ledger import journal, schema, site_identity
from gateway.ledger.entries import ENTRY_FIELDS
from gateway.ledger.errors import BadEntry, ForeignDatabase
from gateway.ledger.fold import Moment, fold
from gateway.ledger.reach import told_faults
from wire.topics import site_topic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from gateway.settings import Site

T = TypeVar("T")

MAKING: Final = 0x656E747265706F74
"""The key of the lock under which a new database gets its tables ("entrepot")."""
_LOCK: Final = select(schema.ledger_identity).with_for_update()
_UNIT_KINDS: Final = frozenset({"unit.changed", "hold.placed", "hold.lifted"})


class Tx:
    """One transaction: read by `connection`, change by `record`, publish by `queue` and `uns`."""

    def __init__(self, connection: Connection, *, at: str, cause: str, site: Site) -> None:
        self.connection = connection
        self.at = at
        self.cause = cause
        """What the next entries come from: custody:EDGE/SEQ, request:ID, person:NAME, rule:NAME."""
        self.site = site
        self._tip = journal.tip_of(connection)
        self._entries: list[journal.Entry] = []
        self._outward: list[dict[str, object]] = []
        self._last_n = self._tip[0]
        self._event_count = 0

    @property
    def next_n(self) -> int:
        """The number that the next entry will bear: good for drawing ids."""
        return self._tip[0] + 1

    @property
    def today(self) -> str:
        """The date of this transaction, UTC."""
        return self.at[:10]

    def record(self, kind: str, **fields: object) -> int:
        """Journal an entry, fold it into the views, return its number.

        Raises LedgerError when the entry is malformed or breaks a rule; the transaction must then
        be given up, or the savepoint that holds it.
        """
        wanted = ENTRY_FIELDS.get(kind)
        if wanted is None:
            raise BadEntry(f"no such kind of entry: {kind!r}")
        if set(fields) != set(wanted):
            raise BadEntry(f"entry {kind} has fields {sorted(wanted)}, not {sorted(fields)}")
        body = journal.canonical(fields)
        entry = journal.next_entry(
            tip=self._tip, at=self.at, kind=kind, cause=self.cause, body=body
        )
        fold(self.connection, kind, fields, Moment(self.at, self.cause))
        self._entries.append(entry)
        self._tip = (entry.n, entry.hash)
        if kind in _UNIT_KINDS:
            self._announce(kind, fields)
        return entry.n

    def queue(
        self,
        channel: str,
        topic: str,
        body: Mapping[str, object] | str,
        *,
        is_retained: bool = False,
        correlation_hex: str = "",
    ) -> None:
        """Queue a message that is published after the commit; an empty text clears a topic."""
        text = body if isinstance(body, str) else journal.canonical(dict(body))
        self._outward.append(
            {
                "channel": channel,
                "topic": topic,
                "body": text,
                "is_retained": is_retained,
                "correlation_hex": correlation_hex,
                "at": self.at,
            }
        )

    def uns(
        self,
        levels: tuple[str, ...],
        type_: str,
        data: Mapping[str, object],
        *,
        is_retained: bool = False,
    ) -> None:
        """Queue a CloudEvent on the business plane; its id is the number of its journal entry."""
        n = self._tip[0]
        if n != self._last_n:
            self._last_n, self._event_count = n, 0
        self._event_count += 1
        if not self._entries:  # Nothing journalled yet: no number is ours.
            event_id = f"{n}-{secrets.token_hex(8)}"
        elif self._event_count == 1:
            event_id = str(n)
        else:  # A repeat must be told from a second event of the same entry.
            event_id = f"{n}.{self._event_count}"
        enterprise, site = self.site.enterprise, self.site.site
        self.queue(
            "uns",
            site_topic(enterprise, site, *levels),
            {
                "specversion": "1.0",
                "id": event_id,
                "source": f"/{enterprise}/{site}",
                "type": type_,
                "time": self.at,
                "datacontenttype": "application/json",
                "data": dict(data),
            },
            is_retained=is_retained,
        )

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Take everything back that the block did when it raises."""
        kept = (self._tip, len(self._entries), len(self._outward), self._last_n, self._event_count)
        # By our own words: the library's nested transaction costs three times as much.
        self.connection.exec_driver_sql("SAVEPOINT one")
        try:
            yield
        except BaseException:
            self.connection.exec_driver_sql("ROLLBACK TO SAVEPOINT one")
            self._tip, entries, outward, self._last_n, self._event_count = kept
            del self._entries[entries:]
            del self._outward[outward:]
            raise
        self.connection.exec_driver_sql("RELEASE SAVEPOINT one")

    def flush(self) -> None:
        """Write the journal and the outbox; called before the commit."""
        journal.append(self.connection, self._entries)
        self._entries = []
        if self._outward:
            self.connection.execute(insert(schema.outward), self._outward)
            self._outward = []

    def _announce(self, kind: str, fields: Mapping[str, Any]) -> None:
        """Tell the business plane of a unit as it now is."""
        if kind == "unit.changed":
            unit = fields["unit"]
        elif kind == "hold.placed":
            unit = fields["hold"]["unit"]
        else:
            unit = self.connection.execute(
                select(schema.hold.c.unit).where(schema.hold.c.hold_id == fields["hold_id"])
            ).scalar_one()
        row = self.connection.execute(select(schema.unit).where(schema.unit.c.unit == unit)).one()
        holds = []
        if row.holds_count:
            table = schema.hold
            holds = [
                dict(one)
                for one in self.connection.execute(
                    select(table.c.hold_id, table.c.kind, table.c.reason, table.c.since)
                    .where(table.c.unit == unit, table.c.lifted_at.is_(None))
                    .order_by(table.c.since, table.c.hold_id)
                ).mappings()
            ]
        self.uns(
            ("stock", "event"),
            "entrepot.stock.event",
            {
                "unit": row.unit,
                "pallet": row.sscc,
                "duty_status": row.status,
                "place": row.place,
                "holds": holds,
                "cause": self.cause,
                "evidence": row.place_evidence,
            },
        )


class Ledger:
    """An open ledger database. Its methods block: call them from one worker thread."""

    def __init__(
        self, engine: Engine, *, ledger_id: str, site: Site, now: Callable[[], str]
    ) -> None:
        self.engine = engine
        self.ledger_id = ledger_id
        self.site = site
        self._now = now
        self._writer = threading.Lock()

    @classmethod
    def open(cls, url: str, *, ledger_id: str, site: Site, now: Callable[[], str]) -> Ledger:
        """Open the database, making its tables when it is new.

        Raises ForeignDatabase or ForeignSite when it belongs to another ledger id or site,
        DatabaseAway or DatabaseUnusable when it can't be used.
        """
        with told_faults(url):
            ledger = cls(engine_for(url), ledger_id=ledger_id, site=site, now=now)
            try:
                ledger._make_and_claim()
                ledger.transact("rule:site", _open_books)
            except BaseException:
                ledger.close()
                raise
        return ledger

    def transact(self, cause: str, work: Callable[[Tx], T]) -> T:
        """Run `work` in one transaction; commit what it did, or roll all of it back."""
        with self._writer, self.engine.connect() as connection:
            # Several gateways may share the database: the journal has one writer at a time.
            connection.execution_options(is_writer=True)
            with connection.begin():
                connection.execute(_LOCK)
                tx = Tx(connection, at=self._now(), cause=cause, site=self.site)
                done = work(tx)
                tx.flush()
            return done

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on one consistent state of the database."""
        with self.engine.connect() as connection, connection.begin():
            return work(connection)

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    def _make_and_claim(self) -> None:
        with self._writer, self.engine.begin() as connection:
            if connection.dialect.name == "postgresql":  # Gateways that start at once wait in turn.
                connection.execute(select(func.pg_advisory_xact_lock(MAKING)))
            schema.METADATA.create_all(connection)
            found = connection.execute(select(schema.ledger_identity)).scalars().first()
            if found is None:
                connection.execute(insert(schema.ledger_identity), {"ledger": self.ledger_id})
            elif found != self.ledger_id:
                raise ForeignDatabase(found=found, wanted=self.ledger_id)
            site_identity.claim(connection, self.site)


def engine_for(url: str) -> Engine:
    """Return an engine; SQLite gets WAL, synchronous=FULL and honest transactions."""
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True)
    in_memory = url in {"sqlite://", "sqlite:///:memory:"}
    options: dict[str, Any] = {"connect_args": {"check_same_thread": False, "timeout": 30}}
    if in_memory:
        options["poolclass"] = StaticPool
    engine = create_engine(url, **options)

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _: object) -> None:  # noqa: ANN401 (a driver's own type)
        connection.isolation_level = None  # We say BEGIN ourselves.
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        # A deferred transaction that reads first can't always become a writer.
        is_writer = connection.get_execution_options().get("is_writer", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writer else "BEGIN")

    return engine


def _open_books(tx: Tx) -> None:
    """Open the guarantee and the book lines that the site names and the ledger lacks."""
    settings = tx.site.ledger
    guarantee = tx.connection.execute(
        select(schema.guarantee.c.ceiling).where(schema.guarantee.c.book == settings.book)
    ).scalar()
    if guarantee != settings.guarantee_ceiling:
        tx.record("guarantee.opened", book=settings.book, ceiling=settings.guarantee_ceiling)
    rules = {
        "rules": [rule.model_dump(mode="json", by_alias=True) for rule in tx.site.rules],
        "timezone": tx.site.timezone,
    }
    table = schema.journal
    held = tx.connection.execute(
        select(table.c.body).where(table.c.kind == "rules.set").order_by(table.c.n.desc()).limit(1)
    ).scalar()
    if held != journal.canonical(rules):
        tx.record("rules.set", **rules)
    known = set(tx.connection.execute(select(schema.book_line.c.book_line)).scalars())
    for line, count in sorted(settings.opening.items()):
        if line not in known:
            tx.record("book.opened", book_line=line, count=count)


def load_json(text: str) -> Any:  # noqa: ANN401 (a JSON column holds what it holds)
    """Return the value of a JSON column; an empty text is an empty list."""
    return json.loads(text) if text else []
