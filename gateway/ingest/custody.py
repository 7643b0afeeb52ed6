"""The custody session: rows into the ledger, heads back, PUBACK after the commit."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from gateway.ingest.admission import Custody, Unusable, admit_custody
from gateway.ledger import custody, letters
from wire.control import Head
from wire.topics import edge_topic, shared_filter

if TYPE_CHECKING:
    from collections.abc import Sequence

    import mqtt5

    from gateway.core import Core
    from gateway.flood import Flood
    from gateway.ledger.custody import TakeResult
    from gateway.ledger.store import Tx
    from gateway.live import Live
    from runtime.clock import Clock
    from runtime.mqtt_session import Session

log = logging.getLogger(__name__)


async def serve_custody(
    session: Session,
    core: Core,
    live: Live,
    flood: Flood,
    clock: Clock,
    *,
    is_shared: bool = False,
) -> None:
    """Take rows for ever, or this gateway's share of them. Raises SessionLost."""
    topics = edge_topic("+", "evt", "#")
    await session.subscribe(shared_filter(topics) if is_shared else topics)
    while True:
        packets = await session.batch()
        now_s = clock.mono_s()
        take = partial(_take, packets=packets, flood=flood, now_s=now_s)
        heads, taken = await core.transact("custody", take)
        live.events_count += len(packets)
        for one in taken:
            _note(flood, one, now_s)
        for edge, head in heads.items():
            topic = edge_topic(edge, "head")
            await session.publish(topic, head.model_dump_json().encode())
        await session.ack(packets)


def _note(flood: Flood, taken: TakeResult, now_s: float) -> None:
    counts = taken.outcomes
    flood.note(
        taken.edge,
        now_s,
        messages_count=counts.total(),
        dead_count=counts["dead"],
        withheld_count=counts["withheld"],
    )


def _take(
    tx: Tx, packets: Sequence[mqtt5.PublishPacket], flood: Flood, now_s: float
) -> tuple[dict[str, Head], list[TakeResult]]:
    """Apply a batch in one transaction; return each edge's head, and what became of the rows."""
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
    heads: dict[str, Head] = {}
    results: list[TakeResult] = []
    for (edge, ledger), rows in by_edge.items():
        taken = custody.take(
            tx,
            edge,
            [one.row for one in rows],
            ledger_property=ledger,
            dead_max=flood.room(edge, now_s),
        )
        results.append(taken)
        odd = {key: count for key, count in taken.outcomes.items() if key in _ODD}
        if odd:
            log.warning("custody_odd", extra={"edge": edge, "outcomes": odd})
        # Repeats are answered too: the edge that sends them has not heard of its head.
        if "foreign" not in taken.outcomes:
            heads[edge] = Head(ledger=ledger, seq=taken.head_seq, hash=taken.head_hash)
    return heads, results


_ODD = frozenset({"dead", "fork", "foreign", "unsound", "dropped", "withheld"})
