"""A UHF reader that speaks the M100 / R200 protocol (BB ... 7E).

Source: vendor protocol V2.1: BB type command length(2) parameters checksum 7E, the checksum being the
low byte of the sum from type to the last parameter; a notice bears RSSI, PC, EPC, CRC-16/GENIBUS.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import random

    from firmware_sims.devices.lines import Line
    from firmware_sims.field import Field, TagInField

ROUND_S: Final = 0.05
_BEGIN, _END = 0xBB, 0x7E
_SINGLE, _MULTI, _STOP, _VERSION, _REGION, _POWER = 0x22, 0x27, 0x28, 0x03, 0x07, 0xB6
_ERROR: Final = 0xFF
_NO_TAG, _BAD_COMMAND = 0x15, 0x17


def frame(kind: int, command: int, parameters: bytes) -> bytes:
    """Return a whole frame."""
    body = bytes([kind, command, len(parameters) >> 8, len(parameters) & 0xFF]) + parameters
    return bytes([_BEGIN]) + body + bytes([sum(body) & 0xFF, _END])


def crc_genibus(data: bytes) -> int:
    """Return CRC-16/GENIBUS: polynomial 1021, start FFFF, result inverted."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = ((crc << 1) ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc ^ 0xFFFF


def notice(tag: TagInField) -> bytes:
    """Return the notice of one read."""
    words = len(tag.epc) // 2
    told = (words << 11).to_bytes(2, "big") + tag.epc
    crc = crc_genibus(told).to_bytes(2, "big")
    return frame(0x02, _SINGLE, bytes([tag.rssi_dbm & 0xFF]) + told + crc)


class M100Reader:
    """One reader with one antenna."""

    def __init__(
        self, name: str, line: Line, field: Field, read_point: str, rng: random.Random
    ) -> None:
        self.name = name
        self._line = line
        self._field = field
        self._read_point = read_point
        self._rng = rng
        self._buffer = b""
        self._rounds_left = 0

    async def run(self) -> None:
        """Serve for ever."""
        self._line.open(self._received)
        try:
            while True:
                await asyncio.sleep(ROUND_S)
                if self._rounds_left > 0:
                    self._rounds_left -= 1
                    self._round()
        finally:
            self._line.close()

    def _round(self) -> None:
        tags = self._field.tags(self._read_point)
        read = [tag for tag in tags if self._rng.random() < tag.read_ratio]
        for tag in read:
            self._line.write(notice(tag))
        if not read:
            self._line.write(frame(0x01, _ERROR, bytes([_NO_TAG])))

    def _received(self, data: bytes) -> None:
        self._buffer = (self._buffer + data)[-512:]
        while True:
            start = self._buffer.find(bytes([_BEGIN]))
            if start < 0:
                self._buffer = b""
                return
            self._buffer = self._buffer[start:]
            if len(self._buffer) < 7:
                return
            size = 7 + int.from_bytes(self._buffer[3:5], "big")
            if size > 128:
                self._buffer = self._buffer[1:]
                continue
            if len(self._buffer) < size:
                return
            whole, self._buffer = self._buffer[:size], self._buffer[size:]
            if whole[-1] != _END or sum(whole[1:-2]) & 0xFF != whole[-2]:
                self._line.write(frame(0x01, _ERROR, bytes([_BAD_COMMAND])))
                continue
            self._do(whole[2], whole[5:-2])

    def _do(self, command: int, parameters: bytes) -> None:
        if command == _SINGLE:
            self._round()
        elif command == _MULTI and len(parameters) == 3:
            self._rounds_left = int.from_bytes(parameters[1:3], "big")
        elif command == _STOP:
            self._rounds_left = 0
            self._line.write(frame(0x01, _STOP, b"\x00"))
        elif command == _VERSION:
            self._line.write(frame(0x01, _VERSION, b"\x00M100 26dBm V1.0"))
        elif command in {_REGION, _POWER}:
            self._line.write(frame(0x01, command, b"\x00"))
        else:
            self._line.write(frame(0x01, _ERROR, bytes([_BAD_COMMAND])))
