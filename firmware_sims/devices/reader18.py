"""UHFReader18: one antenna, inventories without RSSI (manual V2.0).

Command: Len Adr Cmd Data CRC(2, low first); reply: Len Adr Cmd Status Data CRC. Len counts the
bytes after itself. A gap of more than 15 ms inside a frame loses it; a wrong address is silence;
what arrives while a command runs is lost.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Never

from firmware_sims.devices.checks import crc16_reflected

if TYPE_CHECKING:
    import random

    from firmware_sims.devices.line import Line
    from firmware_sims.field import Field

GAP_S_MAX: Final = 0.015
SHORTEST_LEN: Final = 4
LONGEST_LEN: Final = 96
ROUND_S: Final = 0.04
TAG_S: Final = 0.004
BUFFER_TAGS_MAX: Final = 60
REPLY_EPC_BYTES_MAX: Final = 240


def packet(address: int, code: int, status: int, data: bytes = b"") -> bytes:
    """Return a reply frame."""
    head = bytes([len(data) + 5, address, code, status]) + data
    check = crc16_reflected(head)
    return head + bytes([check & 0xFF, check >> 8])


class Reader18:
    """The reader's state: address, power and scan time, and half a command."""

    def __init__(
        self, field: Field, read_point: str, rng: random.Random, *, address: int = 0
    ) -> None:
        self._field = field
        self._read_point = read_point
        self._rng = rng
        self._half = bytearray()
        self.address = address
        self.power_dbm = 30
        self.scan_100ms = 10
        self.inventories_count = 0

    async def serve(self, line: Line) -> Never:
        """Answer one command after the other, for ever."""
        while True:
            came = await line.read(GAP_S_MAX if self._half else None)
            if not came:
                self._half.clear()
                continue
            self._half += came
            request = self._take()
            if request is None:
                continue
            busy_s, replies = self.react(request)
            await asyncio.sleep(busy_s)
            for reply in replies:
                await line.send(reply)
            await line.read(0.0)  # Whatever came meanwhile is lost.

    def _take(self) -> bytes | None:
        while self._half:
            length = self._half[0]
            if length < SHORTEST_LEN or length > LONGEST_LEN:
                del self._half[0]
                continue
            if len(self._half) <= length:
                return None
            request = bytes(self._half[: length + 1])
            self._half.clear()
            return request
        return None

    def react(self, request: bytes) -> tuple[float, list[bytes]]:
        """Return how long a request keeps the reader busy, in s, and the replies."""
        if request[1] not in {self.address, 0xFF}:
            return 0.0, []
        if crc16_reflected(request) != 0:
            return 0.0, [packet(self.address, 0x00, 0xFE)]
        code, data = request[2], request[3:-2]
        if code == 0x01 and len(data) in {0, 2}:
            return self._inventory()
        if code == 0x21 and not data:
            # Version(2) Type Protocols MaxFre MinFre Power ScanTime.
            about = bytes([2, 7, 0x08, 0x03, 0x31, 0x80, self.power_dbm, self.scan_100ms])
            return 0.0, [packet(self.address, code, 0x00, about)]
        if code == 0x25 and len(data) == 1:
            if not 3 <= data[0] <= 0xFF:
                return 0.0, [packet(self.address, code, 0xFF)]
            self.scan_100ms = data[0]
            return 0.0, [packet(self.address, code, 0x00)]
        if code == 0x2F and len(data) == 1:
            if data[0] > 30:
                return 0.0, [packet(self.address, code, 0xFF)]
            self.power_dbm = data[0]
            return 0.0, [packet(self.address, code, 0x00)]
        if code in {0x01, 0x21, 0x25, 0x2F}:
            return 0.0, [packet(self.address, code, 0xFD)]
        return 0.0, [packet(self.address, 0x00, 0xFE)]

    def _inventory(self) -> tuple[float, list[bytes]]:
        self.inventories_count += 1
        heard = [
            tag.epc
            for tag in self._field.tags(self._read_point)
            if self._rng.random() < tag.read_ratio
        ]
        if not heard:
            return ROUND_S, [packet(self.address, 0x01, 0xFB)]
        last = 0x01
        in_time = int((self.scan_100ms / 10 - ROUND_S) / TAG_S)
        if len(heard) > min(in_time, BUFFER_TAGS_MAX):
            last = 0x04 if in_time > BUFFER_TAGS_MAX else 0x02
            heard = heard[: min(in_time, BUFFER_TAGS_MAX)]
        packets: list[list[bytes]] = [[]]
        for epc in heard:
            told = bytes([len(epc)]) + epc
            if sum(map(len, packets[-1])) + len(told) > REPLY_EPC_BYTES_MAX:
                packets.append([])
            packets[-1].append(told)
        statuses = [0x03] * (len(packets) - 1) + [last]
        return ROUND_S + TAG_S * len(heard), [
            packet(self.address, 0x01, status, bytes([len(told)]) + b"".join(told))
            for status, told in zip(statuses, packets, strict=True)
        ]
