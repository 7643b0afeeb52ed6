"""The telemetry session: points into the store, PUBACK and ack after the store's answer."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final, Never, TypeAlias

from gateway.ingest.admission import Unusable
from gateway.ingest.capacity import Capacity
from gateway.ingest.intake import Intake
from gateway.ingest.ranges import acks_from
from gateway.ledger import gaps, letters
from gateway.live import AirLive, BusLive
from runtime.mqtt_session import SessionLost
from wire.control import Ack
from wire.topics import edge_of, edge_topic, shared_filter

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gateway.core import Core
    from gateway.flood import Flood
    from gateway.ingest.intake import Batch
    from gateway.ledger.store import Tx
    from gateway.live import Live
    from gateway.settings import Site
    from gateway.telemetry.line_protocol import Point
    from gateway.telemetry.ports import TelemetryStore
    from runtime.clock import Clock
    from runtime.mqtt_session import Session

log = logging.getLogger(__name__)

RECEIVE_MAX: Final = 5_000
"""A backlog comes in batches that large: twice as fast as a thousand, at 17 MB more."""
GATHER_COUNT: Final = 200
GATHER_S: Final = 0.02
"""A smaller batch waits so long for more: a write costs milliseconds, however little it holds."""
AHEAD_NS_MAX: Final = 60 * 1_000_000_000
AIR_COUNT_MAX: Final = 10_000
BUSES_COUNT_MAX: Final = 1_000
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
    """Take points for ever. Raises a group of SessionLost; a store that is away holds us, unread.

    While one batch is written, what comes is already read into the next: both cores have work.
    """
    topics = edge_topic("+", "tlm", "#")
    await session.subscribe(shared_filter(topics) if parts.is_shared else topics)
    intake = Intake(parts.core.ledger.site.site)
    flow = _Flow()
    async with asyncio.TaskGroup() as stages:
        stages.create_task(_take_in(session, intake, flow), name="telemetry/intake")
        stages.create_task(_put_away(session, parts, intake, flow), name="telemetry/store")


@dataclass(slots=True)
class _Flow:
    """How the two stages wait for each other."""

    has_some: asyncio.Event = field(default_factory=asyncio.Event)
    has_room: asyncio.Event = field(default_factory=asyncio.Event)


async def _take_in(session: Session, intake: Intake, flow: _Flow) -> Never:
    """Read what comes into the open batch, a batch's worth at most."""
    while True:
        frames = await session.frames()
        try:
            intake.add(frames)
        except ValueError as error:
            raise SessionLost(f"unreadable packet: {error}") from error
        flow.has_some.set()
        flow.has_room.clear()
        if len(intake) >= RECEIVE_MAX:
            await flow.has_room.wait()
        else:
            await asyncio.sleep(0)


async def _put_away(session: Session, parts: TelemetryParts, intake: Intake, flow: _Flow) -> Never:
    """Write one batch after the other; acknowledge each when it is written."""
    while True:
        await flow.has_some.wait()
        flow.has_some.clear()
        if len(intake) < GATHER_COUNT:
            await asyncio.sleep(GATHER_S)
        batch = intake.take()
        flow.has_room.set()
        await _settle(session, parts, batch)


async def _settle(session: Session, parts: TelemetryParts, batch: Batch) -> None:
    core, clock = parts.core, parts.clock
    oldest_ns = clock.wall_ns() - round(core.ledger.site.retention.telemetry_days * DAY_NS)
    expired = batch.take_older(oldest_ns)
    for point in batch.newest:
        if point.fields["t_ns"] >= oldest_ns:
            tell = show_bus if point.kind == "bus" else show
            tell(parts.live, core.ledger.site, point, clock)
    async with asyncio.TaskGroup() as both:
        writing = both.create_task(_write(parts, batch), name="telemetry/write")
        # What is known to be bad is buried meanwhile: the dead don't hold up the living.
        withheld = await _bury_within(parts, _counts(batch), batch.bad)
    if expired:
        await core.transact("telemetry", partial(_note_expired, points=expired), is_news=False)
    if refused := writing.result():
        bad = [_refused(batch.point(index), why) for index, why in refused]
        withheld |= await _bury_within(parts, {}, bad)
    await session.ack_ids(batch.packet_ids)
    await _tell(session, parts, batch, withheld)


async def _write(parts: TelemetryParts, batch: Batch) -> list[tuple[int, str]]:
    began_s = parts.clock.mono_s()
    refused = await parts.store.write(batch)
    parts.capacity.note(len(batch), parts.clock.mono_s() - began_s)
    return refused


def _note_expired(tx: Tx, points: Iterable[Point]) -> None:
    spans: dict[tuple[str, str], list[int]] = {}
    for one in points:
        spans.setdefault((one.edge, one.device), []).append(one.fields["t_ns"])
    for (edge, device), times in spans.items():
        span_ns = (min(times), max(times))
        gaps.note(
            tx, edge=edge, device=device, cause="expired", count=len(times), span_ns=span_ns
        )  # fmt: skip


async def _tell(session: Session, parts: TelemetryParts, batch: Batch, withheld: set[Name]) -> None:
    """Acknowledge by name what is stored or buried, with the credit for more."""
    ledger = parts.core.ledger.ledger_id
    credit = parts.capacity.credit(
        sum(edge.telemetry_rows > BACKLOG_COUNT for edge in parts.live.edges.values())
    )
    by_edge: dict[str, dict[str, list[int]]] = {}
    for (edge, boot), numbers in batch.names.items():
        if withheld:
            numbers = [one for one in numbers if (edge, boot, one) not in withheld]  # noqa: PLW2901
        by_edge.setdefault(edge, {})[boot] = numbers
    for edge, names in by_edge.items():
        for ranges in acks_from(names):
            ack = Ack(ledger=ledger, telemetry=ranges, credit=credit)
            await session.publish(edge_topic(edge, "ack"), ack.model_dump_json().encode())


async def _bury_within(
    parts: TelemetryParts, counts: Mapping[str, int], bad: Sequence[Unusable]
) -> set[Name]:
    """Bury what is bad within each edge's budget; return the names of what goes beyond it.

    `counts` are the messages of each edge that have come since the last call.
    """
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
    for edge in {**counts, **by_edge}:
        found = by_edge.get(edge, [])
        parts.flood.note(
            edge,
            now_s,
            messages_count=counts.get(edge, 0),
            dead_count=min(len(found), room.get(edge, 0)),
            withheld_count=max(0, len(found) - room.get(edge, 0)),
        )
    return {
        one.name
        for edge, found in by_edge.items()
        for one in found[room[edge] :]
        if one.name is not None
    }


def _counts(batch: Batch) -> Counter[str]:
    """Return how many messages are on whose budget."""
    counts: Counter[str] = Counter()
    for (edge, _), numbers in batch.names.items():
        counts[edge] += len(numbers)
    counts.update(_edge_of(one) for one in batch.bad if one.name is None)
    return counts


def _edge_of(one: Unusable) -> str:
    """Return whose budget a letter is on: its edge's; what bears no edge at all shares one."""
    return edge_of(one.topic) or "" if one.name is None else one.name[0]


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


def show_bus(live: Live, site: Site, point: Point, clock: Clock) -> None:
    """Let a bus's newest account of itself stand on the page; late ones, and strangers', never."""
    fields, key = point.fields, (point.edge, point.device)
    held = live.buses.get(key)
    is_known = any(dock.edge == point.edge for dock in site.docks)
    t_ns = fields["t_ns"]
    if not is_known or t_ns > clock.wall_ns() + AHEAD_NS_MAX:
        return
    if (held is None and len(live.buses) >= BUSES_COUNT_MAX) or (held and held.t_ns >= t_ns):
        return
    live.buses[key] = BusLive(
        at_s=clock.mono_s() - max(0.0, (clock.wall_ns() - t_ns) / 1e9),
        t_ns=t_ns,
        utilisation_ratio=float(fields["utilisation_ratio"]),
        planned_ratio=fields.get("planned_ratio"),
        cycle_ms=float(fields["cycle_ms"]),
        requests_count=fields["requests_count"],
        timeouts_count=fields["timeouts_count"],
        errors_count=fields["errors_count"],
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
    letters.bury_all(
        tx,
        [
            letters.Unburied(
                reason=one.reason, detail=one.detail, topic=one.topic[:400], body=one.body
            )
            for one in bad
        ],
    )
