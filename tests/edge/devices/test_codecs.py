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
from edge.readings import FrameCorrupt, Weighed

SICS = b"S S     100.00 g\r\n"

CODECS: list[tuple[Callable[[], Any], tuple[bytes, ...]]] = [
    (SicsCodec, (SICS, b"S D      12.40 kg\r\n", b"S I\r\n", b"S +\r\n")),
]


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


@pytest.mark.parametrize(("make", "frames"), CODECS, ids=["sics"])
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


@pytest.mark.parametrize(("make", "frames"), CODECS, ids=["sics"])
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
            kind="net",
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
