"""What telemetry shows on the page: the newest of each device, whatever comes with it."""

from __future__ import annotations

import json

import mqtt5
import pytest

from gateway.ingest.intake import Intake
from gateway.ingest.telemetry import AHEAD_NS_MAX, show
from gateway.live import Live
from runtime.clock import ManualClock
from tests.gateway.ledger.test_ledger import SITE

CLOCK = ManualClock()
NOW_NS = CLOCK.wall_ns()


def packet(
    t_ns: int, value: float = 4.0, *, edge: str = "dock-1", kind: str = "environment"
) -> bytes:
    """Return a reading of one device."""
    fields = {"t_ns": t_ns, "clock": "synced", "zone": "cool", "temperature_c": value}
    return mqtt5.PublishPacket(
        f"wh/v1/e/{edge}/tlm/{kind}/th-1",
        json.dumps(fields).encode(),
        user_properties=[("boot", "b"), ("seq", "1")],
    ).write()


def shown(*packets: bytes) -> list[float]:
    """Return the temperatures that a batch leaves on the page."""
    live, intake = Live(), Intake("site-1")
    intake.add(packets)
    for one in intake.take().newest:
        show(live, SITE, one, CLOCK)
    return [air.values["temperature_c"] for air in live.air.values()]


def test_a_backlog_in_the_same_batch_does_not_hide_the_live_reading() -> None:
    """An edge that came back sends live readings first and old ones after them."""
    backlog = [packet(NOW_NS - n * 10**9, 9.0) for n in range(100, 0, -1)]
    assert shown(packet(NOW_NS, 4.5), *backlog) == [4.5]
    other = packet(NOW_NS, kind="power")
    assert shown(packet(NOW_NS, 4.5), *backlog, other) == [4.5]


@pytest.mark.parametrize(
    "odd",
    [packet(NOW_NS + AHEAD_NS_MAX + 1), packet(NOW_NS, edge="qa-edge")],
    ids=["ahead", "unknown"],
)
def test_what_only_claims_to_be_is_not_shown(odd: bytes) -> None:
    """A clock that runs ahead, or an edge that the site does not name."""
    assert shown(odd) == []
