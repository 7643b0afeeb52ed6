"""LLRP: printed frames, two readers that were written apart, a backlog, a clock that lies."""

from __future__ import annotations

import asyncio
import random
import resource
import ssl
import struct
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from llrpkit.emulator import EmulatedTag, LLRPEmulator

from edge.devices.llrp import commands
from edge.devices.llrp.codec import MESSAGE_BYTES_MAX, codec
from edge.readings import ClockTold, FrameCorrupt, TagRead, Told
from firmware_sims.devices.llrp import LlrpReader, envelope, ok, param
from firmware_sims.field import TagInField
from runtime.settings import SettingsRefused
from tests.edge.devices.hall_of_readers import EPC, OTHER, TagField, reader, running, until

if TYPE_CHECKING:
    from pathlib import Path

    from edge.catalogue.readers import ReaderRunner
    from edge.readings import Reading

REPORT = bytes.fromhex(
    "04 3D 00 00 00 38 00 00 00 4D 00 F0 00 2E 8D 30 74 25 7B F7 19 4E 40 00 00 1A 85 81 00 02"
    "86 C7 87 00 0E 82 00 06 0A 24 18 1E 40 00 84 00 06 0A 24 18 22 10 90 88 00 03"
)
KEEPALIVE = bytes.fromhex("04 3E 00 00 00 0A 00 00 00 01")
LONG_EPC = bytes.fromhex("F73795211411234538566CB0AFC40000")
LONG = envelope(
    61, 9, param(240, param(241, struct.pack("!H", 128), LONG_EPC), b"\x81\x00\x03", b"\x86\xc4")
)
GREETING = envelope(
    63, 0, param(246, param(128, struct.pack("!Q", 1_700_000_000_000_000)), param(256, b"\0\0"))
)
REFUSAL = envelope(30, 4, ok(101, b"field error"))
FRAMES = (REPORT, KEEPALIVE, LONG, GREETING, REFUSAL)


def test_frames_that_others_decode_in_the_same_way() -> None:
    """EPC, antenna 2, -57 dBm, seen three times, the later of its two stamps."""
    (tag,) = codec().feed(REPORT)
    stamp_us = int.from_bytes(bytes.fromhex("00060A2418221090"), "big")
    epc = bytes.fromhex("3074257BF7194E4000001A85")
    assert tag == TagRead(epc=epc, rssi_dbm=-57, antenna=2, t_ns=stamp_us * 1000, reads_count=3)
    assert codec().feed(KEEPALIVE) == [Told(head="KEEPALIVE", text="1")]
    assert commands.keepalive_ack(1) == bytes.fromhex("04 48 00 00 00 0A 00 00 00 01")


def test_a_long_epc_a_greeting_and_a_refusal() -> None:
    """What is no 96-bit tag comes in another parameter; a greeting tells the reader's time."""
    assert codec().feed(LONG) == [TagRead(epc=LONG_EPC, rssi_dbm=-60, antenna=3)]
    assert codec().feed(GREETING) == [
        ClockTold(t_ns=1_700_000_000_000_000_000),
        Told(head="CONNECTION", text="accepted"),
    ]
    assert codec().feed(REFUSAL) == [Told(head="ADD_ROSPEC_RESPONSE", text="101 field error")]


def test_the_phase_of_impinjs_extension_is_a_part_of_a_turn() -> None:
    """Half of 4096 steps is half a turn."""
    phase = param(1023, struct.pack("!LLH", 25882, 56, 2048))
    (tag,) = codec().feed(envelope(61, 1, param(240, b"\x8d" + EPC, phase)))
    assert isinstance(tag, TagRead)
    assert tag.phase_rad == pytest.approx(3.14159, abs=1e-4)


@settings(max_examples=25)
@given(data=st.data())
def test_cuts_never_change_the_readings(data: st.DataObject) -> None:
    """TCP may cut the stream anywhere."""
    pieces = st.one_of(st.sampled_from(FRAMES), st.binary(max_size=6))
    stream = b"".join(data.draw(st.lists(pieces, max_size=6)))
    cut, whole = codec(), codec()
    got: list[Reading] = []
    for byte in stream:
        got += cut.feed(bytes([byte]))
    assert got == whole.feed(stream)


@settings(max_examples=60)
@given(data=st.data())
def test_mutated_messages_raise_nothing_and_memory_is_bounded(data: st.DataObject) -> None:
    """A reader's firmware has bugs too."""
    stream = bytearray(b"".join(data.draw(st.lists(st.sampled_from(FRAMES), min_size=1))))
    for _ in range(data.draw(st.integers(1, 5))):
        stream[data.draw(st.integers(0, len(stream) - 1))] = data.draw(st.integers(0, 255))
    one = codec()
    one.feed(bytes(stream))
    assert len(one._pending) <= MESSAGE_BYTES_MAX


@pytest.mark.parametrize(
    "body",
    [
        param(240, b"\x8d\x30"),  # half an EPC
        param(240, b"\x81\x00\x01"),  # none
        param(240, param(241, b"\x00\x60\x30")),  # 96 bits in one byte
        param(240, b"\xa0"),  # a parameter that nobody knows the size of
        b"\x00\xf0\x00\xff\x00",  # longer than its message
    ],
)
def test_a_report_that_does_not_fit_is_a_fault(body: bytes) -> None:
    """A wrong length must never shift one tag's antenna to the next."""
    (fault,) = codec().feed(envelope(61, 1, body))
    assert isinstance(fault, FrameCorrupt)


def status(runner: ReaderRunner) -> tuple[str, str]:
    """Return what the reader's birth says of it now."""
    (driver,) = runner.drivers
    birth = driver.birth()
    return birth.status, birth.status_reason


def test_an_independent_readers_tags_come_and_its_keepalives_are_answered(tmp_path: Path) -> None:
    """Their emulator and our driver share nothing but the standard."""

    async def scenario() -> None:
        tags = [
            EmulatedTag(epc=EPC, antennas=(1,), rssi_dbm=-50.0),
            EmulatedTag(epc=OTHER, antennas=(2,), rssi_dbm=-52.0),
            EmulatedTag(epc=LONG_EPC[:12], antennas=(3,), rssi_dbm=-52.0),
        ]
        async with LLRPEmulator(port=0, tags=tags, reads_per_sec=200, seed=1) as emulator:
            runner = reader(
                tmp_path,
                family="llrp",
                port=f"tcp://127.0.0.1:{emulator.port}",
                antennas=[1, 2],
                keepalive_s=0.1,
                power_dbm=30.0,
            )
            async with running(runner) as told:
                await until(lambda: len(told.events) >= 2)
                await until(lambda: emulator.keepalive_acks >= 2)
                assert {one["epc_hex"] for one in told.events} == {
                    EPC.hex().upper(),
                    OTHER.hex().upper(),
                }
                first = told.events[0]
                assert abs(first["last_t_ns"] - time.time_ns()) < 5e9
                assert abs(first["device_t_ns"] - first["last_t_ns"]) < 2e9
                (driver,) = runner.drivers
                assert driver.birth().model == "Impinj 700, firmware llrpkit-emu 0.1"
                await emulator.set_antenna_connected(2, connected=False)
                await until(lambda: status(runner)[0] == "degraded")
                assert status(runner)[1].startswith("antenna 2 is not connected")
                await emulator.set_antenna_connected(2, connected=True)
                await until(lambda: status(runner)[0] == "ok")
            await until(lambda: emulator._writer is None)

    asyncio.run(scenario())


def test_sixty_six_thousand_old_reports_move_nothing_and_stall_nothing(tmp_path: Path) -> None:
    """After a night without network: what was is told as it was, and what is now is read now."""

    async def scenario() -> None:
        field = TagField([TagInField(epc=EPC, rssi_dbm=-50, read_ratio=1.0)])
        firmware = LlrpReader(field, "dock-1", random.Random(1), behind_s=5_000.0, queue_max=70_000)
        # Forty tags were there, each twice for a while, in the eleven hours until an hour ago.
        names = [number.to_bytes(12, "big") for number in range(1, 41)]
        for number in range(66_000):
            firmware.gather(names[number % 40], ago_s=43_200 - number * (39_600 / 66_000))
        assert len(firmware._waiting) == 66_000
        async with firmware.listening() as port:
            runner = reader(tmp_path, family="llrp", port=f"tcp://127.0.0.1:{port}", depart_s=60.0)
            before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            async with running(runner) as told:
                await until(lambda: len(told.events) == 41, limit_s=60)
                grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb
                arrived = [one for one in told.events if one["what"] == "arrived"]
                late = [one for one in told.events if one["what"] == "departed"]
                assert [one["epc_hex"] for one in arrived] == [EPC.hex().upper()]
                assert {bytes.fromhex(one["epc_hex"]) for one in late} == set(names)
                now_ns = time.time_ns()
                for one in late:
                    assert abs(now_ns - 43_200e9 - one["first_t_ns"]) < 120e9
                    assert abs(now_ns - 3_600e9 - one["last_t_ns"]) < 120e9
                    assert one["reads_count"] == 66_000 / 40
                    assert one["quality"] == "uncertain"
                    assert abs(one["last_t_ns"] - one["device_t_ns"] - 5_000e9) < 2e9
                    assert one["t_ns"] // 1_000_000 == one["last_t_ns"] // 1_000_000
                assert len({one["t_ns"] for one in late}) == len(late)
                # The live tag did not wait for the old ones' visits to be told.
                assert told.events[0]["what"] == "arrived"
                assert grown_kb < 40_000
                assert status(runner)[0] == "degraded"
                assert status(runner)[1].startswith("its clock is 5000 s behind: times are")

    asyncio.run(scenario())


def test_what_was_read_while_the_cable_was_out_is_told_late(tmp_path: Path) -> None:
    """The reader reads on: a pallet that came and went meanwhile has been there."""

    async def scenario() -> None:
        field = TagField([])
        firmware = LlrpReader(field, "dock-1", random.Random(1))
        async with firmware.listening() as port:
            settings = {"family": "llrp", "port": f"tcp://127.0.0.1:{port}", "keepalive_s": 0.2}
            runner = reader(tmp_path, antennas=[1, 2], power_dbm=25.4, **settings)
            async with running(runner) as told:
                await until(lambda: firmware.is_active)
                assert (firmware.antennas, firmware.power_row) == ((1, 2), 16)
                # Silence without a closed connection: only the keepalives' absence tells.
                firmware.is_mute = True
                await until(lambda: status(runner)[0] == "lost")
                assert "no keepalive" in status(runner)[1]
                assert firmware.is_active, "it is to read on while nobody hears it"
                firmware.is_mute = False
                firmware.drop()
                for at in range(5):
                    firmware.gather(OTHER, ago_s=30 - at * 0.1)
                await until(lambda: told.events)
                assert told.whats() == ["departed"]
                assert abs(time.time_ns() - 29.6e9 - told.events[0]["last_t_ns"]) < 3e9
                field.here = [TagInField(epc=EPC, rssi_dbm=-50, read_ratio=1.0)]
                await until(lambda: told.whats() == ["departed", "arrived"])
                assert status(runner) == ("ok", "")
                firmware.antenna_changed(2, is_connected=False)
                await until(lambda: status(runner)[0] == "degraded")
            await until(lambda: firmware.closes_count == 1)
            assert not firmware.is_active

    asyncio.run(scenario())


def test_a_reader_that_another_program_holds_says_so(tmp_path: Path) -> None:
    """Its maker's demo program is the usual one."""

    async def scenario() -> None:
        firmware = LlrpReader(TagField([]), "dock-1", random.Random(1))
        async with firmware.listening() as port:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            runner = reader(tmp_path, family="llrp", port=f"tcp://127.0.0.1:{port}")
            async with running(runner):
                await until(lambda: status(runner)[0] == "lost")
                assert "another program holds the reader" in status(runner)[1]
                writer.close()
                await until(lambda: status(runner)[0] == "ok")

    asyncio.run(scenario())


def test_a_port_that_speaks_something_else_is_said_to(tmp_path: Path) -> None:
    """A web server on the reader's address, or a scale: not a reader that is silent."""

    async def scenario() -> None:
        peers: list[asyncio.StreamWriter] = []

        async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            peers.append(writer)
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        runner = reader(tmp_path, family="llrp", port=f"tcp://127.0.0.1:{port}")
        async with running(runner):
            await until(lambda: status(runner)[0] == "lost")
            assert "bytes that are no LLRP" in status(runner)[1]
        server.close()
        for peer in peers:
            peer.close()
        await asyncio.sleep(0)  # What is left open would fail whatever test runs next.

    asyncio.run(scenario())


def test_a_serial_port_is_refused_with_what_to_write(tmp_path: Path) -> None:
    """LLRP has no serial form."""
    with pytest.raises(SettingsRefused, match="tcp://HOST:5084"):
        reader(tmp_path, family="llrp", port="dev/uhf")


def test_over_tls_a_reader_is_believed_only_with_its_certificate(tmp_path: Path) -> None:
    """5085: somebody else's box on the reader's address must not tell us what passed a gate."""
    key, certificate = tmp_path / "key.pem", tmp_path / "reader.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-keyout", str(key), "-out", str(certificate), "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
        check=True,
        capture_output=True,
    )  # fmt: skip
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)

    async def scenario() -> None:
        firmware = LlrpReader(TagField(), "dock-1", random.Random(1))
        server = await asyncio.start_server(firmware._serve, "localhost", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        settings = {"family": "llrp", "port": f"tls://localhost:{port}"}
        stranger = reader(tmp_path, **settings)
        async with running(stranger):
            await until(lambda: status(stranger)[0] == "lost")
            assert "TLS: " in status(stranger)[1]
        known = reader(tmp_path, ca_file=str(certificate), **settings)
        async with running(known):
            await until(lambda: firmware.is_active)
            await until(lambda: status(known)[0] == "ok")
        server.close()
        firmware.drop()
        await asyncio.sleep(0)

    asyncio.run(scenario())
