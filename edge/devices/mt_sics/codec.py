"""MT-SICS lines (pure).

Source: MT-SICS reference manual: `S S`, `S D`, `S I`, `S +`, `S -`; the weight field has ten
characters, right aligned, then a space and the unit. CR LF ends a line. SI is answered by S.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from edge.readings import FrameCorrupt, Told, Weighed, WeightRange

LINE_BYTES_MAX: Final = 64
WEIGHT_NOW: Final = b"SI\r\n"
_WEIGHT: Final = re.compile(r"S ([SD]) ([ ]*-?\d+(?:\.\d+)?) ([A-Za-z]{1,3})[ ]*")
_OVER_UNDER: Final[dict[str, WeightRange]] = {"S +": "over", "S -": "under"}
_TOLD: Final = re.compile(r"[A-Z@][A-Z0-9]{0,3}(?: .*)?")

Reading = Weighed | Told | FrameCorrupt


class SicsCodec:
    """Bytes in, readings out; holds at most one line."""

    def __init__(self) -> None:
        self._pending = bytearray()
        self._skipping = False

    def feed(self, data: bytes) -> list[Reading]:
        """Take bytes as they arrive; return every reading they complete, oldest first."""
        self._pending += data
        readings: list[Reading] = []
        while (end := self._pending.find(b"\r\n")) >= 0:
            line = bytes(self._pending[:end])
            del self._pending[: end + 2]
            if not self._skipping:
                readings.append(_decode(line))
            self._skipping = False
        if len(self._pending) >= LINE_BYTES_MAX + 2:  # No line end can make this legal.
            if not self._skipping:
                readings.append(_decode(bytes(self._pending)))
            self._skipping = True
            del self._pending[:-1]  # The last byte may be the "\r" of a line end.
        return readings


def _decode(line: bytes) -> Reading:
    if len(line) > LINE_BYTES_MAX or not line.isascii():
        return FrameCorrupt(reason="no MT-SICS line", frame_hex=line[:LINE_BYTES_MAX].hex().upper())
    text = line.decode("ascii")
    frame_hex = (line + b"\r\n").hex().upper()
    if text in _OVER_UNDER:
        return Weighed(
            value=None,
            unit="",
            is_stable=False,
            range=_OVER_UNDER[text],
            text=text,
            frame_hex=frame_hex,
        )
    match = _WEIGHT.fullmatch(text)
    if match is not None:
        digits = match[2].strip()
        return Weighed(
            value=Decimal(digits),
            unit=match[3],
            is_stable=match[1] == "S",
            range="ok",
            text=f"{digits} {match[3]}",
            frame_hex=frame_hex,
        )
    if _TOLD.fullmatch(text) is None:
        return FrameCorrupt(reason="no MT-SICS answer", frame_hex=frame_hex)
    head, _, rest = text.partition(" ")
    return Told(head=head, text=rest)
