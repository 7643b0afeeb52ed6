"""Dead letters of a batch: each with its number, its reason and its notice."""

from __future__ import annotations

import json
from functools import partial
from unittest import mock

from sqlalchemy import func, select

from gateway.ledger import letters
from gateway.ledger.schema import dead_letter, outward
from tests.gateway.ledger.test_ledger import ledger


def bad(number: int) -> letters.Unburied:
    """Return something unusable."""
    topic = f"wh/v1/e/dock-1/tlm/bus/{number}"
    return letters.Unburied(reason="body", detail=f"d{number}\0", topic=topic, body=b"%d" % number)


def test_each_letter_of_a_batch_keeps_its_own_reason_and_is_told() -> None:
    """A person who looks for a lost reading goes by the number in the notice."""
    books = ledger()
    found = books.transact("t", lambda tx: letters.bury_all(tx, [bad(n) for n in range(1, 40)]))
    rows = books.read(
        lambda c: c.execute(select(dead_letter).order_by(dead_letter.c.letter_id)).all()
    )
    assert [(row.letter_id, row.topic, bytes(row.body)) for row in rows] == [
        (one.letter_id, one.topic, one.topic.rpartition("/")[2].encode()) for one in found
    ]
    assert all("\0" not in row.detail for row in rows)
    told = books.read(
        lambda c: c.execute(select(outward.c.body).where(outward.c.channel == "dead")).scalars()
    )
    assert [json.loads(one)["letter_id"] for one in told] == [one.letter_id for one in found]


def test_old_letters_go_whatever_the_size_of_a_batch() -> None:
    """A flood must not fill the disk, though no letter of it bears a round number."""
    books = ledger()
    with (
        mock.patch.object(letters, "LETTERS_COUNT_MAX", 30),
        mock.patch.object(letters, "LETTERS_PRUNE_EVERY", 10),
    ):
        for first in range(0, 300, 13):
            batch = [bad(first + n) for n in range(13)]
            books.transact("t", partial(letters.bury_all, bad=batch))
    query = select(func.count()).select_from(dead_letter)
    assert books.read(lambda c: c.execute(query).scalar_one()) <= 30 + 13
