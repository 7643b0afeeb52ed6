"""What codecs share: lines with a bound, noise told once, exact numbers (pure)."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from edge.readings import FrameCorrupt

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.readings import Reading

TOLD_BYTES_MAX: Final = 64
"""So much of a disturbance is told in hex."""
_NUMBER: Final = re.compile(r"[+-]?[0-9]+(?:\.[0-9]*)?")


class LineCodec:
    """Bytes in, readings out, a line at a time; holds at most one line."""

    def __init__(
        self, decode: Callable[[bytes], Reading | None], *, end: bytes, bytes_max: int
    ) -> None:
        self._decode = decode
        self._end = end
        self._bytes_max = bytes_max
        self._pending = bytearray()
        self._skipping = False

    def feed(self, data: bytes) -> list[Reading]:
        """Take bytes as they arrive; return every reading they complete, oldest first."""
        pending, end = self._pending, self._end
        pending += data
        readings: list[Reading] = []
        while (at := pending.find(end)) >= 0:
            line = bytes(pending[:at])
            del pending[: at + len(end)]
            if not self._skipping:
                self._take(line, readings)
            self._skipping = False
        if len(pending) >= self._bytes_max + len(end):  # No line end can make this legal.
            if not self._skipping:
                self._take(bytes(pending), readings)
            self._skipping = True
            del pending[: len(pending) - (len(end) - 1)]  # A line end may have begun.
        return readings

    def finish(self) -> list[Reading]:
        """Return what the held bytes are when nothing follows them."""
        held = bytes(self._pending)
        self._pending.clear()
        if not held.strip(b"\r\n\0") or self._skipping:
            return []
        return [FrameCorrupt(reason="the bytes end within a line", frame_hex=told_hex(held))]

    def _take(self, line: bytes, readings: list[Reading]) -> None:
        if len(line) > self._bytes_max:
            reason = f"longer than {self._bytes_max} bytes, which no line of the protocol is"
            readings.append(FrameCorrupt(reason=reason, frame_hex=told_hex(line)))
            return
        reading = self._decode(line)
        if reading is not None:
            readings.append(reading)


class Noise:
    """Gathers the bytes of a disturbance, so that one disturbance is told once."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._reason = ""

    def add(self, dropped: bytes | bytearray, reason: str) -> list[FrameCorrupt]:
        """Take dropped bytes; return a fault when there are enough of them to tell."""
        self._reason = self._reason or reason
        self._held += dropped
        told: list[FrameCorrupt] = []
        while len(self._held) >= TOLD_BYTES_MAX:
            part = self._held[:TOLD_BYTES_MAX]
            del self._held[:TOLD_BYTES_MAX]
            told.append(FrameCorrupt(reason=self._reason, frame_hex=told_hex(part)))
            self._reason = reason
        return told

    def end(self) -> list[FrameCorrupt]:
        """Return the fault, if there was any; a sound frame or the end of the bytes follows."""
        if not self._held:
            self._reason = ""
            return []
        told = FrameCorrupt(reason=self._reason, frame_hex=told_hex(self._held))
        self._held.clear()
        self._reason = ""
        return [told]


def told_hex(data: bytes | bytearray) -> str:
    """Return bytes in upper-case hex, no more than a person would read."""
    return data[:TOLD_BYTES_MAX].hex().upper()


def number_from(text: str) -> Decimal | None:
    """Return the exact number that `text` writes out, sign, digits and point; None if it isn't one.

    Nothing else is a number here: no exponent, no blank inside, no digit of another script.
    """
    return Decimal(text) if _NUMBER.fullmatch(text) else None
