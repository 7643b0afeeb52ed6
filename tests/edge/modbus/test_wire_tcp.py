"""Modbus TCP: each answer bears the number of its question, and only then is one."""

from __future__ import annotations

import asyncio
import struct
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edge.errors import BadReply, LinkLost, NoReply
from edge.modbus.open import tcp_bus
from edge.modbus.pdu import Refused, read, words_of
from edge.modbus.wire_tcp import SILENT_COUNT_MAX
from tests.edge.modbus.bench import play

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from edge.modbus.master import Master

    Answer = Callable[[int, int, int, int], list[bytes]]
    """Takes transaction, unit, address and count; returns what the device sends."""


def framed(number: int, unit: int, pdu: bytes) -> bytes:
    """Return a frame."""
    return struct.pack(">HHHB", number, 0, 1 + len(pdu), unit) + pdu


def sound(number: int, unit: int, address: int, count: int) -> list[bytes]:
    """Answer with registers that hold their address."""
    words = struct.pack(f">{count}H", *range(address, address + count))
    return [framed(number, unit, bytes([3, 2 * count]) + words)]


def on_device(answer: Answer, story: Callable[[Master], Awaitable[None]]) -> None:
    """Tell a story to a master of ours on a device that answers so."""

    async def run() -> None:
        closed = asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                while True:
                    head = await reader.readexactly(12)
                    number, _, _, unit, _, address, count = struct.unpack(">HHHBBHH", head)
                    for piece in answer(number, unit, address, count):
                        writer.write(piece)
                        await writer.drain()
                        await asyncio.sleep(0)
            except (asyncio.IncompleteReadError, ConnectionError):
                pass  # The master let go.
            finally:
                writer.close()
                closed.set()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        bus = tcp_bus(f"127.0.0.1:{port}", timeout_s=0.1, data_dir=Path("/"), clock=time.monotonic)
        await bus.line.connect()
        serving = asyncio.create_task(bus.master.serve())
        await asyncio.sleep(0)
        try:
            await story(bus.master)
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
            bus.line.close()
            await closed.wait()
            server.close()
            await server.wait_closed()

    play(run)


async def words(master: Master, address: int, count: int) -> tuple[int, ...]:
    """Read holding registers of unit 1."""
    return words_of(await master.ask(read(1, "holding", address, count)))


def test_a_late_answer_is_skipped_however_late_it_is() -> None:
    """A gateway behind a mobile line answers seconds later."""
    kept: list[bytes] = []

    def late(number: int, unit: int, address: int, count: int) -> list[bytes]:
        kept.extend(sound(number, unit, address, count))
        return [] if address == 0 else list(kept)

    async def story(master: Master) -> None:
        with pytest.raises(NoReply):
            await words(master, 0, 2)
        assert await words(master, 100, 2) == (100, 101)

    on_device(late, story)


def test_an_answer_in_pieces_is_put_together() -> None:
    """TCP cuts where it likes."""

    def cut(number: int, unit: int, address: int, count: int) -> list[bytes]:
        (frame,) = sound(number, unit, address, count)
        return [frame[at : at + 1] for at in range(len(frame))]

    async def story(master: Master) -> None:
        assert await words(master, 7, 3) == (7, 8, 9)

    on_device(cut, story)


@pytest.mark.parametrize(
    ("pdu", "unit", "error"),
    [
        (b"\x03\x04\x00\x07\x00\x08", 9, BadReply),
        (b"\x04\x04\x00\x07\x00\x08", 1, BadReply),
        (b"\x03\x02\x00\x07", 1, BadReply),
        (b"\x03\x04\x00\x07", 1, BadReply),
        (b"\x83\x02", 1, Refused),
    ],
)
def test_what_is_not_the_answer_is_refused(pdu: bytes, unit: int, error: type[Exception]) -> None:
    """A gateway may mix up its units as well as a line does."""

    async def story(master: Master) -> None:
        with pytest.raises(error):
            await words(master, 7, 2)

    on_device(lambda number, *_: [framed(number, unit, pdu)], story)


def test_a_stream_that_is_no_modbus_and_a_silent_one_are_opened_anew() -> None:
    """Half a frame lost means that every later one is read at the wrong place."""

    async def foul(master: Master) -> None:
        with pytest.raises(LinkLost, match="no Modbus TCP header"):
            await words(master, 7, 2)

    on_device(lambda *_: [b"HTTP/1.1 400 Bad Request\r\n"], foul)

    async def silent(master: Master) -> None:
        for _ in range(SILENT_COUNT_MAX - 1):
            with pytest.raises(NoReply):
                await words(master, 7, 2)
        with pytest.raises(LinkLost):
            await words(master, 7, 2)

    on_device(lambda *_: [], silent)
