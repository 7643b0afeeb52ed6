"""Adaptive smoothing, antennas, portals' static tags: what a read point makes of reads."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.smoothing.__main__ import play
from bench.smoothing.__main__ import settings as bench_settings
from bench.smoothing.hall import day_of
from edge.normalise.antennas import Where
from edge.normalise.patience import MARGIN_S_MAX, Patience, Rate
from edge.normalise.presence import Presence
from edge.normalise.read_point import ReadPoint, TagEvent
from edge.settings import ReaderSettings

TAG, OTHER = b"\x30" * 12, b"\xe2" + b"\x31" * 11
PORTAL = {
    "inner_antenna": 1, "outer_antenna": 2, "eyes_device": "plc",
    "inner_eye": "eye-inner", "outer_eye": "eye-outer",
}  # fmt: skip


def settings(*, portal: bool = False, **smoothing: Any) -> ReaderSettings:  # noqa: ANN401 - TOML's values
    """Return a read point's settings."""
    entry: dict[str, Any] = {
        "id": "r", "family": "r", "port": "dev/r", "read_point": "p", "smoothing": smoothing,
    }  # fmt: skip
    if portal:
        entry["portal"] = PORTAL
    return ReaderSettings.model_validate(entry)


def patience() -> Patience:
    """Return what a point begins with."""
    return Patience(miss_ratio=1e-4, quiet_s_min=0.5, quiet_s_max=6.0, start_s=1.5)


@pytest.mark.parametrize("chance", [0.6, 0.75, 0.95])
@pytest.mark.parametrize("round_s", [0.02, 0.25])
def test_the_round_and_the_chance_are_learnt_from_the_reads(chance: float, round_s: float) -> None:
    """Nobody types in how fast a reader looks: it depends on antennas, baud and tags."""
    rng, point, rate = random.Random(1), patience(), Rate()
    gap = 0
    for _ in range(2_000):
        gap += 1
        if rng.random() < chance:
            point.read(rate, gap * round_s)
            gap = 0
    assert point.round_s == pytest.approx(round_s, rel=0.01)
    assert point.chance == pytest.approx(chance, abs=0.1)
    often = (1 - chance) ** (point.quiet_s(rate) / round_s)
    assert often < 1e-3


def test_patience_grows_when_tags_are_back_at_once_and_shrinks_slowly() -> None:
    """A forklift between tag and antenna is no chance: the margin follows what happens there."""
    point = patience()
    before_s = point.margin_s
    point.returned()
    assert point.margin_s > before_s
    for _ in range(100):
        point.returned()
    assert point.margin_s == MARGIN_S_MAX
    for _ in range(100_000):
        point.stayed_away()
    assert point.margin_s == 0.0


@pytest.mark.parametrize("ratio", [0.6, 0.75, 0.95])
def test_adaptive_smoothing_is_better_than_a_fixed_window(ratio: float) -> None:
    """A false departure unloads a pallet that still stands there: half an hour of 30 tags."""
    day = day_of(random.Random(3), read_ratio=ratio, tags_count=30, length_s=1_800)
    _, ours = play(day, bench_settings("adaptive", 1.5), 1_800)
    _, fixed = play(day, bench_settings("fixed", 1.5), 1_800)
    assert ours.document()["f1"] >= fixed.document()["f1"]
    assert ours.document()["recall"] > 0.99
    assert ours.document()["precision"] > 0.97


@given(
    gaps=st.lists(st.floats(0.01, 8.0), min_size=1, max_size=80),
    tags=st.lists(st.sampled_from([TAG, OTHER]), min_size=80, max_size=80),
)
def test_arrivals_and_departures_alternate_for_each_tag(
    gaps: list[float], tags: list[bytes]
) -> None:
    """Whatever is learnt on the way, nothing arrives twice without having left."""
    smoothed = Presence(arrive_reads=2, arrive_s=1.0, depart_s=1.5, patience=patience())
    told: dict[bytes, list[str]] = {TAG: [], OTHER: []}
    now_s = 0.0
    for gap, tag in zip(gaps, tags, strict=False):
        now_s += gap
        for one in smoothed.expire(now_s):
            told[one.epc].append(one.what)
        arrival = smoothed.read(tag, None, now_s=now_s, t_ns=0)
        if arrival:
            told[arrival.epc].append(arrival.what)
    for one in smoothed.expire(now_s + 10):
        told[one.epc].append(one.what)
    for events in told.values():
        assert events == ["arrived", "departed"] * (len(events) // 2)


def heard(where: Where, antenna: int, rssi_dbm: int, now_s: float) -> bool:
    """Hear a tag with the usual margins."""
    return where.read(antenna, rssi_dbm, now_s=now_s, margin_db=6.0, hold_off_s=0.5)


def test_a_reflection_moves_no_tag_and_a_better_antenna_does() -> None:
    """Between two docks a tag is heard by both: it stands where it is heard best, and stays."""
    where = Where()
    for step in range(10):
        heard(where, 1, -60, step * 0.1)
    assert not heard(where, 2, -40, 1.0)  # One read is a reflection.
    assert where.antenna == 1
    where = Where()
    for step in range(10):
        heard(where, 1, -60, step * 0.1)
        assert not heard(where, 2, -56, step * 0.1)  # 4 dB are less than the margin.
    assert where.antenna == 1
    for step in range(10, 40):
        heard(where, 1, -66, step * 0.1)
        heard(where, 2, -56, step * 0.1)
    assert where.antenna == 2


def test_the_longer_its_antenna_is_silent_the_less_it_takes() -> None:
    """A tag that has left one antenna's field is at the other, however faint."""
    where = Where()
    heard(where, 1, -50, 0.0)
    heard(where, 1, -50, 0.1)
    heard(where, 2, -70, 0.2)
    assert not heard(where, 2, -70, 1.0)
    assert heard(where, 2, -70, 4.5)


def reads(point: ReadPoint, epc: bytes, *, from_s: float, to_s: float) -> list[TagEvent]:
    """Read a tag five times a second and look as often."""
    events: list[TagEvent] = []
    for step in range(round((to_s - from_s) * 5)):
        now_s = from_s + step / 5
        event = point.read(epc, 1, -60, now_s=now_s, t_ns=0)
        events += [event] if event else []
        events += point.expire(now_s)
    return events


def test_a_tag_that_stands_in_a_portal_passes_nothing() -> None:
    """A pallet left in the door must not be counted out when it is moved: it is told once."""
    point = ReadPoint(settings(portal=True, static_after_s=30.0))
    events = reads(point, TAG, from_s=0, to_s=100)
    assert [(one.what, bool(one.reason)) for one in events] == [
        ("arrived", False), ("departed", True),
    ]  # fmt: skip
    assert "30 s" in events[1].reason
    assert point.expire(110) == []
    events = reads(point, TAG, from_s=150, to_s=152)  # Away for longer than it takes to be static.
    assert [one.what for one in events] == ["arrived"]
    assert [one.what for one in point.expire(160)] == ["passed"]


def test_what_does_not_count_is_dropped_and_counted() -> None:
    """A door's own tag, a library's tag, a whisper from the next aisle."""
    point = ReadPoint(settings(headers=["30"], ignored_epcs=[TAG.hex()]))
    assert reads(point, TAG, from_s=0, to_s=2) == []
    assert reads(point, OTHER, from_s=2, to_s=4) == []
    for step in range(5):
        assert point.read(b"\x30" + bytes(11), 1, -81, now_s=4 + step / 5, t_ns=0) is None
    dropped = point.dropped
    assert (dropped.ignored_count, dropped.foreign_count, dropped.weak_count) == (10, 10, 5)


def test_a_tag_that_is_read_seldom_is_less_sure_than_the_others() -> None:
    """The stray from beside the scale must not count as load without a word."""
    smoothed = Presence(arrive_reads=2, arrive_s=1.0, depart_s=1.5, patience=patience())
    rng = random.Random(2)
    for step in range(400):
        now_s = step * 0.1
        smoothed.expire(now_s)
        for number in range(5):
            if rng.random() < 0.9:
                smoothed.read(bytes([number]), -60, now_s=now_s, t_ns=0)
        if step % 8 in {0, 1}:
            smoothed.read(OTHER, -70, now_s=now_s, t_ns=0)
    sure = smoothed.confidence_ratio(bytes([1]))
    stray = smoothed.confidence_ratio(OTHER)
    assert sure is not None
    assert stray is not None
    assert sure > 0.9
    assert stray < 0.5
    assert smoothed.confidence_ratio(b"never") is None
