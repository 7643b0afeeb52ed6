"""The telemetry session: points into the store, PUBACK and ack after the store's answer."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from gateway.ingest.admission import Unusable, admit_telemetry
from gateway.ingest.capacity import Capacity
from gateway.ingest.ranges import acks_from
from gateway.ledger import gaps, letters
from gateway.live import AirLive
from gateway.telemetry.line_protocol import Point, line_of
from wire.control import Ack
from wire.topics import edge_topic, shared_filter

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gateway.core import Core
    from gateway.flood import Flood
    from gateway.ledger.store import Tx
    from gateway.live import Live
    from gateway.settings import Site
    from gateway.telemetry.ports import TelemetryStore
    from runtime.clock import Clock
    from runtime.mqtt_session import Session

log = logging.getLogger(__name__)

RECEIVE_MAX: Final = 5_000
"""A backlog comes in batches that large: twice as fast as a thousand, at 17 MB more."""
AHEAD_NS_MAX: Final = 60 * 1_000_000_000
ENVIRONMENT: Final = "environment"
AIR_COUNT_MAX: Final = 10_000
DAY_NS: Final = 86_400 * 1_000_000_000
BURIED_COUNT_MAX: Final = 10_000
BACKLOG_COUNT: Final = 200
"""An edge with more readings than that waiting shares in the credit."""

_NO_VALUES: Final = frozenset({"zone", "t_ns", "clock", "quality", "reason"})
Name: TypeAlias = tuple[str, str, int]
"""(edge, boot, seq)."""


@dataclass(kw_only=True)
class TelemetryParts:
    """What the telemetry session works on; `gateway.app` puts it together."""

    core: Core
    store: TelemetryStore
    live: Live
    clock: Clock
    flood: Flood
    is_shared: bool = False
    """One of several gateways: each gets its share."""
    capacity: Capacity = field(default_factory=Capacity)
    buried: dict[Name, None] = field(default_factory=dict)
    """Names of late letters: one that comes again, because its ack was lost, is no second one."""


async def serve_telemetry(session: Session, parts: TelemetryParts) -> None:
    """Take points for ever. Raises SessionLost; a store that is away holds us here, unread."""
    topics = edge_topic("+", "tlm", "#")
    await session.subscribe(shared_filter(topics) if parts.is_shared else topics)
    core, clock = parts.core, parts.clock
    site = core.ledger.site
    while True:
        packets = await session.batch()
        admitted = [admit_telemetry(p.topic, p.payload, p.user_properties) for p in packets]
        points, expired = _by_age(parts, [one for one in admitted if isinstance(one, Point)])
        for point in _newest(points):
            show(parts.live, site, point, clock)
        began_s = clock.mono_s()
        refused = await parts.store.write([line_of(site.site, point) for point in points])
        parts.capacity.note(len(points), clock.mono_s() - began_s)
        if expired:
            await core.transact("telemetry", partial(_note_expired, points=expired), is_news=False)
        bad = [one for one in admitted if isinstance(one, Unusable)]
        bad += [_refused(points[index], why) for index, why in refused]
        withheld = await _bury_within(parts, admitted, bad)
        await session.ack(packets)
        if withheld:
            admitted = [one for one in admitted if _name(one) not in withheld]
        await _tell(session, parts, admitted)
        await asyncio.sleep(0)


def _by_age(parts: TelemetryParts, points: list[Point]) -> tuple[list[Point], list[Point]]:
    """Return (what the store keeps, what is older than it keeps anything)."""
    keep_ns = round(parts.core.ledger.site.retention.telemetry_days * DAY_NS)
    oldest_ns = parts.clock.wall_ns() - keep_ns
    expired = [one for one in points if one.fields["t_ns"] < oldest_ns]
    if not expired:
        return points, []
    return [one for one in points if one.fields["t_ns"] >= oldest_ns], expired


def _note_expired(tx: Tx, points: Iterable[Point]) -> None:
    spans: dict[tuple[str, str], list[int]] = {}
    for one in points:
        spans.setdefault((one.edge, one.device), []).append(one.fields["t_ns"])
    for (edge, device), times in spans.items():
        span_ns = (min(times), max(times))
        gaps.note(
            tx, edge=edge, device=device, cause="expired", count=len(times), span_ns=span_ns
        )  # fmt: skip


async def _tell(
    session: Session, parts: TelemetryParts, admitted: Sequence[Point | Unusable]
) -> None:
    """Acknowledge by name what is stored or buried, with the credit for more."""
    ledger = parts.core.ledger.ledger_id
    credit = parts.capacity.credit(
        sum(edge.telemetry_rows > BACKLOG_COUNT for edge in parts.live.edges.values())
    )
    for edge, names in _by_edge(admitted).items():
        for ranges in acks_from(names):
            ack = Ack(ledger=ledger, telemetry=ranges, credit=credit)
            await session.publish(edge_topic(edge, "ack"), ack.model_dump_json().encode())


async def _bury_within(
    parts: TelemetryParts, admitted: Sequence[Point | Unusable], bad: Sequence[Unusable]
) -> set[Name]:
    """Bury what is bad within each edge's budget; return the names of what goes beyond it."""
    now_s = parts.clock.mono_s()
    by_edge: dict[str, list[Unusable]] = {}
    for one in bad:
        if one.name in parts.buried:
            continue
        by_edge.setdefault(_edge_of(one), []).append(one)
    room = {edge: parts.flood.room(edge, now_s) for edge in by_edge}
    buried = [one for edge, found in by_edge.items() for one in found[: room[edge]]]
    if buried:
        await parts.core.transact("telemetry", partial(_bury, bad=buried))
        parts.buried.update({one.name: None for one in buried if one.name is not None})
        while len(parts.buried) > BURIED_COUNT_MAX:
            del parts.buried[next(iter(parts.buried))]
    for edge, count in Counter(_edge_of(one) for one in admitted).items():
        found = by_edge.get(edge, [])
        parts.flood.note(
            edge,
            now_s,
            messages_count=count,
            dead_count=min(len(found), room.get(edge, 0)),
            withheld_count=max(0, len(found) - room.get(edge, 0)),
        )
    return {
        name
        for edge, found in by_edge.items()
        for one in found[room[edge] :]
        if (name := _name(one)) is not None
    }


def _edge_of(one: Point | Unusable) -> str:
    """Return whose budget a message is on; nameless ones share one."""
    if isinstance(one, Point):
        return one.edge
    return "" if one.name is None else one.name[0]


def _name(one: Point | Unusable) -> Name | None:
    return (one.edge, one.boot, one.seq) if isinstance(one, Point) else one.name


def _newest(points: Iterable[Point]) -> Iterable[Point]:
    """Return each device's newest climate of a batch: live comes before backlog in it."""
    newest: dict[tuple[str, str], Point] = {}
    for one in points:
        if one.kind == ENVIRONMENT:
            held = newest.get((one.edge, one.device))
            if held is None or one.fields["t_ns"] > held.fields["t_ns"]:
                newest[one.edge, one.device] = one
    return newest.values()


def show(live: Live, site: Site, point: Point, clock: Clock) -> None:
    """Let a fresh reading move the live state; late data, and what only claims to be, never does.

    An edge or a zone that the site does not name has no say here, nor has a clock that runs ahead.
    """
    fields = point.fields
    zone, t_ns = fields["zone"], fields["t_ns"]
    is_known = any(dock.edge == point.edge for dock in site.docks)
    if not is_known or all(one.id != zone for one in site.zones):
        return
    if t_ns > clock.wall_ns() + AHEAD_NS_MAX:
        return
    key = (zone, point.edge, point.device)
    if key not in live.air and len(live.air) >= AIR_COUNT_MAX:
        return
    held = live.air.get(key)
    if held is not None and held.t_ns >= t_ns:
        return
    age_s = max(0.0, (clock.wall_ns() - t_ns) / 1e9)
    live.air[key] = AirLive(
        zone=zone,
        device=point.device,
        at_s=clock.mono_s() - age_s,
        t_ns=t_ns,
        quality=fields.get("quality", "good"),
        values={
            name: float(value)
            for name, value in fields.items()
            if value is not None and name not in _NO_VALUES
        },
    )


def _refused(point: Point, why: str) -> Unusable:
    return Unusable(
        reason="store",
        detail=why,
        topic=edge_topic(point.edge, "tlm", point.kind, point.device),
        body=json.dumps(point.fields).encode(),
        name=(point.edge, point.boot, point.seq),
    )


def _bury(tx: Tx, bad: Iterable[Unusable]) -> None:
    for one in bad:
        letters.bury(tx, reason=one.reason, detail=one.detail, topic=one.topic[:400], body=one.body)


def _by_edge(admitted: Iterable[Point | Unusable]) -> dict[str, list[tuple[str, int]]]:
    names: dict[str, list[tuple[str, int]]] = {}
    for one in admitted:
        name = _name(one)
        if name is not None:
            names.setdefault(name[0], []).append(name[1:])
    return names
