"""M100 frames: BB type command length(2) parameters checksum 7E (pure).

Source: vendor protocol V2.1; checksum = low byte of the sum from type to the last parameter. BB and
7E occur inside parameters, so a frame is bounded by its length. A notice carries RSSI, PC, EPC and
the tag's own CRC-16/GENIBUS over PC and EPC: a second check.
"""

from __future__ import annotations

import binascii
from typing import Final

from edge.readings import FrameCorrupt, RoundEnd, TagRead, Told

FRAME_BYTES_MAX: Final = 64
_BEGIN: Final = 0xBB
_END: Final = 0x7E
_HEAD_BYTES: Final = 5
_NOTICE: Final = 0x02
_INVENTORY: Final = 0x22
_ERROR: Final = 0xFF
NO_TAG: Final = 0x15

START_MULTI: Final = bytes.fromhex("BB00270003 22FFFF 4A7E")
STOP: Final = bytes.fromhex("BB00280000287E")
VERSION: Final = bytes.fromhex("BB0003000100047E")

Reading = TagRead | RoundEnd | Told | FrameCorrupt


class M100Codec:
    """Bytes in, readings out; holds less than one frame."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, data: bytes) -> list[Reading]:
        """Take bytes as they arrive; return every reading they complete, oldest first."""
        self._pending += data
        readings: list[Reading] = []
        while self._pending:
            start = self._pending.find(_BEGIN)
            if start != 0:
                noise = self._pending if start < 0 else self._pending[:start]
                readings.append(FrameCorrupt(reason="noise", frame_hex=noise[:16].hex().upper()))
                del self._pending[: len(self._pending) if start < 0 else start]
                continue
            if len(self._pending) < _HEAD_BYTES:
                break
            size = int.from_bytes(self._pending[3:5], "big") + _HEAD_BYTES + 2
            if size > FRAME_BYTES_MAX:
                readings.append(self._skip("length above the longest frame"))
                continue
            if len(self._pending) < size:
                break
            frame = bytes(self._pending[:size])
            if frame[-1] != _END or sum(frame[1:-2]) & 0xFF != frame[-2]:
                readings.append(self._skip("checksum or end"))
                continue
            del self._pending[:size]
            readings.append(_decode(frame))
        return _merged(readings)

    def _skip(self, reason: str) -> FrameCorrupt:
        """Give up this begin byte: a good frame may start behind it."""
        told = self._pending[:16].hex().upper()
        del self._pending[:1]
        return FrameCorrupt(reason=reason, frame_hex=told)


def _merged(readings: list[Reading]) -> list[Reading]:
    """Drop noise reports that only follow another fault: one disturbance is one report."""
    kept: list[Reading] = []
    for reading in readings:
        follows = kept and isinstance(kept[-1], FrameCorrupt)
        if follows and isinstance(reading, FrameCorrupt):
            continue
        kept.append(reading)
    return kept


def _decode(frame: bytes) -> Reading:
    kind, command, parameters = frame[1], frame[2], frame[5:-2]
    if kind == _NOTICE and command == _INVENTORY:
        return _tag(frame, parameters)
    if command == _ERROR:
        return RoundEnd(status=parameters[0] if parameters else 0)
    return Told(head=f"{kind:02X}{command:02X}", text=parameters.hex().upper())


def _tag(frame: bytes, parameters: bytes) -> Reading:
    told = parameters[1:-2]
    if len(told) < 4 or (told[0] >> 3) * 2 != len(told) - 2:  # noqa: PLR2004 - PC and one word
        return FrameCorrupt(reason="PC word and length differ", frame_hex=frame.hex().upper())
    crc = binascii.crc_hqx(told, 0xFFFF) ^ 0xFFFF
    if crc.to_bytes(2, "big") != parameters[-2:]:
        return FrameCorrupt(reason="tag CRC", frame_hex=frame.hex().upper())
    rssi_dbm = parameters[0] - 256 if parameters[0] > 127 else parameters[0]  # noqa: PLR2004 - int8
    return TagRead(epc=told[2:], rssi_dbm=rssi_dbm, antenna=1)
