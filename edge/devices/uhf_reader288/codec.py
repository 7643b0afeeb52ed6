"""UHFReader288 frames: length address command status data CRC (pure).

Source: manual V1.14. Length counts the bytes after it; CRC-16/MCRF4XX over all before it,
low byte first. Statuses 01 to 04 carry tags, FB means none, 26 is statistics.
"""

from __future__ import annotations

from typing import Final

from edge.readings import FrameCorrupt, RoundEnd, TagRead, Told

FRAME_BYTES_MIN: Final = 6
INVENTORY: Final = 0x01
RSSI_OFFSET: Final = 129
"""dBm = byte - 129: common for this family, not stated in the manual."""
_WITH_TAGS: Final = frozenset({0x01, 0x02, 0x03, 0x04})
_LENGTH_BITS: Final = 0x7F

Reading = TagRead | RoundEnd | Told | FrameCorrupt


def crc(data: bytes) -> bytes:
    """Return CRC-16/MCRF4XX as sent."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x8408 if value & 1 else 0)
    return value.to_bytes(2, "little")


INFORMATION: Final = bytes([0x04, 0xFF, 0x21]) + crc(bytes([0x04, 0xFF, 0x21]))
"""Asks any reader on the line (address FF) what it is."""


def inventory(antenna: int, *, scan_100ms: int = 1) -> bytes:
    """Return the command of one round on an antenna (1-based), address 0, session 0, Q 4."""
    data = bytes([0x04, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x80 + antenna - 1, scan_100ms])
    body = bytes([len(data) + 4, 0x00, INVENTORY]) + data
    return body + crc(body)


class Reader288Codec:
    """Bytes in, readings out; holds less than one frame."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, data: bytes) -> list[Reading]:
        """Take bytes as they arrive; return every reading they complete, oldest first."""
        self._pending += data
        readings: list[Reading] = []
        while self._pending:
            size = self._pending[0] + 1
            if size < FRAME_BYTES_MIN:
                self._skip(readings, "length")
                continue
            if len(self._pending) < size:
                break
            frame = bytes(self._pending[:size])
            if crc(frame[:-2]) != frame[-2:]:
                self._skip(readings, "CRC")
                continue
            del self._pending[:size]
            readings += _decode(frame)
        return readings

    def reset(self) -> None:
        """Forget half a frame: the device leaves more than 15 ms only between frames."""
        self._pending.clear()

    def _skip(self, readings: list[Reading], reason: str) -> None:
        if not (readings and isinstance(readings[-1], FrameCorrupt)):
            told = self._pending[:16].hex().upper()
            readings.append(FrameCorrupt(reason=reason, frame_hex=told))
        del self._pending[:1]


def _decode(frame: bytes) -> list[Reading]:
    command, status, data = frame[2], frame[3], frame[4:-2]
    if command != INVENTORY:
        return [Told(head=f"{command:02X}{status:02X}", text=data.hex().upper())]
    if status not in _WITH_TAGS:
        return [RoundEnd(status=status)]
    return _tags(frame, status, data)


def _tags(frame: bytes, status: int, data: bytes) -> list[Reading]:
    corrupt = FrameCorrupt(reason="tag list", frame_hex=frame.hex().upper())
    if len(data) < 2 or data[0].bit_count() != 1:  # noqa: PLR2004 - antenna mask and count
        return [corrupt]
    antenna, count, at = data[0].bit_length(), data[1], 2
    readings: list[Reading] = []
    for _ in range(count):
        if at >= len(data):
            return [corrupt]
        size = data[at] & _LENGTH_BITS
        if size == 0 or at + 1 + size >= len(data):
            return [corrupt]
        rssi_dbm = data[at + 1 + size] - RSSI_OFFSET
        epc = data[at + 1 : at + 1 + size]
        readings.append(TagRead(epc=epc, rssi_dbm=rssi_dbm, antenna=antenna))
        at += size + 2
    if at != len(data):
        return [corrupt]
    return [*readings, RoundEnd(status=status)]
