"""Heads: how far the ledger has each edge's chain, and whether it forked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, select, update

from gateway.ledger.schema import custody_row, edge_head, ledger_identity
from wire.chain import ROOT_HASH
from wire.control import Head

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from gateway.ledger.store import Tx
    from wire.control import Hello


# Built once: building them costs more than running them.
_LEDGER: Final = select(ledger_identity.c.ledger)
_HEAD: Final = select(edge_head.c.seq, edge_head.c.hash).where(edge_head.c.edge == bindparam("key"))
_HASHES: Final = select(custody_row.c.seq, custody_row.c.hash).where(
    custody_row.c.edge == bindparam("key"),
    custody_row.c.seq.in_(bindparam("seqs", expanding=True)),
)


def answer_hello(connection: Connection, edge: str, hello: Hello) -> Head | None:
    """Return the head for an edge that asked, or None when it asks another ledger."""
    ledger = connection.execute(_LEDGER).scalar_one()
    if hello.ledger != ledger:
        return None
    head = head_of(connection, edge)
    seqs = sorted({seq for seq, _ in hello.sample if 0 < seq <= head[0]})
    asked = {"key": edge, "seqs": seqs}
    known = {row.seq: row.hash for row in connection.execute(_HASHES, asked)} if seqs else {}
    known[0] = ROOT_HASH
    both = [(seq, digest) for seq, digest in hello.sample if known.get(seq) == digest]
    return Head(
        ledger=ledger,
        nonce=hello.nonce,
        seq=head[0],
        hash=head[1],
        common=max(both, default=None),
    )


def head_of(connection: Connection, edge: str) -> tuple[int, str]:
    """Return the head of an edge; (0, 64 zeros) before its first row."""
    row = connection.execute(_HEAD, {"key": edge}).first()
    return (0, ROOT_HASH) if row is None else (row.seq, row.hash)


def forked(connection: Connection) -> set[str]:
    """Return the edges of which the ledger keeps rows of another history aside."""
    query = select(edge_head.c.edge).where(edge_head.c.is_forked)
    return set(connection.execute(query).scalars())


def close_fork(tx: Tx, edge: str, by: str) -> None:
    """Declare an edge's fork settled: its rows were adopted, or the other box was stopped."""
    tx.connection.execute(update(edge_head).where(edge_head.c.edge == edge).values(is_forked=False))
    tx.record("custody.fork_closed", edge=edge, by=by)
