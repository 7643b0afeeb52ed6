"""UHFReader18 frames: length address command status data CRC (pure).

Source: manual V2.0. Length counts the bytes after it; CRC-16/MCRF4XX over all before it, low byte
first. An inventory's tags come as a count and, for each, a length and an EPC: no RSSI, no antenna.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edge.packets import IMPOSSIBLE, MORE, PacketCodec, crc_mcrf4xx, is_mcrf4xx
from edge.readings import FrameCorrupt, RoundEnd, TagRead, Told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge.readings import Reading

FRAME_BYTES_MIN: Final = 6
ANY_ADDRESS: Final = 0xFF
"""Every reader on the line answers."""
INVENTORY: Final = 0x01
GET_INFO: Final = 0x21
INFO_BYTES: Final = 8
SET_SCAN_TIME: Final = 0x25
SET_POWER: Final = 0x2F
MORE_FOLLOW: Final = 0x03
ILLEGAL: Final = 0xFE
STATUSES: Final = {
    0x02: "scan time over before all tags were read",
    0x04: "the reader's memory is full",
    0x05: "wrong password",
    0x09: "kill failed",
    0x0B: "the tag does not support the command",
    0xF9: "execution failed",
    0xFA: "poor link to the tag",
    0xFB: "no tag",
    0xFC: "the tag answers an error",
    0xFD: "wrong length",
    ILLEGAL: "unknown command or wrong CRC",
    0xFF: "wrong parameter",
}
_CODES: Final = frozenset(range(0x80))
"""Commands that an answer may repeat; 00 repeats none."""
_STATUSES: Final = frozenset({*range(0x30), *range(0xEE, 0x100)})
"""What the manual lists as statuses, and what it leaves free between them."""
_WITH_TAGS: Final = frozenset({0x01, 0x02, 0x03, 0x04})


def command(address: int, code: int, data: bytes = b"") -> bytes:
    """Return a command frame."""
    body = bytes([len(data) + 4, address, code]) + data
    return body + crc_mcrf4xx(body)


def codec() -> PacketCodec:
    """Return a codec of one line."""
    return PacketCodec(size=_size, check=_check, decode=_decode)


def _size(pending: bytes, at: int) -> int:
    if len(pending) < at + 4:
        return MORE
    size = pending[at] + 1
    # Most noise is seen by these three bytes, without a look at the rest.
    is_answer = pending[at + 2] in _CODES and pending[at + 3] in _STATUSES
    return size if is_answer and size >= FRAME_BYTES_MIN else IMPOSSIBLE


def _check(frame: bytes) -> str:
    return "" if is_mcrf4xx(frame) else "CRC"


def _decode(frame: bytes) -> Sequence[Reading]:
    code, status, data = frame[2], frame[3], frame[4:-2]
    frame_hex = frame.hex().upper()
    if status == ILLEGAL or (code == INVENTORY and status not in _WITH_TAGS):
        return [RoundEnd(status=status, text=STATUSES.get(status, ""), frame_hex=frame_hex)]
    if code == GET_INFO and status == 0 and len(data) != INFO_BYTES:
        # The families 18 and 288 share the question: the answer's length tells them apart.
        return [FrameCorrupt(reason="information of another family", frame_hex=frame_hex)]
    if code != INVENTORY:
        head = f"{code:02X}{status:02X}"
        return [Told(head=head, text=data.hex().upper(), frame_hex=frame_hex)]
    return _tags(status, data, frame_hex)


def _tags(status: int, data: bytes, frame_hex: str) -> Sequence[Reading]:
    corrupt = FrameCorrupt(reason="tag list", frame_hex=frame_hex)
    if not data:
        return [corrupt]
    readings: list[Reading] = []
    at = 1
    for _ in range(data[0]):
        size = data[at] if at < len(data) else 0
        epc = data[at + 1 : at + 1 + size]
        if not size or len(epc) != size:
            return [corrupt]
        readings.append(TagRead(epc=epc, rssi_dbm=None, antenna=1, frame_hex=frame_hex))
        at += 1 + size
    if at != len(data):
        return [corrupt]
    if status == MORE_FOLLOW:
        return readings
    return [*readings, RoundEnd(status=status, text=STATUSES.get(status, ""), frame_hex=frame_hex)]
