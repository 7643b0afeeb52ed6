"""Recorded bytes of an RTU line to the readings of one unit (pure).

A reply does not say which registers it holds. Where the recording has the request before it, that
says it; else it is the first block of the unit's own polls that has the reply's size.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from edge.devices.modbus.codec import NoValue, decode
from edge.modbus.blocks import Blocks
from edge.modbus.pdu import BIT_TABLES, EXCEPTION_BIT, EXCEPTIONS, READ_FUNCTION
from edge.modbus.rtu import FRAME_BYTES_MAX, FRAME_BYTES_MIN, is_frame
from edge.readings import FrameCorrupt, UnitReading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge.devices.modbus.maps import DeviceMap
    from edge.modbus.pdu import Table
    from edge.readings import Reading

ANY_UNIT: Final = 0
"""Nobody answers under the broadcast address: it stands for every unit."""
REQUEST_BYTES: Final = 8
EXCEPTION_FRAME_BYTES: Final = 5
AROUND_REPLY_BYTES: Final = 5
"""Unit, function, count of bytes, and the CRC."""
_TABLES: Final[dict[int, Table]] = {code: table for table, code in READ_FUNCTION.items()}
_SHOWN_BYTES: Final = 32


class UnitFrames:
    """Bytes in, readings of one unit out; holds less than two frames."""

    def __init__(self, unit: int, device: DeviceMap) -> None:
        self._unit = unit
        self._map = device
        self._pending = bytearray()
        self._noise = bytearray()
        self._asked: dict[int, tuple[int, int]] = {}
        """By function: (first address, count) of the newest request to the unit."""

    def feed(self, data: bytes) -> list[Reading]:
        """Take bytes as they arrive; return every reading they complete, oldest first."""
        self._pending += data
        return self._take(wait_bytes=FRAME_BYTES_MAX)

    def finish(self) -> list[Reading]:
        """Return what the held bytes are when nothing follows them."""
        readings = self._take(wait_bytes=0)
        self._noise += self._pending
        self._pending.clear()
        return [*readings, *self._told_noise()]

    def _take(self, *, wait_bytes: int) -> list[Reading]:
        """Take frames off; fewer held bytes than `wait_bytes` may still become one."""
        readings: list[Reading] = []
        while len(self._pending) >= FRAME_BYTES_MIN:
            size = self._frame_bytes()
            if size is None:
                if len(self._pending) < wait_bytes:
                    break
                self._skip()
                continue
            readings += self._told_noise()
            frame = bytes(self._pending[:size])
            del self._pending[:size]
            readings += self._read(frame)
        return readings

    def _skip(self) -> None:
        self._noise += self._pending[:1]
        del self._noise[_SHOWN_BYTES:]
        del self._pending[:1]

    def _told_noise(self) -> list[Reading]:
        if not self._noise:
            return []
        told = self._noise.hex().upper()
        self._noise.clear()
        return [FrameCorrupt(reason="no frame with a good CRC", frame_hex=told)]

    def _frame_bytes(self) -> int | None:
        """Return the size of the frame that the held bytes begin with; None: none, or not yet."""
        sizes = [REQUEST_BYTES, EXCEPTION_FRAME_BYTES, AROUND_REPLY_BYTES + self._pending[2]]
        for size in sorted(sizes, reverse=True):
            if len(self._pending) >= size and is_frame(bytes(self._pending[:size])):
                return size
        return None

    def _read(self, frame: bytes) -> list[Reading]:
        unit, function = frame[0], frame[1]
        if self._unit not in {unit, ANY_UNIT}:
            return []
        frame_hex = frame.hex().upper()
        if function & EXCEPTION_BIT and len(frame) == EXCEPTION_FRAME_BYTES:
            words = EXCEPTIONS.get(frame[2], "not in the standard")
            return [FrameCorrupt(reason=f"exception {frame[2]}: {words}", frame_hex=frame_hex)]
        table = _TABLES.get(function)
        if table is None:
            return []  # A write: no reading.
        if len(frame) == AROUND_REPLY_BYTES + frame[2]:
            return [self._reply(table, frame[3:-2], frame_hex)]
        first, count = struct.unpack(">HH", frame[2:6])
        self._asked[function] = first, count
        return []

    def _reply(self, table: Table, data: bytes, frame_hex: str) -> Reading:
        asked = self._asked.pop(READ_FUNCTION[table], None)
        if asked is None or _size_of(table, asked[1]) != len(data):
            asked = self._planned(table, len(data))
        if asked is None:
            reason = f"no block of this unit's polls has {len(data)} bytes of {table}"
            return FrameCorrupt(reason=reason, frame_hex=frame_hex)
        first, count = asked
        held = _bits(data, count) if table in BIT_TABLES else struct.unpack(f">{count}H", data)
        values: dict[str, dict[str, float]] = {}
        missing: dict[str, str] = {}
        texts: dict[str, str] = {}
        for register in self._map.registers:
            at = register.address - first
            if register.table != table or at < 0 or at + register.count > count:
                continue
            value = decode(held[at : at + register.count], register)
            if isinstance(value, NoValue):
                missing[register.field] = value.reason
            elif isinstance(value, str):
                texts[register.field] = value
            else:
                values.setdefault(self._map.kind_of(register), {})[register.field] = value
        return UnitReading(values=values, missing=missing, texts=texts, frame_hex=frame_hex)

    def _planned(self, table: Table, size: int) -> tuple[int, int] | None:
        """Return (first address, count) of the first block that is so large."""
        for poll in ("", *self._map.polls):
            spans = sorted({one.span for one in self._map.of_poll(poll)})
            if not spans:
                continue
            blocks = Blocks(spans=spans, count_max=self._map.count_max, gap_max=self._map.gap_max)
            for block in blocks.due(0.0):
                if block.table == table and _size_of(table, block.count) == size:
                    return block.address, block.count
        return None


def _size_of(table: Table, count: int) -> int:
    return -(-count // 8) if table in BIT_TABLES else 2 * count


def _bits(data: bytes, count: int) -> Sequence[int]:
    return [data[at // 8] >> (at % 8) & 1 for at in range(count)]
