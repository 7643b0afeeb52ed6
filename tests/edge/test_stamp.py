"""Stamps: unique and rising for each device; a jump of the clock is told, never hidden."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.stamp import Stamp
from runtime.clock import ManualClock

S = 1_000_000_000


@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(min_value=0, max_value=3))))
def test_stamps_rise_for_each_device_and_no_step_is_seen(steps: list[tuple[str, float]]) -> None:
    """Many in one millisecond, or seconds apart."""
    clock = ManualClock()
    stamp = Stamp(clock)
    last: dict[str, int] = {}
    for device, delay_s in steps:
        clock.advance(delay_s)
        t_ns, is_true = stamp.draw(device)
        assert t_ns > last.get(device, 0)
        assert is_true
        last[device] = t_ns
    assert stamp.take_step_s() == 0.0


def test_a_jump_back_is_told_and_its_stamps_are_not_called_true() -> None:
    """The times go on rising; they are not the wall clock's until it has caught up."""
    clock = ManualClock()
    stamp = Stamp(clock)
    first, _ = stamp.draw("a")
    clock._wall_ns -= 60 * S
    second, is_true = stamp.draw("a")
    assert second == first + 1
    assert not is_true
    assert round(stamp.take_step_s()) == -60
    assert stamp.take_step_s() == 0.0
    clock.advance(61)
    _, is_true = stamp.draw("a")
    assert is_true
    assert stamp.take_step_s() == 0.0
