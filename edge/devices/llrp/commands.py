"""LLRP messages that the edge sends (pure).

Source: EPCglobal LLRP 1.0.1 and 1.1, binary encoding.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

ROSPEC_ID: Final = 6016
"""Ours; others' are deleted with it: a reader has one master at a time."""
ALL_ROSPECS: Final = 0
_FILL_WARNING: Final = 3
_EXCEPTION: Final = 4
_ANTENNA: Final = 8
_REPORT_EACH: Final = 1
_CONTENT: Final = 0x1580
"""Antenna, peak RSSI, last seen, how often seen."""
_GEN2: Final = 1
_TAG_TRANSIT_MS: Final = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What a ROSpec asks for."""

    antennas: tuple[int, ...] = ()
    """1-based; empty: all."""
    session: int = 0
    tag_population: int = 32
    power_index: int | None = None
    """A row of the reader's own table; None: the reader keeps its own power."""
    is_hopping: bool = True


def message(kind: int, number: int, body: bytes = b"", *, version: int = 1) -> bytes:
    """Return a whole message."""
    return struct.pack(">HII", version << 10 | kind, 10 + len(body), number) + body


def tlv(kind: int, body: bytes) -> bytes:
    """Return a TLV parameter."""
    return struct.pack(">HH", kind, 4 + len(body)) + body


def get_capabilities() -> tuple[int, bytes]:
    """Return GET_READER_CAPABILITIES, all of them."""
    return 1, b"\x00"


def set_version(version: int) -> tuple[int, bytes]:
    """Return SET_PROTOCOL_VERSION; 1 is LLRP 1.0.1, 2 is LLRP 1.1."""
    return 47, bytes([version])


def delete_rospec(number: int) -> tuple[int, bytes]:
    """Return DELETE_ROSPEC."""
    return 21, struct.pack(">I", number)


def enable_rospec() -> tuple[int, bytes]:
    """Return ENABLE_ROSPEC of ours."""
    return 24, struct.pack(">I", ROSPEC_ID)


def start_rospec() -> tuple[int, bytes]:
    """Return START_ROSPEC of ours."""
    return 22, struct.pack(">I", ROSPEC_ID)


def close_connection() -> tuple[int, bytes]:
    """Return CLOSE_CONNECTION."""
    return 14, b""


def keepalive_ack(number: int) -> bytes:
    """Return the answer to a KEEPALIVE, whole."""
    return message(72, number)


def set_config(*, keepalive_ms: int) -> tuple[int, bytes]:
    """Return SET_READER_CONFIG: the events we heed, keepalives, reports without being asked."""
    events = b"".join(
        tlv(245, struct.pack(">HB", event, 0x80)) for event in (_FILL_WARNING, _EXCEPTION, _ANTENNA)
    )
    keepalive = tlv(220, struct.pack(">BI", 1, keepalive_ms))
    return 3, b"\x00" + tlv(244, events) + keepalive + tlv(226, b"\x00")


def add_rospec(wanted: Inventory) -> tuple[int, bytes]:
    """Return ADD_ROSPEC: an inventory without end that reports each tag as it is read."""
    antennas = wanted.antennas or (0,)
    boundary = tlv(178, tlv(179, b"\x00") + tlv(182, struct.pack(">BI", 0, 0)))
    configured = b"".join(tlv(222, _antenna(antenna, wanted)) for antenna in antennas)
    ids = struct.pack(f">H{len(antennas)}H", len(antennas), *antennas)
    stop = tlv(184, struct.pack(">BI", 0, 0))
    inventory = tlv(183, ids + stop + tlv(186, struct.pack(">HB", 1, _GEN2) + configured))
    content = tlv(238, struct.pack(">H", _CONTENT) + tlv(348, b"\x00"))
    report = tlv(237, struct.pack(">BH", _REPORT_EACH, 1) + content)
    head = struct.pack(">IBB", ROSPEC_ID, 0, 0)
    return 20, tlv(177, head + boundary + inventory + report)


def _antenna(antenna: int, wanted: Inventory) -> bytes:
    power = b""
    if wanted.power_index is not None:
        hop, channel = (1, 0) if wanted.is_hopping else (0, 1)
        power = tlv(224, struct.pack(">HHH", hop, channel, wanted.power_index))
    singulation = tlv(
        336, struct.pack(">BHI", wanted.session << 6, wanted.tag_population, _TAG_TRANSIT_MS)
    )
    return struct.pack(">H", antenna) + power + tlv(330, b"\x00" + singulation)
