"""What is known of telemetry that will never come: told by edges, or found too old to be stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from sqlalchemy import delete, insert, select

from gateway.ledger.schema import gap

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from gateway.ledger.schema import AnyRow
    from gateway.ledger.store import Tx

Span: TypeAlias = tuple[int | None, int | None]
"""First and last Unix nanoseconds, None where they are not known."""
GAPS_COUNT_MAX: Final = 50_000
"""Beyond it the oldest go: half a year of one an hour on each of ten edges."""


def note(
    tx: Tx,
    *,
    edge: str,
    device: str,
    cause: str,
    count: int,
    span_ns: Span,
) -> None:
    """Keep a gap; `device` is empty when any of the edge's may be meant."""
    row = {
        "at": tx.at,
        "edge": edge,
        "device": device[:64],
        "cause": cause,
        "count": count,
        "first_t_ns": span_ns[0],
        "last_t_ns": span_ns[1],
    }
    done = tx.connection.execute(insert(gap), row).inserted_primary_key
    if done is not None and done[0] % 1_000 == 0:
        tx.connection.execute(delete(gap).where(gap.c.gap_id <= done[0] - GAPS_COUNT_MAX))


def between(connection: Connection, *, since_ns: int, until_ns: int) -> list[AnyRow]:
    """Return the gaps that touch a span of time; those of unknown time are none of them."""
    query = select(gap).where(gap.c.last_t_ns >= since_ns, gap.c.first_t_ns <= until_ns)
    return list(connection.execute(query.order_by(gap.c.gap_id)).all())
