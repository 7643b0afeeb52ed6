"""What comes over MQTT is a row, a point, or a dead letter with its reason; never an exception."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ingest.admission import Custody, Unusable, admit_custody, admit_telemetry
from gateway.ingest.ranges import RANGES_COUNT_MAX, acks_from, ranges_from
from gateway.telemetry.line_protocol import Point, line_of
from wire.chain import CustodyRow, Tombstone

TOPIC = "wh/v1/e/dock-1/tlm/environment/th-11"
NAME = [("boot", "b1"), ("seq", "7")]
BODY = {"t_ns": 5, "clock": "synced", "quality": "good", "zone": "cool", "temperature_c": 4}
ROW = [("ledger", "l"), ("seq", "1"), ("prev", "0" * 64), ("id", "a" * 32), ("hash", "b" * 64)]


def test_a_reading_becomes_a_point_with_floats() -> None:
    """A field keeps one type: 4 and 4.5 must not collide in the store."""
    point = admit_telemetry(TOPIC, json.dumps(BODY).encode(), NAME)
    assert isinstance(point, Point)
    line = line_of("site-1", point).text()
    assert line == (
        "environment,device=th-11,edge=dock-1,site=site-1,zone=cool"
        ' clock="synced",quality="good",temperature_c=4.0 5'
    )


@pytest.mark.parametrize(
    ("topic", "body", "properties", "reason"),
    [
        (TOPIC, b"{", NAME, "body"),
        (TOPIC, b"{}", NAME, "body"),
        (TOPIC, json.dumps(BODY | {"temperature_c": "x"}).encode(), NAME, "body"),
        (TOPIC, b'{"t_ns": 1, "clock": "synced", "zone": "a", "co2_ppm": NaN}', NAME, "body"),
        (TOPIC, b"x" * 70_000, NAME, "size"),
        (TOPIC, b"{}", [], "properties"),
        (TOPIC, b"{}", [("boot", "b"), ("seq", "-1")], "properties"),
        ("wh/v1/e/dock-1/tlm/weather/x", b"{}", NAME, "kind"),
        ("wh/v1/e/Dock 1/tlm/bus/x", b"{}", NAME, "topic"),
    ],
)
def test_what_can_not_be_used_says_why(
    topic: str, body: bytes, properties: list[tuple[str, str]], reason: str
) -> None:
    """One bad message never blocks its neighbours."""
    found = admit_telemetry(topic, body, properties)
    assert isinstance(found, Unusable)
    assert found.reason == reason
    assert found.detail


def test_rows_and_tombstones_are_told_apart() -> None:
    """A tombstone bears its checksum as user property `void`."""
    topic = "wh/v1/e/dock-1/evt/rfid/uhf-1"
    row = admit_custody(topic, b"{}", ROW)
    assert isinstance(row, Custody)
    assert isinstance(row.row, CustodyRow)
    void = admit_custody(topic, b"", [*ROW, ("void", "c" * 64)])
    assert isinstance(void, Custody)
    assert isinstance(void.row, Tombstone)


@given(
    topic=st.text(max_size=60),
    body=st.binary(max_size=60),
    properties=st.lists(st.tuples(st.sampled_from(["seq", "boot", "id"]), st.text(max_size=9))),
)
def test_no_bytes_raise(topic: str, body: bytes, properties: list[tuple[str, str]]) -> None:
    """Whoever may publish may publish anything."""
    admit_custody(topic, body, properties)
    admit_telemetry(topic, body, properties)


@given(numbers=st.lists(st.integers(0, 2_000)))
def test_ranges_hold_exactly_the_numbers(numbers: list[int]) -> None:
    """An acknowledgement that names too much loses a reading for ever."""
    held = {one for first, last in ranges_from(numbers) for one in range(first, last + 1)}
    assert held == set(numbers)


def test_acknowledgements_are_cut_at_their_bound() -> None:
    """256 ranges at most, however scattered."""
    documents = acks_from({"b": [2 * number for number in range(600)]})
    counts = [sum(len(ranges) for ranges in one.values()) for one in documents]
    assert max(counts) <= RANGES_COUNT_MAX
    assert sum(counts) == 600
