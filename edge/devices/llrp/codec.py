"""LLRP messages of a reader, 1.0.1 and 1.1: reports, events, answers, keepalives (pure).

Source: EPCglobal LLRP 1.0.1 and 1.1, binary encoding. Header: 3 reserved bits, 3 of version, 10 of
type, length(4) with the header, id(4). Parameters are TLV (6 reserved bits, 10 of type, length(2)
with the head) or TV (a set high bit, 7 of type, a fixed length).
"""

from __future__ import annotations

import struct
from math import pi
from typing import TYPE_CHECKING, Final

from edge.devices.llrp.capabilities import capabilities
from edge.devices.llrp.parameters import MESSAGES, Broken, parameters, status_of
from edge.packets import IMPOSSIBLE, MORE, PacketCodec
from edge.readings import ClockTold, FrameCorrupt, TagRead, Told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge.readings import Reading

HEADER_BYTES: Final = 10
MESSAGE_BYTES_MAX: Final = 262_144
"""A capabilities answer has some kilobytes, a report of a thousand tags 60."""
TOLD_BYTES_MAX: Final = 128
_VERSIONS: Final = frozenset({1, 2})
_REPORT: Final = 61
_KEEPALIVE: Final = 62
_EVENT: Final = 63
_CAPABILITIES: Final = 11
_TAG_REPORT: Final = 240
_EPC_DATA: Final = 241
_CUSTOM: Final = 1023
_PHASE: Final = (25882, 56)
"""Impinj's extension: a whole turn in 4096 steps."""
_PHASE_STEPS: Final = 4096
_PHASE_BYTES: Final = 14
_TLV_HEAD_BYTES: Final = 4
_ANTENNA: Final = 1
_RSSI: Final = 6
_SEEN_COUNT: Final = 8
_EPC_96: Final = 13
_STAMPS: Final = (4, 2, 5, 3)
"""Last and first seen by UTC, then last and first seen since the reader was switched on."""
_HEEDED: Final = frozenset({_ANTENNA, _RSSI, _SEEN_COUNT, *_STAMPS})
_EVENT_DATA: Final = 246
_TV_SIZES: Final[dict[int, int]] = {
    1: 2, 2: 8, 3: 8, 4: 8, 5: 8, 6: 1, 7: 2, 8: 2, 9: 4, 10: 2,
    11: 2, 12: 2, 13: 12, 14: 2, 15: 2, 16: 4, 17: 2, 18: 4, 19: 2, 20: 2,
}  # fmt: skip
"""Bytes behind the type of each TV parameter of a tag report."""
_U16: Final = struct.Struct(">H")
_U64: Final = struct.Struct(">Q")
_CONNECTION: Final = {
    0: "accepted",
    1: "refused: the reader holds a connection that it opened itself",
    2: "refused: another program holds the reader",
    3: "refused by the reader",
    4: "refused: another connection was attempted",
}


def codec() -> PacketCodec:
    """Return a codec of one connection."""
    return PacketCodec(size=_size, check=_check, decode=_decode)


def _size(pending: bytes, at: int) -> int:
    if len(pending) < at + HEADER_BYTES:
        return MORE
    head = _U16.unpack_from(pending, at)[0]
    size = int.from_bytes(pending[at + 2 : at + 6], "big")
    is_sound = head >> 13 == 0 and head >> 10 in _VERSIONS and head & 0x3FF in MESSAGES
    return size if is_sound and HEADER_BYTES <= size <= MESSAGE_BYTES_MAX else IMPOSSIBLE


def _check(_: bytes) -> str:
    return ""  # TCP carries its own; what a message holds is judged where it is decoded.


def _decode(frame: bytes) -> Sequence[Reading]:
    kind = _U16.unpack_from(frame)[0] & 0x3FF
    try:
        if kind == _REPORT:
            return _report(frame)
        if kind == _EVENT:
            return _events(frame)
        name, frame_hex = MESSAGES[kind], frame[:TOLD_BYTES_MAX].hex().upper()
        if kind == _KEEPALIVE:
            number = str(int.from_bytes(frame[6:10], "big"))
            return [Told(head=name, text=number, frame_hex=frame_hex)]
        answer = Told(head=name, text=status_of(frame, HEADER_BYTES), frame_hex=frame_hex)
        if kind == _CAPABILITIES:
            return [Told(head="CAPABILITIES", text=capabilities(frame)), answer]
    except (Broken, struct.error) as error:
        told = frame[:TOLD_BYTES_MAX].hex().upper()
        return [FrameCorrupt(reason=f"{MESSAGES[kind]}: {error}", frame_hex=told)]
    return [answer]


def _report(frame: bytes) -> list[Reading]:
    tags: list[Reading] = []
    for kind, at, end in parameters(frame, HEADER_BYTES, len(frame)):
        if kind == _TAG_REPORT:
            tags.append(_tag(frame, at, end))
    return tags


def _tag(frame: bytes, begin: int, end: int) -> TagRead | FrameCorrupt:
    """Return one tag's report; the last of its stamps says when."""
    fields: dict[int, int] = {}
    epc = b""
    phase_rad: float | None = None
    at = begin
    while at < end:
        kind = frame[at] & 0x7F
        if frame[at] & 0x80:
            size = 1 + _TV_SIZES.get(kind, end)
            if at + size > end:
                raise Broken(f"parameter {kind} does not fit a tag report")
            if kind == _EPC_96:
                epc = frame[at + 1 : at + size]
            elif kind in _HEEDED:
                fields[kind] = int.from_bytes(frame[at + 1 : at + size], "big")
        else:
            kind, size = _tlv(frame, at, end)
            if kind == _EPC_DATA:
                epc = _epc_data(frame, at, size)
            elif kind == _CUSTOM and size == _PHASE_BYTES:
                phase_rad = _phase(frame, at)
        at += size
    told = frame[begin : min(end, begin + TOLD_BYTES_MAX)].hex().upper()
    if not epc:
        return FrameCorrupt(reason="a tag report without an EPC", frame_hex=told)
    rssi = fields.get(_RSSI)
    stamp_us = next((fields[kind] for kind in _STAMPS if kind in fields), None)
    return TagRead(
        epc=epc,
        rssi_dbm=None if rssi is None else rssi - (rssi >> 7 << 8),
        antenna=fields.get(_ANTENNA, 1),
        t_ns=None if stamp_us is None else stamp_us * 1000,
        phase_rad=phase_rad,
        reads_count=max(1, fields.get(_SEEN_COUNT, 1)),
        frame_hex=told,
    )


def _tlv(frame: bytes, at: int, end: int) -> tuple[int, int]:
    """Return (type, size with its head) of a TLV parameter. Raises Broken."""
    if at + _TLV_HEAD_BYTES > end:
        raise Broken("half a parameter in a tag report")
    kind, size = _U16.unpack_from(frame, at)[0], _U16.unpack_from(frame, at + 2)[0]
    if size < _TLV_HEAD_BYTES or at + size > end:
        raise Broken(f"parameter {kind} is longer than its tag report")
    return kind, size


def _phase(frame: bytes, at: int) -> float | None:
    vendor, subtype, steps = struct.unpack_from(">IIH", frame, at + _TLV_HEAD_BYTES)
    return steps % _PHASE_STEPS * 2 * pi / _PHASE_STEPS if (vendor, subtype) == _PHASE else None


def _epc_data(frame: bytes, at: int, size: int) -> bytes:
    bits = _U16.unpack_from(frame, at + 4)[0] if size >= 6 else 0  # noqa: PLR2004
    count = -(-bits // 8)
    if count + 6 > size:
        raise Broken(f"an EPC of {bits} bits in {size} bytes")
    return frame[at + 6 : at + 6 + count]


def _events(frame: bytes) -> list[Reading]:
    """Return the events in words; a connection's event tells what time the reader has just now."""
    frame_hex = frame[:TOLD_BYTES_MAX].hex().upper()
    readings: list[Reading] = []
    for kind, begin, end in parameters(frame, HEADER_BYTES, len(frame)):
        if kind != _EVENT_DATA:
            continue
        stamp_ns: int | None = None
        for event, at, event_end in parameters(frame, begin, end):
            size = event_end - at
            if event in {128, 129} and size >= 8:  # noqa: PLR2004 - UTC, or since the start
                stamp_ns = _U64.unpack_from(frame, at)[0] * 1000
            elif event == 256 and size >= 2:  # noqa: PLR2004 - connection attempt
                text = _CONNECTION.get(_U16.unpack_from(frame, at)[0], "refused")
                if stamp_ns is not None and text == "accepted":
                    readings.append(ClockTold(t_ns=stamp_ns, frame_hex=frame_hex))
                readings.append(Told(head="CONNECTION", text=text, frame_hex=frame_hex))
            elif event == 255 and size >= 3:  # noqa: PLR2004 - antenna
                state = "connected" if frame[at] else "disconnected"
                number = _U16.unpack_from(frame, at + 1)[0]
                readings.append(Told(head="ANTENNA", text=f"{number} {state}", frame_hex=frame_hex))
            elif event == 252 and size >= 2:  # noqa: PLR2004 - exception
                length = _U16.unpack_from(frame, at)[0]
                text = frame[at + 2 : min(at + 2 + length, event_end)].decode(errors="replace")
                readings.append(Told(head="EXCEPTION", text=text[:200], frame_hex=frame_hex))
            elif event == 250 and size >= 1:  # noqa: PLR2004 - report buffer
                readings.append(
                    Told(head="BUFFER", text=f"{frame[at]} percent full", frame_hex=frame_hex)
                )
            elif event == 251:  # noqa: PLR2004 - overflow
                readings.append(Told(head="BUFFER", text="overflow", frame_hex=frame_hex))
            elif event == 257:  # noqa: PLR2004 - the reader closes
                readings.append(Told(head="CONNECTION", text="closed", frame_hex=frame_hex))
    return readings
