"""What /health tells: ok, or degraded with the reasons in words (no I/O)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.web.present import EDGE_FRESH_S

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.live import Live
    from gateway.settings import Site

FAILURE_SHOWN_S: Final = 30.0
"""A task that fails again and again fails more often than this; one that recovered does not."""
REASONS_COUNT_MAX: Final = 50


def reasons(site: Site, live: Live, *, is_store_away: bool, now_s: float) -> list[str]:
    """Return why the warehouse is not whole now, worst first; empty when it is."""
    found = [
        *(f"no {plane} session with the broker: {why}" for plane, why in _sessions(live)),
        *_tasks(live, now_s),
        *(["the telemetry store does not answer"] if is_store_away else []),
        *(f"a gateway of ledger {one} is on this broker" for one in live.foreign_now(now_s)),
        *(["a second gateway of this ledger is at work"] if live.has_twin(now_s) else []),
        *(f"too much of edge {one} is unusable: it is withheld" for one in live.withheld),
        *_edges_and_devices(site, live, now_s),
    ]
    return found[:REASONS_COUNT_MAX]


def _sessions(live: Live) -> Iterator[tuple[str, str]]:
    for plane, why in sorted(live.sessions.items()):
        if why:
            yield plane, why


def _tasks(live: Live, now_s: float) -> Iterator[str]:
    for name, failure in sorted(live.failures.items()):
        age_s = now_s - failure.at_s
        if age_s <= FAILURE_SHOWN_S:
            yield f"task {name} failed {age_s:.0f} s ago ({failure.count} times): {failure.why}"


def _edges_and_devices(site: Site, live: Live, now_s: float) -> Iterator[str]:
    lost = set()
    for name in sorted({*(dock.edge for dock in site.docks), *live.edges}):
        edge = live.edges.get(name)
        if edge is None or not edge.is_online or now_s - edge.beat_at_s > EDGE_FRESH_S:
            lost.add(name)
            yield f"edge {name} is not heard"
            continue
        if edge.mode in {"forked", "exhausted", "stopped"}:
            yield f"the chain of edge {name} is {edge.mode}"
        if edge.is_cloned(now_s):
            yield f"two boxes speak as edge {name}"
        if edge.is_full:
            yield f"edge {name} can keep no further events"
    for _, one in sorted(live.devices.items()):
        if one.edge not in lost and one.status in {"lost", "degraded"}:
            yield f"device {one.edge}/{one.device} is {one.status}: {one.status_reason}"
