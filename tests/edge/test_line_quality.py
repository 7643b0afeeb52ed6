"""A bad cable is heard of before it costs reads."""

from __future__ import annotations

from edge.catalogue.line_quality import WINDOW_S, LineQuality


def run(*, good_a_s: int, corrupt_a_s: float, for_s: float = 2 * WINDOW_S) -> LineQuality:
    """Return what a line of that quality is judged as."""
    quality = LineQuality()
    for at_s in range(int(for_s) + 1):
        quality.note(good_count=good_a_s, corrupt_count=int(corrupt_a_s * at_s), now_s=float(at_s))
    return quality


def test_one_frame_in_ten_is_a_bad_cable() -> None:
    """The technician hears how many, and what to look at."""
    complaint = run(good_a_s=9, corrupt_a_s=1).complaint
    assert "frames in 30 s were corrupt: check cable, ground and line settings" in complaint


def test_a_rare_spoilt_frame_is_no_complaint() -> None:
    """Noise is daily bread: four in half a minute among few, or one of a hundred, are nothing."""
    assert not run(good_a_s=1, corrupt_a_s=0.1).complaint
    assert not run(good_a_s=99, corrupt_a_s=1).complaint


def test_a_mended_cable_is_heard_of() -> None:
    """The complaint ends with the first whole window that is sound."""
    quality = run(good_a_s=9, corrupt_a_s=1)
    for second in range(1, int(WINDOW_S) + 2):
        quality.note(good_count=9, corrupt_count=60, now_s=2 * WINDOW_S + second)
    assert not quality.complaint
