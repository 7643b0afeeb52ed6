"""The gap ledger: each device's completeness over a span, and each gap with its cause."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from gateway.ledger import gaps, schema
from gateway.telemetry.completeness import Cause, record
from runtime.clock import rfc3339_from_ns
from wire.topics import edge_of, kind_and_device

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from gateway.core import Core
    from gateway.telemetry.ports import TelemetryStore

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
READINGS_COUNT_MAX: Final = 400_000
GAPS_TOLD_MAX: Final = 50
_ALARM_CAUSES: Final = {"edge-lost": "edge down", "device-lost": "bus time-out"}


async def completeness(
    core: Core, store: TelemetryStore, *, since_ns: int, until_ns: int
) -> list[dict[str, Any]]:
    """Return a row a device, the worst first.

    Args:
        core: the ledger.
        store: the telemetry store.
        since_ns: Unix nanoseconds; see `began_ns`.
        until_ns: Unix nanoseconds.

    """
    times = await store.times(since_ns=since_ns, until_ns=until_ns, count_max=READINGS_COUNT_MAX)
    causes = await core.read(lambda connection: list(_causes(connection, since_ns, until_ns)))
    told = []
    for (edge, device), found in times.items():
        one = record(edge, device, found, (since_ns, until_ns), causes)
        told.append(
            {
                "edge": edge,
                "device": device,
                "completeness_percent": one.completeness_percent,
                "received_count": one.received_count,
                "expected_count": one.expected_count,
                "interval_s": one.interval_s,
                "gaps_count": len(one.gaps),
                "gaps": [
                    {
                        "from": rfc3339_from_ns(gap.from_ns),
                        "until": rfc3339_from_ns(gap.until_ns),
                        "count": gap.count,
                        "cause": gap.cause,
                    }
                    for gap in one.gaps[-GAPS_TOLD_MAX:]
                ],
            }
        )
    return sorted(told, key=lambda row: (row["completeness_percent"], row["edge"], row["device"]))


def began_ns(connection: Connection) -> int:
    """Return when the ledger's first entry was made: nothing is expected from before it."""
    first = connection.execute(select(schema.journal.c.at).order_by(schema.journal.c.n).limit(1))
    at = first.scalar()
    return 0 if at is None else _ns(at)


def _causes(connection: Connection, since_ns: int, until_ns: int) -> Iterator[Cause]:
    for gap in gaps.between(connection, since_ns=since_ns, until_ns=until_ns):
        yield Cause(
            cause=gap.cause.replace("_", " "), edge=gap.edge, device=gap.device,
            from_ns=gap.first_t_ns, until_ns=gap.last_t_ns,
        )  # fmt: skip
    yield from _alarm_causes(connection, since_ns, until_ns)
    yield from _letter_causes(connection, since_ns)


def _alarm_causes(connection: Connection, since_ns: int, until_ns: int) -> Iterator[Cause]:
    """Pair each raised alarm of an edge or a device with its clearing, from the journal."""
    table = schema.journal
    query = select(table.c.at, table.c.kind, table.c.body).where(
        table.c.kind.in_(("alarm.raised", "alarm.cleared")), table.c.at >= rfc3339_from_ns(since_ns)
    )
    raised: dict[str, tuple[dict[str, Any], int]] = {}
    for at, kind, text in connection.execute(query.order_by(table.c.n)):
        body, at_ns = json.loads(text), _ns(at)
        if kind == "alarm.raised" and body["alarm"]["definition"] in _ALARM_CAUSES:
            raised[body["alarm"]["alarm_id"]] = (body["alarm"], at_ns)
        elif kind == "alarm.cleared" and body["alarm_id"] in raised:
            alarm, from_ns = raised.pop(body["alarm_id"])
            yield _alarm_cause(alarm, from_ns, at_ns)
    for alarm, from_ns in raised.values():
        yield _alarm_cause(alarm, from_ns, until_ns)


def _alarm_cause(alarm: dict[str, Any], from_ns: int, until_ns: int) -> Cause:
    edge, _, device = alarm["subject"].partition(" ")
    return Cause(
        cause=_ALARM_CAUSES[alarm["definition"]], edge=edge, device=device,
        from_ns=from_ns, until_ns=until_ns,
    )  # fmt: skip


def _letter_causes(connection: Connection, since_ns: int) -> Iterator[Cause]:
    table = schema.dead_letter
    query = select(table.c.at, table.c.topic).where(
        table.c.at >= rfc3339_from_ns(since_ns), table.c.topic.like("wh/v1/e/%/tlm/%")
    )
    for at, topic in connection.execute(query.limit(1_000)):
        edge, named, at_ns = edge_of(topic), kind_and_device(topic), _ns(at)
        if edge is not None and named is not None:
            yield Cause(
                cause="dead letter", edge=edge, device=named[1], from_ns=at_ns, until_ns=at_ns
            )


def _ns(at: str) -> int:
    """Return Unix nanoseconds, exact to the microsecond: a float would lose the millisecond."""
    since = datetime.fromisoformat(at) - _EPOCH
    return since // timedelta(microseconds=1) * 1_000
