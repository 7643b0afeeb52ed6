"""Reader with an R2000 module and the "A0" protocol (serial interface protocol V3.7).

Packet: A0 Len Adr Cmd Data Check; Len counts what follows it, Check makes the sum of all bytes 0.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Never

if TYPE_CHECKING:
    import random

    from firmware_sims.devices.line import Line
    from firmware_sims.field import Field

SUCCESS: Final = 0x10
ANTENNA_MISSING: Final = 0x22
PARAMETER_INVALID: Final = 0x41
POWER_OUT_OF_RANGE: Final = 0x46
LONGEST_LEN: Final = 40
ROUND_S: Final = 0.03
CHANNEL: Final = 7


def packet(address: int, code: int, data: bytes) -> bytes:
    """Return a packet."""
    body = [0xA0, len(data) + 3, address, code, *data]
    return bytes([*body, (~sum(body) + 1) & 0xFF])


class R2000:
    """The module's state: chosen antenna and power; `sockets` are the antennas that are plugged."""

    def __init__(
        self,
        field: Field,
        read_point: str,
        rng: random.Random,
        *,
        sockets: frozenset[int] = frozenset({1, 2}),
    ) -> None:
        self._field = field
        self._read_point = read_point
        self._rng = rng
        self._half = bytearray()
        self.address = 1
        self.sockets = sockets
        self.power_dbm = 30
        self.power_writes_count = 0
        self.choices_count = 0
        """How often its host chose an antenna."""
        self._antenna = 1

    async def serve(self, line: Line) -> Never:
        """Answer for ever."""
        while True:
            self._half += await line.read()
            for request in self._requests():
                code, data = request[3], request[4:-1]
                if code == 0x89 and len(data) == 1:
                    await self._inventory(line)
                else:
                    await line.send(packet(self.address, code, self._answer(code, data)))

    def _requests(self) -> list[bytes]:
        whole: list[bytes] = []
        while len(self._half) >= 2:
            if self._half[0] != 0xA0 or not 3 <= self._half[1] <= LONGEST_LEN:
                del self._half[0]
                continue
            size = self._half[1] + 2
            if len(self._half) < size:
                break
            request = bytes(self._half[:size])
            if sum(request) % 256:
                del self._half[0]
                continue
            del self._half[:size]
            if request[2] in {self.address, 0xFF}:
                whole.append(request)
        return whole

    def _answer(self, code: int, data: bytes) -> bytes:
        match code, len(data):
            case 0x72, 0:
                return bytes([3, 7])
            case 0x74, 1:
                if data[0] > 3:
                    return bytes([PARAMETER_INVALID])
                self._antenna = data[0] + 1
                self.choices_count += 1
                return bytes([SUCCESS])
            case 0x75, 0:
                return bytes([self._antenna - 1])
            case 0x76, 1:
                if data[0] > 33:
                    return bytes([POWER_OUT_OF_RANGE])
                self.power_writes_count += 1
                self.power_dbm = data[0]
                return bytes([SUCCESS])
            case 0x77, 0:
                return bytes([self.power_dbm])
            case _:
                return bytes([PARAMETER_INVALID])

    async def _inventory(self, line: Line) -> None:
        """Run one round on the chosen antenna: a packet for each tag, then the end."""
        if self._antenna not in self.sockets:
            await line.send(packet(self.address, 0x89, bytes([ANTENNA_MISSING])))
            return
        await asyncio.sleep(ROUND_S)
        count = 0
        for tag in self._field.tags(self._read_point):
            if tag.antenna != self._antenna or self._rng.random() >= tag.read_ratio:
                continue
            count += 1
            words = (len(tag.epc) + 1) // 2
            where = CHANNEL << 2 | (self._antenna - 1)
            strength = max(0, min(98, round(self._rng.gauss(tag.rssi_dbm, 1.0)) + 129))
            told = bytes([where, words << 3, 0]) + tag.epc.ljust(words * 2, b"\0")
            await line.send(packet(self.address, 0x89, told + bytes([strength])))
        rate = (count * 30).to_bytes(2, "big")
        end = bytes([self._antenna - 1]) + rate + count.to_bytes(4, "big")
        await line.send(packet(self.address, 0x89, end))
