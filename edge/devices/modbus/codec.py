"""Words to values by a register's description, and back (pure).

A value that the device does not have (a sentinel, not a number, out of range) is no value: it is
returned with the reason, never as 0.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge.devices.modbus.maps import Register

_FORMS: Final = {"int16": "h", "int32": "i", "int64": "q", "uint16": "H", "uint32": "I",
                 "uint64": "Q", "float32": "f", "float64": "d"}  # fmt: skip
_WORDS_SWAPPED: Final = frozenset({"CDAB", "DCBA"})
_BYTES_SWAPPED: Final = frozenset({"BADC", "DCBA"})


@dataclass(frozen=True, slots=True)
class NoValue:
    """Why a register holds no value."""

    reason: str


def bytes_of(words: Sequence[int], order: str) -> bytes:
    """Return words as sent as the bytes of one big-endian value."""
    ordered = words[::-1] if order in _WORDS_SWAPPED else words
    form = f"<{len(words)}H" if order in _BYTES_SWAPPED else f">{len(words)}H"
    return struct.pack(form, *ordered)


def words_of(data: bytes, order: str) -> tuple[int, ...]:
    """Return the words to send for the bytes of one big-endian value."""
    form = f"<{len(data) // 2}H" if order in _BYTES_SWAPPED else f">{len(data) // 2}H"
    words = struct.unpack(form, data)
    return words[::-1] if order in _WORDS_SWAPPED else words


def decode(words: Sequence[int], register: Register) -> float | str | NoValue:
    """Return the value in the field's unit; a bool is 0.0 or 1.0.

    Args:
        words: what the device holds there, shape (register.count,), bits for coils and inputs.
        register: how it is to be read.

    """
    if register.type == "bool":
        return float(words[0] >> (register.bit or 0) & 1)
    data = bytes_of(words, register.order)
    if register.sentinels and int.from_bytes(data, "big") in register.sentinels:
        return NoValue("the device has no value there")
    if register.type == "string":
        return data.rstrip(b"\0 ").decode("ascii", "replace")
    raw: float | int
    if register.type == "bcd":
        digits = data.hex()
        if not digits.isdecimal():
            return NoValue(f"{digits} are no decimal digits")
        raw = int(digits)
    else:
        (raw,) = struct.unpack(f">{_FORMS[register.type]}", data)
    if not math.isfinite(raw):
        return NoValue("not a number")
    value = round(raw * register.scale + register.offset, register.decimals)
    if register.low is not None and value < register.low:
        return NoValue(f"{value:g} is below {register.low:g}")
    if register.high is not None and value > register.high:
        return NoValue(f"{value:g} is above {register.high:g}")
    return value


def encode(value: float, register: Register) -> tuple[int, ...]:
    """Return the words that hold `value`. Raises ValueError when the register can't hold it."""
    if register.low is not None and value < register.low:
        raise ValueError(f"{value:g} is below {register.low:g}")
    if register.high is not None and value > register.high:
        raise ValueError(f"{value:g} is above {register.high:g}")
    raw = (value - register.offset) / register.scale
    try:
        if register.type in {"float32", "float64"}:
            data = struct.pack(f">{_FORMS[register.type]}", raw)
        elif register.type == "bcd":
            data = bytes.fromhex(f"{round(raw):0{4 * register.count}d}")
        elif register.type in _FORMS:
            data = struct.pack(f">{_FORMS[register.type]}", round(raw))
        else:
            raise ValueError(f"a {register.type} in a register can't be written by itself")
    except (struct.error, OverflowError) as error:
        raise ValueError(f"{value:g} does not fit {register.type}") from error
    if len(data) != 2 * register.count:
        raise ValueError(f"{value:g} does not fit {register.count} registers")
    return words_of(data, register.order)
