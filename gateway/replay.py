"""Dead letters after a fix: replayed as a new, corrected entry, or discarded by a person.

The letter itself stays as evidence; `letter.settled` in the journal says who decided, why, and with
which bytes. A replay is judged as anything else is: what is still wrong stays a letter.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError
from sqlalchemy import insert, select

from gateway.customs import requests
from gateway.ledger import floor
from gateway.ledger.errors import UNFIT, LedgerError
from gateway.ledger.schema import custody_row, dead_letter, letter_settled
from gateway.people import NotAllowed, check_words
from gateway.telemetry.line_protocol import Point, PointList, line_of
from wire.telemetry import TELEMETRY_KINDS, read_fields
from wire.topics import edge_of, kind_and_device

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from gateway.core import Core
    from gateway.ledger.schema import AnyRow
    from gateway.ledger.store import Tx
    from gateway.telemetry.ports import TelemetryStore

BODY_BYTES_MAX: Final = 60_000


async def replay(
    core: Core, store: TelemetryStore, letter_id: int, *, by: str, reason: str, body: bytes | None
) -> None:
    """Apply a letter, corrected where `body` is given. Raises NotAllowed with what is wrong."""
    check_words(by, reason)
    letter = await core.read(lambda connection: _open(connection, letter_id))
    bytes_ = bytes(letter.body) if body is None else body
    if len(bytes_) > BODY_BYTES_MAX:
        raise NotAllowed("body", f"{len(bytes_)} bytes", f"at most {BODY_BYTES_MAX}")
    plane = (letter.topic.split("/") + [""] * 5)[4]
    if plane == "tlm":
        await _write(core, store, letter, bytes_)
    elif plane != "evt" and "/request/" not in letter.topic:
        remedy = "it was for its moment: nothing to replay, discard it"
        raise NotAllowed("letter_id", letter_id, remedy)

    def work(tx: Tx) -> None:
        _open(tx.connection, letter_id)  # Nobody settled it meanwhile.
        if plane == "evt":
            _apply(tx, letter, bytes_)
        elif plane != "tlm":
            _ask(tx, letter, bytes_)
        _settle(tx, letter_id, "replayed", by, reason, bytes_)

    await core.transact(f"letter:{letter_id}", work)


def discard(tx: Tx, letter_id: int, *, by: str, reason: str) -> None:
    """Note that a person looked at a letter and wants nothing of it. Raises NotAllowed."""
    check_words(by, reason)
    letter = _open(tx.connection, letter_id)
    _settle(tx, letter_id, "discarded", by, reason, bytes(letter.body))


def _open(connection: Connection, letter_id: int) -> AnyRow:
    letter = connection.execute(
        select(dead_letter).where(dead_letter.c.letter_id == letter_id)
    ).first()
    if letter is None:
        raise NotAllowed("letter_id", letter_id, "no such dead letter: it may have been pruned")
    settled = connection.execute(
        select(letter_settled).where(letter_settled.c.letter_id == letter_id)
    ).first()
    if settled is not None:
        raise NotAllowed("letter_id", letter_id, f"{settled.how} by {settled.by} at {settled.at}")
    return letter


def _settle(tx: Tx, letter_id: int, how: str, by: str, reason: str, body: bytes) -> None:
    digest = hashlib.sha256(body).hexdigest()
    tx.record(
        "letter.settled", letter_id=letter_id, how=how, by=by, reason=reason, body_hash=digest
    )
    row = {"letter_id": letter_id, "how": how, "by": by[:64], "reason": reason, "at": tx.at}
    tx.connection.execute(insert(letter_settled), row)


def _apply(tx: Tx, letter: AnyRow, body: bytes) -> None:
    """Let an event have its effect, in its own place of the chain."""
    edge, named = edge_of(letter.topic), kind_and_device(letter.topic)
    if edge is None or named is None:
        raise NotAllowed("letter_id", letter.letter_id, "its topic is no event's: discard it")
    kind, device = named
    # The chain's own number: an old event must not count as newer than what came after it.
    seq = tx.connection.execute(
        select(custody_row.c.seq)
        .where(
            custody_row.c.edge == edge,
            custody_row.c.outcome == "dead",
            custody_row.c.topic == letter.topic,
            custody_row.c.body == bytes(letter.body),
        )
        .limit(1)
    ).scalar()
    if seq is None:
        raise NotAllowed("letter_id", letter.letter_id, "no dead row of a chain is behind it")
    try:
        event = floor.decode(kind, body)
        floor.apply(tx, edge, device, kind, event, int(seq))
    except (LedgerError, *UNFIT) as error:
        raise NotAllowed("body", body[:60].decode("utf-8", "replace"), _why(error)) from error


def _ask(tx: Tx, letter: AnyRow, body: bytes) -> None:
    answer = requests.answer(tx, letter.topic.rpartition("/")[2], body)
    if not answer.accepted:
        first = answer.problems[0]
        raise NotAllowed("body" + first.field, first.code, first.message)


async def _write(core: Core, store: TelemetryStore, letter: AnyRow, body: bytes) -> None:
    """Write a reading; the same point again is the same point."""
    edge, named = edge_of(letter.topic), kind_and_device(letter.topic)
    if edge is None or named is None or named[0] not in TELEMETRY_KINDS:
        raise NotAllowed("letter_id", letter.letter_id, "its topic is no reading's: discard it")
    try:
        fields = read_fields(named[0], body)
    except (ValidationError, RecursionError) as error:
        raise NotAllowed("body", body[:60].decode("utf-8", "replace"), _why(error)) from error
    point = Point(edge=edge, device=named[1], kind=named[0], boot="replay", seq=0, fields=fields)
    for _, why in await store.write(PointList([line_of(core.ledger.site.site, point)])):
        raise NotAllowed("body", "", f"the store refuses it: {why}")


def _why(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"/{'/'.join(str(level) for level in first['loc'])}: {first['msg']}"
    return str(error)[:300] or type(error).__name__
