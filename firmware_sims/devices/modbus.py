"""Modbus slaves, RTU on a line with wire timing and TCP (written from the Modbus specification).

Source: Modbus Application Protocol V1.1b3, Modbus over Serial Line V1.02; CRC-16 polynomial A001.
"""

from __future__ import annotations

import asyncio
import struct
from typing import TYPE_CHECKING, Final, Never

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from firmware_sims.devices.lines import Line
    from firmware_sims.field import Field

TURNAROUND_S: Final = 0.005
BITS_A_CHARACTER: Final = 10
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3


class Refusal(Exception):
    """A request is answered by an exception code."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


def crc16(data: bytes) -> bytes:
    """Return the two CRC bytes as sent, low byte first."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc.to_bytes(2, "little")


def floats_low_word_first(value: float) -> tuple[int, int]:
    """Return the two registers of a float whose less significant word comes first."""
    high, low = struct.unpack(">HH", struct.pack(">f", value))
    return low, high


def floats_high_word_first(value: float) -> tuple[int, int]:
    """Return the two registers of a float in network order."""
    high, low = struct.unpack(">HH", struct.pack(">f", value))
    return high, low


class RegisterSlave:
    """A unit with registers behind one read function."""

    def __init__(self, function: int, registers: Callable[[], dict[int, int]]) -> None:
        self._function = function
        self._registers = registers

    def answer(self, pdu: bytes) -> bytes:
        """Return the reply PDU. Raises Refusal."""
        if pdu[0] != self._function:
            raise Refusal(ILLEGAL_FUNCTION)
        if len(pdu) != 5:
            raise Refusal(ILLEGAL_VALUE)
        first, count = struct.unpack(">HH", pdu[1:5])
        if not 1 <= count <= 125:
            raise Refusal(ILLEGAL_VALUE)
        held = self._registers()
        try:
            words = [held[address] for address in range(first, first + count)]
        except KeyError as error:
            raise Refusal(ILLEGAL_ADDRESS) from error
        return bytes([pdu[0], 2 * count]) + b"".join(struct.pack(">H", word) for word in words)


class RtuBus:
    """Units on one RS-485 line; it answers at line speed and stays silent for strangers."""

    def __init__(self, name: str, line: Line, units: dict[int, RegisterSlave], baud: int) -> None:
        self.name = name
        self._line = line
        self._units = units
        self._character_s = BITS_A_CHARACTER / baud
        self._frame = bytearray()
        self._heard = asyncio.Event()

    async def run(self) -> Never:
        """Serve for ever: a frame ends with 3.5 characters of silence."""
        self._line.open(self._received)
        silence_s = max(3.5 * self._character_s, 0.00175)
        try:
            while True:
                await self._heard.wait()
                while self._heard.is_set():
                    self._heard.clear()
                    await asyncio.sleep(silence_s)
                whole, self._frame = bytes(self._frame), bytearray()
                await self._reply(whole)
        finally:
            self._line.close()

    def _received(self, data: bytes) -> None:
        self._frame += data
        del self._frame[:-256]
        self._heard.set()

    async def _reply(self, whole: bytes) -> None:
        if len(whole) < 4 or crc16(whole[:-2]) != whole[-2:]:
            return
        unit = self._units.get(whole[0])
        if unit is None:
            return
        # A pty is faster than the line: the request's own characters take their time first.
        await asyncio.sleep(len(whole) * self._character_s + TURNAROUND_S)
        try:
            body = bytes([whole[0]]) + unit.answer(whole[1:-2])
        except Refusal as refusal:
            body = bytes([whole[0], whole[1] | 0x80, refusal.code])
        frame = body + crc16(body)
        await asyncio.sleep(len(frame) * self._character_s)
        self._line.write(frame)


class DockPlc:
    """A Modbus TCP PLC: discrete inputs of a dock, coils for gate and stack light."""

    def __init__(
        self,
        name: str,
        address_file: Path,
        field: Field,
        dock: str,
        channels: tuple[tuple[str, ...], tuple[str, ...]],
        listen: str,
    ) -> None:
        self.name = name
        self._file = address_file
        self._field = field
        self._dock = dock
        self._inputs, self._outputs = channels
        self._coils = [False] * len(self._outputs)
        self._listen = listen

    async def run(self) -> Never:
        """Serve for ever."""
        host, _, port = self._listen.rpartition(":")
        server = await asyncio.start_server(self._serve, host, int(port))
        bound = server.sockets[0].getsockname()[1]
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(f"127.0.0.1:{bound}\n", encoding="ascii")
        async with server:
            await server.serve_forever()
        raise AssertionError("a server serves for ever")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readexactly(7)
                number, protocol, size, unit = struct.unpack(">HHHB", head)
                if protocol != 0 or not 2 <= size <= 254:
                    return
                pdu = await reader.readexactly(size - 1)
                try:
                    body = self._answer(pdu)
                except Refusal as refusal:
                    body = bytes([pdu[0] | 0x80, refusal.code])
                writer.write(struct.pack(">HHHB", number, 0, len(body) + 1, unit) + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            return
        finally:
            writer.close()

    def _answer(self, pdu: bytes) -> bytes:
        function = pdu[0]
        if function in {1, 2} and len(pdu) == 5:
            first, count = struct.unpack(">HH", pdu[1:])
            bits = self._coils if function == 1 else self._sensed()
            if not 1 <= count <= 2000:
                raise Refusal(ILLEGAL_VALUE)
            if first + count > len(bits):
                raise Refusal(ILLEGAL_ADDRESS)
            return bytes([function, (count + 7) // 8]) + _packed(bits[first : first + count])
        if function == 5 and len(pdu) == 5:
            address, value = struct.unpack(">HH", pdu[1:])
            if value not in {0x0000, 0xFF00}:
                raise Refusal(ILLEGAL_VALUE)
            self._set(address, is_on=value == 0xFF00)
            return pdu
        if function == 15 and len(pdu) >= 7:
            first, count, size = struct.unpack(">HHB", pdu[1:6])
            if size != (count + 7) // 8 or len(pdu) != 6 + size:
                raise Refusal(ILLEGAL_VALUE)
            for at in range(count):
                self._set(first + at, is_on=bool(pdu[6 + at // 8] >> at % 8 & 1))
            return pdu[:5]
        raise Refusal(ILLEGAL_FUNCTION)

    def _sensed(self) -> list[bool]:
        return [self._field.input_is_on(self._dock, channel) for channel in self._inputs]

    def _set(self, address: int, *, is_on: bool) -> None:
        if address >= len(self._coils):
            raise Refusal(ILLEGAL_ADDRESS)
        self._coils[address] = is_on
        self._field.set_coil(self._dock, self._outputs[address], is_on=is_on)


def _packed(bits: list[bool]) -> bytes:
    size = (len(bits) + 7) // 8
    return sum(1 << at for at, bit in enumerate(bits) if bit).to_bytes(size, "little")
