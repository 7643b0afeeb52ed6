"""The line time that a bus's polls need, against numbers worked out by hand."""

from __future__ import annotations

import pytest

from edge.devices.modbus_sensors.plan import poll_line_s, utilisation_ratio


def test_one_poll_of_an_xy_md02_at_9600_baud() -> None:
    """8 + 9 bytes of 10 bits: 17.7 ms; two silences of 3.65 ms; 10 ms turnaround: 35.0 ms."""
    assert poll_line_s("xy_md02", baud=9600, character_bits=10) == pytest.approx(0.0350, abs=1e-4)


def test_fast_lines_keep_the_silence_that_the_standard_fixes() -> None:
    """At 115,200 baud 3.5 characters would be 0.3 ms; the standard says 1.75 ms."""
    assert poll_line_s("scd30", baud=115_200, character_bits=10) == pytest.approx(
        25 * 10 / 115_200 + 0.0035 + 0.01
    )


def test_polls_add_up() -> None:
    """Two units twice a second are four polls a second."""
    one = poll_line_s("xy_md02", baud=19_200, character_bits=10)
    ratio = utilisation_ratio([("xy_md02", 0.5)] * 2, baud=19_200, character_bits=10)
    assert ratio == pytest.approx(4 * one)
