"""The short way from packet to line ends where reading in full ends, for any bytes."""

from __future__ import annotations

import json
import re
from typing import Any

import mqtt5
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.ingest.admission import Unusable, admit_telemetry
from gateway.ingest.intake import SHOWN_KINDS, Batch, Intake
from gateway.telemetry.line_protocol import line_of
from gateway.telemetry.shapes import BODY_BYTES_MAX, LINES_COUNT_MAX
from runtime.mqtt_frames import publish_of

SITE = "site-1"
NOW_NS = 1_796_076_919_424_000_001
TEXTS = st.sampled_from(
    ["good", "synced", "cool", "zone-2", "zone-35", "über 9", 'a"b', "%s 1", ""]
)
NUMBERS = st.one_of(
    st.integers(-1000, 1000), st.floats(-1e3, 1e3).map(lambda x: round(x, 2)), st.floats(),
    st.sampled_from([0, -0.0, 0.5, 10, 2**62, 2**63, 10**17, 1e300]),
)  # fmt: skip
VALUES: st.SearchStrategy[Any] = st.one_of(NUMBERS, NUMBERS, TEXTS, st.none(), st.just([1]))
KINDS = ["environment", "power", "bus"]
OWN: dict[str, list[str]] = {
    "environment": ["temperature_c", "humidity_percent", "co2_ppm", "pressure_hpa"],
    "power": ["voltage_v", "energy_kwh"],
    "bus": ["requests_count", "timeouts_count", "errors_count", "cycle_ms", "utilisation_ratio"],
}


@st.composite
def bodies(draw: st.DrawFn, kind: str) -> bytes:
    """Draw a body as an edge or somebody else might write it, more or less sound."""
    fields: dict[str, Any] = {"t_ns": NOW_NS, "clock": "synced"}
    if kind == "environment":
        fields["zone"] = draw(st.sampled_from(["cool", "zone-2", "zone-35"]))
    for name in OWN[kind]:
        if kind == "bus" or draw(st.booleans()):
            fields[name] = draw(st.integers(0, 120) if name.endswith("_count") else NUMBERS)
    odd = st.sampled_from(["quality", "reason", "zone", "t_ns", "new", "co2_ppm", "co3_ppm", "x1"])
    if draw(st.booleans()):
        fields |= draw(st.dictionaries(odd, VALUES, max_size=2))
    if draw(st.booleans()):
        fields = dict(draw(st.permutations(list(fields.items()))))
    blank = draw(st.sampled_from([(",", ":"), (",", ":"), (", ", ": ")]))
    body = json.dumps(fields, separators=blank, ensure_ascii=draw(st.booleans())).encode()
    if draw(st.integers(0, 5)) == 0:  # A field said twice, or a stroke of the pen.
        at = draw(st.integers(0, len(body)))
        body = (
            body[:at] + draw(st.sampled_from([b"0", b",", b'"', b"-", b"e1", b"\xff"])) + body[at:]
        )
    return body


@st.composite
def streams(draw: st.DrawFn) -> list[bytes]:
    """Draw packets of which many differ in digits only, as a device's do."""
    frames: list[bytes] = []
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(KINDS))
        body = draw(bodies(kind))
        device = draw(st.sampled_from(["th-1", "th-2"]))
        for _ in range(draw(st.integers(1, 4))):
            digits = draw(st.randoms(use_true_random=False))
            again = re.sub(rb"[0-9]", lambda _: b"%d" % digits.randrange(10), body)  # noqa: B023
            again = again if draw(st.integers(0, 3)) else body
            qos = draw(st.sampled_from([1, 1, 1, 0]))
            packet = mqtt5.PublishPacket(
                f"wh/v1/e/dock-1/tlm/{kind}/{device}",
                again,
                qos=mqtt5.QoS(qos),
                packet_id=draw(st.integers(1, 65_535)) if qos else None,
                duplicate=bool(qos) and draw(st.integers(0, 9)) == 0,
                message_expiry_interval=draw(st.sampled_from([None, 1, 60])),
                user_properties=draw(properties()),
            )
            frames.append(draw(torn(packet.write())))
    return frames


def properties() -> st.SearchStrategy[list[tuple[str, str]]]:
    """Draw user properties, most of them as an edge gives them."""
    boot = st.tuples(st.just("boot"), st.sampled_from(["b1", "b1", "b2", "b/"]))
    seq = st.tuples(
        st.just("seq"),
        st.one_of(st.integers(0, 10**6).map(str), st.sampled_from(["", "07", "1x", "9" * 19, "٣"])),
    )
    return st.one_of(
        st.tuples(boot, seq).map(list),
        st.tuples(boot, seq).map(list),
        st.lists(st.one_of(boot, seq, st.just(("", "x" * 130))), max_size=3),
    )


@st.composite
def torn(draw: st.DrawFn, frame: bytes) -> bytes:
    """Draw the packet, rarely with a byte of its body changed: its head is the broker's."""
    body_at = frame.find(b'{"')
    if body_at < 0 or draw(st.integers(0, 9)):
        return frame
    at = draw(st.integers(body_at, len(frame) - 1))
    return frame[:at] + draw(st.binary(min_size=1, max_size=1)) + frame[at + 1 :]


def told(line: str) -> tuple[str, dict[str, Any], str]:
    """Return (series, fields by type and value, time) of a line: an oracle for its meaning."""
    series, _, rest = line.partition(" ")
    fields, _, t = rest.rpartition(" ")
    values: dict[str, Any] = {}
    for key, text, number in re.findall(r'([a-z0-9_]+)=(?:"((?:[^"\\]|\\.)*)"|([^,"]+))', fields):
        if number.endswith("i"):
            values[key] = int(number[:-1])
        else:
            values[key] = float(number) if number else text
    return series, values, t


def in_full(frames: list[bytes]) -> tuple[list[Any], list[Any]]:
    """Return (lines with their names, what is unusable) by reading each packet alone."""
    lines, bad = [], []
    for frame in frames:
        packet = publish_of(frame)
        found = admit_telemetry(packet.topic, packet.payload, packet.user_properties)
        if isinstance(found, Unusable):
            bad.append(found)
        else:
            name = (found.edge, found.boot, found.seq)
            lines.append((told(line_of(SITE, found).text()), name))
    return lines, bad


@settings(max_examples=60, deadline=None)
@given(frames=streams())
def test_both_ways_end_in_the_same_points(frames: list[bytes]) -> None:
    """A body that was never looked at in full must not say anything else than if it had been."""
    intake = Intake(SITE)
    for _ in range(2):  # The second time everything that can be is known by heart.
        intake.add(frames)
        batch = intake.take()
        lines, bad = in_full(frames)
        assert [told(one.decode()) for one in batch.lines()] == [line for line, _ in lines]
        assert [told(one.text()) for one in batch.points()] == [line for line, _ in lines]
        assert batch.times == [line[2].rjust(19, "0").encode() for line, _ in lines]
        assert batch.bad == bad
        names = sorted([name for _, name in lines] + [one.name for one in bad if one.name])
        assert sorted((*who, seq) for who, seqs in batch.names.items() for seq in seqs) == names
        ids = [publish_of(one).packet_id for one in frames]
        assert batch.packet_ids == [one.to_bytes(2, "big") for one in ids if one is not None]
        assert_newest(batch, lines)


def assert_newest(batch: Batch, lines: list[Any]) -> None:
    """Of each device the newest of what is shown, once."""
    newest: dict[tuple[str, str], int] = {}
    for (series, _, t), _ in lines:
        kind, device = series.split(",")[:2]
        if kind in SHOWN_KINDS:
            newest[kind, device] = max(int(t), newest.get((kind, device), 0))
    found = {(one.kind, f"device={one.device}"): one.fields["t_ns"] for one in batch.newest}
    assert found == newest
    assert len(found) == len(batch.newest)


def packet(body: bytes, *, seq: int = 1, device: str = "th-1") -> bytes:
    """Return a reading's packet."""
    return mqtt5.PublishPacket(
        f"wh/v1/e/dock-1/tlm/environment/{device}",
        body,
        qos=mqtt5.QoS.AT_LEAST_ONCE,
        packet_id=7,
        user_properties=[("boot", "b1"), ("seq", str(seq))],
    ).write()


BODY = b'{"t_ns":1796076919424000001,"clock":"synced","zone":"cool","temperature_c":14.5}'


@pytest.mark.parametrize(
    "odd",
    [
        BODY.replace(b"14.5", b"04.5"),
        BODY.replace(b"179607", b"979607"),
        BODY.replace(b"179607", b"079607"),
        BODY.replace(b"cool", b"c00l"),
    ],
)
def test_a_digit_that_breaks_a_rule_is_seen(odd: bytes) -> None:
    """Only digits differ from a body that was sound, and yet these are not all sound."""
    intake = Intake(SITE)
    intake.add([packet(BODY), packet(odd)])
    batch = intake.take()
    lines, bad = in_full([packet(BODY), packet(odd)])
    assert [told(one.decode()) for one in batch.lines()] == [line for line, _ in lines]
    assert batch.bad == bad


@settings(max_examples=40, deadline=None)
@given(count=st.integers(1, 40))
@example(count=BODY_BYTES_MAX)
def test_what_is_known_by_heart_is_bounded(count: int) -> None:
    """An edge that says something new each time must not fill the gateway's memory."""
    intake = Intake(SITE)
    shapes = intake._shapes["environment"]
    shapes.lines_count = LINES_COUNT_MAX - 20
    for number in range(count):
        body = BODY.replace(b"cool", b"cool" + b"-x" * (number % 29) + b"-%d" % number)
        intake.add([packet(body)])
        assert shapes.lines_count <= LINES_COUNT_MAX
        assert sum(len(one.variants) for one in shapes.by_key.values()) <= shapes.lines_count
    assert len(intake.take()) == count


@pytest.mark.parametrize("size", [2, 4, 20, 45, 60])
def test_a_packet_that_is_shorter_than_it_says_ends_the_session(size: int) -> None:
    """Nothing behind it can be told apart any more; its topic may be known by heart."""
    intake = Intake(SITE)
    intake.add([packet(BODY)])
    torn_off = packet(BODY)[:size]
    with pytest.raises(ValueError, match=r"."):
        intake.add([torn_off])


def test_what_the_store_keeps_no_more_is_taken_out() -> None:
    """It is a gap, told with its cause, and not a point that the store refuses."""
    intake = Intake(SITE)
    old = BODY.replace(b"1796", b"1596")
    intake.add([packet(BODY, seq=1), packet(old, seq=2), packet(BODY, seq=3, device="th-2")])
    batch = intake.take()
    expired = batch.take_older(NOW_NS - 1)
    assert [one.seq for one in expired] == [2]
    assert [one.tags["device"] for one in batch.points()] == ["th-1", "th-2"]
    assert len(batch) == len(batch.lines()) == 2
    assert batch.names == {("dock-1", "b1"): [1, 2, 3]}
