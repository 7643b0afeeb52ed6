"""Dead letters: what nothing could be made of, kept with its reason and told to all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, insert

from gateway.ledger.schema import dead_letter

if TYPE_CHECKING:
    from gateway.ledger.store import Tx

LETTERS_COUNT_MAX: Final = 20_000
LETTERS_PRUNE_EVERY: Final = 500
_DETAIL_CHARS_MAX: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A letter that this batch wrote; its notice is queued on channel `dead`."""

    letter_id: int
    reason: str
    topic: str
    detail: str


def bury(tx: Tx, *, reason: str, detail: str, topic: str, body: bytes) -> DeadLetter:
    """Keep what can't be used as a dead letter and queue its notice (channel `dead`)."""
    detail = detail[:_DETAIL_CHARS_MAX].replace("\0", "�")
    inserted = tx.connection.execute(
        insert(dead_letter),
        {"at": tx.at, "reason": reason, "detail": detail, "topic": topic, "body": body},
    )
    key = inserted.inserted_primary_key
    assert key is not None
    letter = DeadLetter(letter_id=int(key[0]), reason=reason, topic=topic, detail=detail)
    if letter.letter_id % LETTERS_PRUNE_EVERY == 0:
        # Custody is never thrown away; what a flood sends on any other topic is.
        tx.connection.execute(
            delete(dead_letter).where(
                dead_letter.c.letter_id <= letter.letter_id - LETTERS_COUNT_MAX,
                dead_letter.c.topic.not_like("%/evt/%"),
            )
        )
    tx.queue(
        "dead",
        f"dead/{reason}",
        {
            "letter_id": letter.letter_id,
            "reason": reason,
            "topic": topic,
            "detail": detail,
            "at": tx.at,
        },
    )
    return letter
