"""A stream cut anywhere gives the packets that were sent; what is no packet ends the session."""

from __future__ import annotations

import itertools

import mqtt5
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from runtime.mqtt_frames import cut_frames, packet_of, publish_of, wanted_size

PACKETS = st.one_of(
    st.integers(1, 65_535).map(lambda one: mqtt5.PubAckPacket(one).write()),
    st.just(mqtt5.PingRespPacket().write()),
    st.sampled_from([0, 1, 100, 120, 130, 16_370, 16_390]).map(
        lambda size: mqtt5.PublishPacket("a/b", b"x" * size).write()
    ),
)


@settings(max_examples=40, deadline=None)
@given(packets=st.lists(PACKETS, max_size=5), cuts=st.lists(st.integers(0, 40_000), max_size=4))
@example(packets=[mqtt5.PublishPacket("a", b"x" * 200).write()], cuts=[1, 2, 3, 4])
def test_cuts_never_change_the_packets(packets: list[bytes], cuts: list[int]) -> None:
    """A socket gives what has come, not what was written."""
    stream = b"".join(packets)
    places = sorted({0, len(stream), *(one for one in cuts if one < len(stream))})
    rest, found = b"", []
    for start, end in itertools.pairwise(places):
        data = rest + stream[start:end]
        frames, used = cut_frames(data)
        found += frames
        rest = data[used:]
        assert wanted_size(rest) >= len(rest) or not rest
    assert found == packets
    assert rest == b""


def test_a_length_without_an_end_is_no_packet() -> None:
    """Else the session would wait for four gigabytes."""
    with pytest.raises(ValueError, match="four bytes"):
        cut_frames(b"\x30\xff\xff\xff\xff\x01")


def test_how_much_a_packet_wants_is_known_from_its_first_bytes() -> None:
    """A bound that is judged when all has come is none."""
    assert wanted_size(b"\x30\xff\xff\xff\x7f") == 5 + 2**28 - 1


@pytest.mark.parametrize(
    "garbled", [b"\x32\x01\x00", b"\x32\x09\x00\x05a\xff\x00", b"\x00\x00", b"\xf2\x00"]
)
def test_garble_is_told_as_such(garbled: bytes) -> None:
    """Whatever the codec does with it, the session ends and is opened anew."""
    with pytest.raises(ValueError, match=r"."):
        packet_of(garbled)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_text_that_is_no_utf_8_is_told_as_such() -> None:
    """The codec panics at it, and a panic is no Exception: the session stood still."""
    sound = mqtt5.PublishPacket("a", b"", user_properties=[("key", "value")]).write()
    with pytest.raises(ValueError, match="UTF-8"):
        packet_of(sound.replace(b"key", b"k\xffy"))


def test_a_publish_is_asked_for() -> None:
    """An answer in the place of a message is a broken peer."""
    with pytest.raises(ValueError, match="PubAckPacket instead of PUBLISH"):
        publish_of(mqtt5.PubAckPacket(1).write())
