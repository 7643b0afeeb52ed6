"""The custody session: rows into the ledger, heads back, PUBACK after the commit."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from gateway.ingest.admission import Custody, Unusable, admit_custody
from gateway.ledger import custody, letters
from wire.control import Head
from wire.topics import edge_topic

if TYPE_CHECKING:
    from collections.abc import Sequence

    import mqtt5

    from gateway.core import Core
    from gateway.ledger.store import Tx
    from runtime.mqtt_session import Session

log = logging.getLogger(__name__)


async def serve_custody(session: Session, core: Core) -> None:
    """Take rows for ever. Raises SessionLost."""
    await session.subscribe(edge_topic("+", "evt", "#"))
    while True:
        packets = await session.batch()
        heads = await core.transact("custody", partial(_take, packets=packets))
        for edge, head in heads.items():
            topic = edge_topic(edge, "head")
            await session.publish(topic, head.model_dump_json().encode())
        await session.ack(packets)


def _take(tx: Tx, packets: Sequence[mqtt5.PublishPacket]) -> dict[str, Head]:
    """Apply a batch in one transaction; return the head of each edge in it."""
    by_edge: dict[tuple[str, str], list[Custody]] = {}
    for packet in packets:
        admitted = admit_custody(packet.topic, packet.payload, packet.user_properties)
        if isinstance(admitted, Unusable):
            letters.bury(
                tx,
                reason=admitted.reason,
                detail=admitted.detail,
                topic=admitted.topic[:400],
                body=admitted.body,
            )
        else:
            by_edge.setdefault((admitted.edge, admitted.ledger), []).append(admitted)
    heads = {}
    for (edge, ledger), rows in by_edge.items():
        taken = custody.take(tx, edge, [one.row for one in rows], ledger_property=ledger)
        odd = {key: count for key, count in taken.outcomes.items() if key in _ODD}
        if odd:
            log.warning("custody_odd", extra={"edge": edge, "outcomes": odd})
        # Repeats are answered too: the edge that sends them has not heard of its head.
        if "foreign" not in taken.outcomes:
            heads[edge] = Head(ledger=ledger, seq=taken.head_seq, hash=taken.head_hash)
    return heads


_ODD = frozenset({"dead", "fork", "foreign", "unsound", "dropped"})
