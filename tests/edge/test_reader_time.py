"""Reads of now and of long ago, sorted as a read point's settings want it."""

from __future__ import annotations

from edge.catalogue.reader_time import LATE_QUIET_S, TELL_COUNT, WAITING_COUNT_MAX, ReaderTime
from edge.families import ReaderState
from edge.readings import TagRead
from edge.settings import ReaderSettings, Smoothing
from runtime.clock import ManualClock

SSCC = bytes.fromhex("3174257BF4499602D2000000")
SGTIN = bytes.fromhex("3074257BF7194E4000001A85")


def sorter(clock: ManualClock, *, behind_s: float = 0.0, **smoothing: list[str]) -> ReaderTime:
    """Return the sorter of a reader that has just greeted us."""
    settings = ReaderSettings(
        id="uhf",
        family="llrp",
        port="tcp://127.0.0.1:5084",
        read_point="dock-1",
        arrive_reads=1,
        smoothing=Smoothing.model_validate(smoothing),
    )
    time = ReaderTime(settings, clock)
    stamp_ns = clock.wall_ns() - round(behind_s * 1e9)
    time.told(ReaderState(clock_t_ns=stamp_ns))
    return time


def tag(clock: ManualClock, epc: bytes, *, ago_s: float, rssi_dbm: int = -50) -> TagRead:
    """Return a read of so long ago."""
    t_ns = clock.wall_ns() - round(ago_s * 1e9)
    return TagRead(epc=epc, rssi_dbm=rssi_dbm, antenna=1, t_ns=t_ns)


def test_what_does_not_count_now_does_not_count_late() -> None:
    """A door's own tag, a neighbour's weak one, a foreign header: no visits in the journal."""
    clock = ManualClock()
    time = sorter(clock, headers=["31"], ignored_epcs=[(SSCC[:-1] + b"\1").hex()])
    late = [
        tag(clock, SSCC, ago_s=100),
        tag(clock, SSCC[:-1] + b"\1", ago_s=100),
        tag(clock, SSCC[:-1] + b"\2", ago_s=100, rssi_dbm=-90),
        tag(clock, SGTIN, ago_s=100),
    ]
    assert time.live(late) == []
    clock.advance(LATE_QUIET_S + 0.1)
    assert [visit.epc for visit in time.late()] == [SSCC]


def test_a_read_of_now_keeps_the_readers_own_stamp() -> None:
    """Both times are kept, whichever is right."""
    clock = ManualClock()
    time = sorter(clock, behind_s=600)
    read = tag(clock, SSCC, ago_s=600.25)
    (live,) = time.live([read])
    assert clock.wall_ns() - live.t_ns == 250_000_000
    assert clock.mono_s() - live.at_s == 0.25
    assert time.device_ns(SSCC) == read.t_ns
    assert time.complaint().startswith("its clock is 600 s behind")


def test_a_backlog_of_visits_is_told_a_few_at_a_time_and_is_bounded() -> None:
    """Live reads wait behind the disk; what waits in memory has an end."""
    clock = ManualClock()
    time = sorter(clock)
    count = WAITING_COUNT_MAX + 500
    time.live([tag(clock, n.to_bytes(12, "big"), ago_s=100) for n in range(1, count + 1)])
    clock.advance(LATE_QUIET_S + 0.1)
    assert len(time.late()) == 500
    told = 500
    while visits := time.late():
        assert len(visits) <= TELL_COUNT
        told += len(visits)
    assert told == count


def test_times_of_the_past_stay_unique() -> None:
    """Two visits that end in the same millisecond are two points of the journal."""
    time = sorter(ManualClock())
    stamps = {time.unique_ns(1_700_000_000_123_456_789) for _ in range(1_000)}
    assert len(stamps) == 1_000
    assert {one // 1_000_000 for one in stamps} == {1_700_000_000_123}
