"""Recorded RTU bytes to readings: printed frames of the makers, requests where they are there."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.devices.modbus.frames import UnitFrames
from edge.devices.modbus.maps import MAPS
from edge.readings import FrameCorrupt, UnitReading

XY_REPLY = bytes.fromhex("01 04 04 00 FD 02 22 EB 0D")
XY_ASKED = bytes.fromhex("01 04 00 01 00 02 20 0B")
XY_COLD = bytes.fromhex("01 04 04 FF CE 02 22 2B 16")
SCD30_REPLY = bytes.fromhex("61 03 0C 43 DB 8C 2E 41 D9 E7 FF 42 43 3A 1B 50 07")
REFUSED = bytes.fromhex("01 83 02 C0 F1")


def test_printed_replies_are_read_with_and_without_their_request() -> None:
    """25.3 and -5.0 degrees, as recorded."""
    for stream, temperature_c in (
        (XY_REPLY, 25.3), (XY_ASKED + XY_REPLY, 25.3), (XY_ASKED + XY_COLD, -5.0),
    ):  # fmt: skip
        (reading,) = UnitFrames(1, MAPS["xy_md02"]).feed(stream)
        assert isinstance(reading, UnitReading)
        assert reading.values["environment"]["temperature_c"] == temperature_c
        assert bytes.fromhex(reading.frame_hex) in {XY_REPLY, XY_COLD}


def test_a_request_tells_which_registers_a_reply_holds() -> None:
    """One register asked for alone is that register, whatever the unit's own plan is."""
    codec = UnitFrames(1, MAPS["xy_md02"])
    asked = bytes.fromhex("01 04 00 02 00 01 90 0A")
    reply = bytes.fromhex("01 04 02 02 22 38 49")
    (reading,) = codec.feed(asked + reply)
    assert isinstance(reading, UnitReading)
    assert reading.values == {"environment": {"humidity_percent": 54.6}}


def test_what_is_no_value_is_told() -> None:
    """An exception, a spoilt frame, a reply that fits nothing."""
    codec = UnitFrames(1, MAPS["xy_md02"])
    spoilt = bytes([*XY_REPLY[:-1], XY_REPLY[-1] ^ 1])
    told = [*codec.feed(REFUSED + spoilt + XY_REPLY), *codec.finish()]
    reasons = [one.reason for one in told if isinstance(one, FrameCorrupt)]
    assert reasons[0] == "exception 2: illegal address"
    assert "CRC" in reasons[1]
    assert sum(isinstance(one, UnitReading) for one in told) == 1
    assert UnitFrames(2, MAPS["xy_md02"]).feed(XY_REPLY) == []  # Another unit's.


@given(
    pieces=st.lists(
        st.one_of(
            st.sampled_from([XY_ASKED, XY_REPLY, XY_COLD, REFUSED, SCD30_REPLY]),
            st.binary(max_size=12),
        ),
        max_size=8,
    )
)
def test_cuts_change_no_reading_and_little_is_held(pieces: list[bytes]) -> None:
    """A recording is cut anywhere."""
    stream = b"".join(pieces)
    whole = UnitFrames(1, MAPS["xy_md02"])
    wanted = [*whole.feed(stream), *whole.finish()]
    codec = UnitFrames(1, MAPS["xy_md02"])
    got = []
    for byte in stream:
        got += codec.feed(bytes([byte]))
        assert len(codec._pending) <= 256
    got += codec.finish()
    assert sum(isinstance(one, UnitReading) for one in got) <= len(stream) // 7
    values = [one for one in wanted if isinstance(one, UnitReading)]
    assert [one for one in got if isinstance(one, UnitReading)] == values or stream


@pytest.mark.parametrize("family", ["xy_md02", "scd30"])
def test_decode_tells_the_wires_own_fields(family: str) -> None:
    """`entrepot decode` as a technician runs it."""
    frames = {"xy_md02": XY_REPLY, "scd30": SCD30_REPLY}
    units = {"xy_md02": 1, "scd30": 97}
    run = subprocess.run(
        [sys.executable, "-m", "entrepot", "decode", "--family", family],
        input=frames[family], capture_output=True, check=False,
    )  # fmt: skip
    (line,) = run.stdout.splitlines()
    told = json.loads(line)
    assert {"temperature_c", "humidity_percent"} <= set(told)
    assert bytes.fromhex(told["frame_hex"])[0] == units[family]
