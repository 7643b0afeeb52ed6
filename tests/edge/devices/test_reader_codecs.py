"""Codecs of UHF readers: printed frames, cuts that change nothing, mutations that raise nothing."""

from __future__ import annotations

import importlib
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.devices.uhf_m6e import codec as m6e
from edge.devices.uhf_m100 import codec as m100
from edge.devices.uhf_r2000 import codec as r2000
from edge.devices.uhf_reader18 import codec as reader18
from edge.devices.uhf_reader288 import codec as reader288
from edge.packets import PacketCodec, crc_mcrf4xx
from edge.readings import FrameCorrupt, Reading, RoundEnd, TagRead, Told

if TYPE_CHECKING:
    from collections.abc import Callable

EPC = bytes.fromhex("3074257BF7194E4000001A85")
SSCC = bytes.fromhex("3174257BF4499602D2000000")


def frames(*texts: str) -> tuple[bytes, ...]:
    """Return bytes of spaced hex."""
    return tuple(bytes.fromhex(text) for text in texts)


M100 = frames(
    "BB 02 22 00 11 C3 30 00 30 74 25 7B F7 19 4E 40 00 00 1A 85 AA F9 4C 7E",
    "BB 02 22 00 15 D0 40 00 F7 37 95 21 14 11 23 45 38 56 6C B0 AF C4 00 00 A6 A5 22 7E",
    "BB 01 FF 00 01 15 16 7E",
    "BB 01 28 00 01 00 2A 7E",
)
READER18 = frames(
    "13 00 01 01 01 0C 30 74 25 7B F7 19 4E 40 00 00 1A 85 93 82",
    "20 00 01 03 02 0C 3074257BF7194E4000001A85 0C 3174257BF4499602D2000000 B5 E3",
    "05 00 01 FB F2 3D",
    "05 00 00 FE 87 73",
    "05 00 01 FD C4 58",
)
READER288 = frames(
    "15 00 01 01 04 01 0C 30 74 25 7B F7 19 4E 40 00 00 1A 85 5A 3B 78",
    "0C 00 01 26 01 00 64 00 00 00 C8 5A AD",
    "14 00 EE 00 01 0C 3074257BF7194E4000001A85 5A 88 B0",
    "05 00 01 FB F2 3D",
)
R2000 = frames(
    "A0 13 01 89 1D 30 00 30 74 25 7B F7 19 4E 40 00 00 1A 85 47 AE",
    "A0 0A 01 89 01 00 19 00 00 00 03 AF",
    "A0 04 01 89 22 B0",
)
M6E = frames(
    "FF 28 22 00 00 10 00 1B 01 FF 01 01 C4 11 0D 35 A4 00 00 01 27 00 00 05 00 00 0F 00 80"
    "30 00 30 74 25 7B F7 19 4E 40 00 00 1A 85 AA F9 2A DB",
    (b"\xff\x00\x22\x04\x00" + m6e.crc(b"\x00\x22\x04\x00")).hex(),
)
MAKERS = {
    "m6e": (m6e.codec, M6E),
    "m100": (m100.codec, M100),
    "reader18": (reader18.codec, READER18),
    "reader288": (reader288.codec, READER288),
    "hwvx": (lambda: reader288.codec("hwvx"), (*READER288, bytes.fromhex("560000000000"))),
    "r2000": (r2000.codec, R2000),
}
NAMES = sorted(MAKERS)


def test_m100_frames_of_the_manual() -> None:
    """The reader's answer to a poll: -61 dBm, EPC by PC word, tag CRC checked."""
    codec = m100.codec()
    assert codec.feed(M100[0]) == [TagRead(epc=EPC, rssi_dbm=-61, antenna=1)]
    (long,) = codec.feed(M100[1])
    assert isinstance(long, TagRead)
    assert long.epc.hex() == "f73795211411234538566cb0afc40000"
    assert codec.feed(M100[2]) == [RoundEnd(status=0x15, text="no tag in this round")]


def test_m100_commands_are_those_of_the_manual() -> None:
    """The vendor prints some of these with a wrong checksum."""
    assert bytes.fromhex("BB 00 27 00 03 22 FF FF 4A 7E") == m100.START_MULTI
    assert m100.STOP == m100.command(0x28) == bytes.fromhex("BB 00 28 00 00 28 7E")
    assert m100.VERSION == m100.command(0x03, b"\0") == bytes.fromhex("BB 00 03 00 01 00 04 7E")
    assert m100.set_region("eu") == bytes.fromhex("BB 00 07 00 01 03 0B 7E")
    assert m100.set_region("us") == bytes.fromhex("BB 00 07 00 01 02 0A 7E")
    assert m100.set_power(26.0) == bytes.fromhex("BB 00 B6 00 02 0A 28 EA 7E")
    assert m100.command(0x08) == m100.GET_REGION
    assert m100.command(0xB7) == m100.GET_POWER


def test_m100_tells_errors_in_words() -> None:
    """A technician can't look up A3 on a ladder."""
    assert m100.error_text(0x20) == "no free radio channel in this region"
    assert m100.error_text(0xA3) == "reading a tag failed: Gen2 error 3"
    assert m100.error_text(0x77) == "error 77"


def test_m100_checks_the_tags_own_crc() -> None:
    """A frame whose sum fits may still bear a tag that was read wrongly."""
    wrong = bytearray(M100[0])
    wrong[10] ^= 1
    wrong[-2] = sum(wrong[1:-2]) & 0xFF
    (reading,) = m100.codec().feed(bytes(wrong))
    assert isinstance(reading, FrameCorrupt)
    assert reading.reason == "tag CRC"


def test_reader18_frames_of_the_manual() -> None:
    """One tag; two of which more follow; none; an unknown command."""
    codec = reader18.codec()
    tag, other = (TagRead(epc=epc, rssi_dbm=None, antenna=1) for epc in (EPC, SSCC))
    assert codec.feed(READER18[0]) == [tag, RoundEnd(status=1)]
    assert codec.feed(READER18[1]) == [tag, other]
    assert codec.feed(READER18[2]) == [RoundEnd(status=0xFB, text="no tag")]
    assert [one.status for one in codec.feed(READER18[3]) if isinstance(one, RoundEnd)] == [0xFE]
    assert [one.status for one in codec.feed(READER18[4]) if isinstance(one, RoundEnd)] == [0xFD]


@pytest.mark.parametrize("status", [1, 2, 4])
def test_reader18_takes_the_tags_of_every_end(status: int) -> None:
    """Time over and memory full are no errors: the tags before them were read."""
    body = bytes([0x13, 0, 1, status]) + READER18[0][4:-2]
    tag, end = reader18.codec().feed(body + crc_mcrf4xx(body))
    assert isinstance(tag, TagRead)
    assert isinstance(end, RoundEnd)
    assert end.status == status


def test_reader18_commands_of_the_manual() -> None:
    """Inventory, to all addresses, get info, scan time, power, TID inventory."""
    assert reader18.command(0x00, 0x01) == bytes.fromhex("04 00 01 DB 4B")
    assert reader18.command(0xFF, 0x01) == bytes.fromhex("04 FF 01 1B B4")
    assert reader18.command(0, reader18.GET_INFO) == bytes.fromhex("04 00 21 D9 6A")
    assert reader18.command(0, reader18.SET_SCAN_TIME, b"\x0a") == bytes.fromhex(
        "05 00 25 0A A7 9F"
    )
    assert reader18.command(0, reader18.SET_POWER, b"\x1a") == bytes.fromhex("05 00 2F 1A 56 72")
    assert reader18.command(0, reader18.SET_POWER, b"\x1e") == bytes.fromhex("05 00 2F 1E 72 34")
    assert reader18.command(0, 0x01, b"\0\6") == bytes.fromhex("06 00 01 00 06 FA 34")


def test_reader288_frames_of_the_manual() -> None:
    """Antenna 3 by its bit, RSSI byte 5A; statistics are no tag list; a tag pushed unasked."""
    codec = reader288.codec()
    tag, end = codec.feed(READER288[0])
    assert tag == TagRead(epc=EPC, rssi_dbm=0x5A - 129, antenna=3)
    assert end == RoundEnd(status=1)
    (counts,) = codec.feed(READER288[1])
    assert counts == Told(head="0126", text="antenna 1: 100 reads/s, 200 reads")
    assert codec.feed(READER288[2]) == [TagRead(epc=EPC, rssi_dbm=0x5A - 129, antenna=1)]
    assert codec.feed(READER288[3]) == [RoundEnd(status=0xFB, text="no tag")]


def test_reader288_inventory_is_the_manuals() -> None:
    """Q 15, session 0, antenna 1, two seconds."""
    body = bytes.fromhex("0F 00 01 00 00 00 00 80 14")
    assert reader288.command(0, 0x01, body) == bytes.fromhex(
        "0D 00 01 0F 00 01 00 00 00 00 80 14 5D EA"
    )
    for antenna in (1, 8):
        sent = reader288.inventory(antenna, scan_100ms=20)
        assert sent[:3] == b"\x0d\x00\x01"
        assert sent[-4:-2] == bytes([0x7F + antenna, 20])
        assert crc_mcrf4xx(sent) == b"\0\0"


@pytest.mark.parametrize("make", [reader18.codec, reader288.codec])
def test_a_round_ends_with_its_last_frame(make: Callable[[], PacketCodec]) -> None:
    """A driver that takes status 03 for the end asks again, and loses the frames under way."""
    good = READER18[0] if make is reader18.codec else READER288[0]
    for status, ends in ((3, 0), (1, 1), (2, 1), (4, 1)):
        body = good[:3] + bytes([status]) + good[4:-2]
        readings = make().feed(body + crc_mcrf4xx(body))
        assert sum(isinstance(one, TagRead) for one in readings) == 1
        assert sum(isinstance(one, RoundEnd) for one in readings) == ends


def test_each_disturbance_is_told_once() -> None:
    """Two of them around a good frame are two, and the bytes of one are not forty."""
    stream = b"\x01\x02\x03" + M100[2] + b"\xbb\x00\x01" + M100[2]
    kinds = [isinstance(one, FrameCorrupt) for one in m100.codec().feed(stream)]
    assert kinds == [True, False, True, False]


def test_reader288_tells_the_chips_number_apart_from_the_epc() -> None:
    """With FastID both come in one block: its highest length bit says so."""
    tid = bytes.fromhex("E28011602000712345678901")
    body = bytes([0x21, 0, 1, 1, 0x01, 1, 0x80 | 24]) + EPC + tid + b"\x50"
    tag, _ = reader288.codec().feed(body + crc_mcrf4xx(body))
    assert tag == TagRead(epc=EPC, rssi_dbm=0x50 - 129, antenna=1, tid=tid)


def test_reader288_counts_a_tag_for_each_antenna_that_saw_it() -> None:
    """The mask 05 is antennas 1 and 3 at once."""
    body = bytes([0x14, 0, 0xEE, 0, 0x05, 12]) + EPC + b"\x50"
    reads = reader288.codec("push").feed(body + crc_mcrf4xx(body))
    assert [one.antenna for one in reads if isinstance(one, TagRead)] == [1, 3]


def test_a_network_readers_heartbeat_is_no_length() -> None:
    """56 would be a frame of 87 bytes: every tag of the next half minute would be in it."""
    body = bytes([0x17, 0, 0xEE, 0, 0, 1]) + SSCC + bytes(4)
    stream = bytes.fromhex("560000000000") + body + crc_mcrf4xx(body)
    beat, tag = reader288.codec("hwvx").feed(stream)
    assert beat == RoundEnd(status=0x28, text="heartbeat")
    # An EPC's own zeros are no padding.
    assert tag == TagRead(epc=SSCC, rssi_dbm=None, antenna=1)


def test_r2000_frames_tell_tag_end_and_error_by_their_length() -> None:
    """All three answer the same command."""
    codec = r2000.codec()
    assert codec.feed(R2000[0]) == [TagRead(epc=EPC, rssi_dbm=0x47 - 129, antenna=2)]
    assert codec.feed(R2000[1]) == [RoundEnd(status=0)]
    assert codec.feed(R2000[2]) == [RoundEnd(status=0x22, text="the antenna is not connected")]
    assert r2000.command(1, 0x89, b"\x01") == bytes.fromhex("A0 04 01 89 01 D1")


def test_m6e_frames_of_published_captures() -> None:
    """-60 dBm on antenna 1; no tag; the two commands whose bytes are printed."""
    codec = m6e.codec()
    assert codec.feed(M6E[0]) == [TagRead(epc=EPC, rssi_dbm=-60, antenna=1, phase_rad=0.0)]
    assert codec.feed(M6E[1]) == [RoundEnd(status=0x0400, text="no tag")]
    assert m6e.command(m6e.GET_VERSION) == bytes.fromhex("FF 00 03 1D 0C")
    assert m6e.command(0x22, bytes.fromhex("000001F4")) == bytes.fromhex("FF 04 22 000001F4 2D B3")
    blob = "0000012200000507 2210001B03E801FF"
    assert m6e.start() == m6e.command(m6e.CONTINUOUS, bytes.fromhex(blob))


def test_the_m6e_crc_is_the_one_of_its_definition() -> None:
    """Half a byte at a time through the register, as the module does it."""
    check = importlib.import_module("firmware_sims.devices.m6e").mercury_crc
    for data in (b"\0\3", b"123456789", bytes(range(256)), EPC):
        assert m6e.crc(data) == check(data)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25)
@given(data=st.data())
def test_cuts_never_change_the_readings(name: str, data: st.DataObject) -> None:
    """A serial driver may cut the stream anywhere; one byte at a time is every cut at once."""
    make, good = MAKERS[name]
    pieces = st.one_of(st.sampled_from(good), st.binary(max_size=6))
    stream = b"".join(data.draw(st.lists(pieces, max_size=8)))
    whole, codec = make(), make()
    got: list[Reading] = []
    for byte in stream:
        got += codec.feed(bytes([byte]))
        assert len(codec._pending) <= 270
    assert [*got, *codec.finish()] == [*whole.feed(stream), *whole.finish()]


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25)
@given(data=st.data())
def test_a_good_frame_after_noise_and_a_pause_is_read(name: str, data: st.DataObject) -> None:
    """One byte of noise may look like the length of a long frame: the pause ends that belief."""
    make, good = MAKERS[name]
    codec = make()
    codec.feed(data.draw(st.binary(max_size=40)))
    frame = data.draw(st.sampled_from(good))
    expected = make().feed(frame)
    readings = [*codec.feed(frame), *codec.finish()]
    assert all(one in readings for one in expected)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25)
@given(data=st.data())
def test_mutated_frames_raise_nothing_and_memory_is_bounded(name: str, data: st.DataObject) -> None:
    """Noise is daily bread on a long cable."""
    make, good = MAKERS[name]
    stream = bytearray(data.draw(st.sampled_from(good)) * 3)
    for _ in range(data.draw(st.integers(1, 5))):
        stream[data.draw(st.integers(0, len(stream) - 1))] = data.draw(st.integers(0, 255))
    codec = make()
    codec.feed(bytes(stream))
    assert len(codec._pending) <= 270
    codec.finish()
    assert not codec._pending


@pytest.mark.parametrize("name", NAMES)
def test_the_worst_noise_costs_no_more_than_its_bytes(name: str) -> None:
    """Bytes that each look like the begin of a long frame must not stop the edge: CPU, not wall."""
    make, good = MAKERS[name]
    for byte in {good[0][0], 0x00, 0xFF, 0xA0, 0xBB}:
        codec: PacketCodec = make()
        began_s = time.process_time()
        codec.feed(bytes([byte]) * 20_000)
        codec.finish()
        assert time.process_time() - began_s < 5.0


def test_the_crc_is_the_one_of_its_definition() -> None:
    """Bit by bit, as the manual prints it."""
    check = importlib.import_module("firmware_sims.devices.checks").crc16_reflected
    for data in (b"", b"123456789", bytes(range(256)), EPC):
        assert crc_mcrf4xx(data) == check(data).to_bytes(2, "little")
    assert crc_mcrf4xx(b"123456789") == bytes.fromhex("916F")
