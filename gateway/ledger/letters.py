"""Dead letters: what nothing could be made of, kept with its reason and told to all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, insert

from gateway.ledger.schema import dead_letter

if TYPE_CHECKING:
    from collections.abc import Sequence

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Unburied:
    """What is to become a dead letter."""

    reason: str
    detail: str
    topic: str
    body: bytes


def bury(tx: Tx, *, reason: str, detail: str, topic: str, body: bytes) -> DeadLetter:
    """Keep what can't be used as a dead letter and queue its notice (channel `dead`)."""
    (letter,) = bury_all(tx, [Unburied(reason=reason, detail=detail, topic=topic, body=body)])
    return letter


def bury_all(tx: Tx, bad: Sequence[Unburied]) -> list[DeadLetter]:
    """Keep many in one statement: the dead of a batch must not hold up the living."""
    if not bad:
        return []
    rows = [
        {
            "at": tx.at,
            "reason": one.reason,
            "detail": one.detail[:_DETAIL_CHARS_MAX].replace("\0", "�"),
            "topic": one.topic,
            "body": one.body,
        }
        for one in bad
    ]
    keys = tx.connection.execute(
        insert(dead_letter).returning(dead_letter.c.letter_id, sort_by_parameter_order=True), rows
    ).scalars()
    found = [
        DeadLetter(
            letter_id=int(key), reason=one.reason, topic=one.topic, detail=str(row["detail"])
        )
        for key, one, row in zip(keys, bad, rows, strict=True)
    ]
    last_id = found[-1].letter_id
    if last_id // LETTERS_PRUNE_EVERY != (found[0].letter_id - 1) // LETTERS_PRUNE_EVERY:
        # Custody is never thrown away; what a flood sends on any other topic is.
        tx.connection.execute(
            delete(dead_letter).where(
                dead_letter.c.letter_id <= last_id - LETTERS_COUNT_MAX,
                dead_letter.c.topic.not_like("%/evt/%"),
            )
        )
    for letter in found:
        tx.queue(
            "dead",
            f"dead/{letter.reason}",
            {
                "letter_id": letter.letter_id,
                "reason": letter.reason,
                "topic": letter.topic,
                "detail": letter.detail,
                "at": tx.at,
            },
        )
    return found
