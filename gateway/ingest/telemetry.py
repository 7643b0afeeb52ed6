"""The telemetry session: points into the store, PUBACK and ack after the store's answer."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, Final

from gateway.ingest.admission import Point, Unusable, admit_telemetry
from gateway.ingest.ranges import acks_from
from gateway.ledger import letters
from gateway.live import AirLive
from gateway.telemetry.line_protocol import line_of
from wire.control import Ack
from wire.telemetry import Environment
from wire.topics import edge_topic

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway.core import Core
    from gateway.ledger.store import Tx
    from gateway.live import Live
    from gateway.settings import Site
    from gateway.telemetry.ports import TelemetryStore
    from runtime.clock import Clock
    from runtime.mqtt_session import Session

log = logging.getLogger(__name__)

AHEAD_NS_MAX: Final = 60 * 1_000_000_000
AIR_COUNT_MAX: Final = 2_000


async def serve_telemetry(
    session: Session, core: Core, store: TelemetryStore, live: Live, clock: Clock
) -> None:
    """Take points for ever. Raises SessionLost; a store that is away holds us here, unread."""
    await session.subscribe(edge_topic("+", "tlm", "#"))
    site, ledger = core.ledger.site, core.ledger.ledger_id
    while True:
        packets = await session.batch()
        admitted = [admit_telemetry(p.topic, p.payload, p.user_properties) for p in packets]
        points = [one for one in admitted if isinstance(one, Point)]
        for point in points:
            _show(live, site, point, clock)
        refused = await store.write([line_of(site.site, point) for point in points])
        bad = [one for one in admitted if isinstance(one, Unusable)]
        bad += [_refused(points[index], why) for index, why in refused]
        if bad:
            await core.transact("telemetry", partial(_bury, bad=bad))
        await session.ack(packets)
        for edge, names in _by_edge(admitted).items():
            for ranges in acks_from(names):
                ack = Ack(ledger=ledger, telemetry=ranges)
                await session.publish(edge_topic(edge, "ack"), ack.model_dump_json().encode())
        await asyncio.sleep(0)


def _show(live: Live, site: Site, point: Point, clock: Clock) -> None:
    """Let a fresh reading move the live state; late data, and what only claims to be, never does.

    An edge or a zone that the site does not name has no say here, nor has a clock that runs ahead.
    """
    reading = point.reading
    if not isinstance(reading, Environment):
        return
    is_known = any(dock.edge == point.edge for dock in site.docks)
    if not is_known or all(zone.id != reading.zone for zone in site.zones):
        return
    if reading.t_ns > clock.wall_ns() + AHEAD_NS_MAX:
        return
    key = (reading.zone, point.edge, point.device)
    if key not in live.air and len(live.air) >= AIR_COUNT_MAX:
        return
    held = live.air.get(key)
    if held is not None and held.t_ns >= reading.t_ns:
        return
    values = {
        name: float(value)
        for name, value in reading.model_dump(exclude_none=True).items()
        if name not in {"zone", "t_ns", "clock", "quality", "reason"}
    }
    age_s = max(0.0, (clock.wall_ns() - reading.t_ns) / 1e9)
    live.air[key] = AirLive(
        zone=reading.zone,
        device=point.device,
        at_s=clock.mono_s() - age_s,
        t_ns=reading.t_ns,
        quality=reading.quality,
        values=values,
    )


def _refused(point: Point, why: str) -> Unusable:
    return Unusable(
        reason="store",
        detail=why,
        topic=edge_topic(point.edge, "tlm", point.kind, point.device),
        body=point.reading.model_dump_json(exclude_none=True).encode(),
        name=(point.edge, point.boot, point.seq),
    )


def _bury(tx: Tx, bad: Iterable[Unusable]) -> None:
    for one in bad:
        letters.bury(tx, reason=one.reason, detail=one.detail, topic=one.topic[:400], body=one.body)


def _by_edge(admitted: Iterable[Point | Unusable]) -> dict[str, list[tuple[str, int]]]:
    names: dict[str, list[tuple[str, int]]] = {}
    for one in admitted:
        if isinstance(one, Point):
            names.setdefault(one.edge, []).append((one.boot, one.seq))
        elif one.name is not None:
            names.setdefault(one.name[0], []).append((one.name[1], one.name[2]))
    return names
