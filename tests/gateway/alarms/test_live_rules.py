"""Alarms that the present asks for."""

from __future__ import annotations

from pathlib import Path

from gateway.alarms import definitions, live_rules
from gateway.live import EdgeLive, Live
from gateway.settings import load_site

ROOT = Path(__file__).resolve().parents[3]
SITE = load_site(ROOT / "config" / "sites" / "demo")
SETTLED_S = 1_000.0


def found(live: Live, now_s: float = SETTLED_S) -> set[tuple[str, str]]:
    """Return (definition, subject) wanted by a gateway that has run for long."""
    live.since.setdefault(("gateway", "started"), 0.0)
    return {(one[0], one[1]) for one in live_rules.wanted(SITE, live, now_s)}


def fresh() -> Live:
    """Return a present in which both edges have just been heard."""
    live = Live()
    for name in ("dock-1", "dock-2"):
        live.edges[name] = EdgeLive(edge=name, beat_at_s=SETTLED_S, is_online=True)
    return live


def test_an_edge_that_is_not_heard_is_lost_and_found_again() -> None:
    """A beat older than the gate accepts."""
    live = fresh()
    assert not any(one[0] == "edge-lost" for one in found(live))
    live.edges["dock-2"].beat_at_s = SETTLED_S - 60
    assert ("edge-lost", "dock-2") in found(live)
    assert ("edge-lost", "dock-1") not in found(live)


def test_a_full_or_exhausted_outbox_is_told_of_its_edge_only() -> None:
    """Both keep that edge's gate shut: a person must know why."""
    live = fresh()
    live.edges["dock-1"].is_full = True
    live.edges["dock-2"].mode = "exhausted"
    told = found(live)
    assert ("custody-full", "dock-1") in told
    assert ("custody-exhausted", "dock-2") in told
    assert ("custody-full", "dock-2") not in told
    live.edges["dock-1"].is_full = False
    assert ("custody-full", "dock-1") not in found(live)


def test_a_foreign_ledger_on_the_broker_is_told() -> None:
    """Edges could obey the wrong one."""
    live = fresh()
    live.foreign_ledgers["other"] = SETTLED_S
    assert ("foreign-gateway", "other") in found(live)


def test_every_alarm_that_comes_and_goes_has_words_in_both_languages() -> None:
    """An alarm without a remedy is noise."""
    known = {one.id: one for one in definitions.DEFINITIONS.values()}
    for name in live_rules.MANAGED:
        assert known[name].en != known[name].zh
