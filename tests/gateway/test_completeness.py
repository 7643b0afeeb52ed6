"""Completeness: what a device's own rhythm expects, and why it is not there."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gateway.telemetry.completeness import Cause, record

S = 1_000_000_000


def judge(
    times_s: list[float], until_s: float, *causes: Cause
) -> tuple[float, list[tuple[int, str]]]:
    """Return (percent, [(missing readings, cause)])."""
    times = [round(one * S) for one in times_s]
    found = record("e", "d", times, (0, round(until_s * S)), causes)
    return found.completeness_percent, [(one.count, one.cause) for one in found.gaps]


def cause(name: str, from_s: float, until_s: float, *, edge: str = "e", device: str = "") -> Cause:
    """Return a cause."""
    return Cause(
        cause=name, edge=edge, device=device, from_ns=round(from_s * S), until_ns=round(until_s * S)
    )


def test_a_steady_device_is_complete() -> None:
    """Jitter is no gap."""
    assert judge([n * 5 + 0.3 * (n % 3) for n in range(100)], 500) == (100.0, [])


def test_a_pause_is_counted_and_named_by_what_covers_it() -> None:
    """The edge was down, or the device did not answer; another device's trouble is none of it."""
    times = [n * 5.0 for n in range(100) if not 40 <= n < 60]
    foreign = cause("bus time-out", 190, 300, device="other")
    down = cause("edge down", 206, 290)
    assert judge(times, 500, foreign) == (80.0, [(20, "unknown")])
    assert judge(times, 500, foreign, down) == (80.0, [(20, "edge down")])


def test_a_device_that_fell_silent_is_missing_until_now() -> None:
    """A gap at the end counts, as one at the beginning does."""
    assert judge([n * 1.0 for n in range(50)], 100, cause("bus time-out", 52, 100, device="d")) == (
        50.0,
        [(50, "bus time-out")],
    )


def test_too_few_readings_tell_no_rhythm() -> None:
    """Nothing is claimed."""
    assert judge([1.0, 2.0], 1_000) == (100.0, [])


@given(st.sets(st.integers(min_value=0, max_value=199), max_size=60))
def test_received_and_missing_make_the_whole(gone: set[int]) -> None:
    """However the readings are thinned, nothing counts twice."""
    kept = [n for n in range(200) if n not in gone]
    found = record("e", "d", [n * S for n in kept], (-S, 200 * S), [])
    assert found.received_count == len(kept)
    # A pause of one reading lies within the jitter that is allowed; longer ones count whole.
    runs = [later - earlier - 1 for earlier, later in pairwise([-1, *kept, 200])]
    assert found.expected_count == len(kept) + sum(run for run in runs if run >= 2)
