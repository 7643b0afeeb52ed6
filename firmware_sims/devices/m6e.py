"""ThingMagic Mercury module (M6e): set up by its host after each power-up, then it streams tags.

Frame to it: FF Len Op Data CRC(2); from it: FF Len Op Status(2) Data CRC(2). Len counts the data.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Never

from firmware_sims.devices.checks import crc16_tag

if TYPE_CHECKING:
    import random

    from firmware_sims.devices.line import Line
    from firmware_sims.field import Field

ROUND_S: Final = 0.04
BEAT_S: Final = 1.0
VERSION: Final = bytes.fromhex("20150501 30000002 20170803 010B0034 00000010")


def mercury_crc(data: bytes) -> bytes:
    """Return the check of Len..Data: half a byte at a time through the register, never flushed."""
    register = 0xFFFF
    for byte in data:
        for half in (byte >> 4, byte & 0x0F):
            out = register >> 12
            register = (register << 4 | half) & 0xFFFF
            for bit in range(4):
                if out >> bit & 1:
                    register ^= 0x1021 << bit & 0xFFFF
    return register.to_bytes(2, "big")


def reply(code: int, status: int, data: bytes = b"") -> bytes:
    """Return a frame of the module."""
    body = bytes([len(data), code]) + status.to_bytes(2, "big") + data
    return b"\xff" + body + mercury_crc(body)


class M6e:
    """The module's state; what was set is lost when it is made anew."""

    def __init__(
        self,
        field: Field,
        read_point: str,
        rng: random.Random,
        *,
        saved_region: int = 0,
        plugged: frozenset[int] = frozenset({1, 2}),
    ) -> None:
        self._field = field
        self._read_point = read_point
        self._rng = rng
        self._half = bytearray()
        self.region = saved_region
        self.plugged = plugged
        self.power = 2700
        self.power_writes_count = 0
        self.antennas: tuple[int, ...] = ()
        self._is_gen2 = False
        self._is_running = False

    async def serve(self, line: Line) -> Never:
        """Answer commands, and stream while an inventory runs."""
        quiet_s = 0.0
        while True:
            came = await line.read(ROUND_S if self._is_running else None)
            for request in self._requests(came):
                await line.send(self._answer(request[2], request[3:-2]))
                quiet_s = 0.0
            if not self._is_running or came:
                continue
            quiet_s += ROUND_S
            unplugged = [one for one in self.antennas if one not in self.plugged]
            if unplugged and quiet_s >= BEAT_S / 2:
                await line.send(reply(0x22, 0x0503))
            for tag in self._field.tags(self._read_point):
                is_heard = tag.antenna in self.antennas and tag.antenna in self.plugged
                if is_heard and self._rng.random() < tag.read_ratio:
                    quiet_s = 0.0
                    await line.send(
                        reply(0x22, 0, self._record(tag.epc, tag.antenna, tag.rssi_dbm))
                    )
            if quiet_s >= BEAT_S:
                quiet_s = 0.0
                await line.send(reply(0x22, 0x0400))
            await asyncio.sleep(0)

    def _requests(self, came: bytes) -> list[bytes]:
        self._half += came
        whole: list[bytes] = []
        while len(self._half) >= 2:
            if self._half[0] != 0xFF:
                del self._half[0]
                continue
            size = self._half[1] + 5
            if len(self._half) < size:
                break
            request = bytes(self._half[:size])
            if mercury_crc(request[1:-2]) != request[-2:]:
                del self._half[0]
                continue
            del self._half[:size]
            whole.append(request)
        return whole

    def _answer(self, code: int, data: bytes) -> bytes:
        match code:
            case 0x03:
                return reply(code, 0, VERSION)
            case 0x91 if len(data) >= 3 and data[0] == 2 and len(data) % 2 == 1:
                self.antennas = tuple(data[1::2])
            case 0x92 if len(data) == 2:
                if int.from_bytes(data, "big") > 3000:
                    return reply(code, 0x0105)
                self.power_writes_count += 1
                self.power = int.from_bytes(data, "big")
            case 0x93 if data == b"\x00\x05":
                self._is_gen2 = True
            case 0x97 if len(data) == 1:
                if data[0] not in {1, 2, 3, 4, 5, 6, 8}:
                    return reply(code, 0x010A)
                self.region = data[0]
            case 0x2F if data == b"\x00\x00\x02":
                self._is_running = False
            case 0x2F if data == bytes.fromhex("0000012200000507 2210001B03E801FF"):
                if not self.region:
                    return reply(code, 0x010A)
                if not self._is_gen2 or not self.antennas:
                    return reply(code, 0x0105)
                self._is_running = True
            case _:
                return reply(code, 0x0101)
        return reply(code, 0)

    def _record(self, epc: bytes, antenna: int, rssi_dbm: int) -> bytes:
        """Return what a streamed tag has: nine fields, then PC, EPC and the tag's CRC."""
        told = bytes([len(epc) // 2 << 3, 0]) + epc
        told += crc16_tag(told).to_bytes(2, "big")
        rssi = round(self._rng.gauss(rssi_dbm, 1.0)) & 0xFF
        fields = bytes([1, rssi, antenna << 4 | antenna]) + (865_700).to_bytes(3, "big")
        fields += (295).to_bytes(4, "big") + (90).to_bytes(2, "big") + b"\x05\x00\x00\x0f"
        size = (len(told) * 8).to_bytes(2, "big")
        return bytes.fromhex("10001B01FF01") + fields + size + told
