"""Publishes what transactions queued, in order, and forgets it when the broker has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, delete, select

from gateway.ledger.schema import outward
from wire.topics import gateway_topic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.core import Core
    from gateway.live import Live
    from runtime.mqtt_session import Session

BATCH_COUNT: Final = 200
COMMAND_EXPIRY_S: Final = 30
_QOS_0: Final = frozenset({"vda"})


async def serve_outward(session: Session, core: Core, gateway: str, live: Live) -> None:
    """Publish for ever while this gateway leads.

    Raises SessionLost; what was not acknowledged is published again.
    """
    while True:
        seen = core.changes.count
        rows = await core.read(_next_rows) if live.leads else []
        if not rows:
            await core.changes.wait_past(seen, 1.0)
            continue
        for row in rows:
            await _publish(session, row, gateway)
        last = rows[-1]["id"]
        await core.transact(
            "outward",
            lambda tx, last=last: tx.connection.execute(  # type: ignore[misc]
                delete(outward).where(outward.c.id <= last)
            ),
            is_news=False,
        )


def _next_rows(connection: Connection) -> Sequence[Any]:
    query = select(outward).order_by(outward.c.id).limit(BATCH_COUNT)
    return list(connection.execute(query).mappings())


async def _publish(session: Session, row: Any, gateway: str) -> None:  # noqa: ANN401 - a row
    channel, topic = row["channel"], row["topic"]
    if channel == "dead":
        topic = gateway_topic(gateway, topic)
    await session.publish(
        topic,
        row["body"].encode(),
        qos=0 if channel in _QOS_0 else 1,
        is_retained=bool(row["is_retained"]),
        expiry_s=COMMAND_EXPIRY_S if channel == "command" else None,
        correlation=bytes.fromhex(row["correlation_hex"]) or None,
    )
