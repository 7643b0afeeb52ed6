"""Tables that are queues and memories of delivery, and what all tables share."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Row,
    String,
    Table,
    Text,
)

METADATA: Final = MetaData()

AnyRow: TypeAlias = Row[*tuple[Any, ...]]
"""A row of any query, read by the names of its columns."""

# SQLite gives rowids only to plain INTEGER keys.
Serial = BigInteger().with_variant(Integer, "sqlite")

# ---- work: custody delivery ---------------------------------------------------------------
ledger_identity = Table("ledger_identity", METADATA, Column("ledger", String(64), primary_key=True))

edge_head = Table(
    "edge_head",
    METADATA,
    Column("edge", String(64), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("is_forked", Boolean, nullable=False, default=False),
)

custody_row = Table(
    "custody_row",
    METADATA,
    Column("edge", String(64), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("prev", String(64), nullable=False),
    Column("id", String(32), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("topic", String(400), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("outcome", String(16), nullable=False),  # applied | repeated | dead | void
    Column("journal_n", BigInteger, nullable=False),
    Index("custody_row_id", "id"),
    Index("custody_row_outcome", "outcome"),
)

pending_row = Table(
    "pending_row",
    METADATA,
    Column("edge", String(64), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", String(64), primary_key=True),
    Column("prev", String(64), nullable=False),
    Column("id", String(32), nullable=False),
    Column("topic", String(400), nullable=False),
    Column("body", LargeBinary, nullable=False),
)

fork_row = Table(
    "fork_row",
    METADATA,
    Column("edge", String(64), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", String(64), primary_key=True),
    Column("prev", String(64), nullable=False),
    Column("id", String(32), nullable=False),
    Column("topic", String(400), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("at", String(32), nullable=False),
)

# ---- work: conversation with the outside ---------------------------------------------------
dead_letter = Table(
    "dead_letter",
    METADATA,
    Column("letter_id", Serial, primary_key=True, autoincrement=True),
    Column("at", String(32), nullable=False),
    Column("reason", String(64), nullable=False),  # a topic word
    Column("detail", Text, nullable=False),
    Column("topic", String(400), nullable=False),
    Column("body", LargeBinary, nullable=False),
)

gap = Table(  # telemetry that will never come, with its cause
    "gap",
    METADATA,
    Column("gap_id", Serial, primary_key=True, autoincrement=True),
    Column("at", String(32), nullable=False),
    Column("edge", String(64), nullable=False),
    Column("device", String(64), nullable=False),  # empty: any of the edge's
    # evicted | corrupt | clock_step | disk_full | expired
    Column("cause", String(16), nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("first_t_ns", BigInteger, nullable=True),
    Column("last_t_ns", BigInteger, nullable=True),
    Index("gap_by_edge", "edge", "last_t_ns"),
)

letter_settled = Table(  # what a person decided about a dead letter
    "letter_settled",
    METADATA,
    Column("letter_id", BigInteger, primary_key=True, autoincrement=False),
    Column("how", String(16), nullable=False),  # replayed | discarded
    Column("by", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", String(32), nullable=False),
)

request_seen = Table(
    "request_seen",
    METADATA,
    Column("request_id", String(64), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("body_hash", String(64), nullable=False),
    Column("answer", Text, nullable=False),
    Column("at", String(32), nullable=False),
)

receipt = Table(  # customs receipts that were obeyed, by their own ids
    "receipt",
    METADATA,
    Column("receipt_id", String(64), primary_key=True),
    Column("document", String(16), nullable=False),
    Column("document_id", String(64), nullable=False),
    Column("code", Integer, nullable=False),
    Column("issued_at", String(32), nullable=False),
    Column("at", String(32), nullable=False),
)

outward = Table(  # the transactional outbox: published after the commit, in order of id
    "outward",
    METADATA,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("channel", String(16), nullable=False),  # uns | reply | vda | command | dead
    Column("topic", String(400), nullable=False),
    Column("body", Text, nullable=False),  # empty: clears a retained topic
    Column("is_retained", Boolean, nullable=False, default=False),
    Column("correlation_hex", String(512), nullable=False, default=""),
    Column("at", String(32), nullable=False),
)
