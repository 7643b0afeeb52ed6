"""What codecs of binary frames share: finding frames in noise, each disturbance told once (pure).

A frame tells its own length near its begin and carries a check. Bytes that are no frame are given
up one by one, because a good frame may begin at the next. What is told doesn't depend on how the
stream was cut.
"""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING, Final

from edge.readings import FrameCorrupt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from edge.readings import Reading

MORE: Final = 0
"""Answer of `size`: too few bytes to tell."""
IMPOSSIBLE: Final = -1
"""Answer of `size`: no frame begins here."""
NO_FRAME: Final = "no possible frame"
"""The reason of bytes at which no frame begins."""
TOLD_BYTES_MAX: Final = 64
_REVERSED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class PacketCodec:
    """Bytes in, readings out; holds less than the longest frame that `size` may answer."""

    def __init__(
        self,
        *,
        size: Callable[[bytes, int], int],
        check: Callable[[bytes], str],
        decode: Callable[[bytes], Sequence[Reading]],
        begin: int | None = None,
    ) -> None:
        """Take the protocol's three questions.

        Args:
            size: of (bytes, offset): the whole frame's size in bytes, MORE or IMPOSSIBLE.
            check: what is wrong with a whole frame; empty when it is sound.
            decode: a sound frame's readings.
            begin: the byte that every frame begins with, if there is one.

        """
        self._size = size
        self._check = check
        self._decode = decode
        self._begin = begin
        self._pending = bytearray()
        self._is_noisy = False

    def feed(self, data: bytes) -> list[Reading]:
        """Take bytes as they arrive; return every reading they complete, oldest first."""
        self._pending += data
        readings: list[Reading] = []
        used = self._scan(readings)
        del self._pending[:used]
        return readings

    def finish(self) -> list[Reading]:
        """Return what the held bytes are when nothing follows them, as after a pause."""
        readings: list[Reading] = []
        while self._pending:
            self._fault(readings, "the bytes end within a frame", bytes(self._pending))
            del self._pending[:1]
            del self._pending[: self._scan(readings)]
        self._is_noisy = False
        return readings

    def reset(self) -> None:
        """Forget half a frame."""
        self._pending.clear()
        self._is_noisy = False

    def _scan(self, readings: list[Reading]) -> int:
        """Decode what is whole; return how many bytes are done with."""
        data, at = bytes(self._pending), 0
        whole = len(data)
        while at < whole:
            if self._begin is not None and data[at] != self._begin:
                self._fault(readings, "noise", data[at : at + 1])
                at = data.find(self._begin, at)
                if at < 0:
                    return whole
            size = self._size(data, at)
            if size == IMPOSSIBLE:
                if not self._is_noisy:
                    self._fault(readings, NO_FRAME, data[at : at + 1])
                at += 1
                continue
            if size == MORE or at + size > whole:
                break
            frame = data[at : at + size]
            reason = self._check(frame)
            if reason:
                self._fault(readings, reason, frame)
                at += 1
                continue
            self._is_noisy = False
            readings += self._decode(frame)
            at += size
        return at

    def _fault(self, readings: list[Reading], reason: str, data: bytes) -> None:
        if not self._is_noisy:
            told = data[:TOLD_BYTES_MAX].hex().upper()
            readings.append(FrameCorrupt(reason=reason, frame_hex=told))
        self._is_noisy = True


def crc_mcrf4xx(data: bytes) -> bytes:
    """Return CRC-16/MCRF4XX (init FFFF, polynomial 8408 reflected) as sent, low byte first.

    The library's CRC takes the high bit first: the same polynomial over mirrored bytes.
    """
    mirrored = binascii.crc_hqx(data.translate(_REVERSED), 0xFFFF)
    return bytes((_REVERSED[mirrored >> 8], _REVERSED[mirrored & 0xFF]))


def is_mcrf4xx(frame: bytes) -> bool:
    """Tell whether a frame ends in its CRC-16/MCRF4XX: over all of it the register is 0."""
    return binascii.crc_hqx(frame.translate(_REVERSED), 0xFFFF) == 0
