"""Smoothing, direction and the fused load: what the floor may believe."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.normalise.load import LoadJoin
from edge.normalise.portal import Portal
from edge.normalise.presence import Presence

TAG, OTHER = b"\x30" * 12, b"\x31" * 12


def presence() -> Presence:
    """Return the demo site's smoothing."""
    return Presence(arrive_reads=2, arrive_s=1.0, depart_s=1.5)


def test_one_stray_read_arrives_nowhere() -> None:
    """A tag on the next dock answers now and then."""
    smoothed = presence()
    assert smoothed.read(TAG, -60, now_s=0.0, t_ns=0) is None
    assert smoothed.read(TAG, -60, now_s=1.4, t_ns=0) is None  # Too far apart to count as two.
    assert smoothed.expire(3.0) == []


def test_two_reads_arrive_once_and_silence_departs_once() -> None:
    """However often it is read, a pallet comes and goes once."""
    smoothed = presence()
    smoothed.read(TAG, -60, now_s=0.0, t_ns=5)
    arrival = smoothed.read(TAG, -50, now_s=0.1, t_ns=6)
    assert arrival is not None
    assert (arrival.what, arrival.rssi_dbm, arrival.first_t_ns) == ("arrived", -50, 5)
    assert smoothed.read(TAG, -60, now_s=0.2, t_ns=7) is None
    assert smoothed.expire(1.6) == []
    (departure,) = smoothed.expire(1.8)
    assert (departure.what, departure.reads_count) == ("departed", 3)
    assert smoothed.expire(9.0) == []


@given(gaps=st.lists(st.floats(0.01, 3.0), min_size=1, max_size=60))
def test_arrivals_and_departures_alternate(gaps: list[float]) -> None:
    """Whatever the read rate, nothing arrives twice without having left."""
    smoothed, now_s, told = presence(), 0.0, []
    for gap in gaps:
        now_s += gap
        told += [one.what for one in smoothed.expire(now_s)]
        arrival = smoothed.read(TAG, None, now_s=now_s, t_ns=0)
        told += [arrival.what] if arrival else []
    told += [one.what for one in smoothed.expire(now_s + 5)]
    assert told == ["arrived", "departed"] * (len(told) // 2)


def walk(portal: Portal, *, is_out: bool, eyes: bool = True, antennas: bool = True) -> None:
    """Carry a tag through."""
    first, second = (1, 2) if is_out else (2, 1)
    for step in range(20):
        now_s = step * 0.1
        if antennas:
            portal.read(TAG, first if step < 10 else second, -52, now_s=now_s)
        else:
            portal.read(TAG, 1, -52, now_s=now_s)
        if eyes and step in {3, 13}:
            portal.eye(is_inner=(step == 3) == is_out, now_s=now_s)


def portal() -> Portal:
    """Return the demo site's portal."""
    return Portal(inner_antenna=1, outer_antenna=2, window_s=4.0)


def test_direction_comes_from_antennas_or_eyes() -> None:
    """Either witness is enough when the other saw nothing."""
    for is_out, word in ((True, "out"), (False, "in")):
        for eyes, antennas in ((True, True), (True, False), (False, True)):
            one = portal()
            walk(one, is_out=is_out, eyes=eyes, antennas=antennas)
            assert one.passed(TAG) == word


def test_witnesses_that_disagree_make_the_direction_unknown() -> None:
    """A guess at the bonded boundary would be a false customs record."""
    one = portal()
    walk(one, is_out=True, eyes=False)
    one.eye(is_inner=False, now_s=0.3)
    one.eye(is_inner=True, now_s=1.3)
    assert one.passed(TAG) == "unknown"
    assert one.passed(OTHER) == "unknown"


def test_a_load_is_told_once_when_weight_and_tags_are_quiet() -> None:
    """Joined too early it would lack a tag; told twice it would be booked twice."""
    join = LoadJoin(min_g=20_000, settle_s=2.0)
    join.arrived(TAG, 3, now_s=0.0)
    join.weight(61_200, 5, now_s=0.5)
    join.arrived(OTHER, 6, now_s=1.0)
    assert join.due(2.9) is None
    load = join.due(3.1)
    assert load is not None
    assert (load.mass_g, load.epcs, load.parts) == (61_200, (TAG, OTHER), (5, 3, 6))
    assert join.due(9.0) is None


def test_a_tag_that_comes_late_makes_a_new_load() -> None:
    """Somebody relabelled a carton while the pallet stood on the scale."""
    join = LoadJoin(min_g=20_000, settle_s=2.0)
    join.arrived(TAG, 1, now_s=0.0)
    join.weight(61_200, 2, now_s=0.0)
    assert join.due(2.1) is not None
    join.arrived(OTHER, 3, now_s=5.0)
    load = join.due(7.1)
    assert load is not None
    assert load.epcs == (TAG, OTHER)


def test_an_empty_scale_makes_no_load() -> None:
    """A light weight is a pallet that left."""
    join = LoadJoin(min_g=20_000, settle_s=2.0)
    join.arrived(TAG, 1, now_s=0.0)
    join.weight(0, 2, now_s=0.0)
    assert join.due(5.0) is None


def test_two_strays_while_another_tag_passes_are_no_passage() -> None:
    """A carton that never moved would be on the truck for the ledger, and could not come back."""
    one = portal()
    walk(one, is_out=True, eyes=True)
    one.read(OTHER, 1, -68, now_s=0.2)
    one.read(OTHER, 2, -68, now_s=1.2)
    assert one.passed(OTHER) == "unknown"
    assert one.passed(TAG) == "out"
