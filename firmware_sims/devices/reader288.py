"""A UHF reader of the UHFReader288 family with two antennas.

Source: manual V1.14: length address command data CRC; the reply to an inventory bears status,
antenna bit mask, count, then length, EPC and RSSI byte of each tag. CRC-16/MCRF4XX, low byte first.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Never

if TYPE_CHECKING:
    import random

    from firmware_sims.devices.lines import Line
    from firmware_sims.field import Field

_INVENTORY, _INFO = 0x01, 0x21
_DONE, _NO_TAG, _BAD_LENGTH, _BAD_COMMAND = 0x01, 0xFB, 0xFD, 0xFE
RSSI_OFFSET: Final = 129
SCAN_S: Final = 0.04
TAGS_A_REPLY: Final = 8


def crc_mcrf4xx(data: bytes) -> bytes:
    """Return the two CRC bytes as sent: polynomial 8408 reflected, start FFFF."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0x8408 if crc & 1 else crc >> 1
    return crc.to_bytes(2, "little")


def reply(command: int, status: int, data: bytes = b"") -> bytes:
    """Return a whole reply of address 0."""
    body = bytes([len(data) + 5, 0x00, command, status]) + data
    return body + crc_mcrf4xx(body)


class Reader288:
    """One portal reader."""

    def __init__(
        self, name: str, line: Line, field: Field, read_point: str, rng: random.Random
    ) -> None:
        self.name = name
        self._line = line
        self._field = field
        self._read_point = read_point
        self._rng = rng
        self._buffer = b""
        self._asked: asyncio.Queue[bytes] = asyncio.Queue(16)

    async def run(self) -> Never:
        """Serve for ever, one command at a time."""
        self._line.open(self._received)
        try:
            while True:
                command = await self._asked.get()
                await self._do(command)
        finally:
            self._line.close()

    def _received(self, data: bytes) -> None:
        self._buffer = (self._buffer + data)[-256:]
        while self._buffer:
            size = self._buffer[0] + 1
            if not 5 <= size <= 64:
                self._buffer = self._buffer[1:]
                continue
            if len(self._buffer) < size:
                return
            whole = self._buffer[:size]
            if crc_mcrf4xx(whole[:-2]) != whole[-2:]:
                self._buffer = b""
                self._line.write(reply(0x00, _BAD_COMMAND))
                return
            self._buffer = self._buffer[size:]
            if not self._asked.full():
                self._asked.put_nowait(whole)

    async def _do(self, whole: bytes) -> None:
        address, command, data = whole[1], whole[2], whole[3:-2]
        if address not in {0x00, 0xFF}:
            return
        if command == _INFO:
            self._line.write(reply(_INFO, 0x00, bytes(12)))
        elif command == _INVENTORY:
            await self._inventory(data)
        else:
            self._line.write(reply(0x00, _BAD_COMMAND))

    async def _inventory(self, data: bytes) -> None:
        if len(data) not in {0, 2, 9}:
            self._line.write(reply(_INVENTORY, _BAD_LENGTH))
            return
        antenna = (data[7] & 0x7F) + 1 if len(data) == 9 else 1
        await asyncio.sleep(SCAN_S)
        tags = [
            tag
            for tag in self._field.tags(self._read_point)
            if tag.antenna == antenna and self._rng.random() < tag.read_ratio
        ]
        if not tags:
            self._line.write(reply(_INVENTORY, _NO_TAG))
            return
        told = b"".join(
            bytes([len(tag.epc)]) + tag.epc + bytes([(tag.rssi_dbm + RSSI_OFFSET) & 0xFF])
            for tag in tags[:TAGS_A_REPLY]
        )
        head = bytes([1 << (antenna - 1), min(len(tags), TAGS_A_REPLY)])
        self._line.write(reply(_INVENTORY, _DONE, head + told))
