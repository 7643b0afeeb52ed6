"""Every codec: printed frames, cuts that change nothing, mutations that raise nothing."""

from __future__ import annotations

from collections.abc import Callable  # noqa: TC003 - given() reads it
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edge.devices.mt_sics.codec import LINE_BYTES_MAX, SicsCodec
from edge.devices.plate_camera.codec import PlateSeen, decode
from edge.devices.uhf_m100.codec import START_MULTI, STOP, VERSION, M100Codec
from edge.devices.uhf_reader288.codec import Reader288Codec, crc, inventory
from edge.readings import FrameCorrupt, RoundEnd, TagRead, Weighed

EPC = bytes.fromhex("3074257BF7194E4000001A85")
M100_TAG = bytes.fromhex("BB02220011C330003074257BF7194E4000001A85AAF94C7E")
M100_LONG = bytes.fromhex("BB02220015D04000F737952114112345 38566CB0AFC40000A6A5227E")
M100_NONE = bytes.fromhex("BB01FF000115167E")
R288_TAG = bytes.fromhex("15000101 04010C3074257BF7194E4000001A855A3B78")
R288_NONE = bytes.fromhex("050001FBF23D")
SICS = b"S S     100.00 g\r\n"

CODECS: list[tuple[Callable[[], Any], tuple[bytes, ...]]] = [
    (M100Codec, (M100_TAG, M100_LONG, M100_NONE)),
    (Reader288Codec, (R288_TAG, R288_NONE)),
    (SicsCodec, (SICS, b"S D      12.40 kg\r\n", b"S I\r\n", b"S +\r\n")),
]


def test_m100_frames_of_the_manual() -> None:
    """The reader's answer to a poll: -61 dBm, EPC by PC word, tag CRC checked."""
    assert M100Codec().feed(M100_TAG) == [TagRead(epc=EPC, rssi_dbm=-61, antenna=1)]
    (long,) = M100Codec().feed(M100_LONG)
    assert isinstance(long, TagRead)
    assert long.epc.hex() == "f73795211411234538566cb0afc40000"
    assert M100Codec().feed(M100_NONE) == [RoundEnd(status=0x15)]


def test_m100_commands_are_those_of_the_manual() -> None:
    """Multi-poll for ever, stop, version."""
    assert START_MULTI.hex() == "bb00270003 22ffff 4a7e".replace(" ", "")
    assert STOP.hex() == "bb00280000287e"
    assert VERSION.hex() == "bb0003000100047e"


def test_m100_checks_the_tags_own_crc() -> None:
    """A frame whose sum fits may still bear a tag that was read wrongly."""
    wrong = bytearray(M100_TAG)
    wrong[10] ^= 1
    wrong[-2] = sum(wrong[1:-2]) & 0xFF
    (reading,) = M100Codec().feed(bytes(wrong))
    assert isinstance(reading, FrameCorrupt)
    assert reading.reason == "tag CRC"


def test_reader288_frames_of_the_manual() -> None:
    """Antenna 3 by its bit, RSSI byte 5A."""
    tag, end = Reader288Codec().feed(R288_TAG)
    assert tag == TagRead(epc=EPC, rssi_dbm=0x5A - 129, antenna=3)
    assert end == RoundEnd(status=1)
    assert Reader288Codec().feed(R288_NONE) == [RoundEnd(status=0xFB)]


def test_reader288_inventory_is_a_sound_command() -> None:
    """The manual: the CRC over a whole frame is zero."""
    for antenna in (1, 2):
        command = inventory(antenna)
        assert crc(command) == b"\0\0"
        assert command[0] == len(command) - 1
        assert command[-4] == 0x80 + antenna - 1


def test_sics_keeps_the_digits_as_sent() -> None:
    """The digits are the legal record: 100.00 is not 100.0."""
    (weight,) = SicsCodec().feed(SICS)
    assert isinstance(weight, Weighed)
    assert str(weight.value) == "100.00"
    assert weight.text == "100.00 g"
    assert weight.is_stable
    (over,) = SicsCodec().feed(b"S +\r\n")
    assert isinstance(over, Weighed)
    assert (over.value, over.range) == (None, "over")


@pytest.mark.parametrize(("make", "frames"), CODECS, ids=["m100", "reader288", "sics"])
@given(data=st.data())
def test_cuts_never_change_the_readings(
    make: Callable[[], Any], frames: tuple[bytes, ...], data: st.DataObject
) -> None:
    """A serial driver may cut the stream anywhere; one byte at a time is every cut at once."""
    pieces = st.one_of(st.sampled_from(frames), st.binary(max_size=6))
    stream = b"".join(data.draw(st.lists(pieces, max_size=8)))
    whole = [one for one in make().feed(stream) if not isinstance(one, FrameCorrupt)]
    codec, got = make(), []
    for byte in stream:
        got += codec.feed(bytes([byte]))
    assert [one for one in got if not isinstance(one, FrameCorrupt)] == whole


@pytest.mark.parametrize(("make", "frames"), CODECS, ids=["m100", "reader288", "sics"])
@given(data=st.data())
def test_mutated_frames_raise_nothing_and_memory_is_bounded(
    make: Callable[[], Any], frames: tuple[bytes, ...], data: st.DataObject
) -> None:
    """Noise is daily bread on a long cable."""
    frame = bytearray(data.draw(st.sampled_from(frames)) * 3)
    for _ in range(data.draw(st.integers(1, 5))):
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    codec = make()
    codec.feed(bytes(frame))
    assert len(codec._pending) <= 300


@example(stream=b"x" * LINE_BYTES_MAX + b"\r\n" + SICS)
@example(stream=b"x" * (LINE_BYTES_MAX + 1) + b"\r\n" + SICS)
@given(stream=st.binary(max_size=200))
def test_a_good_line_after_noise_is_read(stream: bytes) -> None:
    """The border is the longest line that is judged whole."""
    readings = SicsCodec().feed(stream + b"\r\n" + SICS)
    assert (
        Weighed(
            value=Decimal("100.00"),
            unit="g",
            is_stable=True,
            range="ok",
            text="100.00 g",
            frame_hex=SICS.hex().upper(),
        )
        in readings
    )


def test_a_camera_body_is_read_or_refused_by_field() -> None:
    """A camera's maker will send other fields, and sometimes nonsense."""
    seen = decode(b'{"plate": "YUA1", "confidence_ratio": 0.9, "lane": 2}')
    assert isinstance(seen, PlateSeen)
    for body, field in ((b"{", "/"), (b'{"plate": ""}', "/plate"), (b"[]", "/")):
        problems = decode(body)
        assert isinstance(problems, list)
        assert problems[0]["field"] == field
