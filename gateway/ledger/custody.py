"""The ledger's side of the custody chain: take rows, move the head, answer hellos.

Source: the project's contract on the wire, section 2. One call handles a batch of one edge in one
transaction: head, effects, journal and outbox move together or not at all.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, bindparam, insert, select, update

from gateway.ledger import floor, heads, holds, letters
from gateway.ledger.errors import UNFIT, LedgerError, Poison
from gateway.ledger.pending import Pending, as_kept
from gateway.ledger.schema import (
    custody_row,
    edge_head,
    fork_row,
    ledger_identity,
    unit,
)
from wire.chain import PENDING_COUNT_MAX, ROOT_HASH, CustodyRow, Tombstone
from wire.topics import edge_of, kind_and_device

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.ledger.store import Tx

log = logging.getLogger(__name__)

_QUERY_COUNT_MAX: Final = 500

# Built once: building them costs more than running them.
_LEDGER: Final = select(ledger_identity.c.ledger)
_HEAD: Final = select(edge_head).where(edge_head.c.edge == bindparam("key")).with_for_update()
_MOVE_HEAD: Final = (
    update(edge_head)
    .where(edge_head.c.edge == bindparam("key"))
    .values({name: bindparam(f"new_{name}") for name in ("seq", "hash", "is_forked")})
)
_HASHES: Final = select(custody_row.c.seq, custody_row.c.hash).where(
    custody_row.c.edge == bindparam("key"),
    custody_row.c.seq.in_(bindparam("seqs", expanding=True)),
)
_IDS: Final = select(custody_row.c.id).where(
    custody_row.c.id.in_(bindparam("ids", expanding=True)), custody_row.c.outcome != "void"
)
"""A void was never seen: its row may still come, adopted, and have its effect."""
_ASIDE: Final = select(fork_row.c.seq).where(
    fork_row.c.edge == bindparam("key"),
    fork_row.c.seq == bindparam("number"),
    fork_row.c.hash == bindparam("digest"),
)


@dataclass(slots=True, kw_only=True)
class TakeResult:
    """What became of a batch."""

    edge: str
    head_seq: int
    head_hash: str
    head_moved: bool = False
    outcomes: Counter[str] = field(default_factory=Counter)
    """applied, repeated, dead, void; duplicate, pending, dropped, fork, foreign, unsound,
    withheld."""
    dead_letters: list[letters.DeadLetter] = field(default_factory=list)


def take(
    tx: Tx,
    edge: str,
    rows: Sequence[CustodyRow | Tombstone],
    *,
    ledger_property: str,
    dead_max: int = 1_000_000,
) -> TakeResult:
    """Take rows of one edge as they came; repeated, shuffled and missing ones are lawful.

    The row that would be one dead letter more than `dead_max` is withheld, with all after it.

    `ledger_property` is the user property `ledger` of these rows. Sets `tx.cause` on the way.
    """
    batch = _Batch(tx, edge, dead_max)
    kept_cause = tx.cause
    if ledger_property != batch.ledger:
        batch.result.outcomes["foreign"] = len(rows)
        return batch.result
    sound = [row for row in rows if _is_ours(edge, row)]
    batch.result.outcomes["unsound"] = len(rows) - len(sound)
    batch.remember(sound)
    for row in sound:
        if batch.is_withheld:
            batch.result.outcomes["withheld"] += 1
        else:
            batch.offer(row)
    batch.close()
    tx.cause = kept_cause
    batch.result.outcomes += Counter()  # Drops the zeros.
    return batch.result


def _is_ours(edge: str, row: CustodyRow | Tombstone) -> bool:
    if not row.is_sound() or row.seq < 1:
        return False
    return isinstance(row, Tombstone) or edge_of(row.topic) == edge


class _Batch:
    """The state of one edge while a batch is taken."""

    def __init__(self, tx: Tx, edge: str, dead_max: int) -> None:
        self.tx = tx
        self.edge = edge
        self.dead_max = dead_max
        self.is_withheld = False
        connection = tx.connection
        self.ledger: str = connection.execute(_LEDGER).scalar_one()
        head = connection.execute(_HEAD, {"key": edge}).first()
        if head is None:
            connection.execute(
                insert(edge_head),
                {"edge": edge, "seq": 0, "hash": ROOT_HASH, "is_forked": False},
            )
        self.seq: int = 0 if head is None else head.seq
        self.hash: str = ROOT_HASH if head is None else head.hash
        self.is_forked = False if head is None else bool(head.is_forked)
        self.first_seq = self.seq
        self.pending = Pending(connection, edge, remember=self._remember_ids)
        self.hashes: dict[int, str] = {}
        """Journalled hashes of the sequence numbers that matter here."""
        self.ids: set[str] = set()
        self.new_rows: list[dict[str, object]] = []
        self.result = TakeResult(edge=edge, head_seq=self.seq, head_hash=self.hash)

    def remember(self, rows: Sequence[CustodyRow | Tombstone]) -> None:
        """Read at once what the ledger already knows of these rows' numbers and ids."""
        for start in range(0, len(rows), _QUERY_COUNT_MAX):
            part = rows[start : start + _QUERY_COUNT_MAX]
            old = sorted({row.seq for row in part if row.seq <= self.seq})
            if old:
                found = self.tx.connection.execute(_HASHES, {"key": self.edge, "seqs": old})
                self.hashes.update({row.seq: row.hash for row in found})
            self._remember_ids(sorted({row.id for row in part}))

    def _remember_ids(self, ids: list[str]) -> None:
        self.ids.update(self.tx.connection.execute(_IDS, {"ids": ids}).scalars())

    def offer(self, row: CustodyRow | Tombstone) -> None:
        """Judge one row, and after it whatever waited for it."""
        if row.seq <= self.seq:
            if self.hashes.get(row.seq) == row.hash:
                self.result.outcomes["duplicate"] += 1
            else:
                self._fork(row)
        elif row.seq == self.seq + 1:
            if row.prev == self.hash:
                self._take(row)
                self._take_pending()
            else:
                self._fork(row)
        elif row.seq <= self.seq + PENDING_COUNT_MAX and self.pending.has_room():
            self.result.outcomes["pending"] += 1
            self.pending.keep(row)
        else:
            self.result.outcomes["dropped"] += 1

    def _take(self, row: CustodyRow | Tombstone) -> None:
        tx = self.tx
        tx.cause = f"custody:{self.edge}/{row.seq}"
        if row.id in self.ids:
            outcome = "repeated"
        elif isinstance(row, Tombstone):
            outcome = "void"
        else:
            outcome = "applied"
        fields = {"edge": self.edge, "seq": row.seq, "id": row.id, "hash": row.hash}
        n = tx.next_n
        if outcome == "applied" and isinstance(row, CustodyRow):
            try:
                event, kind, device = _decode(row)
                if floor.has_effect(tx, kind, event):
                    with tx.savepoint():
                        tx.record("custody", **fields, outcome="applied")
                        floor.apply(tx, self.edge, device, kind, event, row.seq)
                else:
                    tx.record("custody", **fields, outcome="applied")
            except (LedgerError, *UNFIT) as error:
                if not isinstance(error, LedgerError):
                    log.exception("custody_unfit", extra={"edge": self.edge, "seq": row.seq})
                if self.result.outcomes["dead"] >= self.dead_max:
                    self.is_withheld = True
                    self.result.outcomes["withheld"] += 1
                    return
                outcome = "dead"
                tx.record("custody", **fields, outcome="dead")
                self._bury(row, error)
        else:
            tx.record("custody", **fields, outcome=outcome)
        self._advance(row, outcome, n)

    def _advance(self, row: CustodyRow | Tombstone, outcome: str, n: int) -> None:
        self.result.outcomes[outcome] += 1
        self.seq, self.hash = row.seq, row.hash
        self.hashes[row.seq] = row.hash
        if outcome != "void":
            self.ids.add(row.id)
        kept = as_kept(self.edge, row)
        self.new_rows.append({**kept, "outcome": outcome, "journal_n": n})

    def _bury(self, row: CustodyRow, error: Exception) -> None:
        reason = error.reason if isinstance(error, Poison) else "not-applicable"
        detail = str(error) or type(error).__name__
        letter = letters.bury(self.tx, reason=reason, detail=detail, topic=row.topic, body=row.body)
        self.result.dead_letters.append(letter)
        known = _unit_named(self.tx.connection, row.body)
        if known is not None:
            holds.place(
                self.tx,
                known,
                kind="discrepancy",
                reason=f"event {row.seq} of {self.edge} could not be applied: {letter.detail}",
                by="rule:dead-letter",
            )

    def _take_pending(self) -> None:
        while waiting := self.pending.pop(self.seq + 1):
            fits = [row for row in waiting if row.prev == self.hash]
            for row in waiting:
                if row not in fits[:1]:
                    self._fork(row)
            if not fits:
                break
            self._take(fits[0])

    def _fork(self, row: CustodyRow | Tombstone) -> None:
        """Keep the row aside, without effect; the edge counts as forked from now on."""
        self.result.outcomes["fork"] += 1
        tx = self.tx
        place = {"key": self.edge, "number": row.seq, "digest": row.hash}
        if tx.connection.execute(_ASIDE, place).first() is not None:
            return
        tx.cause = f"custody:{self.edge}/{row.seq}"
        tx.connection.execute(insert(fork_row), {**as_kept(self.edge, row), "at": tx.at})
        tx.record("custody.fork", edge=self.edge, seq=row.seq, hash=row.hash)
        self.is_forked = True
        if isinstance(row, CustodyRow):
            known_unit = _unit_named(tx.connection, row.body)
            if known_unit is not None:
                holds.place(
                    tx,
                    known_unit,
                    kind="fork",
                    reason=f"two chains of edge {self.edge} disagree at {row.seq}",
                    by="rule:fork",
                )

    def _is_adopted(self) -> bool:
        """Tell whether every row kept aside has since come on top of the head, its id kept."""
        aside = select(fork_row.c.id).where(fork_row.c.edge == self.edge)
        taken = select(custody_row.c.id).where(custody_row.c.edge == self.edge)
        left = self.tx.connection.execute(aside.where(fork_row.c.id.not_in(taken)).limit(1))
        return left.first() is None

    def close(self) -> None:
        """Write the rows taken and the head."""
        tx = self.tx
        if self.new_rows:
            tx.connection.execute(insert(custody_row), self.new_rows)
        self.pending.close()
        values = {"new_seq": self.seq, "new_hash": self.hash, "new_is_forked": self.is_forked}
        tx.connection.execute(_MOVE_HEAD, {"key": self.edge, **values})
        if self.new_rows and self.is_forked and self._is_adopted():
            heads.close_fork(tx, self.edge, "adopted")
        self.result.head_seq, self.result.head_hash = self.seq, self.hash
        self.result.head_moved = self.seq != self.first_seq


def _decode(row: CustodyRow) -> tuple[floor.Event, str, str]:
    named = kind_and_device(row.topic)
    if named is None:
        raise Poison("unknown-kind", f"{row.topic!r} is no event topic")
    kind, device = named
    return floor.decode(kind, row.body), kind, device


def _unit_named(connection: Connection, body: bytes) -> str | None:
    """Return the carton in the house that an event names, as far as its body can be read."""
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict):
        return None
    uri, tag = fields.get("epc_uri"), fields.get("epc_hex")
    found = connection.execute(
        select(unit.c.unit).where(
            ((unit.c.unit == str(uri)) | (unit.c.epc_hex == str(tag))) & (unit.c.place != "gone")
        )
    ).scalar()
    return None if found is None else str(found)
