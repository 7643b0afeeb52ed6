"""The custody hash chain: what a row is and how it is hashed (pure).

Source: the project's contract on the wire, section 2.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

ROOT_HASH: Final = "0" * 64
"""`prev` of the first row."""

PENDING_COUNT_MAX: Final = 1_000
"""Rows further ahead of the head than this are dropped by the ledger; the edge sends them again."""


def row_hash(topic: str, seq: int, prev: str, row_id: str, body: bytes) -> str:
    """Return the SHA-256 (64 hex digits) of one custody row; `body` is hashed as sent."""
    head = f"{topic}\n{seq}\n{prev}\n{row_id}\n".encode()
    return hashlib.sha256(head + body).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class CustodyRow:
    """One captured custody event; `seq` counts from 1 without gaps."""

    seq: int
    prev: str
    id: str
    hash: str
    topic: str
    body: bytes

    def is_sound(self) -> bool:
        """Tell whether the hash fits the content."""
        return self.hash == row_hash(self.topic, self.seq, self.prev, self.id, self.body)


def next_row(*, seq: int, prev: str, row_id: str, topic: str, body: bytes) -> CustodyRow:
    """Chain an event behind the row whose hash is `prev`."""
    return CustodyRow(
        seq=seq,
        prev=prev,
        id=row_id,
        hash=row_hash(topic, seq, prev, row_id, body),
        topic=topic,
        body=body,
    )


def tombstone_checksum(seq: int, prev: str, row_id: str, row_hash_: str) -> str:
    """Return the SHA-256 (64 hex digits) that guards a tombstone, which can't prove its hash."""
    return hashlib.sha256(f"void\n{seq}\n{prev}\n{row_id}\n{row_hash_}\n".encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """A row that was damaged at rest or is too large to send: its place in the chain, no content.

    It is published with an empty body on `…/evt/void/outbox`, with the row's user properties and
    one more, `void`, that holds the checksum.
    """

    seq: int
    prev: str
    id: str
    hash: str
    checksum: str

    def is_sound(self) -> bool:
        """Tell whether the checksum fits."""
        return self.checksum == tombstone_checksum(self.seq, self.prev, self.id, self.hash)
