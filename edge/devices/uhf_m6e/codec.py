"""ThingMagic Mercury frames: FF length opcode status(2) data CRC(2) (pure).

Source: Mercury API's serial protocol as M6e and M7e speak it. Length counts the data alone. The CRC
shifts the message itself through the register (polynomial 1021, init FFFF) without the 16 zero bits
that CRC-CCITT flushes with. A streamed tag names by flags which of its fields are there.
"""

from __future__ import annotations

import binascii
import struct
from math import pi
from typing import TYPE_CHECKING, Final

from edge.packets import MORE, PacketCodec
from edge.readings import FrameCorrupt, RoundEnd, TagRead, Told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge.readings import Reading

BEGIN: Final = 0xFF
GET_VERSION: Final = 0x03
READ_MULTIPLE: Final = 0x22
CONTINUOUS: Final = 0x2F
SET_ANTENNAS: Final = 0x91
SET_POWER: Final = 0x92
SET_PROTOCOL: Final = 0x93
SET_REGION: Final = 0x97
NO_TAG: Final = 0x0400
REGIONS: Final = {"na": 1, "eu": 2, "korea": 3, "india": 4, "japan": 5, "china": 6, "eu3": 8}
STATUSES: Final = {
    NO_TAG: "no tag",
    0x0100: "wrong length of a command",
    0x0101: "unknown command",
    0x0105: "wrong parameter",
    0x010A: "wrong region",
    0x0504: "the module is too hot: lower the power or cool it",
    0x0505: "much of the power comes back: check the antenna's plug and cable",
    0x0503: "the antenna is not connected: check its plug and cable",
}
_OVERHEAD_BYTES: Final = 7
_UNFLUSHED: Final = binascii.crc_hqx(b"\0\0", 0xFFFF)
_TAG: Final = 0x01
_TAG_HEAD_BYTES: Final = 6
"""Option, search flags(2), field flags(2), kind of answer."""
_FIELDS: Final = (
    (0x0001, "count", 1),
    (0x0002, "rssi", 1),
    (0x0004, "antenna", 1),
    (0x0008, "frequency", 3),
    (0x0010, "time", 4),
    (0x0020, "phase", 2),
    (0x0040, "protocol", 1),
    (0x0080, "data", 2),
    (0x0100, "inputs", 1),
)
"""(flag, name, bytes) in their order; behind `data`, a length in bits, come so many bits."""
_ANTENNAS_COUNT: Final = 16


def crc(data: bytes) -> bytes:
    """Return the check as sent.

    The register after a message that is not flushed is the flushed one of all but its last two
    bytes, begun two zero bytes earlier, with these two added.
    """
    value = binascii.crc_hqx(data[:-2], _UNFLUSHED) ^ int.from_bytes(data[-2:], "big")
    return value.to_bytes(2, "big")


def command(code: int, data: bytes = b"") -> bytes:
    """Return a command frame."""
    body = bytes([len(data), code]) + data
    return bytes([BEGIN]) + body + crc(body)


def start() -> bytes:
    """Return the command of an inventory without end, with every field of a tag."""
    search = struct.pack(">BBHHH", READ_MULTIPLE, 0x10, 0x001B, 1_000, 0x01FF)
    what = struct.pack(">HBBHBB", 0, 1, READ_MULTIPLE, 0, 5, len(search) - 1)
    return command(CONTINUOUS, what + search)


def stop() -> bytes:
    """Return the command that ends it."""
    return command(CONTINUOUS, b"\x00\x00\x02")


def codec() -> PacketCodec:
    """Return a codec of one line."""
    return PacketCodec(begin=BEGIN, size=_size, check=_check, decode=_decode)


def _size(pending: bytes, at: int) -> int:
    return pending[at + 1] + _OVERHEAD_BYTES if len(pending) > at + 1 else MORE


def _check(frame: bytes) -> str:
    return "" if crc(frame[1:-2]) == frame[-2:] else "CRC"


def _decode(frame: bytes) -> Sequence[Reading]:
    code, status, data = frame[2], int.from_bytes(frame[3:5], "big"), frame[5:-2]
    frame_hex = frame.hex().upper()
    if code == READ_MULTIPLE and status == 0 and len(data) > _TAG_HEAD_BYTES:
        return [_tag(data, frame_hex)]
    if status != 0 and code in {READ_MULTIPLE, CONTINUOUS}:
        text = STATUSES.get(status, f"status {status:04X}")
        return [RoundEnd(status=status, text=text, frame_hex=frame_hex)]
    return [Told(head=f"{code:02X}{status:04X}", text=data.hex().upper(), frame_hex=frame_hex)]


def _tag(data: bytes, frame_hex: str) -> Reading:
    flags, kind = int.from_bytes(data[3:5], "big"), data[5]
    if kind != _TAG:
        return Told(head="STATISTICS", text=data.hex().upper(), frame_hex=frame_hex)
    fields: dict[str, int] = {}
    at = _TAG_HEAD_BYTES
    for flag, name, size in _FIELDS:
        if flags & flag:
            fields[name] = int.from_bytes(data[at : at + size], "big")
            at += size
            if name == "data":
                at += -(-fields[name] // 8)
    size = int.from_bytes(data[at : at + 2], "big") // 8
    told = data[at + 2 : at + 2 + size]
    epc = told[2:-2]
    if len(told) != size or not epc or (told[0] >> 3) * 2 < len(epc):
        return FrameCorrupt(reason="tag record", frame_hex=frame_hex)
    if binascii.crc_hqx(told[:-2], 0xFFFF) ^ 0xFFFF != int.from_bytes(told[-2:], "big"):
        return FrameCorrupt(reason="tag CRC", frame_hex=frame_hex)
    rssi = fields.get("rssi")
    antenna = fields.get("antenna", 0x11) >> 4
    return TagRead(
        epc=epc,
        rssi_dbm=None if rssi is None else rssi - (rssi >> 7 << 8),
        antenna=antenna or _ANTENNAS_COUNT,
        phase_rad=fields["phase"] * pi / 180 if "phase" in fields else None,
        reads_count=max(1, fields.get("count", 1)),
        frame_hex=frame_hex,
    )
