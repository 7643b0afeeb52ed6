"""Heads: how far the ledger has each edge's chain, and whether it forked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, update

from gateway.ledger.schema import custody_row, edge_head, ledger_identity
from wire.chain import ROOT_HASH
from wire.control import Head

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from gateway.ledger.store import Tx
    from wire.control import Hello


def answer_hello(connection: Connection, edge: str, hello: Hello) -> Head | None:
    """Return the head for an edge that asked, or None when it asks another ledger."""
    ledger = connection.execute(select(ledger_identity.c.ledger)).scalar_one()
    if hello.ledger != ledger:
        return None
    head = head_of(connection, edge)
    common = None
    for seq, digest in sorted(hello.sample, reverse=True):
        if seq == 0:
            has = digest == ROOT_HASH
        else:
            found = connection.execute(
                select(custody_row.c.hash).where(
                    custody_row.c.edge == edge, custody_row.c.seq == seq
                )
            ).scalar()
            has = found == digest
        if has:
            common = (seq, digest)
            break
    return Head(ledger=ledger, nonce=hello.nonce, seq=head[0], hash=head[1], common=common)


def head_of(connection: Connection, edge: str) -> tuple[int, str]:
    """Return the head of an edge; (0, 64 zeros) before its first row."""
    row = connection.execute(
        select(edge_head.c.seq, edge_head.c.hash).where(edge_head.c.edge == edge)
    ).first()
    return (0, ROOT_HASH) if row is None else (row.seq, row.hash)


def forked(connection: Connection) -> set[str]:
    """Return the edges of which the ledger keeps rows of another history aside."""
    query = select(edge_head.c.edge).where(edge_head.c.is_forked)
    return set(connection.execute(query).scalars())


def close_fork(tx: Tx, edge: str, by: str) -> None:
    """Declare an edge's fork settled: its rows were adopted, or the other box was stopped."""
    tx.connection.execute(update(edge_head).where(edge_head.c.edge == edge).values(is_forked=False))
    tx.record("custody.fork_closed", edge=edge, by=by)
