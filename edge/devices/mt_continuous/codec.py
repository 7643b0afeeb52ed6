"""Standard continuous output: STX SWA SWB SWC w1..w6 t1..t6 CR [CHK] (pure).

Source: MT Wildcat technical manual, tables 6-8 to 6-11. The digits bear no point: bits 0 to 2 of
SWA place it. CHK makes the sum of all 18 bytes zero in its low seven bits. A frame is known by its
STX, by bit 5 set and bit 6 clear in SWA and SWC, and by CR at offset 16; inside of it noise may
hold any of these, so that after a bad frame the search goes on one byte behind its STX.

Whether there is a CHK can be learnt: the byte behind the first CR is either the next STX or fits.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from edge.framing import Noise, told_hex
from edge.readings import FrameCorrupt, Weighed

if TYPE_CHECKING:
    from edge.readings import WeightRange

STX: Final = 0x02
BARE_BYTES: Final = 17
CHECKED_BYTES: Final = 18
MISSES_MAX: Final = 3
"""So many frames that speak against what was learnt undo it."""
NOT_ZEROED: Final = "the scale has not been zeroed since it was switched on"
_FRAME: Final = re.compile(rb"\x02[\x20-\x3f][\x20-\x3f\x60-\x7f][\x20-\x3f][ 0-9]{12}\r")
_BEGIN: Final = re.compile(rb"\x02(?:[\x20-\x3f]|\Z)")
_WEIGHT: Final = slice(4, 10)
_TARE: Final = slice(10, 16)
_POINT_FROM: Final = 2
"""SWA's place code: 0 and 1 append zeros, 2 is whole, above it come decimals."""
_NET, _NEGATIVE, _OUT, _MOTION, _KG, _NOT_ZEROED = 0x01, 0x02, 0x04, 0x08, 0x10, 0x40
_UNITS: Final = {1: "g", 2: "t", 3: "oz", 4: "ozt", 5: "dwt", 6: "tn", 7: "custom"}
"""Bits 0 to 2 of SWC; 0 leaves it to bit 4 of SWB. Above 2 by the manuals of later terminals."""

Reading = Weighed | FrameCorrupt


class ContinuousCodec:
    """Bytes in, readings out; holds less than one frame, and a little noise until it is told."""

    def __init__(self, *, checksum: bool | None = None) -> None:
        """Take whether frames bear a CHK; None: learn it from the stream."""
        self._is_told = checksum is not None
        self._has_checksum = checksum
        self._misses = 0
        self._is_behind_frame = False
        self._pending = bytearray()
        self._noise = Noise()

    def feed(self, data: bytes) -> list[Reading]:
        """Take bytes as they arrive; return every reading they complete, oldest first."""
        self._pending += data
        readings: list[Reading] = []
        while self._pending:
            if self._pending[0] != STX:
                self._drop_to_start(readings)
                continue
            if _BEGIN.match(self._pending) is None:
                self._drop_start(readings)
                continue
            if len(self._pending) < BARE_BYTES:
                break
            if not _is_formed(self._pending):
                self._drop(1, "no frame: status bytes, digits or CR", readings)
                continue
            if self._has_checksum is not False and len(self._pending) < CHECKED_BYTES:
                break
            size = self._size()
            if size is None:
                self._drop(1, "checksum", readings)
                continue
            readings += self._noise.end()
            readings.append(decode(bytes(self._pending[:size])))
            del self._pending[:size]
            self._is_behind_frame = True
        return readings

    def finish(self) -> list[Reading]:
        """Return what the held bytes are when nothing follows them."""
        held = bytes(self._pending)
        self._pending.clear()
        readings: list[Reading] = [*self._noise.end()]
        if len(held) == BARE_BYTES and self._has_checksum is None:
            readings.append(decode(held))
        elif held:
            reason = "the bytes end within a frame"
            readings.append(FrameCorrupt(reason=reason, frame_hex=told_hex(held)))
        return readings

    def _size(self) -> int | None:
        """Return how long the frame at the start is, None when its checksum is wrong."""
        if self._has_checksum is False:
            return BARE_BYTES
        is_sound = sum(self._pending[:CHECKED_BYTES]) & 0x7F == 0
        if self._has_checksum:
            self._miss(is_miss=not is_sound)
            return CHECKED_BYTES if is_sound else None
        begins_next = self._pending[BARE_BYTES] == STX
        if begins_next == is_sound:  # Both: a CHK of 02 can't be told from the next STX.
            return BARE_BYTES if is_sound else None
        self._has_checksum = is_sound
        self._misses = 0
        return CHECKED_BYTES if is_sound else BARE_BYTES

    def _miss(self, *, is_miss: bool) -> None:
        self._misses = self._misses + 1 if is_miss else 0
        if self._misses >= MISSES_MAX and not self._is_told:
            self._has_checksum = None
            self._misses = 0

    def _drop_to_start(self, readings: list[Reading]) -> None:
        at = self._pending.find(STX)
        if self._is_behind_frame and self._has_checksum is False:
            self._miss(is_miss=True)
        self._drop(at if at >= 0 else len(self._pending), "noise between frames", readings)

    def _drop_start(self, readings: list[Reading]) -> None:
        if self._has_checksum is None and self._pending[1] == STX:
            del self._pending[:1]  # The CHK of a frame that was taken for a bare one.
        else:
            self._drop(1, "no frame: status bytes, digits or CR", readings)

    def _drop(self, count: int, reason: str, readings: list[Reading]) -> None:
        readings += self._noise.add(self._pending[:count], reason)
        del self._pending[:count]
        self._is_behind_frame = False


def decode(frame: bytes) -> Reading:
    """Return the reading of one frame whose form is right."""
    place, status, extension = frame[1] & 0x07, frame[2], frame[3]
    shown, tared = frame[_WEIGHT].decode("ascii"), frame[_TARE].decode("ascii")
    unit = _UNITS.get(extension & 0x07) or ("kg" if status & _KG else "lb")
    sign = "-" if status & _NEGATIVE else ""
    value, tare = _placed(shown, place), _placed(tared, place)
    frame_hex = frame.hex().upper()
    reason = NOT_ZEROED if status & _NOT_ZEROED else ""
    span: WeightRange = "ok"
    if status & _OUT:
        span = "under" if status & _NEGATIVE else "over"
        value = None
    elif value is None:
        return FrameCorrupt(reason="no digits in a frame that is in range", frame_hex=frame_hex)
    return Weighed(
        value=None if value is None else Decimal(f"{sign}{value}"),
        unit=unit,
        is_stable=not status & _MOTION,
        range=span,
        text=f"{sign}{value} {unit}" if value is not None else "",
        frame_hex=frame_hex,
        kind="net" if status & _NET else "gross",
        tare=None if tare is None else Decimal(tare),
        reason=reason,
    )


def _is_formed(pending: bytearray) -> bool:
    """Tell whether a frame's form stands at the start; digits are right-aligned."""
    return _FRAME.match(pending) is not None and all(
        b" " not in pending[part].lstrip(b" ") for part in (_WEIGHT, _TARE)
    )


def _placed(digits: str, place: int) -> str | None:
    """Return digits as the indicator shows them, its point or fixed zeros put in; None if blank."""
    digits = digits.strip()
    if not digits:
        return None
    if place < _POINT_FROM:
        return digits + "0" * (_POINT_FROM - place)
    decimals = place - _POINT_FROM
    if decimals == 0:
        return digits
    digits = digits.rjust(decimals + 1, "0")
    return f"{digits[:-decimals]}.{digits[-decimals:]}"
