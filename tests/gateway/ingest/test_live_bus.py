"""A field bus on the page: its newest account of itself, planned beside used, the fullest first."""

from __future__ import annotations

from typing import Any

from gateway.ingest.telemetry import show_bus
from gateway.live import Live
from gateway.telemetry.line_protocol import Point
from gateway.web import present
from runtime.clock import ManualClock
from tests.gateway.ledger.test_ledger import SITE

CLOCK = ManualClock()


def told(live: Live, bus: str, *, edge: str = "dock-1", **fields: Any) -> None:  # noqa: ANN401
    """Let a bus tell of itself."""
    base = {
        "t_ns": CLOCK.wall_ns(), "clock": "synced", "requests_count": 9, "timeouts_count": 1,
        "errors_count": 0, "cycle_ms": 120.0, "utilisation_ratio": 0.4, "planned_ratio": 0.35,
    }  # fmt: skip
    point = Point(edge=edge, device=bus, kind="bus", boot="b", seq=1, fields={**base, **fields})
    show_bus(live, SITE, point, CLOCK)


def test_the_fullest_line_is_told_first_with_plan_and_use() -> None:
    """A technician looks for the line that is too full."""
    live = Live()
    told(live, "bus-1")
    told(live, "bus-2", utilisation_ratio=0.2, planned_ratio=0.95)
    told(live, "io-1", utilisation_ratio=0.1, planned_ratio=None)
    rows = present.buses(live)
    assert [row["bus"] for row in rows] == ["bus-2", "bus-1", "io-1"]
    assert (rows[0]["planned_ratio"], rows[0]["utilisation_ratio"]) == (0.95, 0.2)


def test_late_news_a_clock_that_runs_ahead_and_a_stranger_change_nothing() -> None:
    """What is old, or only claims to be, must not look live."""
    live = Live()
    now_ns = CLOCK.wall_ns()
    told(live, "bus-1")
    told(live, "bus-1", t_ns=now_ns - 10**9, utilisation_ratio=0.9)
    told(live, "bus-1", t_ns=now_ns + 10**12, utilisation_ratio=0.9)
    told(live, "bus-9", edge="nobody")
    assert [row["utilisation_ratio"] for row in present.buses(live)] == [0.4]
