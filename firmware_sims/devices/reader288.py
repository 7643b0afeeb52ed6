"""UHFReader288 reader with two antennas, answer mode (manual v1.14).

Command: Len Adr Cmd Data CRC(2, low first); reply: Len Adr Cmd Status Data CRC. Len counts the
bytes after itself. A gap of more than 15 ms inside a frame loses it; a wrong address is silence.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Never

from typing_extensions import override

from firmware_sims.devices.checks import crc16_reflected

if TYPE_CHECKING:
    import random

    from firmware_sims.devices.line import Line
    from firmware_sims.field import Field

BROADCAST: Final = 0xFF
GAP_S_MAX: Final = 0.015
LEN_MIN: Final = 4
COMMAND_LEN_MAX: Final = 96
INVENTORY: Final = 0x01
STATUS_OK: Final = 0x00
STATUS_DONE: Final = 0x01
STATUS_TIME_OUT: Final = 0x02
STATUS_MORE: Final = 0x03
STATUS_BUFFER_FULL: Final = 0x04
STATUS_STATISTICS: Final = 0x26
STATUS_ANTENNA: Final = 0xF8
STATUS_NO_TAG: Final = 0xFB
STATUS_LENGTH: Final = 0xFD
STATUS_ILLEGAL: Final = 0xFE
STATUS_PARAMETER: Final = 0xFF
ANTENNAS_COUNT: Final = 2
"""Connected; the reader has four sockets and says F8 for an open one."""
SOCKETS_COUNT: Final = 4
REPLY_DATA_BYTES_MAX: Final = 250
BUFFER_TAGS_MAX: Final = 200
ROUND_S: Final = 0.03
TAG_S: Final = 0.002
RSSI_OFFSET_DB: Final = 129
RSSI_JITTER_DB: Final = 1.5
FIXED_DATA_BYTES: Final = 9
"""Q Session MaskMem MaskAdr(2) MaskLen Target Ant ScanTime, with an empty mask."""


def frame(*body: int | bytes) -> bytes:
    """Return a frame with its length and CRC around `body` (address, command, ...)."""
    joined = b"".join(bytes([part]) if isinstance(part, int) else part for part in body)
    counted = bytes([len(joined) + 2]) + joined
    return counted + crc16_reflected(counted).to_bytes(2, "little")


def tid_of(epc: bytes) -> bytes:
    """Return the TID of the chip that bears an EPC: an Impinj's, its serial number its own."""
    return bytes.fromhex("E2801160") + crc16_reflected(epc).to_bytes(8, "big")


class Reader288:
    """The reader's state: its framing buffer, address, power and scan time."""

    def __init__(self, field: Field, read_point: str, rng: random.Random) -> None:
        self._field = field
        self._read_point = read_point
        self._rng = rng
        self._pending = bytearray()
        self.address = 0x00
        self._power_dbm = 30
        self._scan_time = 10
        self.with_tid = False
        """FastID: chips that can tell their TID behind the EPC."""

    async def serve(self, line: Line) -> Never:
        """Answer commands for ever, one at a time."""
        while True:
            data = await line.read(GAP_S_MAX if self._pending else None)
            if not data:
                self._pending.clear()
            for command in self.commands(data):
                took_s, replies = self.answer(command)
                await asyncio.sleep(took_s)
                for reply in replies:
                    await line.send(reply)

    def commands(self, data: bytes) -> list[bytes]:
        """Take bytes from the host; return the whole frames among them, unchecked."""
        self._pending += data
        whole: list[bytes] = []
        while self._pending:
            size = self._pending[0] + 1
            if not LEN_MIN < size <= COMMAND_LEN_MAX:
                del self._pending[0]
                continue
            if len(self._pending) < size:
                break
            whole.append(bytes(self._pending[:size]))
            del self._pending[:size]
        return whole

    def answer(self, command: bytes) -> tuple[float, list[bytes]]:
        """Return how long the reader is busy with a frame, in s, and its replies."""
        address, code, data = command[1], command[2], command[3:-2]
        if address not in {self.address, BROADCAST}:
            return 0.0, []
        if crc16_reflected(command) != 0:
            return 0.0, [frame(self.address, 0x00, STATUS_ILLEGAL)]
        match code, len(data):
            case 0x01, _:
                return self._inventory(data)
            case 0x21, 0:
                # Version(2) Type Protocols MaxFre MinFre Power ScanTime Ant Beep 2 reserved Check.
                about = bytes([1, 14, 0x20, 2, 0x31, 0x80, self._power_dbm, self._scan_time])
                about += bytes([(1 << ANTENNAS_COUNT) - 1, 0, 0, 0, 0])
                return 0.0, [frame(self.address, code, STATUS_OK, about)]
            case 0x25, 1:
                self._scan_time = data[0]
                return 0.0, [frame(self.address, code, STATUS_OK)]
            case 0x2F, 1:
                self._power_dbm = data[0]
                return 0.0, [frame(self.address, code, STATUS_OK)]
            case ((0x21 | 0x25 | 0x2F), _):
                return 0.0, [frame(self.address, code, STATUS_LENGTH)]
            case _:
                return 0.0, [frame(self.address, 0x00, STATUS_ILLEGAL)]

    def _inventory(self, data: bytes) -> tuple[float, list[bytes]]:
        def fault(status: int) -> tuple[float, list[bytes]]:
            return 0.0, [frame(self.address, INVENTORY, status)]

        if len(data) < FIXED_DATA_BYTES:
            return fault(STATUS_LENGTH)
        mask_bytes = -(-data[5] // 8)
        # AdrTID and LenTID may stand between mask and target.
        if len(data) - mask_bytes not in {FIXED_DATA_BYTES, FIXED_DATA_BYTES + 2}:
            return fault(STATUS_LENGTH)
        antenna = data[-2] - 0x80 + 1
        if not 1 <= antenna <= SOCKETS_COUNT:
            return fault(STATUS_PARAMETER)
        if antenna > ANTENNAS_COUNT:
            return fault(STATUS_ANTENNA)
        scan_s = (data[-1] or self._scan_time) / 10
        self.with_tid = bool(data[0] & 0x20)
        return self._round(antenna, scan_s, with_statistics=bool(data[0] & 0x80))

    def _round(
        self, antenna: int, scan_s: float, *, with_statistics: bool
    ) -> tuple[float, list[bytes]]:
        heard = [
            (tag.epc, max(0, min(255, self._heard_dbm(tag.rssi_dbm) + RSSI_OFFSET_DB)))
            for tag in self._field.tags(self._read_point)
            if tag.antenna == antenna and self._rng.random() < tag.read_ratio
        ]
        status = STATUS_DONE
        if len(heard) > BUFFER_TAGS_MAX:
            heard, status = heard[:BUFFER_TAGS_MAX], STATUS_BUFFER_FULL
        in_time = max(0, int((scan_s - ROUND_S) / TAG_S))
        if len(heard) > in_time:
            heard, status = heard[:in_time], STATUS_TIME_OUT
        took_s = min(scan_s, ROUND_S + TAG_S * len(heard))
        replies = self._tag_frames(antenna, heard, status)
        if with_statistics:
            rate = round(len(heard) / took_s)
            counts = rate.to_bytes(2, "big") + len(heard).to_bytes(4, "big")
            bit = 1 << (antenna - 1)
            replies.append(frame(self.address, INVENTORY, STATUS_STATISTICS, bit, counts))
        return took_s, replies

    def _heard_dbm(self, rssi_dbm: int) -> int:
        return round(self._rng.gauss(rssi_dbm, RSSI_JITTER_DB))

    def _tag_frames(self, antenna: int, heard: list[tuple[bytes, int]], status: int) -> list[bytes]:
        """Return the tag lists; every frame but the last says that more follow."""
        if not heard:
            return [frame(self.address, INVENTORY, STATUS_NO_TAG)]
        blocks: list[tuple[int, bytes]] = [(0, b"")]
        for epc, rssi in heard:
            if self.with_tid:
                record = bytes([0x80 | (len(epc) + 12)]) + epc + tid_of(epc) + bytes([rssi])
            else:
                record = bytes([len(epc)]) + epc + bytes([rssi])
            count, block = blocks[-1]
            if len(block) + len(record) > REPLY_DATA_BYTES_MAX - LEN_MIN - 2:
                blocks.append((1, record))
            else:
                blocks[-1] = (count + 1, block + record)
        bit = 1 << (antenna - 1)
        return [
            frame(self.address, INVENTORY, status if last else STATUS_MORE, bit, count, block)
            for last, (count, block) in (
                (number == len(blocks), block) for number, block in enumerate(blocks, start=1)
            )
        ]


class PushingReader288(Reader288):
    """The same reader in real-time mode: it speaks by itself, a heartbeat when nothing is read.

    `is_vx` is the network reader's form: two flag bytes and a padded EPC, and another heartbeat.
    """

    def __init__(
        self,
        field: Field,
        read_point: str,
        rng: random.Random,
        *,
        heartbeat_s: float = 5.0,
        is_vx: bool = False,
    ) -> None:
        super().__init__(field, read_point, rng)
        self._heartbeat_s = heartbeat_s
        self._is_vx = is_vx

    @override
    async def serve(self, line: Line) -> Never:
        """Push for ever; what the host sends is not heeded."""
        number, quiet_s = 0, 0.0
        while True:
            await asyncio.sleep(ROUND_S)
            quiet_s += ROUND_S
            for tag in self._field.tags(self._read_point):
                if self._rng.random() >= tag.read_ratio:
                    continue
                quiet_s = 0.0
                strength = max(0, min(255, self._heard_dbm(tag.rssi_dbm) + RSSI_OFFSET_DB))
                mask = 1 << (tag.antenna - 1)
                body = bytes([mask, len(tag.epc)]) + tag.epc + bytes([strength])
                if self._is_vx:
                    body = b"\x00\x01" + tag.epc.ljust(16, b"\0")
                await line.send(frame(self.address, 0xEE, STATUS_OK, body))
            if quiet_s >= self._heartbeat_s:
                number, quiet_s = number + 1, 0.0
                counts = number.to_bytes(4, "big") + b"\x01" * 8 + bytes(4)
                beat = frame(self.address, 0xEE, 0x28, counts)
                await line.send(b"\x56" + bytes(5) if self._is_vx else beat)
