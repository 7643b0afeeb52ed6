"""M100 frames: BB type command length(2) parameters checksum 7E (pure).

Source: vendor protocol V2.1; checksum = low byte of the sum from type to the last parameter. BB and
7E occur inside parameters, so a frame is bounded by its length. A notice carries RSSI, PC, EPC and
the tag's own CRC-16/GENIBUS over PC and EPC: a second check.
"""

from __future__ import annotations

import binascii
from typing import Final

from edge.packets import IMPOSSIBLE, MORE, PacketCodec
from edge.readings import FrameCorrupt, RoundEnd, TagRead, Told

FRAME_BYTES_MAX: Final = 96
"""A notice with the longest EPC, 31 words, has 74."""
_BEGIN: Final = 0xBB
_END: Final = 0x7E
_HEAD_BYTES: Final = 5
_NOTICE: Final = 0x02
_INVENTORY: Final = 0x22
_ERROR: Final = 0xFF
NO_TAG: Final = 0x15
NO_CHANNEL: Final = 0x20

START_MULTI: Final = bytes.fromhex("BB00270003 22FFFF 4A7E")
STOP: Final = bytes.fromhex("BB00280000287E")
VERSION: Final = bytes.fromhex("BB0003000100047E")
GET_REGION: Final = bytes.fromhex("BB00080000087E")
GET_POWER: Final = bytes.fromhex("BB00B70000B77E")

REGIONS: Final = {"china-900": 1, "us": 2, "eu": 3, "china-800": 4, "korea": 6}
ERRORS: Final = {
    0x09: "reading a tag's memory failed",
    0x10: "writing a tag's memory failed",
    0x12: "killing a tag failed",
    0x13: "locking a tag failed",
    0x15: "no tag in this round",
    0x16: "wrong access password",
    0x17: "command refused",
    0x20: "no free radio channel in this region",
}
_TAG_ERRORS: Final = {0xA0: "reading", 0xB0: "writing", 0xC0: "locking", 0xD0: "killing"}

Reading = TagRead | RoundEnd | Told | FrameCorrupt


def command(code: int, parameters: bytes = b"") -> bytes:
    """Return a command frame."""
    body = bytes([0x00, code]) + len(parameters).to_bytes(2, "big") + parameters
    return bytes([_BEGIN]) + body + bytes([sum(body) & 0xFF, _END])


def set_region(region: str) -> bytes:
    """Return the command that sets a region (a key of REGIONS)."""
    return command(0x07, bytes([REGIONS[region]]))


def set_power(power_dbm: float) -> bytes:
    """Return the command that sets the output; the module counts in 0.01 dBm."""
    return command(0xB6, round(power_dbm * 100).to_bytes(2, "big"))


def codec() -> PacketCodec:
    """Return a codec of one line."""
    return PacketCodec(begin=_BEGIN, size=_size, check=_check, decode=lambda one: (_decode(one),))


def _size(pending: bytes, at: int) -> int:
    if len(pending) < at + _HEAD_BYTES:
        return MORE
    size = int.from_bytes(pending[at + 3 : at + 5], "big") + _HEAD_BYTES + 2
    return size if size <= FRAME_BYTES_MAX else IMPOSSIBLE


def _check(frame: bytes) -> str:
    return "" if frame[-1] == _END and sum(frame[1:-2]) & 0xFF == frame[-2] else "checksum or end"


def _decode(frame: bytes) -> Reading:
    kind, code, parameters = frame[1], frame[2], frame[5:-2]
    if kind == _NOTICE and code == _INVENTORY:
        return _tag(frame, parameters)
    frame_hex = frame.hex().upper()
    if code == _ERROR:
        status = parameters[0] if parameters else 0
        return RoundEnd(status=status, text=error_text(status), frame_hex=frame_hex)
    return Told(head=f"{kind:02X}{code:02X}", text=parameters.hex().upper(), frame_hex=frame_hex)


def error_text(status: int) -> str:
    """Return what an error byte means; the low half of A0 to DF is the tag's own code."""
    of_tag = _TAG_ERRORS.get(status & 0xF0)
    if of_tag is not None:
        return f"{of_tag} a tag failed: Gen2 error {status & 0x0F:X}"
    return ERRORS.get(status, f"error {status:02X}")


def _tag(frame: bytes, parameters: bytes) -> Reading:
    told = parameters[1:-2]
    frame_hex = frame.hex().upper()
    if len(told) < 4 or (told[0] >> 3) * 2 != len(told) - 2:  # noqa: PLR2004 - PC and one word
        return FrameCorrupt(reason="PC word and length differ", frame_hex=frame_hex)
    crc = binascii.crc_hqx(told, 0xFFFF) ^ 0xFFFF
    if crc.to_bytes(2, "big") != parameters[-2:]:
        return FrameCorrupt(reason="tag CRC", frame_hex=frame_hex)
    rssi_dbm = parameters[0] - 256 if parameters[0] > 127 else parameters[0]  # noqa: PLR2004 - int8
    return TagRead(epc=told[2:], rssi_dbm=rssi_dbm, antenna=1, frame_hex=frame_hex)
