"""Dock PLC on Modbus TCP (messaging guide V1.0b): a 7-byte header, then the PDU.

Header: transaction (2), protocol 0 (2), length of unit and PDU (2), unit.
"""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from typing import TYPE_CHECKING, Final, Never

from firmware_sims.devices.modbus import GATEWAY_TARGET_FAILED, BitUnit, exception

if TYPE_CHECKING:
    from pathlib import Path

    from firmware_sims.field import Field

INPUTS: Final = ("eye-inner", "eye-outer", "exit-beam", "gate-closed", "truck-present")
COILS: Final = ("gate", "light-red", "light-amber", "light-green")
UNITS: Final = frozenset({0, 1, 0xFF})
"""0 and 255 name the TCP device itself."""
HEADER_BYTES: Final = 7
LENGTH_MAX: Final = 254
CONNECTIONS_MAX: Final = 8
REPLY_S_MAX: Final = 5.0


class Plc:
    """One dock's PLC: its coils live as long as the process, whoever connects."""

    def __init__(self, name: str, field: Field, dock: str, *, host: str, port: int) -> None:
        self.name = name
        self._host = host
        self._port = port
        self._connections: set[asyncio.StreamWriter] = set()
        self._address_file: Path | None = None
        self._bits = BitUnit(
            [partial(field.input_is_on, dock, channel) for channel in INPUTS],
            [partial(_drive, field, dock, channel) for channel in COILS],
        )

    def announce_in(self, address_file: Path) -> None:
        """Write the address to `address_file` while the PLC listens."""
        self._address_file = address_file

    async def run(self) -> Never:
        """Listen for ever."""
        server = await asyncio.start_server(self._serve, self._host, self._port)
        port = server.sockets[0].getsockname()[1]
        try:
            if self._address_file is not None:
                write_address(self._address_file, f"127.0.0.1:{port}")
            while True:
                await asyncio.Event().wait()
        finally:
            server.close()
            for writer in self._connections:
                writer.close()
            if self._address_file is not None:
                self._address_file.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._connections) >= CONNECTIONS_MAX:
            writer.close()
            return
        self._connections.add(writer)
        try:
            with contextlib.suppress(ConnectionError, TimeoutError, asyncio.IncompleteReadError):
                while await self._answer_one(reader, writer):
                    pass
        finally:
            self._connections.discard(writer)
            writer.close()

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; return False where the stream is no Modbus TCP."""
        header = await reader.readexactly(HEADER_BYTES)
        length = int.from_bytes(header[4:6], "big")
        if header[2:4] != b"\0\0" or not 2 <= length <= LENGTH_MAX:
            return False
        pdu = await reader.readexactly(length - 1)
        if header[6] in UNITS:
            reply = self._bits.answer(pdu)
        else:
            reply = exception(pdu[0], GATEWAY_TARGET_FAILED)
        writer.write(header[:4] + (len(reply) + 1).to_bytes(2, "big") + header[6:] + reply)
        async with asyncio.timeout(REPLY_S_MAX):
            await writer.drain()
        return True


def write_address(address_file: Path, address: str) -> None:
    """Put "host:port" where the edge looks for it, in one step."""
    address_file.parent.mkdir(parents=True, exist_ok=True)
    fresh = address_file.with_name(f".{address_file.name}.new")
    fresh.write_text(address + "\n", encoding="ascii")
    fresh.replace(address_file)


def _drive(field: Field, dock: str, channel: str, is_on: bool) -> None:  # noqa: FBT001  Bound by partial.
    field.set_coil(dock, channel, is_on=is_on)
