"""R2000 "A0" frames: A0 length address command data checksum (pure).

Source: UHF RFID reader serial interface protocol V3.7. Length counts the bytes after it, and the
sum of all bytes is 0 mod 256. A tag, the end of a round and an error have the same command: only
the length tells them apart. A tag's PC word says how long its EPC is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edge.packets import IMPOSSIBLE, MORE, PacketCodec
from edge.readings import FrameCorrupt, RoundEnd, TagRead, Told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge.readings import Reading

BEGIN: Final = 0xA0
ANY_ADDRESS: Final = 0xFF
"""Every reader on the line answers."""
FRAME_BYTES_MIN: Final = 5
FRAME_BYTES_MAX: Final = 80
"""A tag with the longest EPC, 31 words, and a phase has 73."""
GET_VERSION: Final = 0x72
SET_ANTENNA: Final = 0x74
SET_POWER: Final = 0x76
GET_POWER: Final = 0x77
INVENTORY: Final = 0x89
DONE: Final = 0x10
NO_ANTENNA: Final = 0x22
RSSI_OFFSET: Final = 129
ERRORS: Final = {
    DONE: "done",
    0x11: "command failed",
    0x20: "the reader's processor was reset",
    0x21: "the carrier could not be switched on",
    NO_ANTENNA: "the antenna is not connected",
    0x23: "writing its memory failed",
    0x24: "reading its memory failed",
    0x25: "setting the power failed",
    0x31: "the inventory failed",
    0x36: "no tag",
    0x40: "wrong password",
    0x41: "wrong parameter",
    0x45: "wrong antenna",
    0x46: "wrong power",
    0x47: "wrong region",
    0x53: "no tag answered",
}
_ROUND_COMMANDS: Final = frozenset({INVENTORY, 0x8A, 0x8B})
"""Real-time inventory, fast switching between antennas, inventory with a chosen session."""
_HEAD_BYTES: Final = 2
_END_DATA_BYTES: Final = 7
_TAG_EXTRA_BYTES: Final = 4
"""FreqAnt, PC, RSSI."""
_PHASE_BYTES: Final = 2
_STRENGTH_BITS: Final = 0x7F


def command(address: int, code: int, data: bytes = b"") -> bytes:
    """Return a command frame."""
    body = bytes([BEGIN, len(data) + 3, address, code]) + data
    return body + bytes([-sum(body) & 0xFF])


def codec() -> PacketCodec:
    """Return a codec of one line."""
    return PacketCodec(begin=BEGIN, size=_size, check=_check, decode=_decode)


def _size(pending: bytes, at: int) -> int:
    if len(pending) < at + _HEAD_BYTES:
        return MORE
    size = pending[at + 1] + _HEAD_BYTES
    return size if FRAME_BYTES_MIN <= size <= FRAME_BYTES_MAX else IMPOSSIBLE


def _check(frame: bytes) -> str:
    return "" if sum(frame) & 0xFF == 0 else "checksum"


def _decode(frame: bytes) -> Sequence[Reading]:
    code, data = frame[3], frame[4:-1]
    frame_hex = frame.hex().upper()
    if code not in _ROUND_COMMANDS:
        return [Told(head=f"{code:02X}", text=data.hex().upper(), frame_hex=frame_hex)]
    if len(data) == 1:
        text = ERRORS.get(data[0], f"error {data[0]:02X}")
        return [RoundEnd(status=data[0], text=text, frame_hex=frame_hex)]
    if len(data) == _END_DATA_BYTES:
        return [RoundEnd(status=0, text="", frame_hex=frame_hex)]
    return [_tag(data, frame_hex)]


def _tag(data: bytes, frame_hex: str) -> Reading:
    size = (data[1] >> 3) * 2
    if not size or len(data) - size not in {_TAG_EXTRA_BYTES, _TAG_EXTRA_BYTES + _PHASE_BYTES}:
        return FrameCorrupt(reason="PC word and length differ", frame_hex=frame_hex)
    strength = data[3 + size]
    # Readers with eight antennas put the third bit of the number above the RSSI.
    antenna = (data[0] & 0x03) + (4 if strength > _STRENGTH_BITS else 0) + 1
    rssi_dbm = (strength & _STRENGTH_BITS) - RSSI_OFFSET
    return TagRead(epc=data[3 : 3 + size], rssi_dbm=rssi_dbm, antenna=antenna, frame_hex=frame_hex)
