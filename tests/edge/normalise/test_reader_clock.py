"""A reader's clock: what it says is corrected, and what is old is never taken for now."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from edge.normalise.late import VISITS_COUNT_MAX, LateVisits
from edge.normalise.reader_clock import PROOF_S, ReaderClock

S = 1_000_000_000
NOW = 1_790_000_000 * S


class Run:
    """A reader whose clock is ours less `behind_s`, and time that goes on."""

    def __init__(self, behind_s: float = 0.0) -> None:
        self.clock = ReaderClock()
        self.behind_ns = round(behind_s * S)
        self.at_s = 0.0

    def wall_ns(self) -> int:
        """Return our time."""
        return NOW + round(self.at_s * S)

    def connect(self) -> None:
        """Let the reader say what time it has."""
        self.clock.told(self.wall_ns() - self.behind_ns, wall_ns=self.wall_ns(), now_s=self.at_s)

    def report(self, *, age_s: float = 0.02, after_s: float = 0.1) -> tuple[float, bool, bool]:
        """Report a read of so long ago; return (error in s, is it late, is it doubtful)."""
        self.at_s += after_s
        made_ns = self.wall_ns() - round(age_s * S)
        stamp_ns = made_ns - self.behind_ns
        self.clock.heard(stamp_ns, wall_ns=self.wall_ns(), now_s=self.at_s)
        when = self.clock.judge(stamp_ns, wall_ns=self.wall_ns())
        assert when.t_ns <= self.wall_ns(), "nothing was measured in the future"
        return (when.t_ns - made_ns) / S, when.is_late, when.is_doubtful


def test_a_clock_that_lies_is_corrected_and_marked() -> None:
    """A reader without NTP is hours off: the hall's time is ours."""
    run = Run(behind_s=3600)
    run.connect()
    for _ in range(20):
        error_s, is_late, _ = run.report()
        assert abs(error_s) < 0.1
        assert not is_late
    assert run.clock.lies_by_s is not None
    assert abs(run.clock.lies_by_s - 3600) < 0.1


def test_a_clock_that_counts_from_its_start_is_no_lie() -> None:
    """Readers without UTC count the microseconds since they were switched on."""
    run = Run(behind_s=(NOW - 100 * S) / S)
    run.connect()
    assert abs(run.report()[0]) < 0.1
    assert run.clock.lies_by_s is None


def test_a_backlog_after_a_connection_keeps_its_own_time() -> None:
    """A day's reads in half a minute: each is of then, and the first live one of now."""
    run = Run(behind_s=-7)
    run.connect()
    for number in range(1_000):
        error_s, is_late, is_doubtful = run.report(age_s=80_000 - 79 * number, after_s=0.03)
        assert abs(error_s) < 0.1
        assert is_late
        assert not is_doubtful
    assert run.report()[1:] == (False, False)
    assert run.clock.jumps_count == 0


def test_a_stalled_network_makes_late_reads_and_no_jump() -> None:
    """The report that was under way while the cable was out comes as late as it was out."""
    run = Run()
    run.connect()
    run.report()
    error_s, is_late, is_doubtful = run.report(age_s=30, after_s=30)
    assert abs(error_s) < 0.1
    assert (is_late, is_doubtful) == (True, False)
    assert run.report()[1:] == (False, False)
    assert run.clock.jumps_count == 0


def test_a_clock_that_is_set_back_is_found_out() -> None:
    """No report can be an hour late when the one before it came a moment ago."""
    run = Run()
    run.connect()
    run.report()
    run.behind_ns = 3600 * S
    assert run.report()[1:] == (True, True)
    while run.clock.jumps_count == 0:
        run.report()
        assert run.at_s < PROOF_S + 1
    error_s, is_late, is_doubtful = run.report()
    assert abs(error_s) < 0.1
    assert (is_late, is_doubtful) == (False, False)


def test_a_clock_that_is_set_ahead_is_found_out() -> None:
    """Until it is proven the time of arrival stands for it."""
    run = Run()
    run.connect()
    run.report()
    run.behind_ns = -3600 * S
    error_s, is_late, is_doubtful = run.report()
    assert abs(error_s) < 0.1
    assert (is_late, is_doubtful) == (False, True)
    while run.clock.jumps_count == 0:
        run.report()
        assert run.at_s < PROOF_S + 1
    assert run.report()[1:] == (False, False)


def test_one_mad_stamp_moves_nothing() -> None:
    """A flipped bit in a stamp of the year 2100 is one doubtful read."""
    run = Run()
    run.connect()
    for _ in range(50):
        run.report()
    run.clock.heard(NOW * 2, wall_ns=run.wall_ns(), now_s=run.at_s)
    assert run.clock.judge(NOW * 2, wall_ns=run.wall_ns()).is_doubtful
    assert run.report()[1:] == (False, False)
    assert run.clock.jumps_count == 0


def test_live_reads_between_old_ones_are_live() -> None:
    """Some readers send what is now before what waits."""
    run = Run()
    run.connect()
    for number in range(100):
        assert run.report(age_s=3_000 - number, after_s=0.02)[1]
        assert run.report(after_s=0.02)[1:] == (False, False)
    assert run.clock.jumps_count == 0


@settings(max_examples=20)
@example(drift_ppm=100, delays_s=[0.1] * 200)
@example(drift_ppm=-100, delays_s=[0.1] * 200)
@given(
    drift_ppm=st.integers(-100, 100),
    delays_s=st.lists(st.floats(0, 0.4), min_size=200, max_size=200),
)
def test_a_drift_is_followed(drift_ppm: int, delays_s: list[float]) -> None:
    """A bad crystal is off by eight seconds after a day."""
    run = Run()
    run.connect()
    for delay_s in delays_s:
        run.behind_ns = round(run.at_s * drift_ppm * 1_000)
        error_s, is_late, _ = run.report(age_s=delay_s, after_s=60)
        assert abs(error_s) < 1.0
        assert not is_late


def test_visits_end_by_the_readers_own_time() -> None:
    """A tag that came twice in a night was there twice."""
    late = LateVisits(arrive_reads=2, depart_s=1.5)
    over = []
    for at_s in (0.0, 0.5, 1.0, 100.0, 100.4):
        over += late.read(b"\1", -60, t_ns=NOW + round(at_s * S), device_t_ns=5)
    over += late.read(b"\2", None, t_ns=NOW + 200 * S, device_t_ns=6)
    assert [(one.first_t_ns - NOW, one.last_t_ns - NOW, one.reads_count) for one in over] == [
        (0, S, 3),
        (100 * S, 100 * S + 400_000_000, 2),
    ]
    assert late.flush() == []
    assert late.strays_count == 1


def test_visits_are_bounded() -> None:
    """A reader that tells of a million tags must not fill the edge's memory."""
    late = LateVisits(arrive_reads=1, depart_s=60)
    over = []
    for number in range(VISITS_COUNT_MAX + 100):
        over += late.read(number.to_bytes(12, "big"), -60, t_ns=NOW, device_t_ns=1)
    assert len(over) == 100
    assert len(late.flush()) == VISITS_COUNT_MAX
