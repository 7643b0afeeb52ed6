"""Modbus RTU frames and register maps (pure).

Source: Modbus over Serial Line V1.02 (CRC-16, polynomial A001, low byte first) and the makers'
manuals named at each map. Addresses are 0-based, as sent.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from edge.errors import BadReply

if TYPE_CHECKING:
    from collections.abc import Sequence

REPLY_BYTES_MAX: Final = 256
_EXCEPTION_BIT: Final = 0x80
_EXCEPTIONS: Final = {
    1: "illegal function", 2: "illegal address", 3: "illegal value", 4: "device failure",
    5: "acknowledged", 6: "busy", 8: "memory parity", 10: "gateway path", 11: "gateway target",
}  # fmt: skip


def crc16(data: bytes) -> bytes:
    """Return the CRC as sent."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value.to_bytes(2, "little")


def read_request(unit: int, function: int, first: int, count: int) -> bytes:
    """Return the request to read `count` registers from `first`."""
    body = struct.pack(">BBHH", unit, function, first, count)
    return body + crc16(body)


def reply_bytes(count: int) -> int:
    """Return the size of the reply to a read of `count` registers."""
    return 5 + 2 * count


def words_from_reply(frame: bytes, *, unit: int, function: int, count: int) -> tuple[int, ...]:
    """Return the registers of a reply. Raises BadReply unless it answers just what was asked."""
    if len(frame) < 5 or crc16(frame[:-2]) != frame[-2:]:  # noqa: PLR2004 - the shortest reply
        raise BadReply(f"CRC of {frame[:16].hex().upper()}")
    if frame[0] != unit:
        raise BadReply(f"unit {frame[0]} answers for {unit}")
    if frame[1] == function | _EXCEPTION_BIT:
        raise BadReply(f"exception {frame[2]}: {_EXCEPTIONS.get(frame[2], 'unknown')}")
    if frame[1] != function:
        raise BadReply(f"function {frame[1]} answers {function}")
    if frame[2] != 2 * count or len(frame) != reply_bytes(count):
        raise BadReply(f"{frame[2]} bytes answer {count} registers")
    return struct.unpack(f">{count}H", frame[3:-2])


def is_whole(data: bytes, *, count: int) -> bool:
    """Tell whether `data` holds a whole reply: the expected one, or an exception."""
    if len(data) >= 2 and data[1] & _EXCEPTION_BIT:  # noqa: PLR2004
        return len(data) >= 5  # noqa: PLR2004 - unit, function, code, CRC
    return len(data) >= reply_bytes(count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """Where a value lies, how it is scaled, what it may be."""

    field: str
    address: int
    type: Literal["int16", "float_low_word_first", "float_high_word_first"]
    scale: float = 1.0
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorMap:
    """One block read, and the values in it."""

    model: str
    function: int
    first: int
    count: int
    registers: tuple[Register, ...]


MAPS: Final[dict[str, SensorMap]] = {
    # XY-MD01/02 (SHT20/30) manual: input registers 1 and 2, tenths, two's complement.
    "xy_md02": SensorMap(
        model="XY-MD02", function=4, first=0x0001, count=2,
        registers=(
            Register(
                field="temperature_c", address=0x0001, type="int16", scale=0.1, low=-40, high=80
            ),
            Register(
                field="humidity_percent", address=0x0002, type="int16", scale=0.1, low=0, high=100
            ),
        ),
    ),
    # Vaisala HMP manuals: holding registers, float, least significant word first; NaN: unavailable.
    "vaisala_hmp": SensorMap(
        model="HMP", function=3, first=0x0000, count=8,
        registers=(
            Register(
                field="humidity_percent", address=0x0000, type="float_low_word_first",
                low=0, high=100,
            ),
            Register(
                field="temperature_c", address=0x0002, type="float_low_word_first",
                low=-60, high=120,
            ),
            Register(
                field="dew_point_c", address=0x0006, type="float_low_word_first",
                low=-80, high=100,
            ),
        ),
    ),
    # Sensirion SCD30 interface description: three big-endian floats from 0x0028.
    "scd30": SensorMap(
        model="SCD30", function=3, first=0x0028, count=6,
        registers=(
            Register(
                field="co2_ppm", address=0x0028, type="float_high_word_first", low=1, high=40_000
            ),
            Register(
                field="temperature_c", address=0x002A, type="float_high_word_first",
                low=-40, high=70,
            ),
            Register(
                field="humidity_percent", address=0x002C, type="float_high_word_first",
                low=0, high=100,
            ),
        ),
    ),
}  # fmt: skip


def values_from_words(words: Sequence[int], sensor: SensorMap) -> dict[str, float]:
    """Return the values of one block read; what is not a number or out of range is absent."""
    values = {}
    for register in sensor.registers:
        value = _value(words, register, base=sensor.first)
        if math.isfinite(value) and register.low <= value <= register.high:
            values[register.field] = round(value, 3)
    return values


def _value(words: Sequence[int], register: Register, *, base: int) -> float:
    at = register.address - base
    if register.type == "int16":
        raw = words[at] - 0x10000 if words[at] & 0x8000 else words[at]
        return raw * register.scale
    high, low = words[at], words[at + 1]
    if register.type == "float_low_word_first":
        high, low = low, high
    return float(struct.unpack(">f", struct.pack(">HH", high, low))[0]) * register.scale
